#!/usr/bin/python3
"""schedule_test.py: schedules through the pages, and a worker whose clock is days ahead."""
import json
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Instance, main, test, wait_until  # noqa: E402
from shop import LIVE, make_sqlite  # noqa: E402

DAY = 24 * 3600 * 1000
LIST = f"/p/{LIVE}/schedule"


class Scheduled(Instance):
    def __enter__(self):
        super().__enter__()
        os.makedirs(self.home + "/content")
        make_sqlite(self.home + "/content/shop.sqlite")
        self.add_project("shop")
        self.add_environment("shop", "live")
        self.add_environment("shop", "staging", "staging")
        self.add_service(LIVE, "sqlite", "sqlite", path=self.home + "/content/shop.sqlite")
        self.days = 0
        return self

    def ahead(self, days):
        """The worker's clock is so many days further than it was; the pages keep the true one."""
        self.days += days
        self.stop_one("worker")
        self.start_worker({"LAZARETTE_CLOCK_SKEW": str(int(self.days * DAY))})

    def add_schedule(self, path=LIST, **fields):
        form = self.must(self.browser.get(path + "/new")).form(field="cron")
        return self.browser.submit(form.fill(**fields), path + "/new")

    def runs(self):
        return self.sql("SELECT * FROM schedule_run ORDER BY id")

    def settled(self, count):
        """That many slots, and every backup asked for has ended."""
        def ready():
            # In this order: what a slot asked for is there with it.
            return len(self.runs()) >= count and \
                self.sql1("SELECT count(*) FROM job WHERE state IN ('queued', 'running')") == 0
        wait_until(f"{count} slots", ready, 60)
        assert len(self.runs()) == count, self.runs()


@test("SCU-10", "wrong input stands beside its field with what was typed, and the preview button writes nothing")
def wrong(s):
    for cron, says in (("75 2 * * *", "Minute must be 0–59, you wrote 75"),
                       ("0 2 30 2 *", "30 February never happens"),
                       ("* * * * *", "Runs every minute; the shortest allowed is 15 minutes")):
        answer = s.add_schedule(name="Bad one", every="cron", cron=cron)
        assert answer.status == 422 and says in answer.words, answer.words[:600]
        assert answer.form(field="cron").value("cron") == cron
        assert answer.form(field="cron").value("name") == "Bad one"
    form = s.browser.get(LIST + "/new").form(field="cron")
    page = s.must(s.browser.post(LIST + "/new", {"csrf": form.value("csrf"), "key": form.value("key"), "name": "N",
                                                 "every": "week", "time": "04:15", "weekday": "1", "spread": "0",
                                                 "zone": "Europe/Zurich", "preview": "1"}))
    assert "Every Monday at 04:15" in page.words, page.words[:800]
    assert len(re.findall(r"04:15 \+0[12]:00", page.words)) == 5, page.words
    assert s.sql1("SELECT count(*) FROM schedule") == 0
    part = s.must(s.browser.get(f"{LIST}/fragment?every=cron&cron=30+2+*+3+SunL&zone=Europe%2FZurich"))
    assert "02:30 does not exist on this day" in part.words and "<html" not in part.text, part.words


@test("SET-30 DIV-3 DIV-1", "two days pass and bring two backups; the list begins with the next run")
def two_days(s):
    before = s.must(s.browser.get(f"/p/{LIVE}/backups")).words
    assert "Set a schedule" in before
    s.must(s.add_schedule(name="Nightly", every="day", time="02:00", spread="0", zone="UTC"))
    wait_until("the plan", lambda: s.sql1("SELECT count(*) FROM schedule_state WHERE next_at > 0"))
    s.ahead(1)
    s.settled(1)
    s.ahead(1)
    s.settled(2)
    backups = s.sql("SELECT kind, state, schedule FROM backup ORDER BY id")
    assert backups == [{"kind": "scheduled", "state": "ready", "schedule": 1}] * 2, backups
    words = s.must(s.browser.get(f"/p/{LIVE}/backups")).words
    assert re.search(r"Next scheduled backup: .*02:00 \+00:00", words), words[:900]
    assert "Scheduled" in words
    assert s.sql1("SELECT sum(good) FROM day_log") == 2
    s.doctor()


