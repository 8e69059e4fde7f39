/* The command that the init under measurement runs: as small as a program can be, so that what is seen is the init.
 *
 * No libc, one page of code: a libc's own start would be added to every figure and blur the differences.
 * Mode by the first letter of the first argument:
 *   (none)  report: stamp, sleep 2 ms (the init settles), stamp, write both stamps to stdout, exit 0
 *   hold    write one byte, then do nothing for ever
 *   signal  wait for SIGUSR1 by sigwait, write the stamp of its arrival, again and again
 *   exit    exit 0 at once
 *   work    be a service of a manager: say so in a FIFO, then wait for the end (see work below)
 */
#include <sys/syscall.h>

enum {
    CLOCK_MONOTONIC = 1,
    CLOCK_PROCESS_CPUTIME_ID = 2,
    AT_FDCWD = -100,
    O_WRONLY = 1,
    SIG_BLOCK = 0,
    SIGUSR1 = 10,
    SIGTERM = 15,
    SETTLE_NS = 2000000,
    MS = 1000000
};

#if defined(__x86_64__)
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
static long call(long number, long a, long b, long c, long d) {
    long result;
    register long fourth __asm__("r10") = d;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth) : "rcx", "r11", "memory");
    return result;
}
#elif defined(__aarch64__)
__asm__(".globl _start\n_start: mov x0, sp\n bl begin\n");
static long call(long number, long a, long b, long c, long d) {
    register long x8 __asm__("x8") = number, x0 __asm__("x0") = a, x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c, x3 __asm__("x3") = d;
    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
    return x0;
}
#else
#error "no system call convention for this architecture"
#endif

static long read_clock(long clock) {
    long time[2];
    call(SYS_clock_gettime, clock, (long)time, 0, 0);
    return time[0] * 1000000000 + time[1];
}

static long now(void) { return read_clock(CLOCK_MONOTONIC); }

static void put(const void *bytes, long length) { call(SYS_write, 1, (long)bytes, length, 0); }

static void leave(void) { call(SYS_exit_group, 0, 0, 0, 0); }

/* One record in the FIFO: when, the processor time since the fork (what ran before an exec in this process included), what, and who. */
static void record(long fifo, long what, long who) {
    long words[3] = {now(), read_clock(CLOCK_PROCESS_CPUTIME_ID), what | who << 8};
    call(SYS_write, fifo, (long)words, sizeof words, 0);
}

/* work FIFO WHO KIND: writes the record `s`, then by the first letter of KIND:
 *   p  pauses, and ends by whatever signal comes
 *   i  ignores SIGTERM
 *   c  writes `c` instead, and exits 1 at once
 *   a number: after SIGTERM cleans up for so many milliseconds, writes `d`, exits 0
 */
__attribute__((noreturn)) static void work(char **words) {
    long fifo = call(SYS_openat, AT_FDCWD, (long)words[0], O_WRONLY, 0);
    long who = words[1][0];
    char *kind = words[2];
    unsigned long term = 1ul << (SIGTERM - 1);
    if (*kind != 'p' && *kind != 'c') call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&term, 0, sizeof term);
    record(fifo, *kind == 'c' ? 'c' : 's', who);
    if (*kind == 'c') call(SYS_exit_group, 1, 0, 0, 0);
    if (*kind >= '0' && *kind <= '9') {
        long ms = 0;
        while (*kind) ms = ms * 10 + *kind++ - '0';
        long pause[2] = {ms / 1000, ms % 1000 * MS};
        call(SYS_rt_sigtimedwait, (long)&term, 0, 0, sizeof term);
        call(SYS_nanosleep, (long)pause, 0, 0, 0);
        record(fifo, 'd', who);
        leave();
    }
    for (;;) call(SYS_ppoll, 0, 0, 0, 0);
}

__attribute__((noreturn, used)) void begin(long *stack) {
    long stamps[2] = {now(), 0};
    char mode = stack[0] > 1 ? *(char *)stack[2] : 'r';
    if (mode == 'e') leave();
    if (mode == 'w' && stack[0] > 4) work((char **)stack + 3);
    if (mode == 's') {
        unsigned long usr1 = 1ul << (SIGUSR1 - 1);
        call(SYS_rt_sigprocmask, SIG_BLOCK, (long)&usr1, 0, sizeof usr1);
        put(stamps, sizeof stamps[0]);
        for (;;) {
            call(SYS_rt_sigtimedwait, (long)&usr1, 0, 0, sizeof usr1);
            stamps[0] = now();
            put(stamps, sizeof stamps[0]);
        }
    }
    if (mode == 'h') {
        put("h", 1);
        for (;;) call(SYS_ppoll, 0, 0, 0, 0);
    }
    long settle[2] = {0, SETTLE_NS};
    call(SYS_nanosleep, (long)settle, 0, 0, 0);
    stamps[1] = now();
    put(stamps, sizeof stamps);
    leave();
    __builtin_unreachable();
}
