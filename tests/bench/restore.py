#!/usr/bin/python3
"""restore.py: a stored media backup put into a fresh folder (decoded, every hash compared, owners and times set,
syncfs) against `zstd -dc | tar x` with sync, in pairs in the same run.

restore.py [SCALE [PAIRS]]: SCALE 0.1 takes a tenth of the files. Limits: <= 1.3 x on 20,000 files of 2 GB together;
RSS <= 64 MiB, also for 200,000 files. Every run has a folder of its own that is removed at the very end: files
are slow to make just after many were removed.

Then switch and undo of files and of SQLite, as restore_postgresql.py has them of PostgreSQL: swap <= 1 s, undo
<= 2 s, median of some rounds each. Files are exchanged by their roots, whatever is in them, and what is kept is
measured. A SQLite database is overwritten in one transaction, for who has it open: that goes by its size, so the
limits are for 50 MB, and a larger one is told without.
"""
import json
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from archive import LIMIT_RSS_KB, TOP, tree

TOOLS = os.path.join(TOP, "build", "release", "bench")
LIMIT, LIMIT_SWAP_MS, LIMIT_UNDO_MS = 1.3, 1000, 2000
SQLITE_MB, SQLITE_LARGE_MB, ROUNDS = 50, 400, 5


def pack(path, store):
    subprocess.run([os.path.join(TOOLS, "pack_tree"), store, str(min(os.cpu_count(), 4)), "3", path],
                   stdout=subprocess.DEVNULL, check=True)


def baseline(store, out):
    began = time.monotonic()
    subprocess.run(["/bin/bash", "-o", "pipefail", "-c",
                    'zstd -q -dc "$1/pack.tar.zst" | tar -C "$2" --warning=no-timestamp -xpf - && sync -f "$2"',
                    "bash", store, out], check=True)
    return time.monotonic() - began


def ours(store, out):
    """The tool also reads the objects once to learn their hashes, as the catalogue has them: that is not timed."""
    done = subprocess.run([os.path.join(TOOLS, "unpack_tree"), store, out], stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def switched(what, rounds, limited, argv):
    """Built beside the target, switched in and back, some times; argv makes the tool's arguments with a fresh storage."""
    swaps, undos = [], []
    for _ in range(rounds):
        done = subprocess.run([os.path.join(TOOLS, "restore_switch"), *argv()], stdout=subprocess.PIPE, text=True, check=True)
        figures = json.loads(done.stdout.splitlines()[-1])
        swaps.append(figures["swap_ms"])
        undos.append(figures["unswap_ms"])
    print(f"#   {what}: swaps {swaps} ms, undos {undos} ms")
    swap, undo = statistics.median(swaps), statistics.median(undos)
    if not limited:
        print(f"#   switching {what}: swap {swap:.0f} ms; undo {undo:.0f} ms (by size, no limit)", flush=True)
        return True
    good = swap <= LIMIT_SWAP_MS and undo <= LIMIT_UNDO_MS
    print(f"{'ok' if good else 'not ok'} - bench: switching {what}: swap {swap:.0f} ms (limit {LIMIT_SWAP_MS});"
          f" undo {undo:.0f} ms (limit {LIMIT_UNDO_MS})", flush=True)
    return good


def database(path, megabytes):
    """Rows of 900 bytes that do not compress; with a log, as most have it."""
    c = sqlite3.connect(path)
    c.execute("PRAGMA journal_mode=WAL")
    c.execute("CREATE TABLE item (id INTEGER PRIMARY KEY, content BLOB)")
    c.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
              " INSERT INTO item SELECT i, randomblob(900) FROM n", (megabytes * 1000,))
    c.commit()
    c.close()


def switched_sqlite(megabytes, rounds, limited):
    with tempfile.TemporaryDirectory(prefix="bench.", dir=os.path.join(TOP, "build")) as folder:
        target, other = (os.path.join(folder, name) for name in ("target.db", "other.db"))
        database(target, megabytes)
        database(other, megabytes)
        return switched(f"SQLite, {megabytes} MB for {megabytes} MB", rounds, limited,
                        lambda: [tempfile.mkdtemp(dir=folder), "sqlite", target, other])


def compare(kind, scale, pairs, limit):
    path = tree(kind, scale)
    ratios, rss, result = [], [], {}
    with tempfile.TemporaryDirectory(prefix="bench.", dir=os.path.join(TOP, "build")) as folder:
        store = os.path.join(folder, "store")
        os.mkdir(store)
        pack(path, store)
        subprocess.run(["sync", "-f", folder], check=True)
        for i in range(pairs):
            outs = [os.path.join(folder, f"{who}{i}") for who in ("ours", "tar")]
            for out in outs:
                os.mkdir(out)
            if i % 2:
                result, wall = ours(store, outs[0]), baseline(store, outs[1])
            else:
                wall = baseline(store, outs[1])
                result = ours(store, outs[0])
            ratios.append(result["ms"] / 1000 / wall)
            rss.append(result["rss_kb"])
            print(f"#   zstd | tar {wall:.2f} s, ours {result['ms'] / 1000:.2f} s: {ratios[-1]:.2f} x", flush=True)
        switch = limit is None or switched(f"files, {result['files']:,} for as many", ROUNDS, True,
                                           lambda: [store, "files", outs[1]])
        same = subprocess.run(["diff", "-rq", "--no-dereference", outs[0], outs[1]], check=False).returncode == 0
    ratio = statistics.median(ratios)
    good = same and switch and (limit is None or ratio <= limit) and max(rss) <= LIMIT_RSS_KB
    print(f"{'ok' if good else 'not ok'} - bench: restore of {kind}, {result['files']:,} files,"
          f" {result['bytes'] / 1e9:.2f} GB: {ratio:.2f} x zstd -dc | tar x + sync"
          f"{f' (limit {limit})' if limit else ''}; RSS {max(rss) / 1024:.0f} MiB (limit {LIMIT_RSS_KB // 1024});"
          f" {'equal' if same else 'NOT EQUAL'}")
    return good


def main():
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    good = compare("w1", scale, pairs, LIMIT)
    good = switched_sqlite(SQLITE_MB, ROUNDS, True) and good
    good = switched_sqlite(SQLITE_LARGE_MB, 1, False) and good
    # Small files: for its memory.
    good = compare("w2", scale, max(1, pairs // 2), None) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
