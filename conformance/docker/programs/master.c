/* Forks N workers that each clean up for MS milliseconds: master leave|wait N MS.
   "leave" exits as soon as the stop signal comes; "wait" passes it on and waits for every worker. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "record.h"

static volatile sig_atomic_t stopping;

static void stop(int number)
{
    (void)number;
    stopping++;
}

static void work(int index, long ms, int ready, const sigset_t *before)
{
    char name[32];
    snprintf(name, sizeof name, "worker-%d", index);
    record(name, "ready");
    if (write(ready, "", 1) != 1)
        _exit(1);
    while (!stopping)
        sigsuspend(before);
    record(name, "got TERM");
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    while (nanosleep(&left, &left) < 0 && errno == EINTR)
        ;
    record(name, "done");
    _exit(0);
}

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    int wait_for_all = strcmp(argv[1], "wait") == 0;
    int number = atoi(argv[2]);
    pid_t *workers = calloc((size_t)number, sizeof *workers);
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigset_t term, before;
    sigemptyset(&term);
    sigaddset(&term, SIGTERM);
    sigprocmask(SIG_BLOCK, &term, &before);
    int pipes[2];
    if (pipe(pipes) < 0)
        return 1;
    for (int i = 0; i < number; i++) {
        workers[i] = fork();
        if (workers[i] < 0)
            return 1;
        if (workers[i] == 0)
            work(i, atol(argv[3]), pipes[1], &before);
    }
    for (int i = 0; i < number; i++) {
        char byte;
        if (read(pipes[0], &byte, 1) != 1)
            return 1;
    }
    record("master", "ready");
    while (!stopping)
        sigsuspend(&before);
    record("master", "got TERM");
    if (wait_for_all) {
        for (int i = 0; i < number; i++)
            kill(workers[i], SIGTERM);
        while (wait(NULL) > 0 || errno == EINTR)
            ;
    }
    record("master", "done");
    return 0;
}
