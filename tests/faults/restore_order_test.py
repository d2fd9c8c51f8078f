#!/usr/bin/python3
"""T32: backups, restores, deletions, downloads and undos of one service in any order."""
import contextlib
import os
import random
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from restore_home import Shop, WHERE  # noqa: E402
from worker_home import Budget, main, test, wait_until  # noqa: E402

CONF = 'lease = "5s"\npoll = "5ms"\nworker_parallel = 3\n'
REFUSALS = ("in use", "being restored", "not ready", "is trashed", "still being created", "wait for it", "cancel it",
            "kept", "undo", "trash", "is deleted", "Review again", "changed since", "has not ended", "job works")


def some(shop, query):
    """One of the numbers a query gives; 0 when there is none."""
    rows = shop.sql(query)
    return next(iter(random.choice(rows).values())) if rows else 0


def act(shop):
    """One random act; what it was, and whether it was accepted: a refusal must say why."""
    kind = random.choices(["backup", "restore", "confirm", "undo", "trash", "untrash", "download"],
                          [3, 5, 8, 4, 1, 1, 2])[0]
    backup = some(shop, "SELECT id FROM backup WHERE state <> 'deleted'")
    words = {"backup": (WHERE, 1), "restore": (backup, WHERE, "replace"),
             "confirm": (some(shop, "SELECT id FROM restore WHERE state = 'draft'"), random.choice(["", "safety"])),
             "undo": (some(shop, "SELECT max(id) FROM restore WHERE state IN ('done', 'pending')") or 0,),
             "trash": (backup,), "untrash": (some(shop, "SELECT id FROM backup WHERE state = 'trashed'"),),
             "download": (backup, "tar")}[kind]
    if words[0] == 0:
        return kind, None
    try:
        shop.tool(kind, *words)
    except AssertionError as refused:
        assert any(r in str(refused) for r in REFUSALS), str(refused)
        return kind, False
    return kind, True


def content_of(shop, key):
    """The versions in a stored SQLite copy."""
    raw = subprocess.run(["zstd", "-dcq", os.path.join(shop.home, "store", key)], capture_output=True, check=True).stdout
    with tempfile.NamedTemporaryFile(suffix=".db") as f:
        f.write(raw)
        f.flush()
        with contextlib.closing(sqlite3.connect(f.name)) as c:
            return c.execute("SELECT version, count(*) FROM note GROUP BY 1").fetchall()


@test("T32", "up to 500 acts in any order on one environment: no deadlock, no backup of a half-restored state")
def any_order():
    random.seed(os.environ.get("SEED", "32"))
    with Shop(CONF) as shop:
        shop.start_worker()
        shop.backup()
        shop.write(2)
        shop.backup()
        done, steps, budget = {}, 0, Budget(500, 250, 90)
        while budget.wants(steps):
            steps += 1
            kind, accepted = act(shop)
            if accepted is not None:
                done.setdefault(kind, [0, 0])[accepted] += 1
            if shop.unfinished() > random.choice((1, 4, 8)):
                wait_until("the queue to shrink", lambda: shop.unfinished() < 1, 120)
        shop.wait_all(240)
        states = {(r["kind"], r["state"]): r["n"] for r in
                  shop.sql("SELECT kind, state, count(*) AS n FROM job GROUP BY kind, state")}
        print(f"# [refused, accepted]: {done}; jobs: {states}")
        assert states[("restore", "succeeded")] > 20 and states[("undo", "succeeded")] > 5, (done, states)
        assert set(shop.seen().values()) <= {"1", "2"}, shop.seen()
        half = []
        for part in shop.sql("SELECT p.data_key, p.backup FROM part p JOIN backup b ON b.id = p.backup "
                             "WHERE b.state = 'ready' AND p.engine = 'sqlite'"):
            rows = content_of(shop, part["data_key"])
            if rows not in ([(1, 401)], [(2, 402)]):
                half.append((part["backup"], rows))
        print(f"# {len(half)} half-restored backups")
        assert not half, half[:3]
        for row in shop.sql("SELECT id FROM backup WHERE state = 'trashed'"):
            shop.tool("untrash", row["id"])
        shop.must_be_whole()


@test("T32", "control: a copy made while a restore writes in place is a mixture")
def a_copy_in_between():
    with Shop(CONF) as shop:
        shop.write(2)
        with contextlib.closing(sqlite3.connect(shop.db)) as c:
            for i in range(1, 200):
                c.execute("UPDATE note SET version = 1 WHERE id = ?", (i,))
                c.commit()
        assert shop.seen_sqlite().startswith("mixed"), shop.seen_sqlite()


if __name__ == "__main__":
    main()
