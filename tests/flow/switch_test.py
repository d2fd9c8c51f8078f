#!/usr/bin/python3
"""switch_test.py: a backup into a new service beside the one in use, switched there and back, and removed."""
import contextlib
import os
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import main, mail_text, test, wait_until  # noqa: E402
from places import STAGING, confirm_page, restore, tree, two_places, where_form, without_excluded  # noqa: E402
from shop import LIVE, ROWS  # noqa: E402

seen = {}
ALL_LIVE = "SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM product p"


def lite(path, sql):
    with contextlib.closing(sqlite3.connect(path)) as db:
        return db.execute(sql).fetchall()


def is_staging_s_own(s):
    return s.pg.sql("SELECT count(*) FROM pg_class WHERE relname = 'old'", "shop_staging") == "1" and \
        os.path.exists(s.staging + "/media/only-here/x") and \
        lite(s.staging + "/shop.sqlite", "SELECT name FROM sqlite_master") == [("old",)]


def is_live_s(s):
    return s.pg.sql(ALL_LIVE, "shop_staging") == s.pg.sql(ALL_LIVE, "shop") and \
        without_excluded(tree(s.staging + "/media")) == without_excluded(tree(s.content + "/media")) and \
        lite(s.staging + "/shop.sqlite", "SELECT count(*) FROM customer") == [(ROWS,)]


def press(s, act, state="succeeded", kind="switch"):
    page = s.must(s.browser.get(f"/r/r{seen['restore']}/{act}"))
    form = page.form("/" + act)
    if "typed" in form.names:
        form.fill(typed=STAGING)
    s.must(s.browser.submit(form, page.path, follow=False), 303)
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = ?", seen["restore"], kind), state)
    return page


@test("SET-15 SET-11 CYC-17", "a backup goes into new services beside staging's, with staging's settings; staging is not touched")
def beside(s):
    seen["backup"] = s.backup(LIVE)["id"]
    answer, form = where_form(s, seen["backup"], STAGING)
    form.fill(mode="new")
    number, page = confirm_page(s, form, answer)
    seen["restore"] = number
    assert f"Nothing of {STAGING}" in page.words and "will be lost" not in page.words, page.words[:1500]
    form = s.must(page).form("/confirm")
    assert "consent" not in form.names and "safety" not in form.names, sorted(form.names)
    form.fill(real_data=True)
    refused = s.browser.submit(form, page.path)
    assert refused.status == 422 and f"Type {STAGING} exactly" in refused.words, (refused.status, refused.words[:400])
    form.fill(typed=STAGING)
    mails = len(s.mails())
    s.must(s.browser.submit(form, page.path, follow=False), 303)
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", number), "succeeded")
    assert is_staging_s_own(s)
    made = s.sql("SELECT s.* FROM service s JOIN restore_part x ON x.made = s.id WHERE x.restore = ?", number)
    assert sorted(m["slug"] for m in made) == [f"database-r{number}", f"media-r{number}", f"sqlite-r{number}"], made
    names = s.pg.sql("SELECT string_agg(datname, ',') FROM pg_database")
    assert [n for n in names.split(",") if n.startswith("shop_staging_2") and n.endswith("_new")], names
    told = s.wait_mails(mails + 1)[-1]
    assert "beside" in told["subject"] and f"{STAGING} is as it was" in mail_text(told).replace("\n", " "), mail_text(told)
    page = s.must(s.browser.get(f"/r/r{number}"))
    assert "Switch to it" in page.words and "Undo restore" not in page.words, page.words[:1500]
    page = s.browser.get(f"/p/{STAGING}/services")
    assert f"/r/r{number}" in page.text and "not in use" in page.words, page.words[:1500]
    # It answers to a connection test, with the password of the service it stands beside.
    form = page.form(f"/services/database-r{number}/check")
    s.must(s.browser.submit(form, page.path, follow=False), 303)
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'check'"), "succeeded")
    s.doctor()


@test("SET-15 NEW-2", "one switch makes it the one in use, another one takes that back: all three engines together")
def there_and_back(s):
    mails = len(s.mails())
    page = press(s, "switch")
    assert "change places" in page.words, page.words[:800]
    assert is_live_s(s)
    told = s.wait_mails(mails + 1)[-1]
    assert f"Switched {STAGING}" in told["subject"], told["subject"]
    s.pg.sql("SET ROLE keeper; CREATE TABLE written_since (id int)", "shop_staging")
    assert "Switch back" in s.browser.get(f"/r/r{seen['restore']}").words
    press(s, "switch")
    assert is_staging_s_own(s)
    press(s, "switch")
    assert s.pg.sql("SELECT count(*) FROM written_since", "shop_staging") == "0"
    assert is_live_s(s)
    s.doctor()


