#!/usr/bin/python3
"""hold_test.py: requests wait behind a real nginx while an application is frozen, and none is refused."""
import contextlib
import http.client
import http.server
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, SLOW, VARIANT, Instance, die_with_parent, free_port, main, test, wait_until  # noqa: E402

WORKER = os.path.join(ROOT, "build", VARIANT, "lazarette-worker")
CLIENTS = 50
NGINX = """
daemon off; worker_processes 2; pid {d}/nginx.pid; error_log {d}/error.log;
events {{ worker_connections 1024; }}
http {{ access_log off; client_body_temp_path {d}/b; proxy_temp_path {d}/p; fastcgi_temp_path {d}/f;
  uwsgi_temp_path {d}/u; scgi_temp_path {d}/s;
  server {{ listen 127.0.0.1:{port}; client_max_body_size 64m; keepalive_requests 100000;
    location / {{ proxy_pass http://unix:{d}/app.sock; include {root}/packaging/nginx/lazarette-hold.conf; }} }} }}
"""


class App(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    """It knows whether it is frozen, and counts what comes to it then."""
    daemon_threads, request_queue_size = True, 64
    frozen, seen, disturbed = False, 0, 0


class Handler(http.server.BaseHTTPRequestHandler):
    def address_string(self):
        return "nginx"

    def log_message(self, *_):
        pass

    def do_GET(self):
        if self.path.startswith("/slow"):
            time.sleep(float(self.path[5:]))
        self.answer(b"got " + self.path.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(b"%d %d" % (len(body), sum(body[::997])))

    def answer(self, body):
        self.server.disturbed += self.server.frozen
        self.server.seen += 1
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Site:
    """An application on a unix socket with nginx before it."""

    def __enter__(self):
        self.d = tempfile.mkdtemp(prefix="lz-hold-", dir="/tmp")
        os.chmod(self.d, 0o755)
        self.path, self.port = self.d + "/app.sock", free_port()
        self.app = App(self.path, Handler)
        os.chmod(self.path, 0o666)
        threading.Thread(target=self.app.serve_forever, daemon=True).start()
        with open(self.d + "/nginx.conf", "w") as f:
            f.write(NGINX.format(d=self.d, port=self.port, root=ROOT))
        nginx = shutil.which("nginx") or "/usr/sbin/nginx"
        self.nginx = subprocess.Popen([nginx, "-p", self.d, "-e", self.d + "/error.log", "-c", self.d + "/nginx.conf"],
                                      preexec_fn=die_with_parent)
        wait_until("nginx", self.up)
        os.mkdir(self.d + "/hooks")
        for name in ("hold-freeze", "hold-thaw"):
            shutil.copy(os.path.join(ROOT, "packaging/hooks", name), self.d + "/hooks")
        with open(self.d + "/hooks/hold.shop.live", "w") as f:
            f.write(self.path + "\n")
        return self

    def __exit__(self, *_):
        self.hook("hold-thaw")
        self.nginx.terminate()
        self.nginx.wait()
        self.app.shutdown()
        self.app.server_close()
        shutil.rmtree(self.d)

    def up(self):
        with contextlib.suppress(OSError):
            return self.get("/up")[0] == 200

    def get(self, path, timeout=60):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout * SLOW)
        c.request("GET", path)
        r = c.getresponse()
        return r.status, r.read()

    def web_group(self):
        """By which the web server's workers connect."""
        with open(f"/proc/{self.nginx.pid}/task/{self.nginx.pid}/children") as f:
            return os.stat(f"/proc/{f.read().split()[0]}").st_gid

    def hook(self, name, seconds=60):
        env = {"PATH": "/usr/bin:/bin", "LAZARETTE_PROJECT": "shop", "LAZARETTE_ENVIRONMENT": "live",
               "LAZARETTE_WORKER": WORKER, "LAZARETTE_FREEZE_SECONDS": str(seconds)}
        done = subprocess.run([f"{self.d}/hooks/{name}"], env=env, capture_output=True, text=True, timeout=60 * SLOW)
        return done.returncode, done.stderr

    def freeze(self, seconds=60):
        self.frozen_at = time.monotonic()
        code, said = self.hook("hold-freeze", seconds)
        assert code == 0, said
        self.app.frozen = True

    def thaw(self):
        self.app.frozen = False
        code, said = self.hook("hold-thaw")
        assert code == 0, said
        return time.monotonic() - self.frozen_at

    def holder(self):
        """The process that holds, by the lock in the kernel's list."""
        inode = os.stat(self.path + ".lock").st_ino
        with open("/proc/locks") as f:
            for words in map(str.split, f):
                if words[1] == "POSIX" and words[5].endswith(f":{inode}"):
                    return int(words[4])
        return 0


class Crowd:
    """Clients that ask without a pause, each on one connection that is kept open; every third one posts."""

    def __init__(self, site):
        self.site, self.stop = site, False
        self.longest, self.done, self.errors = 0.0, 0, []
        self.lock = threading.Lock()
        self.threads = [threading.Thread(target=self.run, args=(n,), daemon=True) for n in range(CLIENTS)]

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        for t in self.threads:
            t.join(90 * SLOW)
        assert not any(t.is_alive() for t in self.threads), "a client waits for ever"

    def ask(self, c, n, turn):
        if n % 3 == 0:
            body = bytes((n + turn) % 256 for _ in range(1000)) * 300
            c.request("POST", "/post", body)
            want = b"%d %d" % (len(body), sum(body[::997]))
        else:
            c.request("GET", f"/{n}/{turn}")
            want = f"got /{n}/{turn}".encode()
        r = c.getresponse()
        got = r.read()
        if r.status != 200 or got != want:
            raise AssertionError(f"{r.status} {got[:80]!r}")

    def run(self, n):
        c = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=120 * SLOW)
        turn = 0
        while not self.stop:
            began, turn = time.monotonic(), turn + 1
            try:
                self.ask(c, n, turn)
            except (OSError, http.client.HTTPException, AssertionError) as why:
                with self.lock:
                    self.errors.append(repr(why))
                c.close()
                time.sleep(0.05)
            with self.lock:
                self.done += 1
                self.longest = max(self.longest, time.monotonic() - began)
            time.sleep(0.01)


