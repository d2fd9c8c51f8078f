#!/usr/bin/python3
"""fortnight_test.py: two weeks of an instance with 20 environments in minutes, compared with fortnight_model.py.

The clocks of all programs move with a file (lib/base/clock.h), from one moment at which something is due to the next;
between two of them time goes on as usual. What is there in the end must be exactly what the model expects.
"""
import collections
import contextlib
import glob
import os
import re
import sqlite3
import struct
import sys
import time
from datetime import datetime, timedelta

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import fortnight_model as model  # noqa: E402
from fortnight_model import OPS, OWNER, UTC  # noqa: E402
from harness import Browser, Instance, links_of, main, test, wait_until  # noqa: E402

SECOND = timedelta(seconds=1)
# Each day everything begins a little later than the day before, so that what is "24 hours old" surely is; and never
# so late that it would be told (5 minutes).
LATER = 15 * SECOND
# Behind a moment once more when anything is to be told: mails wait for 5 seconds, housekeeping comes every 10, storages
# are seen every 60.
SETTLE = 65 * SECOND
# Backups are read again one by one, each look begins with one; a step is over when the storages were seen again.
LOOK, READ_AFTER = 61 * SECOND, 12 * 3600 * SECOND
APART = 10                     # minutes, at least, between the two runs that are spread, and between each and its slot
EVENTS = ("backup-failed", "late", "at-risk", "worker-silent", "recovered", "digest", "missing", "suspicious",
          "test-failed", "rto")
HOOK = "#!/bin/sh\nwhile [ -e '{gate}' ]; do sleep 0.05; done\n"


def ms(at):
    return round(at.timestamp() * 1000)


