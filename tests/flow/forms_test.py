#!/usr/bin/python3
"""forms_test.py: wrong input, the same form twice, setting up once, guessing passwords."""
import os
import re
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import PASSWORD, Browser, Instance, main, test  # noqa: E402
from shop import LIVE, make_sqlite  # noqa: E402


class Forms(Instance):
    def __enter__(self):
        super().__enter__()
        os.makedirs(self.home + "/content")
        make_sqlite(self.home + "/content/shop.sqlite")
        self.add_project("shop")
        self.add_environment("shop", "live")
        self.add_service(LIVE, "sqlite", "sqlite", path=self.home + "/content/shop.sqlite")
        return self


def refused(f, path, field, values, keeps=(), says=""):
    """The form comes back with 422, the sentence in the box and beside the field, and what was typed."""
    form = f.must(f.browser.get(path)).form(field=field)
    answer = f.browser.submit(form.fill(**values), path)
    assert answer.status == 422, (path, values, answer.status, answer.words[:300])
    assert answer.page.title.startswith("Error: "), answer.page.title
    assert "There is a problem" in answer.words and "aria-invalid" in answer.text
    assert says in answer.words, answer.words[:600]
    again = answer.form(field=field)
    for name in keeps:
        assert again.value(name) == values[name], (name, again.value(name))
    return answer


@test("", "wrong input is 422 with a sentence beside the field, values kept and nothing written")
def wrong_input(f):
    counts = [f.sql1(f"SELECT count(*) FROM {t}") for t in ("project", "environment", "service", "job")]
    refused(f, "/projects/new", "slug", {"name": "Räuber & <b>", "slug": "Not A Slug"}, ("name", "slug"))
    refused(f, "/projects/new", "slug", {"name": "Other", "slug": "shop"}, ("name",), "shop is taken")
    refused(f, "/projects/new", "slug", {"name": "x" * 101, "slug": "fine"}, ("slug",))
    refused(f, "/p/shop/-/environments/new", "slug", {"name": "", "slug": "new"}, ("slug",))
    refused(f, "/p/shop/-/environments/new", "slug", {"name": "Live", "slug": "live"}, ("name", "slug"))
    for engine, values in (("sqlite", {"path": "relative.sqlite"}), ("files", {"roots": "not/absolute"}),
                           ("postgresql", {"host": "", "port": "70000", "database": "", "user": ""})):
        refused(f, f"/p/{LIVE}/services/new?engine={engine}", "slug",
                {"name": "Thing", "slug": "thing", **values}, ["name", "slug"] + list(values))
    assert counts == [f.sql1(f"SELECT count(*) FROM {t}") for t in ("project", "environment", "service", "job")]


@test("", "a secret is never given back by a form")
def secret_kept(f):
    form = {"name": "Pg", "slug": "pg", "host": "", "port": "5432", "database": "d", "user": "u", "secret": "hush hush"}
    answer = refused(f, f"/p/{LIVE}/services/new?engine=postgresql", "slug", form)
    assert "hush hush" not in answer.text


@test("DIV-4", "the same form sent twice makes one job and leads to the same page")
def twice(f):
    path = f"/p/{LIVE}/backups/new"
    form = f.browser.get(path).form(field="services").fill(note="double click")
    before = f.sql1("SELECT count(*) FROM job")
    answers = [f.browser.submit(form, path, follow=False) for _ in range(3)]
    assert all(a.status == 303 for a in answers), [a.status for a in answers]
    where = {a.header("location").split("?")[0] for a in answers}
    assert len(where) == 1 and f.sql1("SELECT count(*) FROM job") == before + 1, where
    f.wait_job(int(re.search(r"(\d+)$", where.pop()).group(1)), "succeeded")
    fresh = f.browser.get(path).form(field="services")
    assert fresh.value("key") != form.value("key")


@test("", "an edited service keeps its secret when the field is left empty, and an old form is 409")
def edit(f):
    f.must(f.add_service(LIVE, "pg", "postgresql", host="127.0.0.1", port="1", database="d", user="u", secret="one"))
    sealed = f.sql1("SELECT hex(sealed) FROM service WHERE slug = 'pg'")
    path = f"/p/{LIVE}/services/pg"
    old = f.browser.get(path).form(field="database")
    assert not old.value("secret")
    f.must(f.browser.submit(f.browser.get(path).form(field="database").fill(database="other"), path))
    assert f.sql("SELECT hex(sealed) AS s, settings FROM service WHERE slug = 'pg'")[0]["s"] == sealed
    assert '"other"' in f.sql1("SELECT settings FROM service WHERE slug = 'pg'")
    assert f.browser.submit(old.fill(database="third"), path).status in (409, 422)
    assert '"other"' in f.sql1("SELECT settings FROM service WHERE slug = 'pg'")


@test("", "a connection test by the worker tells what is wrong, on the page")
def check(f):
    path = f"/p/{LIVE}/services/pg"
    form = f.browser.get(path).form("/check")
    f.must(f.browser.submit(form, path))
    job = f.sql1("SELECT max(id) FROM job WHERE kind = 'check'")
    f.wait_job(job)
    words = f.browser.get(path).words
    assert f.sql1("SELECT check_state FROM service WHERE slug = 'pg'") == "failed"
    assert re.search("refused|connect", words, re.I), words[:600]


@test("", "setting up works once: the code is spent, the page leads to signing in")
def setup_once(f):
    guest = Browser(f.base)
    answer = guest.get("/setup", follow=False)
    assert answer.status in (303, 404, 409), answer.status
    assert f.sql1("SELECT count(*) FROM account") == 1
    token = guest.get("/login").form(field="password").value("csrf") or ""
    answer = guest.post("/setup", {"csrf": token, "code": "anything-at-all", "name": "Eve", "email": "eve@example.org",
                                   "password": PASSWORD}, follow=False)
    assert answer.status in (303, 403, 404, 409), answer.status
    assert f.sql1("SELECT count(*) FROM account") == 1
    done = f.admin("setup-code", check=False)
    assert done.returncode != 0 or f.sql1("SELECT count(*) FROM account") == 1


@test("", "signing out ends the session; without one every page leads to signing in and back")
def sessions(f):
    b, answer = f.sign_in()
    f.must(answer)
    cookies = dict(b.cookies)
    f.must(b.submit(b.get("/").form("/logout"), "/"))
    b.cookies = cookies
    answer = b.get(f"/p/{LIVE}/backups?q=x", follow=False)
    assert answer.status == 303 and answer.header("location").startswith("/login"), answer.headers
    b.cookies = {}
    page = b.get(answer.header("location"))
    answer = b.submit(page.form(field="password").fill(email="admin@example.org", password=PASSWORD), "/login",
                      follow=False)
    assert answer.status == 303 and answer.header("location").endswith(f"/p/{LIVE}/backups?q=x"), answer.headers


@test("", "guessing is slowed down: a wrong password says one sentence, and after some tries one must wait")
def throttle(f):
    statuses = []
    for i in range(8):
        _, answer = f.sign_in(password=f"wrong password {i}")
        statuses.append(answer.status)
        if answer.status == 422:
            assert "E-mail or password is wrong" in answer.words, answer.words[:300]
    assert statuses[0] == 422 and 429 in statuses, statuses
    _, answer = f.sign_in()
    assert answer.status == 429 and "Too many tries" in answer.words, (answer.status, answer.words[:300])
    _, unknown = f.sign_in(mail="nobody@example.org", password="x" * 12)
    assert unknown.status in (422, 429)


if __name__ == "__main__":
    main(Forms)
