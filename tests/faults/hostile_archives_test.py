#!/usr/bin/python3
"""hostile_archives_test.py: T44, T45, T46: archives that lead out, bring devices or swell, and somebody who exchanges folders meanwhile."""
import collections
import contextlib
import ctypes
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from archives import BLOCK, FRAME, frames, header, line, manifest, padded, stored  # noqa: E402
from t44_cases import cases  # noqa: E402
from worker_home import ROOT, SLOW, VARIANT, main, test  # noqa: E402

TOOL = os.path.join(ROOT, "build", VARIANT, "bench", "unpack_tree")
SWAPS = 10000 if os.environ.get("ALL") else 2000
MIB = 1 << 20
LIBC = ctypes.CDLL(None, use_errno=True)
Result = collections.namedtuple("Result", "status words seconds rss")


@contextlib.contextmanager
def yard():
    """A folder with an `outside` that must stay as it is, and `out` to extract into."""
    path = tempfile.mkdtemp(prefix="lzy-", dir="/tmp")
    os.mkdir(os.path.join(path, "outside"))
    with open(os.path.join(path, "outside", "canary"), "w") as f:
        f.write("canary\n")
    os.mkdir(os.path.join(path, "out"), 0o700)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def unpack(path, env=None, start=lambda: None):
    p = subprocess.Popen([TOOL, os.path.join(path, "store"), os.path.join(path, "out")], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=dict(os.environ, **(env or {})))
    start()
    out, words = p.communicate(timeout=60 * SLOW)
    assert p.returncode in (0, 1), f"ended with {p.returncode}: {words[-500:]}"
    said = json.loads(out) if out else {"ms": 0, "rss_kb": 0}
    return Result(p.returncode, words.decode(errors="replace"), said["ms"] / 1000, said["rss_kb"])


def harm(path):
    """What is outside of `out`, or in it and must not be."""
    outside = os.path.join(path, "outside")
    found = [f"{name} outside" for name in os.listdir(outside) if name != "canary"]
    found += [f"{name} beside" for name in os.listdir(path) if name not in ("outside", "out", "store", "archive.tar")]
    canary = os.lstat(os.path.join(outside, "canary"))
    with open(os.path.join(outside, "canary")) as f:
        if f.read() != "canary\n" or canary.st_nlink != 1:
            found.append("the canary was changed or has another name")
    for folder, folders, files in os.walk(os.path.join(path, "out")):
        for name in folders + files:
            st = os.lstat(os.path.join(folder, name))
            if not (stat.S_ISREG(st.st_mode) or stat.S_ISDIR(st.st_mode) or stat.S_ISLNK(st.st_mode)):
                found.append(f"{name} is of kind {stat.S_IFMT(st.st_mode):o}")
            bits = 0o6000 if stat.S_ISDIR(st.st_mode) else 0o7000
            if not stat.S_ISLNK(st.st_mode) and st.st_mode & bits:
                found.append(f"{name} has mode {st.st_mode:o}")
    return found


@test("T44", "more than 60 hostile archives: nothing outside, no device, no set-user-id file, no crash")
def hostile_archives():
    bad, count, refused, told = [], 0, 0, 0
    with yard() as probe:
        names = [c[0] for c in cases(os.path.join(probe, "outside"))]
    for number, name in enumerate(names):
        with yard() as path:
            _, tar, lines = list(cases(os.path.join(path, "outside")))[number]
            stored(tar, lines, os.path.join(path, "store"))
            done = unpack(path)
            bad += [f"{name}: {h}" for h in harm(path)]
            if done.status != 0 and not done.words.strip():
                bad.append(f"{name}: refused without a word")
            if "of mode" in name and done.status == 0:
                told += "is restored with mode" in done.words
            count, refused = count + 1, refused + (done.status != 0)
    assert count >= 60, f"only {count} archives"
    assert not bad, "\n".join(bad[:20])
    assert told >= 8, f"only {told} lost bits were told"
    print(f"# {count} archives, {refused} refused")