class Simulated(Instance):
    """An instance whose clock is a file."""

    def __init__(self):
        super().__init__(conf='poll = "100ms"\n')
        self.clock = os.path.join(self.home, "clock")
        self.env["LAZARETTE_CLOCK_SKEW"] = self.clock
        self.gate = os.path.join(self.home, "gate")
        self.set_clock(model.BEGIN)
        self.steps, self.catalog = 0, None
        self.browser = Browser(self.base, spread=True)
        self.most_at_once, self.spreads, self.seen, self.held_at = 0, [0], [], None

    def stop(self):
        if self.catalog is not None:
            self.catalog.close()
        super().stop()

    def set_clock(self, at):
        """From now on it is `at`, and time goes on from there."""
        data = struct.pack("q", ms(at) - round(time.time() * 1000))
        fd = os.open(self.clock, os.O_RDWR | os.O_CREAT, 0o644)
        os.pwrite(fd, data, 0)
        os.close(fd)

    # -- setting up, as a person would ------------------------------------------------------------

    def furnish(self, environments):
        os.makedirs(os.path.join(self.home, "hooks"), exist_ok=True)
        for name, text in (("hold", HOOK.format(gate=self.gate)), ("let-go", "#!/bin/sh\n")):
            with open(os.path.join(self.home, "hooks", name), "w") as f:
                f.write(text)
            os.chmod(f.name, 0o755)
        self.policy("zone", model.INSTANCE_ZONE)
        for project in dict.fromkeys(v.where.split("/")[0] for v in environments):
            self.must(self.fill_and_send("/projects/new", {"name": project.title(), "slug": project,
                                                           "owners": OWNER}, "slug"))
        for v in environments:
            self.add(v)
        self.add_channel()

    def policy(self, key, value, where=""):
        page = self.must(self.browser.get(f"{where}/policies"))
        form = next(f for f in page.page.forms if f.value("policy") == key).fill(value=value)
        form.fields.append(("do", "save"))
        self.must(self.browser.submit(form, f"{where}/policies", follow=False), 303)

    def source(self, v):
        return os.path.join(self.home, "content", v.where.replace("/", "-"))

    def add(self, v):
        project, slug = v.where.split("/")
        self.add_environment(project, slug, v.kind)
        path = self.source(v)
        if v.engine == "sqlite":
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with contextlib.closing(sqlite3.connect(path)) as db:
                db.execute("CREATE TABLE page (id INTEGER PRIMARY KEY, name TEXT)")
                db.execute("INSERT INTO page (name) VALUES ('première')")
                db.commit()
            self.add_service(v.where, "data", "sqlite", path=path)
        else:
            os.makedirs(path)
            with open(path + "/ä b.txt", "w") as f:
                f.write(v.where)
            self.add_service(v.where, "data", "files", roots=path)
        if v.gated:
            edit = f"/p/{v.where}/settings"
            form = self.must(self.browser.get(edit)).form(field="hook_freeze")
            self.must(self.browser.submit(form.fill(hook_freeze="hold", hook_thaw="let-go",
                                                          freeze_seconds="600"), edit))
        self.set_rule(v)
        if v.rpo_hours:
            self.policy("rpo-hours", str(v.rpo_hours), f"/p/{v.where}")
        while v.schedule and not (v.uuids and self.spread_enough(v)):
            if v.uuids:
                page = "/s/s%d/remove" % self.sql1("SELECT max(id) FROM schedule")
                self.must(self.browser.submit(self.must(self.browser.get(page)).form("/remove"), page))
            self.schedule(v)

    def spread_enough(self, v):
        """Its minutes are a matter of chance; those that are too near to others are thrown again."""
        minutes = v.spread() / model.MINUTE
        if v.schedule.spread and any(abs(minutes - n) < APART for n in self.spreads):
            return False
        self.spreads += [minutes] if v.schedule.spread else []
        return True

    def set_rule(self, v):
        path, numbers = f"/p/{v.where}/retention", {"keep_last": v.rule.last, "keep_days": v.rule.days,
                                                    "daily": v.rule.daily}
        form = self.must(self.browser.get(path)).form(field="preset")
        form.fill(preset="own", hourly="", weekly="", monthly="", yearly="", min_age="20",
                  **{name: str(n) if n else "" for name, n in numbers.items()})
        form.fields.append(("do", "save"))
        self.must(self.browser.submit(form, path, follow=False), 303)

    def schedule(self, v):
        s, where = v.schedule, f"/p/{v.where}"
        if s.of_project:
            where = f"/p/{v.where.split('/')[0]}/-"
        path = f"{where}/schedule/new"
        form = self.must(self.browser.get(path)).form(field="cron")
        form.fill(name=v.where, zone=s.zone, spread=str(s.spread), mode="consistent" if v.gated else "live", **s.form)
        self.must(self.browser.submit(form, path))
        if s.paused_until:
            number = self.sql1("SELECT max(id) FROM schedule")
            pause = self.must(self.browser.get(f"{where}/schedule")).form(action=f"/s/s{number}/pause")
            self.must(self.browser.submit(pause.fill(until=s.paused_until.isoformat()), f"{where}/schedule"))
        v.uuids = (self.sql1("SELECT uuid FROM schedule ORDER BY id DESC"),
                   self.sql1("SELECT uuid FROM environment ORDER BY id DESC"))

    def add_channel(self):
        form = self.must(self.browser.get("/notifications/new?kind=mail")).form(field="name")
        form.fill(name="Ops", target=OPS, event=EVENTS)
        self.must(self.browser.submit(form, "/notifications/new?kind=mail"))
        path = next(p for p in links_of(self.wait_mails(1)[-1], self.base) if p.startswith("/confirm/"))
        guest = Browser(self.base)
        self.must(guest.submit(self.must(guest.get(path)).form(action=path), path))

    # -- time -------------------------------------------------------------------------------------

    def children(self):
        pid = self.running["worker"].pid
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            return f.read().split()

    def at_rest(self, since):
        """Whatever was due at `since` has been done: asked in one snapshot, and of the processes."""
        if self.running["worker"].poll() is not None:
            raise AssertionError(f"the worker has ended\n{self.tails()}")
        if self.catalog is None:      # asked thousands of times
            self.catalog = sqlite3.connect(f"file:{self.home}/catalog.db?mode=ro", uri=True, timeout=10)
            self.catalog.row_factory = sqlite3.Row
        row = dict(self.catalog.execute(
            "SELECT (SELECT count(*) FROM job WHERE state IN ('queued', 'running')) AS jobs, (SELECT count(*) FROM job"
            " WHERE state = 'running') AS running, (SELECT count(*) FROM schedule_state WHERE next_at > 0 AND"
            " next_at <= ?1) AS due, (SELECT count(*) FROM outbox WHERE state = 'queued') AS mails, (SELECT count(*)"
            " FROM delivery d JOIN channel c ON c.id = d.channel WHERE d.state = 'queued' AND c.confirmed_at > 0 AND"
            " d.next_at <= ?1) AS notices, (SELECT count(*) FROM environment v WHERE pruned_at <= ?1 - 86400000 OR"
            " EXISTS (SELECT 1 FROM backup b WHERE b.environment = v.id AND b.state = 'ready' AND b.finished_at >"
            " v.pruned_at)) AS unpruned, (SELECT count(*) FROM job WHERE (started_at > 0 AND told = 0) OR"
            " (finished_at > 0 AND told < 2)) AS untold, (SELECT count(*) FROM alarm WHERE told = 0 OR (closed_at > 0"
            " AND told < 2)) AS alarms, (SELECT min(looked_at) < ?1 FROM storage) AS unseen,"
            " (SELECT max(seen_at) < ?1 FROM worker) AS unbeaten", (since,)).fetchall()[0])
        self.most_at_once = max(self.most_at_once, row.pop("running"))
        return not any(row.values()) and not self.children()

    def being_read(self, since):
        """The scheduled backups that are still there and were verified meanwhile: (where, slot)."""
        return {(r["place"], datetime.fromtimestamp(r["due_at"] / 1000, UTC)) for r in self.sql(
            "SELECT p.slug || '/' || v.slug AS place, r.due_at FROM job j JOIN backup b ON b.id = j.backup JOIN"
            " schedule_run r ON r.backup = b.id JOIN environment v ON v.id = b.environment JOIN project p ON"
            " p.id = v.project WHERE j.kind = 'verify' AND j.finished_at >= ? AND b.state = 'ready'", ms(since))}

    def tells(self):
        """Something waits to be told, or will be told to be over."""
        return self.sql1("SELECT (SELECT count(*) FROM delivery WHERE state = 'queued') + (SELECT count(*) FROM alarm"
                         " WHERE closed_at = 0)")

    def unread(self, at):
        """Whether a backup is due to be read for the first time."""
        return self.sql1("SELECT EXISTS (SELECT 1 FROM backup WHERE state = 'ready' AND health IN ('unknown', 'good') AND"
                         " verified_at <= finished_at AND finished_at < ?)", ms(at - READ_AFTER))

    def read_all(self, at, until):
        """Until nothing is due to be read, or another moment comes; gives how far that went."""
        while self.unread(at) and at + LOOK + 3 * SETTLE < until:
            at += LOOK
            self.step(at)
        return at

    def step(self, at):
        """The clock stands at `at`, and all that is due then gets done."""
        self.steps += 1
        self.set_clock(at)
        wait_until(f"rest at {at}", lambda: self.at_rest(ms(at)), 60, 0.04)


