#!/usr/bin/python3
"""rebuild_test.py: the catalogue is lost, or a week old, and its backups are made again from the storage alone."""
import contextlib
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import Home, ROOT, VARIANT, main, make_sqlite, make_tree, test  # noqa: E402

WHERE = "shop/live"
REAL, BACKUPS = 4, 1000 if os.environ.get("ALL") else 200
LIMIT_S = 60                     # for a thousand

# What is not in a sidecar, and so not in a storage. `id` of a part and of what is above it are numbers for rows;
# the moments that a catalogue notes itself lie some milliseconds behind those of the sidecar.
OWN = {
    "project": {"id", "owners", "created_at"},
    "environment": {"id", "project", "created_at", "badge", "watchers", "pruned_at"},
    "service": {"id", "environment", "created_at", "sealed", "revision", "check_state", "check_text", "checked_at"},
    "backup": {"environment", "storage", "health", "verified_at", "finished_at", "requested_by", "keep_until", "rebuilt_at",
               "asked_by"},
    "part": {"id", "service", "finished_at", "verified_at"},
    "part_pack": {"part", "read_at"},
    "part_table": {"part"},
}
# The place of a row, by names that stay.
NAMES = {
    "project": "SELECT uuid AS place, * FROM project",
    "environment": "SELECT p.uuid || v.uuid AS place, v.* FROM environment v JOIN project p ON p.id = v.project",
    "service": "SELECT v.uuid || s.uuid AS place, s.* FROM service s JOIN environment v ON v.id = s.environment",
    "backup": "SELECT v.uuid || s.path || b.uuid AS place, b.* FROM backup b JOIN environment v ON v.id = b.environment"
              " JOIN storage s ON s.id = b.storage WHERE b.state = 'ready'",
    "part": "SELECT s.uuid || p.uuid AS place, p.* FROM part p JOIN service s ON s.id = p.service",
    "part_pack": "SELECT p.uuid || k.key AS place, k.* FROM part_pack k JOIN part p ON p.id = k.part",
    "part_table": "SELECT p.uuid || t.name AS place, t.* FROM part_table t JOIN part p ON p.id = t.part",
}


def rows_of(catalogue):
    with contextlib.closing(sqlite3.connect(f"file:{catalogue}?mode=ro", uri=True)) as c:
        c.row_factory = sqlite3.Row
        return {table: {r["place"]: {n: r[n] for n in r.keys() if n not in OWN[table]} for r in c.execute(query)}
                for table, query in NAMES.items()}


def differences(was, now):
    out = []
    for table in NAMES:
        out += [f"{table}: {place} is gone" for place in was[table].keys() - now[table].keys()]
        out += [f"{table}: {place} is too much" for place in now[table].keys() - was[table].keys()]
        out += [f"{table}: {place}: {n} was {v!r}, is {now[table][place][n]!r}"
                for place, row in was[table].items() if place in now[table]
                for n, v in row.items() if now[table][place][n] != v]
    return out


