"""harness.py: an instance of the console in a temporary folder, and how tests report.

Instance starts the three programs of build/$VARIANT (test by default) and nginx, drives the console as a
browser would, and reads its catalogue. A test is a function under @test("DIV-6", "sentence"); main()
runs them and prints one `ok - DIV-6 sentence` or `not ok - …` line each.
"""
import contextlib
import ctypes
import email
import email.policy
import glob
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from http_client import Answer, Browser, Form, Page  # noqa: E402,F401  (re-exported for tests)

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VARIANT = os.environ.get("VARIANT", "test")
SLOW = 6 if VARIANT == "asan" else 3          # how much longer than it should take is waited for anything
PASSWORD = "correct horse battery staple"
ENDED = ("succeeded", "failed", "cancelled")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(what, ask, timeout=30.0, pause=0.05):
    """Ask until the answer is true, and give it back. The limit only ends a hang."""
    end = time.monotonic() + timeout * SLOW
    while True:
        answer = ask()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(pause)


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def environment_of(pid):
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            return f.read().split(b"\0")
    except OSError:                   # gone, or a process that lets nobody look
        return []


def processes_of(home, sessions=()):
    """Living processes whose environment names this instance, or that belong to one of these sessions."""
    found = []
    mark = b"LAZARETTE_HOME=" + os.fsencode(home)
    for path in glob.glob("/proc/[0-9]*/stat"):
        pid = int(path.split("/")[2])
        try:
            with open(path) as f:
                facts = f.read().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if facts[0] != "Z" and pid != os.getpid() and (int(facts[3]) in sessions or mark in environment_of(pid)):
            found.append(pid)
    return found