def later(moment):
    return moment + LATER * (moment - model.BEGIN).days


def walk(s, f):
    """Two weeks, moment by moment; the model goes the same way."""
    source = s.source(next(v for v in f.environments if v.breaks))
    put_off = {begins for v in f.environments for begins, slot, _ in v.due if v in f.late and begins != slot}
    moments = f.moments()
    for moment, after in zip(moments, [*moments[1:], model.END]):
        if moment == model.BROKEN[0]:
            os.rename(source, source + ".away")
        if moment == model.BROKEN[1]:
            os.rename(source + ".away", source)
        if moment == model.STARTED:
            outage(s, f)
        elif moment in put_off:
            caught_up(s, later(moment), 1)
        else:
            s.step(later(moment))
        at = s.read_all(later(moment) + (2 if s.held_at == later(moment) else 0) * SETTLE, later(after))
        if s.tells():
            s.step(at + SETTLE)
        f.at(moment, s.being_read(later(moment)))
    s.step(later(model.END) + 4 * SETTLE)


def outage(s, f):
    """A day without a worker ends; the time of the step before it still counts."""
    s.step(later(model.STOPPED))
    s.stop_one("worker")
    at = later(model.STARTED)
    s.set_clock(at)
    caught_up(s, at, sum(1 for v in f.environments for begins, _, _ in v.due if begins == model.STARTED),
              s.start_worker)
    f.tell_outage()


