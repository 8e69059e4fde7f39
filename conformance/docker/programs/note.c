/* Records an event for a shell script: note PID NAME EVENT. */
#include <stdlib.h>
#include "record.h"

int main(int argc, char **argv)
{
    if (argc != 4)
        return 2;
    record_as(atoi(argv[1]), argv[2], argv[3]);
    return 0;
}
