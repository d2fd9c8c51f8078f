#!/usr/bin/python3
"""sftp_test.py: a folder of a real OpenSSH server as a storage, from the form that adds it to the last object removed."""
import contextlib
import hashlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import main, test, wait_until  # noqa: E402
from places import restore  # noqa: E402
from remotes import OWN, Sftp, trust  # noqa: E402
from shop import LIVE  # noqa: E402
from storing import SLUGS, Storages  # noqa: E402

TRASHED = "SELECT count(*) FROM backup WHERE state = 'trashed'"
seen = {}


class Server(Storages):
    """Beside shop/live and `main` a server with an empty folder."""

    def __init__(self):
        super().__init__("storage_tries = 2\n")

    def __enter__(self):
        self.sftp = Sftp()
        self.server, self.folder, self.store, self.key = self.sftp.server, self.sftp.folder, self.sftp.store, self.sftp.key
        self.fields, self.read, self.objects = self.sftp.fields, self.sftp.read, self.sftp.objects
        return super().__enter__()

    def __exit__(self, *what):
        super().__exit__(*what)
        self.sftp.stop()

    def cut(self, text):
        with open(self.folder + "/cut.new", "w") as f:
            f.write(text)
        os.rename(self.folder + "/cut.new", self.folder + "/cut")

    def settings(self, button=("then", "test"), **fields):
        page = "/storage/nas/settings"
        return self.browser.submit(self.must(self.browser.get(page)).form(field="host").fill(**fields), page, button=button)


@test("SCU-14", "the form says beside each field what is wrong; the private key is locked up and never shown")
def form(s):
    bad = s.add_server("NAS!", host="a b", port="0", login="x y", folder="relative", secret="ssh-ed25519 AAAA public")
    assert bad.status == 422
    for words in ("Give the name or the address of the server", "Port must be 1–65535", "Give the name of the account",
                  "Give the whole path there", "not the one that ends in .pub"):
        assert words in bad.words, (words, bad.words)
    locked = tempfile.mkdtemp(prefix="key-", dir=s.folder)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "a passphrase", "-f", locked + "/key"], check=True)
    with open(locked + "/key") as f:
        bad = s.add_server("nas", **dict(s.fields, secret=f.read()))
    assert bad.status == 422 and "The key has a passphrase" in bad.words
    rates = s.add_server("nas", **dict(s.fields, write_rate="fast"))
    assert rates.status == 422 and "Use a number with its unit, such as 10 MiB/s" in rates.words and "fast" in rates.text
    assert "Give the private key or the password" in s.add_server("nas", **dict(s.fields, secret="")).words
    s.must(s.add_server("nas", **dict(s.fields, write_rate="100 MiB/s", folder=s.store + "/")))
    row = s.sql("SELECT * FROM storage WHERE slug = 'nas'")[0]
    assert (row["kind"], row["folder"], row["host_key"], row["write_rate"]) == ("sftp", s.store, "", 100 << 20)
    assert row["path"] == f"sftp://root@127.0.0.1:{s.fields['port']}{s.store}" and b"OPENSSH" not in row["sealed"]
    secret = s.key.splitlines()[2]
    for page in ("/storage/nas", "/storage/nas/settings", "/storage"):
        text = s.must(s.browser.get(page)).text
        assert secret not in text and "OPENSSH" not in text
    assert "100 MiB/s" in s.browser.get("/storage/nas").words


@test("SCU-14 CYC-2", "the first test shows the server's key and sends nothing; once it is confirmed, the storage is tested")
def first_key(s):
    row = s.test_storage("nas", "failed")
    shown = s.read("host_key")
    assert shown in row["error"] and "Nothing was sent to it" in row["error"], row["error"]
    assert not s.objects()
    page = s.browser.get("/storage/nas")
    assert shown in page.words and "another key than" not in page.words
    # A key that the page did not show cannot be confirmed.
    forged = s.browser.submit(page.form("/trust").fill(host_key="SHA256:" + "A" * 43), "/storage/nas")
    assert forged.status == 409 and s.sql1("SELECT host_key FROM storage WHERE slug = 'nas'") == ""
    trust(s, "nas")
    s.last_test("succeeded")
    words = s.browser.get("/storage/nas").words
    assert re.search(r"written in \d+ ms, read back in \d+ ms, listed in \d+ ms and removed in \d+ ms", words), words[:900]
    assert sorted(s.objects()) == OWN, s.objects()
    # The limit of the form is that of the job: what the jobs of this machine share was made by it.
    assert os.path.exists(f"{s.home}/run/pace-{s.sql1('SELECT id FROM storage WHERE slug = ?', 'nas')}")


@test("SCU-14 CYC-2", "a wrong key and a wrong password fail the test in words; the right password does as well as the key")
def wrong_secret(s):
    s.must(s.settings(secret=s.read("host")))
    assert "does not accept the private key for the account root" in s.last_test("failed")["error"]
    # What is stored is a private key: it is not sent as a password.
    assert "Give the private key or the password" in s.settings(auth="password").words
    s.must(s.settings(auth="password", secret="not the secret word"))
    assert "does not accept the password for the account root" in s.last_test("failed")["error"]
    s.must(s.settings(auth="password", secret="right"))
    s.last_test("succeeded")
    s.must(s.settings(auth="key", secret=s.key))
    s.last_test("succeeded")
    logs = (s.sql1("SELECT group_concat(text) FROM job_log") or "") + s.read("../" + os.path.basename(s.folder) + "/log")
    assert "not the secret word" not in logs and s.key.splitlines()[2] not in logs


