#!/usr/bin/python3
"""journey_test.py: the main job from the form to the loaded dump: PostgreSQL, SQLite and files, mail through SMTP."""
import contextlib
import glob
import hashlib
import io
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Browser, main, mail_text, test, wait_until  # noqa: E402
from shop import LIVE, ROWS, shop  # noqa: E402

seen = {}                            # what earlier tests made and later ones look at


@test("PEER-5 DIV-4", "one backup holds a PostgreSQL database, a SQLite database and media, with one sidecar")
def one_backup_of_all(s):
    number, job = s.create_backup(LIVE, note="Before <script>alert(1)</script> & 'sale'", mail=True)
    s.wait_job(job, "succeeded")
    seen["all"] = number
    parts = s.sql("SELECT * FROM part WHERE backup = ? ORDER BY service_slug", number)
    assert [(p["service_slug"], p["state"], p["format"]) for p in parts] == [
        ("database", "ready", "pg-custom"), ("media", "ready", "tar"), ("sqlite", "ready", "sqlite")], parts
    sidecars = [o for o in s.objects() if o.endswith(".json")]
    assert len(sidecars) == 1 and sidecars[0].startswith(f"{LIVE}/b{number}-"), s.objects()
    for p in parts:
        path = os.path.join(s.home, "store", p["data_key"])
        with open(path, "rb") as f:
            data = f.read()
        assert hashlib.sha256(data).hexdigest() == p["data_stored_sha256"] and len(data) == p["data_stored_bytes"]
    s.doctor()


@test("DIV-6", "database, media or both can be chosen; choosing nothing is 422 with the note kept")
def choose(s):
    for services, media in ((["sqlite"], False), (["media"], True)):
        b = s.backup(LIVE, services)
        parts = s.sql("SELECT service_slug FROM part WHERE backup = ?", b["id"])
        assert [p["service_slug"] for p in parts] == services, parts
    before = s.sql1("SELECT count(*) FROM job")
    path = f"/p/{LIVE}/backups/new"
    form = s.browser.get(path).form(field="services").fill(services=[], note="keep me")
    answer = s.browser.submit(form, path)
    assert answer.status == 422 and "Choose at least one thing to back up" in answer.words, answer.words[:400]
    assert answer.form(field="services").value("note") == "keep me"
    assert s.sql1("SELECT count(*) FROM job") == before


@test("DIV-5", "create backup is of one environment: another project's environment is 404")
def other_environment(s):
    s.add_project("other", "Other")
    assert s.browser.get("/p/other/live/backups/new").status == 404
    form = s.browser.get(f"/p/{LIVE}/backups/new").form(field="services")
    before = s.sql1("SELECT count(*) FROM backup")
    assert s.browser.post("/p/other/live/backups/new", form.fields).status == 404
    s.add_environment("other", "live")
    answer = s.browser.post("/p/other/live/backups/new", form.fields)
    assert answer.status in (404, 422), answer.status
    assert s.sql1("SELECT count(*) FROM backup") == before


@test("DIV-7", "a note is stored, shown as text, found by search and can be edited; 501 characters are 422")
def note(s):
    page = s.browser.get(f"/b/b{seen['all']}")
    assert "<script>alert(1)" not in page.text and "Before <script>alert(1)</script> & 'sale'" in page.words
    found = s.browser.get(f"/p/{LIVE}/backups?q=alert(1)")
    assert f"b{seen['all']}" in found.words
    assert f"b{seen['all']} " not in s.browser.get(f"/p/{LIVE}/backups?q=nowhere-to-be-found").words
    path = f"/b/b{seen['all']}/note"
    form = s.browser.get(path).form("/note").fill(note="x" * 501)
    answer = s.browser.submit(form, path)
    assert answer.status == 422 and "the limit is 500" in answer.words and "x" * 501 in answer.text
    s.must(s.browser.submit(s.browser.get(path).form("/note").fill(note="After all: ümlaut"), path))
    assert s.sql1("SELECT note FROM backup WHERE id = ?", seen["all"]) == "After all: ümlaut"


@test("DIV-1", "scheduled and on-demand backups stand on one page, with a column and a filter")
def kinds(s):
    number = s.backup(LIVE, ["sqlite"])["id"]
    with contextlib.closing(sqlite3.connect(f"{s.home}/catalog.db", timeout=10)) as db:
        db.execute("UPDATE backup SET kind = 'scheduled' WHERE id = ?", (number,))
        db.commit()
    page = s.browser.get(f"/p/{LIVE}/backups").words.lower()
    assert "scheduled" in page and "on-demand" in page
    only = s.browser.get(f"/p/{LIVE}/backups?kind=scheduled")
    assert f"/b/b{number}" in only.text and f"/b/b{seen['all']}\"" not in only.text
    others = s.browser.get(f"/p/{LIVE}/backups?kind=on-demand")
    assert f"/b/b{number}\"" not in others.text and f"/b/b{seen['all']}" in others.text


