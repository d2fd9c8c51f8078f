#!/usr/bin/python3
"""T62: the key that opens every secret is changed, and the change is killed at any moment: no secret is lost."""
import contextlib
import ctypes
import glob
import os
import random
import re
import sqlite3
import subprocess
import sys
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import ROOT, VARIANT, Home, main, test, wait_until  # noqa: E402

ALL = bool(os.environ.get("ALL"))
SECRETS, KILLS, MANY = (10000, 100, 10000) if ALL else (1000, 25, 10000)
OTHERS = 3                       # a storage, a channel and a mail
SODIUM = ctypes.CDLL("libsodium.so.23")
OVERHEAD, KEY = 48, 32
TABLES = {"service": "sealed", "storage": "sealed", "channel": "sealed", "outbox": "message"}
PLACES = ("publish.before_sync", "publish.after_rename", "rotate.secret:kill:1", f"rotate.secret:kill:{SECRETS // 2}",
          "rotate.before_commit", "rotate.committed", "seal.kept", "seal.renamed")


def public_of(secret):
    out = ctypes.create_string_buffer(KEY)
    SODIUM.crypto_scalarmult_base(out, secret)
    return out.raw


def seal(text, public):
    out = ctypes.create_string_buffer(len(text) + OVERHEAD)
    assert SODIUM.crypto_box_seal(out, text, ctypes.c_ulonglong(len(text)), public) == 0
    return out.raw


def unseal(sealed, public, secret):
    """The text, or None: another key."""
    out = ctypes.create_string_buffer(max(len(sealed) - OVERHEAD, 1))
    size = ctypes.c_ulonglong(len(sealed))
    return out.raw[:len(sealed) - OVERHEAD] if SODIUM.crypto_box_seal_open(out, sealed, size, public, secret) == 0 else None