@test("NEW-9", "50 clients wait for a frozen application and none is refused; the longest wait is the freeze and a second")
def held_not_dropped():
    with Site() as s:
        with Crowd(s) as crowd:
            wait_until("the crowd", lambda: crowd.done > 200)
            usual = crowd.longest
            s.freeze()
            before = crowd.done
            time.sleep(4)
            asked = crowd.done - before
            held = s.thaw()
            wait_until("the crowd to go on", lambda: crowd.done > before + asked + 500)
        assert not crowd.errors, (len(crowd.errors), crowd.errors[:3])
        assert s.app.disturbed == 0, f"{s.app.disturbed} requests came while it was frozen"
        assert asked <= CLIENTS, f"{asked} requests were answered while it was frozen"
        print(f"# {crowd.done} requests, longest before {usual:.2f} s, held {held:.2f} s, longest wait {crowd.longest:.2f} s")
        assert crowd.longest <= held + 1 * SLOW, (crowd.longest, held)


@test("NEW-9", "the control: without the holder requests are refused while the socket is away")
def control():
    with Site() as s:
        with Crowd(s) as crowd:
            wait_until("the crowd", lambda: crowd.done > 100)
            os.rename(s.path, s.path + ".away")
            time.sleep(1)
            os.rename(s.path + ".away", s.path)
        assert crowd.errors


@test("NEW-9", "ten freezes in a row lose nothing")
def again_and_again():
    with Site() as s:
        with Crowd(s) as crowd:
            wait_until("the crowd", lambda: crowd.done > 100)
            for _ in range(10):
                s.freeze()
                time.sleep(0.2)
                s.thaw()
                done = crowd.done
                wait_until("the crowd to go on", lambda d=done: crowd.done > d + 20)
        assert not crowd.errors, (len(crowd.errors), crowd.errors[:3])
        assert s.app.disturbed == 0
        assert sorted(n for n in os.listdir(s.d) if n.startswith("app")) == ["app.sock", "app.sock.lock"]


