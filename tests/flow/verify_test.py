#!/usr/bin/python3
"""verify_test.py: nobody asks, and still what was stored is compared, read again, tested and counted."""
import contextlib
import os
import re
import sqlite3
import sys
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


if __name__ == "__main__":
    main(two_places)
