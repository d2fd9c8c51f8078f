#!/usr/bin/python3
"""failures_test.py: tools that lie, hang and die, storages that are full: red is red, and nothing half-written stays."""
import contextlib
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import VARIANT, Skip, main, test, wait_until  # noqa: E402
from pg import newest_bin  # noqa: E402
from shop import LIVE, shop  # noqa: E402

# How long a hanging tool sleeps: a number of this run, by which its processes are found.
NAP = str(10**9 + os.getpid())

TOOL = """#!/bin/sh
# Stands before pg_dump; the file "mode" beside it says how to lie.
for word in "$@"; do
	case $word in -V|--version) exec {real} --version ;; esac
done
mode=$(cat "${{0%/*}}/mode")
case $mode in
honest) exec {real} "$@" ;;
exit3) {real} "$@"; echo "pg_dump: error: the tool gave up <b>here</b>" >&2; exit 3 ;;
nothing) exit 0 ;;
truncated) {real} "$@" | head -c 900; exit 0 ;;
garbage) head -c 100000 /dev/zero; exit 0 ;;
killed) kill -9 $$ ;;
noisy) i=0; while [ $i -lt 5000 ]; do echo "line $i of many" >&2; i=$((i + 1)); done; exec {real} "$@" ;;
hang) {real} "$@" | head -c 900; sleep {nap} & sleep {nap} ;;
freeze) {real} "$@" | head -c 900; exec sleep {nap} ;;
esac
"""


@contextlib.contextmanager
def lying_shop():
    tools = tempfile.mkdtemp(prefix="lz-tools-", dir="/tmp")
    with open(tools + "/pg_dump", "w") as f:
        f.write(TOOL.format(real=os.path.join(newest_bin(), "pg_dump"), nap=NAP))
    os.chmod(tools + "/pg_dump", 0o755)
    os.chmod(tools, 0o755)
    try:
        with shop(conf='stall = "10s"\nlease = "2s"\n', env={"LAZARETTE_TOOLS": tools}) as s:
            s.tools = tools
            mode(s, "honest")
            s.good = s.backup(LIVE)["id"]
            yield s
    finally:
        for path in glob.glob(tools + "/*"):
            os.unlink(path)
        os.rmdir(tools)


def mode(s, word):
    with open(s.tools + "/mode", "w") as f:
        f.write(word)


def stored(s):
    """Every object with the time of its last change."""
    found = {}
    for o in s.objects():
        with contextlib.suppress(FileNotFoundError):      # a temporary file that goes just now
            found[o] = os.stat(os.path.join(s.home, "store", o)).st_mtime_ns
    return found


def settled(s, before):
    """What a job left when it was killed goes at once, in a sweep of its own."""
    wait_until("the storage to be as it was", lambda: stored(s) == before, 40)


def fails(s, words, services=("database",), timeout=120):
    """A backup that must fail with these words: nothing of it stays, what was there before is as it was."""
    before = stored(s)
    number, job = s.create_backup(LIVE, list(services))
    row = s.wait_job(job, "failed", timeout)
    assert re.search(words, row["error"]), row["error"]
    assert s.sql1("SELECT state FROM backup WHERE id = ?", number) == "failed"
    settled(s, before)
    page = s.browser.get(f"/b/b{number}")
    assert "Failed" in page.words and "<b>here</b>" not in page.text
    listed = s.browser.get(f"/p/{LIVE}/backups?state=ready")
    assert f"/b/b{number}\"" not in listed.text and f"/b/b{s.good}" in listed.text
    s.doctor()
    return row


@test("PEER-1", "a pg_dump that ends with exit code 3 after a whole dump: failed, with its words and its code")
def exit_three(s):
    mode(s, "exit3")
    row = fails(s, "the tool gave up")
    assert row["exit_code"] == 3 and "3" in row["error"], row
    page = s.browser.get(f"/j/j{row['id']}")
    assert "the tool gave up" in page.words and "3" in page.words