@test("SET-15 T33", "two tabs, a double click, a wrong name: one switch or none")
def slips(s):
    page = s.must(s.browser.get(f"/r/r{seen['restore']}/switch"))
    old = page.form("/switch")
    press(s, "switch")
    assert is_staging_s_own(s)
    # The other tab still says "back": it is so already, and nothing is done.
    jobs = s.sql1("SELECT count(*) FROM job")
    late = s.browser.submit(old, page.path)
    assert late.status == 409 and "already" in late.words, (late.status, late.words[:500])
    assert s.sql1("SELECT count(*) FROM job") == jobs
    page = s.must(s.browser.get(f"/r/r{seen['restore']}/remove"))
    wrong = s.browser.submit(page.form("/remove").fill(typed="staging"), page.path)
    assert wrong.status == 422 and f"Type {STAGING} exactly" in wrong.words, (wrong.status, wrong.words[:500])
    page = s.must(s.browser.get(f"/r/r{seen['restore']}/switch"))
    s.stop_one("worker")
    form = page.form("/switch")
    first = s.must(s.browser.submit(form, page.path, follow=False), 303)
    again = s.must(s.browser.submit(form, page.path, follow=False), 303)
    assert first.header("location") == again.header("location")
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'switch' AND state = 'queued'") == 1
    s.start_worker()
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'switch'"), "succeeded")
    assert is_live_s(s)


@test("SET-15", "chosen paths are no service: the page says so, and keeps the form")
def whole_only(s):
    answer, form = where_form(s, seen["backup"], STAGING, slugs=("media",), choice={"media": "sub/deep"})
    before = s.sql1("SELECT count(*) FROM restore")
    refused = s.browser.submit(form.fill(mode="new"), answer.path)
    assert refused.status == 422 and "holds the whole" in refused.words, (refused.status, refused.words[:800])
    assert s.sql1("SELECT count(*) FROM restore") == before
    assert f"Database (before r{seen['restore']})" not in \
        where_form(s, seen["backup"], STAGING, slugs=("database",))[0].words


@test("SET-15", "a restore over what was switched in stands before the switch back; undone, the way is free")
def over_it(s):
    r = restore(s, seen["backup"], STAGING, slugs=("sqlite",), prepare=lambda f: f.fill(real_data=True))
    page = s.must(s.browser.get(f"/r/r{seen['restore']}/switch"))
    refused = s.browser.submit(page.form("/switch"), page.path)
    assert refused.status == 409 and f"undo r{r['id']} first" in refused.words, (refused.status, refused.words[:500])
    page = s.must(s.browser.get(f"/r/r{r['id']}/undo"))
    s.must(s.browser.submit(page.form("/undo"), page.path, follow=False), 303)
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'undo'", r["id"]), "succeeded")
    assert is_live_s(s)
    # The worker tidies by itself what is undone, and works on the service meanwhile.
    wait_until("the tidying", lambda: s.sql1("SELECT tidied_at FROM restore WHERE id = ?", r["id"]) > 0)
    wait_until("its end", lambda: not s.sql1("SELECT count(*) FROM job WHERE state IN ('queued', 'running')"))


@test("SET-15", "what is not in use is removed for good: database, file and folder, and their services")
def removed(s):
    press(s, "remove", kind="tidy")
    assert is_live_s(s)
    names = s.pg.sql("SELECT string_agg(datname, ',') FROM pg_database")
    assert not [n for n in names.split(",") if n.startswith("shop_staging_2")], names
    page = s.must(s.browser.get(f"/r/r{seen['restore']}"))
    assert "was removed" in page.words and "Switch back" not in page.words, page.words[:1200]
    assert f"-r{seen['restore']}" not in s.browser.get(f"/p/{STAGING}/services").text
    gone = s.browser.get(f"/p/{STAGING}/services/database-r{seen['restore']}")
    assert gone.status == 404, gone.status
    s.doctor()


if __name__ == "__main__":
    main(two_places)
