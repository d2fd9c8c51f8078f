#!/usr/bin/python3
"""T62: the job that lets new keys open what was stored before is killed at any step: each object opens, nothing is half there."""
import glob
import os
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import ROOT, VARIANT, Home, main, make_sqlite, test, wait_until  # noqa: E402

ALL = bool(os.environ.get("ALL"))
BACKUPS = 40 if ALL else 4
WHERE = "shop/live"
CONF = 'lease = "400ms"\npoll = "10ms"\n'
STEPS = ("rewrap.written", "rewrap.before_commit", "publish.before_rename", "publish.after_rename", "rewrap.committed")


class Rewrapped(Home):
    """Backups of an old key; a new one has taken its place, and both are there."""

    def __init__(self):
        super().__init__(CONF, keys=True)

    def __enter__(self):
        super().__enter__()
        os.makedirs(self.home + "/data/media")
        make_sqlite(self.home + "/data/app.db", 50)
        self.service(WHERE, "media", "files", roots=self.home + "/data/media", excludes="")
        self.service(WHERE, "database", "sqlite", path=self.home + "/data/app.db")
        worker = self.start_worker()
        for i in range(BACKUPS):
            with open(f"{self.home}/data/media/f{i}", "wb") as f:
                f.write(os.urandom(3000))
            self.request(WHERE)
            self.wait_all()
        self.kill(worker, signal.SIGTERM)
        self.old, = glob.glob(self.home + "/keys/*.identity")
        self.lazarette("keys", "rotate")
        self.new, = set(glob.glob(self.home + "/keys/*.identity")) - {self.old}
        self.kill_queued()
        self.first = {key: self.read(path) for key, path in self.objects().items()}
        self.aged = sorted(key for key in self.first if key.endswith(".age"))
        self.plain = {key: self.age(self.old, self.first[key]) for key in self.aged}
        assert None not in self.plain.values() and len(self.aged) == 3 * BACKUPS, self.aged
        return self

    @staticmethod
    def read(path):
        with open(path, "rb") as f:
            return f.read()

    @staticmethod
    def age(identity, data):
        """By Debian's age; None: it does not open."""
        done = subprocess.run(["age", "-d", "-i", identity], input=data, capture_output=True)
        return done.stdout if done.returncode == 0 else None

    def lazarette(self, *words):
        return subprocess.run([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", *words], env=self.environment(),
                              capture_output=True, text=True, check=True, cwd="/").stdout

    def kill_queued(self):
        """What the change of the key has asked for is not what is looked at."""
        for job in self.sql("SELECT id FROM job WHERE state = 'queued'"):
            self.tool("cancel", job["id"])

    def ask(self):
        return int(self.lazarette("keys", "rewrap").split()[0][1:])

    def faults(self):
        """What is wrong at this moment, whatever is at work: one sentence each."""
        there = {key: self.read(path) for key, path in self.objects().items() if not key.endswith(".tmp")}
        out = [f"{key} has changed" for key, data in self.first.items() if there.get(key) != data]
        for key in sorted(set(there) - set(self.first)):
            of = key.removesuffix(".header")
            if of == key or of not in self.plain:
                out.append(f"{key} is of nothing")
                continue
            body = self.first[of]
            end = body.index(b"\n", body.index(b"\n--- ") + 1) + 1
            if self.age(self.new, there[key] + body[end:]) != self.plain[of]:
                out.append(f"{key} does not open its object")
        return out

    def ended(self):
        """The next worker ends it; what is wrong then."""
        worker = self.start_worker()
        self.wait_all()
        self.kill(worker, signal.SIGTERM)
        there, out = set(self.objects()), self.faults()
        out += [f"{key}.header is missing" for key in self.aged if key + ".header" not in there]
        out += [f"{key} was left" for key in there if key.endswith(".tmp")]
        return out + [f"j{j['id']}: {j['error']}" for j in self.sql("SELECT * FROM job WHERE kind = 'rewrap' AND state = 'failed'")]

    def again(self):
        for key, path in self.objects().items():
            if key.endswith(".header"):
                os.unlink(path)

    def killed_at(self, point):
        """The worker and the job die when it has reached this point; whether it did."""
        worker = self.start_worker({"LAZARETTE_FAULT": point})
        pid = self.stopped(worker)
        self.kill(worker)
        if pid:
            os.kill(pid, signal.SIGKILL)
        assert not self.left_over(2)
        return pid is not None


@test("T62 PEER-16", "killed at each step at the first, a middle and the last object: all open by the old key or the new, nothing is half there, "
      "the next run ends it")
def each():
    with Rewrapped() as h:
        began, kills, faults = time.monotonic(), 0, []
        count = len(h.aged)
        numbers = range(1, count + 1, 5) if ALL else (1, count // 2, count)
        for point in [f"{step}:stop:{n}" for step in STEPS for n in numbers] + ["job.begin:stop:1"]:
            h.ask()
            assert h.killed_at(point), f"{point} was not reached"
            kills += 1
            faults += [f"{point}: {f}" for f in h.faults() + h.ended()]
            h.again()
        print(f"# {kills} kills over {count} objects, {len(faults)} faults, {time.monotonic() - began:.1f} s")
        assert not faults, "\n".join(faults[:20])
        h.ask()
        assert not h.ended()
        assert "0 errors, 0 strangers" in h.lazarette("doctor")


@test("T62", "one that is cancelled while it writes leaves nothing half there, and what it had done stays")
def cancelled():
    with Rewrapped() as h:
        job = h.ask()
        worker = h.start_worker({"LAZARETTE_FAULT": "rewrap.written:sleep:3"})
        wait_until("the third to be written", lambda: any(key.endswith(".tmp") for key in h.objects())
                   and sum(key.endswith(".header") for key in h.objects()) == 2)
        h.tool("cancel", job)
        assert h.wait_job(job)["state"] == "cancelled"
        wait_until("the unfinished one to go", lambda: not any(key.endswith(".tmp") for key in h.objects()))
        assert not h.faults() and sum(key.endswith(".header") for key in h.objects()) == 2
        h.kill(worker, signal.SIGTERM)
        h.ask()
        assert not h.ended()


@test("T62", "control: a header that is cut off, and one of another object, are found by the test")
def control():
    with Rewrapped() as h:
        h.ask()
        assert not h.ended()
        paths = [path for key, path in sorted(h.objects().items()) if key.endswith(".header")]
        texts = [h.read(path) for path in paths]
        for text in (texts[0][:-20], texts[1], b""):
            with open(paths[0], "wb") as f:
                f.write(text)
            found = h.faults()
            assert len(found) == 1 and "does not open its object" in found[0], found


if __name__ == "__main__":
    main()
