#!/usr/bin/python3
"""runbook_test.py: README.txt of a storage is executed, line by line, with Debian's tools and nothing of ours."""
import contextlib
import glob
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import main, test  # noqa: E402
from pg import newest_bin  # noqa: E402
from shop import LIVE, ROWS, shop  # noqa: E402

TOOLS = ("age", "minisign", "zstd", "jq", "sqlite3", "sh", "sed", "tar")
seen = {}


def tools(folder):
    """A folder with age, minisign, zstd, jq, sqlite3, tar, sh, sed, coreutils and PostgreSQL's client: all that may run."""
    os.mkdir(folder)
    listed = subprocess.run(["dpkg", "-L", "coreutils"], capture_output=True, text=True, check=True).stdout.split("\n")
    found = [path for path in listed if re.fullmatch(r"(/usr)?/bin/[\w\[-]+", path)]
    found += [shutil.which(name) for name in TOOLS]
    found += [os.path.join(newest_bin(), name) for name in ("createdb", "pg_restore", "psql")]
    for path in found:
        with contextlib.suppress(FileExistsError):
            os.symlink(path, os.path.join(folder, os.path.basename(path)))
    return folder


def commands_of(text):
    """The commands of the part "Step by step": lines that begin in the eighth column, those further right go on."""
    out = []
    for line in text.split("Step by step", 1)[1].split("\n"):
        if line.startswith(" " * 8):
            out[-1] += "\n" + line
        elif line.startswith(" " * 7):
            out.append(line.strip())
    return out


def filled(command, sidecar, key):
    """Its placeholders, with the names that the sidecar has."""
    keys = {}
    for part in sidecar["parts"]:
        for what in ("data", "manifest"):
            if what in part:
                path = part[what]["key"].removesuffix(".age")
                keys[path[path.index(".", path.rindex("/")):]] = path
    def name(m):
        path = keys[m.group(2)]
        return path.removesuffix(m.group(2)) + m.group(1) + m.group(2)
    command = re.sub(r"shop/live/\w+/<id>(\*?)(\.[a-z]+\.zst)", name, command)
    return command.replace("b101-", f"b{sidecar['backup']['number']}-").replace(" KEY ", f" {key} ")


def run(s, store, command, path):
    env = dict(s.pg.env("postgres"), PATH=path, LC_ALL="C.UTF-8", HOME=store)
    return subprocess.run([path + "/sh", "-c", command], cwd=store, env=env, capture_output=True, text=True, timeout=60)


def restored_files(s, store):
    for path, data in s.media.items():
        try:
            with open(os.path.join(store, "restored", path), "rb") as f:
                if f.read() != data:
                    return False
        except FileNotFoundError:
            return False
    return True


def execute(s, number, text, key):
    """Every command of the text for this backup, in a copy of the storage; gives the first that fails, and what was seen."""
    with tempfile.TemporaryDirectory() as folder:
        store, path = os.path.join(folder, "store"), tools(os.path.join(folder, "bin"))
        shutil.copytree(s.home + "/store", store)
        with open(glob.glob(f"{store}/shop/live/b{number}-*.json")[0], encoding="utf-8") as f:
            sidecar = json.load(f)
        found = {"commands": 0}
        s.pg.sql("DROP DATABASE IF EXISTS restored", "postgres")
        for command in commands_of(text):
            if "restored" in command and "media" in command:
                shutil.rmtree(store + "/restored", ignore_errors=True)
            done = run(s, store, filled(command, sidecar, key), path)
            if done.returncode != 0:
                return f"{command}\n{done.stdout}{done.stderr}", found
            found["commands"] += 1
            found["signed"] = found.get("signed") or f"key=shop/live/b{number}-" in done.stdout
            if "media" in command and "restored" in command:
                found["sh" if command.startswith("sh ") else "tar"] = restored_files(s, store)
        found["rows"] = s.pg.sql("SELECT count(*) FROM product", "restored")
        with contextlib.closing(sqlite3.connect(store + "/restored.sqlite")) as db:
            found["customers"] = db.execute("SELECT count(*) FROM customer").fetchone()[0]
        with open(store + "/files.txt", encoding="utf-8") as f:
            found["list"] = f.read().startswith("#mtree\n")
        return None, found


