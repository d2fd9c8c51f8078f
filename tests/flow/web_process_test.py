#!/usr/bin/python3
"""web_process_test.py: how lazarette-web starts, is replaced and ends. No other program is needed for it."""
import glob
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from contextlib import ExitStack

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fastcgi import BEGUN, PARAMS, STDIN, ask, connect, pair, read, record, request  # noqa: E402
from harness import ROOT, SLOW, VARIANT, die_with_parent, main, test, wait_until  # noqa: E402

HEALTH = request({"REQUEST_METHOD": "GET", "REQUEST_URI": "/healthz", "REMOTE_ADDR": "127.0.0.1"})


class Web:
    """A home folder with a configuration and nothing else; start() gives one process after another."""

    def __enter__(self):
        self.home = tempfile.mkdtemp(prefix="lz-web-", dir="/tmp")
        os.makedirs(self.home + "/run")
        self.configure(f'templates = "{ROOT}/templates"\nweb_processes = 3\n')
        self.processes = []
        return self

    def __exit__(self, *_):
        for p in self.processes:
            if p.poll() is None:
                p.kill()
                p.wait()
        shutil.rmtree(self.home)

    def configure(self, text):
        with open(self.home + "/lazarette.conf", "w") as f:
            f.write(text)

    def start(self, *args, control=""):
        log = open(f"{self.home}/log.{len(self.processes)}", "wb")
        env = {n: v for n, v in os.environ.items() if n.startswith(("GCOV", "ASAN", "UBSAN"))}
        p = subprocess.Popen([f"{ROOT}/build/{VARIANT}/lazarette-web", *args], stdin=subprocess.DEVNULL, stdout=log,
                             stderr=log, cwd="/", start_new_session=True, preexec_fn=die_with_parent,
                             env={**env, "LAZARETTE_HOME": self.home, "LAZARETTE_DEBUG": "1",
                                  "LAZARETTE_FAULT_CONTROL": control})
        log.close()
        self.processes.append(p)
        return p

    def ready(self, **how):
        p = self.start(**how)
        wait_until("an answer", lambda: "event=web.start" in self.log() and self.healthy())
        return p

    def log(self, number=-1):
        with open(f"{self.home}/log.{number % len(self.processes)}", errors="replace") as f:
            return f.read()

    def healthy(self):
        try:
            return ask(self.home, HEALTH).startswith("Status: 200 ")
        except OSError:
            return False

    def children(self, p):
        with open(f"/proc/{p.pid}/task/{p.pid}/children") as f:
            return {int(pid) for pid in f.read().split()}

    def end(self, p):
        p.send_signal(signal.SIGTERM)
        return p.wait(30 * SLOW)


def waiting(home):
    """Connections to the socket that nobody has accepted yet."""
    shown = subprocess.run(["ss", "-xlH"], capture_output=True, text=True).stdout
    return next(int(line.split()[2]) for line in shown.splitlines() if f"{home}/run/web.sock" in line)


@test("", "it makes a socket that only its user and group may use, and as many children as configured")
def starts(w):
    p = w.ready()
    mode = os.stat(w.home + "/run/web.sock").st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o660, oct(mode)
    assert len(w.children(p)) == 3
    assert glob.glob(w.home + "/run/*") == [w.home + "/run/web.sock"]
    assert w.end(p) == 0


@test("", "told to stop, it finishes the request that has begun")
def finishes(w):
    p = w.ready()
    body = b"csrf=unknown"
    variables = {"REQUEST_METHOD": "POST", "REQUEST_URI": "/login", "CONTENT_LENGTH": str(len(body)),
                 "CONTENT_TYPE": "application/x-www-form-urlencoded"}
    data = b"".join(pair(k.encode(), v.encode()) for k, v in variables.items())
    with connect(w.home) as c:
        c.sendall(BEGUN + record(PARAMS, data) + record(PARAMS) + record(STDIN, body[:4]))
        # The form is in the hands of a child once the listening socket has nobody waiting.
        wait_until("a child to take it", lambda: waiting(w.home) == 0)
        # The two that have nothing to do go at once; the third is in the middle of our form.
        p.send_signal(signal.SIGTERM)
        wait_until("the idle children to go", lambda: len(w.children(p)) == 1)
        c.sendall(record(STDIN, body[4:]) + record(STDIN))
        answer = read(c)
    assert answer.startswith("Status: 503 "), answer[:200]
    assert p.wait(30 * SLOW) == 0, w.log()
    assert "event=web.stop" in w.log()


