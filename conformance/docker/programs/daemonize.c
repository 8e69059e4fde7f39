/* Starts COMMAND as daemons do, by two forks and a session of its own: daemonize COMMAND [ARG]. */
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    pid_t first = fork();
    if (first < 0)
        return 1;
    if (first > 0)
        return waitpid(first, NULL, 0) == first ? 0 : 1;
    setsid();
    pid_t second = fork();
    if (second != 0)
        _exit(second < 0);
    execv(argv[1], argv + 1);
    _exit(127);
}