def readme(s):
    with open(s.home + "/store/README.txt", encoding="utf-8") as f:
        return f.read()


@test("NEW-1 PEER-16", "each command of README.txt works on an encrypted, signed backup, with the server's identity")
def with_the_identity(s):
    seen["first"] = s.backup(LIVE, note="by the book")["id"]
    text, key = readme(s), glob.glob(s.home + "/keys/*.identity")[0]
    assert len(commands_of(text)) >= 12, commands_of(text)
    failed, found = execute(s, seen["first"], text, key)
    assert failed is None, failed
    assert found["signed"] and found["tar"] and found["sh"] and found["list"], found
    assert (found["rows"], found["customers"]) == (str(ROWS), ROWS), found


@test("NEW-1 SCU-6", "and on one whose files lie in the packs of two")
def with_packs(s):
    with open(s.content + "/media/a.txt", "wb") as f:
        f.write(s.media["a.txt"][::-1])
    s.media["a.txt"] = s.media["a.txt"][::-1]
    second = s.backup(LIVE)["id"]
    assert s.sql1("SELECT count(*) FROM part_pack JOIN part ON part.id = part WHERE backup = ?", second) == 1
    failed, found = execute(s, second, readme(s), glob.glob(s.home + "/keys/*.identity")[0])
    assert failed is None and found["sh"] and not found["tar"], (failed, found)   # the last: that there is a difference


@test("NEW-1 SCU-6", "and on a full one whose files lie in several packs of its own")
def with_several(s):
    s.configure("pack_size = 16MiB\n")
    s.stop_one("worker")
    s.start_worker()
    for i in range(9):
        s.media[f"large-{i}"] = os.urandom(3 << 20)
        with open(f"{s.content}/media/large-{i}", "wb") as f:
            f.write(s.media[f"large-{i}"])
    path = f"/p/{LIVE}/backups/new"
    form = s.must(s.browser.get(path)).form(field="services").fill(anew=True)
    s.must(s.browser.submit(form, path, follow=False), 303)
    job = s.sql("SELECT id, backup FROM job ORDER BY id DESC LIMIT 1")[0]
    s.wait_job(job["id"], "succeeded")
    assert s.sql1("SELECT count(*) FROM part_pack k JOIN part p ON p.id = part WHERE backup = ? AND instr(key, p.uuid) > 0", job["backup"]) == 1
    failed, found = execute(s, job["backup"], readme(s), glob.glob(s.home + "/keys/*.identity")[0])
    assert failed is None and found["sh"] and found["tar"], (failed, found)
    failed, found = execute(s, job["backup"], readme(s).replace("<id>*.tar", "<id>.tar"), glob.glob(s.home + "/keys/*.identity")[0])
    assert failed is None and not found["tar"], (failed, found)   # that it needs the second


@test("NEW-1 NEW-5", "control: a README.txt with one wrong command is found out, and so is a key that opens nothing")
def control(s):
    text, key = readme(s), glob.glob(s.home + "/keys/*.identity")[0]
    for wrong in (text.replace("zstd -dc shop/live/db", "zstd -c shop/live/db"), text.replace("| pg_restore", "| pg_dump"),
                  text.replace("sha256sum -c", "sha1sum -c")):
        assert wrong != text
        assert execute(s, seen["first"], wrong, key)[0] is not None, "it was not noticed"
    with tempfile.NamedTemporaryFile("w", suffix=".identity") as other:
        other.write(subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout)
        other.flush()
        failed, _ = execute(s, seen["first"], text, other.name)
        assert failed is not None and failed.startswith("for f in"), failed


if __name__ == "__main__":
    main(shop)
