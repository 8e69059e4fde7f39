/* Runs until a stop signal comes, then cleans up for MS milliseconds: app MS NAME [die|STATUS].
   It records every signal that reaches it, so a test sees a signal that came twice. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include "record.h"

static volatile sig_atomic_t counts[65];
static int reported[65];

static void count(int number)
{
    counts[number]++;
}

/* The name the tests use; realtime signals are counted from the first that glibc gives out. */
static const char *spell(int number, char *buffer, size_t size)
{
    if (number >= SIGRTMIN)
        snprintf(buffer, size, "RTMIN+%d", number - SIGRTMIN);
    else
        snprintf(buffer, size, "%s", sigabbrev_np(number));
    return buffer;
}

/* Records what has come since the last call and says whether any of it asks for a stop. */
static int report(const char *name)
{
    int stop = 0;
    for (int number = 1; number < 65; number++) {
        while (reported[number] < counts[number]) {
            char word[16], event[32];
            snprintf(event, sizeof event, "got %s", spell(number, word, sizeof word));
            record(name, event);
            reported[number]++;
            if (number != SIGUSR1 && number != SIGUSR2 && number != SIGHUP && number != SIGWINCH)
                stop = 1;
        }
    }
    return stop;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    long ms = atol(argv[1]);
    const char *name = argv[2];
    int caught[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGWINCH, SIGRTMIN + 3};
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, &before);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
        struct sigaction action = {.sa_handler = count};
        sigaction(caught[i], &action, NULL);
    }
    record(name, "ready");
    while (!report(name))
        sigsuspend(&before);
    sigprocmask(SIG_SETMASK, &before, NULL);
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += ms % 1000 * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) == EINTR)
        report(name);
    report(name);
    record(name, "done");
    if (argc > 3 && strcmp(argv[3], "die") == 0) {
        signal(SIGTERM, SIG_DFL);
        raise(SIGTERM);
    }
    return argc > 3 ? atoi(argv[3]) : 0;
}