@test("T44", "control: GNU tar -P puts some of them outside, with devices and set-user-id bits")
def tar_escapes():
    kinds = collections.Counter()
    with yard() as probe:
        count = len(list(cases(os.path.join(probe, "outside"))))
    for number in range(count):
        with yard() as path:
            _, tar, _ = list(cases(os.path.join(path, "outside")))[number]
            with open(os.path.join(path, "archive.tar"), "wb") as f:
                f.write(tar + b"\0" * 1024)
            subprocess.run(["timeout", "10", "tar", "-xPpf", "../archive.tar"], cwd=os.path.join(path, "out"),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            kinds.update({"outside" if "outside" in h or "canary" in h else "mode" if "mode" in h else "kind"
                          for h in harm(path)})
    assert kinds["outside"] >= 5 and kinds["mode"] >= 5, f"the yard does not notice: {dict(kinds)}"


# -- T45 ----------------------------------------------------------------------------------------------------------

def racing_archive(path, files):
    """Each file in another folder than the one before, so that folders are opened again and again."""
    tar, lines = [], []
    for i in range(files):
        for d in (b"d", b"e"):
            name = b"%s/f%d" % (d, i)
            tar.append(header(name, size=1) + padded(b"x"))
            lines.append(line(name, content=b"x"))
    for d in (b"d", b"e"):
        tar.append(header(d + b"/", kind=b"5", mode=0o755))
        lines.append(line(d, "dir", 0o755))
    stored(b"".join(tar), lines, os.path.join(path, "store"))


def exchange(a, b):
    return LIBC.renameat2(-100, a.encode(), -100, b.encode(), 2) == 0


class Swapper(threading.Thread):
    """Exchanges the folder d with a link that leads outside, as fast as it can."""

    def __init__(self, out, outside):
        super().__init__(daemon=True)
        self.out, self.outside, self.swaps, self.stop = out, outside, 0, False

    def run(self):
        d, link = os.path.join(self.out, "d"), os.path.join(self.out, "link")
        with contextlib.suppress(FileExistsError):
            os.symlink(self.outside, link)
        while not self.stop:
            self.swaps += exchange(d, link)


def race(env=None, wanted=SWAPS, runs=400):
    """Gives how many swaps there were while we extracted, what escaped, and how runs ended."""
    swaps, escaped, ends = 0, 0, collections.Counter()
    with yard() as path:
        outside, out = os.path.join(path, "outside"), os.path.join(path, "out")
        racing_archive(path, 1500)
        for _ in range(runs):
            shutil.rmtree(out)
            os.mkdir(out, 0o700)
            swapper = Swapper(out, outside)
            try:
                done = unpack(path, env, swapper.start)
            finally:
                swapper.stop = True
                swapper.join()
            swaps += swapper.swaps
            escaped += len(os.listdir(outside)) - 1
            ends["whole" if done.status == 0 else "refused"] += 1
            for name in os.listdir(outside):
                if name != "canary":
                    os.unlink(os.path.join(outside, name))
            # A control has shown what it should with the first escape.
            if (swaps >= wanted and sum(ends.values()) >= 20) or (env and escaped):
                break
    return swaps, escaped, ends


@test("T45", "2,000 swaps (ALL=1: 10,000) of a folder and a link while we extract: nothing goes through the link")
def swapped_folders():
    swaps, escaped, ends = race()
    assert swaps >= SWAPS, f"only {swaps} swaps"
    assert escaped == 0, f"{escaped} files were written outside in {swaps} swaps"
    print(f"# {swaps} swaps in {sum(ends.values())} runs: {dict(ends)}")


@test("T45", "control: without openat2's RESOLVE_BENEATH files go through the link")
def swapped_folders_control():
    swaps, escaped, _ = race({"LAZARETTE_FAULT_CONTROL": "beneath.open"})
    assert escaped > 0, f"nothing escaped in {swaps} swaps: the race is not met"


# -- T46 ----------------------------------------------------------------------------------------------------------

def written(path):
    return int(subprocess.run(["du", "-s", "--block-size=1", os.path.join(path, "out")], stdout=subprocess.PIPE,
                              check=True, text=True).stdout.split()[0])


OVERSHOOT, RSS_KB = 64 * MIB, 64 * 1024


def check_bomb(path, declared, words, env=None):
    done = unpack(path, env)
    assert done.status == 1, "it was taken"
    assert words in done.words, f"'{words}' is not in: {done.words[-300:]}"
    assert written(path) <= declared + OVERSHOOT, f"{written(path)} bytes were written, {declared} were declared"
    assert done.seconds <= 5 * SLOW, f"it took {done.seconds} s"
    # The size of the program itself says nothing under a sanitizer.
    if VARIANT != "asan":
        assert done.rss <= RSS_KB, f"RSS {done.rss} kB"


def zeros_frame():
    return subprocess.run(["zstd", "-q", "-c", f"--stream-size={FRAME}"], input=b"\0" * FRAME,
                          stdout=subprocess.PIPE, check=True).stdout


def swelling(path):
    """800 MiB in one member, as its manifest has it; the catalogue knows of 8 MiB."""
    store = os.path.join(path, "store")
    size = 200 * FRAME
    os.mkdir(store)
    with open(os.path.join(store, "pack.tar.zst"), "wb") as f:
        first = header(b"x", size=size) + b"\0" * (FRAME - BLOCK)
        f.write(subprocess.run(["zstd", "-q", "-c", f"--stream-size={FRAME}"], input=first, stdout=subprocess.PIPE,
                               check=True).stdout)
        f.write(zeros_frame() * 200)
    frames(manifest([line(b"x", size=size)]), store, "pack.manifest.zst")


def larger(path):
    size = 128 * MIB
    stored(header(b"x", size=size) + b"\0" * size, [line(b"x", size=1000)], os.path.join(path, "store"))


def crowded(path):
    tar = b"".join(header(b"m%d" % i) for i in range(200000))
    stored(tar, [line(b"m%d" % i) for i in range(10)], os.path.join(path, "store"))


def branching(path):
    names = [b"%d/" % i * 40 + b"x" for i in range(3000)]
    stored(b"".join(header(n) for n in names if len(n) <= 100) + b"".join(
        header(n[-100:].split(b"/", 1)[1], prefix=n[:-len(n[-100:].split(b"/", 1)[1]) - 1]) for n in names
        if len(n) > 100), [line(n) for n in sorted(names, key=lambda n: len(n) > 100)], os.path.join(path, "store"))


def wide(path):
    store = os.path.join(path, "store")
    stored(header(b"x"), [line(b"x")], store)
    with open(os.path.join(store, "pack.tar.zst"), "wb") as f:
        zero = subprocess.Popen(["head", "-c", str(256 * MIB), "/dev/zero"], stdout=subprocess.PIPE)
        subprocess.run(["zstd", "-q", "-c", "--long=28", f"--stream-size={256 * MIB}"], stdin=zero.stdout, stdout=f,
                       check=True)
        zero.wait()


DECLARED, MEMBERS, FOLDERS = 8 * MIB, 10, 4096 + 4 * 512


def folders_in(path):
    return sum(len(folders) for _, folders, _ in os.walk(os.path.join(path, "out")))


@test("T46", "an archive that decodes to more than it should, is stopped there")
def more_than_declared():
    with yard() as path:
        swelling(path)
        check_bomb(path, DECLARED, f"decodes to more than the {DECLARED} bytes", {"LAZARETTE_RAW": str(DECLARED)})


@test("T46", "control: where nobody compares with what is declared, the same archive is written past the bound")
def more_than_declared_control():
    with yard() as path:
        swelling(path)
        done = unpack(path, {"LAZARETTE_RAW": str(DECLARED), "LAZARETTE_FAULT_CONTROL": "unpack.unbounded"})
        assert done.status == 1 and "it should have" in done.words, done.words
        assert written(path) > DECLARED + OVERSHOOT, f"only {written(path)} bytes: the bomb is too small"


@test("T46", "a member that is larger than the manifest declares, is not begun")
def larger_member():
    with yard() as path:
        larger(path)
        check_bomb(path, 0, "'x' has another size than in the manifest")
        assert os.listdir(os.path.join(path, "out")) == []


@test("T46", "200,000 empty members of which ten are declared: ten are made")
def many_members():
    with yard() as path:
        crowded(path)
        check_bomb(path, 10, "'m10' is in the archive but not in its manifest")
        assert len(os.listdir(os.path.join(path, "out"))) <= MEMBERS


@test("T46", "folders that no member stands for are not made without end")
def folders_without_members():
    with yard() as path:
        branching(path)
        done = unpack(path)
        assert done.status == 1 and "folders that are not in the archive" in done.words, done.words
        assert folders_in(path) <= FOLDERS, f"{folders_in(path)} folders were made"


@test("T46", "one frame of a gigabyte, and a window as large, are refused")
def large_frame():
    with yard() as path:
        wide(path)
        done = unpack(path)
        assert done.status == 1 and "a frame is larger than any of ours" in done.words, done.words
        if VARIANT != "asan":
            assert done.rss <= RSS_KB, f"RSS {done.rss} kB"


def vendors_extract(path, most):
    """What zstd and GNU tar make of so many decoded bytes of the same archive. Gives the decoder's RSS in kB."""
    with open(os.path.join(path, "store", "pack.tar.zst"), "rb") as f:
        decoder = subprocess.Popen(["zstd", "-q", "-dc", "--long=28"], stdin=f, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL)
        some = subprocess.Popen(["head", "-c", str(most)], stdin=decoder.stdout, stdout=subprocess.PIPE)
        decoder.stdout.close()
        subprocess.run(["tar", "-C", os.path.join(path, "out"), "-xf", "-"], stdin=some.stdout,
                       stderr=subprocess.DEVNULL, timeout=120 * SLOW, check=False)
        some.stdout.close()
        some.wait()
        _, _, usage = os.wait4(decoder.pid, 0)
        decoder.returncode = 0
    return usage.ru_maxrss


@test("T46", "control: zstd and GNU tar go past the bound with each of them")
def vendors_control():
    beyond = {}
    for make, most in ((swelling, 100 * MIB), (larger, 100 * MIB), (crowded, MIB), (branching, MIB // 4), (wide, 300 * MIB)):
        with yard() as path:
            make(path)
            rss = vendors_extract(path, most)
            beyond[make.__name__] = {
                "swelling": written(path) > DECLARED + OVERSHOOT, "larger": written(path) > OVERSHOOT,
                "crowded": len(os.listdir(os.path.join(path, "out"))) > MEMBERS, "branching": folders_in(path) > FOLDERS,
                "wide": rss > RSS_KB}[make.__name__]
    assert all(beyond.values()), beyond


if __name__ == "__main__":
    main()
