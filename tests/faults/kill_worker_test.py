#!/usr/bin/python3
"""T01: workers are killed at random while they back up; nothing is lost, doubled or half."""
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import Budget, Home, main, make_sqlite, make_tree, test  # noqa: E402

WORKERS, ENVIRONMENTS, AHEAD = 4, 6, 30
LOSSES = 15                                   # of the 25 that are allowed
CONF = 'lease = "400ms"\npoll = "10ms"\nworker_parallel = 2\n'


def fill(home):
    for i in range(ENVIRONMENTS):
        data = os.path.join(home.home, f"data{i}")
        make_tree(os.path.join(data, "media"), 8)
        make_sqlite(os.path.join(data, "app.db"), 100)
        home.service(f"shop/e{i}", "database", "sqlite", path=os.path.join(data, "app.db"))
        home.service(f"shop/e{i}", "media", "files", roots=os.path.join(data, "media"), excludes="")


def rest(home):
    """A job that has lost its worker too often is given up by rule; on a slow machine the storm pauses before that."""
    while (home.sql1("SELECT max(losses) FROM job WHERE state NOT IN ('succeeded', 'failed')") or 0) > LOSSES:
        time.sleep(0.2)


def storm(home, budget):
    """Kill one of the workers every 2 to 20 ms and start another; keep the queue filled. Gives the kills and the jobs."""
    workers = [home.start_worker() for _ in range(WORKERS)]
    kills, jobs = 0, []
    while budget.wants(kills):
        if kills % 10 == 0 and home.unfinished() < AHEAD:
            for i in range(ENVIRONMENTS):
                jobs += [job for _, job in home.request(f"shop/e{i}", 2)]
        if kills % 10 == 0:
            rest(home)
        time.sleep(random.uniform(0.002, 0.020))
        victim = random.randrange(WORKERS)
        home.kill(workers[victim])
        workers[victim] = home.start_worker()
        kills += 1
    return kills, jobs


@test("T01", "up to 1,000 kills of a worker: every job succeeds once, nothing half is listed, nothing is left behind")
def kills_lose_nothing():
    with Home(CONF, keys=True) as home:            # encrypted and signed: more that must come in its order
        fill(home)
        began = time.monotonic()
        kills, jobs = storm(home, Budget(1000, 200, 60))
        stormed = time.monotonic() - began
        home.wait_all(180)
        states = home.sql("SELECT state, count(*) AS n, sum(losses) AS losses, max(losses) AS worst, "
                          "sum(deaths) AS deaths FROM job GROUP BY state")
        print(f"# {kills} kills in {stormed:.1f} s, {len(jobs)} jobs in {time.monotonic() - began:.1f} s: {states}")
        assert [s["state"] for s in states] == ["succeeded"], states
        assert states[0]["n"] == len(jobs) and states[0]["losses"] > 0, states
        home.must_be_whole()


@test("T01", "control: a worker that says ready before it publishes is caught")
def a_lying_worker_is_caught():
    with Home(CONF, {"LAZARETTE_FAULT_CONTROL": "ready_too_early"}) as home:
        fill(home)
        storm(home, Budget(150, 60, 20))
        time.sleep(1)
        found = [f for f in home.faults() if "missing" in f or "differs" in f or "has" in f]
        print(f"# {len(found)} faults seen, the first: {found[:1]}")
        assert found


if __name__ == "__main__":
    main()
