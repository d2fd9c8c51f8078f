#!/usr/bin/python3
"""pages_test.py: every page of the console: links, forms, HTML, and in the browser axe, width, policy and errors."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from crawl import Crawl, pattern_of, routes  # noqa: E402
from stage import Browser, Instance, Stage, cookie_of, run_node  # noqa: E402

failures = 0


def report(name, findings):
    global failures
    failures += bool(findings)
    print(f"{'not ok' if findings else 'ok'} - {name}", flush=True)
    for f in findings[:30]:
        print(f"# {f}")


def forms_without_token(answers):
    """POST forms must carry the session's token; only pages for guests may do without a session."""
    return [f"{path}: the form {f.action} has no token" for path, a in answers.items() if "html" in
            (a.header("content-type") or "") for f in a.page.forms if f.method == "post" and not f.value("csrf")]


def headings(answers):
    out = []
    for path, a in answers.items():
        if "html" in (a.header("content-type") or "") and a.text.count("<h1") != 1 and "/fragment" not in path:
            out.append(f"{path}: {a.text.count('<h1')} h1")
    return out


def wrong_forms(stage):
    """Forms sent with nothing in them: pages with the box of faults. (name, answer, path, fields)"""
    b, out = stage.browser, []
    for name, path, field, fields in (
            ("project form with faults", "/projects/new", "slug", {"name": "", "slug": "Not a slug"}),
            ("environment form with faults", "/p/shop/-/environments/new", "slug", {"name": "", "slug": "live"}),
            ("sqlite form with faults", "/p/shop/live/services/new?engine=sqlite", "slug", {"name": "", "slug": "?"}),
            ("files form with faults", "/p/shop/live/services/new?engine=files", "slug", {"name": "", "slug": "?"}),
            ("postgresql form with faults", "/p/shop/live/services/new?engine=postgresql", "slug",
             {"name": "", "slug": "?"}),
            ("folder form with faults", "/storage/new?kind=local", "slug", {"slug": "?", "path": "here"}),
            ("bucket form with faults", "/storage/new?kind=s3", "endpoint",
             {"slug": "?", "endpoint": "ftp://x", "bucket": "b", "prefix": "a//b", "key_id": "a b"}),
            ("backup form with faults", "/p/shop/live/backups/new", "services",
             {"services": None, "note": "x" * 501}),
            ("schedule form with faults", "/p/shop/live/schedule/new", "cron",
             {"name": "", "every": "cron", "cron": "75 2 * * *", "zone": "Mars/Olympus", "spread": "61"}),
            ("restore form with faults", f"/r/r{stage.drafted}/confirm", "typed", {"typed": "shop/live"}),
            ("download form with faults", f"/b/b{stage.ready}/download", "parts", {"parts": None})):
        form = b.get(path).form(field=field).fill(**fields)
        out.append((name, b.submit(form, path), path, form))
    return out


def representatives(answers, table):
    """The fullest path of each route, and the variants that look different."""
    chosen, seen = [], {}
    for path in sorted(answers, key=lambda p: -len(answers[p].text)):
        pattern = pattern_of(path, table)
        if answers[path].path.split("?")[0] != path.split("?")[0]:
            continue   # it leads on to a page that has an address of its own
        if pattern and seen.get(pattern, 0) < (3 if pattern in ("/b/{backup}", "/d/{download}", "/j/{job}") else 1):
            seen[pattern] = seen.get(pattern, 0) + 1
            chosen.append({"name": f"{pattern} ({path})", "path": path, "status": 200})
    return chosen