@test("PEER-1", "a pg_dump that writes nothing and says it is fine: failed")
def nothing(s):
    mode(s, "nothing")
    fails(s, "empty|nothing|no bytes|no data")


@test("PEER-1", "a pg_dump that is cut short and says it is fine: failed")
def truncated(s):
    mode(s, "truncated")
    fails(s, ".")


@test("PEER-1", "a pg_dump that writes something else: failed")
def garbage(s):
    mode(s, "garbage")
    fails(s, ".")


@test("PEER-1", "a pg_dump that is killed: failed, and the signal is named")
def killed(s):
    mode(s, "killed")
    fails(s, "signal 9|killed", services=("database", "sqlite", "media"))


@test("PEER-1", "control: the same tool, honest, makes a backup that is ready")
def honest(s):
    mode(s, "honest")
    s.backup(LIVE, ["database"])
    s.doctor()


@test("CYC-14", "what the tool says on stderr is kept, bounded, and shown as text")
def noisy(s):
    mode(s, "noisy")
    number, job = s.create_backup(LIVE, ["database"])
    s.wait_job(job, "succeeded")
    mode(s, "honest")
    count = s.sql1("SELECT count(*) FROM job_log WHERE job = ?", job)
    assert 1000 < count <= 2001, count
    page = s.browser.get(f"/j/j{job}")
    assert "of many" in page.words and page.text.count("of many") <= 210
    assert "line 0 of many" in s.browser.get(f"/j/j{job}/log").text


def tool_processes():
    found = []
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError), open(path) as f:
            if NAP in f.read():
                found.append(int(path.split("/")[2]))
    return found


@test("PEER-17", "a tool that gives no bytes is stopped by the stall rule, with everything it started")
def stall(s):
    mode(s, "hang")
    fails(s, r"stalled: no bytes for 10")
    wait_until("the tool's children to be gone", lambda: not tool_processes(), 10)
    mode(s, "honest")


@test("PEER-17", "cancel ends the whole process group, and nothing stays")
def cancel(s):
    mode(s, "hang")
    before = stored(s)
    number, job = s.create_backup(LIVE, ["database"])
    wait_until("the tool to hang", tool_processes)
    form = s.browser.get(f"/j/j{job}").form("/cancel")
    s.must(s.browser.submit(form, f"/j/j{job}"))
    s.wait_job(job, "cancelled")
    wait_until("the tool's children to be gone", lambda: not tool_processes(), 10)
    assert s.sql1("SELECT state FROM backup WHERE id = ?", number) == "failed"
    settled(s, before)
    mode(s, "honest")
    s.doctor()


@test("PEER-17 T07", "a worker that is killed leaves no tool behind, and the next one cleans up and finishes the job")
def crash(s):
    mode(s, "freeze")
    number, job = s.create_backup(LIVE, ["database"])
    wait_until("the tool to hang", tool_processes)
    s.kill("worker")
    wait_until("the tool to die with its worker", lambda: not tool_processes(), 10)
    mode(s, "honest")
    s.start_worker()
    s.wait_job(job, "succeeded")
    assert s.sql1("SELECT count(*) FROM part WHERE backup = ? AND state = 'ready'", number) == 1
    wait_until("temporary files to go", lambda: not [o for o in s.objects() if o.endswith(".tmp")])
    s.doctor()


