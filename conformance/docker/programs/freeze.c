/* Stops a process and returns when the kernel shows it as stopped: freeze PID. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int main(int argc, char **argv)
{
    if (argc != 2 || kill(atoi(argv[1]), SIGSTOP) < 0)
        return 2;
    char path[64], line[512];
    snprintf(path, sizeof path, "/proc/%s/stat", argv[1]);
    /* 5,000 looks, a millisecond apart: a stop takes microseconds, this is only the way out. */
    for (int looks = 0; looks < 5000; looks++) {
        FILE *stat = fopen(path, "r");
        if (!stat)
            return 1;
        char *end = fgets(line, sizeof line, stat) ? strrchr(line, ')') : NULL;
        fclose(stat);
        if (end && end[2] == 'T')
            return 0;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return 1;
}