@test("SET-30 T40", "restarts make no slot twice; three days off bring one catch-up, and the days are marked")
def restarts(s):
    for _ in range(3):
        s.kill("worker")
        s.start_worker({"LAZARETTE_CLOCK_SKEW": str(int(s.days * DAY))})
        time.sleep(0.3)
    assert len(s.runs()) == 2
    s.ahead(3)
    s.settled(3)
    assert s.runs()[-1]["missed"] == 2, s.runs()
    # Before two at night the first of the days off has the backup of the slot before.
    assert s.sql1("SELECT count(*) FROM day_log WHERE missed = 1 AND good = 0") == (1 if time.gmtime().tm_hour < 2 else 2)
    assert s.sql1("SELECT count(*) FROM backup") == 3


@test("SCU-15 SCU-8", "run now only queues, with the worker stopped; plans show it and what became of it")
def run_now(s):
    s.stop_one("worker")
    page = s.must(s.browser.get("/plans"))
    began = time.monotonic()
    answer = s.must(s.browser.submit(page.form("/run"), "/plans"))
    assert time.monotonic() - began < 1 and "Appended" in answer.words, answer.words[:300]
    words = s.browser.get("/plans").words
    for part in ("shop/live", "0 2 * * *", "Queued", "main", "Every day at 02:00"):
        assert part in words, (part, words)
    s.start_worker({"LAZARETTE_CLOCK_SKEW": str(int(s.days * DAY))})
    s.wait_job(s.sql1("SELECT max(id) FROM job"), "succeeded")
    assert "Ready" in s.browser.get("/plans").words


@test("SCU-9", "an error of a run shows on the plans until the next success")
def error(s):
    os.rename(s.home + "/content/shop.sqlite", s.home + "/content/gone")
    s.must(s.browser.submit(s.browser.get("/plans").form("/run"), "/plans"))
    s.wait_job(s.sql1("SELECT max(id) FROM job"), "failed")
    why = s.sql1("SELECT error FROM backup ORDER BY id DESC LIMIT 1")
    words = s.browser.get("/plans").words
    assert "Failed" in words and why[:20] in words, (why, words)
    os.rename(s.home + "/content/gone", s.home + "/content/shop.sqlite")
    s.must(s.browser.submit(s.browser.get("/plans").form("/run"), "/plans"))
    s.wait_job(s.sql1("SELECT max(id) FROM job"), "succeeded")
    assert why[:20] not in s.browser.get("/plans").words


KEYS = ["index", "type", "resource", "cron", "destination", "retention", "status", "size", "run", "next", "error"]


@test("SCU-8 SCU-9 SCU-13 SCU-15", "the command line lists the nine, as a table and as JSON; run only queues; an error goes with the next success")
def command_line(s):
    def plan():
        return json.loads(s.command("plan", "list", "--json").stdout)[0]

    os.rename(s.home + "/content/shop.sqlite", s.home + "/content/gone")
    s.stop_one("worker")
    began = time.monotonic()
    assert re.fullmatch(r"Backup b\d+ is queued\.\n", s.command("plan", "run", "s1", LIVE).stdout)
    assert time.monotonic() - began < 1
    assert list(plan()) == KEYS + ["defaults"] and plan()["status"] == "queued" and plan()["destination"] == "main", plan()
    s.start_worker({"LAZARETTE_CLOCK_SKEW": str(int(s.days * DAY))})
    s.wait_job(s.sql1("SELECT max(id) FROM job"), "failed")
    assert plan()["status"] == "failed" and plan()["error"] == s.sql1("SELECT error FROM backup ORDER BY id DESC LIMIT 1")
    os.rename(s.home + "/content/gone", s.home + "/content/shop.sqlite")
    s.command("plan", "run", "s1")
    s.wait_job(s.sql1("SELECT max(id) FROM job"), "succeeded")
    now = plan()
    assert now["status"] == "ready" and now["error"] == "" and now["size"] > 0 and now["resource"] == LIVE, now
    assert now["run"].endswith("Z") and now["cron"] == "0 2 * * *" and now["index"] == "s1", now
    assert now["next"].endswith("Z") and now["next"] > now["run"], now
    assert now["defaults"] == ["cron", "destination", "retention"] and "weekly=4" in now["retention"], now
    table = s.command("plan", "list").stdout.splitlines()
    assert table[0].split() == [k.capitalize() for k in KEYS], table
    assert table[1].split()[0] == "s1" and LIVE in table[1] and " ready " in table[1], table
    for words in ("0 2 * * * (default)", "main (default)", "keeps 7 daily, 4 weekly, 12 monthly (default)"):
        assert words in table[1], (words, table)
    for args, status, says in ((("run", "s99"), 1, "there is no plan s99"), (("delete", "x"), 1, "there is no plan x"),
                               (("run", "s1", "shop/none"), 1, "called shop/none"), ((), 64, "usage"),
                               (("list", "--jsno"), 64, "usage"), (("delete", "s1", "--backups", "all"), 64, "usage")):
        done = s.command("plan", *args, check=False)
        assert done.returncode == status and says in done.stderr and done.stdout == "", (args, done)


