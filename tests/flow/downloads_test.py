#!/usr/bin/python3
"""downloads_test.py: links: what spends them, how they end, and pieces of a file."""
import hashlib
import os
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Browser, Instance, links_of, main, test, wait_until  # noqa: E402
from shop import LIVE, make_media, make_sqlite  # noqa: E402


SWEEP = 100                          # files of ended downloads go with the housekeeping, once a minute


class Downloads(Instance):
    """shop/live with a SQLite database and media, and one ready backup."""

    def __enter__(self):
        super().__enter__()
        os.makedirs(self.home + "/content/media")
        make_media(self.home + "/content/media")
        make_sqlite(self.home + "/content/shop.sqlite")
        self.add_project("shop")
        self.add_environment("shop", "live")
        self.add_service(LIVE, "sqlite", "sqlite", path=self.home + "/content/shop.sqlite")
        self.add_service(LIVE, "media", "files", roots=self.home + "/content/media")
        self.ready = self.backup(LIVE)["id"]
        return self

    def link(self, part_format="tar"):
        """A fresh download: (number, its file row of the media, the mailed path of that file)."""
        count = len(self.mails())
        number = self.request_download(self.ready, form_format=part_format)
        self.wait_download(number)
        mail = self.wait_mails(count + 1)[-1]
        file = self.sql("SELECT f.* FROM download_file f JOIN part p ON p.id = f.part"
                        " WHERE f.download = ? AND p.engine = 'files'", number)[0]
        path = next(x for x in links_of(mail, self.base) if re.search(rf"/dl/[\w-]+/[a-z]*{file['id']}$", x))
        return number, file, path

    def uses(self, file):
        return self.sql1("SELECT max(uses) FROM link_use WHERE file = ?", file["id"]) or 0


def press(guest, path, headers=None, page=None):
    """The button of a link's page."""
    form = (page or guest.get(path)).form(path.rsplit("/", 1)[1])
    return guest.request("POST", form.action or path, urllib.parse.urlencode(form.fields).encode(), headers)


@test("", "looking spends nothing: GET and HEAD of a link's pages give no bytes of the backup and count no use")
def look(d):
    _, file, path = d.link()
    guest = Browser(d.base)
    for _ in range(4):
        assert guest.get(path).status == 200 and guest.get(path.rsplit("/", 1)[0]).status == 200
        assert guest.request("HEAD", path).status == 200
    assert d.uses(file) == 0
    page = guest.get(path)
    assert "set-cookie" not in [n.lower() for n, _ in page.headers], "a guest gets a cookie"
    assert file["sha256"] in page.text and file["name"] in page.text
    answer = press(guest, path)
    assert answer.status == 200 and hashlib.sha256(answer.body).hexdigest() == file["sha256"]
    assert re.fullmatch(r"shop-live-media-\d{8}T\d{6}Z\.tar", file["name"]), file["name"]
    assert file["name"] in answer.header("content-disposition")
    wait_until("the delivery to be counted", lambda: d.uses(file) == 1)


@test("", "a broken download goes on where it stopped: two ranges make the file and count one use")
def resume(d):
    _, file, path = d.link("tar.gz")
    guest = Browser(d.base)
    page, half = guest.get(path), file["bytes"] // 2
    one = press(guest, path, {"Range": f"bytes=0-{half - 1}"}, page)
    assert one.status == 206 and one.header("content-range") == f"bytes 0-{half - 1}/{file['bytes']}", one.headers
    assert d.uses(file) == 0
    two = press(guest, path, {"Range": f"bytes={half}-"}, page)
    assert two.status == 206 and hashlib.sha256(one.body + two.body).hexdigest() == file["sha256"]
    wait_until("one use", lambda: d.uses(file) == 1)
    assert press(guest, path, {"Range": f"bytes={file['bytes']}-"}, page).status == 416


@test("", "a link that was used up is 410, and says so")
def used_up(d):
    _, file, path = d.link("zip")
    guest = Browser(d.base)
    limit = d.sql1("SELECT max_uses FROM link ORDER BY id DESC LIMIT 1")
    page = guest.get(path)
    for i in range(limit):
        assert press(guest, path, page=page).status == 200
        wait_until(f"use {i + 1}", lambda: d.uses(file) == i + 1)
    answer = press(guest, path, page=page)
    assert answer.status == 410 and not answer.body.startswith(b"PK"), answer.status
    assert re.search(r"used|times", answer.words), answer.words


@test("", "a revoked link is 410 for its page and for its bytes")
def revoked(d):
    number, file, path = d.link("tar.zst")
    guest = Browser(d.base)
    page = guest.get(path)
    form = d.browser.get(f"/d/d{number}").form("/revoke")
    d.must(d.browser.submit(form, f"/d/d{number}"))
    assert d.sql1("SELECT state FROM download WHERE id = ?", number) == "revoked"
    for answer in (guest.get(path), guest.get(path.rsplit("/", 1)[0]), press(guest, path, page=page)):
        assert answer.status == 410, answer.status
    wait_until("the files to go", lambda: not os.path.exists(os.path.join(d.home, "downloads", file["path"])), SWEEP)


@test("", "an expired link is 410 and its files are gone; the same content can be prepared again")
def expired(d):
    number, file, path = d.link("tar.zst")
    guest = Browser(d.base)
    page = guest.get(path)
    valid = d.sql1("SELECT valid_ms FROM download WHERE id = ?", number)
    skew = {"LAZARETTE_CLOCK_SKEW": str(valid + 60000)}
    for name in ("web", "worker"):
        d.stop_one(name)
    d.start_web(skew)
    d.start_worker(skew)
    for answer in (guest.get(path), press(guest, path, page=page)):
        assert answer.status == 410, answer.status
    wait_until("the files to go", lambda: not os.path.exists(os.path.join(d.home, "downloads", file["path"])), SWEEP)
    assert d.sql1("SELECT state FROM download WHERE id = ?", number) == "expired"
    for name in ("web", "worker"):
        d.stop_one(name)
    d.start_web()
    d.start_worker()
    again = d.link("tar.zst")[0]
    assert again != number


@test("", "somebody signed in downloads from the page of the download; that spends no link")
def signed_in(d):
    number, file, _ = d.link("tar")
    before = d.uses(file)
    page = d.browser.get(f"/d/d{number}")
    form = next(f for f in page.page.forms if re.search(rf"/files/[a-z]*{file['id']}$", f.action))
    answer = d.browser.submit(form)
    assert answer.status == 200 and hashlib.sha256(answer.body).hexdigest() == file["sha256"]
    assert d.uses(file) == before
    assert Browser(d.base).post(form.action, form.fields, follow=False).status in (303, 401, 403)


@test("", "what nginx serves internally, and tokens nobody made, are 404")
def forged(d):
    guest = Browser(d.base)
    file = d.sql("SELECT path FROM download_file WHERE path <> '' LIMIT 1")[0]
    for path in (f"/_dl/{file['path']}", "/_dl/", "/dl/" + "A" * 43, "/dl/x", "/dl/" + "A" * 43 + "/1", "/dl/"):
        assert guest.get(path).status == 404, path


if __name__ == "__main__":
    main(Downloads)
