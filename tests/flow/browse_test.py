#!/usr/bin/python3
"""browse_test.py: somebody looks into a backup: folders, names, tables; and takes out of it what was ticked."""
import contextlib
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from urllib.parse import quote, urlencode

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Instance, main, test, wait_until  # noqa: E402
from shop import LIVE, make_media, make_sqlite  # noqa: E402

MANY = 230
seen = {}


@contextlib.contextmanager
def place():
    """shop/live with files and a SQLite database, shop/drill with an empty folder."""
    with Instance() as s:
        s.content = os.path.join(s.home, "content")
        os.makedirs(s.content + "/media/many")
        os.makedirs(s.content + "/drill")
        s.media = make_media(s.content + "/media")
        for i in range(MANY):
            with open(f"{s.content}/media/many/{i:04}.txt", "w") as f:
                f.write("x" * i)
            os.utime(f.name, (1700000000 - i, 1700000000 - i))
        with open(s.content.encode() + b"/media/latin-\xfc.txt", "w") as f:
            f.write("not UTF-8\n")
        make_sqlite(s.content + "/shop.sqlite")
        s.add_project("shop", "Shop")
        s.add_environment("shop", "live")
        s.add_environment("shop", "drill", "development")
        s.add_service(LIVE, "sqlite", "sqlite", path=s.content + "/shop.sqlite")
        s.add_service(LIVE, "media", "files", roots=s.content + "/media", excludes="*.tmp")
        s.add_service("shop/drill", "media", "files", roots=s.content + "/drill")
        yield s


def names(answer):
    """What stands in the column Name, in its order."""
    rows = re.findall(r'data-label="Name"><span>(.*?)</span></th>', answer.text, re.S)
    return [re.sub(r"<[^>]*>", "", re.sub(r"<svg.*?</svg>", "", r)).split(" →")[0].split(" the same")[0].strip() for r in rows]


def files(s, query="", backup=None):
    return s.must(s.browser.get(f"/b/b{backup or seen['b']}/files{query}"))


def listed(s, backup):
    """Opens the page until the list is there; gives the page."""
    files(s, backup=backup)
    wait_until("the list of files", lambda: "Reading the list" not in files(s, backup=backup).text)
    return files(s, backup=backup)


@test("PEER-24", "the first look has the list read; then the folder is there, without script and with")
def first_look(s):
    seen["b"] = s.backup(LIVE)["id"]
    page = files(s)
    assert "Reading the list of files" in page.text and 'http-equiv="refresh"' in page.text
    assert f'data-poll="/b/b{seen["b"]}/files/fragment' in page.text
    page = listed(s, seen["b"])
    assert names(page)[:2] == ["many/", "sub/"], names(page)
    assert {"a.txt", "empty", "link", "latin-\\374.txt", "n" * 250} <= set(names(page)), names(page)
    fragment = s.must(s.browser.get(f"/b/b{seen['b']}/files/fragment"))
    assert "data-poll" not in fragment.text and "a.txt" in fragment.text
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'list'") == 1
    assert os.stat(s.home + "/run/lists").st_mode & 0o777 == 0o700


@test("PEER-24", "a folder is left page by page, in each order, and no name comes twice or not at all")
def pages(s):
    for order, want in (("name", sorted(f"{i:04}.txt" for i in range(MANY))),
                        ("size", [f"{i:04}.txt" for i in reversed(range(MANY))]),
                        ("time", [f"{i:04}.txt" for i in range(MANY)])):
        page, got = files(s, f"?part=media&path=many&order={order}"), []
        while True:
            got += names(page)
            more = re.search(r'href="([^"]*)" rel="next"', page.text)
            if not more:
                break
            page = s.must(s.browser.get(more.group(1).replace("&amp;", "&")))
        assert got == want, (order, got)


@test("PEER-24", "odd names are shown, looked into and found")
def odd(s):
    page = files(s, "?part=media&path=sub")
    assert names(page) == ["deep/", "hard", "new\\012line.txt", "with space.txt"], names(page)
    assert len(re.findall(r'name="entry"[^>]* disabled', page.text)) == 1
    assert names(files(s, "?part=media&path=" + quote("sub/deep/er"))) == ["\u00fcmlaut.svg"]
    assert names(files(s, "?q=UMLAUT")) == [] and names(files(s, "?q=MLAUT")) == ["sub/deep/er/\u00fcmlaut.svg"]
    assert names(files(s, "?path=sub&q=.txt")) == ["sub/new\\012line.txt", "sub/with space.txt"]
    assert s.browser.get(f"/b/b{seen['b']}/files?path=not/there").status == 404
    assert s.browser.get(f"/b/b{seen['b']}/files?part=sqlite").status == 404


