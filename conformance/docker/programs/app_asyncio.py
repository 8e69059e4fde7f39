"""Runs an event loop until SIGTERM, then cleans up in a coroutine: app_asyncio.py MS NAME."""
import asyncio
import os
import signal
import sys
import time

seconds, name = int(sys.argv[1]) / 1000, sys.argv[2]
journal = os.open("/vol/journal", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)


def record(event):
    os.write(journal, f"{time.monotonic_ns()} {os.getpid()} {name} {event}\n".encode())


async def work():
    try:
        while True:
            await asyncio.sleep(3600)
    finally:
        await asyncio.sleep(seconds)
        record("done")
        os._exit(0)  # at once: taking the interpreter down is no clean-up, and would be counted as the init's time


async def main():
    stop = asyncio.Event()

    def told():
        record("got TERM")
        stop.set()

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, told)
    task = asyncio.create_task(work())
    await asyncio.sleep(0)  # the task is inside its try block from here on
    record("ready")
    await stop.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


asyncio.run(main())
