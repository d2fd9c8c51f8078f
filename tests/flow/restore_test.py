#!/usr/bin/python3
"""restore_test.py: from the Restore button to the data in its place, and back: PostgreSQL, SQLite and files."""
import contextlib
import os
import re
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PASSWORD, main, mail_text, test, wait_until  # noqa: E402
from places import STAGING, confirm_page, restore, tree, two_places, where_form, without_excluded  # noqa: E402
from shop import LIVE, ROWS  # noqa: E402

seen = {}


@test("DIV-9 PLA-22", "each row has Restore; what is still being created has none and its address tells why")
def button(s):
    seen["backup"] = s.backup(LIVE)["id"]
    page = s.browser.get(f"/p/{LIVE}/backups")
    assert f"/b/b{seen['backup']}/restore" in page.text
    assert f"/b/b{seen['backup']}/restore" in s.browser.get(f"/b/b{seen['backup']}").text
    s.stop_one("worker")
    number, job = s.create_backup(LIVE, ["sqlite"])
    answer = s.browser.get(f"/b/b{number}/restore")
    assert answer.status == 409 and "still being created" in answer.words, (answer.status, answer.words[:300])
    assert f"/b/b{number}/restore" not in s.browser.get(f"/p/{LIVE}/backups").text
    s.start_worker()
    s.wait_job(job, "succeeded")


@test("DIV-12 CYC-16 T33", "no target is chosen for anybody, and a post without one is refused with the form kept")
def no_default(s):
    page = s.must(s.browser.get(f"/b/b{seen['backup']}/restore"))
    assert "checked" not in "".join(re.findall(r'<input type="radio"[^>]*name="place"[^>]*>', page.text))
    before = s.sql1("SELECT count(*) FROM restore")
    answer, form = where_form(s, seen["backup"], STAGING)
    fields = [(n, v) for n, v in form.fields if n not in ("to", "place")]
    refused = s.browser.post(f"/b/b{seen['backup']}/restore", fields)
    assert refused.status == 422 and "Choose a target environment" in refused.words, (refused.status, refused.words[:300])
    assert s.sql1("SELECT count(*) FROM restore") == before
    assert answer.status == 200


@test("NEW-3", "live data is not let into staging without landing rules, unless an administrator signs it off")
def rules_needed(s):
    answer, form = where_form(s, seen["backup"], STAGING)
    number, page = confirm_page(s, form, answer)
    form = s.must(page).form(field="typed").fill(typed=STAGING, consent=True, real_data=False)
    jobs = s.sql1("SELECT count(*) FROM job")
    refused = s.browser.submit(form, page.path)
    assert refused.status in (409, 422) and "landing rules" in refused.words.lower(), (refused.status, refused.words[:500])
    assert s.sql1("SELECT count(*) FROM job") == jobs
    assert s.sql1("SELECT state FROM restore WHERE id = ?", number) == "draft"


