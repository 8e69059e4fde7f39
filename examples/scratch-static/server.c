/* Serves nothing but its own end: on SIGTERM it finishes what it has in hand, which takes 300 ms. */
#include <signal.h>
#include <stdio.h>
#include <time.h>

static volatile sig_atomic_t stopping;

static void on_term(int signal) { stopping = signal; }

int main(void) {
    struct sigaction action = {.sa_handler = on_term};
    sigaction(SIGTERM, &action, NULL);
    puts("ready");
    fflush(stdout);
    while (!stopping) {
        struct timespec tick = {.tv_sec = 1};
        nanosleep(&tick, NULL);
    }
    struct timespec work = {.tv_nsec = 300000000};
    nanosleep(&work, NULL);
    puts("finished");
    return 0;
}