def caught_up(s, at, count, begin=lambda: None):
    """Those who waited get their backups; all are held until it is known who is late."""
    with open(s.gate, "w"):
        pass
    s.held_at = at
    s.set_clock(at)
    begin()
    wait_until(f"{count} jobs", lambda: s.sql1("SELECT count(*) FROM job WHERE state IN ('queued', 'running') AND"
                                               " kind = 'backup'") == count)
    s.seen.append(look(s))
    s.set_clock(at + SETTLE)
    wait_until("a look around", lambda: s.sql1("SELECT min(looked_at) FROM storage") >= ms(at + SETTLE))
    os.unlink(s.gate)
    s.step(at + 2 * SETTLE)


def look(s):
    """What the pages and the catalogue say while scheduled backups are held: (words, running, queued)."""
    wait_until("a job", lambda: s.sql1("SELECT count(*) FROM job WHERE state = 'running'"))
    browser, _ = s.sign_in()
    count = collections.Counter(r["state"] for r in s.sql("SELECT state FROM job"))
    return s.must(browser.get("/p/bank/york/backups")).words, count["running"], count["queued"]


# -- what is there ------------------------------------------------------------------------------------


def expected_backups(f):
    """(where, slot or None, how it stands) of every backup, and how often."""
    out = collections.Counter()
    for v in f.environments:
        slots = iter(v.slots)
        for b in v.backups:
            slot, missed = (None, 0) if b.by_hand else next(slots)
            state = "deleted" if b.purged else "trashed" if b.trashed else "failed" if b.failed else "ready"
            out[v.where, slot and slot.isoformat(), missed, state] += 1
    return out


def found_backups(s):
    out = collections.Counter()
    for r in s.sql("SELECT p.slug || '/' || v.slug AS place, b.state, r.due_at, coalesce(r.missed, 0) AS missed FROM"
                   " backup b JOIN environment v ON v.id = b.environment JOIN project p ON p.id = v.project LEFT JOIN"
                   " schedule_run r ON r.backup = b.id"):
        slot = r["due_at"] and datetime.fromtimestamp(r["due_at"] / 1000, UTC).isoformat()
        out[r["place"], slot, r["missed"], r["state"]] += 1
    return out


def plain(subject):
    """Without the number of a backup and the reason of a failure."""
    return re.sub(r"(FAILED): .*", r"\1", re.sub(r" b\d+", "", subject))


def found_mails(s):
    return collections.Counter((m["To"], plain(m["Subject"])) for m in s.mails()[1:])


def differences(expected, found):
    """Lines that say what is missing and what is too much."""
    return [f"missing {n} x {what}" for what, n in sorted((expected - found).items(), key=str)] + \
        [f"too much {n} x {what}" for what, n in sorted((found - expected).items(), key=str)]


def files_of(s):
    """What lies in the storage, but for what the instance puts there for itself."""
    store = os.path.join(s.home, "store")
    return {os.path.relpath(os.path.join(d, n), store) for d, _, names in os.walk(store) for n in names
            if n not in ("lazarette.json", "lazarette.pub", "README.txt", "restore-files.sh") and "ballast" not in n
            and not n.endswith(".minisig")}


def keys_of(s, state):
    """The files that backups in this state have, or had."""
    rows = s.sql("SELECT b.sidecar_key, p.data_key, p.manifest_key FROM part p JOIN backup b ON b.id = p.backup WHERE"
                 f" b.state {state}")
    return {key for r in rows for key in r.values() if key}


