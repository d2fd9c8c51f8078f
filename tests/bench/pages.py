#!/usr/bin/python3
"""pages.py: server time of the Backups page with 100 and with 100,000 backups, and of asking for one.

    tests/bench/pages.py            both figures, of the release build (VARIANT=test for another)

The catalogue of a fresh instance is filled by SQL; every request goes straight to the FastCGI socket of
lazarette-web, so nginx and the network are not part of a figure. No worker runs: nothing competes.
Limits: list p99 ≤ 10 ms and no slower than with 100 rows; enqueue p99 ≤ 50 ms with 8 writers.
"""
import contextlib
import glob
import os
import re
import socket
import sqlite3
import struct
import sys
import threading
import time
import uuid

sys.dont_write_bytecode = True
os.environ.setdefault("VARIANT", "release")
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from harness import Instance  # noqa: E402

ROUNDS, WRITERS, POSTS = 400, 8, 50


class WithoutWorker(Instance):
    def start_worker(self, env=None):
        pass


def pairs(items):
    out = b""
    for name, value in items:
        for text in (name, value):
            out += bytes([len(text)]) if len(text) < 128 else struct.pack(">I", len(text) | 1 << 31)
        out += name + value
    return out


def record(kind, content):
    return struct.pack(">BBHHBB", 1, kind, 1, len(content), 0, 0) + content


def ask(path_of_socket, method, uri, cookie, body=b""):
    """One request over FastCGI; gives (milliseconds, status line and headers and body)."""
    variables = {
        "REQUEST_METHOD": method, "REQUEST_URI": uri, "REMOTE_ADDR": "127.0.0.1", "HTTP_COOKIE": cookie,
        "CONTENT_LENGTH": str(len(body)) if body else "", "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_TYPE": "application/x-www-form-urlencoded" if body else "",
    }
    message = record(1, struct.pack(">HB5x", 1, 0))
    message += record(4, pairs((k.encode(), v.encode()) for k, v in variables.items())) + record(4, b"")
    message += (record(5, body) if body else b"") + record(5, b"")
    began = time.perf_counter()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(path_of_socket)
        s.sendall(message)
        raw = b""
        while piece := s.recv(1 << 16):
            raw += piece
    took = (time.perf_counter() - began) * 1000
    out = b""
    while len(raw) >= 8:
        kind, length, padding = raw[1], struct.unpack(">H", raw[4:6])[0], raw[6]
        if kind == 6:
            out += raw[8:8 + length]
        raw = raw[8 + length + padding:]
    return took, out.decode("utf-8", "replace")


def fill(instance, environment, count):
    """`count` ready backups of two parts each, a second apart."""
    now = int(time.time() * 1000)
    digest = "ab" * 32
    with sqlite3.connect(instance.home + "/catalog.db") as db:
        storage = db.execute("SELECT id FROM storage").fetchone()[0]
        services = db.execute("SELECT id, slug, name, engine FROM service WHERE environment = ?", (environment,)).fetchall()
        first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM backup").fetchone()[0]
        db.executemany(
            "INSERT INTO backup (id, uuid, environment, storage, kind, state, note, created_at, started_at, finished_at,"
            " raw_bytes, stored_bytes, contents, sidecar_key, sidecar_sha256, requested_by)"
            " VALUES (?, ?, ?, ?, ?, 'ready', ?, ?, ?, ?, 75000000, 61000000, 'database, media', 'k', ?, 1)",
            ((first + i, str(uuid.uuid4()), environment, storage, ("on-demand", "scheduled")[i % 2],
              f"note {i}" if i % 10 == 0 else "", t, t + 1, t + 2, digest)
             for i in range(count) for t in [now - (count - i) * 1000]))
        db.executemany(
            "INSERT INTO part (uuid, backup, service, service_slug, service_name, engine, state, format, data_key,"
            " data_raw_sha256, data_stored_sha256, data_raw_bytes, data_stored_bytes)"
            " VALUES (?, ?, ?, ?, ?, ?, 'ready', 'tar', 'k', ?, ?, 75000000, 61000000)",
            ((str(uuid.uuid4()), first + i, s[0], s[1], s[2], s[3], digest, digest)
             for i in range(count) for s in services))
    db.close()