def children_of(parent):
    """By the parent's number: a job lets nobody but root read its environment."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        with contextlib.suppress(OSError), open(path) as f:
            if int(f.read().rsplit(")", 1)[1].split()[1]) == parent:
                found.append(int(path.split("/")[2]))
    return found


@test("PEER-20", "a job with a file of 512 MB takes less than 64 MiB of memory")
def memory(s):
    if VARIANT != "test":
        raise Skip("memory under a sanitizer says nothing")
    big = os.path.join(s.content, "media/big.bin")
    block = os.urandom(1 << 20)
    with open(big, "wb") as f:
        for i in range(512):
            f.write(block if i % 2 else b"%0512d" % i * 2048)
    number, job = s.create_backup(LIVE, ["media"])
    peak = 0
    while s.sql1("SELECT state FROM job WHERE id = ?", job) in ("queued", "running"):
        for pid in children_of(s.running["worker"].pid):
            with contextlib.suppress(OSError, StopIteration):
                with open(f"/proc/{pid}/cmdline") as f:
                    if "--job" not in f.read():
                        continue
                with open(f"/proc/{pid}/status") as f:
                    peak = max(peak, int(next(x for x in f if x.startswith("VmHWM")).split()[1]))
        time.sleep(0.02)
    os.unlink(big)
    s.wait_job(job, "succeeded")
    assert s.sql1("SELECT raw_bytes FROM backup WHERE id = ?", number) > 512 << 20
    print(f"# peak of the job's memory: {peak / 1024:.1f} MiB")
    assert 1024 < peak < 64 << 10, f"{peak} KiB"


@test("T19 T20", "a storage without room, or inodes, fails the job with the numbers, pages work, and the next run needs no hand")
def full(s):
    store = os.path.join(s.home, "store")
    if os.geteuid() != 0:
        raise Skip("only root can mount a small tmpfs")
    # The estimate for the next one is that of the last one; of files nobody knows what will be new.
    s.backup(LIVE, ["database"])
    s.stop_one("worker")
    keep = store + ".keep"
    os.rename(store, keep)
    os.mkdir(store)
    used = sum(os.path.getsize(os.path.join(d, f)) for d, _, names in os.walk(keep) for f in names)
    size = f"size={used + (24 << 20)},mode=0755"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", store]).returncode != 0:
        os.rmdir(store)
        os.rename(keep, store)
        s.start_worker()
        raise Skip("mounting is not allowed here")
    try:
        subprocess.run(["cp", "-a", keep + "/.", store], check=True)
        s.start_worker()
        filler = os.path.join(store, "filler")
        room = os.statvfs(store)
        with open(filler, "wb") as f:
            f.write(b"\0" * max(0, room.f_bavail * room.f_bsize - (1 << 20)))
        number, job = s.create_backup(LIVE, ["database"])
        row = s.wait_job(job, "failed")
        assert re.search(r"storage \*?main\*? is full: needs about .*, has ", row["error"]), row["error"]
        for path in ("/", f"/p/{LIVE}/backups", f"/b/b{number}", f"/j/j{job}"):
            assert s.browser.get(path).status == 200, path
        os.unlink(filler)
        s.backup(LIVE, ["media"])
        room = os.statvfs(store)
        subprocess.run(["mount", "-o", f"remount,nr_inodes={room.f_files - room.f_ffree}", store], check=True)
        _, job = s.create_backup(LIVE, ["media"])
        s.wait_job(job, "failed")
        words = s.must(s.browser.get(f"/j/j{job}")).words
        assert "storage main has no free inodes: " in words and "Remove files there" in words, words
        subprocess.run(["mount", "-o", "remount,nr_inodes=100000", store], check=True)
        s.backup(LIVE, ["media"])
        s.doctor()
    finally:
        s.stop_one("worker")
        subprocess.run(["cp", "-a", store + "/.", keep], check=True)
        subprocess.run(["umount", store], check=True)
        os.rmdir(store)
        os.rename(keep, store)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(os.path.join(store, "filler"))
        s.start_worker()


@test("", "a worker that has not reported for a minute is told on the page; a fresh one is not")
def silent(s):
    assert "worker has not reported" not in s.browser.get(f"/p/{LIVE}/backups").words
    s.stop_one("worker")
    s.stop_one("web")
    s.start_web({"LAZARETTE_CLOCK_SKEW": "240000"})
    words = s.browser.get(f"/p/{LIVE}/backups").words
    assert re.search(r"worker has not reported for \d", words), words[:600]
    s.stop_one("web")
    s.start_web()
    s.start_worker()


if __name__ == "__main__":
    main(lying_shop)
