#!/usr/bin/python3
"""T11: one of a hundred jobs always crashes, hangs or eats memory; the others do not notice."""
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import SLOW, Home, main, make_sqlite, test, wait_until  # noqa: E402

JOBS, ENVIRONMENTS = 100, 4
CONF = 'lease = "2s"\npoll = "10ms"\nworker_parallel = 4\n'


def fill(home):
    """A hundred jobs; gives the one that is to be poison."""
    jobs = []
    for i in range(ENVIRONMENTS):
        path = os.path.join(home.home, f"app{i}.db")
        make_sqlite(path, 20)
        home.service(f"shop/e{i}", "database", "sqlite", path=path)
        jobs += [job for _, job in home.request(f"shop/e{i}", JOBS // ENVIRONMENTS)]
    return jobs[JOBS // 3]


def run(home, action, conf_limit=60):
    bad = fill(home)
    home.start_worker({"LAZARETTE_FAULT": f"job.begin.j{bad}:{action}:1"})
    home.wait_all(conf_limit)
    rest = home.sql("SELECT state, count(*) AS n FROM job WHERE id <> ? GROUP BY state", bad)
    assert [(r["state"], r["n"]) for r in rest] == [("succeeded", JOBS - 1)], rest
    row = home.job(bad)
    print(f"# {action}: 99 of 99 done; the poison: {row['state']}, {row['deaths']} deaths, {row['error']}")
    assert row["state"] == "failed"
    home.must_be_whole()
    return row


@test("T11", "a job that always crashes is failed as poisoned after three deaths; 99 of 99 others are done")
def crash():
    with Home(CONF) as home:
        row = run(home, "abort")
        assert row["deaths"] == 3 and "poison" in row["error"] and "signal 6" in row["error"], dict(row)


@test("T11", "a job that eats memory dies of its own limit and is failed as poisoned")
def memory():
    with Home(CONF) as home:
        row = run(home, "eat")
        assert row["deaths"] == 3 and "poison" in row["error"], dict(row)


@test("T11 PEER-17", "a job that hangs is stopped within its limit and five seconds")
def hang():
    with Home(CONF + 'stall = "1s"\n') as home:
        row = run(home, "sleep")
        took = row["finished_at"] - row["started_at"]
        print(f"# stopped after {took} ms with a limit of 1000 ms")
        assert "stalled" in row["error"] and row["deaths"] == 0, dict(row)
        assert took <= (1000 + 5000) * SLOW


@test("T11", "control: without the count of deaths the poison never ends")
def without_the_rule():
    with Home(CONF, {"LAZARETTE_FAULT_CONTROL": "immortal"}) as home:
        bad = fill(home)
        home.start_worker({"LAZARETTE_FAULT": f"job.begin.j{bad}:abort:1"})
        wait_until("the others to be done", lambda: home.unfinished() == 1, 60)
        before = home.job(bad)["fence"]
        time.sleep(1)
        row = home.job(bad)
        print(f"# after {row['fence']} tries it is {row['state']}")
        assert row["state"] != "failed" and row["fence"] > before and row["fence"] > 3


if __name__ == "__main__":
    main()
