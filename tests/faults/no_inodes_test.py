#!/usr/bin/python3
"""T20: a disk without inodes, and one that becomes read-only in the middle, of a backup and of a restore."""
import contextlib
import glob
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True
sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow")]
from harness import Instance  # noqa: E402
from restore_home import Shop  # noqa: E402
from small_disk import Disk, FailingDisk, ended_or_stuck, settled  # noqa: E402
from worker_home import Home, main, make_tree, test, wait_until  # noqa: E402

CONF = 'lease = "2s"\npoll = "10ms"\n'
QUICK = CONF.replace("2s", "400ms")           # what a job has left behind is removed sooner
ENOUGH = 4000
STEPS, DISKS = 20, 4
WHERE = "shop/live"
SAYS_INODES = re.compile(r"has no free inodes: .* though [\d.]+ MB are free. Remove files there")
SAYS_READ_ONLY = re.compile(r"storage main is read-only: .*mount it writable")
SAYS_CATALOGUE = re.compile(r"[cC]atalogue: the folder '[^']+' is read-only: .*mount it writable")
POINTS = ["backup.begun", "pack.mid", "frame.before_write", "publish.before_sync:1", "publish.before_rename:1",
          "publish.after_rename:1", "publish.before_sync:2", "publish.before_rename:2", "publish.after_rename:2",
          "publish.before_sync:3", "publish.before_rename:3", "publish.after_rename:3", "publish.before_sync:4",
          "publish.before_rename:4", "publish.after_rename:4", "backup.after_part", "backup.before_sidecar",
          "sidecar.before_commit", "backup.sidecar_published", "backup.before_finish"]


def works_again(home, faults):
    """No hand touches anything else; gives how long it took."""
    began = time.monotonic()
    home.wait_all(60)
    faults += settled(home)
    home.request(WHERE)
    home.wait_all(60)
    back = time.monotonic() - began
    last = home.sql("SELECT state, error FROM job ORDER BY id DESC LIMIT 1")[0]
    if last["state"] != "succeeded":
        faults.append(f"with the cause gone: {last}")
    faults += settled(home)
    return back


def one_count(disk, media, inodes, env=None):
    """So many inodes are left for a backup; gives how the job ended and what was wrong then."""
    home_path = os.path.join(disk.path, f"home{inodes}")
    os.mkdir(home_path, 0o755)
    disk.set("nr_inodes", ENOUGH)
    with Home(CONF, env, home_path) as home:
        home.service(WHERE, "media", "files", roots=media, excludes="")
        worker = home.start_worker()
        wait_until("the worker's first beat", lambda: home.sql1("SELECT count(*) FROM worker"))
        disk.cut("nr_inodes", disk.inodes, inodes)
        home.request(WHERE)
        row = ended_or_stuck(home, 1, 1)
        faults = [] if home.sql1("SELECT count(*) FROM backup") == 1 else ["the catalogue could not be read"]
        disk.set("nr_inodes", ENOUGH)
        back = works_again(home, faults)
        home.kill(worker, 15)
    subprocess.run(["rm", "-rf", home_path], check=True)
    return row, faults, back


def sweep_inodes(counts, env=None):
    ends, faults, slowest, reasons = {}, [], 0.0, set()
    with Disk(size=64 << 20, nr_inodes=ENOUGH) as disk, tempfile.TemporaryDirectory(prefix="lzd-media-") as media:
        make_tree(media, 16, 4000)
        for inodes in counts:
            row, found, back = one_count(disk, media, inodes, env)
            ends[row["state"]] = ends.get(row["state"], 0) + 1
            faults += [f"{inodes} inodes, {row['state']} ({row['error']}): {f}" for f in found]
            slowest = max(slowest, back)
            if row["state"] == "failed" and not SAYS_INODES.search(row["error"]):
                faults.append(f"{inodes} inodes: says another reason: {row['error']}")
    return ends, faults, slowest


