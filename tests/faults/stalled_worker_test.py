#!/usr/bin/python3
"""T06: a worker freezes past its lease, another takes over, the first wakes up: it must not finish late."""
import os
import random
import signal
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import Home, main, make_sqlite, make_tree, test, wait_until  # noqa: E402

STOPS = int(os.environ.get("STOPS", "200"))
CONTROL_STOPS = 40
SIDE = 5                                      # workers that freeze at the same time
CONF = 'lease = "250ms"\npoll = "10ms"\nworker_parallel = 1\nstall = "60s"\n'


def fill(home):
    for i in range(SIDE):
        data = os.path.join(home.home, f"data{i}")
        make_tree(os.path.join(data, "media"), 10, 20000)
        make_sqlite(os.path.join(data, "app.db"), 1000)
        home.service(f"shop/e{i}", "database", "sqlite", path=os.path.join(data, "app.db"))
        home.service(f"shop/e{i}", "media", "files", roots=os.path.join(data, "media"), excludes="")


def freeze_all(home, workers):
    """As freeze(), of several; none may stand still inside a write, which would hold the catalogue for everybody."""
    while True:
        held = {w: freeze(home, w) for w in workers}
        if home.writable():
            return held
        for w, jobs in held.items():
            thaw(w, jobs)
        time.sleep(random.uniform(0, 0.005))


def freeze(home, worker):
    """Supervisor and job process stand still, as on a host that is suspended; gives the job, if it has one."""
    os.kill(worker.pid, signal.SIGSTOP)
    jobs = home.children(worker)
    for pid in jobs.values():
        os.kill(pid, signal.SIGSTOP)
    return jobs


def thaw(worker, jobs, supervisor_too=True):
    for pid in jobs.values():
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass
    if supervisor_too:
        os.kill(worker.pid, signal.SIGCONT)


def one_round(home, env):
    """SIDE workers each begin a job and freeze; one more takes over; they wake while it works or after it."""
    mine = [job for i in range(SIDE) for _, job in home.request(f"shop/e{i}", 1)]
    frozen = [home.start_worker(env) for _ in range(SIDE)]
    wait_until("all jobs to be taken", lambda: home.sql1(
        "SELECT count(*) FROM job WHERE state = 'queued'") == 0, pause=0.002)
    time.sleep(random.uniform(0, 0.06))
    held = freeze_all(home, frozen)
    stopped = {j for jobs in held.values() for j in jobs}
    running = {r["id"]: r["fence"] for r in home.sql("SELECT id, fence FROM job WHERE state = 'running'")
               if r["id"] in stopped}
    other = home.start_worker()
    if random.random() < 0.5 and running:     # wake while the other is at it
        some = random.choice(list(running))
        wait_until("a take-over", lambda: home.job(some)["fence"] > running[some] + 1
                   or home.job(some)["state"] == "succeeded", pause=0.002)
        held_other = freeze_all(home, [other])[other]
        for w, jobs in held.items():
            thaw(w, jobs, supervisor_too=False)
        time.sleep(0.3)
        thaw(other, held_other)
    wait_until("the other to finish", lambda: all(home.job(j)["state"] == "succeeded" for j in mine))
    for w, jobs in held.items():
        thaw(w, jobs)
    time.sleep(0.05)
    for w in frozen + [other]:
        home.kill(w, signal.SIGTERM)
    return len(running)


def rounds(home, stops, env=None):
    late = 0
    while late < stops:
        late += one_round(home, env)
    return late


@test("T06", "200 workers that freeze past their lease: none finishes late, nothing of theirs is left")
def the_late_are_fenced():
    with Home(CONF) as home:
        fill(home)
        began = time.monotonic()
        stops = rounds(home, STOPS)
        home.must_be_whole()
        print(f"# {stops} workers frozen in the middle of a job, 0 late commits, {time.monotonic() - began:.1f} s")


@test("T06", "control: a worker that ignores its fence is caught")
def a_worker_without_a_fence_is_caught():
    with Home(CONF) as home:
        fill(home)
        try:
            rounds(home, CONTROL_STOPS, {"LAZARETTE_FAULT_CONTROL": "no_fence"})
        except AssertionError:
            pass                              # a job that a late one has ended fails under its rightful holder
        found = [f for f in home.faults() if "fence" in f or "twice" in f or "differs" in f]
        print(f"# {len(found)} faults seen, the first: {found[:1]}")
        assert found


if __name__ == "__main__":
    main()
