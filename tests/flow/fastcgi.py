"""fastcgi.py: FastCGI records by hand, for tests that speak to the socket of lazarette-web itself."""
import contextlib
import os
import socket
import struct

BEGIN, ABORT, PARAMS, STDIN, STDOUT, GET_VALUES = 1, 2, 4, 5, 6, 9


def record(kind, data=b"", version=1, number=1, claimed=None, padding=0):
    size = len(data) if claimed is None else claimed
    return struct.pack(">BBHHBB", version, kind, number, size, padding, 0) + data + b"\0" * padding


def pair(name, value):
    def size(n):
        return bytes([n]) if n < 128 else struct.pack(">I", n | 0x80000000)
    return size(len(name)) + size(len(value)) + name + value


BEGUN = record(BEGIN, struct.pack(">HB5x", 1, 0))


def request(variables, body=b""):
    data = b"".join(pair(k.encode(), v.encode() if isinstance(v, str) else v) for k, v in variables.items())
    out = BEGUN + b"".join(record(PARAMS, data[i:i + 60000]) for i in range(0, len(data), 60000)) + record(PARAMS)
    return out + b"".join(record(STDIN, body[i:i + 60000]) for i in range(0, len(body), 60000)) + record(STDIN)


def connect(home):
    c = socket.socket(socket.AF_UNIX)
    c.settimeout(15)
    c.connect(os.path.join(home, "run/web.sock"))
    return c


def read(c):
    """The CGI answer that comes until the connection ends; "" when there is none."""
    answer, out = b"", b""
    with contextlib.suppress(OSError):
        while got := c.recv(65536):
            answer += got
    while len(answer) >= 8:
        _, kind, _, size, padding, _ = struct.unpack(">BBHHBB", answer[:8])
        if kind == STDOUT:
            out += answer[8:8 + size]
        answer = answer[8 + size + padding:]
    return out.decode("utf-8", "replace")


def ask(home, data):
    """Send these bytes and no more; the answer."""
    with connect(home) as c:
        with contextlib.suppress(OSError):
            c.sendall(data)
            c.shutdown(socket.SHUT_WR)
        return read(c)