class Lost:
    """An instance with many signed, encrypted backups, and a copy of all that it has."""

    def __init__(self, home):
        self.h, self.store, self.catalogue = home, os.path.join(home.home, "store"), os.path.join(home.home, "catalog.db")
        self.kept = home.home + ".kept"

    # -- making -----------------------------------------------------------------------------------

    def make(self):
        h, data = self.h, os.path.join(self.h.home, "data")
        make_tree(data + "/media", 40)
        make_sqlite(data + "/app.db", 60)
        h.service(WHERE, "media", "files", roots=data + "/media", excludes="*.tmp")
        h.service(WHERE, "database", "sqlite", path=data + "/app.db")
        worker = h.start_worker()
        for i in range(REAL):
            make_tree(f"{data}/media/new{i}", 3)
            h.request(WHERE)
            h.wait_all()
        h.kill(worker, 15)
        assert h.sql1("SELECT count(*) FROM part_pack") > 0, "no backup needs packs of others"
        with contextlib.closing(sqlite3.connect(self.catalogue)) as c:
            for number in range(REAL + 1, BACKUPS + 1):
                self.clone(c, 1 + number % REAL, number)
            c.commit()
        self.rows = rows_of(self.catalogue)
        assert len(self.rows["backup"]) == BACKUPS
        shutil.copytree(h.home, self.kept, symlinks=True, copy_function=os.link)

    def clone(self, c, of, number):
        """A backup as if the worker had made it: its rows, its objects, its sidecar and what is signed of it."""
        ids = {}
        (name,) = glob.glob(f"{self.store}/{WHERE}/b{of}-*.json")
        with open(name) as f:
            text = f.read()
        sidecar = json.loads(text)
        for old in [sidecar["backup"]["uuid"]] + [p["uuid"] for p in sidecar["parts"]]:
            ids[old] = str(uuid.uuid4())
            text = text.replace(old, ids[old])
        made = json.loads(text)
        made["backup"]["number"] = number
        for old, new in zip(sidecar["parts"], made["parts"]):
            for what in ("data", "manifest"):
                if what in old:
                    os.link(os.path.join(self.store, old[what]["key"]), os.path.join(self.store, new[what]["key"]))
            if "manifest" in new:
                self.sign(new["manifest"]["key"])
        key = f"{WHERE}/b{number}-{made['backup']['uuid']}.json"
        with open(os.path.join(self.store, key), "w") as f:
            json.dump(made, f, indent=2)
        self.sign(key)
        sha256 = subprocess.run(["sha256sum", os.path.join(self.store, key)], capture_output=True, text=True).stdout[:64]
        self.copy_rows(c, "backup", f"id = {of}", id=number, uuid=made["backup"]["uuid"], sidecar_key=key, sidecar_sha256=sha256)
        self.copy_rows(c, "job", f"backup = {of} AND kind = 'backup'", id=None, uuid=str(uuid.uuid4()), backup=number,
                       idempotency_key=None)
        for part, old, old_uuid in [(p, r[0], r[1]) for p in made["parts"]
                                    for r in c.execute("SELECT id, uuid FROM part WHERE backup = ?", (of,)).fetchall()
                                    if ids[r[1]] == p["uuid"]]:
            new = self.copy_rows(c, "part", f"id = {old}", id=None, backup=number, uuid=ids[old_uuid],
                                 data_key=part["data"]["key"], manifest_key=part.get("manifest", {"key": ""})["key"])
            for table in ("part_pack", "part_table"):
                self.copy_rows(c, table, f"part = {old}", part=new)

    @staticmethod
    def copy_rows(c, table, which, **changed):
        names = [r[1] for r in c.execute(f"PRAGMA table_info({table})")]
        done = c.execute(f"INSERT INTO {table} SELECT {', '.join('?' if n in changed else n for n in names)} FROM {table}"
                         f" WHERE {which}", [changed[n] for n in names if n in changed])
        return done.lastrowid

    def sign(self, key):
        instance = self.owner()["instance_id"]
        path = os.path.join(self.store, key)
        subprocess.run(["minisign", "-S", "-W", "-s", self.h.home + "/keys/sign.key", "-m", path, "-t",
                        f"lazarette instance={instance} key={key} time=2026-01-01T00:00:00Z"], check=True, capture_output=True)

    # -- losing and looking -----------------------------------------------------------------------

    def owner(self):
        with open(self.store + "/lazarette.json") as f:
            return json.load(f)

    def back(self):
        """Everything is as it was made."""
        shutil.rmtree(self.h.home)
        shutil.copytree(self.kept, self.h.home, symlinks=True, copy_function=os.link)
        self.forget()
        shutil.copy(self.kept + "/catalog.db", self.catalogue)

    def forget(self):
        for name in glob.glob(self.catalogue + "*"):
            os.unlink(name)

    def lazarette(self, *words, env=None):
        return subprocess.run([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", *words], capture_output=True,
                              text=True, env=self.h.environment(env), cwd="/")

    def rebuild(self, *words, storage="main", env=None):
        return self.lazarette("rebuild", "--storage", storage, *words, env=env)

    def new_catalogue(self):
        self.forget()
        done = self.lazarette("init")
        assert done.returncode == 0, done.stderr

    def sidecar(self, number):
        return glob.glob(f"{self.store}/{WHERE}/b{number}-*.json")[0]

    def change(self, path, text):
        """Other bytes in the place of a file, whose copy stays as it is."""
        os.unlink(path)
        with open(path, "wb") as f:
            f.write(text)

    def sql(self, query):
        with contextlib.closing(sqlite3.connect(self.catalogue)) as c:
            found = c.execute(query).fetchall()
            c.commit()
            return found

    def picture(self):
        """Every file of the storage, and every row of the catalogue."""
        files = sorted((os.path.join(base, n), os.stat(os.path.join(base, n)).st_mtime_ns)
                       for base, _, names in os.walk(self.store) for n in names)
        with contextlib.closing(sqlite3.connect(self.catalogue)) as c:
            return files, list(c.iterdump())


@contextlib.contextmanager
def lost():
    with Home(keys=True) as home:
        left = Lost(home)
        try:
            left.make()
            yield left
        finally:
            shutil.rmtree(left.kept, ignore_errors=True)


@test("T28 PEER-11", "a catalogue that is gone: every row of every backup is there again, and the doctor finds it sound")
def gone(left):
    left.back()
    left.new_catalogue()
    began = time.monotonic()
    done = left.rebuild("--adopt")
    took = time.monotonic() - began
    assert done.returncode == 0 and f"{BACKUPS} taken up" in done.stdout, done.stdout + done.stderr
    assert f"no schedule: {WHERE}" in done.stdout and left.owner()["instance_id"] in done.stdout, done.stdout
    found = differences(left.rows, rows_of(left.catalogue))
    assert not found, f"{len(found)}: " + "\n".join(found[:10])
    assert left.sql("SELECT DISTINCT requested_by, asked_by FROM backup") == [(None, "admin@example.org")]
    assert took < LIMIT_S * (1 if VARIANT == "test" else 4), f"{took:.1f} s"
    print(f"# {BACKUPS} backups, {sum(map(len, left.rows.values()))} rows, {took:.2f} s")
    doctor = left.lazarette("doctor", "--strict")
    assert doctor.returncode == 0, doctor.stdout


@test("PEER-11", "nothing but descriptions and signatures is opened for it; control: a restore from there opens the others")
def descriptions_alone(left):
    left.back()
    left.new_catalogue()
    log = os.path.join(left.h.home, "opened")

    def opened(*words):
        argv = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=open,openat,openat2", "-o", log,
                os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", *words]
        done = subprocess.run(argv, capture_output=True, text=True, env=left.h.environment(), cwd="/")
        assert done.returncode == 0, done.stdout + done.stderr
        with open(log, errors="replace") as f:
            names = re.findall(r'open\w*\([^"]*"([^"]*)"', f.read())
        return {".".join(os.path.basename(n).split(".")[1:]) for n in names if re.match(r"(b\d+-)?[0-9a-f]{8}-", os.path.basename(n))}

    kinds = opened("rebuild", "--storage", "main", "--adopt")
    assert "json" in kinds and kinds <= {"json", "json.minisig", "json.tmp"}, kinds
    out = os.path.join(left.h.home, "out")
    kinds = opened("restore", "--storage", left.store, f"b{REAL}", "--service", "media", "--to-dir", out,
                   "--identity", glob.glob(left.h.home + "/keys/*.identity")[0])
    assert any(kind.startswith("tar.zst") for kind in kinds), kinds


@test("T28 PEER-11 NEW-5", "a worker restores from the rebuilt catalogue, and the next backup goes on with the next number")
def goes_on(left):
    left.back()
    left.new_catalogue()
    assert left.rebuild("--adopt").returncode == 0
    with contextlib.closing(sqlite3.connect(left.catalogue)) as c:
        c.execute("ATTACH ? AS old", (left.kept + "/catalog.db",))
        c.execute("INSERT INTO account SELECT * FROM old.account")
        c.commit()
    media = os.path.join(left.h.home, "data", "media")
    shutil.rmtree(media)
    os.mkdir(media)
    worker = left.h.start_worker()
    try:
        (restore, job), = left.h.tool("restore", REAL, WHERE, "replace")
        assert left.h.wait_job(int(job))["state"] == "succeeded", left.h.log_text()
        (job,), = left.h.tool("confirm", restore)
        assert left.h.wait_job(int(job))["state"] == "succeeded", left.h.log_text()
        assert sum(len(n) for _, _, n in os.walk(media)) == 40 + 3 * REAL
        (backup, job), = left.h.request(WHERE)
        assert backup == BACKUPS + 1 and left.h.wait_job(job)["state"] == "succeeded", (backup, left.h.log_text())
    finally:
        left.h.kill(worker, 15)
    assert left.rebuild().returncode == 0


def forget_after(left, last):
    """The catalogue as it was when this backup was its newest."""
    for table in ("part_pack", "part_table"):
        left.sql(f"DELETE FROM {table} WHERE part IN (SELECT id FROM part WHERE backup > {last})")
    for table in ("part", "job"):
        left.sql(f"DELETE FROM {table} WHERE backup > {last}")
    left.sql(f"DELETE FROM backup WHERE id > {last}")


@test("T28 PEER-11", "a catalogue of a week ago: what came since is there again, what it has is left alone, also a second time")
def rolled_back(left):
    left.back()
    last = BACKUPS - BACKUPS // 4
    forget_after(left, last)
    left.sql("UPDATE backup SET note = 'mine', keep = 1 WHERE id = 2")
    before = left.picture()
    dry = left.rebuild("--dry-run")
    assert dry.returncode == 0 and f"{BACKUPS - last} would be taken up" in dry.stdout, dry.stdout + dry.stderr
    assert left.picture() == before, "a dry run has changed something"
    done = left.rebuild()
    assert done.returncode == 0 and f"{BACKUPS - last} taken up, {last} there" in done.stdout, done.stdout + done.stderr
    assert left.sql("SELECT note, keep FROM backup WHERE id = 2") == [("mine", 1)]
    left.sql("UPDATE backup SET note = '', keep = 0 WHERE id = 2")
    assert left.sql("SELECT DISTINCT a.email, b.asked_by FROM backup b JOIN account a ON a.id = b.requested_by") == [
        ("admin@example.org", "")]
    found = differences(left.rows, rows_of(left.catalogue))
    assert not found, "\n".join(found[:10])
    assert left.lazarette("doctor", "--strict").returncode == 0
    before = left.picture()
    again = left.rebuild()
    assert again.returncode == 0 and f"0 taken up, {BACKUPS} there" in again.stdout, again.stdout
    assert left.picture() == before, "a second time has changed something"


def flip(left, number):
    path = left.sidecar(number)
    with open(path, "rb") as f:
        text = f.read()
    left.change(path, text.replace(b'"note": ""', b'"note": "x"'))
    return os.path.basename(path)


@test("T28 PEER-16", "a sidecar that was changed, moved or signed by nobody is named and not taken; all others are")
def changed(left):
    left.back()
    left.new_catalogue()
    flipped, moved = flip(left, 3), left.sidecar(4)
    os.rename(moved, moved.replace("b4-", "b9999-"))
    os.rename(moved + ".minisig", moved.replace("b4-", "b9999-") + ".minisig")
    os.unlink(left.sidecar(5) + ".minisig")
    done = left.rebuild("--adopt")
    assert done.returncode == 1 and f"{BACKUPS - 3} taken up, 0 there already, 3 not taken" in done.stdout, done.stdout
    for name in (flipped, "b9999-", "b5-"):
        assert [x for x in done.stdout.splitlines() if x.startswith("not taken: ") and name in x], done.stdout
    assert left.sql("SELECT count(*) FROM backup WHERE id IN (3, 4, 5, 9999)") == [(0,)]
    done = left.rebuild("--unsigned")
    assert "1 taken up" in done.stdout and left.sql("SELECT id FROM backup WHERE id IN (3, 4, 5, 9999)") == [(5,)], done.stdout


@test("T28", "control: without the check of signatures the changed sidecar is taken")
def changed_control(left):
    left.back()
    left.new_catalogue()
    flip(left, 3)
    done = left.rebuild("--adopt", env={"LAZARETTE_FAULT_CONTROL": "signature.unchecked"})
    assert left.sql("SELECT note FROM backup WHERE id = 3") == [("x",)], done.stdout


def take_key_out(left):
    """As whoever can write in the storage can do it; gives what was there."""
    owner = left.owner()
    key = owner.pop("signing_key")
    left.change(left.store + "/lazarette.json", json.dumps(owner).encode())
    return key


@test("T28 PEER-16", "the signing key is taken out of lazarette.json and a sidecar is changed: refused, with why, as without that")
def key_taken_out(left):
    left.back()
    forget_after(left, BACKUPS - 3)
    take_key_out(left)
    flipped = flip(left, BACKUPS)
    os.unlink(left.sidecar(BACKUPS - 1) + ".minisig")
    done = left.rebuild()
    assert done.returncode == 1 and f"1 taken up, {BACKUPS - 3} there already, 2 not taken" in done.stdout, done.stdout + done.stderr
    for name, why in ((flipped, "changed after it was signed"), (f"b{BACKUPS - 1}-", "is not signed")):
        assert [x for x in done.stdout.splitlines() if x.startswith("not taken: ") and name in x and why in x], done.stdout
    assert left.sql(f"SELECT id FROM backup WHERE id > {BACKUPS - 3}") == [(BACKUPS - 2,)]
    # By the name of its storage it is not restored either; of a folder alone it is told that nothing was checked.
    out = os.path.join(left.h.home, "out")
    words = ("--service", "database", "--identity", glob.glob(left.h.home + "/keys/*.identity")[0], "--to-dir")
    done = left.lazarette("restore", "--storage", "main", f"b{BACKUPS}", *words, out)
    assert done.returncode == 1 and "changed after it was signed" in done.stderr and not os.path.exists(out), done
    done = left.lazarette("restore", "--storage", left.store, f"b{BACKUPS}", *words, out)
    assert done.returncode == 0 and "not checked: this storage names no signing key" in done.stdout, done


@test("T28 PEER-16", "nor is such a storage adopted before a person has said what signed it; our key counts then, too")
def key_taken_out_adopted(left):
    left.back()
    left.new_catalogue()
    key, flipped = take_key_out(left), flip(left, 3)
    for words in (("--adopt",), ("--adopt", "--dry-run")):
        done = left.rebuild(*words)
        assert done.returncode == 1 and "names no signing key" in done.stderr and "--unsigned" in done.stderr, done
    assert left.sql("SELECT count(*) FROM backup") == [(0,)]
    for words in (("--signing-key", key), ("--unsigned",)):
        done = left.rebuild("--adopt", "--dry-run", *words)
        assert f"{BACKUPS - 1} would be taken up, 0 there already, 1 not taken" in done.stdout and flipped in done.stdout, done


@test("T28", "control: without the check of signatures it is taken")
def key_taken_out_control(left):
    left.back()
    forget_after(left, BACKUPS - 3)
    take_key_out(left)
    flip(left, BACKUPS)
    done = left.rebuild(env={"LAZARETTE_FAULT_CONTROL": "signature.unchecked"})
    assert left.sql(f"SELECT note FROM backup WHERE id = {BACKUPS}") == [("x",)], done.stdout


@test("T28", "a sidecar that names what is no object of a backup, or of another place, is not taken, whoever has signed it")
def named_elsewhere(left):
    left.back()
    left.new_catalogue()
    files = {2: "lazarette.json", 3: "README.txt", 4: os.path.relpath(left.sidecar(1), left.store)}
    with open(left.sidecar(1)) as f:
        files[5] = json.load(f)["parts"][0]["data"]["key"]
    for number, key in files.items():
        path = left.sidecar(number)
        with open(path) as f:
            sidecar = json.load(f)
        sidecar["parts"][0]["data"]["key"] = key
        left.change(path, json.dumps(sidecar).encode())
        os.unlink(path + ".minisig")
        left.sign(os.path.relpath(path, left.store))
    done = left.rebuild("--adopt")
    assert f"{BACKUPS - 4} taken up, 0 there already, 4 not taken" in done.stdout, done.stdout + done.stderr
    for number, key in files.items():
        assert [x for x in done.stdout.splitlines() if f"b{number}-" in x and f"names '{key}', where no backup" in x], done.stdout


@test("T28", "after a rename the packs of older backups stay below the slugs of before: such a backup is taken up")
def renamed(_):
    with Home(keys=True) as home:
        own, media = Lost(home), home.home + "/media"
        make_tree(media, 40)
        home.service(WHERE, "media", "files", roots=media, excludes="")
        worker = home.start_worker()
        home.request(WHERE)
        home.wait_all()
        for table, slug in (("service", "pictures"), ("environment", "prod"), ("project", "store")):
            own.sql(f"UPDATE {table} SET slug = '{slug}'")
        make_tree(media + "/new", 3)
        home.request("store/prod")
        home.wait_all()
        home.kill(worker, 15)
        (key,), = own.sql("SELECT key FROM part_pack")
        assert key.startswith(WHERE + "/media/"), key
        own.new_catalogue()
        done = own.rebuild("--adopt")
        assert done.returncode == 0 and "2 taken up" in done.stdout, done.stdout + done.stderr
        assert own.sql("SELECT key FROM part_pack") == [(key,)]


@test("T28", "objects that are gone or shorter are told, and their backups are missing or damaged, as a look through says it")
def not_whole(left):
    left.back()
    left.new_catalogue()
    keys = {}
    for number in (2, 3):
        with open(left.sidecar(number)) as f:
            keys[number] = next(p for p in json.load(f)["parts"] if p["service"]["slug"] == "database")["data"]["key"]
    os.unlink(os.path.join(left.store, keys[2]))
    left.change(os.path.join(left.store, keys[3]), b"short")
    done = left.rebuild("--adopt")
    assert done.returncode == 1 and f"{BACKUPS} taken up" in done.stdout, done.stdout
    assert f"missing: {keys[2]}: it is gone; backup b2 needs it" in done.stdout, done.stdout
    assert f"damaged: {keys[3]}: it has 5 bytes where backup b3" in done.stdout, done.stdout
    assert left.sql("SELECT id, health FROM backup WHERE health <> 'unknown'") == [(2, "missing"), (3, "damaged")]
    assert left.sql("SELECT kind, backup FROM finding ORDER BY backup") == [("missing", 2), ("damaged", 3)]


@test("T28", "killed in between: nothing half is there, and the next time everything comes")
def killed(left):
    left.back()
    left.new_catalogue()
    done = left.rebuild("--adopt", env={"LAZARETTE_FAULT": f"regain.backup:kill:{BACKUPS // 2}"})
    assert done.returncode == -9, done
    assert left.sql("SELECT (SELECT count(*) FROM backup), (SELECT count(*) FROM service)") == [(0, 0)]
    assert left.rebuild("--adopt").returncode == 0
    assert not differences(left.rows, rows_of(left.catalogue))


@test("T28 PEER-11", "another instance's storage is refused; adopting it is for one without backups; neither touches the other's")
def two_instances(left):
    left.back()
    with Home() as other:
        data = other.home + "/data"
        make_tree(data, 3)
        other.service("site/live", "files", "files", roots=data, excludes="")
        before = left.picture()
        theirs = Lost(other)
        refused = theirs.rebuild(storage=left.store)
        assert refused.returncode == 1 and "belongs to another Lazarette" in refused.stderr and "--adopt" in refused.stderr
        worker = other.start_worker()
        other.request("site/live")
        other.wait_all()
        other.kill(worker, 15)
        refused = theirs.rebuild("--adopt", storage=left.store)
        assert refused.returncode == 1 and "backups of its own" in refused.stderr, refused.stderr
        # A worker pointed there does not write either.
        other.tool("init", check=False)
        with contextlib.closing(sqlite3.connect(other.home + "/catalog.db")) as c:
            c.execute("UPDATE storage SET path = ?", (left.store,))
            c.commit()
        worker = other.start_worker()
        (_, job), = other.request("site/live")
        ended = other.wait_job(job)
        other.kill(worker, 15)
        assert ended["state"] == "failed" and "another Lazarette" in ended["error"], ended
        assert left.picture() == before, "the other instance has touched something"


@test("PEER-11 PEER-16", "with the keys lost, too, nobody adopts by accident; the old public key does it, and verifying stays good")
def without_keys(left):
    left.back()
    shutil.copy(left.store + "/lazarette.pub", left.h.home + "/old.pub")
    shutil.rmtree(left.h.home + "/keys")
    left.new_catalogue()
    refused = left.rebuild("--adopt")
    assert refused.returncode == 1 and "another signing key" in refused.stderr, refused.stdout + refused.stderr
    assert left.sql("SELECT count(*) FROM backup") == [(0,)]
    done = left.rebuild("--adopt", "--signing-key", left.h.home + "/old.pub")
    assert done.returncode == 0 and "keep the old public key" in done.stdout, done.stdout + done.stderr
    with contextlib.closing(sqlite3.connect(left.catalogue)) as c:
        c.execute("ATTACH ? AS old", (left.kept + "/catalog.db",))
        c.execute("INSERT INTO account SELECT * FROM old.account")
        c.commit()
    worker = left.h.start_worker()
    (job,), = left.h.tool("verify", 2)
    ended = left.h.wait_job(int(job))
    left.h.kill(worker, 15)
    assert ended["state"] == "succeeded", ended
    assert left.sql("SELECT health FROM backup WHERE id = 2") == [("good",)]
    assert left.sql("SELECT count(*) FROM job_log WHERE text LIKE '%which is no key of this instance%'")[0][0] > 0


@test("PEER-11", "a folder by its path becomes a storage; one without lazarette.json, or that is not there, is refused in words")
def by_path(left):
    left.back()
    left.new_catalogue()
    moved = os.path.join(left.h.home, "old-disk")
    os.rename(left.store, moved)
    os.mkdir(left.store)
    for storage, words in ((left.store, "lazarette.json"), ("/nowhere/at/all", "nowhere"), ("nothing", "no storage 'nothing'")):
        done = left.rebuild("--adopt", storage=storage)
        assert done.returncode == 1 and words in done.stderr, done.stderr
    done = left.rebuild("--adopt", storage=moved)
    assert done.returncode == 0, done.stdout + done.stderr
    assert left.sql("SELECT slug, path FROM storage ORDER BY id") == [("main", left.store), ("old-disk", moved)]
    assert left.sql("SELECT count(*), min(storage) FROM backup") == [(BACKUPS, 2)]


if __name__ == "__main__":
    main(lost)
