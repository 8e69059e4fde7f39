"""Answers each request after a second, and finishes the one in hand when it is told to stop."""

import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        time.sleep(1)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"done\n")


class Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for requests in hand


server = Server(("", 8000), Handler)


def stop(*_):
    # shutdown() waits for the loop that this handler interrupts, so it needs a thread of its own.
    threading.Thread(target=server.shutdown).start()


signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
server.serve_forever()
server.server_close()
print("finished", flush=True)