def processor_ms(instance):
    """What all processes of lazarette-web have used so far: says more than a clock on a busy machine."""
    total = 0
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError), open(path) as f:
            facts = f.read().rsplit(")", 1)[1].split()
            if int(facts[3]) == instance.running["web"].pid:      # its session
                total += int(facts[11]) + int(facts[12])
    return total * 1000 / os.sysconf("SC_CLK_TCK")


def percentile(values, p):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * p / 100))]


def measure(instance, cookie, uri, words):
    path = instance.home + "/run/web.sock"
    took, used = [], 0
    for i in range(ROUNDS + 20):
        if i == 20:
            used = processor_ms(instance)
        ms, answer = ask(path, "GET", uri, cookie)
        assert answer.startswith("Status: 200") and words in answer, answer[:300]
        if i >= 20:
            took.append(ms)
    used = (processor_ms(instance) - used) / ROUNDS
    return percentile(took, 50), percentile(took, 99), used, len(answer)


def limit(held, what):
    print(f"{'ok' if held else 'not ok'} - {what}")


def figures(m):
    return f"{m[0]:10.2f} / {m[1]:5.2f} / {m[2]:5.2f}"


def enqueue(instance, cookie, base):
    """WRITERS at once, each sending POSTS forms; every one must become a job of its own."""
    path = instance.home + "/run/web.sock"
    csrf = re.search(r'name="csrf" value="([^"]*)"', ask(path, "GET", base + "/new", cookie)[1]).group(1)
    took, lock = [], threading.Lock()

    def write(n):
        mine = []
        for i in range(POSTS):
            body = f"csrf={csrf}&key=bench-{n}-{i}&services=database&services=media&note=x".encode()
            ms, answer = ask(path, "POST", base + "/new", cookie, body)
            assert answer.startswith("Status: 303"), answer[:300]
            mine.append(ms)
        with lock:
            took.extend(mine)
    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    began = time.perf_counter()
    [t.start() for t in threads]
    [t.join() for t in threads]
    seconds = time.perf_counter() - began
    assert len(took) == WRITERS * POSTS
    assert instance.sql1("SELECT count(*) FROM job WHERE idempotency_key LIKE 'bench-%'") == WRITERS * POSTS
    return percentile(took, 50), percentile(took, 99), WRITERS * POSTS / seconds


def main():
    with WithoutWorker() as instance:
        instance.add_project("small")
        instance.add_project("large")
        for project in ("small", "large"):
            instance.add_environment(project, "live")
            instance.add_service(f"{project}/live", "database", "sqlite", path="/srv/shop.sqlite")
            instance.add_service(f"{project}/live", "media", "files", roots="/srv/media")
        cookie = "; ".join(f"{k}={v}" for k, v in instance.browser.cookies.items())
        fill(instance, 1, 100)
        fill(instance, 2, 100000)
        pages = [("first page", ""), ("a page in the middle", "?after={}"), ("only scheduled", "?kind=scheduled"),
                 ("one service", "?service=media"), ("note contains", "?q=note+5")]
        print("Backups page: server time p50 / p99 / processor time, in ms\n"
              f"{'':<24}{'100 backups':>24}{'100,000 backups':>26}{'page':>11}")
        for name, query in pages:
            small = measure(instance, cookie, "/p/small/live/backups" + query.format(60), "Backups")
            large = measure(instance, cookie, "/p/large/live/backups" + query.format(50000), "Backups")
            print(f"  {name:<22}{figures(small)}{figures(large)}{large[3] / 1000:8.1f} kB")
            if query == "":
                first = small, large
        for name, uri in (("overview", "/"), ("jobs", "/jobs"), ("one backup", "/b/b5000")):
            large = measure(instance, cookie, uri, "Lazarette")
            print(f"  {name:<22}{'':>26}{figures(large)}{large[3] / 1000:8.1f} kB")
        p50, p99, rate = enqueue(instance, cookie, "/p/small/live/backups")
        print(f"Asking for a backup, {WRITERS} writers at once: p50 {p50:.2f} ms, p99 {p99:.2f} ms, {rate:.0f} a second")
        small, large = first
        limit(large[1] <= 10, f"the first page of 100,000 backups: p99 {large[1]:.2f} ms, limit 10 ms")
        limit(large[2] <= 1.2 * small[2], f"no slower than with 100: {large[2] / small[2]:.2f} times the processor time")
        limit(p99 <= 50, f"asking for a backup with {WRITERS} writers: p99 {p99:.2f} ms, limit 50 ms")


if __name__ == "__main__":
    main()
