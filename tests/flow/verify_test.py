#!/usr/bin/python3
"""verify_test.py: nobody asks, and still what was stored is compared, read again, tested and counted."""
import contextlib
import hashlib
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import main, test, wait_until  # noqa: E402
from places import two_places  # noqa: E402
from shop import LIVE, ROWS  # noqa: E402

HOUR = 3600 * 1000


def alarms(s, kind):
    return s.sql1("SELECT count(*) FROM alarm WHERE kind = ? AND closed_at = 0", kind)


def restart_worker(s, hours):
    """The same worker, so many hours later."""
    s.stop_one("worker")
    s.start_worker({"LAZARETTE_CLOCK_SKEW": str(hours * HOUR)})


def statement(path, sql):
    with contextlib.closing(sqlite3.connect(path, timeout=10)) as db:
        db.execute(sql)
        db.commit()


@test("PEER-23 T18", "a dump that ended well and holds nothing is suspicious until somebody says that it is fine")
def hollow(s):
    assert ROWS > 100
    s.backup(LIVE, ["sqlite"])
    statement(s.content + "/shop.sqlite", "DELETE FROM customer")
    odd = s.backup(LIVE, ["sqlite"])
    page = s.must(s.browser.get(f"/b/b{odd['id']}"))
    assert "Ready, but suspicious" in page.text and "table customer is empty" in page.text
    assert "Ready, but suspicious" in s.must(s.browser.get(f"/p/{LIVE}/backups")).text
    wait_until("the alarm", lambda: alarms(s, "suspicious") == 1)
    s.must(s.browser.submit(page.form(action=f"/b/b{odd['id']}/trust")))
    assert "Ready, but suspicious" not in s.must(s.browser.get(f"/b/b{odd['id']}")).text
    wait_until("the end of the alarm", lambda: alarms(s, "suspicious") == 0)
    # It is the new measure: the next one like it is an ordinary one.
    assert s.backup(LIVE, ["sqlite"])["suspicion"] == ""


@test("T26", "half a day after its making every backup is read again by itself")
def read_again(s):
    s.backup(LIVE)
    assert s.sql1("SELECT count(*) FROM part WHERE verified_at > 0") == 0
    restart_worker(s, 13)
    wait_until("the readings", lambda: s.sql1("SELECT count(*) FROM part p JOIN backup b ON b.id = p.backup WHERE"
                                              " b.state = 'ready' AND p.verified_at = 0") == 0, timeout=120)
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'verify' AND requested_by IS NOT NULL") == 0
    restart_worker(s, 0)


@test("PEER-7", "a test restore comes by itself where a policy wants it, and its date stands on the row")
def tested(s):
    statement(s.home + "/catalog.db", "INSERT INTO policy (level, owner, key, value, set_at) VALUES"
                                      " ('instance', 0, 'test-days', '7', 1)")
    wait_until("a test", lambda: s.sql1("SELECT count(*) FROM backup WHERE test_state = 'equal'") > 0, timeout=120)
    assert "Test-restored" in s.must(s.browser.get(f"/p/{LIVE}/backups")).text
    newest = s.sql1("SELECT max(id) FROM backup WHERE test_state = 'equal'")
    assert "Back in about" in s.must(s.browser.get(f"/b/b{newest}")).text


@test("CYC-21", "what was done behind the console's back is found, named, and neither restored nor downloaded")
def reconcile(s):
    ready = s.backup(LIVE)
    late = s.must(s.browser.get(f"/b/b{ready['id']}/download")).form(field="parts")
    store = s.home + "/store/"
    os.unlink(store + s.sql1("SELECT data_key FROM part WHERE backup = ? AND engine = 'files'", ready["id"]))
    os.makedirs(store + "blog/live")
    with open(store + "blog/live/b1-left.json", "w") as f:
        f.write("{}")
    os.utime(store + "blog/live/b1-left.json", (time.time() - 2 * 86400,) * 2)
    page = s.must(s.browser.get("/storage/main"))
    s.must(s.browser.submit(page.form(action="/storage/main/check")))
    wait_until("the look", lambda: s.sql1("SELECT checked_at FROM storage") > 0, timeout=60)
    wait_until("its end", lambda: s.sql1("SELECT count(*) FROM job WHERE kind = 'reconcile' AND state = 'succeeded'"))
    text = s.must(s.browser.get("/storage/main")).text
    assert "Something is missing" in text and "blog/live/b1-left.json" in text, text
    assert f'<a href="/b/b{ready["id"]}">' in text
    shown = s.must(s.browser.get(f"/b/b{ready['id']}")).text
    assert "Not restorable: Its stored bytes are missing" in shown
    assert not re.search(rf'href="/b/b{ready["id"]}/restore"', shown)
    refused = s.browser.get(f"/b/b{ready['id']}/restore")
    assert refused.status == 409, refused.status
    # A form that was open meanwhile is refused, too, and nothing is prepared.
    assert "Prepare download" not in shown
    for answer in (s.browser.get(f"/b/b{ready['id']}/download"), s.browser.submit(late)):
        assert answer.status == 409 and "are missing, so nothing of it can be downloaded" in answer.text, answer
    assert s.sql1("SELECT count(*) FROM download") == 0
    wait_until("the alarms", lambda: alarms(s, "missing") == 2)
    assert s.sql1("SELECT count(*) FROM event WHERE action = 'backup.found'") == 1
    # The control: the backup before it is whole, and can be restored.
    whole = s.sql1("SELECT max(id) FROM backup WHERE state = 'ready' AND health = 'good' AND id < ?", ready["id"])
    assert s.browser.get(f"/b/b{whole}/restore").status == 200
    assert s.browser.get(f"/b/b{whole}/download").status == 200