@test("NEW-9", "nobody thaws: the time is up and everybody goes on")
def cap():
    with Site() as s:
        s.freeze(2)
        s.app.frozen = False
        began = time.monotonic()
        assert s.get("/late")[0] == 200
        assert 1 < time.monotonic() - began < 4 * SLOW
        assert s.hook("hold-thaw")[0] == 0


@test("NEW-9", "the holder outlives whoever started it; killed itself, the next hook puts the socket back")
def kills():
    with Site() as s:
        s.freeze()
        os.kill(s.holder(), signal.SIGKILL)
        wait_until("its end", lambda: s.holder() == 0)
        assert s.get("/refused")[0] == 502            # the control: it was what held
        assert s.hook("hold-thaw")[0] == 0
        assert s.get("/again")[0] == 200
        # Its caller's group and session are gone at once, with a signal each.
        shell = subprocess.Popen(["sh", "-c", f"'{WORKER}' --hold '{s.path}' --seconds 2; kill -9 0"], start_new_session=True)
        assert shell.wait(30 * SLOW) == -signal.SIGKILL
        assert s.holder() != 0
        began = time.monotonic()
        assert s.get("/held")[0] == 200
        assert time.monotonic() - began < 5 * SLOW


@test("NEW-9", "requests at work are waited for; one that does not end means no freeze, and nothing stays held")
def draining():
    with Site() as s:
        answers = []
        slow = threading.Thread(target=lambda: answers.append(s.get("/slow1.5")[0]))
        slow.start()
        time.sleep(0.3)
        began = time.monotonic()
        s.freeze()
        assert time.monotonic() - began > 1, "it did not wait"
        slow.join()
        s.thaw()
        slow = threading.Thread(target=lambda: answers.append(s.get("/slow4")[0]))
        slow.start()
        time.sleep(0.3)
        code, said = s.hook("hold-freeze", 2)
        assert code != 0 and "1 requests were still at work" in said, (code, said)
        assert s.get("/at-once", 2)[0] == 200
        slow.join()
        assert answers == [200, 200]


@test("NEW-9", "an application that was started again meanwhile gets the waiting requests by its new socket")
def restarted():
    with Site() as s:
        s.freeze()
        got = []
        waiting = threading.Thread(target=lambda: got.append(s.get("/waits")[0]))
        waiting.start()
        time.sleep(0.5)
        s.app.shutdown()
        s.app.server_close()
        os.unlink(s.path)
        s.app = App(s.path, Handler)
        os.chmod(s.path, 0o666)
        threading.Thread(target=s.app.serve_forever, daemon=True).start()
        s.thaw()
        waiting.join(20)
        assert got == [200] and s.get("/new")[0] == 200


@test("NEW-9", "a socket whose group cannot be given on is not held, so the web server is not refused; with the group it is")
def foreign_group():
    if os.geteuid() != 0:
        return
    with Site() as s:
        own, foreign = 61234, s.web_group()
        os.chmod(s.d, 0o777)
        program = shutil.copy(WORKER, s.d + "/worker")
        os.chown(s.path, 0, foreign)
        with contextlib.suppress(OSError):
            os.unlink(s.path + ".lock")

        def hold(*groups):
            return subprocess.run([program, "--hold", s.path, "--seconds", "20"], capture_output=True, text=True,
                                  user=own, group=own, extra_groups=groups, env={"GCOV_PREFIX": s.d})
        for mode, says in ((0o660, f"the group {foreign} of"), (0o600, "only the owner of")):
            os.chmod(s.path, mode)
            done = hold()
            assert done.returncode == 1 and says in done.stderr, done
            assert not os.path.exists(s.path + ".held") and s.holder() == 0
            assert os.stat(s.path).st_gid == foreign
            assert s.get("/through")[0] == (200 if mode == 0o660 else 502)
        # Controls: whoever is in the group may, and so may anybody where all may connect.
        for mode, groups in ((0o660, [foreign]), (0o666, [])):
            os.chmod(s.path, mode)
            done = hold(*groups)
            assert done.returncode == 0, done
            held = os.stat(s.path)
            assert held.st_uid == own and held.st_mode & 0o777 == mode and (not groups or held.st_gid == foreign)
            answers = []
            waiting = threading.Thread(target=lambda: answers.append(s.get("/waits")[0]))
            waiting.start()
            time.sleep(0.5)
            assert not answers, "it did not wait"
            assert s.hook("hold-thaw")[0] == 0 and os.stat(s.path).st_uid == 0
            waiting.join(20)
            assert answers == [200], answers