@test("DIV-2 DIV-10", "a row tells when, what, how big and the note, and has a menu that needs no script")
def row(s):
    page = s.browser.get(f"/p/{LIVE}/backups")
    rows = re.findall(r"<tr\b[\s\S]*?</tr>", page.text)
    mine = next(r for r in rows if f"/b/b{seen['all']}" in r)
    words = " ".join(re.sub(r"<[^>]*>", " ", mine).split())
    assert "database" in words and "media" in words and "After all" in words, words
    assert re.search(r"\d (kB|MB|bytes|B)\b", words) and "<time" in mine, words
    assert "<details" in mine and "<summary" in mine
    for act in ("Prepare download", "Edit note", "Keep", "Verify", "Delete"):
        assert act in words, (act, words)
    assert f"/p/{LIVE}/backups/new" in page.text


@test("DIV-10", "keep, verify, delete and put back work from the menu's pages without a script")
def menu(s):
    number = s.backup(LIVE, ["sqlite"])["id"]

    def press(verb):
        page = f"/b/b{number}"
        answer = s.browser.get(page)
        if not any(f.action.split("?")[0].endswith("/" + verb) for f in answer.page.forms):
            answer = s.must(s.browser.get(f"{page}/{verb}"))
        answer = s.browser.submit(answer.form("/" + verb), page)
        if answer.status == 200 and answer.path.endswith("/" + verb):
            answer = s.browser.submit(answer.form("/" + verb), page)
        return answer
    press("keep")
    assert s.sql1("SELECT keep FROM backup WHERE id = ?", number) == 1
    press("keep")
    assert s.sql1("SELECT keep FROM backup WHERE id = ?", number) == 0
    press("verify")
    made = s.sql1("SELECT verified_at FROM backup WHERE id = ?", number)
    wait_until("the verification", lambda: s.sql1(
        "SELECT count(*) FROM job WHERE kind = 'verify' AND state = 'succeeded' AND backup = ?", number))
    assert s.sql1("SELECT verified_at FROM backup WHERE id = ?", number) > made
    assert s.sql1("SELECT health FROM backup WHERE id = ?", number) == "good"
    press("delete")
    assert s.sql1("SELECT state FROM backup WHERE id = ?", number) == "trashed"
    press("undelete")
    assert s.sql1("SELECT state FROM backup WHERE id = ?", number) == "ready"


@test("DIV-8 CYC-14", "the page of a backup tells items, sizes, who, checksums, the log from stderr and how to restore")
def detail(s):
    page = s.browser.get(f"/b/b{seen['all']}")
    parts = s.sql("SELECT * FROM part WHERE backup = ?", seen["all"])
    for p in parts:
        assert p["service_name"] in page.words and p["data_stored_sha256"][:16] in page.text, p["service_slug"]
    assert "admin@example.org" in page.words and "Restore without this console" in page.words
    assert "pg_restore" in page.words and "tar" in page.words and "zstd -dc" in page.words
    log = s.browser.get(f"/j/j{s.sql1('SELECT job.id FROM job WHERE kind = ? AND backup = ?', 'backup', seen['all'])}/log")
    assert log.status == 200 and log.header("content-type").startswith("text/plain") and log.text.strip()


@test("CYC-3", "a service's own list shows its backups and no others")
def by_service(s):
    page = s.browser.get(f"/p/{LIVE}/services/media/backups")
    shown = set(re.findall(r'/b/b(\d+)"', s.must(page).text))
    mine = {str(r["backup"]) for r in s.sql("SELECT backup FROM part WHERE service_slug = 'media'")}
    assert shown == mine and shown, (shown, mine)


@test("SET-23", "PostgreSQL is kept as pg_dump's custom format, which pg_restore lists")
def custom_format(s):
    key = s.sql1("SELECT data_key FROM part WHERE backup = ? AND engine = 'postgresql'", seen["all"])
    dump = subprocess.run(["zstd", "-dcq"], input=s.plain(key), capture_output=True, check=True).stdout
    assert dump.startswith(b"PGDMP")
    listed = subprocess.run([os.path.join(s.pg.bin, "pg_restore"), "-l"], input=dump, capture_output=True, check=True)
    assert b"TABLE DATA public product" in listed.stdout