@test("DIV-11 DIV-12 DIV-13 PLA-24 PLA-26 SET-11 SET-14 CYC-17 NEW-6", "last night's live goes to staging: all three engines equal, live untouched, neighbours too")
def live_to_staging(s):
    live = (tree(s.content + "/media"), s.pg.sql("SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM product p", "shop"))
    answer, form = where_form(s, seen["backup"], STAGING)
    number, page = confirm_page(s, form, answer)
    for word in ("product", "customer", "will be lost", STAGING):
        assert word in page.words, (word, page.words[:1500])
    form = page.form(field="typed").fill(typed="staging", consent=True, real_data=True)
    wrong = s.browser.submit(form, page.path)
    assert wrong.status == 422 and f"Type {STAGING} exactly" in wrong.words, (wrong.status, wrong.words[:400])
    mails = len(s.mails())
    r = restore(s, seen["backup"], STAGING, prepare=lambda f: f.fill(real_data=True))
    seen["restore"] = r["id"]
    assert r["state"] == "done" and r["real_data"] == 1 and r["safety_backup"], dict(r)
    assert s.sql1("SELECT kind FROM backup WHERE id = ?", r["safety_backup"]) == "safety"
    assert s.pg.sql("SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM product p", "shop_staging") == live[1]
    assert s.pg.sql("SELECT count(*) FROM pg_class WHERE relname = 'old'", "shop_staging") == "0"
    assert without_excluded(tree(s.staging + "/media")) == without_excluded(live[0])
    with contextlib.closing(sqlite3.connect(s.staging + "/shop.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM customer").fetchone() == (ROWS,)
    assert (tree(s.content + "/media"), s.pg.sql(
        "SELECT md5(string_agg(p::text, ',' ORDER BY id)) FROM product p", "shop")) == live
    assert s.pg.sql("SELECT count(*) FROM neighbour", "shop_staging_copy") == "0"
    assert os.path.isdir(s.staging + "/media-copy")
    told = s.wait_mails(mails + 1)[-1]
    assert STAGING in told["subject"] + mail_text(told) and LIVE in mail_text(told), mail_text(told)
    page = s.browser.get(f"/r/r{r['id']}")
    assert "Undo" in page.words and f"b{r['safety_backup']}" in page.words and "admin@example.org" in page.words
    assert f"/r/r{r['id']}" in s.browser.get(f"/p/{STAGING}/restores").text
    s.doctor()


@test("NEW-2 SET-15", "undo is one button: staging is as it was before, byte for byte")
def undo(s):
    page = s.must(s.browser.get(f"/r/r{seen['restore']}/undo"))
    form = page.form("/undo")
    if "typed" in form.names:
        form.fill(typed=STAGING)
    s.must(s.browser.submit(form, page.path, follow=False), 303)
    job = s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'undo'", seen["restore"])
    s.wait_job(job, "succeeded")
    assert s.sql1("SELECT state FROM restore WHERE id = ?", seen["restore"]) == "undone"
    assert s.pg.sql("SELECT count(*) FROM old", "shop_staging") == "1"
    assert list(tree(s.staging + "/media")) == ["only-here", "only-here/x"], tree(s.staging + "/media")
    with contextlib.closing(sqlite3.connect(s.staging + "/shop.sqlite")) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("old",)]
    s.doctor()


@test("DIV-11 PEER-24", "a single folder comes back; what else changed since stays changed")
def one_folder(s):
    media = s.content + "/media"
    before = tree(media)
    for base, _, files in list(os.walk(media + "/sub/deep")):
        for name in files:
            os.unlink(os.path.join(base, name))
    with open(media + "/a.txt", "w") as f:
        f.write("changed since\n")
    restore(s, seen["backup"], slugs=("media",), choice={"media": "sub/deep"})
    after = tree(media)
    assert {p: v for p, v in after.items() if p.startswith("sub/deep/")} == \
        {p: v for p, v in before.items() if p.startswith("sub/deep/")}
    with open(media + "/a.txt") as f:
        assert f.read() == "changed since\n"
    assert os.path.exists(media + "/skipped.tmp")


@test("SET-10", "added on top, what was there stays; the mode stands in the confirmation and on the row")
def on_top(s):
    answer, form = where_form(s, seen["backup"], STAGING, slugs=("media", "sqlite"))
    form.fill(mode="add")
    number, page = confirm_page(s, form, answer)
    assert "on top" in page.words, page.words[:800]
    form = page.form(field="typed").fill(typed=STAGING, consent=True, real_data=True)
    s.must(s.browser.submit(form, page.path, follow=False), 303)
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", number), "succeeded")
    assert os.path.exists(s.staging + "/media/only-here/x") and os.path.exists(s.staging + "/media/film.bin")
    with contextlib.closing(sqlite3.connect(s.staging + "/shop.sqlite")) as db:
        assert {r[0] for r in db.execute("SELECT name FROM sqlite_master")} >= {"old", "customer"}
    assert "on top" in s.browser.get(f"/r/r{number}").words.lower()


def undo_of(s, number, typed):
    page = s.must(s.browser.get(f"/r/r{number}/undo"))
    form = page.form("/undo")
    if "typed" in form.names:
        form.fill(typed=typed)
    s.must(s.browser.submit(form, page.path, follow=False), 303)
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'undo'", number), "succeeded")


