#!/usr/bin/python3
"""T31: workers are killed while they restore; the target is wholly old or wholly new at every moment."""
import collections
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from restore_home import WHERE, Cluster, Shop  # noqa: E402
from worker_home import ENDED, SLOW, Budget, main, test, wait_until  # noqa: E402

CONTROL_KILLS, KILLS = 60, 200
LOTS = {"PostgreSQL": ["ledger"], "SQLite": ["database"], "files": ["media"], "all together": []}
LOSSES = 12                                   # of the 25 that are allowed
CONF = 'lease = "400ms"\npoll = "10ms"\n'


def two_backups(shop):
    """Backups of the versions 1 and 2; the target shows 2."""
    worker = shop.start_worker()
    first = shop.backup()
    shop.write(2)
    second = shop.backup()
    return worker, {1: first, 2: second}


def under_way(shop, job, fence):
    """Wait until a worker has claimed the job once more; None when it has ended."""
    end = time.monotonic() + 60 * SLOW
    while time.monotonic() < end:
        row = shop.job(job)
        if row["state"] in ENDED:
            return None
        if row["state"] == "running" and row["fence"] > fence:
            return row["fence"]
        time.sleep(0.003)
    raise AssertionError(f"nobody claims j{job}")


def killed_to_the_end(shop, worker, job, most, moments):
    """Kill the worker again and again while it is at the job, until that has ended; every moment is looked at.

    Gives the worker that lives, and how many kills met the job under way."""
    fence, met = 0, 0
    while (fence := under_way(shop, job, fence)) is not None:
        if shop.job(job)["losses"] >= LOSSES:
            shop.wait_job(job, 120)
            break
        time.sleep(random.uniform(0, most))
        shop.kill(worker)
        assert not shop.left_over(5), "a process of the killed worker lives on"
        met += shop.job(job)["state"] == "running"
        moments.append(shop.seen())
        worker = shop.start_worker()
    row = shop.job(job)
    assert row["state"] == "succeeded", f"{row['error']}\n{shop.log_of(job)}"
    return worker, met


class Lot:
    """The backups of one service, or of all, in two versions; how long an undisturbed restore takes; the kills so far."""

    def __init__(self, shop, slugs):
        self.slugs, self.backups, self.kills, self.restores = slugs, {}, 0, 0
        for version in (1, 2):
            shop.write(version)
            number, job = shop.request(WHERE, 1, *slugs)[0]
            assert shop.wait_job(job)["state"] == "succeeded"
            self.backups[version] = number

    def measure(self, shop):
        job = shop.confirm(shop.draft(self.backups[2]))
        row = shop.ended_well(job)
        self.most = (row["finished_at"] - row["started_at"]) / 1000 * 1.1 + 0.01

    def restore(self, shop, worker, moments):
        """Another version than there is, killed meanwhile; at its end that one is there."""
        version = 3 - int(shop.seen()[self.slugs[0] if self.slugs else "ledger"])
        job = shop.confirm(shop.draft(self.backups[version]))
        worker, met = killed_to_the_end(shop, worker, job, self.most, moments)
        self.kills += met
        self.restores += 1
        seen = shop.seen()
        assert all(seen[slug] == str(version) for slug in self.slugs or seen), seen
        return worker


@test("T31 NEW-2", "a worker is killed up to 200 times while it restores PostgreSQL, as often SQLite, and files: never a mixture, "
      "each restore ends")
def kills_leave_old_or_new():
    with Cluster() as pg, Shop(CONF, pg=pg) as shop:
        worker = shop.start_worker()
        lots = {name: Lot(shop, slugs) for name, slugs in LOTS.items()}
        for lot in lots.values():
            lot.measure(shop)
        moments, began, budget, turn = [], time.monotonic(), Budget(KILLS, 12, 45), 0
        alone = [lot for lot in lots.values() if lot.slugs]
        while budget.wants(fewest := min(lot.kills for lot in alone)):
            # The one that was met least often; all together in each fourth turn.
            turn += 1
            lot = lots["all together"] if turn % 4 == 0 else min(alone, key=lambda lot: lot.kills)
            worker = lot.restore(shop, worker, moments)
        mixed = [m for m in moments for v in m.values() if v not in ("1", "2")]
        print(f"# {len(moments)} moments in {time.monotonic() - began:.0f} s, {len(mixed)} mixtures; kills that met a restore "
              "(restores): " + ", ".join(f"{name} {lot.kills} ({lot.restores})" for name, lot in lots.items()))
        assert not mixed, mixed[:3]
        assert fewest >= (KILLS if os.environ.get("ALL") else 12)
        shop.must_be_whole()


# -- the server of the target -------------------------------------------------------------------------------------

def seen_in_pg(shop):
    """Also of a target that is not there, or has no table."""
    try:
        return shop.seen_pg()
    except (RuntimeError, ValueError) as e:
        return f"broken: {e}"


