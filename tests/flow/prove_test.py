#!/usr/bin/python3
"""prove_test.py: recovery proves itself: the catalogue rebuilt from the storage and compared, one backup opened by the runbook."""
import contextlib
import glob
import os
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import main, test, wait_until  # noqa: E402
from shop import LIVE, shop  # noqa: E402

PAGE = "/storage/main"
seen = {}


def prove(s, state="succeeded"):
    """The button of the page; gives the row of the proof, and what the page says of it."""
    s.must(s.browser.submit(s.must(s.browser.get(PAGE)).form("/prove"), PAGE))
    job = s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'prove'"), state)
    return s.sql("SELECT * FROM proof")[0], s.must(s.browser.get(PAGE)).words, job


def alarms(s):
    return [r["text"] for r in s.sql("SELECT text FROM alarm WHERE kind = 'proof' AND closed_at = 0")]


@contextlib.contextmanager
def changed(s, pattern, how):
    """A file of the storage, changed by `how` and put back; gives its path."""
    (path,) = glob.glob(os.path.join(s.home, "store", pattern))
    with open(path, "rb") as f:
        was = f.read()
    now = how(was)
    os.unlink(path)
    if now is not None:
        with open(path, "wb") as f:
            f.write(now)
    yield path
    with open(path, "wb") as f:
        f.write(was)


@test("NEW-5", "the button proves it: all backups rebuilt and equal, and one of each kind opened by the tools that README.txt names")
def proved(s):
    assert "Not proved yet; every night at 03:40" in s.must(s.browser.get(PAGE)).words
    refused = s.browser.submit(s.must(s.browser.get(PAGE)).form("/prove"), PAGE)
    assert refused.status == 409 and "here is no backup in this storage yet" in refused.words, refused.words[:300]
    seen["first"] = s.backup(LIVE)["id"]
    proof, words, _ = prove(s)
    assert (proof["backups"], proof["differences"], proof["sample"], proof["text"]) == (1, 0, seen["first"], ""), proof
    assert proof["way"] == "minisign, age, zstd, tar, sqlite3 and pg_restore", proof
    assert "1 backup rebuilt in" in words and f"equal; b{seen['first']} opened by minisign, age, zstd" in words, words[:1500]
    with open(s.content + "/media/a.txt", "wb") as f:
        f.write(b"other words\n")
    seen["second"] = s.backup(LIVE)["id"]
    assert s.sql1("SELECT count(*) FROM part_pack JOIN part ON part.id = part WHERE backup = ?", seen["second"]) == 1
    for _ in range(20):
        proof, words, _ = prove(s)
        assert (proof["backups"], proof["differences"], proof["text"]) == (2, 0, ""), proof
        if proof["sample"] == seen["second"]:
            break
    assert "restore-files.sh" in proof["way"], proof
    wait_until("the scratch folders to go", lambda: not glob.glob(s.home + "/run/job-*"))
    assert not alarms(s)
    s.doctor()


@test("NEW-5", "control: a sidecar that was changed, removed, or put there is said, raises an alarm, and the alarm goes with the cause")
def sidecars(s):
    first = f"shop/live/b{seen['first']}-*.json"
    with changed(s, first, lambda text: text.replace(b'"items": ', b'"items": 1')):
        proof, words, job = prove(s, "failed")
        assert "differs" in proof["text"] or "changed" in proof["text"], proof
        assert "Recovery is not proved." in words and "not equal" in words, words[:1500]
        wait_until("the alarm", lambda: alarms(s))
        assert alarms(s)[0].startswith("Recovery from the storage main is not proved: "), alarms(s)
        assert "Recovery from the storage main is not proved" in s.must(s.browser.get("/")).words
    with changed(s, first, lambda text: None):
        proof, words, _ = prove(s, "failed")
        assert f"b{seen['first']} cannot be rebuilt: its description is not there" in proof["text"], proof
        assert proof["differences"] == 1 and proof["backups"] == 1, proof
    with changed(s, first + ".minisig", lambda text: None):
        proof, words, _ = prove(s, "failed")
        assert f"b{seen['first']} has a description, and something that it names is missing" in proof["text"], proof
    proof, words, _ = prove(s)
    assert proof["text"] == "" and "Recovery is not proved" not in words, proof


@test("NEW-5", "control: the catalogue is what was changed, and a stored object: both are said")
def others(s):
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=10)) as c:
        c.execute("UPDATE part SET items = items + 1 WHERE backup = ? AND engine = 'files'", (seen["first"],))
        c.commit()
        proof, _, _ = prove(s, "failed")
        assert f"b{seen['first']} would come back otherwise: its part media" in proof["text"], proof
        c.execute("UPDATE part SET items = items - 1 WHERE backup = ? AND engine = 'files'", (seen["first"],))
        c.commit()
    # The same size, other bytes: only opening it tells.
    keys = [r["data_key"] for r in s.sql("SELECT data_key FROM part WHERE engine = 'sqlite'")]
    with changed(s, keys[0], lambda text: text[:-1] + bytes([text[-1] ^ 1])), \
            changed(s, keys[1], lambda text: text[:-1] + bytes([text[-1] ^ 1])):
        proof, _, _ = prove(s, "failed")
        assert ": sqlite: sha256sum finds another content" in proof["text"], proof
        assert proof["differences"] == 0 and proof["sample"] is None, proof
    assert prove(s)[0]["text"] == ""


@test("NEW-5 PEER-16", "where the secret key is kept away the catalogue is proved, and the page says which key would open the sample")
def sealed(s):
    (identity,) = glob.glob(s.home + "/keys/*.identity")
    os.rename(identity, s.home + "/kept-away")
    proof, words, _ = prove(s)
    assert proof["differences"] == 0 and proof["sample"] is None, proof
    assert "None was opened: " in words and "its secret key is not here" in words, words[:1500]
    os.rename(s.home + "/kept-away", identity)
    assert prove(s)[0]["sample"] in (seen["first"], seen["second"])
    wait_until("the end of the alarm", lambda: not alarms(s))


if __name__ == "__main__":
    main(shop)
