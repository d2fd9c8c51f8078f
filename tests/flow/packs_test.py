#!/usr/bin/python3
"""packs_test.py: files that take more than a pack has room for: one backup in several packs, with everything that is done with backups."""
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
from copying import Copying, flip, objects  # noqa: E402
from harness import main, test, wait_until  # noqa: E402
from places import commands, restore, tree  # noqa: E402
from shop import LIVE  # noqa: E402

LIMIT, FILES, SIZE = 16 << 20, 30, 1 << 20
STAGING = "shop/staging"
seen = {}


class Packs(Copying):
    """shop/live with 50 MB of files that do not compress, one of them larger than a pack; main and second are folders."""

    def __enter__(self):
        super().__enter__()
        self.media = self.content + "/media"
        for i in range(FILES):
            self.put(f"many/{i:02}.bin", SIZE)
        self.put("film.bin", LIMIT + 4 * SIZE)
        self.put("empty", 0)
        for i in range(FILES):
            os.link(f"{self.media}/many/{i:02}.bin", f"{self.media}/also-{i:02}.bin")
        os.symlink("many/00.bin", self.media + "/link")
        self.second = self.add_folder("second")
        self.add_environment("shop", "staging", kind="staging")
        os.makedirs(self.content + "/staging")
        self.add_service(STAGING, "media", "files", roots=self.content + "/staging")
        return self

    def put(self, name, size):
        os.makedirs(os.path.dirname(f"{self.media}/{name}"), exist_ok=True)
        with open(f"{self.media}/{name}", "wb") as f:
            f.write(os.urandom(size))
        os.utime(f.name, (1700000000, 1700000000))


def packs(s, backup):
    """The keys of its own packs, in their order, and of those of others."""
    part = s.sql("SELECT * FROM part WHERE backup = ? AND engine = 'files'", backup)[0]
    stem = part["data_key"].split(".")[0] + "-"
    keys = [r["key"] for r in s.sql("SELECT key FROM part_pack WHERE part = ?", part["id"])]
    own = sorted((k for k in keys if k.startswith(stem)), key=lambda k: int(k[len(stem):].split(".")[0]))
    return [part["data_key"]] + own, [k for k in keys if not k.startswith(stem)]


def size_of(s, key):
    return os.path.getsize(f"{s.home}/store/{key}")


@test("SCU-6", "a backup of more than a pack holds has several, each below the limit but for its last file, and nothing else is there")
def several(s):
    seen["tree"] = tree(s.media)
    first = s.backup(LIVE, ["media"])
    own, others = packs(s, first["id"])
    assert 3 <= len(own) <= 5 and not others, (own, others)
    sizes = [size_of(s, key) for key in own]
    assert sum(size > LIMIT + 65536 for size in sizes) <= 1 and max(sizes) < 2 * LIMIT + 8 * SIZE, sizes
    assert [os.path.basename(k).split(".", 1)[1] for k in own] == ["tar.zst.age"] * len(own), own
    with open(s.home + "/store/" + first["sidecar_key"], encoding="utf-8") as f:
        part = json.load(f)["parts"][0]
    assert [part["data"]["key"], *(p["key"] for p in part["packs"])] == own
    assert part["whole_bytes"] == part["data"]["raw_bytes"] + sum(p["raw_bytes"] - 1024 for p in part["packs"])
    assert first["stored_bytes"] == sum(sizes) + size_of(s, s.sql1("SELECT manifest_key FROM part WHERE backup = ?", first["id"]))
    with open(s.home + "/store/lazarette.json", encoding="utf-8") as f:
        assert json.load(f)["format"] == 2
    assert [k for k in objects(s.home + "/store") if ".tar.zst" in k and k not in own] == []
    seen.update(first=first["id"], own=own)
    s.doctor()


@test("SCU-6 SCU-12", "it is verified, and recovery is proved: rebuilt from its description, and all packs opened by tar")
def verified(s):
    s.act(seen["first"], f"/b/b{seen['first']}/verify")
    s.wait_job(s.newest("verify"), "succeeded")
    s.must(s.browser.submit(s.must(s.browser.get("/storage/main")).form("/prove"), "/storage/main"))
    s.wait_job(s.newest("prove"), "succeeded")
    proof = s.sql("SELECT * FROM proof")[0]
    assert (proof["differences"], proof["way"]) == (0, "minisign, age, zstd and tar"), dict(proof)


@test("SCU-6", "it is restored, and equal")
def restored(s):
    r = restore(s, seen["first"], STAGING, slugs=("media",), prepare=lambda f: f.fill(real_data=True))
    assert r["state"] == "done", dict(r)
    assert tree(s.content + "/staging") == seen["tree"]