class Instance:
    """A console of its own. Use it as a context manager: leaving stops everything and checks that it did."""

    def __init__(self, conf="", env=None, home=None, keep=False):
        self.home = home or tempfile.mkdtemp(prefix="lz-", dir="/tmp")
        os.chmod(self.home, 0o755)
        self.keep, self.env = keep, dict(env or {})
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.running = {}
        self.sessions = set()
        self.browser = Browser(self.base)
        self.conf = conf
        self.checked_exits = True

    def __enter__(self):
        try:
            self.init()
            self.start()
            self.sign_up()
        except BaseException:
            print(self.tails(), file=sys.stderr)
            self.checked_exits = False
            self.stop()
            raise
        return self

    def __exit__(self, kind, why, trace):
        if kind:
            self.checked_exits = False
        self.stop()

    # -- programs ---------------------------------------------------------------------------------

    def program(self, name):
        return os.path.join(ROOT, "build", VARIANT, name)

    def environment(self, extra=None):
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8", "LAZARETTE_HOME": self.home,
               "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:quarantine_size_mb=8", "UBSAN_OPTIONS": "print_stacktrace=1"}
        env.update({n: os.environ[n] for n in ("GCOV_PREFIX", "TMPDIR") if n in os.environ})
        env.update(self.env)
        env.update(extra or {})
        return env

    def command(self, *args, check=True):
        """Run `lazarette …`."""
        done = subprocess.run([self.program("lazarette"), *args], env=self.environment(), cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120 * SLOW)
        if check and done.returncode != 0:
            raise AssertionError(f"lazarette {' '.join(args)} ended with {done.returncode}: {done.stderr}")
        return done

    def admin(self, *args, check=True):
        return self.command("admin", *args, check=check)

    def init(self):
        said = re.search(r"AGE-SECRET-KEY-1\w+", self.admin("init").stdout)
        self.recovery = said and said.group()
        self.configure(f'public_url = "{self.base}"\ntemplates = "{ROOT}/templates"\n' + self.conf)

    def configure(self, text):
        """Put these lines into lazarette.conf in place of the same keys; programs read it at their start."""
        path = os.path.join(self.home, "lazarette.conf")
        old = open(path).read() if os.path.exists(path) else ""
        for key in re.findall(r"^(\w+)\s*=", text, re.M):
            old = re.sub(rf"^{key}\s*=.*\n", "", old, flags=re.M)
        with open(path, "w") as f:
            f.write(old.rstrip("\n") + "\n" + text)

    def spawn(self, name, argv, env=None):
        log = open(os.path.join(self.home, "log", name + ".log"), "ab")
        self.running[name] = subprocess.Popen(argv, env=self.environment(env), stdin=subprocess.DEVNULL, stdout=log,
                                              stderr=log, cwd="/", start_new_session=True,
                                              preexec_fn=die_with_parent)
        log.close()
        self.sessions.add(self.running[name].pid)

    def start(self):
        os.makedirs(os.path.join(self.home, "log"), exist_ok=True)
        os.makedirs(os.path.join(self.home, "run"), exist_ok=True)
        self.start_web()
        self.start_nginx()
        self.start_worker()

    def start_web(self, env=None):
        self.spawn("web", [self.program("lazarette-web")], env)
        wait_until("the socket of lazarette-web", lambda: self._answers("run/web.sock", "web"))

    def _answers(self, name, program):
        if self.running[program].poll() is not None:
            raise AssertionError(f"{program} ended with {self.running[program].returncode}\n{self.tails()}")
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(os.path.join(self.home, name)) == 0

    def start_nginx(self):
        conf = os.path.join(self.home, "run", "nginx.conf")
        with open(conf, "w") as f:
            subprocess.run([os.path.join(ROOT, "packaging/run/nginx-conf"), self.home, str(self.port)],
                           stdout=f, check=True)
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.spawn("nginx", [nginx, "-p", self.home + "/", "-e", "log/nginx-error.log", "-c", conf,
                             "-g", "daemon off;"])
        wait_until("nginx", lambda: self._healthy())

    def _healthy(self):
        try:
            return self.browser.request("GET", "/healthz", timeout=5).status
        except OSError:
            return False

    def start_worker(self, env=None):
        since = int(time.time() * 1000) + self.skew(env)
        self.spawn("worker", [self.program("lazarette-worker")], env)
        wait_until("the worker's first beat", lambda: self._beat(since))

    def skew(self, env=None):
        """How many ms the clock of a program with this environment is ahead; a path is of the file that says so."""
        text = {**self.env, **(env or {})}.get("LAZARETTE_CLOCK_SKEW", "0")
        if not text.startswith("/"):
            return int(text)
        with open(text, "rb") as f:
            return sum(x[0] for x in struct.iter_unpack("q", f.read()))

    def _beat(self, since):
        if self.running["worker"].poll() is not None:
            raise AssertionError(f"the worker ended with {self.running['worker'].returncode}\n{self.tails()}")
        return (self.sql1("SELECT max(seen_at) FROM worker") or 0) >= since

    def stop_one(self, name, sig=signal.SIGTERM):
        """End one program and everything in its process group's session; gives its exit status."""
        p = self.running.pop(name, None)
        if p is None:
            return None
        p.send_signal(signal.SIGCONT)
        p.send_signal(signal.SIGQUIT if name == "nginx" and sig == signal.SIGTERM else sig)
        try:
            status = p.wait(30 * SLOW)
        except subprocess.TimeoutExpired:
            os.killpg(p.pid, signal.SIGKILL)
            p.wait()
            raise AssertionError(f"{name} did not stop within {30 * SLOW} s of signal {sig}\n{self.tails()}")
        if self.checked_exits and sig == signal.SIGTERM:
            assert status == 0, f"{name} ended with {status}\n{self.tails()}"
        return status

    def kill(self, name):
        """SIGKILL, as a crash would."""
        return self.stop_one(name, signal.SIGKILL)

    def stop(self):
        """End all, check that no process is left and that no sanitizer spoke, remove the folder."""
        faults = []
        for name in ("nginx", "web", "worker"):
            try:
                self.stop_one(name)
            except AssertionError as e:
                faults.append(str(e))
        left = processes_of(self.home, self.sessions)
        end = time.monotonic() + 5
        while left and time.monotonic() < end:
            time.sleep(0.05)
            left = processes_of(self.home, self.sessions)
        for pid in left:
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/cmdline") as f:
                    faults.append(f"left over: {pid} {f.read()}")
                os.kill(pid, signal.SIGKILL)
        for path in glob.glob(os.path.join(self.home, "log", "*.log")):
            text = open(path, errors="replace").read()
            spoke = re.search(r"(ERROR: \w+Sanitizer|runtime error:)[\s\S]{0,3000}", text)
            if spoke:
                faults.append(f"{os.path.basename(path)}: {spoke.group(0)}")
        if not self.keep and not os.environ.get("KEEP"):
            shutil.rmtree(self.home, ignore_errors=True)
        if faults and self.checked_exits:
            raise AssertionError("\n".join(faults))

    def tails(self):
        out = []
        for path in sorted(glob.glob(os.path.join(self.home, "log", "*.log"))):
            if "access" not in path:
                lines = open(path, errors="replace").read().splitlines()[-25:]
                out += [f"--- {os.path.basename(path)}"] + lines
        return "\n".join(out)

    # -- the catalogue, read only -----------------------------------------------------------------

    def sql(self, query, *values):
        c = sqlite3.connect(f"file:{self.home}/catalog.db?mode=ro", uri=True, timeout=10)
        try:
            c.row_factory = sqlite3.Row
            return [dict(r) for r in c.execute(query, values)]
        finally:
            c.close()

    def sql1(self, query, *values):
        """The first column of the first row, or None."""
        rows = self.sql(query, *values)
        return next(iter(rows[0].values())) if rows else None

    def plain(self, key):
        """The object in `main` as it was before it was encrypted, by Debian's age."""
        with open(os.path.join(self.home, "store", key), "rb") as f:
            return self.opened(key, f.read())

    def opened(self, key, body):
        """What lies under this key, decrypted where its name says so."""
        if not key.endswith(".age"):
            return body
        identities = glob.glob(self.home + "/keys/*.identity")
        argv = ["age", "-d", *(word for i in identities for word in ("-i", i))]
        return subprocess.run(argv, input=body, capture_output=True, check=True).stdout

    def doctor(self):
        """Every invariant between catalogue and storage holds."""
        done = self.admin("doctor", check=False)
        assert done.returncode == 0, f"doctor: {done.stdout}{done.stderr}"

    # -- what a person does -----------------------------------------------------------------------

    def sign_up(self, mail="admin@example.org"):
        """The first account, through the setup code and the form; the browser is signed in after it."""
        found = re.findall(r"[A-Za-z0-9_-]{8,}", self.admin("setup-code").stdout)
        code = max(found, key=len) if found else ""
        form = self.browser.get("/setup").form(field="code")
        form.fill(code=code, name="Ada Admin", email=mail, password=PASSWORD)
        self.must(self.browser.submit(form, "/setup"))

    def sign_in(self, mail="admin@example.org", password=PASSWORD, browser=None):
        b = browser or Browser(self.base)
        answer = b.submit(b.get("/login").form(field="password").fill(email=mail, password=password), "/login")
        return b, answer

    @staticmethod
    def must(answer, status=200):
        assert answer.status == status, f"{answer.path}: {answer.status}, not {status}: {answer.words[:600]}"
        return answer

    def fill_and_send(self, path, fields, field, follow=True):
        form = self.must(self.browser.get(path)).form(field=field).fill(**fields)
        return self.browser.submit(form, path, follow)

    def add_project(self, slug, name=None):
        self.must(self.fill_and_send("/projects/new", {"name": name or slug.title(), "slug": slug}, "slug"))

    def add_environment(self, project, slug, kind="live", name=None):
        self.must(self.fill_and_send(f"/p/{project}/-/environments/new",
                                     {"name": name or slug.title(), "slug": slug, "kind": kind}, "slug"))

    def add_service(self, where, slug, engine, name=None, **settings):
        """where is "project/environment"; settings are the form's fields."""
        path = f"/p/{where}/services/new?engine={engine}"
        form = self.must(self.browser.get(path)).form(field="slug")
        if "engine" in form.names:
            form.fill(engine=engine)
        form.fill(name=name or slug.title(), slug=slug, **settings)
        return self.must(self.browser.submit(form, path))

    def create_backup(self, where, services=None, note="", mail=False):
        """Through the form; gives (backup, job) by number."""
        path = f"/p/{where}/backups/new"
        form = self.must(self.browser.get(path)).form(field="services").fill(note=note)
        if services is not None:
            form.fill(services=services)
        if "mail" in form.names:
            form.fill(mail=mail)
        answer = self.browser.submit(form, path, follow=False)
        self.must(answer, 303)
        job = int(re.search(r"/j/j?(\d+)", answer.header("location")).group(1))
        return self.sql1("SELECT backup FROM job WHERE id = ?", job), job

    def wait_job(self, job, state=None, timeout=120):
        """The job's row once it has ended; `state` is what it must have ended as."""
        def ended():
            row = self.sql("SELECT * FROM job WHERE id = ?", job)[0]
            return row if row["state"] in ENDED else None
        row = wait_until(f"job j{job} to end", ended, timeout)
        if state:
            log = "\n".join(r["text"] for r in self.sql("SELECT text FROM job_log WHERE job = ? ORDER BY seq", job))
            assert row["state"] == state, f"j{job} {row['state']}, not {state}: {row['error']}\n{log}\n{self.tails()}"
        return row

    def backup(self, where, services=None, note="", state="succeeded"):
        """Create a backup, wait for its end; gives its row."""
        number, job = self.create_backup(where, services, note)
        self.wait_job(job, state)
        return self.sql("SELECT * FROM backup WHERE id = ?", number)[0]

    def request_download(self, backup, parts=None, form_format=None, **fields):
        """Through the form; gives the download's number."""
        path = f"/b/b{backup}/download"
        form = self.must(self.browser.get(path)).form(field="parts")
        if parts is not None:
            form.fill(parts=parts)
        if form_format and "format" in form.names:
            form.fill(format=form_format)
        answer = self.browser.submit(form.fill(**fields), path, follow=False)
        self.must(answer, 303)
        return self.sql1("SELECT max(id) FROM download WHERE backup = ?", backup)

    def wait_download(self, number, state="ready", timeout=120):
        def done():
            row = self.sql("SELECT * FROM download WHERE id = ?", number)[0]
            return row if row["state"] != "preparing" else None
        row = wait_until(f"download d{number}", done, timeout)
        assert row["state"] == state, f"d{number} {row['state']}, not {state}: {row['error']}\n{self.tails()}"
        return row

    # -- mails ------------------------------------------------------------------------------------

    def mails(self):
        """The mails in home/mail, oldest first."""
        found = []
        for path in sorted(glob.glob(os.path.join(self.home, "mail", "*.eml")), key=os.path.getmtime):
            with open(path, "rb") as f:
                found.append(email.message_from_binary_file(f, policy=email.policy.default))
        return found

    def wait_mails(self, count, timeout=60):
        return wait_until(f"{count} mails", lambda: (m := self.mails()) and len(m) >= count and m, timeout)


