"""worker_home.py: workers and a catalogue without a web part, and what must hold between catalogue and storage."""
import contextlib
import ctypes
import glob
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from harness import ENDED, ROOT, SLOW, VARIANT, Budget, Skip, main, processes_of, test, wait_until  # noqa: E402,F401


OWN = ("lazarette.json", "lazarette.pub", "README.txt", "restore-files.sh")       # of a storage itself
TORN = re.compile(rf"\.({'|'.join(map(re.escape, OWN))})\.\d+\.tmp")


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Home:
    """An instance folder of its own; leaving the context kills what still runs and removes it."""

    def __init__(self, conf="", env=None, path=None, keys=False):
        self.keys = keys             # encrypted and signed
        self.given = path is not None
        self.home = path or tempfile.mkdtemp(prefix="lzw-", dir="/tmp")
        self.env = dict(env or {})
        self.workers, self.sessions = [], set()
        self.log = os.path.join(self.home, "worker.log") if not self.given else tempfile.mktemp(prefix="lzw-log-")
        with open(os.path.join(self.home, "lazarette.conf"), "w") as f:
            f.write(f'templates = "{ROOT}/templates"\nthreads = 1\n' + conf)

    def __enter__(self):
        self.tool("init")
        if self.keys:
            subprocess.run([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "keys"], env=self.environment(),
                           stdout=subprocess.DEVNULL, check=True)
            with contextlib.closing(sqlite3.connect(os.path.join(self.home, "catalog.db"))) as c:
                c.execute("UPDATE storage SET encrypted = 1")
                c.commit()
        return self

    def __exit__(self, *_):
        for w in self.workers:
            with contextlib.suppress(OSError):
                os.kill(w.pid, signal.SIGCONT)
                os.kill(w.pid, signal.SIGKILL)
            w.wait()
        # A job that stands still at its fault point outlives its worker's death for good: nobody waits for it.
        for pid in self.left_over(0.1):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.left_over(5)
        if self.given:
            os.unlink(self.log)
        elif not os.environ.get("KEEP"):
            shutil.rmtree(self.home, ignore_errors=True)

    # -- programs ---------------------------------------------------------------------------------

    def environment(self, extra=None):
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "LAZARETTE_HOME": self.home}
        env.update({n: os.environ[n] for n in ("GCOV_PREFIX", "LAZARETTE_TEST_RUN") if n in os.environ})
        env.update(self.env)
        env.update(extra or {})
        return env

    def tool(self, *args, check=True):
        """Run tests/fake/instance; gives its lines as lists of words."""
        done = subprocess.run([os.path.join(ROOT, "build", VARIANT, "fake", "instance"), *map(str, args)],
                              env=self.environment(), capture_output=True, text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"instance {args} ended with {done.returncode}: {done.stderr}")
        return [line.split() for line in done.stdout.splitlines()]

    def service(self, where, slug, engine, **settings):
        self.tool("service", where, slug, engine, json.dumps(settings))

    def request(self, where, count=1, *slugs):
        """Queue backups; gives (backup, job) pairs."""
        return [(int(b), int(j)) for b, j in self.tool("backup", where, count, *slugs)]

    def start_worker(self, env=None, around=()):
        """`around`: a program and its arguments that start the worker as their own child."""
        with open(self.log, "ab") as log:
            w = subprocess.Popen([*around, os.path.join(ROOT, "build", VARIANT, "lazarette-worker")],
                                 env=self.environment(env), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 cwd="/", start_new_session=True, preexec_fn=die_with_parent)
        self.workers.append(w)
        self.sessions.add(w.pid)
        return w

    def kill(self, worker, sig=signal.SIGKILL):
        worker.send_signal(sig)
        worker.wait(30 * SLOW)
        self.workers.remove(worker)
        return worker.returncode

    def left_over(self, seconds, tools_only=False):
        """Processes of this instance that still live after so long; tools do not know LAZARETTE_HOME."""
        end = time.monotonic() + seconds * SLOW
        home, sessions = ("/nowhere", self.sessions - {w.pid for w in self.workers}) if tools_only else (
            self.home, self.sessions)
        while (left := processes_of(home, sessions)) and time.monotonic() < end:
            time.sleep(0.02)
        return left

    def children(self, worker):
        """The pids of the job processes of a worker, by job number."""
        found = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            with contextlib.suppress(OSError, IndexError, ValueError):
                with open(path) as f:
                    text = f.read()
                if int(text.rsplit(")", 1)[1].split()[1]) != worker.pid:
                    continue
                with open(path.replace("stat", "cmdline")) as f:
                    argv = f.read().split("\0")
                if "--job" in argv:
                    found[int(argv[argv.index("--job") + 1])] = int(path.split("/")[2])
        return found

    def stopped(self, worker):
        """The job process that stands still at its fault point; None when all ended without reaching it."""
        def look():
            for pid in self.children(worker).values():
                with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as f:
                    if f.read().rsplit(")", 1)[1].split()[0] == "T":
                        return pid
            return -1 if self.unfinished() == 0 else None
        pid = wait_until("a job to stand still", look, pause=0.005)
        return None if pid < 0 else pid

    def log_text(self):
        with open(self.log, errors="replace") as f:
            return f.read()

    # -- the catalogue ----------------------------------------------------------------------------

    def sql(self, query, *values):
        c = sqlite3.connect(f"file:{self.home}/catalog.db?mode=ro", uri=True, timeout=10)
        try:
            c.row_factory = sqlite3.Row
            return [dict(r) for r in c.execute(query, values)]
        finally:
            c.close()

    def sql1(self, query, *values):
        rows = self.sql(query, *values)
        return next(iter(rows[0].values())) if rows else None

    def writable(self):
        """Nobody stands still inside a transaction."""
        c = sqlite3.connect(os.path.join(self.home, "catalog.db"), timeout=0.1, isolation_level=None)
        try:
            c.execute("BEGIN IMMEDIATE")
            c.execute("ROLLBACK")
            return True
        except sqlite3.OperationalError:
            return False
        finally:
            c.close()

    def job(self, number):
        return self.sql("SELECT * FROM job WHERE id = ?", number)[0]

    def unfinished(self):
        return self.sql1("SELECT count(*) FROM job WHERE state NOT IN ('succeeded', 'failed', 'cancelled')")

    def wait_all(self, timeout=120):
        wait_until("all jobs to end", lambda: self.unfinished() == 0, timeout)

    def wait_job(self, number, timeout=60):
        return wait_until(f"job j{number} to end",
                          lambda: (row := self.job(number))["state"] in ENDED and row, timeout)

    # -- what must hold ---------------------------------------------------------------------------

    def objects(self):
        """Every file in the storage by key, but for its own ones."""
        store, found = os.path.join(self.home, "store"), {}
        for folder, _, names in os.walk(store):
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, store)] = path
        for own in OWN:
            found.pop(own, None)
        return found

    def torn_that_stay(self, *folders):
        """A torn README.txt and its like are of nobody and go after a day: those that would not. All are removed."""
        torn = [e.path for folder in folders for e in os.scandir(folder) if TORN.fullmatch(e.name)]
        for path in torn:
            os.utime(path, (time.time() - 2 * 86400,) * 2)
        if torn:
            subprocess.run([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "gc"], env=self.environment(),
                           stdout=subprocess.DEVNULL, check=True)
        return [path for path in torn if os.path.exists(path)]

    def faults(self):
        """What is wrong between catalogue and storage once nothing runs: one sentence each."""
        out, objects, known = [], self.objects(), set()
        for b in self.sql("SELECT * FROM backup WHERE state = 'ready'"):
            known.add(b["sidecar_key"])
            out += self.fault_of(objects, b["sidecar_key"], b["sidecar_sha256"], None)
            out += self.signatures_of(objects, b, known)
            for p in self.sql("SELECT * FROM part WHERE backup = ?", b["id"]):
                if p["state"] != "ready":
                    out.append(f"b{b['id']} is ready, its part {p['service_slug']} is {p['state']}")
                for what in ("data", "manifest"):
                    if p[f"{what}_key"]:
                        known.add(p[f"{what}_key"])
                        out += self.fault_of(objects, p[f"{what}_key"], p[f"{what}_stored_sha256"],
                                             p[f"{what}_stored_bytes"])
                for k in self.sql("SELECT * FROM part_pack WHERE part = ?", p["id"]):
                    known.add(k["key"])
                    out += self.fault_of(objects, k["key"], k["stored_sha256"], k["stored_bytes"])
        known.update([key + ".header" for key in known if key.endswith(".age")])
        out += [f"{key} belongs to no ready backup" for key in sorted(set(objects) - known)]
        out += [f"{path} was left" for path in glob.glob(os.path.join(self.home, "run", "job-*"))]
        out += [f"j{j['id']} succeeded, b{j['backup']} is {j['state']}" for j in self.sql(
            "SELECT job.id, backup, backup.state FROM job JOIN backup ON backup.id = job.backup "
            "WHERE job.kind = 'backup' AND job.state = 'succeeded' AND backup.state <> 'ready'")]
        done = re.findall(r'event=job\.done [^\n]*msg="j(\d+) fence (\d+)', self.log_text())
        last = {j["id"]: j["fence"] for j in self.sql("SELECT id, fence FROM job")}
        out += [f"j{j} ended well twice" for j in {j for j, _ in done} if [d[0] for d in done].count(j) > 1]
        out += [f"j{j} was ended under fence {f}, its last is {last[int(j)]}" for j, f in done if last[int(j)] != int(f)]
        if self.sql1("PRAGMA integrity_check") != "ok":
            out.append("the catalogue is damaged")
        return out

    def signatures_of(self, objects, b, known):
        if not b["signed_by"]:
            return []
        keys = [b["sidecar_key"]] + [p["manifest_key"] for p in self.sql(
            "SELECT manifest_key FROM part WHERE backup = ? AND manifest_key <> ''", b["id"])]
        known.update(k + ".minisig" for k in keys)
        return [f"{k} has no signature" for k in keys if k + ".minisig" not in objects]

    @staticmethod
    def fault_of(objects, key, sha256, size):
        if key not in objects:
            return [f"{key} is missing"]
        with open(objects[key], "rb") as f:
            data = f.read()
        if size is not None and len(data) != size:
            return [f"{key} has {len(data)} bytes, promised are {size}"]
        return [] if hashlib.sha256(data).hexdigest() == sha256 else [f"{key} differs from its hash"]

    def must_be_whole(self):
        """Nothing is wrong; housekeeping may need a moment after the last failure."""
        wait_until_or_say(self.faults)
        doctor = os.path.join(ROOT, "build", VARIANT, "lazarette")
        if os.path.exists(doctor):
            done = subprocess.run([doctor, "admin", "doctor"], env=self.environment(), capture_output=True, text=True)
            assert done.returncode == 0, f"doctor: {done.stdout}{done.stderr}"


def wait_until_or_say(faults, seconds=10):
    end = time.monotonic() + seconds * SLOW
    while (found := faults()) and time.monotonic() < end:
        time.sleep(0.2)
    assert not found, "\n".join(found[:20])


def make_sqlite(path, rows, width=200):
    c = sqlite3.connect(path)
    c.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT)")
    c.executemany("INSERT INTO note (text) VALUES (?)", ((os.urandom(width // 2).hex(),) for _ in range(rows)))
    c.commit()
    c.close()


def make_tree(path, files, size=2000):
    for i in range(files):
        folder = os.path.join(path, f"d{i % 5}")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"f{i}.bin"), "wb") as f:
            f.write(os.urandom(size))
