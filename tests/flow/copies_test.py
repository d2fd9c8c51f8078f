#!/usr/bin/python3
"""copies_test.py: a backup in several storages: copied, read from the nearest, healed, moved, deleted."""
import contextlib
import os
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from copying import Copying, flip, objects  # noqa: E402
from harness import main, test, wait_until  # noqa: E402
from places import restore  # noqa: E402
from shop import LIVE  # noqa: E402
from storing import SLUGS  # noqa: E402

seen = {}


class Copies(Copying):
    """shop/live with the storages main, second and third, all folders."""

    def __enter__(self):
        super().__enter__()
        with open(self.content + "/media/still", "wb") as f:
            f.write(os.urandom(4096))
        self.paths = {"main": self.home + "/store", "second": self.add_folder("second"), "third": self.add_folder("third")}
        return self


@test("PEER-15", "a policy names further storages; each new backup is copied there byte by byte, with a state of its own")
def policy(s):
    s.must(s.choose_copies("", "second"))
    assert "second" in s.must(s.browser.get(f"/p/{LIVE}/policies")).words
    first = s.run_plan()
    copy = s.wait_copy(first["id"], "second")
    assert copy["health"] == "good" and copy["stored_bytes"] > 0 and copy["error"] is None
    assert objects(s.paths["second"]) == objects(s.paths["main"])
    words = s.must(s.browser.get(f"/b/b{first['id']}")).words
    assert "Where it lies" in words and "Whole" in words and "Copy to third" in words, words
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'copy'") == 1
    seen["first"] = first["id"]


@test("PEER-15", "an incremental backup brings only what the other storage has not; by hand to a third, where a double click queues one")
def more(s):
    s.write("as it became")
    second = s.run_plan()
    s.wait_copy(second["id"], "second")
    assert objects(s.paths["second"]) == objects(s.paths["main"])
    assert s.sql1("SELECT count(*) FROM part_pack k JOIN part p ON p.id = k.part WHERE p.backup = ?", second["id"]) > 0
    page = f"/b/b{second['id']}"
    form = s.must(s.browser.get(page)).form(action=page + "/copies/third")
    for _ in range(2):
        s.must(s.browser.submit(form, page))
    s.wait_copy(second["id"], "third")
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'copy' AND backup = ?", second["id"]) == 2
    # Alone in its storage it has all it needs: also what the backup before it has stored.
    third = objects(s.paths["third"])
    assert third.items() < objects(s.paths["main"]).items()
    keys = {r["key"] for r in s.sql("SELECT key FROM part_pack k JOIN part p ON p.id = k.part WHERE p.backup = ?", second["id"])}
    assert keys and keys < set(third)
    seen["second"] = second["id"]


def prove(s, slug, state):
    """Recovery from a storage; gives the row of the proof."""
    page = f"/storage/{slug}"
    s.must(s.browser.submit(s.must(s.browser.get(page)).form("/prove"), page))
    s.wait_job(s.newest("prove"), state)
    return s.sql("SELECT p.* FROM proof p JOIN storage s ON s.id = p.storage WHERE s.slug = ?", slug)[0]


@test("NEW-5 PEER-15", "recovery is proved from a storage that holds nothing but copies; control: a description that is gone from it is said")
def proved(s):
    proof = prove(s, "second", "succeeded")
    assert (proof["backups"], proof["differences"], proof["text"]) == (2, 0, ""), dict(proof)
    assert proof["sample"] in (seen["first"], seen["second"]), dict(proof)
    (sidecar,) = [key for key in objects(s.paths["second"]) if f"/b{seen['first']}-" in key and key.endswith(".json")]
    os.rename(f"{s.paths['second']}/{sidecar}", s.home + "/aside")
    proof = prove(s, "second", "failed")
    assert f"b{seen['first']} cannot be rebuilt: its description is not there" in proof["text"], dict(proof)
    os.rename(s.home + "/aside", f"{s.paths['second']}/{sidecar}")
    assert prove(s, "second", "succeeded")["differences"] == 0


@test("PLA-19 PEER-15", "with the first storage gone a backup is restored, downloaded and verified from its copy, and the log says so")
def gone(s):
    os.rename(s.paths["main"], s.paths["main"] + ".away")
    s.write("later still")
    # Where the safety backups of the restores go.
    s.must(s.policy(f"/p/{LIVE}", "third"))
    for backup, words in ((seen["first"], "as it was"), (seen["second"], "as it became")):
        row = restore(s, backup, slugs=SLUGS)
        assert s.words() == words
        job = s.sql1("SELECT id FROM job WHERE restore = ? AND kind = 'restore'", row["id"])
        assert f"backup b{backup} is read from its copy in second" in s.log(job), s.log(job)
    assert "second" in s.must(s.browser.get(f"/j/j{job}")).words
    number = s.request_download(seen["second"])
    s.wait_download(number)
    job = s.sql1("SELECT max(id) FROM job WHERE download = ?", number)
    assert f"backup b{seen['second']} is read from its copy in second" in s.log(job), s.log(job)
    s.act(seen["second"], f"/b/b{seen['second']}/copies/third/verify")
    s.wait_job(s.newest("verify"), "succeeded")
    # A storage that is away says nothing about the bytes in it.
    assert s.sql1("SELECT count(*) FROM backup WHERE health <> 'good'") == 0
    os.rename(s.paths["main"] + ".away", s.paths["main"])
    s.must(s.policy(f"/p/{LIVE}", "main"))


