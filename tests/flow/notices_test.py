#!/usr/bin/python3
"""notices_test.py: what happens is told to each channel exactly once, whatever receivers and crashes do."""
import contextlib
import json
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import (ROOT, Browser, Budget, Instance, die_with_parent, links_of, main, mail_text, test,  # noqa: E402
                     wait_until)

LIVE = "shop/live"
SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class Receiver:
    """tests/fake/hooks.py on loopback."""

    def __init__(self, folder):
        self.log = os.path.join(folder, "hooks.log")
        self.server = subprocess.Popen(["python3", os.path.join(ROOT, "tests/fake/hooks.py"), self.log],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                       preexec_fn=die_with_parent)
        self.base = f"http://127.0.0.1:{int(self.server.stdout.readline())}"

    def close(self):
        self.server.kill()
        self.server.wait(10)
        self.server.stdout.close()

    def requests(self, path=""):
        if not os.path.exists(self.log):
            return []
        with open(self.log, encoding="utf-8") as f:
            return [r for r in map(json.loads, f) if r["path"].startswith(path)]

    def wait(self, path, count):
        return wait_until(f"{count} calls of {path}", lambda: (r := self.requests(path)) and len(r) >= count and r)


def make_shop(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE IF NOT EXISTS product (id INTEGER PRIMARY KEY, name TEXT)")
        db.execute("INSERT INTO product (name) VALUES ('thé')")
        db.commit()


@contextlib.contextmanager
def console():
    folder = tempfile.mkdtemp(prefix="lz-hooks-", dir="/tmp")
    os.chmod(folder, 0o755)
    receiver = Receiver(folder)
    try:
        with Instance(conf='allow_private = "127.0.0.1"\nhttp_timeout = "2s"\n') as s:
            s.receiver, s.shop = receiver, os.path.join(folder, "shop.sqlite")
            make_shop(s.shop)
            s.add_project("shop")
            s.add_environment("shop", "live")
            s.add_service(LIVE, "database", "sqlite", path=s.shop)
            yield s
    finally:
        receiver.close()
        shutil.rmtree(folder, ignore_errors=True)


def add(s, kind, base="/notifications", events=None, **fields):
    """A channel through its form; gives its number."""
    path = f"{base}/new?kind={kind}"
    form = s.must(s.browser.get(path)).form(field="name").fill(**fields)
    if events is not None:
        form.fill(event=events)
    s.must(s.browser.submit(form, path))
    return s.sql1("SELECT max(id) FROM channel")


def press(s, path, action, browser=None):
    """Press the button whose form ends so."""
    b = browser or s.browser
    return s.must(b.submit(s.must(b.get(path)).form(action=action), path))


def remove_all(s):
    for row in s.sql("SELECT c.id, c.project, v.slug FROM channel c LEFT JOIN environment v ON v.id = c.environment"
                     " WHERE c.removed_at = 0"):
        base = "/notifications" if row["project"] is None else f"/p/shop/{row['slug'] or '-'}/notifications"
        press(s, f"{base}/{row['id']}/remove", "/remove")


def settled(s):
    return wait_until("an empty queue", lambda: not s.sql1("SELECT count(*) FROM delivery WHERE state = 'queued'"))


def told(s, address):
    """The mails to that address that are no question."""
    return [m for m in s.mails() if m["To"] == address and "/confirm/" not in mail_text(m)]


def break_shop(s):
    os.rename(s.shop, s.shop + ".away")


def mend_shop(s):
    os.rename(s.shop + ".away", s.shop)


@test("PEER-9 PEER-8", "a failed backup reaches webhook, Slack, Teams, ntfy, healthchecks and mail once each; the next closes it")
def once_each(s):
    r = s.receiver.base
    add(s, "webhook", name="Hook", url=r + "/hook/secretpath", secret=SECRET)
    add(s, "slack", "/p/shop/-/notifications", name="Slack", url=r + "/slack/T0/B0/secretpath")
    add(s, "teams", name="Teams", url=r + "/teams/secretpath")
    add(s, "ntfy", name="Phones", url=r + "/night-watch", secret="tk_hush")
    add(s, "healthchecks", "/p/shop/-/notifications", name="Check", url=r + "/ping/0193")
    add(s, "mail", "/p/shop/-/notifications", name="Ops", target="ops@example.net")
    question = s.wait_mails(1)[-1]
    assert question["To"] == "ops@example.net", question["To"]
    path = next(p for p in links_of(question, s.base) if p.startswith("/confirm/"))
    guest = Browser(s.base)
    s.must(guest.get(path))
    assert not s.sql1("SELECT confirmed_at FROM channel WHERE name = 'Ops'")
    press(s, path, path, guest)
    assert s.sql1("SELECT confirmed_at FROM channel WHERE name = 'Ops'")
    before = len(s.mails())

    break_shop(s)
    s.backup(LIVE, state="failed")
    for where, count in (("/hook", 1), ("/slack", 1), ("/teams", 1), ("/ping", 2)):
        s.receiver.wait(where, count)
    settled(s)
    told = lambda: [m for m in s.mails()[before:] if m["To"] == "ops@example.net"]
    wait_until("the mail", told)
    mend_shop(s)
    s.backup(LIVE)
    s.receiver.wait("/hook", 2)
    wait_until("the second mail", lambda: len(told()) >= 2)
    settled(s)

    kinds = [json.loads(q["body"])["type"] for q in s.receiver.requests("/hook")]
    assert sorted(kinds) == ["backup-failed", "recovered"], kinds
    assert len(s.receiver.requests("/slack")) == 2 and len(s.receiver.requests("/teams")) == 2
    topic = [q for q in s.receiver.requests("/") if q["headers"].get("authorization") == "Bearer tk_hush"]
    assert len(topic) == 2 and json.loads(topic[0]["body"])["topic"] == "night-watch", topic
    pings = [q["path"] for q in s.receiver.requests("/ping")]
    ids = [b["uuid"] for b in s.sql("SELECT uuid FROM backup ORDER BY id")][-2:]
    assert pings == [f"/ping/0193/start?rid={ids[0]}", f"/ping/0193/fail?rid={ids[0]}",
                     f"/ping/0193/start?rid={ids[1]}", f"/ping/0193?rid={ids[1]}"], pings
    subjects = [m["Subject"] for m in told()]
    assert len(subjects) == 2 and "FAILED" in subjects[0] and "Recovered" in subjects[1], subjects
    assert "shop/live" in mail_text(told()[0])
    # Signed for a reader of another language, and nothing of the secrets on a page or in the logs.
    with open(s.receiver.log, encoding="utf-8") as f:
        verified = subprocess.run(["python3", os.path.join(ROOT, "tests/fake/hooks_verify.py"), SECRET], stdin=f,
                                  capture_output=True, text=True)
    assert verified.returncode == 0 and verified.stdout.strip() == "2", verified
    pages = [s.browser.get(p).text for p in ("/notifications", "/p/shop/-/notifications", "/notifications/1")]
    logs = [open(os.path.join(s.home, "log", n)).read() for n in ("worker.log", "web.log")]
    for text in pages + logs:
        assert "secretpath" not in text and "whsec_" not in text and "tk_hush" not in text
    # Restarting tells nothing again.
    s.stop_one("worker")
    s.start_worker()
    count = len(s.receiver.requests())
    s.backup(LIVE)
    s.receiver.wait("", count + 2)
    settled(s)
    extra = [q["path"] for q in s.receiver.requests()[count:]]
    assert len(extra) == 2 and all(p.startswith("/ping/0193") for p in extra), extra
    remove_all(s)


@test("PEER-19", "an environment's notice goes to its channels, its project's and the instance's, but where a level says not here")
def levels(s):
    r, live, shop = s.receiver.base, f"/p/{LIVE}/notifications", "/p/shop/-/notifications"
    s.add_environment("shop", "quiet", "staging")
    s.add_service("shop/quiet", "database", "sqlite", path=s.shop)
    quiet = "/p/shop/quiet/notifications"
    places = (("all", "/notifications"), ("shop", shop), ("live", live), ("quiet", quiet))
    numbers = {name: add(s, "slack", base, name=name, url=f"{r}/level-{name}/aaaaaaaaaaaa", events=["backup-ready"])
               for name, base in places}

    def heard(place):
        """Which of them hear of a backup of that place, each once."""
        before = {name: len(s.receiver.requests(f"/level-{name}/")) for name in numbers}
        s.backup(place)
        wait_until("the herald", lambda: not s.sql1("SELECT count(*) FROM job WHERE finished_at > 0 AND told < 2"))
        settled(s)
        after = {name: len(s.receiver.requests(f"/level-{name}/")) - before[name] for name in numbers}
        assert max(after.values()) <= 1, after
        return {name for name, count in after.items() if count}

    def say(base, name, what):
        page = s.must(s.browser.get(base))
        form = page.form(action=f"/{numbers[name]}/here")
        return s.must(s.browser.submit(form, base, button=("say", what)))

    assert heard(LIVE) == {"all", "shop", "live"} and heard("shop/quiet") == {"all", "shop", "quiet"}
    page = s.must(s.browser.get(live))
    assert "from this instance" in page.words and "from project shop" in page.words, page.words
    page = say(quiet, "all", "not-here")
    assert "not here set here; otherwise it would be told, from this instance" in page.words, page.words
    assert heard("shop/quiet") == {"shop", "quiet"} and heard(LIVE) == {"all", "shop", "live"}
    # The project says so for all; live takes it back for itself.
    say(quiet, "all", "inherit")
    say(shop, "all", "not-here")
    page = s.must(s.browser.get(live))
    assert "inherited: not here from project shop" in page.words, page.words
    assert heard(LIVE) == {"shop", "live"} and heard("shop/quiet") == {"shop", "quiet"}
    say(live, "all", "told")
    assert heard(LIVE) == {"all", "shop", "live"} and heard("shop/quiet") == {"shop", "quiet"}
    remove_all(s)


@test("PEER-9", "the ends of a schedule's backups are told never, of failures alone, or always")
def told_by_schedule(s):
    r, path = s.receiver.base, f"/p/{LIVE}/schedule"
    add(s, "slack", name="Bad news", url=r + "/bad/aaaaaaaaaaaa", events=["backup-failed"])
    add(s, "slack", name="All news", url=r + "/news/aaaaaaaaaaaa", events=["backup-failed", "backup-ready"])
    add(s, "healthchecks", name="Check", url=r + "/watch/0193", events=["backup-failed", "backup-ready"])
    form = s.must(s.browser.get(path + "/new")).form(field="cron")
    s.must(s.browser.submit(form.fill(name="Told", every="day", time="02:00", spread="0", zone="UTC"), path + "/new"))
    number = s.sql1("SELECT max(id) FROM schedule")

    def ran(notify, state="succeeded", hand=False):
        """How many calls each of them gets when it runs, by the clock or by hand, told by this rule."""
        edit = f"/s/s{number}"
        s.must(s.browser.submit(s.must(s.browser.get(edit)).form(field="notify").fill(notify=notify), edit))
        before = {where: len(s.receiver.requests(where)) for where in ("/bad", "/news", "/watch")}
        s.stop_one("worker")
        s.must(s.browser.submit(s.must(s.browser.get(path)).form(f"/s{number}/run"), path))
        if not hand:
            with contextlib.closing(sqlite3.connect(os.path.join(s.home, "catalog.db"), timeout=10)) as c, c:
                c.execute("UPDATE backup SET kind = 'scheduled' WHERE id = (SELECT max(id) FROM backup)")
                c.execute("UPDATE job SET requested_by = NULL WHERE id = (SELECT max(id) FROM job)")
        s.start_worker()
        s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'backup'"), state)
        wait_until("the herald", lambda: not s.sql1("SELECT count(*) FROM job WHERE finished_at > 0 AND told < 2"))
        settled(s)
        return [len(s.receiver.requests(where)) - count for where, count in before.items()]

    # Whoever runs it by hand waits for it; the rule is for what the clock begins.
    for notify in ("never", "channels", "failure", "always"):
        assert ran(notify, hand=True) == [0, 1, 2], notify
    assert ran("never") == [0, 0, 0]
    assert ran("channels") == [0, 1, 2]
    assert ran("failure") == [0, 0, 2]
    assert ran("always") == [1, 1, 2]
    break_shop(s)
    assert ran("never", "failed") == [0, 0, 0]
    assert ran("failure", "failed") == [1, 1, 2]
    mend_shop(s)
    form = s.must(s.browser.get(f"/s/s{number}/remove")).form("/remove")
    s.must(s.browser.submit(form, path))
    remove_all(s)


@test("PEER-2", "a notifier that fails is shown with its status, tried again, and no backup cares")
def failing(s):
    number = add(s, "slack", name="Broken", url=s.receiver.base + "/status/404/aaaaaaaaaaaa", events=["backup-ready"])
    row = s.backup(LIVE)
    assert row["state"] == "ready" and row["warnings"] == 0
    wait_until("a refusal", lambda: s.sql1("SELECT status FROM delivery WHERE channel = ?", number) == 404)
    page = s.must(s.browser.get(f"/notifications/{number}"))
    assert "HTTP 404" in page.words and "answered 404: no_service" in page.words, page.words
    assert "Trying again" in page.words
    assert s.sql1("SELECT state FROM backup WHERE id = ?", row["id"]) == "ready"
    s.doctor()
    remove_all(s)


@test("PEER-9", "a test is sent by a button, and its result is shown on the page")
def test_button(s):
    number = add(s, "webhook", name="Tested", url=s.receiver.base + "/tested/aaaaaaaaaaaa", secret=SECRET)
    path = f"/notifications/{number}"
    press(s, path, "/test")
    s.receiver.wait("/tested", 1)
    settled(s)
    page = s.must(s.browser.get(path))
    assert "Sent" in page.words and "HTTP 200" in page.words, page.words
    press(s, path, "/again")
    calls = s.receiver.wait("/tested", 2)
    assert calls[0]["headers"]["webhook-id"] == calls[1]["headers"]["webhook-id"]
    settled(s)
    remove_all(s)


@test("T47", "a channel on a private address is never called, and the page says why")
def private(s):
    s.stop_one("worker")
    s.configure('allow_private = ""\n')
    s.start_worker()
    number = add(s, "slack", name="Inside", url=s.receiver.base + "/inside/aaaaaaaaaaaa")
    path = f"/notifications/{number}"
    press(s, path, "/test")
    wait_until("a refusal", lambda: s.sql1("SELECT error FROM delivery WHERE channel = ?", number))
    page = s.must(s.browser.get(path))
    assert "private address 127.0.0.1" in page.words and "allow_private" in page.words, page.words
    assert not s.receiver.requests("/inside")
    remove_all(s)
    s.stop_one("worker")
    s.configure('allow_private = "127.0.0.1"\n')
    s.start_worker()


@test("PEER-9", "a worker killed between sending and noting repeats at most once, under the same webhook-id")
def killed(s):
    s.stop_one("worker")
    s.start_worker({"LAZARETTE_FAULT": "webhook.answered:kill"})
    number = add(s, "webhook", name="Twice", url=s.receiver.base + "/twice/aaaaaaaaaaaa", secret=SECRET,
                 events=["backup-ready"])
    s.backup(LIVE)
    s.receiver.wait("/twice", 1)
    dead = s.running.pop("worker")
    assert dead.wait(30) == -9, dead.returncode
    assert s.sql1("SELECT state FROM delivery WHERE channel = ?", number) == "queued"
    s.start_worker()
    settled(s)
    calls = s.receiver.requests("/twice")
    assert len(calls) == 2, len(calls)
    assert calls[0]["headers"]["webhook-id"] == calls[1]["headers"]["webhook-id"]
    assert calls[0]["body"] == calls[1]["body"]
    # Control: a backup under a worker that lives is one call.
    s.backup(LIVE)
    s.receiver.wait("/twice", 3)
    settled(s)
    assert len(s.receiver.requests("/twice")) == 3
    remove_all(s)


@test("PEER-8", "a healthchecks channel of the instance is pinged while the worker is alive")
def alive(s):
    add(s, "healthchecks", name="Alive", url=s.receiver.base + "/alive/0193", events=["worker-silent"])
    s.stop_one("worker")
    s.start_worker()
    s.receiver.wait("/alive", 1)
    settled(s)
    s.stop_one("worker")
    count, clock = len(s.receiver.requests("/alive")), os.path.join(s.home, "clock")
    ahead(clock, 10)
    s.start_worker({"LAZARETTE_CLOCK_SKEW": clock})
    s.receiver.wait("/alive", count + 1)
    settled(s)
    # That it was away may come first, as a failure; that it is alive is said each minute, and is the last word.
    ahead(clock, 11)
    wait_until("the check to be up", lambda: s.receiver.requests("/alive")[count:][-1]["path"] == "/alive/0193")
    remove_all(s)


def ahead(clock, minutes):
    """So far ahead is the clock of whoever has this file as its LAZARETTE_CLOCK_SKEW."""
    fd = os.open(clock, os.O_WRONLY | os.O_CREAT, 0o644)
    os.pwrite(fd, struct.pack("q", minutes * 60 * 1000), 0)
    os.close(fd)


BANNER = re.compile(r"The worker has not reported for (1 m|2 m)")


def web_at(s, skew):
    """The pages' clock is so many milliseconds ahead; the worker's is not."""
    s.stop_one("web")
    s.start_web({"LAZARETTE_CLOCK_SKEW": str(skew)})
    wait_until("an answer", lambda: s.browser.get("/healthz").status == 200)


@test("T41", "the worker is killed and nobody starts it again: within two minutes a red line says so on every page of backups")
def dead_worker(s):
    # The one before was eleven minutes ahead.
    s.stop_one("worker")
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=60)) as db:
        db.execute("DELETE FROM worker")
        db.commit()
    # Before the worker begins: it says so at once, and after that once a minute.
    number = add(s, "healthchecks", name="Dead man", url=s.receiver.base + "/dead/0193", events=["worker-silent"])
    s.start_worker()
    s.receiver.wait("/dead", 1)
    settled(s)
    s.kill("worker")
    pages = ("/", "/plans", f"/p/{LIVE}/backups", f"/p/{LIVE}/schedule", "/jobs")
    # The control: right after, nothing is wrong yet.
    assert not [p for p in pages if BANNER.search(s.must(s.browser.get(p)).words)]
    pings = len(s.receiver.requests("/dead"))
    web_at(s, 2 * 60 * 1000)
    for page in pages:
        answer = s.must(s.browser.get(page))
        assert BANNER.search(answer.words) and 'role="alert"' in answer.text, (page, answer.words[:400])
    # Who pings is dead, so the watcher outside hears nothing, and that is what it waits for.
    assert len(s.receiver.requests("/dead")) == pings
    web_at(s, 0)
    strike = Budget(20, 5, 20)
    done = 0
    while strike.wants(done):
        s.start_worker()
        assert not BANNER.search(s.browser.get("/").words)
        s.kill("worker")
        with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=60)) as db:
            db.execute("UPDATE worker SET seen_at = seen_at - 100000")      # as if so much time had gone by
            db.commit()
        assert BANNER.search(s.browser.get("/").words), done
        done += 1
    s.start_worker()
    wait_until("the line to go", lambda: not BANNER.search(s.browser.get("/").words))
    press(s, f"/notifications/{number}/remove", "/remove")