def mail_text(message):
    return message.get_body(("plain",)).get_content()


def links_of(message, base):
    """The paths of the links in a mail that lead to this console."""
    found = re.findall(re.escape(base) + r"(/[^\s<>\"]*)", mail_text(message))
    return list(dict.fromkeys(found))


# -- reporting ------------------------------------------------------------------------------------

TESTS = []


class Budget:
    """How often a fault is struck: `most` times, or as often as there is time for on this machine, never fewer than
    `least`; with ALL=1 in the environment always `most`."""

    def __init__(self, most, least, seconds):
        self.most, self.least = most, most if os.environ.get("ALL") else least
        self.until = time.monotonic() + seconds

    def wants(self, done):
        return done < self.least or (done < self.most and time.monotonic() < self.until)


class Skip(Exception):
    """A test that cannot run here; the reason is printed."""


def test(ids, sentence):
    """Mark a function as the test of these row ids."""
    def mark(fn):
        TESTS.append((ids, sentence, fn))
        return fn
    return mark


def main(fixture=None):
    """Run the tests, each with what `fixture()` (a context manager) gives; exit 0 when all passed.

    Words on the command line choose the tests whose ids or sentence contain one of them.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    words = sys.argv[1:]
    chosen = [t for t in TESTS if not words or any(w in t[0] or w in t[1] for w in words)]
    failed = 0
    try:
        with fixture() if fixture else contextlib.nullcontext() as thing:
            for ids, sentence, fn in chosen:
                failed += run_one(ids, sentence, fn, thing)
    except Exception:
        print("not ok - the fixture stands and falls cleanly\n# " + traceback.format_exc().replace("\n", "\n# "))
        failed += 1
    print(f"1..{len(chosen)}", flush=True)
    sys.exit(1 if failed else 0)


def run_one(ids, sentence, fn, thing):
    name = f"{ids} {sentence}" if ids else sentence
    try:
        if thing is None:
            fn()
        else:
            fn(thing)
    except Skip as why:
        print(f"ok - {name} # SKIP {why}", flush=True)
    except Exception:
        print(f"not ok - {name}\n# " + traceback.format_exc().replace("\n", "\n# "), flush=True)
        return 1
    else:
        print(f"ok - {name}", flush=True)
    return 0
