#!/usr/bin/python3
"""rewrap_test.py: after a change of the keys a job lets the new ones open what was stored before; the old key can go."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from copying import Copying, flip, objects  # noqa: E402
from harness import main, test  # noqa: E402
from places import restore  # noqa: E402
from remotes import Bucket, Sftp, trust  # noqa: E402

seen = {}


class Rewrapping(Copying):
    """shop/live in main, a folder; cloud, a bucket; and far, an SFTP server."""

    def __init__(self):
        super().__init__(env={"LAZARETTE_FAULT_CONTROL": "slot.settled_at_once"})

    def __enter__(self):
        self.bucket, self.server = Bucket(), Sftp()
        super().__enter__()
        self.must(self.add_bucket("cloud", "test", **self.bucket.fields))
        self.last_test("succeeded")
        self.must(self.add_server("far", "test", **self.server.fields))
        self.last_test("failed")
        trust(self, "far")
        self.last_test("succeeded")
        self.store = self.home + "/store"
        return self

    def __exit__(self, *what):
        super().__exit__(*what)
        self.bucket.stop()
        self.server.stop()

    def recipient(self):
        return self.sql1("SELECT value FROM setting WHERE name = 'age_recipient'")

    def identity(self, public):
        return f"{self.home}/keys/{public[:12]}.identity"

    def rotate(self):
        """Gives the old key, whose file goes out of reach, the new one, and the jobs."""
        old = self.recipient()
        said = self.admin("keys", "rotate").stdout
        return old, self.recipient(), [int(n) for n in re.findall(r"j(\d+) makes", said)]

    def away(self, public):
        os.rename(self.identity(public), f"{self.home}/{public[:12]}.away")

    def back(self, public):
        os.rename(f"{self.home}/{public[:12]}.away", self.identity(public))

    def trail(self, after=0):
        """What the audit trail has since then of keys."""
        rows = self.sql("SELECT * FROM event WHERE id > ? AND action IN ('keys.changed', 'storage.rewrapped') ORDER BY id", after)
        assert all((r["actor"], r["detail"]) == ("system", "on the command line") for r in rows), [dict(r) for r in rows]
        return [(r["action"], r["target"]) for r in rows]

    def rewrap(self, *words, state="succeeded"):
        """The last line of each job's log, and the last job's row."""
        jobs = [int(n) for n in re.findall(r"j(\d+) makes", self.admin("keys", "rewrap", *words).stdout)]
        rows = [self.wait_job(job, state) for job in jobs]
        return [self.log(job) for job in jobs], rows[-1]

    def headers(self):
        return {k: v for k, v in objects(self.store).items() if k.endswith(".header")}

    def verify(self, number, state="succeeded"):
        self.act(number, f"/b/b{number}/verify")
        job = self.newest("verify")
        self.wait_job(job, state)
        return self.log(job)


@test("T62 PEER-16", "control: with the old key away and nothing wrapped the restore is refused with the key's name")
def control(s):
    s.must(s.choose_copies("", "cloud"))
    seen["first"] = s.run_plan()["id"]
    s.wait_copy(seen["first"], "cloud")
    s.write("as it became")
    seen["second"] = s.run_plan()["id"]
    s.wait_copy(seen["second"], "cloud")
    seen["before"] = objects(s.store)
    s.stop_one("worker")
    old, new, jobs = s.rotate()
    seen["keys"] = [old, new]
    assert len(jobs) == 2, jobs
    assert s.trail() == [("keys.changed", ""), ("storage.rewrapped", "main"), ("storage.rewrapped", "cloud")], s.trail()
    s.away(old)
    s.start_worker()
    for job in jobs:
        row = s.wait_job(job, "failed")
        assert old in row["error"] and f"{old[:12]}.identity" in row["error"] and "do not open with the present keys" in row["error"], row
    page = s.must(s.browser.get("/storage/main"))
    assert "Not all that is stored here opens with the present key." in page.words and old in page.words, page.words[:2000]
    assert "It was stored for an older key" in s.must(s.browser.get(f"/b/b{seen['first']}")).words
    assert not s.headers() and not [k for k in s.bucket.objects() if k.endswith(".header")]
    number = s.request_download(seen["second"])
    row = s.wait_job(s.sql1("SELECT max(id) FROM job WHERE download = ?", number), "failed")
    assert old in row["error"] and "is not here" in row["error"], row["error"]
    s.back(old)


@test("T62 PEER-16", "wrapped, the old key goes: restore, download, verify and proof work in the folder and in the bucket; no object has changed")
def wrapped(s):
    old, new = seen["keys"]
    said, _ = s.rewrap()
    count = sum(k.endswith(".age") for k in seen["before"])
    assert all(f"{count} objects were wrapped for the present keys, 0 were fine, 0 could" in text for text in said), said
    assert {k: v for k, v in objects(s.store).items() if not k.endswith(".header")} == seen["before"]
    assert {k.removesuffix(".header") for k in s.headers()} == {k for k in seen["before"] if k.endswith(".age")}
    assert sum(k.endswith(".header") for k in s.bucket.objects()) == count
    said, _ = s.rewrap()
    assert all(f"0 objects were wrapped for the present keys, {count} were fine" in text for text in said), said
    s.away(old)
    last = s.sql1("SELECT max(id) FROM event")
    said, _ = s.rewrap("--storage", "main")             # nothing to do asks for nothing
    assert s.trail(last) == [("storage.rewrapped", "main")], s.trail(last)
    assert f"{count} were fine" in said[0] and len(said) == 1, said
    s.write("overwritten")
    for number in (seen["first"], seen["second"]):
        s.wait_download(s.request_download(number))
        assert "compared only as it lies" not in s.verify(number)
    restore(s, seen["second"], slugs=("sqlite", "media"))
    assert s.words() == "as it became"
    s.must(s.browser.submit(s.must(s.browser.get("/storage/main")).form("/prove"), "/storage/main"))
    job = s.newest("prove")
    s.wait_job(job, "succeeded")
    assert "opened by minisign, age, zstd" in s.log(job), s.log(job)
    # The bucket alone.
    os.rename(s.store, s.store + ".away")
    number = s.request_download(seen["first"])
    s.wait_download(number)
    os.rename(s.store + ".away", s.store)
    s.doctor()


@test("T62 NEW-1", "the commands of README.txt and restore-files.sh open it with the new key alone; so does the command restore")
def by_hand(s):
    old, new = seen["keys"]
    with open(s.store + "/README.txt", encoding="utf-8") as f:
        text = f.read()
    lines = text.split("\n")
    at = next(i for i, line in enumerate(lines) if "for f in" in line)
    command = "\n".join(lines[at:at + 3])
    assert command.rstrip().endswith("done"), command
    with tempfile.TemporaryDirectory() as folder:
        store = folder + "/store"
        shutil.copytree(s.store, store)
        sidecar, = glob.glob(f"{store}/shop/live/b{seen['second']}-*.json")
        keys = subprocess.run(["jq", "-r", ".parts[] | .data, .manifest, .packs[]? | select(.) | .stored_sha256 + \"  \" + .key",
                               sidecar], check=True, capture_output=True, text=True).stdout
        with open(store + "/needed", "w") as f:
            f.write(keys)
        run = lambda c: subprocess.run(["sh", "-c", c], cwd=store, capture_output=True, text=True)  # noqa: E731
        manifest = next(line[66:] for line in keys.split("\n") if ".manifest." in line)
        done = run(f"sh restore-files.sh {manifest} files '{s.identity(new)}'")
        assert done.returncode == 0, done.stderr
        with open(store + "/files/sub/words") as f:
            assert f.read() == "as it became"
        done = run(command.replace("KEY", s.identity(new)))
        assert done.returncode == 0, done.stderr
        for line in keys.strip().split("\n"):
            assert run(f"zstd -qt {line[66:].removesuffix('.age')}").returncode == 0, line
        s.admin("restore", "--storage", s.store, f"b{seen['second']}", "--to-dir", folder + "/out", "--identity", s.identity(new))
        with open(folder + "/out/media/sub/words") as f:
            assert f.read() == "as it became"
        # Another object's header gives another file.
        data = [line[66:] for line in keys.strip().split("\n")]
        shutil.copy(f"{s.store}/{data[0]}.header", f"{store}/{data[1]}.header")
        done = s.admin("restore", "--storage", store, f"b{seen['second']}", "--to-dir", folder + "/no", "--identity", s.identity(new),
                       check=False)
        assert done.returncode == 1 and "is of another object" in done.stderr and data[1] in done.stderr, done.stderr


@test("T62 PEER-16", "a header that was damaged or swapped is named by a verification, harms nothing, and is made anew")
def damaged(s):
    old, new = seen["keys"]
    s.back(old)
    good = s.headers()
    first, second = sorted(good)[:2]
    flip(os.path.join(s.store, first), 60)
    shutil.copy(os.path.join(s.store, sorted(good)[-1]), os.path.join(s.store, second))
    said = s.verify(seen["first"]) + s.verify(seen["second"])
    assert first in said and second in said and "makes its header anew" in said and "is damaged" in said and "of another object" in said, said
    assert {b["health"] for b in s.sql("SELECT health FROM backup")} == {"good"}
    s.must(s.browser.submit(s.must(s.browser.get("/storage/main")).form("/rewrap"), "/storage/main"))
    s.wait_job(s.newest("rewrap"), "succeeded")
    said = s.log(s.newest("rewrap"))
    assert "2 objects were wrapped" in said and said.count("it is made anew") == 2, said
    words = s.must(s.browser.get("/storage/main")).words
    assert f"Last done by j{s.newest('rewrap')} " in words and "Not all that is stored" not in words, words[-3000:]
    s.away(old)
    s.wait_download(s.request_download(seen["first"]))


@test("T62 PEER-15 PEER-16", "the keys change twice: the second time the header of the first is enough; a copy takes the headers with it; what goes takes them along")
def twice(s):
    old, new = seen["keys"]
    _, third, jobs = s.rotate()
    for job in jobs:
        s.wait_job(job, "succeeded")
    s.away(new)
    s.wait_download(s.request_download(seen["first"]))
    path = s.add_folder("other")
    # What lies there already and cannot be used gives way to the one that can.
    broken = next(k for k in s.headers() if any(k.startswith(key) for key in s.keys(seen["second"])))
    os.makedirs(os.path.dirname(f"{path}/{broken}"), exist_ok=True)
    with open(f"{path}/{broken}", "wb") as f:
        f.write(b"age-encryption.org/v1\n-> no header\n")
    s.must(s.choose_copies("", "cloud", "other"))
    s.act(seen["second"], f"/b/b{seen['second']}/copies/other")
    s.wait_copy(seen["second"], "other")
    there = objects(path)
    assert broken in there and all(there[k] == v for k, v in s.headers().items() if k in there), sorted(there)
    assert {k + ".header" for k in there if k.endswith(".age")} == {k for k in there if k.endswith(".header")}
    made = s.run_plan()
    s.wait_copy(made["id"], "other")
    assert not [k for k in s.headers() if any(k.startswith(key) for key in s.keys(made["id"]))]
    s.doctor()


@test("T62 PEER-15", "on an SFTP server, too: what came with a copy, and what a further change of the keys puts in its place")
def on_a_server(s):
    s.must(s.choose_copies("", "far"))
    s.act(seen["second"], f"/b/b{seen['second']}/copies/far")
    s.wait_copy(seen["second"], "far")
    headers = {k: size for k, size in s.server.objects().items() if k.endswith(".header")}
    assert headers and all(os.path.exists(f"{s.server.store}/{k.removesuffix('.header')}") for k in headers), headers
    third, fourth, jobs = s.rotate()
    for job in jobs:
        s.wait_job(job, "succeeded")
    s.away(third)
    for key in headers:
        with open(f"{s.server.store}/{key}", encoding="ascii") as f:
            text = f.read()
        assert fourth in text and third not in text, text
    s.act(seen["second"], f"/b/b{seen['second']}/copies/far/verify")
    s.wait_job(s.newest("verify"), "succeeded")
    assert "compared only as it lies" not in s.log(s.newest("verify")), s.log(s.newest("verify"))
    assert not [k for k in s.server.objects() if k.endswith(".tmp")]


if __name__ == "__main__":
    main(Rewrapping)
