/* Ignores SIGTERM for as long as it lives: stubborn NAME. */
#include <signal.h>
#include "record.h"

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    signal(SIGTERM, SIG_IGN);
    record(argv[1], "ready");
    for (;;)
        pause();
}
