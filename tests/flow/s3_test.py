#!/usr/bin/python3
"""s3_test.py: a bucket of a real S3 server as a storage, from the form that adds it to the last object removed."""
import contextlib
import hashlib
import os
import re
import sqlite3
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Browser, ROOT, links_of, main, test, wait_until  # noqa: E402
from places import restore  # noqa: E402
from remotes import Bucket, OWN  # noqa: E402
from shop import LIVE  # noqa: E402
from storing import SLUGS, Storages  # noqa: E402

TRASHED = "SELECT count(*) FROM backup WHERE state = 'trashed'"
seen = {}


class Cloud(Storages):
    """Beside shop/live and `main` a server with the buckets lazarette and other."""

    def __enter__(self):
        self.bucket = Bucket("other")
        self.swift, self.fields, self.objects = self.bucket.swift, self.bucket.fields, self.bucket.objects
        return super().__enter__()

    def __exit__(self, *what):
        super().__exit__(*what)
        self.bucket.stop()


@contextlib.contextmanager
def stub():
    """The server that misbehaves as it is told; gives its endpoint."""
    server = subprocess.Popen([sys.executable, ROOT + "/tests/fake/s3stub.py"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.wait()


@test("SCU-14", "the form says beside each field what is wrong; the secret key is locked up and never shown")
def form(s):
    bad = s.add_bucket("Cloud!", endpoint="ftp://x", bucket="b", prefix="a//b", key_id="a b", secret="")
    assert bad.status == 422
    for words in ("must begin with https:// or http://", "A bucket's name has 3 to 63", "single slashes",
                  "Give the key id as the service shows it", "Give the secret key"):
        assert words in bad.words, (words, bad.words)
    s.must(s.add_bucket("cloud", **dict(s.fields, secret="wrong-secret", prefix="/backups/one/")))
    row = s.sql("SELECT * FROM storage WHERE slug = 'cloud'")[0]
    assert (row["kind"], row["prefix"], row["region"]) == ("s3", "backups/one", "us-east-1")
    assert row["path"] == f"{s.fields['endpoint']}/lazarette/backups/one" and b"wrong-secret" not in row["sealed"]
    for page in ("/storage/cloud", "/storage/cloud/settings", "/storage"):
        assert "wrong-secret" not in s.must(s.browser.get(page)).text
    twice = s.add_bucket("cloud", **dict(s.fields, prefix="elsewhere"))
    assert twice.status == 422 and "cloud is taken" in twice.words


@test("CYC-2 SCU-14", "a bad key fails the test with the HTTP status and the storage's own words; the right one shows ms")
def bad_key(s):
    s.test_storage("cloud", "failed")
    words = s.browser.get("/storage/cloud").words
    assert "answered 403 SignatureDoesNotMatch" in words and "Check the key id and the secret key" in words, words[:800]
    assert not s.objects()
    page = "/storage/cloud/settings"
    form = s.must(s.browser.get(page)).form(field="endpoint").fill(secret=s.fields["secret"])
    s.must(s.browser.submit(form, page, button=("then", "test")))
    s.last_test("succeeded")
    words = s.browser.get("/storage/cloud").words
    assert re.search(r"written in \d+ ms, read back in \d+ ms, listed in \d+ ms and removed in \d+ ms", words), words[:900]
    assert sorted(s.objects()) == OWN, s.objects()
    # A form that was opened before that save does not undo it unread.
    late = s.browser.submit(form, page)
    assert late.status == 422 and "Somebody changed this storage while you edited" in late.words
    logs = s.sql1("SELECT group_concat(text) FROM job_log") or ""
    assert s.fields["secret"] not in logs and "wrong-secret" not in logs


@test("SCU-14 CYC-2", "the same plan into a folder and into the bucket: the raw content of each part has the same sha256")
def equal(s):
    sums, body = {}, {"main": s.body_in("main"), "cloud": s.bucket.get}
    for slug in ("main", "cloud"):
        s.must(s.policy(f"/p/{LIVE}", slug))
        backup = s.run_plan()
        assert backup["slug"] == slug
        sums[slug] = s.raw_sums(backup["id"], body[slug])
    assert sums["main"] == sums["cloud"] and len(sums["cloud"]) == 2, sums
    seen.update(main=s.sql1("SELECT min(id) FROM backup"), cloud=backup["id"])
    s.must(s.policy(f"/p/{LIVE}", "main"))
    # What lies there is what the catalogue says, as another client sees it; nothing temporary is left.
    there = s.objects()
    for part in s.sql("SELECT * FROM part WHERE backup = ?", backup["id"]):
        body = s.bucket.get(part["data_key"])
        assert hashlib.sha256(body).hexdigest() == part["data_stored_sha256"] and there[part["data_key"]] == len(body)
    assert backup["sidecar_key"] in there and not [n for n in there if n.endswith(".tmp")], there


@test("SCU-12", "what lies in the bucket is restored, verified and downloaded; what lies in the folder still is")
def back(s):
    s.write("as it became")
    restore(s, seen["cloud"], slugs=SLUGS)
    assert s.words() == "as it was"
    s.write("as it became")
    restore(s, seen["main"], slugs=SLUGS)
    assert s.words() == "as it was"
    page = f"/b/b{seen['cloud']}"
    s.must(s.browser.submit(s.must(s.browser.get(page)).form("/verify"), page))
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'verify'"), "succeeded")
    number = s.request_download(seen["cloud"], form_format="tar")
    s.wait_download(number)
    found = wait_until("the mail with the link", lambda: [
        p for m in s.mails() for p in links_of(m, s.base) if re.search(r"/dl/[\w-]+/[a-z]*\d+$", p)])
    guest = Browser(s.base)
    assert guest.get(found[0]).status == 200


@test("SCU-14", "the storage is looked through: no finding, no free room it does not know; what is lost and what is new is found")
def look(s):
    page = "/storage/cloud"

    def check():
        s.must(s.browser.submit(s.must(s.browser.get(page)).form("/check"), page))
        s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'reconcile'"), "succeeded")
        return s.browser.get(page).words
    words = check()
    assert "All there" in words and "no limit known" in words, words[:900]
    key = s.sql1("SELECT data_key FROM part WHERE backup = ? AND service_slug = 'media'", seen["cloud"])
    body = s.bucket.get(key)
    s.bucket.remove(key)
    assert "Something is missing" in check()
    s.bucket.put(key, body)
    assert "Something is missing" not in check()


@test("SCU-14", "two instances never share a prefix; a bucket in use is not left behind by a change of its settings")
def other_instance(s):
    s.swift.put("other", "lazarette.json", b'{"format": 1, "instance_id": "somebody-else"}')
    s.must(s.add_bucket("theirs", "test", **dict(s.fields, bucket="other", prefix="")))
    row = s.last_test("failed")
    assert "belongs to another Lazarette (somebody-else)" in row["error"], row["error"]
    assert sorted(s.swift.names("other")) == ["lazarette.json"]
    page = "/storage/cloud/settings"
    s.must(s.browser.submit(s.must(s.browser.get(page)).form(field="endpoint").fill(prefix="elsewhere"), page))
    assert "Is it the right bucket?" in s.test_storage("cloud", "failed")["error"]
    s.must(s.browser.submit(s.must(s.browser.get(page)).form(field="endpoint").fill(prefix="backups/one"), page))
    s.test_storage("cloud", "succeeded")


@test("SCU-14", "a storage with backups stays, with their number; one that holds none goes, and deletes nothing")
def removing(s):
    refused = s.browser.submit(s.must(s.browser.get("/storage/cloud/remove")).form("/remove"), "/storage/cloud/remove")
    assert refused.status == 409 and "1 backup lies in it" in refused.words, refused.words[:400]
    s.must(s.browser.submit(s.must(s.browser.get("/storage/theirs/remove")).form("/remove"), "/storage/theirs/remove"))
    assert s.browser.get("/storage/theirs").status == 404 and "theirs" not in s.browser.get("/storage").words
    assert s.sql1("SELECT sealed FROM storage WHERE slug LIKE 'theirs%'") is None
    assert sorted(s.swift.names("other")) == ["lazarette.json"]


@test("PLA-19", "a folder on the disk of what it keeps is warned of; a bucket is not")
def same_disk(s):
    path = s.add_folder("near")
    s.test_storage("near", "succeeded")
    words = s.browser.get("/storage/near").words
    assert "It lies on the same file system as" in words and "when that disk is lost, both are" in words, words[:600]
    assert os.path.exists(path + "/lazarette.json")
    assert "same file system" not in s.browser.get("/storage/cloud").words


@test("T23 CYC-2", "the test of a bucket without any rule advises the one against broken uploads; one that knows no rules says nothing")
def advice(s):
    assert "lifecycle" not in s.browser.get("/storage/cloud").words
    with stub() as endpoint:
        for bucket, expected in (("bare-0-x", True), ("ruled-0-x", True), ("aborts-0-x", False)):
            slug = bucket.split("-")[0]
            s.must(s.add_bucket(slug, "test", **dict(s.fields, endpoint=endpoint, bucket=bucket, prefix="none-0-x")))
            s.last_test("succeeded")
            words = s.browser.get(f"/storage/{slug}").words
            assert ("AbortIncompleteMultipartUpload" in words) == expected and "removed in" in words, words[:1200]
            page = f"/storage/{slug}/remove"
            s.must(s.browser.submit(s.must(s.browser.get(page)).form("/remove"), page))


@test("SCU-14", "a bucket that locks its objects: a backup deleted too early stays in the trash, is put off, and the log says why")
def locked(s):
    with stub() as endpoint:
        s.must(s.add_bucket("vault", **dict(s.fields, endpoint=endpoint, prefix="locked-0-x")))
        s.must(s.policy(f"/p/{LIVE}", "vault"))
        number = s.run_plan()["id"]
        s.must(s.policy(f"/p/{LIVE}", "main"))
        with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=60)) as db:
            db.execute("UPDATE backup SET state = 'trashed', before_trash = 'ready', trashed_at = 1 WHERE id = ?", (number,))
            db.commit()
        s.stop_one("worker")
        s.start_worker()
        wait_until("the purge to be put off", lambda: s.sql1("SELECT purge_after FROM backup WHERE id = ?", number) > 0, 30)
        with open(s.home + "/log/worker.log", encoding="utf-8") as f:
            assert "the object is locked and may not be removed yet" in f.read()
        assert s.sql1("SELECT state FROM backup WHERE id = ?", number) == "trashed"
        # The bucket goes with its server: what lay there is nobody's.
        with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=60)) as db:
            db.execute("UPDATE backup SET state = 'deleted' WHERE id = ?", (number,))
            db.commit()
        s.must(s.browser.submit(s.must(s.browser.get("/storage/vault/remove")).form("/remove"), "/storage/vault/remove"))


