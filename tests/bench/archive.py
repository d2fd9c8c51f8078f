#!/usr/bin/python3
"""archive.py: a whole media backup (pack, manifest, fsync, read back and compared) against
`tar -c | zstd -3 -T0 > file` with fsync, in pairs in the same run.

archive.py [SCALE [PAIRS]]: SCALE 0.1 takes a tenth of the files. Limits: whole job <= 1.3 x on 20,000 files of
2 GB together; RSS <= 64 MiB, also for 200,000 files. Trees are kept in build/bench-data between runs.
"""
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
TOOL = os.path.join(TOP, "build", "release", "bench", "pack_tree")
LIMIT, LIMIT_RSS_KB = 1.3, 64 * 1024


def tree(kind, scale):
    path = os.path.join(TOP, "build", "bench-data", f"{kind}-{scale:g}")
    if not os.path.exists(path + ".done"):
        shutil.rmtree(path, ignore_errors=True)
        subprocess.run([os.path.join(HERE, "gen"), kind, path, str(scale)], check=True)
        with open(path + ".done", "w"):
            pass
    return path


def warm(path):
    """Read it all once, so that each run finds the same in the page cache."""
    subprocess.run(["sh", "-c", 'tar -C "$1" -c . | cat > /dev/null', "sh", path], check=True)


def disk_reads():
    """Bytes this machine has read from disks: a warm run must not add to them."""
    with open("/proc/vmstat") as f:
        return int(dict(line.split() for line in f)["pgpgin"]) * 1024


def baseline(path, folder):
    out = os.path.join(folder, "baseline.tar.zst")
    began = time.monotonic()
    subprocess.run(["/bin/bash", "-o", "pipefail", "-c",
                    'tar -C "$1" -c . | zstd -q -3 -T0 > "$2" && sync "$2"', "bash", path, out], check=True)
    wall, size = time.monotonic() - began, os.path.getsize(out)
    os.unlink(out)
    return wall, size


def ours(path, folder):
    store = tempfile.mkdtemp(dir=folder)
    began = os.times()
    done = subprocess.run([TOOL, store, str(min(os.cpu_count(), 4)), "3", path],
                          stdout=subprocess.PIPE, text=True, check=True)
    ended = os.times()
    shutil.rmtree(store)
    result = json.loads(done.stdout)
    result["cpu"] = ended.children_user + ended.children_system - began.children_user - began.children_system
    return result


def restic(path, folder):
    env = dict(os.environ, RESTIC_PASSWORD="bench", RESTIC_REPOSITORY=os.path.join(folder, "restic"),
               XDG_CACHE_HOME=os.path.join(folder, "cache"))
    subprocess.run(["restic", "init", "-q"], env=env, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["restic", "backup", "-q", path], env=env, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["sync", "-f", folder], check=True)


def borg(path, folder):
    env = dict(os.environ, BORG_BASE_DIR=os.path.join(folder, "borg-base"), BORG_REPO=os.path.join(folder, "borg"),
               BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK="yes")
    subprocess.run(["borg", "init", "-e", "none"], env=env, check=True, stderr=subprocess.DEVNULL)
    subprocess.run(["borg", "create", "-C", "zstd,3", "::one", path], env=env, check=True)
    subprocess.run(["sync", "-f", folder], check=True)


def peers(path, folder, ours_s):
    for tool in (restic, borg):
        if shutil.which(tool.__name__) is None:
            print(f"#   {tool.__name__}: not installed")
            continue
        place = tempfile.mkdtemp(dir=folder)
        began = time.monotonic()
        tool(path, place)
        print(f"#   {tool.__name__} (first backup, once): {time.monotonic() - began:.2f} s,"
              f" ours is {ours_s / (time.monotonic() - began):.2f} x")
        shutil.rmtree(place)


def compare(kind, scale, pairs, limit):
    path = tree(kind, scale)
    packs, wholes, rss, stored = [], [], [], 0.0
    with tempfile.TemporaryDirectory(prefix="bench.", dir=os.path.join(TOP, "build")) as folder:
        warm(path)
        for i in range(pairs):
            read = disk_reads()
            if i % 2:
                result = ours(path, folder)
                wall, size = baseline(path, folder)
            else:
                wall, size = baseline(path, folder)
                result = ours(path, folder)
            cold = disk_reads() - read
            pack, whole = result["pack_ms"] / 1000, (result["pack_ms"] + result["read_ms"]) / 1000
            packs.append(pack / wall)
            wholes.append(whole / wall)
            rss.append(result["rss_kb"])
            stored = result["stored"] / size
            print(f"#   tar | zstd {wall:.2f} s, ours {pack:.2f} s + {whole - pack:.2f} s read back"
                  f" ({result['cpu']:.1f} s of processor){f', {cold / 1e6:.0f} MB from disk' if cold > 1e8 else ''}",
                  flush=True)
        if kind == "w1":
            peers(path, folder, whole)
    ratio = statistics.median(wholes)
    good = (limit is None or ratio <= limit) and max(rss) <= LIMIT_RSS_KB
    print(f"{'ok' if good else 'not ok'} - bench: media {kind}, {result['files']:,} files, {result['raw'] / 1e9:.2f} GB:"
          f" {ratio:.2f} x tar | zstd -3 -T0 + fsync{f' (limit {limit})' if limit else ''}, packing alone"
          f" {statistics.median(packs):.2f} x; stored {stored:.3f} x; RSS {max(rss) / 1024:.0f} MiB"
          f" (limit {LIMIT_RSS_KB // 1024})")
    return good


def main():
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    good = compare("w1", scale, pairs, LIMIT)
    # Small files hashed one by one: tar | zstd hashes nothing, so this has no limit but its memory.
    good = compare("w2", scale, max(1, pairs // 2), None) and good
    good = compare("w3", scale / 4, max(1, pairs // 2), None) and good
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