@test("PEER-24", "tables of a database are counted beside; a backup without files says so")
def tables(s):
    assert "Tables of Sqlite" in files(s).text and "customer" in files(s).text
    only = s.backup(LIVE, ["sqlite"])["id"]
    page = files(s, backup=only)
    assert re.search(r"This backup has no files; it holds only\s*<em>Sqlite</em>", page.text), page.text
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'list'") == 1


def ticks(s, *wanted, folder=""):
    """The fields of these entries, as their boxes would send them."""
    page = files(s, "?part=media&path=" + quote(folder))
    ids = {name: i for i, name in re.findall(r'name="entry" value="(\d+)" aria-label="Choose ([^"]*)"', page.text)}
    return "part=media&path=" + quote(folder) + "".join(f"&entry={ids[w]}" for w in wanted)


@test("PEER-24", "what was ticked comes back, and nothing else")
def ticked(s):
    nothing = s.browser.get(f"/b/b{seen['b']}/files/restore?part=media&path=sub")
    assert nothing.status == 422 and "Tick the files" in nothing.text
    what = s.must(s.browser.get(f"/b/b{seen['b']}/files/restore?{ticks(s, 'deep', 'with space.txt', folder='sub')}"))
    form = next(f for f in what.page.forms if "step" in f.names)
    target = s.sql1("SELECT id FROM environment WHERE slug = 'drill'")
    part, service = (s.sql1("SELECT id FROM part WHERE backup = ? AND service_slug = 'media'", seen["b"]),
                     s.sql1("SELECT max(id) FROM service"))
    assert form.value(f"choice-{part}") == "sub/deep\nsub/with space.txt" and form.values("part") == [str(part)], form.fields
    where = s.must(s.browser.get(f"/b/b{seen['b']}/restore?{urlencode(form.fields)}&place=other&to={target}"))
    form = where.form(field="mode").fill(mode="add", **{f"service-{part}": str(service)})
    sent = s.must(s.browser.submit(form, where.path, follow=False), 303)
    number = int(re.search(r"/r/r(\d+)/confirm", sent.header("location")).group(1))
    wait_until("the look", lambda: s.sql1("SELECT preview FROM restore WHERE id = ?", number) != "looking")
    page = s.must(s.browser.get(f"/r/r{number}/confirm"))
    form = page.form(field="typed").fill(typed="shop/drill", consent=True, real_data=True)
    s.must(s.browser.submit(form, page.path, follow=False), 303)
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'restore'"), "succeeded")
    root = s.content + "/drill"
    found = sorted(os.path.relpath(os.path.join(d, f), root) for d, _, fs in os.walk(root) for f in fs)
    assert found == ["sub/deep/er/\u00fcmlaut.svg", "sub/with space.txt"], found


def download(s, query, **fields):
    """Downloads what is ticked; gives the row of its file and its path."""
    page = s.must(s.browser.get(f"/b/b{seen['b']}/download?{query}"))
    form = page.form(field="format").fill(**fields)
    sent = s.must(s.browser.submit(form, page.path, follow=False), 303)
    number = int(re.search(r"/d/d(\d+)", sent.header("location")).group(1))
    s.wait_download(number)
    row = s.sql("SELECT * FROM download_file WHERE download = ?", number)[0]
    assert s.sql1("SELECT count(*) FROM download_file WHERE download = ?", number) == 1
    return row, os.path.join(s.home, "downloads", row["path"])