LIVE, CAP = "shop/live", 37          # seconds; what hold-freeze takes when nobody tells it is another number


@contextlib.contextmanager
def console(site):
    """shop/live of a console with the packaged hooks, for this site; a backup of it stops once the hook has run."""
    with Instance(env={"LAZARETTE_FAULT": "freeze.hook_ran:stop:1"}) as s:
        shutil.copytree(site.d + "/hooks", s.home + "/hooks", dirs_exist_ok=True)
        os.mkdir(s.home + "/media")
        with open(s.home + "/media/a.txt", "w") as f:
            f.write("a picture\n")
        s.add_project("shop")
        s.add_environment("shop", "live")
        s.add_service(LIVE, "media", "files", roots=s.home + "/media")
        path = f"/p/{LIVE}/settings"
        form = s.must(s.browser.get(path)).form(field="hook_freeze")
        s.must(s.browser.submit(form.fill(hook_freeze="hold-freeze", hook_thaw="hold-thaw", freeze_seconds=str(CAP)), path))
        yield s


def stopped_job(s):
    """The job process that stands still, held at its fault point; 0 when there is none."""
    worker = s.running["worker"].pid
    with open(f"/proc/{worker}/task/{worker}/children") as f:
        for pid in f.read().split():
            with contextlib.suppress(OSError), open(f"/proc/{pid}/stat") as stat:
                if stat.read().rsplit(")", 1)[1].split()[0] == "T":
                    return int(pid)
    return 0


@test("NEW-9 PLA-7", "a worker's consistent backup holds the application by the packaged hooks: all wait, and all go on")
def by_a_worker():
    with Site() as site, console(site) as s, Crowd(site) as crowd:
        wait_until("the crowd", lambda: crowd.done > 100)
        began = time.monotonic()
        backup, job = s.create_backup(LIVE)
        pid = wait_until("the freeze", lambda: stopped_job(s) or s.sql1("SELECT error FROM job WHERE id = ?", job))
        assert isinstance(pid, int), f"it failed: {pid}"
        try:
            site.app.frozen, before = True, site.app.seen
            with open(f"/proc/{site.holder()}/cmdline") as f:
                holder = f.read().split("\0")
            time.sleep(1)
            came = site.app.seen - before
            site.app.frozen = False
        finally:
            os.kill(pid, signal.SIGCONT)
        s.wait_job(job, "succeeded")
        held, done = time.monotonic() - began, crowd.done
        assert site.holder() == 0, "the application is still held"
        wait_until("the crowd to go on", lambda: crowd.done > done + 200)
        row = s.sql("SELECT mode, state, frozen_ms FROM backup WHERE id = ?", backup)[0]
    assert not crowd.errors, (len(crowd.errors), crowd.errors[:3])
    assert row["mode"] == "consistent" and row["state"] == "ready" and row["frozen_ms"] >= 1000, row
    assert came == 0 and site.app.disturbed == 0, f"{came} requests came while it was frozen"
    assert 1 < crowd.longest <= held + 1 * SLOW, (crowd.longest, held)
    assert holder[:1] == [os.path.realpath(WORKER)] and holder[holder.index("--seconds") + 1] == str(CAP), holder


@test("NEW-9", "what is no socket, held already, or not there is refused with a sentence")
def refusals():
    with Site() as s:
        with open(s.d + "/file", "w"):
            pass
        for path in ("/nowhere/x", s.d + "/file", "relative", "/" + "x" * 120):
            done = subprocess.run([WORKER, "--hold", path], capture_output=True, text=True)
            assert done.returncode == 1 and done.stderr.startswith("lazarette-worker: "), (path, done)
        s.freeze()
        code, said = s.hook("hold-freeze")
        assert code != 0 and "held already" in said, said
        s.thaw()
        assert s.hook("hold-thaw")[0] == 0


if __name__ == "__main__":
    main()
