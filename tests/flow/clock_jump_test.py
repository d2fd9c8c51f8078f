#!/usr/bin/python3
"""clock_jump_test.py: the clocks of a living worker move by an hour and by a day, there and back, while a job runs (T39).

All programs follow a file, as if the machine's clock had been set (lib/base/clock.h). The job is of a
schedule whose time comes again with each way back; one backup lies in the trash for its last day, and one stays only
because it is young.
"""
import contextlib
import os
import struct
import sys
import time
from datetime import datetime, timedelta, timezone

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Instance, main, test, wait_until  # noqa: E402

LIVE = "shop/live"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
JUMPS = (HOUR, -HOUR, DAY, -DAY)
# A turn of the worker takes a tenth of a second.
TURNS_S = 0.6
HOLD = "#!/bin/sh\necho run >>'{d}/held'\nwhile [ -e '{d}/gate' ]; do sleep 0.05; done\n"


def ms(at):
    return round(at.timestamp() * 1000)


class Jumping(Instance):
    """shop/live with a run at `due`, for which its clock is a little too early."""

    def __init__(self):
        super().__init__(conf='poll = "100ms"\n')
        self.clock = self.home + "/clock"
        self.env["LAZARETTE_CLOCK_SKEW"] = self.clock
        noon = datetime.now(timezone.utc).replace(hour=12, minute=0, second=0, microsecond=0)
        self.due, self.slept = noon + 10 * DAY, 0
        self.set_clock(self.due - timedelta(minutes=5))

    def set_clock(self, at):
        """From now on it is `at`, and time goes on from there; what measures durations does not notice."""
        self.write_clock(self.slept, ms(at) - round(time.time() * 1000) - self.slept)

    def sleep_until(self, at):
        """All that time passes."""
        self.slept += ms(at) - round(time.time() * 1000) - self.skew()
        self.write_clock(self.slept, self.was_set)

    def write_clock(self, slept, was_set):
        self.slept, self.was_set = slept, was_set
        fd = os.open(self.clock, os.O_RDWR | os.O_CREAT, 0o644)
        os.pwrite(fd, struct.pack("qq", slept, was_set), 0)
        os.close(fd)

    def jump(self, by):
        """The wall clock of all programs is `by` later than it was."""
        self.set_clock(datetime.fromtimestamp(time.time() + self.skew() / 1000, timezone.utc) + by)
        time.sleep(TURNS_S)

    def furnish(self):
        os.makedirs(self.home + "/hooks")
        os.makedirs(self.home + "/media")
        for name, text in (("hold", HOLD.format(d=self.home)), ("let-go", "#!/bin/sh\n")):
            with open(f"{self.home}/hooks/{name}", "w") as f:
                f.write(text)
            os.chmod(f.name, 0o755)
        with open(self.home + "/media/a.txt", "w") as f:
            f.write("a picture\n")
        self.add_project("shop")
        self.add_environment("shop", "live")
        self.add_service(LIVE, "media", "files", roots=self.home + "/media")
        self.trashed, self.young = (self.backup(LIVE)["id"] for _ in range(2))
        page = f"/b/b{self.trashed}/delete"
        self.must(self.browser.submit(self.must(self.browser.get(page)).form("/delete"), page))
        self.rules()
        path = f"/p/{LIVE}/settings"
        form = self.must(self.browser.get(path)).form(field="hook_freeze")
        self.must(self.browser.submit(form.fill(hook_freeze="hold", hook_thaw="let-go", freeze_seconds="600"), path))
        path = f"/p/{LIVE}/schedule/new"
        form = self.must(self.browser.get(path)).form(field="cron")
        self.must(self.browser.submit(form.fill(name="Once", every="cron", cron=self.due.strftime("0 12 %-d %-m *"),
                                                zone="UTC", spread="0", mode="consistent"), path))

    def rules(self):
        """Only the newest stays, and who is younger than 20 hours; a day in the trash."""
        path = f"/p/{LIVE}/retention"
        form = self.must(self.browser.get(path)).form(field="preset")
        form.fill(preset="own", keep_last="1", keep_days="", hourly="", daily="", weekly="", monthly="", yearly="",
                  demand="together", min_age="20").fields.append(("do", "save"))
        self.must(self.browser.submit(form, path, follow=False), 303)
        path = f"/p/{LIVE}/policies"
        page = self.must(self.browser.get(path))
        form = next(f for f in page.page.forms if f.value("policy") == "trash-days").fill(value="1")
        form.fields.append(("do", "look"))
        page = self.must(self.browser.submit(form, path))
        form = next(f for f in page.page.forms if f.value("policy") == "trash-days").fill(typed="1")
        form.fields.append(("do", "save"))
        self.must(self.browser.submit(form, path, follow=False), 303)

    def states(self):
        return {r["id"]: r["state"] for r in self.sql("SELECT id, state FROM backup")}

    def files(self):
        return {name for _, _, names in os.walk(self.home + "/store") for name in names if "ballast" not in name}

    def looked_around(self, at):
        """A round of the housekeeping that began at this time or later is over, and only the job that is held runs."""
        pid = self.running["worker"].pid
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            alone = len(f.read().split()) <= 1
        judged = self.sql1("SELECT value FROM setting WHERE name = 'retention_clock'").split()[0]
        return alone and self.sql1("SELECT min(looked_at) FROM storage") >= ms(at) and int(judged) >= ms(at)

    def held(self):
        """How often the application was held: once for each time that the job was begun."""
        with contextlib.suppress(FileNotFoundError), open(self.home + "/held") as f:
            return len(f.readlines())
        return 0


