#!/usr/bin/env python3
"""backup_command_test.py: lazarette backup: what there is, one of them, its files into this folder, and links to them."""
import contextlib
import hashlib
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
from urllib.parse import urlsplit

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Instance, main, test, wait_until  # noqa: E402
from shop import LIVE, make_media, make_sqlite  # noqa: E402

seen = {}


@contextlib.contextmanager
def place():
    """shop/live with a SQLite database and files, one backup; an empty folder to work in."""
    with Instance() as s:
        s.content, s.here = os.path.join(s.home, "content"), os.path.join(s.home, "here")
        os.makedirs(s.content + "/media")
        os.makedirs(s.here)
        make_media(s.content + "/media")
        make_sqlite(s.content + "/shop.sqlite")
        s.add_project("shop", "Shop")
        s.add_environment("shop", "live")
        s.add_environment("shop", "drill", "development")
        s.add_service(LIVE, "sqlite", "sqlite", path=s.content + "/shop.sqlite")
        s.add_service(LIVE, "media", "files", roots=s.content + "/media")
        seen["b"] = s.backup(LIVE, note="before 2.4")["id"]
        yield s


def run(s, *args, status=0, env=None):
    done = subprocess.run([s.program("lazarette"), "backup", *args], env=s.environment(env), cwd=s.here, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == status, (args, done)
    return done


def sum_of(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()


def here(s):
    return sorted(os.listdir(s.here))


def empty(s):
    for name in here(s):
        os.remove(os.path.join(s.here, name))


@test("SET-19", "the list and one backup: ids to download by; --json gives bytes and times")
def listed(s):
    lines = run(s, "list").stdout.splitlines()
    assert re.fullmatch(r"ID +Resource +Status +Created at +Size +Kind +Contents +Note", lines[0].strip()), lines
    assert re.match(rf"b{seen['b']} +shop/live +ready +\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\dZ +[\d.]+ [kM]?B +on-demand .*before 2\.4", lines[1]), lines
    one = json.loads(run(s, "list", LIVE, "--json").stdout)[0]
    row = s.sql("SELECT * FROM backup WHERE id = ?", seen["b"])[0]
    assert one["id"] == f"b{seen['b']}" and one["size"] == row["stored_bytes"] and one["uuid"] == row["uuid"], one
    seen["uuid"] = row["uuid"]
    assert json.loads(run(s, "list", "shop/drill", "--json").stdout) == []
    shown = run(s, "show", row["uuid"]).stdout
    assert f"ID           b{seen['b']}\n" in shown and "Part         media\n" in shown and "before 2.4" in shown, shown
    assert "there is no" in run(s, "show", "b999", status=66).stderr and "there is no" in run(s, "list", "shop", status=66).stderr
    assert "usage:" in run(s, "list", "--limit", "x", status=64).stderr and "usage:" in run(s, status=64).stderr


@test("SET-19", "one part is <id>.<ending>, several are <id>-<part>.<ending>; the sums are the catalogue's; record and check mark")
def downloaded(s):
    done = run(s, "download", f"b{seen['b']}", "--part", "sqlite")
    name = f"b{seen['b']}.sqlite"
    want = s.sql1("SELECT data_raw_sha256 FROM part WHERE backup = ? AND service_slug = 'sqlite'", seen["b"])
    assert here(s) == [name] and sum_of(os.path.join(s.here, name)) == want, here(s)
    assert re.search(rf"^b{seen['b']} +shop/live +ready ", done.stdout, re.M) and f"✔ {name}  " in done.stdout and want in done.stdout, done
    assert os.stat(os.path.join(s.here, name)).st_mode & 0o777 == 0o600
    empty(s)
    done = run(s, "download", seen["uuid"], "--format", "tar.gz")
    assert here(s) == [f"b{seen['b']}-media.tar.gz", f"b{seen['b']}-sqlite.sqlite"], here(s)
    for n in here(s):
        assert s.sql1("SELECT count(*) FROM download_file WHERE sha256 = ?", sum_of(os.path.join(s.here, n))) > 0, n
    subprocess.run(["tar", "-tzf", os.path.join(s.here, f"b{seen['b']}-media.tar.gz")], check=True, stdout=subprocess.DEVNULL)
    empty(s)
    refused = run(s, "download", f"b{seen['b']}", "--part", "nothing", status=66)
    assert "has no part nothing" in refused.stderr and here(s) == []
    assert "on the command line" in s.sql1("SELECT group_concat(detail) FROM event WHERE action = 'download.requested'")


@test("SET-20", "a name that is taken is refused before anything is prepared; -f replaces it")
def taken(s):
    path = os.path.join(s.here, f"b{seen['b']}.sqlite")
    with open(path, "w") as f:
        f.write("mine\n")
    before = s.sql1("SELECT count(*) FROM job")
    refused = run(s, "download", f"b{seen['b']}", "--part", "sqlite", status=1)
    assert "is there already; -f replaces it" in refused.stderr and refused.stdout == ""
    with open(path) as f:
        assert f.read() == "mine\n" and s.sql1("SELECT count(*) FROM job") == before
    for flag in ("-f", "--force"):
        with open(path, "w") as f:
            f.write("mine\n")
        run(s, "download", f"b{seen['b']}", flag, "--part", "sqlite")
        assert os.path.getsize(path) > 1000 and here(s) == [os.path.basename(path)]
    empty(s)


@test("SET-20", "one that dies on its way leaves no file of the final name, and the next one is whole")
def interrupted(s):
    for point in ("fetching.after_chunk", "fetching.before_publish"):
        run(s, "download", f"b{seen['b']}", "--part", "sqlite", status=-signal.SIGKILL, env={"LAZARETTE_FAULT": point + ":kill"})
        assert here(s) == [f"b{seen['b']}.sqlite.part"], here(s)
    run(s, "download", f"b{seen['b']}", "--part", "sqlite")
    assert here(s) == [f"b{seen['b']}.sqlite"]
    empty(s)


@test("SET-20", "control: written under its final name at once, a dead one leaves a part of the file there")
def control(s):
    run(s, "download", f"b{seen['b']}", "--part", "media", status=-signal.SIGKILL,
        env={"LAZARETTE_FAULT": "fetching.after_chunk:kill", "LAZARETTE_FAULT_CONTROL": "fetching.no_part"})
    name = f"b{seen['b']}.tar.zst"
    whole = s.sql1("SELECT bytes FROM download_file WHERE name LIKE '%.tar.zst' ORDER BY id DESC LIMIT 1")
    assert here(s) == [name] and os.path.getsize(os.path.join(s.here, name)) < whole, here(s)
    empty(s)


@test("SET-20", "control: a prepared file that is not what the catalogue says is not handed out")
def damaged(s):
    row = s.sql("SELECT * FROM download_file f WHERE name LIKE '%sqlite' AND path <> '' AND 1 = (SELECT count(*) FROM download_file o"
                " WHERE o.download = f.download) ORDER BY id DESC LIMIT 1")[0]
    path = os.path.join(s.home, "downloads", row["path"])
    with open(path, "rb") as f:
        whole = f.read()
    with open(path, "r+b") as f:
        f.seek(len(whole) // 2)
        f.write(bytes([whole[len(whole) // 2] ^ 1]))
    refused = run(s, "download", f"b{seen['b']}", "--part", "sqlite", status=1)
    assert f"revoke d{row['download']}" in refused.stderr and here(s) == [], (refused, here(s))
    with open(path, "wb") as f:
        f.write(whole)


def ask(url, method="GET", headers=None):
    at = urlsplit(url)
    c = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    c.request(method, at.path, headers=headers or {})
    answer = c.getresponse()
    body = answer.read()
    c.close()
    return answer, body


@test("SET-21", "--output plain prints one link a line and nothing else; HEAD gives the length, Range works, one download is all")
def plain(s):
    done = run(s, "download", f"b{seen['b']}", "--output", "plain")
    links = done.stdout.splitlines()
    assert len(links) == 2 and all(re.fullmatch(re.escape(s.base) + r"/dl/[\w-]{43}/f\d+/[\w.-]+", u) for u in links), links
    assert here(s) == []
    url = next(u for u in links if u.endswith(".sqlite"))
    row = s.sql("SELECT * FROM download_file WHERE id = ?", int(re.search(r"/f(\d+)/", url).group(1)))[0]
    answer, body = ask(url, "HEAD")
    assert answer.status == 200 and body == b"" and int(answer.getheader("Content-Length")) == row["bytes"], answer.headers
    answer, first = ask(url, headers={"Range": "bytes=0-99"})
    assert answer.status == 206 and len(first) == 100, answer.status
    assert ask(url.replace(".sqlite", ".other"))[0].status == 404
    answer, whole = ask(url)
    assert answer.status == 200 and hashlib.sha256(whole).hexdigest() == row["sha256"] and whole[:100] == first
    wait_until("the download to be counted", lambda: ask(url, "HEAD")[0].status == 410)
    token = re.search(r"/dl/([\w-]+)/", url).group(1)
    with open(s.home + "/catalog.db", "rb") as f:
        assert token.encode() not in f.read()
    assert s.sql1("SELECT max_uses FROM link ORDER BY id DESC LIMIT 1") == 1
    seen["media"] = next(u for u in links if not u.endswith(".sqlite"))


@test("SET-21", "--print-url prints a command that works")
def command(s):
    done = run(s, "download", f"b{seen['b']}", "--part", "sqlite", "--print-url")
    found = re.fullmatch(rf"curl -fL -o '(b{seen['b']}\.sqlite)' '(\S+)'\n", done.stdout)
    assert found, done.stdout
    subprocess.run(done.stdout, shell=True, check=True, cwd=s.here, capture_output=True)
    assert here(s) == [found.group(1)] and os.path.getsize(os.path.join(s.here, found.group(1))) > 1000
    empty(s)
    assert ask(seen["media"], "HEAD")[0].status == 200, "the link of another call went"


@test("SET-19", "what is not ready is refused with the reason; without a worker it says so and asks for nothing")
def refusals(s):
    os.rename(s.content + "/shop.sqlite", s.content + "/moved")
    failed = s.backup(LIVE, ["sqlite"], state="failed")["id"]
    os.rename(s.content + "/moved", s.content + "/shop.sqlite")
    assert f"b{failed}" in run(s, "download", f"b{failed}", status=1).stderr
    other = s.backup(LIVE, ["sqlite"])["id"]
    path = os.path.join(s.home, "store", s.sql1("SELECT data_key FROM part WHERE backup = ?", other))
    os.rename(path, path + ".away")
    refused = run(s, "download", f"b{other}", status=1)
    assert "could not be prepared: sqlite: " in refused.stderr and here(s) == [], refused
    s.stop_one("worker")
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=10)) as db:
        db.execute("UPDATE worker SET seen_at = seen_at - 120000")
        db.commit()
    before = s.sql1("SELECT count(*) FROM job")
    assert "no worker has reported" in run(s, "download", f"b{seen['b']}", status=75).stderr
    assert s.sql1("SELECT count(*) FROM job") == before and here(s) == []


if __name__ == "__main__":
    main(place)
