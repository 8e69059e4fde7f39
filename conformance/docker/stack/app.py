"""Counts requests in Redis; ends its last request and says so before it leaves on SIGTERM."""

import http.server
import signal
import socket
import sys
import threading
import time


class Redis:
    """As much of the protocol as one counter needs."""

    def __init__(self):
        self.stream = socket.create_connection(("127.0.0.1", 6379)).makefile("rwb")
        self.lock = threading.Lock()

    def increment(self):
        with self.lock:
            self.stream.write(b"INCR hits\r\n")
            self.stream.flush()
            return int(self.stream.readline()[1:])


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            text = "fine"
        else:
            if self.path == "/slow":
                open("/data/slow", "w").close()
                time.sleep(0.5)
            text = str(redis.increment())
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


redis = Redis()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Handler)
# Requests that are under way are waited for when the server is closed.
server.daemon_threads = False
signal.signal(
    signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start()
)
server.serve_forever()
server.server_close()
# Redis must still be there: it stops after us.
print("app: clean shutdown, hits", redis.increment() - 1, flush=True)
sys.exit(0)
