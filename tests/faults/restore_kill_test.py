#!/usr/bin/python3
"""T31: workers are killed while they restore; the target is wholly old or wholly new at every moment."""
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from restore_home import Cluster, Shop  # noqa: E402
from worker_home import ENDED, Budget, main, test, wait_until  # noqa: E402

CONTROL_KILLS = 60
LOSSES = 12                                   # of the 25 that are allowed
CONF = 'lease = "400ms"\npoll = "10ms"\n'


def two_backups(shop):
    """Backups of the versions 1 and 2; the target shows 2."""
    worker = shop.start_worker()
    first = shop.backup()
    shop.write(2)
    second = shop.backup()
    return worker, {1: first, 2: second}


def killed_to_the_end(shop, worker, job, moments):
    """Kill the worker again and again until the job has ended; every moment is looked at."""
    while shop.job(job)["state"] not in ENDED:
        if shop.job(job)["losses"] < LOSSES:
            time.sleep(random.uniform(0.005, 0.25))
            shop.kill(worker)
            assert not shop.left_over(5), "a process of the killed worker lives on"
            moments.append(shop.seen())
            worker = shop.start_worker()
        else:
            time.sleep(0.1)
    row = shop.job(job)
    assert row["state"] == "succeeded", f"{row['error']}\n{shop.log_of(job)}"
    return worker


@test("T31 NEW-2", "up to 200 kills of a worker that restores PostgreSQL, SQLite and files: never a mixture, each restore ends")
def kills_leave_old_or_new():
    with Cluster() as pg, Shop(CONF, pg=pg) as shop:
        worker, backups = two_backups(shop)
        moments, restores, began, budget = [], 0, time.monotonic(), Budget(200, 50, 90)
        while budget.wants(len(moments)):
            version = 1 + restores % 2
            job = shop.confirm(shop.draft(backups[version]))
            worker = killed_to_the_end(shop, worker, job, moments)
            assert set(shop.seen().values()) == {str(version)}, shop.seen()
            restores += 1
        mixed = [m for m in moments for v in m.values() if v not in ("1", "2")]
        both = sum(len(set(m.values())) > 1 for m in moments)
        print(f"# {len(moments)} kills in {time.monotonic() - began:.1f} s over {restores} restores: {len(mixed)} mixtures;"
              f" {both} moments between the swaps of two services")
        assert not mixed, mixed[:3]
        shop.must_be_whole()


@test("T31", "control: the vendors' tools writing in place, killed, leave mixtures")
def in_place_is_caught():
    with Shop(CONF) as shop:
        _, backups = two_backups(shop)
        keys = {r["service_slug"]: r["data_key"] for r in shop.sql("SELECT * FROM part WHERE backup = ?", backups[1])}
        mixed = 0
        store = os.path.join(shop.home, "store")
        argv = ["sh", "-c", f"zstd -dcq '{store}/{keys['media']}' | tar x -C '{shop.root}'"]
        began = time.monotonic()
        subprocess.run(argv, check=True)
        takes = time.monotonic() - began
        for _ in range(CONTROL_KILLS):
            shop.write(2)
            p = subprocess.Popen(argv, start_new_session=True, stderr=subprocess.DEVNULL)
            time.sleep(random.uniform(0, takes))
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            mixed += shop.seen_files() not in ("1", "2")
            if mixed >= 3:
                break
        print(f"# {mixed} mixtures seen")
        assert mixed > 0


@test("T34 NEW-2", "20 restores with a safety backup, each undone: every row, file, mode and time is as before")
def undo_brings_back():
    with Cluster() as pg, Shop(CONF, pg=pg) as shop:
        _, backups = two_backups(shop)
        before = shop.fingerprint()
        for i in range(20):
            restore = shop.restore(backups[1], *(["safety"] if i % 2 else []))
            assert set(shop.seen().values()) == {"1"}, shop.seen()
            assert shop.fingerprint() != before
            shop.undo(restore)
            after = shop.fingerprint()
            assert after == before, [pair for pair in zip(before, after) if pair[0] != pair[1]][:2]
        shop.must_be_whole()


@test("T31", "a worker that is killed between two swaps is followed by one that goes on where it was")
def between_swaps():
    with Shop(CONF) as shop:
        worker = shop.start_worker()
        first = shop.backup()
        shop.write(2)
        restore = shop.draft(first)
        shop.kill(worker)
        worker = shop.start_worker({"LAZARETTE_FAULT": "restore.between_swaps:stop:1"})
        job = shop.confirm(restore)
        wait_until("one service to be swapped", lambda: sorted(shop.seen().values()) == ["1", "2"], 60)
        shop.kill(worker)
        assert sorted(shop.seen().values()) == ["1", "2"], shop.seen()
        shop.start_worker()
        assert shop.ended_well(job)["losses"] == 1
        assert set(shop.seen().values()) == {"1"}, shop.seen()
        shop.must_be_whole()


if __name__ == "__main__":
    main()