@test("SCU-12 T17", "a damaged first place is found while it is restored: the copy is taken, and the damage is healed from it")
def healed(s):
    backup = seen["first"]
    before = objects(s.paths["main"])
    key = s.sql1("SELECT data_key FROM part WHERE backup = ? AND engine = 'files'", backup)
    flip(f"{s.paths['main']}/{key}")
    s.write("later still")
    row = restore(s, backup, slugs=SLUGS)
    assert s.words() == "as it was"
    log = s.log(s.sql1("SELECT id FROM job WHERE restore = ? AND kind = 'restore'", row["id"]))
    assert "main cannot be read" in log and f"b{backup} is read from its copy in second" in log, log
    # It and the backup that shares the pack are marked, and a verification says where they are healed from.
    assert s.sql1("SELECT health FROM backup WHERE id = ?", backup) in ("damaged", "good")
    s.act(backup, f"/b/b{backup}/verify")
    s.wait_job(s.newest("verify"))
    wait_until("both are whole", lambda: s.sql1("SELECT count(*) FROM backup WHERE state = 'ready' AND health <> 'good'") == 0,
               timeout=60)
    now = objects(s.paths["main"])
    assert {k: now[k] for k in before} == before
    said = "\n".join(s.log(r["id"]) for r in s.sql("SELECT id FROM job WHERE kind = 'copy'"))
    assert f"'{key}' in main differed from byte 100 on: replaced by the one in second" in said, said


@test("T17", "the control: with every place damaged the refusal names each, and nothing is healed")
def lost(s):
    backup = s.backup(LIVE, ["media"])["id"]
    s.wait_copy(backup, "second")
    key = s.sql1("SELECT manifest_key FROM part WHERE backup = ?", backup)
    for slug in ("main", "second"):
        flip(f"{s.paths[slug]}/{key}")
    s.must(s.browser.get(f"/b/b{backup}/files"))
    job = s.wait_job(s.newest("list"), "failed")
    assert "main: " in job["error"] and "second: " in job["error"], job["error"]
    words = s.must(s.browser.get(f"/b/b{backup}")).words
    assert "Not restorable" in words and words.count("Damaged") >= 2, words
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'copy' AND backup = ? AND state <> 'succeeded'", backup) == 0
    seen["lost"] = backup


@test("PEER-15", "a deleted backup leaves all its places, and takes no pack that another copy there needs")
def deleted(s):
    for backup in (seen["lost"], seen["first"]):
        page = f"/b/b{backup}/delete"
        s.must(s.browser.submit(s.must(s.browser.get(page)).form(action=page), page))
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=10)) as db:
        db.execute("UPDATE backup SET trashed_at = 1 WHERE state = 'trashed'")
        db.commit()
    s.stop_one("worker")
    s.start_worker()
    wait_until("they are gone", lambda: s.sql1("SELECT count(*) FROM backup WHERE state = 'deleted'") >= 2, timeout=60)
    assert not s.copies(seen["first"])
    sidecar = s.sql1("SELECT sidecar_key FROM backup WHERE id = ?", seen["first"])
    pack = s.sql1("SELECT k.key FROM part_pack k JOIN part p ON p.id = k.part WHERE p.backup = ?", seen["second"])
    for slug in ("main", "second"):
        assert sidecar not in objects(s.paths[slug]) and pack in objects(s.paths[slug])
    s.doctor()


@test("SCU-12", "all backups of a storage are moved to another, are whole there, and nothing of them stays behind")
def moved(s):
    s.must(s.choose_copies(""))
    s.must(s.policy(f"/p/{LIVE}", "third"))
    count = s.sql1("SELECT count(*) FROM backup WHERE state = 'ready' AND storage = 1")
    page = s.must(s.browser.get("/storage/main"))
    assert count > 0 and "Move to third" in page.words
    s.must(s.browser.submit(page.form(action="/storage/main/move/third"), "/storage/main"))
    wait_until("the move", lambda: s.sql1("SELECT count(*) FROM backup WHERE state = 'ready' AND storage = 1") == 0
               and s.sql1("SELECT count(*) FROM copy WHERE state = 'leaving'") == 0, timeout=90)
    s.write("after the move")
    restore(s, seen["second"], slugs=SLUGS)
    assert s.words() == "as it became"
    assert not objects(s.paths["main"]), list(objects(s.paths["main"]))
    s.doctor()


if __name__ == "__main__":
    main(Copies)
