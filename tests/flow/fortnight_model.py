"""fortnight_model.py: what an instance owes its twenty environments within two weeks, worked out from its manual.

Nothing here asks the product: when a schedule runs comes from zoneinfo and three sentences of cron(8), which backups
stay from the sentences of the retention page, who is written to from those of the page of notifications.
"""
import collections
import dataclasses
import hashlib
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC = timezone.utc
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
BEGIN = datetime(2030, 3, 22, 0, 20, tzinfo=UTC)         # a Friday; in Europe the clocks change on the 31st
END = datetime(2030, 4, 5, 3, 30, tzinfo=UTC)
STOPPED = datetime(2030, 3, 30, 0, 10, tzinfo=UTC)       # the worker
STARTED = datetime(2030, 3, 30, 21, 40, tzinfo=UTC)
BROKEN = (datetime(2030, 3, 26, 3, 0, tzinfo=UTC), datetime(2030, 3, 28, 3, 0, tzinfo=UTC))
RESUMES = date(2030, 3, 27)
INSTANCE_ZONE = "Europe/Zurich"
TRASH = 7 * DAY
YOUNG = 20 * HOUR              # min_age of every rule: no boundary of it is a multiple of the time between two runs
OWNER, OPS = "owner@example.org", "ops@example.net"


@dataclasses.dataclass
class Schedule:
    """Wall times on the days of `days` (by default all), in a zone; `form` is how it is typed."""
    times: tuple
    zone: str
    form: dict
    days: object = None
    spread: int = 0
    paused_until: date = None
    of_project: bool = False

    def slots(self, since, until):
        """The instant of each run behind `since` and up to `until`."""
        zone, found = ZoneInfo(self.zone), []
        day = since.astimezone(zone).date() - DAY
        while day <= until.astimezone(zone).date() + DAY:
            for hour, minute in self.times:
                if self.days is None or self.days(day):
                    wall = datetime(day.year, day.month, day.day, hour, minute)
                    at = instant(wall, zone)
                    if since < at <= until and (self.paused_until is None or at >= self._resumes(zone)):
                        found.append(at)
            day += DAY
        return sorted(found)

    def _resumes(self, zone):
        return instant(datetime(*self.paused_until.timetuple()[:3]), zone)

    def interval(self, at):
        """From this run to the next."""
        return self.slots(at, at + 40 * DAY)[0] - at


def instant(wall, zone):
    """When a clock on the wall shows this; one that is skipped counts at once behind the change."""
    at = wall.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == wall:
        return at
    before = wall.replace(tzinfo=zone, fold=0).utcoffset()
    at -= 3 * HOUR
    while at.astimezone(zone).utcoffset() == before:
        at += MINUTE
    return at


@dataclasses.dataclass
class Rule:
    """The newest `last`, all of `days` times 24 hours, the newest of each of `daily` days."""
    last: int = 0
    days: int = 0
    daily: int = 0

    def goes(self, taken, now):
        """Which of the backups taken then (newest first) go; failed and on-demand ones are not among them."""
        kept, place, zone = set(), 0, ZoneInfo(INSTANCE_ZONE)
        for n, at in enumerate(taken):
            young = now - at < YOUNG
            if young or now - at < self.days * DAY or n == 0:
                kept.add(at)
            if young and n > 0:
                continue                         # the young ones share one place
            place += 1
            if place <= self.last:
                kept.add(at)
        if self.daily:
            kept |= self._daily(taken, zone)
        return [at for at in taken if at not in kept]

    def _daily(self, taken, zone):
        """The newest of each day that the keeps before have not stood for."""
        by_last, found, days = set(taken[:self.last]), set(), []
        for at in taken:
            day = at.astimezone(zone).date()
            if day in days:
                continue
            days.append(day)
            if at in by_last:
                continue
            if len(found) < self.daily:
                found.add(at)
        return found


@dataclasses.dataclass
class Backup:
    at: datetime
    slot: datetime = None          # when it was due; of one by hand None
    failed: bool = False
    by_hand: bool = False
    trashed: datetime = None
    purged: bool = False


