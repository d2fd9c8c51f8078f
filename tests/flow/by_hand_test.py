#!/usr/bin/python3
"""by_hand_test.py: the commands that a page shows are typed into a shell, with the console switched off."""
import contextlib
import hashlib
import os
import re
import sqlite3
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import links_of, main, test  # noqa: E402
from places import commands, shell  # noqa: E402
from shop import LIVE, ROWS, shop  # noqa: E402


@test("DIV-8 PEER-5", "the page's restore commands bring back every service without the console")
def restore(s):
    ready = s.backup(LIVE, note="by hand")
    boxes = commands(s.browser.get(f"/b/b{ready['id']}"))
    assert len(boxes) == 3, boxes
    for name in ("worker", "web", "nginx"):
        s.stop_one(name)
    with tempfile.TemporaryDirectory() as folder:
        for box in boxes:
            done = shell(s, box, folder)
            assert done.returncode == 0, (box, done.stdout, done.stderr)
            assert ": OK" in done.stdout, (box, done.stdout)
        assert s.pg.sql("SELECT count(*) FROM product", "restored_database") == str(ROWS)
        with contextlib.closing(sqlite3.connect(folder + "/restored-sqlite.sqlite")) as db:
            assert db.execute("SELECT count(*) FROM customer").fetchone() == (ROWS,)
        for path, data in s.media.items():
            with open(os.path.join(folder, "restored-media", path), "rb") as f:
                assert f.read() == data, path
        # Control: the check on the page notices one changed byte of the stored object.
        with open(os.path.join(s.home, "store", s.sql1("SELECT data_key FROM part WHERE engine = 'files'")), "r+b") as f:
            f.seek(1000)
            byte = f.read(1)[0]
            f.seek(1000)
            f.write(bytes([byte ^ 1]))
        box = next(b for b in boxes if "restored-media" in b)
        assert shell(s, box.splitlines()[0], folder).returncode != 0
        with open(os.path.join(s.home, "store", s.sql1("SELECT data_key FROM part WHERE engine = 'files'")), "r+b") as f:
            f.seek(1000)
            f.write(bytes([byte]))
    s.start_web()
    s.start_nginx()
    s.start_worker()


@test("DIV-16", "the command of a link's page fetches the file with nothing but the link")
def fetch(s):
    ready = s.backup(LIVE, ["sqlite"])
    count = len(s.mails())
    number = s.request_download(ready["id"])
    s.wait_download(number)
    path = next(x for x in links_of(s.wait_mails(count + 1)[-1], s.base) if re.search(r"/dl/[\w-]+/\w+$", x))
    file = s.sql("SELECT name, sha256 FROM download_file WHERE download = ?", number)[0]
    box = commands(s.browser.get(path))
    assert len(box) == 1 and box[0].startswith("curl "), box
    with tempfile.TemporaryDirectory() as folder:
        done = shell(s, box[0], folder)
        assert done.returncode == 0, done.stderr
        with open(os.path.join(folder, file["name"]), "rb") as f:
            assert hashlib.sha256(f.read()).hexdigest() == file["sha256"]


if __name__ == "__main__":
    main(shop)