@test("DIV-11 PEER-24", "a single table of PostgreSQL comes back in the running database, and undo takes it away again")
def one_table(s):
    s.pg.sql("SET ROLE keeper; CREATE TABLE sold (id int PRIMARY KEY, product int REFERENCES product);"
             "INSERT INTO sold VALUES (1, 7); UPDATE product SET title = 'since' WHERE id <= 100;"
             "DELETE FROM product WHERE id > 1990", "shop")
    look = "SELECT count(*) FILTER (WHERE title = 'since') || ' ' || count(*) || ' ' || (SELECT count(*) FROM sold) FROM product"
    assert s.pg.sql(look, "shop") == "100 1990 1"
    page = s.must(s.browser.get(f"/b/b{seen['backup']}/restore"))
    assert "public.product" in page.words, page.words[:1500]
    answer, form = where_form(s, seen["backup"], slugs=("database",), choice={"database": "public.nothing"})
    number, page = confirm_page(s, form, answer)
    assert "The backup has no table public.nothing" in page.words, page.words[:1500]
    r = restore(s, seen["backup"], slugs=("database",), choice={"database": "public.product"})
    assert r["state"] == "done", dict(r)
    assert s.pg.sql(look, "shop") == f"0 {ROWS} 1"
    assert s.sql1("SELECT kept_bytes FROM restore_part WHERE restore = ?", r["id"]) > 1000
    backup = s.backup(LIVE, ["database"])["id"]
    counted = [row["name"] for row in s.sql("SELECT name FROM part_table t JOIN part p ON p.id = t.part WHERE p.backup = ?", backup)]
    assert counted == ["public.product", "public.sold"], counted
    undo_of(s, r["id"], LIVE)
    assert s.pg.sql(look, "shop") == "100 1990 1"
    assert s.pg.sql("SELECT count(*) FROM pg_namespace WHERE nspname ~ '^lazarette'", "shop") == "0"
    r = restore(s, seen["backup"], slugs=("database",), choice={"database": "product"})
    assert s.pg.sql(look, "shop") == f"0 {ROWS} 1"
    s.pg.sql("DROP TABLE sold", "shop")


@test("SET-10", "PostgreSQL: added on top twice, what is there stays, what is missing comes, once")
def on_top_of_rows(s):
    s.pg.sql("SET ROLE keeper; CREATE TABLE IF NOT EXISTS old (id int)", "shop_staging")
    old = s.pg.sql("SELECT count(*) FROM old", "shop_staging")
    for again in range(2):
        answer, form = where_form(s, seen["backup"], STAGING, slugs=("database",))
        form.fill(mode="add")
        number, page = confirm_page(s, form, answer)
        assert "on top" in page.words and "Yes, restore" in page.words, page.words[:1500]
        form = page.form(field="typed").fill(typed=STAGING, consent=True, real_data=True)
        s.must(s.browser.submit(form, page.path, follow=False), 303)
        s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", number), "succeeded")
        assert s.pg.sql("SELECT count(*) || ' ' || (SELECT count(*) FROM old) FROM product", "shop_staging") == f"{ROWS} {old}"
        if again == 0:
            s.pg.sql("UPDATE product SET title = 'mine' WHERE id = 1; DELETE FROM product WHERE id > 1000", "shop_staging")
    assert s.pg.sql("SELECT title FROM product WHERE id = 1", "shop_staging") == "mine"
    undo_of(s, number, STAGING)
    assert s.pg.sql("SELECT count(*) || ' ' || (SELECT count(*) FROM old) FROM product", "shop_staging") == f"1000 {old}"
    s.doctor()


@test("T33", "what changed under the page is found: the revision, the pause, a second restore, a double click")
def slips(s):
    answer, form = where_form(s, seen["backup"], STAGING, slugs=("sqlite",))
    number, page = confirm_page(s, form, answer)
    form = page.form(field="typed").fill(typed=STAGING, consent=True, real_data=True)
    path = f"/p/{STAGING}/services/sqlite"
    edit = s.browser.get(path).form(field="path")
    s.must(s.browser.submit(edit.fill(name="Renamed"), path))
    stale = s.browser.submit(form, page.path)
    assert stale.status == 409 and "changed" in stale.words, (stale.status, stale.words[:400])
    assert s.sql1("SELECT state FROM restore WHERE id = ?", number) == "draft"
    answer, form = where_form(s, seen["backup"], STAGING, slugs=("sqlite",))
    number, page = confirm_page(s, form, answer)
    form = page.form(field="typed").fill(typed=STAGING, consent=True, real_data=True)
    s.stop_one("worker")
    first = s.must(s.browser.submit(form, page.path, follow=False), 303)
    again = s.must(s.browser.submit(form, page.path, follow=False), 303)
    assert first.header("location") == again.header("location")
    assert s.sql1("SELECT count(*) FROM job WHERE restore = ? AND kind = 'restore'", number) == 1
    s.start_worker()
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", number), "succeeded")