@test("SCU-6", "it is downloaded in each format, whole; as tar.zst by its stored frames")
def downloaded(s):
    for form in ("tar", "tar.gz", "tar.zst", "zip"):
        number = s.request_download(seen["first"], form_format=form)
        s.wait_download(number)
        file = s.sql("SELECT * FROM download_file WHERE download = ?", number)[0]
        path = os.path.join(s.home, "downloads", file["path"])
        with tempfile.TemporaryDirectory() as folder:
            if form == "zip":
                subprocess.run(["bsdtar", "-xpf", path, "-C", folder], check=True)
            else:
                subprocess.run(["tar", "-xpf", path, "-C", folder], check=True)
            subprocess.run(["sha256sum", "-c", "--quiet", "SHA256SUMS"], cwd=folder, check=True)
            os.unlink(folder + "/SHA256SUMS")
            os.unlink(folder + "/MANIFEST")
            found, wanted = tree(folder), seen["tree"]
            assert found.keys() == wanted.keys()
            assert form == "zip" or all(found[p] == wanted[p] for p in wanted if p != "."), form
        if form == "tar.zst":
            frames = s.plain(seen["own"][1])[:-64]
            with open(path, "rb") as f:
                assert frames in f.read()


@contextlib.contextmanager
def away(s, keys):
    for key in keys:
        os.rename(f"{s.home}/store/{key}", f"{s.home}/store/{key}.away")
    yield
    for key in keys:
        os.rename(f"{s.home}/store/{key}.away", f"{s.home}/store/{key}")


def lines(s, backup):
    """Path and pack of each line of its manifest that has one."""
    key = s.sql1("SELECT manifest_key FROM part WHERE backup = ?", backup)
    text = subprocess.run(["zstd", "-dc"], input=s.plain(key), capture_output=True, check=True).stdout.decode()
    return re.findall(r"^\./(\S+) .* x-pack=(\S+)", text, re.M)


@test("PEER-24 SCU-6", "one file of its last pack is downloaded without the others")
def one(s):
    number = seen["first"]
    name = next(path for path, pack in lines(s, number) if pack == os.path.basename(seen["own"][-1]))
    folder, base = os.path.split(name)
    path = f"/b/b{number}/files?part=media&path={folder}"
    s.must(s.browser.get(path))
    wait_until("the list of files", lambda: "Reading the list" not in s.browser.get(path).text)
    entry = re.search(rf'name="entry" value="(\d+)" aria-label="Choose {base}"', s.browser.get(path).text).group(1)
    with away(s, seen["own"][:-1]):
        page = s.must(s.browser.get(f"/b/b{number}/download?part=media&path={folder}&entry={entry}"))
        s.must(s.browser.submit(page.form(field="format"), page.path, follow=False), 303)
        number = s.sql1("SELECT max(id) FROM download")
        s.wait_download(number)
    row = s.sql("SELECT * FROM download_file WHERE download = ?", number)[0]
    with open(os.path.join(s.home, "downloads", row["path"]), "rb") as f, open(f"{s.media}/{name}", "rb") as was:
        assert f.read() == was.read() and row["name"] == base, dict(row)


@test("SCU-6 DIV-8 PEER-5", "it comes back by the page's commands, and by the command line from the storage alone")
def by_hand(s):
    box = next(b for b in commands(s.browser.get(f"/b/b{seen['first']}")) if "restored-media" in b)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["sh", "-e", "-c", box], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and done.stdout.count(": OK") == len(seen["own"]), (box, done.stdout, done.stderr)
        assert tree(folder + "/restored-media") == seen["tree"]
        s.admin("restore", "--storage", s.home + "/store", f"b{seen['first']}", "--to-dir", folder + "/saved", "--identity",
                glob.glob(s.home + "/keys/*.identity")[0])
        assert tree(folder + "/saved/media") == seen["tree"]


@test("PEER-15 SCU-12", "it is copied with all its packs; one that is damaged is named, and healed from the copy")
def copied(s):
    s.act(seen["first"], f"/b/b{seen['first']}/copies/second")
    s.wait_copy(seen["first"], "second")
    assert set(seen["own"]) < set(objects(s.second))
    flip(f"{s.home}/store/{seen['own'][2]}", 5000)
    s.act(seen["first"], f"/b/b{seen['first']}/verify")
    job = s.newest("verify")
    s.wait_job(job)
    assert os.path.basename(seen["own"][2]) in s.log(job), s.log(job)
    wait_until("it to be whole again", lambda: not s.busy(seen["first"]) and s.sql1(
        "SELECT health FROM backup WHERE id = ?", seen["first"]) == "good", 60)
    assert objects(s.home + "/store").items() >= {k: v for k, v in objects(s.second).items() if k in seen["own"]}.items()


