#!/usr/bin/python3
"""t51_csrf.py: no form of another site, of another session or without its token changes anything (T51).

Walks every POST row of the table of routes with real ids in its braces. Each is sent in every wrong way; each must
be refused with 403 or 405, and the catalogue must be as before. The control sends the same forms with the right
token: none may be refused, and the catalogue must have changed.
"""
import os
import re
import sys
import urllib.parse

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "web"))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "flow"))
from crawl import routes  # noqa: E402
from harness import main, test  # noqa: E402
from storing import Storages  # noqa: E402
from stage import Browser, Stage  # noqa: E402

# What changes by itself: the marks of sessions being seen, the beats of workers, the brake on guessing.
LIVING = ("session", "worker", "throttle", "sqlite_sequence")
EVIL = "https://evil.example"


def snapshot(s):
    tables = [r["name"] for r in s.sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    state = {t: sorted(repr(sorted(r.items())) for r in s.sql(f"SELECT * FROM {t}")) for t in tables if t not in LIVING}
    state["sessions"] = s.sql("SELECT id_hash, account, csrf FROM session ORDER BY id_hash")
    return state


def posts(s):
    """(path, guard) of every row that changes something, with real things in its braces."""
    token, file_page, _ = s.token_paths()
    values = {"project": "shop", "environment": "live", "service": "media", "backup": f"b{s.ready}",
              "download": f"d{s.download}", "restore": f"r{s.drafted}", "token": token.split("/")[-1],
              "file": file_page.split("/")[-1], "schedule": str(s.sql1("SELECT min(id) FROM schedule")),
              "storage": "main", "to": "second",
              "job": "j" + str(s.sql1("SELECT max(id) FROM job"))}
    for method, pattern, _right, guard in routes(s):
        if method == "POST":
            # What a level says is of a channel above it.
            of = "instance" if pattern.endswith("/here") or not pattern.startswith("/p/") else (
                "project" if "/-/" in pattern else "environment")
            there = {**values, **told(s, of)}
            # A file of a download that is asked for by somebody signed in is named by its own number.
            yield re.sub(r"\{(\w+)\}", lambda m: there[m.group(1)], pattern), guard


LEVELS = {"instance": "project IS NULL", "project": "project IS NOT NULL AND environment IS NULL",
          "environment": "environment IS NOT NULL"}


def told(s, level):
    """A channel of that level, and the last notice to it."""
    channel = s.sql1(f"SELECT id FROM channel WHERE {LEVELS[level]}")
    return {"channel": str(channel), "notice": str(s.sql1("SELECT max(id) FROM delivery WHERE channel = ?", channel))}


# Fields that make most forms complete, so that a form that got through would do something.
FIELDS = {"note": "changed by T51", "name": "Changed", "slug": "changed", "kind": "staging", "services": "media",
          "format": "tar", "engine": "files", "roots": "/srv/changed", "email": "admin@example.org",
          "password": "wrong on purpose", "code": "wrong", "confirm": "shop/live", "on": "1", "keep": "1",
          "paused": "1", "say": "not-here", "key": "t51-key"}


def send(browser, path, token, headers=None, method="POST"):
    fields = dict(FIELDS) if token is None else {**FIELDS, "csrf": token}
    return browser.request(method, path, urllib.parse.urlencode(fields).encode(), headers)


def token_of(browser, path="/projects/new"):
    return browser.get(path).form(field="csrf").value("csrf")


def visitor_token(s):
    guest = Browser(s.base, spread=True)
    return guest, token_of(guest, "/login")


def attacks(s, path, guard):
    """(words, the answer) of every wrong way to send one form."""
    guest = Browser(s.base, spread=True)
    if guard == "visitor":
        mine, right = visitor_token(s)
        _, foreign = visitor_token(s)
    else:
        mine, right = s.browser, s.right
        foreign = s.foreign
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": EVIL}
    yield "from another site", send(mine, path, right, cross)
    yield "from a sister site", send(mine, path, right, {"Sec-Fetch-Site": "same-site", "Origin": EVIL})
    yield "from an old browser on another site", send(mine, path, right, {"Sec-Fetch-Site": None, "Origin": EVIL})
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        yield f"by {method}", send(mine, path, right, method=method)
    if guard == "link":
        return
    yield "without a token", send(mine, path, None)
    yield "with an empty token", send(mine, path, "")
    yield "with the token of another session", send(mine, path, foreign)
    yield "with a longer token", send(mine, path, right + "x")
    yield "with the token but no cookie", send(guest, path, right)
    yield "from a sandboxed page", send(mine, path, right, {"Sec-Fetch-Site": None, "Origin": "null"})
    yield "with the token in the address", send(mine, path + "?csrf=" + right, None)
    if (("GET", path)) not in s.gets:
        yield "by GET", mine.request("GET", path + "?csrf=" + right)


@test("T51", "every form that changes something refuses every wrong sender, and nothing changes")
def wrong_senders(s):
    before, faults, count = snapshot(s), [], 0
    for path, guard in s.posts:
        for words, answer in attacks(s, path, guard):
            count += 1
            if path == "/logout" and words == "with the token but no cookie":
                # Nobody is signed in there, so there is nothing to refuse.
                if answer.status != 303 or answer.header("location") != "/login?said=signed-out":
                    faults.append(f"POST {path} {words}: {answer.status}")
            elif answer.status not in (403, 405):
                faults.append(f"POST {path} {words}: {answer.status}")
            elif "<h1>" not in answer.text:
                faults.append(f"POST {path} {words}: {answer.status} without a page")
    after = snapshot(s)
    faults += [f"the table {t} has changed" for t in before if before[t] != after[t]]
    print(f"# {count} attacks on {len(s.posts)} forms", flush=True)
    assert count > 10 * len(s.posts) / 2, "too few attacks"
    assert not faults, "\n".join(faults)


@test("T51", "control: with the right token and sender the same forms are taken, and the catalogue changes")
def right_sender(s):
    before, faults = snapshot(s), []
    for path, guard in sorted(s.posts, key=lambda p: p[0] == "/logout"):
        browser, token = visitor_token(s) if guard == "visitor" else (s.browser, s.right)
        answer = send(browser, path, None if guard == "link" else token)
        if answer.status in (400, 403, 405, 415, 500):
            faults.append(f"POST {path}: {answer.status}: {answer.words[:300]}")
    after = snapshot(s)
    assert not faults, "\n".join(faults)
    assert before["backup"] != after["backup"] and before["job"] != after["job"] and before["event"] != after["event"]
    assert before["channel_here"] != after["channel_here"], "no level said anything of a channel"
    assert before["sessions"] != after["sessions"], "signing out changed nothing"


class Guarded(Stage):
    """The stage, a token of its session, one of another session of the same person, and the forms to attack."""

    def fill(self):
        super().fill()
        # Housekeeping would change the catalogue by itself between the two looks at it.
        self.stop_one("worker")
        other, answer = self.sign_in(browser=Browser(self.base, spread=True))
        self.must(answer)
        Storages.add_folder(self, "second")
        self.right, self.foreign = token_of(self.browser), token_of(other)
        assert self.right != self.foreign
        for c in self.sql("SELECT id, project, environment FROM channel"):
            base = f"{'/p/shop/live' if c['environment'] else '/p/shop/-' if c['project'] else ''}/notifications"
            page = self.must(self.browser.get(f"{base}/{c['id']}"))
            self.must(self.browser.submit(page.form("/test"), base))
        self.posts = list(posts(self))
        self.gets = {("GET", p) for p, _ in self.posts if self.browser.request("GET", p).status != 405}


if __name__ == "__main__":
    main(Guarded)