def main():
    with Stage() as stage, Instance() as fresh:
        table = routes(stage)
        seeds = ["/", "/projects", "/jobs", "/help", "/p/bare", "/p/shop/staging/backups", f"/b/b{stage.failed}",
                 f"/b/b{stage.trashed}", f"/d/d{stage.revoked}", f"/j/j1/log",
                 "/p/shop/live/backups?state=failed", "/p/shop/live/backups?q=nothing-has-this-note"]
        seeds += [f"/b/b{stage.ready}{x}" for x in ("", "/note", "/delete", "/download", "/restore", "/restore?step=2&part=media")]
        seeds += [f"/b/b{stage.ready}/files{x}" for x in ("", "?q=nothing-has-this-name", "?q=1&order=size", "?path=many&order=time",
                                                          "/restore?part=media&entry=1")]
        seeds += [f"/b/b{stage.ready}/compare", f"/b/b{stage.ready}/compare?kind=removed"]
        seeds += [f"/b/b{stage.ready}/download?part=media&entry=1"]
        seeds += [f"/r/r{stage.drafted}/confirm", f"/r/r{stage.restored}", f"/r/r{stage.restored}/undo", f"/r/r{stage.beside}", "/help/restore"]
        seeds += [f"/p/shop/{place}/notifications/1/here" for place in ("-", "staging")]   # only a sign-in leads there
        crawl = Crawl(stage.browser, seeds)
        html = {p: a for p, a in crawl.answers.items() if "html" in (a.header("content-type") or "")}
        report(f"all links, styles, scripts and pictures of {len(html)} pages resolve", crawl.faults)
        report("every POST form carries a CSRF token", forms_without_token(html))
        report("every page has exactly one h1", headings(html))
        chosen = representatives(html, table)
        titles = {}
        for c in chosen:
            titles.setdefault(html[c["path"]].page.title, []).append(c["path"])
        report("titles are unique", [f"{t}: {p}" for t, p in titles.items() if len(p) > 1])
        guest = Browser(stage.base, spread=True)
        page, file_page, dead = stage.token_paths()
        lone = [("/login", 200), ("/help", 200), (page, 200), (file_page, 200), (dead, 410), ("/nothing", 404),
                ("/dl/" + "A" * 43, 404)]
        member = [("/nothing", 404), ("/b/b99999", 404), ("/p/none", 404), ("/logout", 405)]
        reached = {pattern_of(p, table) for p in crawl.answers}
        missed = [r for m, r, _, g in table if m == "GET" and r not in reached and g in ("session", "-") and
                  r not in ("/p/{project}/{environment}",) and "fragment" not in r]
        report("the crawl reaches every GET route of the table", missed)

        faulty = wrong_forms(stage)
        report("a form with faults comes back with 422", [f"{n}: {a.status}" for n, a, _, _ in faulty if a.status != 422])
        texts = [(p, a.text) for p, a in html.items() if "/fragment" not in p]
        texts += [(f"{p} as a guest", guest.get(p).text) for p, _ in lone]
        texts += [(f"{p} for a member", stage.browser.get(p).text) for p, _ in member]
        texts += [(n, a.text) for n, a, _, _ in faulty]
        setup = Instance()
        setup.init()
        setup.start()
        try:
            texts.append(("/setup", setup.browser.get("/setup").text))
            form = setup.browser.get("/setup").form(field="code").fill(code="", email="x", password="short", name="")
            texts.append(("setup form with faults", setup.browser.submit(form, "/setup").text))
            status = run_node("pages.mjs", {"base": setup.base, "pages": [
                {"name": "/setup", "path": "/setup", "status": 200, "guest": True},
                {"name": "/healthz as a page is left out", "path": "/login", "status": 200, "guest": True}]})
        finally:
            setup.stop()
        texts += [(f"empty: {p}", fresh.browser.get(p).text) for p in ("/", "/projects", "/jobs")]
        status |= run_node("validate.mjs", [{"name": n, "html": t} for n, t in texts])
        status |= run_node("pages.mjs", {"base": fresh.base, "cookie": cookie_of(fresh.browser), "pages": [
            {"name": f"empty: {p}", "path": p, "status": 200} for p in ("/", "/projects", "/jobs")]})
        chosen += [{"name": f"{p} as a guest", "path": p, "status": s, "guest": True} for p, s in lone]
        chosen += [{"name": f"{p} for a member", "path": p, "status": s} for p, s in member]
        chosen += [{"name": n, "path": p, "status": 422, "post": form.fields, "action": form.action or p}
                   for n, _, p, form in faulty]
        status |= run_node("pages.mjs", {"base": stage.base, "cookie": cookie_of(stage.browser), "pages": chosen})
    return 1 if failures or status else 0


sys.exit(main())