def confined(pid):
    with open(f"/proc/{pid}/status") as f:
        facts = dict(line.split(":\t", 1) for line in f.read().splitlines() if ":\t" in line)
    return facts["NoNewPrivs"] == "1" and facts["Seccomp"] == "2"


@test("T64", "every child runs under a seccomp filter and can gain no privileges; control: without our guard it does not")
def confines(w):
    for control, expected in (("", True), ("sandbox", False)):
        p = w.ready(control=control)
        with ExitStack() as held:
            for _ in range(3):           # one begun request for each child: whoever accepts has passed its guard
                held.enter_context(connect(w.home)).sendall(BEGUN)
            wait_until("every child to take one", lambda: waiting(w.home) == 0)
            assert [confined(pid) for pid in w.children(p)] == [expected] * 3, control
        assert w.end(p) == 0


@test("", "on SIGHUP every child is replaced, and no request is lost")
def replaces(w):
    p = w.ready()
    old = w.children(p)
    p.send_signal(signal.SIGHUP)
    for _ in range(20):
        assert w.healthy()
    wait_until("three new children", lambda: len(now := w.children(p)) == 3 and not now & old)
    assert w.healthy() and w.end(p) == 0


@test("", "a child that is killed is replaced, and the log says how it died")
def respawns(w):
    p = w.ready()
    victim = min(w.children(p))
    os.kill(victim, signal.SIGKILL)
    wait_until("a new child", lambda: len(now := w.children(p)) == 3 and victim not in now)
    assert re.search(rf"child {victim} was killed by signal 9", w.log()), w.log()
    assert w.healthy() and w.end(p) == 0


@test("", "a new process takes the socket over, and the end of the old one does not remove it")
def takes_over(w):
    old = w.ready()
    new = w.ready()
    assert w.end(old) == 0
    for _ in range(20):
        assert w.healthy()
    assert w.end(new) == 0


@test("", "when the supervisor is killed, its children go too")
def orphans(w):
    p = w.ready()
    children = w.children(p)
    p.kill()
    p.wait()
    wait_until("the children to go", lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children))


@test("", "a wrong configuration ends it with 78 and a sentence, and no socket is made")
def misconfigured(w):
    if os.path.exists(w.home + "/run/web.sock"):
        os.unlink(w.home + "/run/web.sock")
    good = open(w.home + "/lazarette.conf").read()
    w.configure(good + "web_proceses = 2\n")
    p = w.start()
    assert p.wait(30 * SLOW) == 78, w.log()
    assert "web_proceses" in w.log() and "lazarette.conf" in w.log(), w.log()
    assert not os.path.exists(w.home + "/run/web.sock")
    w.configure(good)


@test("", "a folder for the socket that is not there ends it with a sentence")
def no_folder(w):
    good = open(w.home + "/lazarette.conf").read()
    for run, words in (("/nonexistent/run", "No such file"), ("/tmp/" + "x" * 120, "107 bytes")):
        w.configure(good + f'run = "{run}"\n')
        p = w.start()
        assert p.wait(30 * SLOW) != 0
        assert words in w.log(), w.log()
    w.configure(good)


@test("", "it tells its version and its routes, and refuses words it does not know")
def words(w):
    p = w.start("--version")
    assert p.wait(30 * SLOW) == 0 and re.match(r"lazarette-web \d+\.\d+", w.log())
    p = w.start("--routes")
    assert p.wait(30 * SLOW) == 0 and "POST /logout view session\n" in w.log()
    p = w.start("--nonsense")
    assert p.wait(30 * SLOW) == 64 and "usage" in w.log()


if __name__ == "__main__":
    main(Web)