@test("DIV-3", "turned off, an amber line says since when and by whom, and turns it on again")
def switched_off(s):
    s.must(s.browser.submit(s.browser.get(LIST).form("/switch"), LIST))
    page = s.must(s.browser.get(f"/p/{LIVE}/backups"))
    assert re.search(r"Scheduled backups are off since .* by admin@example.org\.", page.words), page.words[:600]
    before = len(s.runs())
    s.ahead(1.5)
    time.sleep(1)
    assert len(s.runs()) == before
    s.must(s.browser.submit(page.form("/switch"), f"/p/{LIVE}/backups"))
    assert "are off since" not in s.browser.get(f"/p/{LIVE}/backups").words


@test("PEER-19 PLA-16", "a project's schedule holds where there is none nearer, and for its kind of environment alone")
def inherited(s):
    s.must(s.add_schedule("/p/shop/-/schedule", name="For all", every="day", time="05:00", kinds="live", zone="UTC"))
    staging = "/p/shop/staging/schedule"
    assert "No schedule" in s.browser.get(staging).words
    s.must(s.add_schedule("/schedule", name="Everywhere", every="week", time="05:00", weekday="0", kinds="all"))
    words = s.browser.get(staging).words
    assert "Every Sunday at 05:00" in words and "come from the instance" in words, words
    assert "come from" not in s.browser.get(LIST).words


@test("SCU-24", "removing asks what becomes of the backups; kept ones stay listed and restorable")
def remove(s):
    ready = s.sql1("SELECT count(*) FROM backup WHERE state = 'ready'")
    page = s.must(s.browser.get("/s/s1/remove"))
    s.must(s.browser.submit(page.form("/remove"), "/s/s1/remove"))
    assert s.sql1("SELECT count(*) FROM backup WHERE state = 'ready'") == ready
    assert s.browser.get("/s/s1").status == 404
    assert "Restore" in s.browser.get(f"/p/{LIVE}/backups").words
    s.doctor()


@test("SCU-24", "on the command line they stay unless one asks for more, and the trail has it")
def remove_by_command(s):
    def run_once(name):
        """A plan, and the backup it has made."""
        s.must(s.add_schedule(name=name, every="day", time="06:00", zone="UTC"))
        plan = f"s{s.sql1('SELECT max(id) FROM schedule')}"
        backup = int(re.search(r"b(\d+)", s.command("plan", "run", plan).stdout).group(1))
        s.wait_job(s.sql1("SELECT id FROM job WHERE backup = ?", backup), "succeeded")
        return plan, backup

    def state(backup):
        return s.sql1("SELECT state FROM backup WHERE id = ?", backup)

    plan, backup = run_once("By command")
    assert "Its backups stay." in s.command("plan", "delete", plan).stdout
    assert state(backup) == "ready"
    assert "there is no plan" in s.command("plan", "delete", plan, check=False).stderr
    plan, other = run_once("And its backups")
    assert "are in the trash." in s.command("plan", "delete", plan, "--backups", "delete").stdout
    assert (state(backup), state(other)) == ("ready", "trashed")
    trail = [e["action"] for e in s.sql("SELECT action FROM event WHERE detail = 'on the command line' ORDER BY id")]
    assert trail == ["schedule.run"] * 3 + ["schedule.removed", "schedule.run", "backup.deleted",
                                             "schedule.removed"], trail
    s.doctor()


if __name__ == "__main__":
    main(Scheduled)