def unpacked(path):
    """path -> content of the files in an archive, its list of sums checked."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["bsdtar", "-xpf", path, "-C", folder], check=True)
        done = subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=folder, check=False, capture_output=True)
        assert done.returncode == 0 or os.path.getsize(folder + "/SHA256SUMS") == 0, done
        found = {}
        for d, _, names in os.walk(folder):
            for name in names:
                full = os.path.join(d, name)
                if os.path.islink(full):
                    continue
                with open(full, "rb") as f:
                    found[os.path.relpath(full, folder)] = f.read()
        return {p: c for p, c in found.items() if p not in ("MANIFEST", "SHA256SUMS")}


@test("PEER-24", "what was ticked is downloaded in each format, and nothing else")
def fetched(s):
    query = ticks(s, "deep", "with space.txt", folder="sub")
    shown = s.must(s.browser.get(f"/b/b{seen['b']}/download?{query}"))
    assert "sub/with space.txt" in shown.text and shown.form(field="format").values("parts") == \
        [str(s.sql1("SELECT id FROM part WHERE service_slug = 'media' AND backup = ?", seen["b"]))]
    for form in ("tar", "tar.gz", "tar.zst", "zip"):
        row, path = download(s, query, format=form)
        assert row["name"].endswith(form) and row["choice"] == "sub/deep\nsub/with space.txt", dict(row)
        found = unpacked(path)
        assert found == {p: c for p, c in s.media.items() if p in ("sub/with space.txt", "sub/deep/er/\u00fcmlaut.svg")}, found.keys()
    again = s.sql1("SELECT count(*) FROM download")
    download(s, query, format="zip")
    assert s.sql1("SELECT count(*) FROM download") == again, "the same choice was prepared twice"


@test("PEER-24", "one file comes as itself; a further name of a file has its content; a folder without files is an archive")
def one(s):
    for folder, name, content in (("", "film.bin", s.media["film.bin"]), ("", "empty", b""), ("", "a.txt", b"hello\n"),
                                  ("sub", "hard", b"hello\n")):
        row, path = download(s, ticks(s, name, folder=folder))
        with open(path, "rb") as f:
            assert f.read() == content and row["name"] == name, dict(row)
    row, path = download(s, ticks(s, "link"))
    assert row["name"].endswith(".tar.zst") and unpacked(path) == {}
    row, path = download(s, ticks(s, "hard", "with space.txt", folder="sub"), format="tar")
    found = unpacked(path)
    # Which of the two names came first in the backup is as it was in the folder.
    assert found.pop("a.txt", b"hello\n") == b"hello\n" and found == {"sub/hard": b"hello\n", "sub/with space.txt": b"x" * 1000}


@test("PEER-24", "control: a chosen file whose stored bytes are not the promised ones is not handed out")
def damaged(s):
    key = s.sql1("SELECT data_key FROM part WHERE backup = ? AND service_slug = 'media'", seen["b"])
    path = os.path.join(s.home, "store", key)
    with open(path, "rb") as f:
        whole = f.read()
    with open(path, "r+b") as f:
        for at in range(len(whole) // 3, len(whole), len(whole) // 40):
            f.seek(at)
            f.write(bytes([whole[at] ^ 1]))
    page = s.must(s.browser.get(f"/b/b{seen['b']}/download?{ticks(s, 'film.bin')}"))
    form = page.form(field="format").fill(uses="7")
    sent = s.must(s.browser.submit(form, page.path, follow=False), 303)
    number = int(re.search(r"/d/d(\d+)", sent.header("location")).group(1))
    s.wait_download(number, "failed")
    error = s.sql1("SELECT error FROM download WHERE id = ?", number)
    assert "'film.bin'" in error and os.path.basename(key) in error and "damaged" in error, error
    with open(path, "wb") as f:
        f.write(whole)
    retry = s.must(s.browser.get(f"/j/j{s.sql1('SELECT max(id) FROM job')}"))
    s.must(s.browser.submit(retry.form(action="/retry"), retry.path, follow=False), 303)
    s.wait_download(s.sql1("SELECT max(id) FROM download"))
    row = s.sql("SELECT * FROM download_file ORDER BY id DESC LIMIT 1")[0]
    assert (row["name"], row["choice"], row["bytes"]) == ("film.bin", "film.bin", 3 << 20), dict(row)


@test("PEER-24", "a list that cannot be read says why, and is read again when somebody asks")
def trouble(s):
    later = s.backup(LIVE, ["media"])["id"]
    key = s.sql1("SELECT manifest_key FROM part WHERE backup = ?", later)
    path = os.path.join(s.home, "store", key)
    os.rename(path, path + ".away")
    page = listed(s, later)
    assert "could not be read" in page.text and os.path.basename(key) in page.text, page.text
    os.rename(path + ".away", path)
    assert "could not be read" in files(s, backup=later).text
    s.must(s.browser.submit(page.form(action="/files"), page.path, follow=False), 303)
    assert "a.txt" in names(listed(s, later))


def age_jobs(s):
    """The jobs that made the lists ended more than a minute ago, as after a week."""
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=10)) as db:
        db.execute("UPDATE job SET finished_at = finished_at - 100000 WHERE kind = 'list'")
        db.commit()


@test("PEER-24", "a list goes with its week or its backup, and comes again when somebody looks")
def gone(s):
    uuid = s.sql1("SELECT uuid FROM part WHERE backup = ? AND service_slug = 'media'", seen["b"])
    path = f"{s.home}/run/lists/{uuid}.1.db"
    os.utime(path, (1, 1))
    s.stop_one("worker")
    s.start_worker()
    wait_until("the old list to go", lambda: not os.path.exists(path))
    age_jobs(s)
    assert "a.txt" in names(listed(s, seen["b"])) and os.path.exists(path)
    with open(path, "r+b") as f:
        f.write(b"no database")
    age_jobs(s)
    assert "a.txt" in names(listed(s, seen["b"]))
    s.doctor()


if __name__ == "__main__":
    main(place)
