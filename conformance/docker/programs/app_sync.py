"""Runs until SIGTERM, then cleans up inside the handler: app_sync.py MS NAME."""
import os
import signal
import sys
import time

seconds, name = int(sys.argv[1]) / 1000, sys.argv[2]
journal = os.open("/vol/journal", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
stopping = False


def record(event):
    os.write(journal, f"{time.monotonic_ns()} {os.getpid()} {name} {event}\n".encode())


def stop(_number, _frame):
    global stopping
    record("got TERM")
    if stopping:
        return
    stopping = True
    time.sleep(seconds)
    record("done")
    os._exit(0)  # at once: taking the interpreter down is no clean-up, and would be counted as the init's time


signal.signal(signal.SIGTERM, stop)
record("ready")
while True:
    signal.pause()