@test("SET-4", "what is still being created cannot be downloaded or deleted: 409, and nothing is queued")
def building(s):
    s.stop_one("worker")
    number, job = s.create_backup(LIVE, ["sqlite"])
    before = s.sql("SELECT id, state FROM job")
    parts = [str(p["id"]) for p in s.sql("SELECT id FROM part WHERE backup = ?", number)]
    token = s.browser.get(f"/p/{LIVE}/backups/new").form(field="services")
    hidden = [("csrf", token.value("csrf")), ("key", token.value("key"))]
    for path, extra in ((f"/b/b{number}/download", [("parts", p) for p in parts] + [("format", "tar")]),
                        (f"/b/b{number}/delete", []), (f"/b/b{number}/verify", [])):
        answer = s.browser.post(path, hidden + extra)
        assert answer.status == 409, (path, answer.status, answer.words[:300])
        assert "still being created" in answer.words, (path, answer.words[:300])
    assert s.sql("SELECT id, state FROM job") == before
    s.start_worker()
    s.wait_job(job, "succeeded")


@test("DIV-4", "more backups can be asked for at any time; of one service only one runs at a time")
def queue(s):
    s.stop_one("worker")
    jobs = [s.create_backup(LIVE, ["sqlite"])[1] for _ in range(3)]
    assert all(r["state"] == "queued" for r in s.sql(f"SELECT state FROM job WHERE id >= {jobs[0]}"))
    s.start_worker()
    rows = sorted((s.wait_job(j, "succeeded") for j in jobs), key=lambda r: r["started_at"])
    for earlier, later in zip(rows, rows[1:]):
        assert later["started_at"] >= earlier["finished_at"], (earlier, later)


@test("DIV-14 SET-3", "preparing a download makes an object of its own and no backup")
def prepare(s):
    backups = s.sql1("SELECT count(*) FROM backup")
    began = time.monotonic()
    seen["mails"] = len(s.host.mails())
    seen["download"] = s.request_download(seen["all"], form_format="tar.gz")
    assert time.monotonic() - began < 20
    s.wait_download(seen["download"])
    assert s.sql1("SELECT count(*) FROM backup") == backups
    page = s.browser.get(f"/d/d{seen['download']}")
    assert "Ready" in page.words and f"/d/d{seen['download']}" in s.browser.get(f"/p/{LIVE}/downloads").text


@test("DIV-16", "exactly one mail through STARTTLS and AUTH, with one link per item, size, sha256 and expiry")
def mail(s):
    wait_until("the mail", lambda: len(s.host.mails()) > seen["mails"])
    message, facts = s.host.mails()[-1]
    assert facts["tls"] and facts["user"] == "console" and facts["to"] == ["admin@example.org"], facts
    text = mail_text(message)
    files = s.sql("SELECT * FROM download_file WHERE download = ?", seen["download"])
    links = re.findall(re.escape(s.base) + r"/dl/[\w-]{43}/[a-z]*\d+", text)
    assert len(files) == 3 and len(set(links)) == 3, text
    for f in files:
        assert f["sha256"] in text and f["name"] in text, (f, text)
    assert "shop" in text and "After all: ümlaut" in text and "admin@example.org" in text, text
    html = message.get_body(("html",)).get_content()
    assert all(link in html for link in links)
    expires = s.sql1("SELECT expires_at FROM download WHERE id = ?", seen["download"])
    assert time.strftime("%Y", time.gmtime(expires / 1000)) in text
    seen["links"] = list(dict.fromkeys(link[len(s.base):] for link in links))
    token = links[0].split("/dl/")[1].split("/")[0]
    for path in glob.glob(s.home + "/log/*"):
        with open(path, "rb") as f:
            assert token.encode() not in f.read(), f"the token lies in {path}"
    # The message is forgotten once it is sent, and with it the token.
    with contextlib.closing(sqlite3.connect(f"file:{s.home}/catalog.db?mode=ro", uri=True)) as db:
        assert token not in "\n".join(db.iterdump())


@test("DIV-15", "the same request again uses the ready files and mails a fresh link")
def again(s):
    count, downloads = len(s.host.mails()), s.sql1("SELECT count(*) FROM download")
    number = s.request_download(seen["all"], form_format="tar.gz")
    assert number == seen["download"] and s.sql1("SELECT count(*) FROM download") == downloads
    wait_until("the second mail", lambda: len(s.host.mails()) > count)
    links = re.findall(re.escape(s.base) + r"(/dl/[\w-]{43}/[a-z]*\d+)", mail_text(s.host.mails()[-1][0]))
    assert links and set(links).isdisjoint(seen["links"])


def fetch(s, ending):
    """The bytes behind the mailed link whose file name ends so: by a guest, through the page's own button."""
    guest = Browser(s.base)
    for path in seen["links"]:
        page = s.must(guest.get(path))
        name = next((f["name"] for f in s.sql("SELECT name FROM download_file WHERE download = ?", seen["download"])
                     if f["name"].endswith(ending) and f["name"] in page.text), None)
        if name:
            answer = guest.submit(page.form(path.rsplit("/", 1)[1]), path)
            assert answer.status == 200 and name in answer.header("content-disposition"), answer.headers
            return answer.body
    raise AssertionError(f"no link gives a file ending in {ending}")