@test("T20", "a disk that has only so many inodes left for a backup, at 20 counts: none is short but complete, and it says why")
def no_inodes():
    ends, faults, slowest = sweep_inodes(range(STEPS))
    print(f"# {STEPS} counts: {ends}; works again within {slowest:.1f} s of inodes; {len(faults)} faults")
    assert ends.get("failed", 0) >= STEPS // 2 and ends.get("succeeded", 0) > 0, ends
    assert not faults, "\n".join(faults[:20])


def one_point(disk, media, point, env=None):
    """The storage becomes read-only at this point of a backup."""
    with Home(QUICK, env) as home:
        store = os.path.join(home.home, "store")
        home.service(WHERE, "media", "files", roots=media, excludes="")
        subprocess.run(["cp", "-a", store + "/.", disk.path], check=True)
        subprocess.run(["rm", "-rf", store], check=True)
        os.symlink(disk.path, store)
        name, _, count = point.partition(":")
        worker = home.start_worker({"LAZARETTE_FAULT": f"{name}:stop:{count or 1}"})
        home.request(WHERE)
        pid, how = home.stopped(worker), "not reached"
        if pid:
            how = disk.fail()
            os.kill(pid, signal.SIGCONT)
        row = ended_or_stuck(home)
        home.kill(worker, 15)
        disk.mend()
        faults = [f"{path} stays for good" for path in home.torn_that_stay(disk.path)]
        home.start_worker()
        back = works_again(home, faults)
    disk.empty()
    return how, row, faults, back


def sweep_points(points, env=None):
    """Several at a time, each on a disk of its own: most of it is waiting for housekeeping."""
    ends, faults, slowest = {}, [], 0.0

    def some(of_mine):
        with FailingDisk() as disk:
            return [(point, *one_point(disk, media, point, env)) for point in of_mine]
    with tempfile.TemporaryDirectory(prefix="lzd-media-") as media, ThreadPoolExecutor(DISKS) as pool:
        make_tree(media, 16, 4000)
        for point, how, row, found, back in itertools.chain(*pool.map(some, [points[n::DISKS] for n in range(DISKS)])):
            ends[how, row["state"]] = ends.get((how, row["state"]), 0) + 1
            faults += [f"{point}, {how}, {row['state']} ({row['error']}): {f}" for f in found]
            slowest = max(slowest, back)
            if row["state"] == "failed" and not SAYS_READ_ONLY.search(row["error"]):
                faults.append(f"{point}: says another reason: {row['error']}")
    return ends, faults, slowest


@test("T20", "a storage that becomes read-only at 20 points of a backup: none is short but complete, and it says why")
def read_only():
    ends, faults, slowest = sweep_points(POINTS)
    print(f"# {len(POINTS)} points: {ends}; works again within {slowest:.1f} s; {len(faults)} faults")
    assert len({how for how, _ in ends} & {"remounted", "failed"}) == 2 and sum(
        n for (_, state), n in ends.items() if state == "failed") >= len(POINTS) // 2, ends
    assert not faults, "\n".join(faults[:20])


@test("T20", "control: a worker that says ready before it publishes is caught on both disks")
def a_liar_is_caught():
    lies = {"LAZARETTE_FAULT_CONTROL": "ready_too_early"}
    for name, faults in (("inodes", sweep_inodes((8, 10), lies)[1]), ("read-only", sweep_points(POINTS[-4:-2], lies)[1])):
        print(f"# {name}: {len(faults)} faults seen, the first: {faults[:1]}")
        assert any("missing" in f or "bytes" in f for f in faults), name


