"""Counts requests and takes jobs; on SIGTERM it answers what is under way, and says so before it leaves."""

import http.server
import signal
import threading
import time

from store import Store


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            text = store.call("PING")
        elif self.path == "/jobs":
            text = store.call("RPUSH", "jobs", time.time())
        elif self.path == "/done":
            text = store.call("LLEN", "done")
        else:
            if self.path == "/slow":
                store.call("SET", "slow", "under way")
                time.sleep(0.5)
            text = store.call("INCR", "hits")
        body = f"{text}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


store = Store()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler)
# server_close() waits for the requests that are under way.
server.daemon_threads = False
# shutdown() waits for the loop that this handler interrupts, so it needs a thread of its own.
signal.signal(
    signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start()
)
server.serve_forever(poll_interval=0.1)
server.server_close()
# Redis is still there: it stops after those that depend on it.
print("clean shutdown, hits", store.call("GET", "hits"), flush=True)
