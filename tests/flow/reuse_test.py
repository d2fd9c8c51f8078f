#!/usr/bin/python3
"""reuse_test.py: what has not changed is stored once; each backup is a full one all the same, whichever others are gone."""
import contextlib
import json
import glob
import os
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import main, test, wait_until  # noqa: E402
from places import STAGING, commands, restore, shell, tree, two_places, without_excluded  # noqa: E402
from shop import LIVE  # noqa: E402

seen = {}


def purge(s, where, *values):
    """These backups have been in the trash for long; the worker looks at its start."""
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=10)) as db:
        db.execute("UPDATE backup SET state = 'trashed', before_trash = 'ready', trashed_at = 1 WHERE state = 'ready' AND " + where,
                   values)
        db.commit()


def part(s, backup):
    return s.sql("SELECT * FROM part WHERE backup = ? AND engine = 'files'", backup)[0]


def log(s, job):
    return "\n".join(r["text"] for r in s.sql("SELECT text FROM job_log WHERE job = ? ORDER BY seq", job))


@test("SCU-6", "the second backup stores what is new, and is as large as the first to whoever looks at it")
def second(s):
    # A file that changed a moment ago is read again, for the next change might not show.
    time.sleep(3)
    first = s.backup(LIVE, ["media"])
    with open(s.content + "/media/a.txt", "w") as f:
        f.write("changed\n")
    with open(s.content + "/media/sub/added", "w") as f:
        f.write("added\n")
    os.rename(s.content + "/media/film.bin", s.content + "/media/movie.bin")
    later = s.backup(LIVE, ["media"])
    one, two = part(s, first["id"]), part(s, later["id"])
    assert two["data_stored_bytes"] < one["data_stored_bytes"] / 100, (one["data_stored_bytes"], two["data_stored_bytes"])
    assert two["items"] == one["items"] + 1 and abs(later["raw_bytes"] - first["raw_bytes"]) < 10000
    assert s.sql1("SELECT key FROM part_pack WHERE part = ?", two["id"]) == one["data_key"]
    with open(s.home + "/store/lazarette.json", encoding="utf-8") as f:
        assert json.load(f)["format"] == 2
    with open(s.home + "/store/" + later["sidecar_key"], encoding="utf-8") as f:
        packs = json.load(f)["parts"][0]["packs"]
    assert [(p["key"], p["stored_sha256"]) for p in packs] == [(one["data_key"], one["data_stored_sha256"])]
    seen.update(first=first["id"], second=later["id"], pack=one["data_key"], tree=tree(s.content + "/media"))
    s.doctor()


@test("SCU-6", "the first one is deleted for good; its pack stays for the second")
def delete(s):
    purge(s, "id = ?", seen["first"])
    s.stop_one("worker")
    s.start_worker()
    wait_until("the first backup to go", lambda: s.sql1("SELECT state FROM backup WHERE id = ?", seen["first"]) == "deleted")
    keys = s.objects()
    assert part(s, seen["first"])["manifest_key"] not in keys
    assert seen["pack"] in keys, keys
    s.doctor()


@test("SCU-6", "the second one is restored, and equal")
def restored(s):
    r = restore(s, seen["second"], STAGING, slugs=("media",), prepare=lambda f: f.fill(real_data=True))
    assert r["state"] == "done", dict(r)
    assert without_excluded(tree(s.staging + "/media")) == without_excluded(seen["tree"])


@test("SCU-6", "it is downloaded in each format, whole")
def downloaded(s):
    for form in ("tar", "tar.gz", "tar.zst", "zip"):
        number = s.request_download(seen["second"], form_format=form)
        s.wait_download(number)
        file = s.sql("SELECT * FROM download_file WHERE download = ?", number)[0]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(s.home, "downloads", file["path"])
            if form == "zip":
                assert subprocess.run(["bsdtar", "-xpf", path, "-C", folder], check=False).returncode == 0
            else:
                subprocess.run(["tar", "-xpf", path, "-C", folder], check=True)
            subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
            with open(folder + "/a.txt", encoding="utf-8") as f:
                assert f.read() == "changed\n"
            with open(folder + "/movie.bin", "rb") as f:
                assert f.read() == s.media["film.bin"]


@test("SCU-6 DIV-8 PEER-5", "it comes back by the page's commands, and by the command line from the storage alone")
def by_hand(s):
    box = next(b for b in commands(s.browser.get(f"/b/b{seen['second']}")) if "restored-media" in b)
    with tempfile.TemporaryDirectory() as folder:
        done = shell(s, box, folder)
        assert done.returncode == 0 and done.stdout.count(": OK") == 2, (box, done.stdout, done.stderr)
        assert without_excluded(tree(folder + "/restored-media")) == without_excluded(seen["tree"])
        s.admin("restore", "--storage", s.home + "/store", f"b{seen['second']}", "--to-dir", folder + "/saved", "--identity",
                glob.glob(s.home + "/keys/*.identity")[0])
        assert without_excluded(tree(folder + "/saved/media")) == without_excluded(seen["tree"])


@test("SCU-6 CYC-21", "a damaged pack counts against every backup that needs it; the next one stores everything anew")
def damaged(s):
    third = s.backup(LIVE, ["media"])["id"]
    path = os.path.join(s.home, "store", seen["pack"])
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        byte = f.read(1)[0]
        f.seek(-1, 1)
        f.write(bytes([byte ^ 1]))
    path = f"/b/b{third}"
    s.must(s.browser.submit(s.must(s.browser.get(path)).form(action="/verify"), path, follow=False), 303)
    job = s.sql1("SELECT max(id) FROM job WHERE kind = 'verify'")
    s.wait_job(job, "failed")
    assert seen["pack"] in log(s, job), log(s, job)
    health = {r["id"]: r["health"] for r in s.sql("SELECT id, health FROM backup WHERE state = 'ready'")}
    assert health[seen["second"]] == health[third] == "damaged", health
    fourth = s.backup(LIVE, ["media"])
    assert part(s, fourth["id"])["whole_bytes"] == part(s, fourth["id"])["data_raw_bytes"]
    assert s.sql1("SELECT count(*) FROM part_pack WHERE part = ?", part(s, fourth["id"])["id"]) == 0
    seen["fourth"] = fourth["id"]


@test("SCU-6", "when nobody needs a pack any more, it goes")
def gone(s):
    purge(s, "id < ? AND id IN (SELECT backup FROM part WHERE engine = 'files')", seen["fourth"])
    s.stop_one("worker")
    s.start_worker()
    wait_until("the others to go", lambda: seen["pack"] not in s.objects())
    wait_until("the trash to be empty", lambda: not s.sql1("SELECT count(*) FROM backup WHERE state = 'trashed'"))
    assert [k for k in s.objects() if k.endswith((".tar.zst", ".tar.zst.age"))] == [part(s, seen["fourth"])["data_key"]]
    s.doctor()


@test("SCU-6", "control: a deletion that ignores who needs a pack is noticed by the doctor")
def control(s):
    s.backup(LIVE, ["media"])
    purge(s, "id = ?", seen["fourth"])
    s.stop_one("worker")
    s.start_worker(env={"LAZARETTE_FAULT_CONTROL": "clear.needed"})
    wait_until("it to go", lambda: s.sql1("SELECT state FROM backup WHERE id = ?", seen["fourth"]) == "deleted")
    told = s.admin("doctor", check=False)
    assert told.returncode != 0 and "is missing" in told.stdout, told.stdout


if __name__ == "__main__":
    main(two_places)