def server_dies(shop, pg, worker, job, state, most):
    """Kill the postmaster once the job is so far; whether that met the job, and the version when the server runs again.

    The worker stands still meanwhile, only its job goes on: else it tidies up before the server is back, and that in vain.
    """
    if state:
        end = time.monotonic() + 60 * SLOW
        while (shop.sql1("SELECT state FROM restore_part ORDER BY id DESC LIMIT 1") != state
               and shop.job(job)["state"] not in ENDED and time.monotonic() < end):
            time.sleep(0.002)
    else:
        under_way(shop, job, 0)
    time.sleep(random.uniform(0, most))
    worker.send_signal(signal.SIGSTOP)
    met = shop.job(job)["state"] not in ENDED
    pg.kill()
    pg.start()
    seen = seen_in_pg(shop)
    worker.send_signal(signal.SIGCONT)
    return met, seen


UNSETTLED = ("SELECT count(*) FROM restore r JOIN restore_part x ON x.restore = r.id WHERE r.tidied_at = 0 AND "
             "(r.state = 'failed' OR x.state = 'swapping')")


def put_right(shop, worker):
    """What a failed job left halfway is settled by the next sweep, which a worker that begins does at once."""
    if not shop.sql1(UNSETTLED):
        return worker
    shop.kill(worker)
    worker = shop.start_worker()
    wait_until("what was left halfway to be put right", lambda: not shop.sql1(UNSETTLED), 120)
    return worker


@test("T31", "the server of the target is killed while a restore builds, switches and switches back: wholly old or wholly new, "
      "each job ends, nothing is left")
def server_killed():
    with Cluster() as pg, Shop('poll = "10ms"\n', pg=pg) as shop:
        worker = shop.start_worker()
        lot = Lot(shop, ["ledger"])
        lot.measure(shop)
        now, met, ends, budget = 2, collections.Counter(), collections.Counter(), Budget(60, 12, 30)
        while budget.wants(sum(met.values())):
            act = ("build", "switch", "back")[budget_turn(met)]
            restore = shop.draft(lot.backups[3 - now])
            job = shop.confirm(restore)
            if act == "back":
                shop.ended_well(job)
                now = 3 - now
                job = take_back(shop, restore)
            hit, seen = server_dies(shop, pg, worker, job, {"switch": "swapping"}.get(act),
                                    lot.most if act == "build" else lot.most / 4)
            assert seen in ("1", "2"), f"{act}: {seen}"
            met[act] += hit
            row = shop.wait_job(job, 180)
            worker = put_right(shop, worker)
            shop.wait_all(180)
            ends[f"{act} {row['state']}"] += 1
            after = seen_in_pg(shop)
            # A way back that failed is settled either way.
            allowed = [3 - now] if row["state"] == "succeeded" else [1, 2] if act == "back" else [now]
            assert after in map(str, allowed), \
                f"{act} {row['state']} ({row['error']}): {after}, it was {now}\n{shop.log_of(job)}"
            now = int(after)
        print(f"# kills that met the job: {dict(met)}; {dict(ends)}")
        shop.must_be_whole()


def take_back(shop, restore):
    """Its undo, once what tidies up behind an earlier one is out of the way."""
    def ask():
        try:
            return int(shop.tool("undo", restore)[0][0])
        except AssertionError as refusal:
            assert "wait for it" in str(refusal), refusal
            return None
    return wait_until("the way to be free", ask)


def budget_turn(met):
    """The act that was met least often."""
    return min(range(3), key=lambda i: met[("build", "switch", "back")[i]])


@test("T31", "control: pg_restore into the target itself leaves a mixture when the server is killed")
def server_killed_in_place():
    with Cluster() as pg, Shop(CONF, pg=pg) as shop:
        shop.start_worker()
        lot = Lot(shop, ["ledger"])
        key = shop.sql1("SELECT data_key FROM part WHERE backup = ?", lot.backups[1])
        script = f"zstd -dcq '{shop.home}/store/{key}' | '{pg.bin}/pg_restore' --clean --if-exists -f -"
        sql = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout
        first, mixed = sql.index(b"\nCOPY "), 0
        last = sql.index(b"\n\\.\n", first)
        for _ in range(5):
            shop.write(2)
            p = subprocess.Popen([os.path.join(pg.bin, "psql"), "-Xq"], env=pg.env("ledger"), stdin=subprocess.PIPE,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            p.stdin.write(sql[:random.randrange(first, last)])
            p.stdin.flush()
            time.sleep(0.6)
            pg.kill()
            p.kill()
            p.wait()
            pg.start()
            mixed += seen_in_pg(shop) not in ("1", "2")
        print(f"# {mixed} mixtures seen")
        assert mixed > 0


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


@test("T34 NEW-2", "20 restores (ALL=1: 100), half of them with a safety backup, each undone: every row, file, mode and time is as before")
def undo_brings_back():
    with Cluster() as pg, Shop(CONF, pg=pg) as shop:
        _, backups = two_backups(shop)
        before, i, budget = shop.fingerprint(), 0, Budget(100, 20, 0)
        while budget.wants(i):
            restore = shop.restore(backups[1], *(["safety"] if i % 2 else []))
            assert set(shop.seen().values()) == {"1"}, shop.seen()
            assert shop.fingerprint() != before
            shop.undo(restore)
            after = shop.fingerprint()
            assert after == before, [pair for pair in zip(before, after) if pair[0] != pair[1]][:2]
            i += 1
        print(f"# {i} undone")
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