@test("T41", "a schedule that never succeeds is at risk and mailed; its check outside hears of failures, never of a success")
def never(s):
    ping, base = s.receiver.base + "/never/0193", "/p/shop/-/notifications"
    s.add_environment("shop", "never", "staging")
    s.add_service("shop/never", "gone", "sqlite", path=s.shop + ".never")
    add(s, "healthchecks", base, name="Never", url=ping)
    before = len(s.mails())
    add(s, "mail", base, name="Ops again", target="ops2@example.net", events=["backup-failed", "at-risk"])
    question = s.wait_mails(before + 1)[-1]
    path = next(p for p in links_of(question, s.base) if p.startswith("/confirm/"))
    press(s, path, path, Browser(s.base))
    form = s.must(s.browser.get("/p/shop/never/schedule/new")).form(field="cron")
    hours_ago = f"{(time.gmtime().tm_hour + 21) % 24:02}:00"     # not while this runs
    s.must(s.browser.submit(form.fill(name="Nightly", every="day", time=hours_ago, spread="0", zone="UTC"),
                            "/p/shop/never/schedule/new"))
    wait_until("the plan", lambda: s.sql1("SELECT count(*) FROM schedule_state WHERE next_at > 0"))
    # Nothing has run: not one ping, of no kind.
    settled(s)
    assert not s.receiver.requests("/never")
    for day in (1, 2):
        s.stop_one("worker")
        s.start_worker({"LAZARETTE_CLOCK_SKEW": str(day * 24 * 3600 * 1000)})
        wait_until(f"failure {day}", lambda: s.sql1("SELECT count(*) FROM job WHERE kind = 'backup' AND state = 'failed'"
                                                    " AND requested_by IS NULL AND environment ="
                                                    " (SELECT id FROM environment WHERE slug = 'never')") == day)
    s.receiver.wait("/never", 4)
    settled(s)
    ends = [q["path"].split("?")[0] for q in s.receiver.requests("/never")]
    # One that was on its way when the worker was stopped goes again.
    assert set(ends) == {"/never/0193/start", "/never/0193/fail"} and ends.count("/never/0193/fail") >= 2, ends
    words = s.must(s.browser.get("/")).words
    assert "A backup needs attention" in words and "shop/never At risk" in words, words[:800]
    wait_until("the mails", lambda: len(told(s, "ops2@example.net")) >= 2, 90)
    subjects = [m["Subject"] for m in told(s, "ops2@example.net")]
    # Each night is told once: what a failed backup says is not said again by the alarm of the risk.
    assert len(subjects) == 2 and all("[shop/never]" in x and "FAILED" in x for x in subjects), subjects
    # The control: once the database is there, the next night is a success, and says so.
    make_shop(s.shop + ".never")
    s.stop_one("worker")
    s.start_worker({"LAZARETTE_CLOCK_SKEW": str(3 * 24 * 3600 * 1000)})
    wait_until("the success", lambda: [q for q in s.receiver.requests("/never") if re.match(r"/never/0193(\?|$)", q["path"])])
    wait_until("the risk to be over", lambda: "shop/never At risk" not in s.browser.get("/").words)
    settled(s)
    remove_all(s)


if __name__ == "__main__":
    main(console)
