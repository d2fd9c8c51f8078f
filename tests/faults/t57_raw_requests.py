#!/usr/bin/python3
"""t57_raw_requests.py: requests that no browser sends, at nginx and at the socket of lazarette-web (T57).

What is malformed is refused by nginx and never reaches a process of ours: with LAZARETTE_DEBUG each request that
does reach one is a line in its log, so zero can be counted. The control sends well-formed ones and counts them.
"""
import contextlib
import os
import random
import re
import select
import socket
import struct
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "flow"))
from fastcgi import ABORT, BEGIN, BEGUN, GET_VALUES, PARAMS, STDIN, ask, pair, record, request  # noqa: E402
from harness import Instance, main, test, wait_until  # noqa: E402

HOST = b"Host: x\r\n"


def malformed():
    """Requests that nginx must refuse, as (words, bytes)."""
    post = b"POST /login HTTP/1.1\r\n" + HOST
    chunked = b"Transfer-Encoding: chunked\r\n"
    for value in (b"chunked", b"Chunked", b" chunked", b"chunked ", b"\tchunked"):
        for length in (b"0", b"3", b"6", b"60"):
            yield "both lengths", post + b"Content-Length: " + length + b"\r\nTransfer-Encoding: " + value + b"\r\n\r\n0\r\n\r\n"
    for value in (b"x", b"gzip", b"identity", b"chunked, identity", b"chunked, chunked", b"gzip, chunked", b"xchunked",
                  b"\"chunked\"", b"chunked;q=1"):
        yield "a coding nobody knows", post + b"Transfer-Encoding: " + value + b"\r\n\r\n0\r\n\r\n"
    for value in (b"-1", b"+3", b"3x", b"0x3", b"3 3", b"3,3", b"", b"1e1", b"99999999999999999999999", b"3;3", b"\x003"):
        yield "a length that is none", post + b"Content-Length: " + value + b"\r\n\r\nabc"
    for one in (b"3", b"4", b"0"):
        for two in (b"3", b"5", b"0"):
            yield "two lengths", post + b"Content-Length: " + one + b"\r\nContent-Length: " + two + b"\r\n\r\nabc"
    for chunk in (b"x\r\n", b"-1\r\nabc\r\n", b"0x3\r\nabc\r\n", b"ffffffffffffffffff\r\nabc", b"3\r\nabcd\r\n0\r\n\r\n",
                  b" 3\r\nabc\r\n0\r\n\r\n", b"3\r\nabc0\r\n\r\n", b";\r\n", b"g\r\n", b"\x00\r\n"):
        for path in (b"/login", b"/setup", b"/healthz", b"/", b"/dl/x/1"):
            yield "a broken chunk", b"POST " + path + b" HTTP/1.1\r\n" + HOST + chunked + b"\r\n" + chunk
    for host in (b"", b"Host: a\r\nHost: b\r\n", b"Host: a\r\nHost: a\r\n", b"Host: a b\r\n", b"Host: a/b\r\n", b"Host: a\x00\r\n"):
        for path in (b"/login", b"/", b"/dl/x"):
            yield "a host that is none", b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n"
    for target in (b"login", b"/\x00", b"/a b c", b"/..", b"/../x", b"/%00", b"/%zz", b"/%2", b"/a/../../x", b"/%2e%2e/%2e%2e/x",
                   b"http://", b"*", b"//../..", b"/..%2f..%2f..%2f"):
        yield "an address that is none", b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    for line in (b"GET", b"POST /", b"get / HTTP/1.1", b"G ET / HTTP/1.1", b"GET / HTTP/1", b"GET / HTTP/2.0", b"GET / HTTP/9.9",
                 b"GET / HTTP/1.10000", b"GET / HTTX/1.1", b"GET / HTTP/-1.1", b"\x16\x03\x01\x02\x00", b"GET\t/\tHTTP/1.1", b"{}"):
        yield "a first line that is none", line + b"\r\n" + HOST + b"\r\n"
    for method in (b"TRACE", b"CONNECT"):
        for path in (b"/", b"/login", b"x:80", b"/dl/x", b"/static/console.css"):
            yield "a method that nobody needs", method + b" " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    for header in (b"a\x00b: c", b"Content-Length : 3", b"Transfer-Encoding : chunked", b": x", b"X: a\x00b", b"Content-Length\x0b: 3"):
        yield "a header that is none", b"POST /login HTTP/1.1\r\n" + HOST + header + b"\r\nContent-Length: 0\r\n\r\n"
    for kilobytes in (9, 20, 40, 100):
        for where in (b"Cookie", b"X-Long", b"Referer"):
            yield f"a header of {kilobytes} kB", b"GET / HTTP/1.1\r\n" + HOST + where + b": " + b"x" * (kilobytes * 1000) + b"\r\n\r\n"
        yield f"an address of {kilobytes} kB", b"GET /" + b"x" * (kilobytes * 1000) + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    for size in (65537, 70000, 1000000, 10 ** 12):
        for path in (b"/login", b"/setup", b"/logout", b"/projects/new", b"/dl/x/1"):
            yield f"a form of {size} bytes", b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: " + \
                str(size).encode() + b"\r\n\r\n" + b"x" * min(size, 70000)
    for size in (70000, 200000):
        yield f"{size} bytes in chunks", b"POST /login HTTP/1.1\r\n" + HOST + chunked + b"\r\n" + b"%x\r\n" % size + b"x" * size + b"\r\n0\r\n\r\n"