@contextlib.contextmanager
def place():
    s = Simulated()
    s.began = time.monotonic()
    with s:
        environments = model.environments()
        s.furnish(environments)
        for v in environments:
            if v.by_hand:
                s.backup(v.where)
                v.backups.append(model.Backup(model.BEGIN, by_hand=True))
        s.model = model.Fortnight(environments, model.BEGIN)
        s.ready = time.monotonic()
        walk(s, s.model)
        s.ended = time.monotonic()
        yield s


@test("SET-30 DIV-3 SCU-11", "in two weeks 20 environments get one backup for each slot of their zones; the rules let go"
      " what they say")
def backups(s):
    wrong = differences(expected_backups(s.model), found_backups(s))
    assert not wrong, "\n".join(wrong)
    states = collections.Counter(r["state"] for r in s.sql("SELECT state FROM backup"))
    assert min(states[n] for n in ("ready", "trashed", "deleted", "failed")) > 0, states
    assert s.sql1("SELECT count(*) FROM schedule_run WHERE backup IS NULL OR merged > 0") == 0


@test("SET-30", "the control: a slot or a mail more or less than there is would be seen")
def control(s):
    found, sent = found_backups(s), found_mails(s)
    for some, what in ((found, sorted(found, key=str)), (sent, sorted(sent, key=str))):
        less, more = some.copy(), some.copy()
        del less[what[0]]
        more["bank/york", "never", 0, "ready"] += 1
        assert len(differences(less, some)) == 1 and len(differences(more, some)) == 1


@test("SCU-11 PEER-18", "the files of what was purged are gone, those of what lies in the trash and of the rest are there")
def purged(s):
    there, gone, kept = files_of(s), keys_of(s, "= 'deleted'"), keys_of(s, "IN ('ready', 'trashed')")
    kept |= {r["key"] for r in s.sql("SELECT key FROM part_pack")}
    assert gone - kept and not (gone - kept) & there, (gone - kept) & there
    assert kept == there, kept ^ there
    s.doctor()


@test("T40 SET-6", "a day without a worker brings one catch-up per schedule, at most two at once, and pages show them")
def caught(s):
    words, running, queued = s.seen[0]
    waited = sum(1 for v in s.model.environments for slot, missed in v.slots if missed)
    assert waited and running == 2 and queued >= 5, (waited, running, queued)
    assert s.most_at_once <= 2, s.most_at_once
    assert re.search(r"Scheduled", words) and re.search(r"Running|Creating|Being made", words), words[:1500]
    for v in s.model.environments:
        between = [slot for slot, _ in v.slots if model.STOPPED < slot <= model.STARTED]
        assert len(between) <= 1, (v.where, between)
    late = [v.where for v in s.model.late]
    assert len(late) > 5, late


@test("PEER-8 PEER-9", "each notice was mailed to whom it concerns, once, and no other mail; what opens is told first")
def mails(s):
    wrong = differences(s.model.mails, found_mails(s))
    assert not wrong, "\n".join(wrong)
    balance = collections.Counter()
    for r in s.sql("SELECT subject FROM outbox WHERE recipient = ? ORDER BY id", OPS):
        place, _, title = plain(r["subject"]).rpartition("] ")
        if title.startswith("Recovered: "):
            title = title[len("Recovered: "):]
            about = "Backup FAILED" if title.startswith("backup") else title
            assert balance[place, about] > 0, r
            balance[place, about] = 0
        else:
            balance[place, title.split(":")[0]] += 1
    left = [what for what, n in balance.items() if n and what[0] not in ("", "[Lazarette")]
    assert not left, left


@test("", "what it took is told")
def told(s):
    print(f"# set up in {s.ready - s.began:.0f} s, two weeks in {s.ended - s.ready:.0f} s,"
          f" {s.sql1('SELECT count(*) FROM job')} jobs, {s.sql1('SELECT count(*) FROM backup')} backups,"
          f" {s.steps} steps, {s.model.held} times a backup stayed because it was being read", flush=True)
    assert s.steps > 14 and s.sql1("SELECT count(*) FROM backup") > 100


if __name__ == "__main__":
    main(place)
