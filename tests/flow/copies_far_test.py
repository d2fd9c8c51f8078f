#!/usr/bin/python3
"""copies_far_test.py: a policy whose copies go into a bucket: made, read when the first place is gone, healed, deleted."""
import contextlib
import os
import re
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from copying import Copying, flip, objects  # noqa: E402
from harness import main, test, wait_until  # noqa: E402
from places import restore  # noqa: E402
from remotes import Bucket, OWN  # noqa: E402
from shop import LIVE  # noqa: E402
from storing import SLUGS  # noqa: E402

BIG = (9 << 20) + 7                  # what does not compress, and is more than one part of an upload
seen = {}


class Copies(Copying):
    """shop/live with main, a folder, and cloud, a bucket."""

    def __init__(self):
        # Nobody waits until a file is old enough not to be read again.
        super().__init__(env={"LAZARETTE_FAULT_CONTROL": "slot.settled_at_once"})

    def __enter__(self):
        self.bucket = Bucket()
        super().__enter__()
        with open(self.content + "/media/still", "wb") as f:
            f.write(os.urandom(BIG))
        self.must(self.add_bucket("cloud", "test", **self.bucket.fields))
        self.last_test("succeeded")
        self.store = self.home + "/store"
        return self

    def __exit__(self, *what):
        super().__exit__(*what)
        self.bucket.stop()

    def far(self):
        """What lies in the bucket of backups, by key."""
        return {key: self.bucket.get(key) for key in self.bucket.objects() if key not in OWN}

    def secret(self, secret):
        page = "/storage/cloud/settings"
        self.must(self.browser.submit(self.must(self.browser.get(page)).form(field="endpoint").fill(secret=secret), page))


@test("PEER-15", "a copy goes into the bucket byte by byte, in several parts; the next brings only what is new")
def policy(s):
    s.must(s.choose_copies("", "cloud"))
    first = s.run_plan()
    copy = s.wait_copy(first["id"], "cloud")
    assert copy["health"] == "good" and copy["stored_bytes"] > BIG and copy["error"] is None
    assert s.far() == objects(s.store)
    s.write("as it became")
    second = s.run_plan()
    copy = s.wait_copy(second["id"], "cloud")
    assert s.far() == objects(s.store)
    # What is there already is not sent again.
    log = s.log(s.newest("copy"))
    assert copy["health"] == "good" and re.search(r"6 objects \([\d.]+\skB\) were brought there", log), log
    seen.update(first=first["id"], second=second["id"])


@test("PEER-15 SCU-12", "with the first place gone a backup is restored and verified from the bucket, and the log says so")
def gone(s):
    os.rename(s.store, s.store + ".away")
    s.write("later still")
    os.unlink(s.content + "/media/still")
    # Where the safety backups of the restores go.
    s.must(s.policy(f"/p/{LIVE}", "cloud"))
    for backup, words in ((seen["first"], "as it was"), (seen["second"], "as it became")):
        row = restore(s, backup, slugs=SLUGS)
        assert s.words() == words and os.path.getsize(s.content + "/media/still") == BIG
        job = s.sql1("SELECT id FROM job WHERE restore = ? AND kind = 'restore'", row["id"])
        assert f"backup b{backup} is read from its copy in cloud" in s.log(job), s.log(job)
    s.act(seen["second"], f"/b/b{seen['second']}/copies/cloud/verify")
    s.wait_job(s.newest("verify"), "succeeded")
    assert s.sql1("SELECT count(*) FROM backup WHERE health <> 'good'") == 0
    os.rename(s.store + ".away", s.store)
    s.must(s.policy(f"/p/{LIVE}", "main"))


