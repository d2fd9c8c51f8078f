#!/usr/bin/python3
"""T07: a worker is killed while its tools run; none of them outlives it."""
import contextlib
import glob
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import ROOT, Home, main, test, wait_until  # noqa: E402

ROUNDS, SIDE, HOMES = 20, 10, 4
NAP = "98765"                                 # as tests/fake/pg-slow/pg_dump sleeps
CALM = f'lease = "20s"\npoll = "10ms"\nworker_parallel = {SIDE}\n'
CONF = CALM.replace("20s", "800ms")           # a job is taken over soon after its worker died
TOOLS = {"LAZARETTE_TOOLS": os.path.join(ROOT, "tests", "fake", "pg-slow")}


def fill(home):
    for i in range(SIDE):
        home.service(f"shop/e{i}", "database", "postgresql", host="127.0.0.1", port="5432", database="app",
                     user="app", tls="disable")
        home.request(f"shop/e{i}")


def sleepers():
    """The tools that run, whoever started them: pg_dump of tests/fake has become this sleep, and has one below it."""
    return [pid for pid, argv in commands() if argv[:2] == ["sleep", NAP]]


def dumps(home, worker):
    """The tools in the sessions of a worker's jobs; the home remembers the sessions."""
    jobs = set(home.children(worker).values())
    home.sessions |= jobs
    return [pid for pid in sleepers() if os.getsid(pid) in jobs]


def commands():
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            with open(path) as f:
                yield int(path.split("/")[2]), f.read().split("\0")


def one_round(home):
    """Kill a worker under all its dumps; gives how many there were and who is left two seconds later."""
    worker = home.start_worker()
    running = wait_until("the dumps to run", lambda: len(d := dumps(home, worker)) == 2 * SIDE and d, 30)
    home.kill(worker)
    return len(running), home.left_over(2)


@test("T07", "200 dumps whose worker is killed: neither they nor what they started live two seconds later")
def no_orphans():
    began, seen = time.monotonic(), 0
    for _ in range(HOMES):                    # a job that loses its worker 25 times is given up
        with Home(CONF, TOOLS) as home:
            fill(home)
            for _ in range(ROUNDS // HOMES):
                count, left = one_round(home)
                assert not left, left
                seen += count
    print(f"# {seen} processes of dumps orphaned, 0 left, {time.monotonic() - began:.1f} s")
    assert seen >= 2 * ROUNDS * SIDE


@test("T07 PEER-17", "a cancelled job takes its dump with it and leaves nothing in storage")
def cancel_kills_the_group():
    with Home(CALM, TOOLS) as home:
        fill(home)
        worker = home.start_worker()
        wait_until("the dumps to run", lambda: len(dumps(home, worker)) == 2 * SIDE, 30)
        for row in home.sql("SELECT id FROM job"):
            home.tool("cancel", row["id"])
        home.wait_all(30)
        rows = home.sql("SELECT state, error FROM job")
        assert {j["state"] for j in rows} == {"cancelled"}, rows
        wait_until("the dumps to end", lambda: not home.left_over(0, tools_only=True), 10)
        home.must_be_whole()


@test("PEER-17", "a dump that says nothing is stopped by the stall rule, with the phase in the reason")
def a_stall_ends_a_job():
    with Home(CALM + 'stall = "3s"\n', TOOLS) as home:
        fill(home)
        worker = home.start_worker()
        home.wait_all(30)
        errors = {j["error"] for j in home.sql("SELECT error FROM job WHERE state = 'failed'")}
        assert len(errors) == 1 and "stalled: no bytes for 3.0 s while: database: dumping" in errors.pop(), errors
        wait_until("the dumps to end", lambda: not home.left_over(0, tools_only=True), 10)
        home.must_be_whole()


@test("T07", "a worker that is told to stop gives its jobs back without counting a death")
def closing_gives_back():
    with Home(CALM, TOOLS) as home:
        fill(home)
        worker = home.start_worker()
        wait_until("the dumps to run", lambda: len(dumps(home, worker)) == 2 * SIDE, 30)
        assert home.kill(worker, 15) == 0
        assert not home.left_over(2)
        rows = home.sql("SELECT state, deaths, losses FROM job")
        assert {(r["state"], r["deaths"], r["losses"]) for r in rows} == {("queued", 0, 0)}, rows


@test("T07", "control: without the death signal the test finds orphans")
def orphans_are_found():
    with Home(CONF, {**TOOLS, "LAZARETTE_FAULT_CONTROL": "no_deathsig"}) as home:
        fill(home)
        _, left = one_round(home)
        print(f"# {len(left)} processes left")
        assert left


if __name__ == "__main__":
    main()