class Rotating:
    """An instance with many secrets, and another look at them than the program's own."""

    def __init__(self, home):
        self.h, self.key, self.texts = home, os.path.join(home.home, "keys", "worker.key"), {}

    def fill(self, count):
        self.h.service("shop/live", "first", "sqlite", path="/srv/x")
        public = bytes.fromhex(self.sql("SELECT value FROM setting WHERE name = 'seal_public_key'")[0][0])
        with contextlib.closing(sqlite3.connect(self.h.home + "/catalog.db")) as c:
            for i in range(count):
                self.add(c, public, "service", f"password {i}", environment=1, slug=f"s{i}", name="x", engine="sqlite",
                         settings="{}")
            self.add(c, public, "storage", "of the bucket", slug="away", kind="s3", path="s3://x")
            self.add(c, public, "channel", "https://hooks.example.org/x\n", kind="slack", name="Ops", target="x")
            self.add(c, public, "outbox", "A mail\r\n" * 400, message_id="m", kind="t", recipient="a@x", subject="s",
                     state="queued", next_at=int(time.time() + 3600) * 1000)
            c.commit()

    def add(self, c, public, table, text, **values):
        values |= {TABLES[table]: seal(text.encode(), public), "created_at": 1}
        if table != "outbox":
            values["uuid"] = str(uuid.uuid4())
        done = c.execute(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
                         list(values.values()))
        self.texts[table, done.lastrowid] = text.encode()

    def sql(self, query):
        with contextlib.closing(sqlite3.connect(self.h.home + "/catalog.db", timeout=20)) as c:
            return c.execute(query).fetchall()

    def lazarette(self, *words, env=None):
        return subprocess.run([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", *words], capture_output=True,
                              text=True, env=self.h.environment(env), cwd="/")

    def rotate(self, env=None):
        return self.lazarette("secret-key", "rotate", env=env)

    def killed_after(self, seconds, env=None):
        """The status of a change of the key that was killed then, unless it was over before."""
        p = subprocess.Popen([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "secret-key", "rotate"],
                             env=self.h.environment(env), stdout=subprocess.DEVNULL, cwd="/")
        with contextlib.suppress(subprocess.TimeoutExpired):
            return p.wait(seconds)
        p.kill()
        return p.wait()

    # -- looking ----------------------------------------------------------------------------------

    def keys(self):
        """{public: secret} of every key file; the same key may have two names."""
        found = {}
        for path in [self.key] + glob.glob(self.key + ".*"):
            with contextlib.suppress(OSError, ValueError):
                with open(path) as f:
                    secret = bytes.fromhex(f.read().strip())
                if len(secret) == KEY:
                    found[public_of(secret)] = secret
        return found

    def faults(self):
        """What is wrong with the secrets: each must open, with the one key that the catalogue names, and with no other."""
        keys, out = self.keys(), []
        named = bytes.fromhex(self.sql("SELECT value FROM setting WHERE name = 'seal_public_key'")[0][0])
        rows = {(table, i): sealed for table, column in TABLES.items()
                for i, sealed in self.sql(f"SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL")}
        if rows.keys() != self.texts.keys():
            out.append(f"{len(rows)} secrets instead of {len(self.texts)}")
        if named not in keys:
            out.append("the catalogue names a key that nobody has")
        for place, sealed in rows.items():
            opened = {public: text for public, secret in keys.items()
                      if (text := unseal(sealed, public, secret)) is not None}
            if list(opened) != [named]:
                out.append(f"{place} opens with {len(opened)} keys, {'not ' if named not in opened else ''}with the named one")
            elif opened[named] != self.texts[place]:
                out.append(f"{place} has another text")
        return out

    def must_be_whole(self):
        found = self.faults()
        assert not found, f"{len(found)}: " + "\n".join(found[:10])

    def in_place(self):
        with open(self.key) as f:
            secret = bytes.fromhex(f.read().strip())
        return public_of(secret).hex() == self.sql("SELECT value FROM setting WHERE name = 'seal_public_key'")[0][0]

    def tidy(self):
        """Old keys go, as somebody may do it: what is left must do."""
        for path in glob.glob(self.key + ".*"):
            if not path.endswith(".next"):
                os.unlink(path)


@contextlib.contextmanager
def rotating(count=SECRETS):
    with Home() as home:
        r = Rotating(home)
        r.fill(count)
        r.must_be_whole()
        yield r


@test("T62", "ten thousand secrets get a new key, and the old key alone opens none of them")
def many():
    with rotating(MANY) as r:
        began, old = time.monotonic(), r.keys()
        done = r.rotate()
        print(f"# {MANY + OTHERS} secrets: {time.monotonic() - began:.1f} s")
        assert done.returncode == 0 and f"{MANY + OTHERS} secrets" in done.stdout, done.stdout + done.stderr
        r.must_be_whole()
        assert r.in_place() and old.keys() < r.keys().keys()
        r.tidy()
        r.must_be_whole()


@test("T62", "killed at any moment: every secret opens with exactly one key, the one that the catalogue names")
def killed():
    chance = random.Random(62)
    with rotating() as r:
        whole, broken, next_left = 1000, 0, 0
        for _ in range(2):
            began = time.monotonic()
            assert r.rotate().returncode == 0
            whole = min(whole, time.monotonic() - began)
        for i in range(KILLS):
            broken += r.killed_after(chance.uniform(0, 1.1 * whole)) != 0
            next_left += os.path.exists(r.key + ".next")
            r.must_be_whole()
            if i % 5 == 0:
                doctor = r.lazarette("doctor")
                assert doctor.returncode == 0, doctor.stdout + doctor.stderr
            if r.in_place():
                r.tidy()
        print(f"# {KILLS} moments within {whole:.2f} s: {broken} were broken off, {next_left} left a key")
        assert broken > KILLS // 8
        assert r.rotate().returncode == 0 and r.in_place()
        r.must_be_whole()


@test("T62", "killed at each step: what has a password opens it at once, and the next start puts the key into its place")
def killed_at_places():
    with rotating() as r:
        for place in PLACES:
            r.tidy()
            before = r.keys().keys()
            done = r.rotate(env={"LAZARETTE_FAULT": place if ":" in place else place + ":kill"})
            assert done.returncode == -9, (place, done)
            r.must_be_whole()
            doctor = r.lazarette("doctor")
            assert doctor.returncode == 0, (place, doctor.stdout)
            if not r.in_place():
                assert place in ("rotate.committed", "seal.kept") and "still lies in" in doctor.stdout, (place, doctor.stdout)
                worker = r.h.start_worker()
                wait_until("the key to be in its place", r.in_place)
                r.h.kill(worker, 15)
                assert "event=worker.key" in r.h.log_text()
                r.must_be_whole()
            elif os.path.exists(r.key + ".next"):
                assert "broken off" in doctor.stdout, (place, doctor.stdout)
            assert before & r.keys().keys(), place


# What must follow what. No other sync of the catalogue's log comes before the new key is on disk.
ORDER = (r"fsync\(\d+<\S*worker\.key\.next\.\d+\.tmp>", r"rename.*worker\.key\.next\.\d+\.tmp.*worker\.key\.next\"", r"fsync\(\d+<\S*/keys>",
         r"sync\(\d+<\S*catalog\.db-wal>", r"link.*worker\.key\", .*worker\.key\.[0-9a-f]{8}\"", r"fsync\(\d+<\S*/keys>",
         r"rename.*worker\.key\.next\", .*worker\.key\"", r"fsync\(\d+<\S*/keys>")


def steps_missed(lines):
    """The first step that does not come behind the ones before it, or None."""
    at = 0
    for step in ORDER:
        found = next((i for i in range(at, len(lines)) if re.search(step, lines[i])), None)
        if found is None or ("wal" not in step and at < 3 and any("-wal" in line for line in lines[at:found])):
            return step
        at = found + 1
    return None


@test("T62", "the new key is on disk before the catalogue names it, the old one has its second name before it leaves its place")
def synced_in_order():
    with rotating(3) as r:
        log = r.h.home + "/calls"
        done = subprocess.run(["strace", "-qq", "-y", "-o", log, "-e", "trace=/sync|link|rename",
                               os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "secret-key", "rotate"],
                              env=r.h.environment(), capture_output=True, text=True, cwd="/")
        assert done.returncode == 0, done.stderr
        with open(log) as f:
            lines = f.read().splitlines()
        assert steps_missed(lines) is None, (steps_missed(lines), lines)
        # Control: without one kind of sync a step is missed.
        for kind in ("/keys>", ".tmp>", "-wal>"):
            assert steps_missed([line for line in lines if "sync(" not in line or kind not in line]), kind


@test("T62", "control: sealed one by one, outside of one transaction, a kill leaves secrets of two keys")
def one_by_one_control():
    with rotating() as r:
        done = r.rotate(env={"LAZARETTE_FAULT_CONTROL": "rotate.one_by_one", "LAZARETTE_FAULT": f"rotate.secret:kill:{SECRETS // 2}"})
        assert done.returncode == -9, done
        found = r.faults()
        assert SECRETS // 3 < len(found) < SECRETS and "not with the named one" in found[0], found[:3]


@test("T62", "passwords that are saved while the key changes are sealed to the key of the catalogue, or refused")
def saved_meanwhile():
    with rotating(100) as r:
        saved = refused = 0
        for i in range(8):
            p = subprocess.Popen([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "secret-key", "rotate"],
                                 env=r.h.environment(), stdout=subprocess.DEVNULL, cwd="/")
            while p.poll() is None:
                try:
                    r.h.tool("secret", "shop/live", "first", f"fresh {i}")
                    saved += 1
                    r.texts["service", 1] = f"fresh {i}".encode()
                except AssertionError as e:
                    assert "save again" in str(e), e
                    refused += 1
            assert p.returncode == 0
            r.tidy()
            r.must_be_whole()
            r.h.tool("secret", "shop/live", "first", f"after {i}")
            r.texts["service", 1] = f"after {i}".encode()
        print(f"# {saved} saved, {refused} refused")


@test("T62", "a lost, a foreign and an open key are refused in words; lost for good, others are typed again")
def lost_key():
    with rotating(3) as r:
        os.rename(r.key, r.h.home + "/aside")
        done = r.rotate()
        assert done.returncode == 1 and "does not exist: put the right one back from your copy" in done.stderr, done.stderr
        with open(r.key, "w") as f:
            f.write("00" * 31 + "01\n")
        os.chmod(r.key, 0o600)
        done = r.rotate()
        assert done.returncode == 1 and "belongs to another catalogue" in done.stderr, done.stderr
        doctor = r.lazarette("doctor")
        assert doctor.returncode == 1 and "belongs to another catalogue" in doctor.stdout, doctor.stdout
        os.chmod(r.key, 0o644)
        done = r.rotate()
        assert done.returncode == 77 and "chmod 600" in done.stderr, done.stderr
        os.chmod(r.key, 0o600)
        done = r.lazarette("secret-key", "rotate", "--lost")
        assert done.returncode == 0 and "shut: shop/live/s0: its key is lost" in done.stdout, done.stdout + done.stderr
        doctor = r.lazarette("doctor")
        assert doctor.returncode == 1 and "shop/live/s0: the secret does not open" in doctor.stdout, doctor.stdout
        r.h.tool("secret", "shop/live", "s0", "typed again")
        assert "shop/live/s0" not in r.lazarette("doctor").stdout
        os.rename(r.h.home + "/aside", r.key + ".found")
        assert r.lazarette("doctor").returncode == 0, "the key came back, and does not open what it did"


if __name__ == "__main__":
    main()
