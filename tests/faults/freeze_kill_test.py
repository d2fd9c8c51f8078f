#!/usr/bin/python3
"""freeze_kill_test.py: a real worker dies while an application is frozen: it is let go."""
import os
import signal
import sqlite3
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import SLOW, Home, main, test, wait_until  # noqa: E402

HOLD = "echo freeze >>'{d}/hooked'; : >'{d}/frozen'"
GO = "echo thaw $LAZARETTE_OUTCOME >>'{d}/hooked'; rm -f '{d}/frozen'"


class Frozen(Home):
    """An environment with hooks, and a backup of it that stops in the middle of what it reads."""

    def __enter__(self):
        super().__enter__()
        media = os.path.join(self.home, "media")
        for folder in (media, os.path.join(self.home, "hooks")):
            os.makedirs(folder, exist_ok=True)
        with open(media + "/a", "w") as f:
            f.write("content")
        for name, body in (("hold", HOLD), ("go", GO)):
            path = os.path.join(self.home, "hooks", name)
            with open(path, "w") as f:
                f.write("#!/bin/sh\n" + body.format(d=self.home) + "\n")
            os.chmod(path, 0o755)
        self.service("shop/live", "media", "files", roots=media)
        self.sql("UPDATE environment SET hook_freeze='hold', hook_thaw='go'")
        return self

    def sql(self, text):
        with sqlite3.connect(os.path.join(self.home, "catalog.db"), timeout=20) as db:
            return db.execute(text).fetchall()

    def begin(self, fault):
        self.request("shop/live")
        self.sql("UPDATE backup SET mode='consistent'")
        worker = self.start_worker({"LAZARETTE_FAULT": fault})
        wait_until("the freeze", self.is_frozen)
        return worker

    def is_frozen(self):
        return os.path.exists(self.home + "/frozen")

    def hooked(self):
        with open(self.home + "/hooked") as f:
            return f.read().split("\n")[:-1]


@test("PLA-7", "a job that is killed while a worker looks after it: thawed at once, and the backup is made after all")
def job_dies():
    with Frozen() as h:
        w = h.begin("freeze.hook_ran:stop")
        pid = wait_until("the job", lambda: list(h.children(w).values()))[0]
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        wait_until("the thaw", lambda: not h.is_frozen())
        assert time.monotonic() - began < 5 * SLOW
        assert h.hooked() == ["freeze", "thaw abandoned"], h.hooked()
        wait_until("no owed thaw", lambda: h.sql("SELECT frozen_at FROM environment") == [(0,)])


@test("PLA-7", "a worker that is killed with its job: the next one thaws as soon as it runs")
def worker_dies():
    with Frozen() as h:
        w = h.begin("freeze.hook_ran:stop")
        job = wait_until("the job", lambda: list(h.children(w).values()))[0]
        h.kill(w)
        os.kill(job, signal.SIGKILL)
        time.sleep(0.5)
        assert h.is_frozen()                          # the control: nobody is there to do it
        began = time.monotonic()
        h.start_worker()
        wait_until("the thaw", lambda: not h.is_frozen())
        assert time.monotonic() - began < 5 * SLOW
        # The thaw did not wait for the end of the dead one's lease; the backup would, and that is not looked at here.
        h.sql("UPDATE job SET lease_until = 1 WHERE state = 'running' AND fence = 1")
        wait_until("the backup", lambda: h.sql("SELECT state, mode FROM backup") == [("ready", "consistent")], 90)
        assert h.hooked() == ["freeze", "thaw abandoned", "freeze", "thaw read"], h.hooked()


@test("PLA-7", "a worker that is told to stop thaws before it goes")
def worker_stops():
    with Frozen() as h:
        w = h.begin("freeze.hook_ran:sleep")
        assert h.kill(w, signal.SIGTERM) == 0
        assert not h.is_frozen()
        assert h.hooked() == ["freeze", "thaw abandoned"], h.hooked()


@test("PLA-7", "a job that hangs is thawed ten seconds after its time")
def job_hangs():
    with Frozen(conf='stall = "60s"\n') as h:
        h.sql("INSERT INTO policy (level, owner, key, value, set_at) VALUES ('instance', 0, 'freeze-seconds', '1', 1)")
        h.begin("freeze.hook_ran:stop")
        began = time.monotonic()
        wait_until("the thaw", lambda: not h.is_frozen(), 30)
        assert 9 < time.monotonic() - began < 20 * SLOW
        assert h.hooked() == ["freeze", "thaw cap"], h.hooked()
        wait_until("its end", lambda: h.sql("SELECT frozen_at FROM environment") == [(0,)])
        assert h.sql("SELECT mode FROM backup") == [("live",)]


if __name__ == "__main__":
    main()