@dataclasses.dataclass
class Environment:
    where: str
    engine: str
    rule: Rule
    schedule: Schedule = None
    gated: bool = False            # it is held by a hook, so that its backups last as long as the test wishes
    breaks: bool = False
    kind: str = "live"
    rpo_hours: int = 0
    by_hand: bool = False          # one is made on the first day, by a person
    uuids: tuple = None            # of the schedule and the environment, once they are there
    due: list = dataclasses.field(default_factory=list)
    backups: list = dataclasses.field(default_factory=list)
    looked: datetime = None
    slots: list = dataclasses.field(default_factory=list)      # (instant with its spread, runs given up before it)

    def spread(self):
        """The minutes every run is later: the same for a schedule and an environment for ever."""
        if not self.schedule or not self.schedule.spread:
            return timedelta()
        digest = hashlib.sha256(b"".join(u.encode() + b"\0" for u in self.uuids)).hexdigest()
        return int(digest[:15], 16) % (self.schedule.spread + 1) * MINUTE


def daily(time, zone="UTC", **more):
    hour, minute = (int(n) for n in time.split(":"))
    return Schedule(((hour, minute),), zone, {"every": "day", "time": time}, **more)


def cron(text, times, zone="UTC", **more):
    return Schedule(times, zone, {"every": "cron", "cron": text}, **more)


def environments():
    """The twenty. Many of their runs fall together in UTC: more than two at once are always due."""
    six = ((0, 0), (6, 0), (12, 0), (18, 0))
    weekly = Schedule(((14, 0),), "Europe/Zurich", {"every": "week", "time": "14:00", "weekday": "0"},
                      days=lambda d: d.isoweekday() == 7)
    return [
        Environment("bank/york", "sqlite", Rule(last=3), daily("02:00", "America/New_York"), gated=True),
        Environment("bank/albany", "files", Rule(daily=5), daily("02:00", "America/New_York"), gated=True),
        Environment("bank/midnight", "sqlite", Rule(last=3), daily("00:00")),
        Environment("bank/greenwich", "files", Rule(days=4), daily("00:00")),
        Environment("bank/zurich", "sqlite", Rule(daily=7), daily("02:30", "Europe/Zurich")),
        Environment("press/berne", "files", Rule(last=2, daily=3), daily("02:30", "Europe/Zurich")),
        Environment("press/pune", "sqlite", Rule(last=5), daily("05:30", "Asia/Kolkata")),
        Environment("press/patan", "files", Rule(daily=4), daily("23:45", "Asia/Kathmandu")),
        Environment("press/otago", "sqlite", Rule(days=3), daily("07:00", "Pacific/Auckland")),
        Environment("press/often", "sqlite", Rule(last=4), cron("0 */6 * * *", six)),
        Environment("shop/often", "files", Rule(daily=3), cron("0 0,6,12,18 * * *", six)),
        Environment("shop/sundays", "sqlite", Rule(last=2), weekly),
        Environment("shop/weekdays", "files", Rule(last=3),
                    cron("0 12 * * 1-5", ((12, 0),), days=lambda d: d.isoweekday() <= 5)),
        Environment("shop/monthly", "sqlite", Rule(last=3), cron("0 12 1 * *", ((12, 0),), days=lambda d: d.day == 1)),
        Environment("shop/spread", "files", Rule(last=3), daily("04:00", spread=30), gated=True),
        Environment("wiki/wide", "sqlite", Rule(daily=4), daily("04:00", spread=60), gated=True),
        Environment("wiki/paused", "files", Rule(last=3), daily("12:00", paused_until=RESUMES), rpo_hours=60,
                    by_hand=True),
        Environment("wiki/broken", "sqlite", Rule(last=3), daily("06:00"), breaks=True),
        Environment("wiki/nobody", "files", Rule(last=3), kind="staging", by_hand=True),
        Environment("wiki/heir", "sqlite", Rule(last=4), cron("0 18 * * *", ((18, 0),), of_project=True)),
    ]