@test("SCU-14", "the same plan into a folder and onto the server: the raw content of each part has the same sha256")
def equal(s):
    sums = {}
    for slug in ("main", "nas"):
        s.must(s.policy(f"/p/{LIVE}", slug))
        backup = s.run_plan()
        assert backup["slug"] == slug
        sums[slug] = s.raw_sums(backup["id"], s.body_in(slug, s.store if slug == "nas" else None))
    assert sums["main"] == sums["nas"] and len(sums["nas"]) == 2, sums
    seen.update(main=s.sql1("SELECT min(id) FROM backup"), nas=backup["id"])
    there = s.objects()
    for part in s.sql("SELECT * FROM part WHERE backup = ?", backup["id"]):
        with open(os.path.join(s.store, part["data_key"]), "rb") as f:
            body = f.read()
        assert hashlib.sha256(body).hexdigest() == part["data_stored_sha256"] and there[part["data_key"]] == len(body)
    assert backup["sidecar_key"] in there and not [n for n in there if n.endswith(".tmp")], there
    words = s.browser.get(f"/b/b{backup['id']}").words
    assert f"scp -P {s.fields['port']}" in words, words[-1500:]


@test("SCU-12", "what lies on the server is restored and verified")
def back(s):
    s.write("as it became")
    restore(s, seen["nas"], slugs=SLUGS)
    assert s.words() == "as it was"
    page = f"/b/b{seen['nas']}"
    s.must(s.browser.submit(s.must(s.browser.get(page)).form("/verify"), page))
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'verify'"), "succeeded")


@test("SCU-14", "the storage is looked through: no finding, its free room; what is lost is found")
def look(s):
    page = "/storage/nas"

    def check():
        s.must(s.browser.submit(s.must(s.browser.get(page)).form("/check"), page))
        s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'reconcile'"), "succeeded")
        return s.browser.get(page).words
    words = check()
    assert "All there" in words and "at the last look" in words, words[:900]
    path = os.path.join(s.store, s.sql1("SELECT data_key FROM part WHERE backup = ? AND service_slug = 'media'", seen["nas"]))
    os.rename(path, s.folder + "/away")
    assert "Something is missing" in check()
    os.rename(s.folder + "/away", path)
    assert "Something is missing" not in check()


@test("T24", "a server that is away in the middle of a backup: never ready, nothing left; the next backup is well")
def broken(s):
    before = s.objects()
    with open(s.content + "/media/sub/more", "wb") as f:
        f.write(os.urandom(100000))
    s.cut("20000 1000")
    number, job = s.create_backup(LIVE)
    error = s.wait_job(job, "failed")["error"]
    assert "127.0.0.1" in error and "tried" in error, error
    assert s.sql1("SELECT state FROM backup WHERE id = ?", number) == "failed"
    os.unlink(s.folder + "/cut")
    wait_until("the housekeeping", lambda: s.objects() == before, 30)
    # The control: the same once only is no trouble.
    s.cut("20000 1")
    number, job = s.create_backup(LIVE)
    s.wait_job(job, "succeeded")
    assert not os.path.exists(s.folder + "/cut")


@test("T23", "a worker that dies in its upload three times fails the backup; the housekeeping leaves nothing of it on the server")
def dies(s):
    before = s.objects()
    s.stop_one("worker")
    s.start_worker({"LAZARETTE_FAULT": "sftp.commit:kill"})
    number, job = s.create_backup(LIVE)
    s.wait_job(job, "failed")
    s.stop_one("worker")
    s.start_worker()
    wait_until("the housekeeping", lambda: s.objects() == before, 30)


@test("SCU-14", "another key than the confirmed one: nothing is sent, the page says what to do, and somebody confirms the new one")
def other_key(s):
    old = s.read("host_key")
    os.kill(s.server.pid, signal.SIGUSR1)
    new = wait_until("another key", lambda: (k := s.read("host_key")) not in (old, "") and k)
    number, job = s.create_backup(LIVE)
    error = s.wait_job(job, "failed")["error"]
    assert new in error and old in error and "nothing was sent to it" in error, error
    assert new in s.test_storage("nas", "failed")["error"]
    words = s.browser.get("/storage/nas").words
    assert "The server shows another key than the one that was confirmed" in words and old in words and new in words
    trust(s, "nas")
    s.last_test("succeeded")
    words = s.browser.get("/storage/nas").words
    assert "another key than" not in words and new in words


@test("SCU-6 SCU-14", "files of several packs lie on the server, come back from there, and a pack that is lost is named")
def several(s):
    s.several_packs("nas", s.objects, lambda key: os.unlink(os.path.join(s.store, key)))


@test("SCU-14", "a backup that is deleted for good leaves nothing of it on the server")
def pruned(s):
    s.must(s.policy(f"/p/{LIVE}", "main"))
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=60)) as db:
        db.execute("UPDATE backup SET state = 'trashed', trashed_at = 1 WHERE state = 'ready' AND storage ="
                   " (SELECT id FROM storage WHERE slug = 'nas')")
        db.commit()
    s.stop_one("worker")
    s.start_worker()
    wait_until("the trash to be emptied", lambda: sorted(s.objects()) == OWN and not s.sql1(TRASHED), 30)
    s.must(s.browser.submit(s.must(s.browser.get("/storage/nas/remove")).form("/remove"), "/storage/nas/remove"))
    s.doctor()


if __name__ == "__main__":
    main(Server)
