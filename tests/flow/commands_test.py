#!/usr/bin/python3
"""commands_test.py: make run and make demo, as a person types them, with the programs of this build."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, VARIANT, Browser, free_port, main, processes_of, test, wait_until  # noqa: E402


class Run:
    """packaging/run/run in a terminal's process group of its own; words() is what it has printed."""

    def __init__(self, home, port):
        self.home = home
        self.out = tempfile.TemporaryFile("w+")
        env = dict(os.environ, BUILD=VARIANT, LAZARETTE_HOME=home, LAZARETTE_PORT=str(port))
        # Signals as a terminal's child has them; a test runner may have them ignored.
        self.process = subprocess.Popen(
            [os.path.join(ROOT, "packaging/run/run")], env=env, stdin=subprocess.DEVNULL, stdout=self.out,
            stderr=self.out, start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def words(self):
        self.out.seek(0)
        return self.out.read()

    def wait_ready(self):
        def ready():
            assert self.process.poll() is None, self.words()
            return "stop with" in self.words()
        wait_until("the console to be announced", ready, 90)
        return self.words()

    def interrupt(self):
        """Ctrl-C: SIGINT to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        # Less than the 15 s after which what does not end is killed: nobody waits for that guard.
        status = self.process.wait(12)
        left = wait_until("the end of every process",
                          lambda: not processes_of(self.home, {self.process.pid}) and "none", 20)
        assert left == "none"
        return status


@test("", "make run: a console with the project shop and a first backup; Ctrl-C leaves no process; again it is the same")
def run_twice():
    home, port = tempfile.mkdtemp(prefix="lz-run-", dir="/tmp"), free_port()
    try:
        first = Run(home, port)
        text = first.wait_ready()
        base, password = f"http://127.0.0.1:{port}", re.search(r"password\s+(\S{12,})", text).group(1)
        assert base in text and "admin@example.org" in text and f"{home}/mail" in text, text
        for round_number in (1, 2):
            b = Browser(base)
            form = b.get("/login").form(field="password").fill(email="admin@example.org", password=password)
            answer = b.submit(form, "/login")
            assert answer.status == 200 and "shop" in answer.words, answer.words[:300]
            page = b.get("/p/shop/live/backups").words
            assert "First backup, taken by make run" in page and "Ready" in page, page[:600]
            for where in ("live", "staging"):
                services = b.get(f"/p/shop/{where}/services").words
                assert "Database" in services and "Media" in services, services
            if round_number == 1:
                second = Run(home, port)
                assert second.process.wait(30) != 0 and "runs in" in second.words(), second.words()
                first.interrupt()
                first = Run(home, port)
                text = first.wait_ready()
                assert password not in text and "First run" not in text
        first.interrupt()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def child_of(pid, name):
    """The child of this process that runs this program, if there is one."""
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        children = [int(child) for child in f.read().split()]
    for child in children:
        try:
            if os.path.basename(os.readlink(f"/proc/{child}/exe")) == name:
                return child
        except OSError:
            continue
    return None


@test("", "make run starts a killed worker again and says how it ended; at the third time it gives up and says why")
def killed_worker():
    home, port = tempfile.mkdtemp(prefix="lz-run-", dir="/tmp"), free_port()
    try:
        run, killed = Run(home, port), []
        run.wait_ready()
        for number in (1, 2, 3):
            worker = wait_until("a worker", lambda: child_of(run.process.pid, "lazarette-worker"))
            assert worker not in killed
            killed.append(worker)
            os.kill(worker, signal.SIGKILL)
            if number < 3:
                wait_until("the words", lambda: run.words().count(
                    "lazarette-worker was killed by signal 9; it is started again") == number)
                assert Browser(f"http://127.0.0.1:{port}").get("/login").status == 200
        assert run.process.wait(30) == 1, run.words()
        assert "lazarette-worker was killed by signal 9, for the third time within a minute" in run.words(), run.words()
        wait_until("the end of every process", lambda: not processes_of(home, {run.process.pid}))
    finally:
        shutil.rmtree(home, ignore_errors=True)


@test("", "make run says what to do when its port is taken")
def port_taken():
    home = tempfile.mkdtemp(prefix="lz-run-", dir="/tmp")
    try:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            s.listen()
            run = Run(home, s.getsockname()[1])
            assert run.process.wait(60) != 0
            assert "LAZARETTE_PORT=" in run.words(), run.words()
        assert not processes_of(home, {run.process.pid})
    finally:
        shutil.rmtree(home, ignore_errors=True)


@test("DIV-14 DIV-16 DIV-17 DIV-18", "make demo: backup, download, mail, link and sha256sum -c, without a person")
def demo():
    done = subprocess.run([os.path.join(ROOT, "packaging/run/demo")], env=dict(os.environ, BUILD=VARIANT), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("demo: all steps passed") and done.stdout.count(": OK") == 2, done.stdout
    home = re.search(r"/tmp/lazarette-demo-\w+", done.stdout)
    assert home is None or not os.path.exists(home.group(0))
    for line in done.stdout.splitlines():
        print("#", line)


@test("", "control: make demo fails when a downloaded byte is not the mailed one")
def demo_control():
    tools = tempfile.mkdtemp(prefix="lz-curl-", dir="/tmp")
    try:
        # A curl that spoils what it saves under the server's name (-OJ).
        with open(tools + "/curl", "w") as f:
            f.write('#!/bin/sh\n/usr/bin/curl "$@" || exit\ncase " $* " in *" -OJ "*) for f in *; do '
                    'printf x | dd of="$f" bs=1 seek=100 conv=notrunc 2>/dev/null; done ;; esac\n')
        os.chmod(tools + "/curl", 0o755)
        env = dict(os.environ, BUILD=VARIANT, PATH=tools + ":" + os.environ["PATH"])
        done = subprocess.run([os.path.join(ROOT, "packaging/run/demo")], env=env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
        assert done.returncode != 0 and "a checksum differs" in done.stderr, done.stdout + done.stderr
    finally:
        shutil.rmtree(tools)


if __name__ == "__main__":
    main()
