#!/usr/bin/python3
"""engine.py: the archive engine as whole jobs of the worker, from claim to the end in the catalogue: encrypted, each
file hashed, signed, synced, read back and proven; against tar, zstd, openssl, restic and borg, in turn in one run.

engine.py [ROUNDS [SCALE]]: SCALE 0.1 takes a tenth of the files. Caches are dropped for the cold rows, so that it runs
as root; restic and borg are left out where they are not installed. Ends with a table of medians, one row a promise.
"""
import contextlib
import glob
import mmap
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

from again import FIND, change, restic, tar, timed
from archive import LIMIT_RSS_KB, TOP, tree, warm

os.environ["VARIANT"] = "release"
sys.path.insert(0, os.path.join(TOP, "tests", "faults"))
from worker_home import Home  # noqa: E402

DATA = os.path.join(TOP, "build", "bench-data")
# The peers are not nice either.
CONF = f'threads = {min(os.cpu_count(), 4)}\npoll = "20ms"\nnice = 0\nio_class = "none"\n'
BORG = {"BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}


def drop_caches():
    subprocess.run(["sync"], check=True)
    with open("/proc/sys/vm/drop_caches", "w") as f:
        f.write("3")


def warm_memory():
    """What is free was used a moment ago. A virtual machine has to be given other memory first, at half a second a GB: who
    writes first would pay for that, and who comes next would not."""
    block = b"\1" * (1 << 20)
    with mmap.mmap(-1, 3 << 30) as m:
        for at in range(0, len(m), len(block)):
            m[at:at + len(block)] = block


class Rows:
    """Pairs of walls by promise, and what the job processes took of memory."""

    def __init__(self):
        self.pairs, self.rss, self.notes = {}, {}, {}

    def add(self, row, ours, theirs):
        self.pairs.setdefault(row, []).append((ours, theirs))
        print(f"#   {row[0]}: {ours:.2f} s, {row[1]} {theirs:.2f} s", flush=True)

    def table(self):
        missed = 0
        print("| work | against | ours | theirs | ratio | at most | RSS |\n|---|---|---|---|---|---|---|")
        for (work, against, limit), pairs in self.pairs.items():
            ratio = statistics.median(a / b for a, b in pairs)
            rss = self.rss.get(work, 0)
            bad = (limit is not None and ratio > limit) or rss > LIMIT_RSS_KB
            missed += bad
            print(f"| {work} | {against} | {statistics.median(a for a, _ in pairs):.2f} | "
                  f"{statistics.median(b for _, b in pairs):.2f} | {ratio:.2f}{' **missed**' if bad else ''} | "
                  f"{limit or ''} | {f'{rss / 1024:.0f} MiB' if rss else ''} |")
        return missed


class Shop(Home):
    """One environment with a folder; its jobs are timed by the catalogue's own times."""

    def __init__(self, path, rows):
        self.folder = tempfile.mkdtemp(prefix="home.", dir=DATA)
        super().__init__(CONF, path=self.folder, keys=True)
        self.path, self.rows = path, rows

    def __enter__(self):
        super().__enter__()
        self.service("shop/live", "media", "files", roots=self.path, excludes="")
        self.start_worker()
        return self

    def __exit__(self, *args):
        super().__exit__(*args)
        shutil.rmtree(self.folder, ignore_errors=True)

    def watch(self, job):
        """The most memory that a job's process has taken, until it ends; seldom asked, for who asks takes a core's time."""
        most = 0
        while self.job(job)["state"] in ("queued", "running"):
            for pid in self.children(self.workers[0]).values():
                with contextlib.suppress(OSError, StopIteration), open(f"/proc/{pid}/status") as f:
                    most = max(most, next(int(n.split()[1]) for n in f if n.startswith("VmHWM")))
            time.sleep(0.1)
        return most

    def timed_job(self, work, job):
        most = self.watch(job)
        row = self.job(job)
        assert row["state"] == "succeeded", row["error"]
        self.rows.rss[work] = max(self.rows.rss.get(work, 0), most)
        return (row["finished_at"] - row["started_at"]) / 1000

    def back_up(self, work):
        (backup, job), = self.request("shop/live")
        return self.timed_job(work, job), backup

    def prepare(self, form, backup):
        """A download, which is there for nobody afterwards."""
        download, job = map(int, self.tool("download", backup, form)[0])
        wall = self.timed_job(f"prepare {form} W1", job)
        with contextlib.closing(sqlite3.connect(f"{self.home}/catalog.db", timeout=10)) as c, c:
            c.execute("UPDATE download SET state = 'revoked' WHERE id = ?", (download,))
        for left in glob.glob(f"{self.home}/downloads/*"):
            shutil.rmtree(left)
        return wall

    def stored(self, backup):
        part = self.sql("SELECT * FROM part WHERE backup = ?", backup)[0]
        further = self.sql("SELECT sum(stored_bytes) AS n FROM part_pack WHERE part = ? AND key LIKE ?", part["id"],
                           part["data_key"].replace(".tar", "-%.tar"))[0]["n"]
        return part["data_stored_bytes"] + (further or 0) + part["manifest_stored_bytes"]


def tar_zstd(path, out):
    wall = timed(["/bin/bash", "-o", "pipefail", "-c", 'tar -C "$1" -c . | zstd -q -3 -T0 > "$2" && sync "$2"', "bash",
                  path, out])
    return wall, os.path.getsize(out)


def borg_env(folder):
    return {**os.environ, **BORG, "BORG_BASE_DIR": folder + "/borg-base", "BORG_REPO": folder + "/borg"}


def borg_create(folder, path):
    timed(["borg", "init", "-e", "none"], env=borg_env(folder))
    return timed(["borg", "create", "-C", "zstd,3", "::one", path], env=borg_env(folder))


def full(rows, kind, path, cold, limits, rounds):
    """The first backup of a tree. limits: against tar|zstd, restic, borg; None is not asked."""
    work = f"full {kind.upper()} {'cold' if cold else 'warm'}"
    def ready():
        drop_caches() if cold else warm(path)
        warm_memory()

    for _ in range(rounds):
        with Shop(path, rows) as shop, tempfile.TemporaryDirectory(dir=DATA) as folder:
            ready()
            theirs, size = tar_zstd(path, folder + "/all.tar.zst")
            ready()
            ours, backup = shop.back_up(work)
            rows.add((work, "tar \\| zstd -3 -T0", limits[0]), ours, theirs)
            if not cold:
                rows.add((f"stored bytes {kind.upper()} (MB)", "tar \\| zstd -3", 1.02), shop.stored(backup) / 1e6, size / 1e6)
    with tempfile.TemporaryDirectory(dir=DATA) as folder:
        if limits[1] and shutil.which("restic"):
            ready()
            rows.add((work, "restic", limits[1]), ours, restic(folder, path))
        if limits[2] and shutil.which("borg"):
            ready()
            rows.add((work, "borg", limits[2]), ours, borg_create(folder, path))


def again(rows, kind, path, rounds):
    """Unchanged, and one file in a hundred changed."""
    name, rng = kind.upper(), random.Random()
    has_restic = shutil.which("restic") is not None
    with Shop(path, rows) as shop, tempfile.TemporaryDirectory(dir=DATA) as folder:
        warm(path)
        shop.back_up("first")
        tar(folder, path, 0)
        if has_restic:
            restic(folder, path)
        time.sleep(3)             # files that changed a moment ago are read again
        for n in range(rounds):
            if kind == "w2":
                find = timed(["find", path, "-printf", FIND])
                ours = shop.back_up("unchanged W2 warm")[0]
                rows.add(("unchanged W2 warm", "find -printf", 1.5), ours, find)
                if has_restic:
                    rows.add(("unchanged W2 warm", "restic", 0.08), ours, restic(folder, path))
                drop_caches()
                find = timed(["find", path, "-printf", FIND])
                drop_caches()
                rows.add(("unchanged W2 cold", "find -printf", 1.0), shop.back_up("unchanged W2 cold")[0], find)
            change(path, rng)
            theirs, size = tar(folder, path, n + 1)
            ours, backup = shop.back_up(f"1 % changed {name}")
            rows.add((f"1 % changed {name}", "tar -g \\| zstd", 1.5), ours, theirs)
            rows.add((f"added bytes {name} (MB)", "tar -g \\| zstd", 1.1), shop.stored(backup) / 1e6, size / 1e6)
            if has_restic:
                rows.add((f"1 % changed {name}", "restic", 0.12), ours, restic(folder, path))
            time.sleep(3)
            shop.back_up("settle")    # what changed just now is known by its times from here on


@contextlib.contextmanager
def key_away(shop):
    moved = [(p, p + ".away") for p in glob.glob(f"{shop.home}/**/*.identity", recursive=True)]
    assert moved, os.listdir(shop.home)
    for here, away in moved:
        os.rename(here, away)
    yield
    for here, away in moved:
        os.rename(away, here)


def openssl(files):
    return timed(["openssl", "dgst", "-sha256", *files])


def restore_round(rows, shop, backup, folder, plain):
    """Nothing is removed until the end: ext4 is slow to give inodes that were freed a moment ago."""
    work, target = "restore W1 (verified first, built, checked, switched)", tempfile.mkdtemp(dir=folder)
    warm_memory()
    theirs = timed(["/bin/bash", "-o", "pipefail", "-c",
                    'zstd -q -dc "$1" | tar -C "$2" --warning=no-timestamp -xpf - && sync -f "$2"', "bash", plain, target])
    restore, look = map(int, shop.tool("restore", backup, "shop/staging", "replace")[0])
    shop.wait_job(look, 600)
    warm_memory()
    ours = shop.timed_job(work, int(shop.tool("confirm", restore)[0][0]))
    rows.add((work, "zstd -dc \\| tar x, sync", 0.85), ours, theirs)
    return work, ours


def reading(rows, path, rounds):
    """What is there is verified, downloaded and restored."""
    with Shop(path, rows) as shop, tempfile.TemporaryDirectory(dir=DATA) as folder:
        shop.target = folder + "/target"
        os.mkdir(shop.target)
        shop.service("shop/staging", "media", "files", roots=shop.target, excludes="")
        warm(path)
        backup = shop.back_up("first")[1]
        plain = folder + "/all.tar.zst"
        tar_zstd(path, plain)
        objects = [p for k, p in shop.objects().items() if k.endswith((".age", ".zst"))]
        for _ in range(rounds):
            digest = openssl(objects)
            with key_away(shop):
                rows.add(("keyless verify W1", "openssl dgst -sha256", 1.05),
                         shop.timed_job("keyless verify W1", int(shop.tool("verify", backup)[0][0])), digest)
            digest = openssl(objects)
            full_verify = shop.timed_job("full verify W1", int(shop.tool("verify", backup)[0][0]))
            rows.add(("full verify W1", "openssl dgst -sha256", 1.0), full_verify, digest)
            warm_memory()
            copied = timed(["/bin/sh", "-c", 'cat "$@" > "$0" && sync "$0"', folder + "/copy", *objects])
            warm_memory()
            rows.add(("prepare tar.zst W1", "cp, sync", 1.4), shop.prepare("tar.zst", backup), copied)
            os.unlink(folder + "/copy")
            warm_memory()
            decoded = timed(["/bin/sh", "-c", 'zstd -q -dc "$1" > "$0" && sync "$0"', folder + "/copy", plain])
            warm_memory()
            rows.add(("prepare tar W1", "zstd -dc > file, sync", 1.2), shop.prepare("tar", backup), decoded)
            os.unlink(folder + "/copy")
            work, ours = restore_round(rows, shop, backup, folder, plain)
        if shutil.which("restic"):
            restic(folder, path)
            env = {**os.environ, "RESTIC_PASSWORD": "bench", "RESTIC_REPOSITORY": folder + "/restic",
                   "RESTIC_CACHE_DIR": folder + "/cache"}
            rows.add(("full verify W1", "restic check --read-data", 0.28), full_verify,
                     timed(["restic", "check", "--read-data"], env=env))
            rows.add((work, "restic restore", 0.5), ours,
                     timed(["restic", "restore", "latest", "--target", folder + "/out"], env=env))


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    scale = float(sys.argv[2]) if len(sys.argv) > 2 else 1.0
    rows = Rows()
    os.makedirs(DATA, exist_ok=True)
    w1, w2, w3 = tree("w1", scale), tree("w2", scale), tree("w3", scale)
    full(rows, "w1", w1, False, (0.80, 0.33, 0.40), rounds)
    full(rows, "w1", w1, True, (0.85, None, None), rounds)
    full(rows, "w2", w2, False, (1.00, 0.22, None), rounds)
    full(rows, "w2", w2, True, (0.80, None, None), rounds)
    full(rows, "w3", w3, False, (0.88, 0.37, None), max(1, rounds // 2))
    again(rows, "w1", w1, rounds)
    again(rows, "w2", w2, rounds)
    reading(rows, w1, rounds)
    return 1 if rows.table() else 0


if __name__ == "__main__":
    sys.exit(main())
