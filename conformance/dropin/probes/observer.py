"""Reports, as lines on a FIFO, which signals each process of a small tree was sent.

usage: observer.py FIFO [same] [own] [orphan]

The main process calls itself `main`; `same` adds a child in its process group, `own` a child in a
session of its own, `orphan` a grandchild whose parent ends at once. Every signal is blocked and
taken with sigwaitinfo, so nothing is lost before the report and no default action ends a process.
Nothing sleeps: each process says `ready`, and some realtime signals are commands.
"""

import os
import signal
import sys

PROBE = 63  # sent straight to a process: reported as `probed`
LEAVE = 62  # sent straight to a process: it exits 0
EVERY = signal.valid_signals()
FROM_KERNEL = 0  # si_code is above this for a signal that nobody sent


def say(fifo, role, word):
    os.write(fifo, ("%s %d %s\n" % (role, os.getpid(), word)).encode())


def serve(fifo, role):
    say(fifo, role, "ready")
    while True:
        info = signal.sigwaitinfo(EVERY)
        if info.si_signo == PROBE:
            say(fifo, role, "probed")
        elif info.si_signo == LEAVE:
            say(fifo, role, "leaving")
            os._exit(0)
        elif info.si_signo == signal.SIGCHLD and info.si_code > FROM_KERNEL:
            pass  # a child of this process stopped, went on or ended: no init had a part in it
        else:
            say(fifo, role, "got %d" % info.si_signo)


def branch(fifo, role, before=lambda: None):
    if os.fork() == 0:
        before()
        serve(fifo, role)


def orphan(fifo):
    """Leaves a grandchild behind, which reports who adopted it."""
    middle = os.fork()
    if middle == 0:
        parent = os.getpid()
        if os.fork() == 0:
            while os.getppid() == parent:
                os.sched_yield()
            say(fifo, "orphan", "adopted %d" % os.getppid())
            serve(fifo, "orphan")
        os._exit(0)
    os.waitpid(middle, 0)


def main():
    fifo = os.open(sys.argv[1], os.O_WRONLY)
    signal.pthread_sigmask(signal.SIG_BLOCK, EVERY)
    roles = sys.argv[2:]
    if "same" in roles:
        branch(fifo, "same")
    if "own" in roles:
        branch(fifo, "own", os.setsid)
    if "orphan" in roles:
        orphan(fifo)
    serve(fifo, "main")


main()
