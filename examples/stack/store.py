"""Talks to Redis: as much of its protocol as the web server and the worker need."""

import socket
import threading


class Store:
    def __init__(self):
        self.stream = socket.create_connection(("127.0.0.1", 6379)).makefile("rwb")
        self.lock = threading.Lock()

    def call(self, *words):
        """One command; returns a number, a text, an array, or None for nothing."""
        parts = [str(word).encode() for word in words]
        with self.lock:
            self.stream.write(b"*%d\r\n" % len(parts))
            for part in parts:
                self.stream.write(b"$%d\r\n%s\r\n" % (len(part), part))
            self.stream.flush()
            return self.answer()

    def answer(self):
        line = self.stream.readline().rstrip()
        kind, rest = line[:1], line[1:].decode()
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        if kind in (b"$", b"*") and int(rest) < 0:
            return None
        if kind == b"$":
            return self.stream.read(int(rest) + 2)[:-2].decode()
        if kind == b"*":
            return [self.answer() for _ in range(int(rest))]
        raise RuntimeError(f"redis: {rest or 'it is gone'}")
