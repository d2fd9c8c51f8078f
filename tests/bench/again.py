#!/usr/bin/python3
"""again.py: the second backup of files: nothing changed against `find -printf`, one file in a hundred changed against
`tar --listed-incremental | zstd` and restic, in turn in the same run; what it adds, and what memory it takes.

again.py [SCALE [ROUNDS]]: SCALE 0.1 takes a tenth of the files. Trees are kept in build/bench-data between runs.
Limits: unchanged w2 <= 1.5 x find, one in a hundred <= 1.5 x tar, RSS <= 64 MiB.
"""
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from archive import LIMIT_RSS_KB, TOP, tree, warm

TOOL = os.path.join(TOP, "build", "release", "bench", "pack_again")
LIMIT_SAME, LIMIT_CHANGED = 1.5, 1.5
FIND = r"%s %T@ %C@ %i %p\n"


def timed(argv, **more):
    began = time.monotonic()
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    return time.monotonic() - began


def ours(store, path):
    began = time.monotonic()
    done = subprocess.run([TOOL, store, str(min(os.cpu_count(), 4)), path], stdout=subprocess.PIPE, text=True, check=True)
    return time.monotonic() - began, json.loads(done.stdout)


def tar(folder, path, number):
    """An incremental archive on top of the list of the one before, as `tar -g` keeps it."""
    out = os.path.join(folder, f"{number}.tar.zst")
    wall = timed(["/bin/bash", "-o", "pipefail", "-c",
                  'tar -C "$1" -g "$2" -c . | zstd -q -3 -T0 > "$3" && sync "$3"', "bash", path, folder + "/list", out])
    return wall, os.path.getsize(out)


def restic(folder, path):
    env = {**os.environ, "RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": folder + "/restic", "RESTIC_CACHE_DIR": folder + "/cache"}
    if not os.path.exists(folder + "/restic"):
        timed(["restic", "init"], env=env)
    return timed(["restic", "backup", path], env=env)


def change(path, rng):
    """One file in a hundred gets other bytes of the same number: never those of an earlier run, for the tree stays, and
    what it had once is stored already."""
    files = [os.path.join(d, f) for d, _, names in os.walk(path) for f in names]
    for name in rng.sample(files, max(len(files) // 100, 1)):
        with open(name, "r+b") as f:
            size = os.path.getsize(name)
            f.write(rng.randbytes(min(size, 1 << 20)))


def say(kind, what, walls, against, limit):
    ratio = statistics.median(a / b for a, b in zip(walls, against))
    good = limit is None or ratio <= limit
    print(f"{'ok' if good else 'not ok'} - {kind}: {what}: {statistics.median(walls):.2f} s, {ratio:.2f} x"
          + (f" (at most {limit})" if limit else ""))
    return good


def section(kind, scale, rounds, has_restic):
    path, rng, good = tree(kind, scale), random.Random(), True
    with tempfile.TemporaryDirectory(dir=os.path.join(TOP, "build", "bench-data")) as folder:
        store = folder + "/store"
        os.mkdir(store)
        warm(path)
        ours(store, path)
        tar(folder, path, 0)
        if has_restic:
            restic(folder, path)
        same, finds, changed, tars, restics, rss, added = [], [], [], [], [], 0, []
        time.sleep(3)             # files that changed a moment ago are read again
        for n in range(rounds):
            finds.append(timed(["find", path, "-printf", FIND]))
            wall, told = ours(store, path)
            same.append(wall)
            rss = max(rss, told["rss_kb"])
            change(path, rng)
            wall, size = tar(folder, path, n + 1)
            tars.append(wall)
            wall, told = ours(store, path)
            changed.append(wall)
            rss = max(rss, told["rss_kb"])
            added.append((told["stored"] + told["manifest"]) / size)
            if has_restic:
                restics.append(restic(folder, path))
            time.sleep(3)
            ours(store, path)     # what changed just now is known by its times from here on
        good &= say(kind, "unchanged, against find -printf", same, finds, LIMIT_SAME if kind == "w2" else None)
        good &= say(kind, "one file in a hundred, against tar -g | zstd", changed, tars, LIMIT_CHANGED)
        if has_restic:
            say(kind, "one file in a hundred, against restic", changed, restics, None)
        print(f"# {kind}: added {statistics.median(added):.2f} x the bytes of tar -g, list of {told['files']} files"
              f" {told['manifest'] / 1e6:.1f} MB")
        good &= rss <= LIMIT_RSS_KB
        print(f"{'ok' if rss <= LIMIT_RSS_KB else 'not ok'} - {kind}: {rss / 1024:.0f} MiB (at most {LIMIT_RSS_KB // 1024})")
    return good


def main():
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    good = [section(kind, scale, rounds, shutil.which("restic") is not None) for kind in ("w1", "w2")]
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
