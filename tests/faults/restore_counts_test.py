#!/usr/bin/python3
"""restore_counts_test.py: what was restored is counted, and where the backup's manifest has other numbers nothing is switched in."""
import contextlib
import hashlib
import json
import os
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from restore_home import FILES, ROWS, WHERE, Cluster, Shop  # noqa: E402
from worker_home import main, test, wait_until  # noqa: E402

CONF = 'poll = "10ms"\n'
HAS, FILES_HAS = ROWS + 1, FILES + 1
# What is done to the manifest of one service, and what a person reads then. The dumps hold version 1.
LIES = (
    ("ledger", "public.note", HAS + 1, f"table public.note has {HAS} rows where the backup has {HAS + 1}"),
    ("ledger", "public.note", HAS - 1, f"table public.note has {HAS} rows where the backup has {HAS - 1}"),
    ("ledger", "public.note", 0, f"table public.note has {HAS} rows where the backup has 0"),
    ("ledger", "public.gone", 5, "table public.gone is not there; the backup has 5 rows of it"),
    ("database", "note", HAS * 1000, f"table note has {HAS} rows where the backup has {HAS * 1000}"),
    ("database", "note", HAS - 1, f"table note has {HAS} rows where the backup has {HAS - 1}"),
    ("database", "gone", 0, "table gone is not there; the backup has 0 rows of it"),
    ("media", None, FILES_HAS + 1, f"{FILES_HAS} files where the backup has {FILES_HAS + 1}"),
)


@contextlib.contextmanager
def manifest(shop, backup):
    """The description beside the bytes and the catalogue's rows of it, to be changed; both are one again, hash included."""
    row = shop.sql("SELECT * FROM backup WHERE id = ?", backup)[0]
    path = os.path.join(shop.home, "store", row["sidecar_key"])
    with open(path, encoding="utf-8") as f:
        said = json.load(f)
    yield {part["service"]["slug"]: part for part in said["parts"]}
    text = (json.dumps(said, indent=2) + "\n").encode()
    os.chmod(path, 0o600)
    with open(path, "wb") as f:
        f.write(text)
    os.chmod(path, 0o400)
    with contextlib.closing(sqlite3.connect(os.path.join(shop.home, "catalog.db"), timeout=20)) as c, c:
        c.execute("UPDATE backup SET sidecar_sha256 = ? WHERE id = ?", (hashlib.sha256(text).hexdigest(), backup))
        for part in said["parts"]:
            number, = c.execute("SELECT id FROM part WHERE uuid = ?", (part["uuid"],)).fetchone()
            c.execute("UPDATE part SET items = ? WHERE id = ?", (part["items"], number))
            c.execute("DELETE FROM part_table WHERE part = ?", (number,))
            c.executemany("INSERT INTO part_table (part, name, rows) VALUES (?, ?, ?)",
                          ((number, t["name"], t["rows"]) for t in part.get("tables", ())))


def lie(shop, backup, slug, table, rows):
    with manifest(shop, backup) as parts:
        part = parts[slug]
        if table is None:
            part["items"] = rows
            return
        part["tables"] = [t for t in part["tables"] if t["name"] != table] + [{"name": table, "rows": rows}]


def beside(shop):
    """Databases and files that are neither a target nor what a reader of SQLite makes."""
    names = shop.pg.sql("SELECT datname FROM pg_database WHERE datname LIKE 'ledger_%'").split()
    return names + [n for n in os.listdir(shop.data) if n not in ("media", "app.db", "app.db-wal", "app.db-shm")]


@contextlib.contextmanager
def scene(env=None):
    """Backups show version 1, the targets have version 2."""
    with Cluster() as pg, Shop(CONF, pg=pg, env=env) as shop:
        shop.start_worker()
        shop.backups = {}
        for one in LIES:
            shop.backups[one] = shop.backup()
        shop.write(2)
        yield shop


@test("DIV-13 SET-14", f"{len(LIES)} manifests with another count than their dump: the restore fails before the switch, in all services")
def other_counts():
    with scene() as shop:
        before = shop.fingerprint()
        for one in LIES:
            slug, table, rows, words = one
            lie(shop, shop.backups[one], slug, table, rows)
            job = shop.confirm(shop.draft(shop.backups[one]))
            row = shop.wait_job(job, 120)
            assert row["state"] == "failed", (one, dict(row))
            assert row["error"] == f"{slug}: what was restored is not what was backed up: {words}", (one, row["error"])
            assert shop.fingerprint() == before, f"{one}: a target was touched"
            assert "switched in" not in shop.log_of(job), shop.log_of(job)
        shop.wait_all()
        wait_until("what was built beside to go", lambda: not beside(shop), 60)
        assert shop.fingerprint() == before
        # The control: the manifest told anew, but of the numbers that are true, restores.
        lie(shop, shop.backups[LIES[0]], "ledger", "public.note", HAS)
        restore = shop.restore(shop.backups[LIES[0]])
        assert "switched in" in shop.log_of(shop.sql1("SELECT max(id) FROM job WHERE restore = ?", restore))
        assert set(shop.seen().values()) == {"1"}, shop.seen()
        shop.must_be_whole()


@test("DIV-13 SET-14", "control: where counts are not compared, the same backups are switched in")
def not_compared():
    with scene({"LAZARETTE_FAULT_CONTROL": "counts.unchecked"}) as shop:
        for one in (LIES[0], LIES[4], LIES[7]):
            slug, table, rows, _ = one
            lie(shop, shop.backups[one], slug, table, rows)
            shop.write(2)
            shop.restore(shop.backups[one])
            assert set(shop.seen().values()) == {"1"}, (one, shop.seen())


if __name__ == "__main__":
    main()
