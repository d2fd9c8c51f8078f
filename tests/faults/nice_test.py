#!/usr/bin/python3
"""nice_test.py: jobs that nobody waits for stand back from all else, with what they start; restores do not."""
import contextlib
import ctypes
import os
import random
import signal
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import Home, main, make_sqlite, make_tree, test, wait_until  # noqa: E402

IOPRIO_GET, OF_A_PROCESS, CLASS_SHIFT = 252, 1, 13
BEST_EFFORT, IDLE = 2, 3
LIBC = ctypes.CDLL(None, use_errno=True)
CONF = 'poll = "10ms"\nworker_parallel = 1\n'


def io_class(pid):
    got = LIBC.syscall(IOPRIO_GET, OF_A_PROCESS, pid)
    assert got >= 0, os.strerror(ctypes.get_errno())
    return got >> CLASS_SHIFT


def stat(pid):
    with open(f"/proc/{pid}/stat") as f:
        return f.read().rsplit(")", 1)[1].split()


def standing(pid):
    """(nice, io class) of a process."""
    return int(stat(pid)[16]), io_class(pid)


def fill(home):
    data = os.path.join(home.home, "data")
    make_tree(os.path.join(data, "media"), 5, 1000)
    make_sqlite(os.path.join(data, "app.db"), 100)
    home.service("shop/live", "media", "files", roots=os.path.join(data, "media"), excludes="")


def caught(home, job, place, **env):
    """How a job stands where it comes to `place`; it then goes on to its end."""
    worker = home.start_worker(dict(env, LAZARETTE_FAULT=f"{place}:stop"))
    wait_until("the job to come to " + place, lambda: job in home.children(worker))
    pid = home.children(worker)[job]
    wait_until("the job to stop", lambda: stat(pid)[0] == "T")
    got = standing(pid)
    os.kill(pid, signal.SIGCONT)
    home.wait_job(job)
    assert home.sql1("SELECT state FROM job WHERE id = ?", job) == "succeeded", home.log_text()
    home.kill(worker, signal.SIGTERM)
    return got


@test("", "a backup stands back, and a restore of it does not")
def _():
    mine = standing(os.getpid())
    with Home(CONF) as home:
        fill(home)
        (backup, job), = home.request("shop/live")
        assert caught(home, job, "keep.published") == (max(10, mine[0]), IDLE)
        restore, preview = map(int, home.tool("restore", backup, "shop/live", "replace")[0])
        worker = home.start_worker()
        home.wait_job(preview)
        home.kill(worker, signal.SIGTERM)
        job = int(home.tool("confirm", restore)[0][0])
        assert caught(home, job, "restore.built") == mine


@test("", "lazarette.conf says how far")
def _():
    mine = standing(os.getpid())
    with Home(CONF) as home:
        fill(home)
        (_, job), = home.request("shop/live")
        how = {"LAZARETTE_NICE": "15", "LAZARETTE_IO_CLASS": "best-effort"}
        assert caught(home, job, "keep.published", **how) == (max(15, mine[0]), BEST_EFFORT)
        (_, job), = home.request("shop/live")
        how = {"LAZARETTE_NICE": "0", "LAZARETTE_IO_CLASS": "none"}
        assert caught(home, job, "keep.published", **how) == mine


@test("", "the level of a service is stronger than that of lazarette.conf")
def _():
    with Home(CONF + "zstd_level = 19\n") as home:
        fill(home)
        words = [os.urandom(n % 9 + 2).hex() for n in range(500)]
        with open(os.path.join(home.home, "data", "media", "text"), "w") as f:
            f.writelines(random.choice(words) + "\n" for _ in range(50000))
        for level in (0, 1):
            home.service("shop/live", f"at{level}", "files", roots=os.path.join(home.home, "data/media"), excludes="")
            with contextlib.closing(sqlite3.connect(os.path.join(home.home, "catalog.db"))) as c:
                c.execute("UPDATE service SET level = ? WHERE slug = ?", (level, f"at{level}"))
                c.commit()
        home.request("shop/live", 1, "at0", "at1")
        home.start_worker()
        home.wait_all()
        small, fast = (row["data_stored_bytes"] for row in home.sql("SELECT * FROM part ORDER BY service"))
        assert small < fast * 0.95, (small, fast)


if __name__ == "__main__":
    main()