@test("T35 PEER-1", "a damaged backup says where it is damaged, and the target is not touched")
def damaged(s):
    number = s.backup(LIVE, ["media"])["id"]
    key = s.sql1("SELECT data_key FROM part WHERE backup = ?", number)
    path = os.path.join(s.home, "store", key)
    before = tree(s.staging + "/media")
    answer, form = where_form(s, number, STAGING, slugs=("media",))
    with open(path, "r+b") as f:
        f.seek(os.path.getsize(path) // 2)
        byte = f.read(1)[0]
        f.seek(-1, 1)
        f.write(bytes([byte ^ 16]))
    made, page = confirm_page(s, form, answer)
    if page.status == 200 and any("typed" in f.names for f in page.page.forms):
        form = page.form(field="typed").fill(typed=STAGING, consent=True, real_data=True)
        s.must(s.browser.submit(form, page.path, follow=False), 303)
        row = s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", made), "failed")
        assert "differs" in row["error"] or "damaged" in row["error"] or "byte" in row["error"], row["error"]
    assert tree(s.staging + "/media") == before
    page = s.browser.get(f"/r/r{made}")
    assert "as it was" in page.words or "not touched" in page.words, page.words[:800]


@test("PEER-7 CYC-18", "a test restore counts in a scratch target, tells the day on the row and leaves nothing")
def tested(s):
    # What the refused restore before has left beside its target goes by itself.
    wait_until("all to be tidied", lambda: s.sql1("SELECT count(*) FROM restore WHERE state = 'failed' AND tidied_at = 0") == 0
               and not s.sql1("SELECT count(*) FROM job WHERE state IN ('queued', 'running')"))
    databases = s.pg.sql("SELECT count(*) FROM pg_database")
    page = s.browser.get(f"/b/b{seen['backup']}")
    s.must(s.browser.submit(page.form("/test"), page.path, follow=False), 303)
    job = s.sql1("SELECT max(id) FROM job WHERE kind = 'test'")
    s.wait_job(job, "succeeded")
    row = s.sql("SELECT * FROM backup WHERE id = ?", seen["backup"])[0]
    assert row["test_state"] == "equal" and "database: 1 table, 2" in row["test_text"], (row["test_state"], row["test_text"])
    assert "Test-restored" in s.browser.get(f"/p/{LIVE}/backups").words
    assert s.pg.sql("SELECT count(*) FROM pg_database") == databases
    assert [n for n in os.listdir(s.content) if "test" in n] == []


@test("PLA-20", "a session that is not fresh is asked for the password before live is overwritten")
def fresh(s):
    with contextlib.closing(sqlite3.connect(f"{s.home}/catalog.db", timeout=10)) as db:
        db.execute("UPDATE session SET auth_at = auth_at - 3600000")
        db.commit()
    answer, form = where_form(s, seen["backup"], slugs=("sqlite",))
    number, page = confirm_page(s, form, answer)
    form = page.form(field="typed").fill(typed=LIVE, consent=True)
    assert "password" in form.names, sorted(form.names)
    for wrong in ("", "not my password"):
        refused = s.browser.submit(form.fill(password=wrong), page.path)
        assert refused.status == 422 and s.sql1("SELECT state FROM restore WHERE id = ?", number) == "draft", refused.words[:300]
        form = refused.form(field="typed").fill(typed=LIVE, consent=True)
    s.must(s.browser.submit(form.fill(password=PASSWORD), page.path, follow=False), 303)
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", number), "succeeded")
    with contextlib.closing(sqlite3.connect(s.content + "/shop.sqlite")) as db:
        assert db.execute("SELECT count(*) FROM customer").fetchone() == (ROWS,)


if __name__ == "__main__":
    main(two_places)