@test("T17 PEER-15", "damage in the folder is healed from the bucket, and what is gone or damaged in the bucket from the folder")
def healed(s):
    backup = seen["first"]
    before, key = objects(s.store), s.sql1("SELECT data_key FROM part WHERE backup = ? AND engine = 'files'", backup)

    def whole(number):
        return lambda: s.sql1("SELECT count(*) FROM backup WHERE id = ? AND health = 'good'", number) and s.copies(
            number)["cloud"]["health"] == "good" and not s.busy(number)
    flip(f"{s.store}/{key}")
    s.act(backup, f"/b/b{backup}/verify")
    s.wait_job(s.newest("verify"))
    wait_until("the folder is whole", whole(backup), timeout=60)
    assert objects(s.store) == before
    said = "\n".join(s.log(r["id"]) for r in s.sql("SELECT id FROM job WHERE kind = 'copy'"))
    assert f"'{key}' in main differed from byte 100 on: replaced by the one in cloud" in said, said
    body, database = s.bucket.get(key), s.sql1("SELECT data_key FROM part WHERE backup = ? AND engine = 'sqlite'", backup)
    s.bucket.put(key, body[:-1] + bytes([body[-1] ^ 1]))
    s.bucket.remove(database)
    s.act(backup, f"/b/b{backup}/copies/cloud/verify")
    s.wait_job(s.newest("verify"))
    wait_until("the bucket is whole", whole(backup), timeout=60)
    far = s.far()
    assert {k: far[k] for k in before} == before
    said = "\n".join(s.log(r["id"]) for r in s.sql("SELECT id FROM job WHERE kind = 'copy'"))
    assert f"'{key}' in cloud differed from byte {len(body) - 1} on: replaced by the one in main" in said, said
    assert f"'{database}' was missing in cloud: brought from main" in said, said


@test("PEER-15", "a bucket that refuses fails the copy in its own words, never the backup; once it lets us in again it is brought")
def refused(s):
    s.secret("wrong-secret")
    s.write("more")
    third = s.run_plan()
    copy = s.wait_copy(third["id"], "cloud", "failed")
    assert "403 SignatureDoesNotMatch" in copy["error"], copy["error"]
    assert s.sql1("SELECT state || health FROM backup WHERE id = ?", third["id"]) == "readygood"
    assert "403 SignatureDoesNotMatch" in s.must(s.browser.get(f"/b/b{third['id']}")).words
    s.secret(s.bucket.fields["secret"])
    s.act(third["id"], f"/b/b{third['id']}/copies/cloud")
    s.wait_copy(third["id"], "cloud")
    seen["third"] = third["id"]


@test("T23 PEER-15", "a worker that dies in the upload of a copy: nothing of it stays, and the copy comes once it lives")
def dies(s):
    parts = s.bucket.swift.uploads("lazarette")
    os.unlink(s.content + "/media/still")
    with open(s.content + "/media/other", "wb") as f:
        f.write(os.urandom(BIG))
    before = s.far()
    s.stop_one("worker")
    s.start_worker({"LAZARETTE_FAULT": "s3.part:kill"})
    backup = s.run_plan()["id"]
    s.wait_copy(backup, "cloud", "failed")
    s.stop_one("worker")
    s.start_worker()
    s.act(backup, f"/b/b{backup}/copies/cloud")
    s.wait_copy(backup, "cloud")
    assert before.items() < s.far().items() and not [k for k in s.far() if k.endswith(".tmp")], list(s.far())
    # A finished upload leaves its parts and nothing else; each of a broken one begins with the same id.
    ids = {name.rsplit("/", 1)[0] for name in s.bucket.swift.uploads("lazarette")} - {name.rsplit("/", 1)[0] for name in parts}
    assert len(ids) == 1, ids
    s.doctor()


@test("PEER-15", "a deleted backup leaves the bucket, too, and takes no pack that another copy there needs")
def deleted(s):
    sidecar = s.sql1("SELECT sidecar_key FROM backup WHERE id = ?", seen["first"])
    page = f"/b/b{seen['first']}/delete"
    s.must(s.browser.submit(s.must(s.browser.get(page)).form(action=page), page))
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=10)) as db:
        db.execute("UPDATE backup SET trashed_at = 1 WHERE state = 'trashed'")
        db.commit()
    s.stop_one("worker")
    s.start_worker()
    wait_until("it is gone", lambda: s.sql1("SELECT state FROM backup WHERE id = ?", seen["first"]) == "deleted", timeout=60)
    pack = s.sql1("SELECT k.key FROM part_pack k JOIN part p ON p.id = k.part WHERE p.backup = ?", seen["second"])
    far = s.far()
    assert not s.copies(seen["first"]) and sidecar not in far and pack in far, list(far)
    s.doctor()


if __name__ == "__main__":
    main(Copies)
