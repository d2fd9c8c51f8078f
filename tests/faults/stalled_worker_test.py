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
SIDE = 8                                      # workers that freeze at the same time
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


def one_round(home):
    """SIDE workers each begin a job and freeze; one more takes over; they wake while it works or after it."""
    mine = [job for i in range(SIDE) for _, job in home.request(f"shop/e{i}", 1)]
    frozen = [home.start_worker() for _ in range(SIDE)]
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


def rounds(home, stops):
    late = 0
    while late < stops:
        late += one_round(home)
    return late


@test("T06", "200 workers that freeze past their lease: none finishes late, nothing of theirs is left")
def the_late_are_fenced():
    with Home(CONF) as home:
        fill(home)
        began = time.monotonic()
        stops = rounds(home, STOPS)
        home.start_worker()                   # its housekeeping takes what the killed ones left
        home.must_be_whole()
        print(f"# {stops} workers frozen in the middle of a job, 0 late commits, {time.monotonic() - began:.1f} s")


def stands_still(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()[0] == "T"


def stopped_child(home, worker):
    """The job process of a worker once it has stopped itself at its fault point."""
    return wait_until("a job to reach its fault point", lambda: next(
        (p for p in home.children(worker).values() if stands_still(p)), None))


def late_by_a_hair(home, env):
    """The first holder stops when all is published and only the catalogue is missing; the second has just begun."""
    home.request("shop/e0")
    late = home.start_worker({**env, "LAZARETTE_FAULT": "backup.before_finish:stop:1"})
    pid = stopped_child(home, late)
    os.kill(late.pid, signal.SIGSTOP)
    while not home.writable():                # it stands still inside a write: a little further, then
        os.kill(late.pid, signal.SIGCONT)
        time.sleep(0.003)
        os.kill(late.pid, signal.SIGSTOP)
    other = home.start_worker({"LAZARETTE_FAULT": "backup.begun:stop:1"})
    second = stopped_child(home, other)
    os.kill(pid, signal.SIGCONT)
    wait_until("the late one to end", lambda: not os.path.exists(f"/proc/{pid}") or zombie(pid))
    os.kill(second, signal.SIGCONT)
    home.wait_all(30)
    os.kill(late.pid, signal.SIGCONT)
    for w in (late, other):
        home.kill(w, signal.SIGTERM)


def zombie(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


@test("T06", "a holder that wakes between publishing and the catalogue changes nothing")
def late_between_publishing_and_the_catalogue():
    with Home(CONF) as home:
        fill(home)
        late_by_a_hair(home, {})
        home.start_worker()
        home.must_be_whole()
        assert home.job(1)["state"] == "succeeded" and home.job(1)["fence"] == 3, home.job(1)


@test("T06", "control: the same holder, ignoring its fence, is caught")
def a_worker_without_a_fence_is_caught():
    with Home(CONF) as home:
        fill(home)
        late_by_a_hair(home, {"LAZARETTE_FAULT_CONTROL": "no_fence"})
        found = [f for f in home.faults() if "was ended under fence" in f]
        print(f"# {found}")
        assert found


if __name__ == "__main__":
    main()
