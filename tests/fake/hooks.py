#!/usr/bin/env python3
"""hooks.py: a receiver of webhooks for tests. Prints its port, then notes each request as one line of JSON in LOG.

    hooks.py LOG [--tls CERT KEY]

What it does is in the path: /status/404 answers that; /echo/… answers 404 and tells the path, /echo/upto-N/… 40 times behind N bytes that are no text; /later N answers 503 N times per path, then 200; /redirect, /slow,
/drip, /large, /headers, /garbage and /close misbehave; everything else is 200. A word "fail-N" anywhere in the path
answers 500 to the first N requests of that path.
"""
import json
import re
import ssl
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOG = sys.argv[1]
LOCK = threading.Lock()
SEEN = {}


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args):
        pass

    def note(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with LOCK:
            SEEN[self.path] = SEEN.get(self.path, 0) + 1
            with open(LOG, "a", encoding="utf-8") as f:
                f.write(json.dumps({"method": self.command, "path": self.path, "at": time.time(),
                                    "headers": {k.lower(): v for k, v in self.headers.items()},
                                    "body": body.decode("utf-8", "replace")}) + "\n")
            return SEEN[self.path]

    def say(self, status, body=b"ok\n", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def misbehave(self, word):
        raw = self.wfile
        if word == "redirect":
            self.say(302, b"elsewhere", [("Location", "/ok")])
        elif word == "slow":
            time.sleep(30)
        elif word == "drip":
            raw.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            for _ in range(300):
                raw.write(b".")
                time.sleep(0.1)
        elif word == "large":
            raw.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
            for _ in range(16000):
                raw.write(b"A" * 65536)
        elif word == "headers":
            raw.write(b"HTTP/1.1 200 OK\r\n")
            for i in range(4000):
                raw.write(b"X-%d: " % i + b"y" * 200 + b"\r\n")
        elif word == "garbage":
            raw.write(b"\x00\xff this is not HTTP\r\n\r\n")
        self.close_connection = True

    def answer(self):
        count = self.note()
        word = self.path.split("?")[0].strip("/").split("/")
        fails = re.search(r"fail-(\d+)", self.path)
        try:
            if fails and count <= int(fails.group(1)):
                self.say(500, "try again: \u00fc <b>\n\x01 later".encode())
            elif word[0] == "status":
                self.say(int(word[1]), b"no_service", [("Retry-After", "7")] if word[1] == "429" else ())
            elif word[0] == "echo" and word[1].startswith("upto-"):
                # As often as it takes, behind so many bytes: the cut goes through one of them.
                self.say(404, b"\xff" * int(word[1][5:]) + self.path.encode() * 40)
            elif word[0] == "echo":
                self.say(404, f"Cannot POST {self.path}".encode())
            elif word[0] in ("redirect", "slow", "drip", "large", "headers", "garbage", "close"):
                self.misbehave(word[0])
            else:
                self.say(200)
        except OSError:
            self.close_connection = True

    do_GET = do_POST = answer


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