def verify(s, backup, state):
    """The verification's log."""
    s.must(s.browser.submit(s.must(s.browser.get(f"/b/b{backup['id']}")).form(action=f"/b/b{backup['id']}/verify")))
    job = s.sql1("SELECT max(id) FROM job WHERE kind = 'verify'")
    s.wait_job(job, state)
    return "\n".join(r["text"] for r in s.sql("SELECT text FROM job_log WHERE job = ? ORDER BY seq", job))


def store_anew(s, backup, key, text):
    """The manifest of media says this, and all that was promised of it is met, but that nobody signed it."""
    with tempfile.NamedTemporaryFile() as f:
        f.write(text)
        f.flush()
        body = subprocess.run(["zstd", "-qc", f.name], capture_output=True, check=True).stdout
    if key.endswith(".age"):
        readers = [word for r in backup["recipients"].split() for word in ("-r", r)]
        body = subprocess.run(["age", "-e", *readers], input=body, capture_output=True, check=True).stdout
    with open(f"{s.home}/store/{key}", "wb") as f:
        f.write(body)
    statement(s.home + "/catalog.db", f"UPDATE backup SET signed_by = '' WHERE id = {backup['id']}")
    statement(s.home + "/catalog.db", f"UPDATE part SET manifest_raw_bytes = {len(text)}, manifest_stored_bytes = {len(body)},"
              f" manifest_raw_sha256 = '{hashlib.sha256(text).hexdigest()}',"
              f" manifest_stored_sha256 = '{hashlib.sha256(body).hexdigest()}' WHERE manifest_key = '{key}'")


@test("T26", "every file is hashed: one that is not what the manifest says is named, though its pack is as it was stored")
def hashed(s):
    ready = s.backup(LIVE, ["media"])
    assert ": good" in verify(s, ready, "succeeded")
    part = s.sql("SELECT * FROM part WHERE backup = ? AND engine = 'files'", ready["id"])[0]
    text = s.plain(part["manifest_key"])
    text = subprocess.run(["zstd", "-dc"], input=text, capture_output=True, check=True).stdout
    found = re.search(rb"\n\./(\S+) type=file [^\n]* size=[1-9][^\n]* sha256=(.)[^\n]* x-pack=", text)
    other = b"1" if found[2] == b"0" else b"0"
    store_anew(s, ready, part["manifest_key"], text[:found.start(2)] + other + text[found.end(2):])
    # The control: what was stored is as it was stored, and nobody who does not hash the files would know.
    s.stop_one("worker")
    s.start_worker({"LAZARETTE_FAULT_CONTROL": "chain.unchecked"})
    assert "media: good" in verify(s, ready, "succeeded")
    s.stop_one("worker")
    s.start_worker()
    log = verify(s, ready, "failed")
    assert f"'{found[1].decode()}' is not in {part['data_key']} as it was stored" in log, log
    assert s.sql1("SELECT health FROM backup WHERE id = ?", ready["id"]) == "damaged"


@test("T26", "whoever asks has every pack read, also one of an older backup that was read a moment ago")
def shared(s):
    time.sleep(3)
    first = s.backup(LIVE, ["media"])
    later = s.backup(LIVE, ["media"])
    pack = s.sql1("SELECT data_key FROM part WHERE backup = ? AND engine = 'files'", first["id"])
    shares = "SELECT read_at FROM part_pack WHERE key = ? AND part IN (SELECT id FROM part WHERE backup = ?)"
    assert ": good" in verify(s, later, "succeeded")
    read_at = s.sql1(shares, pack, later["id"])
    assert read_at > (time.time() - 3600) * 1000, read_at
    with open(f"{s.home}/store/{pack}", "r+b") as f:
        f.seek(os.path.getsize(f.name) // 2)
        byte = f.read(1)[0]
        f.seek(-1, 1)
        f.write(bytes([byte ^ 1]))
    assert pack in verify(s, later, "failed")
    assert s.sql1("SELECT health FROM backup WHERE id = ?", later["id"]) == "damaged"


if __name__ == "__main__":
    main(two_places)