@contextlib.contextmanager
def place():
    with Jumping() as s:
        s.furnish()
        yield s


@test("T39 SET-30", "a clock that goes an hour or a day forward or back while a job runs: one run, one backup, nothing goes")
def jumps(s):
    before, files = s.states(), s.files()
    with open(s.home + "/gate", "w"):
        pass
    s.set_clock(s.due)
    wait_until("the job", s.held)
    job = s.sql("SELECT id, backup FROM job WHERE state = 'running' AND kind = 'backup'")
    assert len(job) == 1, job
    for by in JUMPS:
        s.jump(by)
        if by > timedelta(0):
            wait_until(f"a look around at {by}", lambda by=by: s.looked_around(s.due + by))
        s.jump(-by)
        row = s.sql("SELECT state, fence, losses, deaths, error FROM job WHERE id = ?", job[0]["id"])[0]
        assert row == {"state": "running", "fence": 1, "losses": 0, "deaths": 0, "error": None}, (by, row)
        there = s.states()
        assert there.pop(job[0]["backup"]) == "building" and there == before and files <= s.files(), (by, there)
    os.unlink(s.home + "/gate")
    s.wait_job(job[0]["id"], "succeeded")
    time.sleep(TURNS_S)
    assert s.held() == 1, f"it was begun {s.held()} times"
    assert s.sql("SELECT backup, merged FROM schedule_run") == [{"backup": job[0]["backup"], "merged": 0}]
    assert s.states() == {**before, job[0]["backup"]: "ready"} and files <= s.files(), s.states()
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'backup'") == 3
    s.doctor()


@test("T39", "the control: the same time without a jump of a day takes both, and the new one stays")
def control(s):
    # After a jump all rests until that day is over, too.
    for hours in (20, 40, 60):
        s.sleep_until(s.due + hours * HOUR)
        wait_until("a look around", lambda h=hours: s.looked_around(s.due + h * HOUR))
    wait_until("the two to go", lambda: (s.states()[s.trashed], s.states()[s.young]) == ("deleted", "trashed"))
    assert s.states()[max(s.states())] == "ready"
    s.doctor()


if __name__ == "__main__":
    main(place)
