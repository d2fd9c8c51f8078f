"""cron_oracle.py: when schedules run from 2024 to 2030, by zoneinfo and the sentences of cron(8): nothing of ours is asked.

  /usr/bin/python3 tests/unit/cron_oracle.py RULE ZONE EXPRESSION…

prints for each expression how many runs there are and then their minutes since 1970, to the first one of 2031 or later.
RULE is `right`, or a mistake that the test must find: `late` runs a skipped time when it would have been by the clock
before the change, `second` runs a repeated one the second time, `once` runs what follows the clock once in an hour that
is repeated.
"""
import calendar
import sys
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

UTC, MINUTE, DAY = timezone.utc, timedelta(minutes=1), timedelta(days=1)
BEGIN, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2031, 1, 1, tzinfo=UTC)
NAMES = {name: n for names in ("jan feb mar apr may jun jul aug sep oct nov dec".split(),)
         for n, name in enumerate(names, 1)} | {name: n for n, name in enumerate("sun mon tue wed thu fri sat".split())}


def values(field, low, high):
    """The numbers of a field, those with an L behind them apart."""
    plain, last = set(), set()
    for item in field.lower().split(","):
        if item.endswith("l"):
            last.add(int(item[:-1] or 0))
            continue
        span, _, step = item.partition("/")
        if span == "*":
            first, to = low, high
        else:
            first, _, to = (NAMES.get(x, x) for x in span.partition("-"))
            first, to = int(first), int(to or first)
        plain.update(range(first, to + 1, int(step or 1)))
    return plain, last


class Expression:
    def __init__(self, text):
        minute, hour, day, month, weekday = text.split()
        self.times = [(h, m) for h in sorted(values(hour, 0, 23)[0]) for m in sorted(values(minute, 0, 59)[0])]
        self.days, last_day = values(day, 1, 31)
        self.last_day = bool(last_day)
        self.months = values(month, 1, 12)[0]
        self.weekdays, self.last_weekdays = ({n % 7 for n in numbers} for numbers in values(weekday, 0, 7))
        self.either = not day.startswith("*") and not weekday.startswith("*")
        self.fixed = not minute.startswith("*") and not hour.startswith("*")

    def on(self, day):
        if day.month not in self.months:
            return False
        length, weekday = calendar.monthrange(day.year, day.month)[1], day.isoweekday() % 7
        by_day = day.day in self.days or (self.last_day and day.day == length)
        by_weekday = weekday in self.weekdays or (weekday in self.last_weekdays and day.day + 7 > length)
        return by_day or by_weekday if self.either else by_day and by_weekday


def shown(wall, zone):
    """The instants at which a clock on the wall shows this: none, one or two."""
    found = (wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return sorted({at for at in found if at.astimezone(zone).replace(tzinfo=None) == wall})


def behind_the_change(wall, zone):
    """The first instant whose clock shows more than a time that is skipped."""
    at = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)      # by the offset behind the change: it is before it
    while at.astimezone(zone).replace(tzinfo=None) < wall:
        at += MINUTE
    return at


def runs_at(expression, wall, zone, rule):
    instants = shown(wall, zone)
    if not expression.fixed:
        return instants[:1] if rule == "once" else instants
    if instants:
        return instants[-1:] if rule == "second" else instants[:1]
    return [wall.replace(tzinfo=zone).astimezone(UTC) if rule == "late" else behind_the_change(wall, zone)]


class Days:
    """The days of a zone: on all but a few a time of day is so many minutes behind midnight."""

    def __init__(self, zone):
        self.zone, self.known = zone, {}

    def begin(self, day):
        """The minute at which a day begins whose neighbours have the same offset at noon; None for another."""
        if day not in self.known:
            offsets = {datetime(d.year, d.month, d.day, 12, tzinfo=self.zone).utcoffset()
                       for d in (day - DAY, day, day + DAY)}
            midnight = datetime(day.year, day.month, day.day, tzinfo=self.zone)
            self.known[day] = minute_of(midnight) if len(offsets) == 1 else None
        return self.known[day]


def minute_of(at):
    return int(at.timestamp()) // 60


def runs_on(expression, day, days, rule):
    begin = days.begin(day)
    if begin is not None:
        return [begin + h * 60 + m for h, m in expression.times]
    walls = [datetime(day.year, day.month, day.day, h, m) for h, m in expression.times]
    return [minute_of(at) for wall in walls for at in runs_at(expression, wall, days.zone, rule)]


def runs(expression, days, rule):
    """Up to the first behind the end, in order; the first days are looked at for what they have behind midnight UTC."""
    begin, end, day = minute_of(BEGIN), minute_of(END), date(2023, 12, 29)
    found, behind = set(), 0
    while behind < 3:                  # two more than needed: a change may bring a later day's run before them
        if expression.on(day):
            minutes = runs_on(expression, day, days, rule)
            found.update(minutes)
            behind += bool(minutes) and max(minutes) >= end
        day += DAY
    ordered = sorted(at for at in found if at >= begin)
    return ordered[:sum(at < end for at in ordered) + 1]


def main(rule, name, *texts):
    days = Days(ZoneInfo(name))
    for text in texts:
        found = runs(Expression(text), days, rule)
        sys.stdout.write(" ".join(map(str, [len(found), *found])) + "\n")


main(*sys.argv[1:])
