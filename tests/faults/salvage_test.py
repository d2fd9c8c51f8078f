#!/usr/bin/python3
"""salvage_test.py: a backup taken out of the storage alone: the catalogue, the configuration and the keys are gone."""
import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from restore_home import Cluster, FILES, ROLE, ROLE_PASSWORD, ROWS, Shop  # noqa: E402
from worker_home import ROOT, VARIANT, main, test  # noqa: E402


@contextlib.contextmanager
def storage_alone():
    """What is left of a console: its storage. Gives (folder, cluster, seen files of the source)."""
    with Cluster() as pg, tempfile.TemporaryDirectory(prefix="salvage.") as folder:
        with Shop(pg=pg) as shop:
            shop.start_worker()
            shop.backup()
            shutil.move(os.path.join(shop.home, "store"), os.path.join(folder, "store"))
        yield folder, pg


def restore(folder, *words, password=ROLE_PASSWORD):
    return subprocess.run([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "restore", "--storage",
                           os.path.join(folder, "store"), *words], capture_output=True, text=True, cwd="/",
                          env={"PATH": "/usr/bin:/bin", "PGPASSWORD": password, "LAZARETTE_HOME": "/nowhere"})


@test("NEW-1", "into a folder: files as they were, the databases in their vendors' formats")
def into_a_folder(left):
    folder, _ = left
    out = os.path.join(folder, "out")
    done = restore(folder, "b1", "--to-dir", out)
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(out)) == ["database.sqlite", "ledger.dump", "media"], os.listdir(out)
    assert sum(len(names) for _, _, names in os.walk(out + "/media")) == FILES + 1
    with contextlib.closing(sqlite3.connect(out + "/database.sqlite")) as c:
        assert c.execute("SELECT count(*) FROM note").fetchone() == (ROWS + 1,)
    with open(out + "/ledger.dump", "rb") as f:
        assert f.read(5) == b"PGDMP"
    again = restore(folder, "b1", "--to-dir", out)
    assert again.returncode == 1 and "not empty" in again.stderr, again.stderr


@test("NEW-1", "one service by its name; a name that is not there is told with those that are")
def one_service(left):
    folder, _ = left
    out = os.path.join(folder, "one")
    assert restore(folder, "b1", "--service", "media", "--to-dir", out).returncode == 0
    assert os.listdir(out) == ["media"]
    done = restore(folder, "b1", "--service", "nothing", "--to-dir", out + "2")
    assert done.returncode == 1 and "media" in done.stderr and "ledger" in done.stderr, done.stderr
    done = restore(folder, "b7", "--to-dir", out + "2")
    assert done.returncode == 1 and "there is no backup b7" in done.stderr and "b1-" in done.stderr, done.stderr


@test("NEW-1", "into an empty database by an ordinary role; one that is not empty is refused, and a password in the address")
def into_a_database(left):
    folder, pg = left
    pg.sql(f"CREATE DATABASE fresh OWNER {ROLE}")
    url = f"postgresql://{ROLE}@{pg.host}:{pg.port}/fresh"
    done = restore(folder, "b1", "--to-database", url)
    assert done.returncode == 0, done.stderr
    assert pg.sql("SELECT count(*) FROM note", "fresh") == str(ROWS + 1)
    for words, address, password in (("not empty", url, ROLE_PASSWORD), ("superuser", url.replace(ROLE, pg.user), pg.password),
                                     ("PGPASSWORD", url.replace("@", ":secret@"), ROLE_PASSWORD)):
        refused = restore(folder, "b1", "--to-database", address, password=password)
        assert refused.returncode == 1 and words in refused.stderr, (words, refused.stderr)


@test("T35", "a copy with one changed bit is refused with its place, and nothing of it is shown as whole")
def damaged(left):
    folder, _ = left
    out = os.path.join(folder, "damaged")
    store = os.path.join(folder, "store")
    for base, _, names in os.walk(store):
        for name in names:
            if name.endswith(".tar.zst"):
                with open(os.path.join(base, name), "r+b") as f:
                    f.seek(200)
                    byte = f.read(1)[0]
                    f.seek(200)
                    f.write(bytes([byte ^ 1]))
    done = restore(folder, "b1", "--service", "media", "--to-dir", out)
    assert done.returncode == 1 and ".tar.zst" in done.stderr, done.stderr
    assert "media" not in os.listdir(out), os.listdir(out)


if __name__ == "__main__":
    main(storage_alone)