class Fortnight:
    """The two weeks moment by moment; the test walks the product through the same moments."""

    def __init__(self, all_environments, since):
        self.environments, self.since = all_environments, since
        self.mails = collections.Counter()
        self.late, self.at_risk, self.held = [], [], 0
        for v in self.environments:
            v.slots, v.due = [], self.runs_of(v)

    def runs_of(self, v):
        """(when it begins, its slot with the spread, how many were given up before it)."""
        if v.schedule is None:
            return []
        runs, missed = [], []
        for at in v.schedule.slots(self.since, END):
            due = at + v.spread()
            if STOPPED < due <= STARTED:
                missed.append(due)
            else:
                runs.append((due, due, 0))
        if missed:
            runs.append((STARTED + v.spread(), missed[-1], len(missed) - 1))
            if STARTED + v.spread() - missed[-1] > grace(v, missed[-1]):
                self.late.append(v)
        return sorted(runs)

    def digests(self):
        zone = ZoneInfo(INSTANCE_ZONE)
        mondays = [date(2030, 3, 25), date(2030, 4, 1)]
        return [instant(datetime(d.year, d.month, d.day, 8, 0), zone) for d in mondays]

    def moments(self):
        """Every instant at which something is due, but for those at which nobody works."""
        found = {begins for v in self.environments for begins, _, _ in v.due} | set(self.digests())
        found |= {BROKEN[0], BROKEN[1], END}
        for v in self.environments:
            if v.rpo_hours:
                found.add(self.since + v.rpo_hours * HOUR + 30 * MINUTE)
        return sorted(t for t in found if not STOPPED < t < STARTED)

    def at(self, now, being_read=()):
        """What comes of one moment. One that is being read just then, (where, slot), stays until the next look."""
        for v in self.environments:
            while v.due and v.due[0][0] <= now:
                _, slot, missed = v.due.pop(0)
                v.slots.append((slot, missed))
                self.backup(v, now, slot)
            self.look(v, now, {slot for where, slot in being_read if where == v.where})
            for b in v.backups:
                b.purged = b.purged or (b.trashed is not None and now - b.trashed > TRASH)
        self.tell_risks(now)
        if now in self.digests():
            self.tell_digest(now)

    def backup(self, v, now, slot):
        failed = v.breaks and BROKEN[0] <= now < BROKEN[1]
        recovers = bool(v.backups) and v.backups[-1].failed and not failed
        v.backups.append(Backup(now, slot, failed))
        v.looked = v.looked if failed else None
        if failed:
            self.mails[OWNER, f"[{v.where}] Backup FAILED"] += 1
            self.mails[OPS, f"[{v.where}] Backup FAILED"] += 1
        elif recovers:
            self.mails[OPS, f"[{v.where}] Recovered: backup is ready"] += 1

    def look(self, v, now, being_read):
        """The rule is asked behind each good backup, and once a day."""
        if v.looked is not None and now - v.looked < DAY:
            return
        v.looked = now
        good = sorted((b.at for b in v.backups if not b.failed and not b.by_hand and not b.trashed), reverse=True)
        gone = v.rule.goes(good, now)
        for b in v.backups:
            if b.at in gone and not b.by_hand and b.slot in being_read:
                self.held += 1
            elif b.at in gone and not b.by_hand:
                b.trashed = now

    def tell_risks(self, now):
        for v in self.environments:
            if not v.rpo_hours:
                continue
            newest = max((b.at for b in v.backups if not b.failed), default=None)
            risk = newest is not None and now - newest > v.rpo_hours * HOUR
            if risk and v not in self.at_risk:
                self.at_risk.append(v)
                self.mails[OPS, f"[{v.where}] At risk: no good backup that is new enough"] += 1
            elif not risk and v in self.at_risk:
                self.at_risk.remove(v)
                self.mails[OPS, f"[{v.where}] Recovered: At risk"] += 1

    def tell_outage(self):
        """The worker goes on: that it was away, and who waited for longer than is allowed."""
        self.mails[OPS, "Worker silent"] += 1
        self.mails[OPS, "Recovered: Worker silent"] += 1
        for v in self.late:
            self.mails[OPS, f"[{v.where}] Backup late"] += 1
            self.mails[OPS, f"[{v.where}] Recovered: Backup late"] += 1

    def tell_digest(self, now):
        need = sum(self.needs(v, now) for v in self.environments)
        self.mails[OPS, f"Weekly digest: {need} of {len(self.environments)} environments need attention"] += 1

    def needs(self, v, now):
        """Nobody schedules it, or it has no good backup, or the last one failed."""
        good = [b.at for b in v.backups if not b.failed]
        return v.schedule is None or not good or v.backups[-1].failed or v in self.at_risk


def grace(v, slot):
    """How long a run may wait: a quarter of the time to the next, from 30 minutes to 6 hours."""
    return min(max(v.schedule.interval(slot - v.spread()) / 4, 30 * MINUTE), 6 * HOUR)
