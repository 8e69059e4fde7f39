"""Works through the jobs; on SIGTERM it ends the one in hand, puts down that it did, and leaves the others."""

import signal
import threading
import time

from store import Store

stopping = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stopping.set())

store = Store()
print("waiting for jobs", flush=True)
while not stopping.is_set():
    # A job is in one list or the other at every moment: a worker that is killed loses none.
    job = store.call("LMOVE", "jobs", "in-hand", "LEFT", "RIGHT")
    if job is None:
        stopping.wait(0.1)
        continue
    time.sleep(0.5)
    store.call("LMOVE", "in-hand", "done", "LEFT", "RIGHT")
print("clean shutdown, in hand", store.call("LLEN", "in-hand"), flush=True)
