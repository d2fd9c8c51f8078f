#!/usr/bin/python3
"""T02: a worker dies at its Nth call that writes, for every tenth or 25th N, in a backup and in a restore; the next one mends all."""
import contextlib
import os
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from restore_home import WHERE, Shop  # noqa: E402
from worker_home import ENDED, SLOW, Budget, main, test  # noqa: E402

CALLS = "write,pwrite64,fsync,fdatasync,syncfs,renameat,renameat2,unlinkat,ftruncate"
CONF = 'lease = "400ms"\npoll = "10ms"\n'
ALL = bool(os.environ.get("ALL"))
STEPS = {"backup": 1 if ALL else 10, "restore": 1 if ALL else 25}


def killed(log):
    with contextlib.suppress(OSError), open(log) as f:
        return "killed by SIGKILL" in f.read()
    return False


def struck(shop, number, job):
    """The job under a worker whose threads and children die at their call of that number; whether one did."""
    log = os.path.join(shop.home, f"calls-{number}")
    worker = shop.start_worker(around=["strace", "-f", "-qq", "-e", f"trace={CALLS}", "-e",
                                       f"inject={CALLS}:signal=KILL:when={number}", "-o", log])
    end = time.monotonic() + 30 * SLOW
    while not killed(log) and shop.job(job)["state"] not in ENDED and time.monotonic() < end:
        time.sleep(0.01)
    with contextlib.suppress(OSError):
        os.killpg(worker.pid, signal.SIGKILL)
    shop.kill(worker)
    for pid in shop.left_over(0):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return killed(log)


def ended(shop, job):
    worker = shop.start_worker()
    try:
        shop.ended_well(job)
        shop.wait_all()
    finally:
        shop.kill(worker)


@test("T02", "killed at every tenth writing call of a backup: the next worker mends all, nothing is half")
def a_backup_at_each_call():
    with Shop(CONF) as shop:
        points, strikes, budget = 0, 0, Budget(1000, 12, 12)
        while budget.wants(points):
            _, job = shop.request(WHERE)[0]
            hit = struck(shop, 1 + STEPS["backup"] * points, job)
            ended(shop, job)
            strikes += hit
            points += 1
            if not hit:
                break
        shop.start_worker()
        shop.must_be_whole()
        print(f"# {points} points, {strikes} kills")
        assert strikes >= 10, strikes


@test("T02", "killed at every 25th writing call of a restore: the target is wholly the one or the other, and ends as asked")
def a_restore_at_each_call():
    with Shop(CONF) as shop:
        worker, backups = shop.start_worker(), {}
        for version in (1, 2):
            shop.write(version)
            backups[version] = shop.backup()
        points, strikes, budget = 0, 0, Budget(1000, 12, 12)
        while budget.wants(points):
            want = 1 + points % 2
            draft = shop.draft(backups[want])
            shop.kill(worker)
            job = shop.confirm(draft)
            hit = struck(shop, 1 + STEPS["restore"] * points, job)
            mixed = {k: v for k, v in shop.seen().items() if v not in ("1", "2")}
            assert not mixed, f"after the kill of point {points}: {mixed}"
            ended(shop, job)
            assert set(shop.seen().values()) == {str(want)}, f"asked for {want}: {shop.seen()}"
            worker = shop.start_worker()
            strikes += hit
            points += 1
            if not hit:
                break
        shop.must_be_whole()
        print(f"# {points} points, {strikes} kills")
        assert strikes >= 10, strikes


@test("T02", "control: a worker that says ready before it publishes is caught by a kill at one of its calls")
def a_lying_worker_is_caught():
    with Shop(CONF, {"LAZARETTE_FAULT_CONTROL": "ready_too_early"}) as shop:
        for point in range(60):
            _, job = shop.request(WHERE)[0]
            struck(shop, 1 + STEPS["backup"] * point, job)
            if any("missing" in f or "differs" in f for f in shop.faults()):
                return
        raise AssertionError("sixty kills showed nothing")


if __name__ == "__main__":
    main()