@test("NEW-5 PEER-11", "on another machine the catalogue is made again from the copies: the same packs, and it comes back from there")
def rebuilt(s):
    with tempfile.TemporaryDirectory() as home:
        def admin(*words):
            done = subprocess.run([s.program("lazarette"), "admin", *words], env={**s.environment(), "LAZARETTE_HOME": home},
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
            assert done.returncode == 0, (words, done.stdout, done.stderr)
            return done.stdout
        shutil.copytree(s.home + "/keys", home + "/keys")
        admin("init")
        shutil.copytree(s.second, home + "/far")
        assert "1 taken up" in admin("rebuild", "--storage", home + "/far", "--adopt")
        query = "SELECT key, raw_bytes, stored_bytes, stored_sha256, live_bytes FROM part_pack ORDER BY key"
        with contextlib.closing(sqlite3.connect(home + "/catalog.db")) as db:
            assert db.execute(query).fetchall() == [tuple(r.values()) for r in map(dict, s.sql(query))]
            assert db.execute("SELECT stored_bytes FROM backup").fetchall() == [
                (s.sql1("SELECT stored_bytes FROM backup WHERE id = ?", seen["first"]),)]
        admin("doctor")


def purge(s, *backups):
    """These have been in the trash for long; the worker looks at its start."""
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=10)) as db:
        db.executemany("UPDATE backup SET state = 'trashed', before_trash = 'ready', trashed_at = 1 WHERE id = ?",
                       [(b,) for b in backups])
        db.commit()
    s.stop_one("worker")
    s.start_worker()
    wait_until("the trash to be empty", lambda: not s.sql1("SELECT count(*) FROM backup WHERE state = 'trashed'"), 60)


@test("SCU-6", "the next backup stores what is new and points into each pack; with the first one gone it still comes back")
def built_on(s):
    for i in range(24):
        s.put(f"new/{i:02}.bin", SIZE)
    second = s.backup(LIVE, ["media"])
    own, others = packs(s, second["id"])
    assert 2 <= len(own) <= 3 and set(others) == set(seen["own"]), (own, others)
    purge(s, seen["first"])
    assert all(os.path.exists(f"{s.home}/store/{key}") for key in own + others)
    with tempfile.TemporaryDirectory() as folder:
        s.admin("restore", "--storage", s.home + "/store", f"b{second['id']}", "--to-dir", folder + "/saved", "--identity",
                glob.glob(s.home + "/keys/*.identity")[0])
        assert tree(folder + "/saved/media") == tree(s.media)
    seen.update(second=second["id"], later=own)
    s.doctor()


@test("SCU-6 SCU-14", "space is freed pack by pack: what nobody needs goes, its neighbours stay")
def freed(s):
    dead = seen["own"][1]
    gone = {os.stat(f"{s.media}/{path}").st_ino for path, pack in lines(s, seen["second"]) if pack == os.path.basename(dead)}
    for path in (os.path.join(base, f) for base, _, files in os.walk(s.media) for f in files):
        if os.lstat(path).st_ino in gone:
            os.unlink(path)
    third = s.backup(LIVE, ["media"])
    assert dead not in packs(s, third["id"])[1]
    purge(s, seen["second"])
    left = {k for k in objects(s.home + "/store") if ".tar.zst" in k}
    assert dead not in left and len(left & set(seen["own"])) >= len(seen["own"]) - 2, left
    with tempfile.TemporaryDirectory() as folder:
        s.admin("restore", "--storage", s.home + "/store", f"b{third['id']}", "--to-dir", folder + "/saved", "--identity",
                glob.glob(s.home + "/keys/*.identity")[0])
        assert tree(folder + "/saved/media") == tree(s.media)
    s.doctor()


@test("SCU-6", "control: with one of its packs gone it does not come back, and the doctor says which")
def control(s):
    last = s.sql1("SELECT max(id) FROM backup WHERE state = 'ready'")
    key = packs(s, last)[1][-1]
    os.unlink(f"{s.home}/store/{key}")
    told = s.admin("doctor", check=False)
    assert told.returncode != 0 and os.path.basename(key) in told.stdout, told.stdout


if __name__ == "__main__":
    main(lambda: Packs(conf="pack_size = 16MiB\n"))
