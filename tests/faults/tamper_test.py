#!/usr/bin/python3
"""tamper_test.py: whoever owns the storage rewrites, swaps and moves what lies in it; only what we signed is taken."""
import contextlib
import glob
import hashlib
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
from restore_home import Shop, WHERE  # noqa: E402
from worker_home import ROOT, VARIANT, main, test  # noqa: E402

ROUNDS = 50 if os.environ.get("ALL") else 6     # of each of six kinds


class Left:
    """A storage with two signed backups of shop/live, and what a person kept elsewhere: the public signing key."""

    def __init__(self, folder):
        self.folder, self.store = folder, folder + "/store"
        self.public = folder + "/kept.pub"

    def sidecar(self, number):
        return glob.glob(f"{self.store}/*/*/b{number}-*.json")[0]

    @contextlib.contextmanager
    def copy(self):
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            shutil.copytree(self.store, folder + "/store")
            yield Left(folder)

    def restore(self, *words, env=None):
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            argv = [os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "restore", "--storage", self.store, "b1",
                    "--service", "database", "--to-dir", out + "/out", *words]
            done = subprocess.run(argv, capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", **(env or {})})
            made = None
            if os.path.exists(out + "/out/database.sqlite"):
                with contextlib.closing(sqlite3.connect(out + "/out/database.sqlite")) as c:
                    made = c.execute("SELECT max(version) FROM note").fetchone()[0]
            return done, made


@contextlib.contextmanager
def storage():
    with tempfile.TemporaryDirectory(prefix="tamper.") as folder:
        with Shop() as shop:
            subprocess.run([os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "keys"], check=True,
                           env=shop.environment(), stdout=subprocess.DEVNULL)
            shop.start_worker()
            shop.backup()
            shop.write(2)
            shop.backup()
            shutil.copytree(os.path.join(shop.home, "store"), folder + "/store")
        left = Left(folder)
        shutil.copy(left.store + "/lazarette.pub", left.public)
        yield left


def rewrite(left):
    """Another database, and everything in the clear that speaks of it: size and hash, raw and stored."""
    with open(left.sidecar(1)) as f:
        sidecar = json.load(f)
    part = next(p for p in sidecar["parts"] if p["service"]["slug"] == "database")
    with tempfile.NamedTemporaryFile(suffix=".sqlite") as f:
        with contextlib.closing(sqlite3.connect(f.name)) as c:
            c.execute("CREATE TABLE note (id INTEGER PRIMARY KEY, version INTEGER, text TEXT)")
            c.execute("INSERT INTO note (version) VALUES (666)")
            c.commit()
        raw = open(f.name, "rb").read()
    stored = subprocess.run(["zstd", "-qc", "--content-size", f"--stream-size={len(raw)}"], input=raw, capture_output=True,
                            check=True).stdout
    with open(os.path.join(left.store, part["data"]["key"]), "wb") as f:
        f.write(stored)
    part["data"].update(stored_bytes=len(stored), stored_sha256=hashlib.sha256(stored).hexdigest(), raw_bytes=len(raw),
                        raw_sha256=hashlib.sha256(raw).hexdigest())
    with open(left.sidecar(1), "w") as f:
        json.dump(sidecar, f)


def rewrite_and_sign(left):
    """The same, signed by themselves, with their key in the storage in place of ours."""
    rewrite(left)
    path, folder = left.sidecar(1), left.folder
    with open(path + ".minisig") as f:
        comment = re.search(r"^trusted comment: (.*)$", f.read(), re.M).group(1)
    subprocess.run(["minisign", "-G", "-W", "-f", "-p", left.store + "/lazarette.pub", "-s", folder + "/theirs"], check=True,
                   capture_output=True)
    subprocess.run(["minisign", "-S", "-W", "-s", folder + "/theirs", "-t", comment, "-m", path], check=True,
                   capture_output=True)
    with open(left.store + "/lazarette.pub") as f:
        theirs = f.read().splitlines()[1]
    with open(left.store + "/lazarette.json") as f:
        owner = json.load(f)
    with open(left.store + "/lazarette.json", "w") as f:
        json.dump({**owner, "signing_key": theirs}, f)


def rewrite_unsigned(left):
    rewrite(left)
    os.unlink(left.sidecar(1) + ".minisig")


def swap_sidecars(left):
    """The second backup, with its signature, in the place of the first."""
    for ending in ("", ".minisig"):
        one, two = left.sidecar(1) + ending, left.sidecar(2) + ending
        os.rename(one, one + ".x")
        os.rename(two, one)
        os.rename(one + ".x", two)


def swap_data(left):
    keys = []
    for number in (1, 2):
        with open(left.sidecar(number)) as f:
            parts = json.load(f)["parts"]
        keys.append(next(p for p in parts if p["service"]["slug"] == "database")["data"]["key"])
    one, two = (os.path.join(left.store, k) for k in keys)
    os.rename(one, one + ".x")
    os.rename(two, one)
    os.rename(one + ".x", two)


def move_project(left):
    os.rename(os.path.join(left.store, WHERE.split("/")[0]), left.store + "/other")


KINDS = [(rewrite, "changed after it was signed"), (rewrite_and_sign, "it is signed with the key"),
         (rewrite_unsigned, "is not signed"), (swap_sidecars, "moved, renamed"), (swap_data, "the stored copy"),
         (move_project, "moved, renamed")]


@test("T27", "what was rewritten, signed anew, swapped or moved is refused with the reason, every time")
def refused(left):
    done, made = left.restore("--signing-key", left.public)
    assert done.returncode == 0 and made == 1, done.stderr
    for i in range(ROUNDS):
        for tamper, words in KINDS:
            with left.copy() as bad:
                tamper(bad)
                done, made = bad.restore("--signing-key", left.public)
                assert done.returncode != 0 and made is None, (tamper.__name__, done.stdout, done.stderr)
                assert words in done.stderr, (tamper.__name__, done.stderr)
    print(f"# {ROUNDS * len(KINDS)} of {ROUNDS * len(KINDS)} refused")


@test("T27", "without a key of one's own the storage's is taken, and said; what is rewritten under it does not pass either")
def by_the_storage(left):
    done, made = left.restore()
    assert done.returncode == 0 and made == 1 and "which the storage itself names" in done.stdout, done.stdout
    for tamper, words in KINDS:
        with left.copy() as bad:
            tamper(bad)
            done, made = bad.restore()
            # Who can write everything can name their own key: only a copy kept elsewhere tells.
            if tamper is rewrite_and_sign:
                assert done.returncode == 0 and "the storage itself names" in done.stdout, done.stderr
            else:
                assert done.returncode != 0 and words in done.stderr, (tamper.__name__, done.stderr)


@test("T27", "control: without the check of signatures what was rewritten is restored as if it were ours")
def control(left):
    with left.copy() as bad:
        rewrite(bad)
        done, made = bad.restore("--signing-key", left.public, env={"LAZARETTE_FAULT_CONTROL": "signature.unchecked"})
        assert done.returncode == 0 and made == 666, (made, done.stderr)


if __name__ == "__main__":
    main(storage)