def talk(port, data):
    """The status of the first answer: 0 when the connection was closed without one."""
    answer = b""
    with socket.create_connection(("127.0.0.1", port), timeout=15) as c, contextlib.suppress(OSError):
        # Refused before all of it was sent: the answer is there to be read all the same.
        with contextlib.suppress(OSError):
            c.sendall(data)
        # An end of sending at once would look like a client that has gone; nginx would then pass nothing on.
        if not select.select([c], [], [], 1.5)[0]:
            c.shutdown(socket.SHUT_WR)
        while b"\r\n" not in answer and (got := c.recv(65536)):
            answer += got
    found = re.match(rb"HTTP/1\.1 (\d+)", answer)
    return int(found.group(1)) if found else 0


def log_of(s):
    with open(os.path.join(s.home, "log", "web.log"), errors="replace") as f:
        return f.read()


def seen(s):
    """Requests that a process of ours has answered."""
    return log_of(s).count("event=request ")


def deaths(s):
    return log_of(s).count("event=web.child")


def settle(s):
    """Everything that was under way has been logged: a request of our own is the last line."""
    before = seen(s)
    assert s.browser.request("GET", "/healthz").status == 200
    wait_until("the log to know our own request", lambda: seen(s) > before)
    return seen(s)


@test("T57", "about 200 malformed or oversized requests end at nginx, and none reaches a process of ours")
def at_nginx(s):
    start, dead, faults, count = settle(s), deaths(s), [], 0
    for words, data in malformed():
        count += 1
        status = talk(s.port, data)
        if status != 0 and not 400 <= status < 600 or status in (500, 502, 504):
            faults.append(f"{words}: {status}: {data[:90]!r}")
    assert not faults, "\n".join(faults)
    assert count >= 190, f"only {count} requests"
    reached = settle(s) - start - 1
    assert reached == 0, f"{reached} of {count} reached lazarette-web"
    assert deaths(s) == dead


@test("T57", "control: well-formed requests by the same means do reach it and are counted")
def control(s):
    start = settle(s)
    assert talk(s.port, b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n") == 200
    assert talk(s.port, b"POST /login HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\nContent-Type: "
                b"application/x-www-form-urlencoded\r\n\r\na=b") == 403
    assert settle(s) - start - 1 == 2


@test("T57", "what nginx refuses for its size is a page with the protecting headers")
def refused_with_a_page(s):
    answer = s.browser.request("POST", "/login", b"x" * 70000)
    assert answer.status == 413 and answer.page.h1 == "Too large", (answer.status, answer.words)
    for name in ("X-Content-Type-Options", "Content-Security-Policy", "Referrer-Policy"):
        assert len([n for n, _ in answer.headers if n.lower() == name.lower()]) == 1, (name, answer.headers)


# -- the socket itself: only nginx may connect to it, and still it must hold ------------------------------------

LOGIN = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/login", "CONTENT_TYPE": "application/x-www-form-urlencoded",
         "REMOTE_ADDR": "127.0.0.1"}