@test("DIV-17", "the database downloads load with the vendors' tools and hold every row")
def load(s):
    dump = fetch(s, ".dump")
    s.pg.sql("CREATE DATABASE again")
    env = dict(s.pg.env("again"))
    subprocess.run([os.path.join(s.pg.bin, "pg_restore"), "--exit-on-error", "-d", "again"], input=dump, env=env,
                   check=True, capture_output=True)
    both = [s.pg.sql("SELECT count(*), sum(price), md5(string_agg(title, ',' ORDER BY id)) FROM product", d)
            for d in ("shop", "again")]
    assert both[0] == both[1] and both[0].startswith(f"{ROWS}|"), both
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as f:
        f.write(fetch(s, ".sqlite"))
        f.flush()
        with contextlib.closing(sqlite3.connect(f.name)) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert db.execute("SELECT count(*) FROM customer").fetchone() == (ROWS,)


def unpack(data, folder):
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        names = tar.getnames()
        tar.extractall(folder, filter="fully_trusted") if hasattr(tarfile, "fully_trusted_filter") else tar.extractall(folder)
    return names


@test("DIV-18", "the media download is a tar whose manifest lists every file with size and sha256, and one flipped bit shows")
def media(s):
    with tempfile.TemporaryDirectory() as folder:
        names = unpack(fetch(s, ".tar.gz"), folder)
        assert [n.lstrip("./") for n in names[:2]] == ["MANIFEST", "SHA256SUMS"], names[:5]
        listed = {}
        with open(os.path.join(folder, "MANIFEST")) as f:
            for line in f:
                if line.startswith("./") and "type=file" in line:
                    path = re.sub(r"\\(\d{3})", lambda m: chr(int(m.group(1), 8)), line.split()[0][2:])
                    words = dict(w.split("=", 1) for w in line.split()[1:])
                    listed[path.encode("latin-1").decode("utf-8")] = (int(words["size"]), words["sha256"])
        wanted = {p: (len(d), hashlib.sha256(d).hexdigest()) for p, d in s.media.items()}
        wanted["sub/hard"] = wanted["a.txt"]
        got = {p: v for p, v in listed.items()}
        assert {p: v for p, v in wanted.items() if p != "sub/hard"}.items() <= got.items(), (wanted.keys(), got)
        assert set(got) <= set(wanted), set(got) - set(wanted)
        assert os.readlink(os.path.join(folder, "link")) == "a.txt"
        assert not os.path.exists(os.path.join(folder, "skipped.tmp"))
        for path, (size, digest) in wanted.items():
            with open(os.path.join(folder, path), "rb") as f:
                assert hashlib.sha256(f.read()).hexdigest() == digest, path
        check = ["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"]
        assert subprocess.run(check, cwd=folder, capture_output=True).returncode == 0
        with open(os.path.join(folder, "film.bin"), "r+b") as f:
            f.seek(1000)
            byte = f.read(1)[0]
            f.seek(1000)
            f.write(bytes([byte ^ 1]))
        assert subprocess.run(check, cwd=folder, capture_output=True).returncode != 0


@test("DIV-19", "every page leads to the help, which tells what is backed up, what is not, and for how long")
def help_pages(s):
    for path in ("/", "/projects", f"/p/{LIVE}/backups", f"/b/b{seen['all']}", f"/b/b{seen['all']}/download",
                 f"/d/d{seen['download']}", "/jobs"):
        assert any(link.startswith("/help") for link in s.browser.get(path).page.links), path
    pages = s.browser.get("/help")
    text = pages.words + " ".join(s.browser.get(link).words for link in set(pages.page.links)
                                  if link.startswith("/help/"))
    for word in ("what it does not hold", "prepare download", "manifest", "in the trash"):
        assert word in text.lower(), word


@test("PEER-2", "a mail server that refuses fails no backup, and the page says that the mail is unsent")
def no_mail(s):
    s.host.misbehave("refuse")
    number, job = s.create_backup(LIVE, ["sqlite"], mail=True)
    assert s.wait_job(job, "succeeded")["state"] == "succeeded"
    wait_until("a try to send", lambda: s.sql1("SELECT tries FROM outbox WHERE job = ?", job))
    assert s.sql1("SELECT state FROM outbox WHERE job = ?", job) == "queued"
    words = s.browser.get(f"/j/j{job}").words + s.browser.get(f"/b/b{number}").words
    assert re.search(r"mail\b[^.]*\b(not (been )?sent|unsent|not yet|waits|could not)", words, re.I), words
    assert s.sql1("SELECT state FROM backup WHERE id = ?", number) == "ready"
    s.host.misbehave("none")


if __name__ == "__main__":
    main(lambda: shop(smtp=True))