@test("T23", "a worker that dies in its upload three times fails the backup; the housekeeping leaves nothing of it in the bucket")
def dies(s):
    before = s.objects()
    s.must(s.policy(f"/p/{LIVE}", "cloud"))
    s.stop_one("worker")
    s.start_worker({"LAZARETTE_FAULT": "s3.commit:kill"})
    number, job = s.create_backup(LIVE)
    s.wait_job(job, "failed")
    s.stop_one("worker")
    s.start_worker()
    wait_until("the housekeeping", lambda: s.objects() == before, 30)
    s.must(s.policy(f"/p/{LIVE}", "main"))


@test("SCU-6 SCU-14", "files of several packs lie in the bucket, come back from there, and a pack that is lost is named")
def several(s):
    seen["several"] = s.several_packs("cloud", s.objects, s.bucket.remove)


@test("SCU-14", "a backup that is deleted for good leaves nothing of it in the bucket")
def pruned(s):
    page = f"/b/b{seen['cloud']}/delete"
    s.must(s.browser.submit(s.must(s.browser.get(page)).form("/delete"), page))
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=60)) as db:
        db.execute("UPDATE backup SET state = 'trashed', trashed_at = 1 WHERE id IN (?, ?)", (seen["cloud"], seen["several"]))
        db.commit()
    s.stop_one("worker")
    s.start_worker()
    wait_until("the trash to be emptied", lambda: sorted(s.objects()) == OWN and not s.sql1(TRASHED), 30)
    s.must(s.browser.submit(s.must(s.browser.get("/storage/cloud/remove")).form("/remove"), "/storage/cloud/remove"))
    s.doctor()


if __name__ == "__main__":
    main(Cloud)
