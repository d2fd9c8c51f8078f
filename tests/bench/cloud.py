#!/usr/bin/python3
"""cloud.py: a backup into a bucket that is far away: Swift behind 60 ms and 30 MB/s for each connection.

Limits: storing, and reading back, 0.9 of what one connection needs for the bytes alone; RSS 64 MiB.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
import pages  # noqa: E402

TOOL = os.path.join(TOP, "build", "release", "bench", "pack_tree")
MS, MB, ROUNDS, LIMIT, LIMIT_RSS_KB = 60, 30, 3, 0.9, 64 << 10


def server(*words):
    child = subprocess.Popen([sys.executable, f"{TOP}/tests/fake/{words[0]}", *map(str, words[1:])],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    return child, int(child.stdout.readline())


def store(port, tree):
    done = subprocess.run([TOOL, f"http://127.0.0.1:{port}/lazarette", "2", "3", tree], stdout=subprocess.PIPE,
                          text=True, check=True)
    return json.loads(done.stdout)


def main():
    folder, children = tempfile.mkdtemp(prefix="cloud-", dir="/tmp"), []
    tree = folder + "/tree"
    os.makedirs(tree)
    try:
        for i in range(4):
            with open(f"{tree}/picture{i}", "wb") as f:
                for _ in range(50):
                    f.write(os.urandom(1 << 20))
        child, port = server("swift.py", folder + "/swift", "lazarette")
        children.append(child)
        child, far = server("faraway.py", port, MS, MB)
        children.append(child)
        runs = [(store(port, tree), store(far, tree)) for _ in range(ROUNDS)]
    finally:
        for child in children:
            child.terminate()
            child.wait()
        shutil.rmtree(folder)
    alone = runs[0][1]["stored"] / MB / 1e3
    good = True
    for what, words in (("pack_ms", "stored"), ("read_ms", "read back")):
        near, took = (sorted(pair[i][what] for pair in runs)[ROUNDS // 2] for i in (0, 1))
        good &= took / alone <= LIMIT
        pages.limit(took / alone <= LIMIT, f"{words} far away in {took / alone:.2f} of what one connection needs for the"
                    f" bytes alone (limit {LIMIT}); {took / near:.1f} x without the way")
    rss = max(r["rss_kb"] for pair in runs for r in pair)
    pages.limit(rss <= LIMIT_RSS_KB, f"RSS {rss / 1024:.0f} MiB (limit {LIMIT_RSS_KB // 1024})")
    return int(not good or rss > LIMIT_RSS_KB)


if __name__ == "__main__":
    sys.exit(main())