@test("T57", "past nginx, each wrong request gets its own refusal from lazarette-web")
def refusals(s):
    many = "&".join(f"a{i}=1" for i in range(201)).encode()
    cases = [
        (413, dict(LOGIN, CONTENT_LENGTH="65537"), b"x" * 65537), (413, dict(LOGIN, CONTENT_LENGTH="99999999"), b""),
        (413, dict(LOGIN, CONTENT_LENGTH=str(len(many))), many), (400, dict(LOGIN, CONTENT_LENGTH="-1"), b""),
        (400, dict(LOGIN, CONTENT_LENGTH="1x"), b""), (400, dict(LOGIN, CONTENT_LENGTH="10"), b"short"),
        (400, dict(LOGIN, CONTENT_LENGTH="3"), b"a=%"), (400, dict(LOGIN, CONTENT_LENGTH="5"), b"a=%00"),
        (400, dict(LOGIN, CONTENT_LENGTH="3"), b"a=\xff"), (403, dict(LOGIN, CONTENT_LENGTH="3"), b"a=b"),
        (415, dict(LOGIN, CONTENT_LENGTH="3", CONTENT_TYPE="multipart/form-data"), b"a=b"),
        (415, dict(LOGIN, CONTENT_LENGTH="3", CONTENT_TYPE="multipart/form-data; boundary="), b"a=b"),
        (415, dict(LOGIN, CONTENT_LENGTH="2", CONTENT_TYPE="application/json"), b"{}"),
        (415, dict(LOGIN, CONTENT_LENGTH="3", CONTENT_TYPE=""), b"a=b"),
        (400, {"REQUEST_METHOD": "GET", "REQUEST_URI": "/../etc"}, b""), (400, {"REQUEST_METHOD": "GET"}, b""),
        (400, {"REQUEST_METHOD": "GET", "REQUEST_URI": "//evil"}, b""), (405, {"REQUEST_METHOD": "", "REQUEST_URI": "/login"}, b""),
        (405, {"REQUEST_METHOD": "X" * 5000, "REQUEST_URI": "/login"}, b""), (404, {"REQUEST_METHOD": "GET", "REQUEST_URI": "/" + "x" * 50000}, b""),
        (200, {"REQUEST_METHOD": "GET", "REQUEST_URI": "/healthz", "HTTP_COOKIE": "\xff; =; a" * 1000}, b""),
    ]
    dead, faults = deaths(s), []
    for status, variables, body in cases:
        answer = ask(s.home, request(variables, body))
        if not answer.startswith(f"Status: {status} "):
            faults.append(f"{variables} {body[:40]!r}: not {status} but {answer[:60]!r}")
    assert not faults, "\n".join(faults)
    assert deaths(s) == dead


@test("T57", "broken FastCGI records never end a process, and the next request is answered")
def broken_records(s):
    rng = random.Random(57)
    good = request(dict(LOGIN, CONTENT_LENGTH="3"), b"a=b")
    cases = [
        b"", b"\0" * 8, b"\xff" * 64, b"GET / HTTP/1.1\r\n\r\n", record(BEGIN, b""), record(BEGIN, b"\0" * 8), BEGUN + record(ABORT),
        record(PARAMS, b"x" * 100), record(STDIN, b"a=b"), record(BEGIN, struct.pack(">HB5x", 7, 0)), record(99, b"x" * 20),
        BEGUN + record(PARAMS, b"\x80\x00\x00\x01"), BEGUN + record(PARAMS, b"\x05\x05ab") + record(PARAMS),
        BEGUN + record(PARAMS, b"\x80\xff\xff\xff\x01x") + record(PARAMS), BEGUN + record(PARAMS, b"abc", claimed=60000),
        record(GET_VALUES, pair(b"FCGI_MAX_CONNS", b""), number=0), record(BEGIN, struct.pack(">HB5x", 1, 0), version=2),
        BEGUN + record(PARAMS, pair(b"REQUEST_URI", b"/x"), number=2) + record(PARAMS),
    ]
    cases += [good[:n] for n in range(1, len(good), 7)]
    for _ in range(100):
        data = bytearray(good)
        for _ in range(rng.randint(1, 6)):
            # Not the four-byte lengths: two of nearly 2 GiB make Debian's libfcgi give up the process.
            data[rng.randrange(len(data))] = rng.randrange(0x7f)
        cases.append(bytes(data))
    dead = deaths(s)
    for data in cases:
        ask(s.home, data)
        assert s.browser.request("GET", "/healthz").status == 200, data[:80]
    assert deaths(s) == dead, log_of(s)[-500:]


@test("T57", "a child that is killed is replaced, and nobody is turned away for long")
def replaced(s):
    dead = deaths(s)
    pids = set(re.findall(r"event=request pid=(\d+)", log_of(s)))
    assert pids, "no request was logged"
    for pid in pids:
        try:
            os.kill(int(pid), 9)
        except ProcessLookupError:
            pass
    wait_until("the deaths to be noted", lambda: deaths(s) > dead)
    wait_until("an answer", lambda: s.browser.request("GET", "/healthz").status == 200)


class Front(Instance):
    """nginx and lazarette-web; no worker is needed."""

    def start(self):
        os.makedirs(os.path.join(self.home, "log"), exist_ok=True)
        self.start_web()
        self.start_nginx()


if __name__ == "__main__":
    main(lambda: Front(env={"LAZARETTE_DEBUG": "1"}))