@test("T20", "the disk of the catalogue becomes read-only during a backup: it is said, and all goes well once it is mended")
def no_catalogue():
    with FailingDisk(48 << 20) as disk, tempfile.TemporaryDirectory(prefix="lzd-media-") as media:
        make_tree(media, 16, 4000)
        for point in ("backup.begun", "publish.after_rename", "backup.before_finish"):
            home_path = os.path.join(disk.path, point)
            os.mkdir(home_path, 0o755)
            with Home(QUICK, None, home_path) as home:
                home.service(WHERE, "media", "files", roots=media, excludes="")
                subprocess.run(["sync", "-f", disk.path], check=True)
                worker = home.start_worker({"LAZARETTE_FAULT": f"{point}:stop"})
                home.request(WHERE)
                pid = home.stopped(worker)
                assert pid and disk.fail() == "failed"
                os.kill(pid, signal.SIGCONT)
                row = ended_or_stuck(home, 1, 1)
                assert row["state"] == "waiting for room" and home.sql1("SELECT count(*) FROM backup") == 1, row
                try:
                    home.request(WHERE)
                    raise AssertionError(f"{point}: a request was written to a disk that is read-only")
                except AssertionError as why:
                    assert SAYS_CATALOGUE.search(str(why)), why
                home.kill(worker)
                for left in home.left_over(0):
                    with contextlib.suppress(OSError):
                        os.kill(left, signal.SIGKILL)
                assert not home.left_over(2)
                log = home.log_text()
                assert "the catalogue's disk is full or failing" in log and len(log.splitlines()) < 40, f"{point}: {log[:4000]}"
                disk.mend()
                home.start_worker()
                faults = home.torn_that_stay(os.path.join(home_path, "store"))
                works_again(home, faults)
                assert not faults, f"{point}: {faults}"
            disk.empty()


def adds_a_project(s, slug):
    form = s.must(s.browser.get("/projects/new")).form(field="slug").fill(name=slug, slug=slug)
    return s.browser.submit(form, "/projects/new")


def web_on_a_mended_disk(control):
    """A console whose web part started while the catalogue could only be read. Gives what it says once it can."""
    with Disk(size=64 << 20) as disk, Instance() as s:
        for name in ("worker", "web"):
            s.stop_one(name)
        for path in glob.glob(s.home + "/catalog.db*"):
            shutil.move(path, disk.path)
        s.configure(f'catalog = "{disk.path}/catalog.db"\nweb_processes = 2\n')
        disk.let("ro")
        s.start_web({"LAZARETTE_FAULT_CONTROL": control})
        while_ro = adds_a_project(s, "first")
        assert while_ro.status == 503 and SAYS_CATALOGUE.search(while_ro.words), while_ro.words[:600]
        disk.let("rw")
        return [adds_a_project(s, f"p{i}").status for i in range(4)]


@test("T20", "a web part that started while the disk of the catalogue was read-only writes once it is mended, without a restart")
def web_recovers():
    assert web_on_a_mended_disk("") == [200] * 4


@test("T20", "control: a web part that keeps the connection it has goes on refusing")
def web_without_it():
    assert web_on_a_mended_disk("web.outlived") == [503] * 4


class AwayShop(Shop):
    """Its targets lie on a disk of their own."""

    def __init__(self, disk, conf=CONF):
        super().__init__(conf)
        self.data = os.path.join(disk.path, "data")
        self.root, self.db = os.path.join(self.data, "media"), os.path.join(self.data, "app.db")

    def beside(self):
        return sorted(n for n in os.listdir(self.data) if n not in ("media", "app.db", "app.db-wal", "app.db-shm"))


@test("T20", "restores into a target that has only so many inodes left, at 20 counts: it stays as it was, and it says why")
def a_target_without_inodes():
    with Disk(size=64 << 20, nr_inodes=ENOUGH) as disk, AwayShop(disk) as shop:
        shop.start_worker()
        first, failed, began = shop.backup(), 0, time.monotonic()
        shop.write(2)
        before = shop.fingerprint()
        for inodes in range(0, STEPS * 16, 16):
            draft = shop.draft(first)
            disk.cut("nr_inodes", disk.inodes, inodes)
            row = shop.wait_job(shop.confirm(draft))
            disk.set("nr_inodes", ENOUGH)
            assert row["state"] == "failed" and SAYS_INODES.search(row["error"]), f"{inodes}: {row['state']} {row['error']}"
            assert shop.fingerprint() == before, f"{inodes}: {shop.seen()}"
            wait_until("what was made beside the target to go", lambda: not shop.beside(), 10)
            failed += 1
        shop.restore(first)
        assert shop.seen() == {"media": "1", "database": "1"}, shop.seen()
        print(f"# {failed} restores failed and changed nothing, the next did what it should; {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
