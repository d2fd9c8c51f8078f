#!/usr/bin/python3
"""T31: files: SIGKILL while a restore builds, swaps, goes back or tidies; the target is wholly old or wholly new."""
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import ROOT, VARIANT, Budget, main, test  # noqa: E402

BUILD = os.path.join(ROOT, "build", VARIANT)
FILES = 300


def tree(path, word):
    """The same paths with other contents, and some that only one of them has."""
    rng = random.Random(word)
    for i in range(FILES):
        folder = os.path.join(path, f"d{i % 7}", "sub" if i % 3 else word)
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, f"f{i}"), "wb") as f:
            f.write(word.encode() + rng.randbytes(rng.randrange(4000)))
    os.symlink(word, os.path.join(path, "which"))


def digest(path):
    """Of all that is there; None when there is nothing."""
    if not os.path.isdir(path):
        return None
    h = hashlib.sha256()
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(folders + files):
            full = os.path.join(folder, name)
            st = os.lstat(full)
            h.update(f"{os.path.relpath(full, path)} {st.st_mode} {st.st_mtime_ns} ".encode())
            if os.path.islink(full):
                h.update(os.readlink(full).encode())
            elif name in files:
                with open(full, "rb") as f:
                    h.update(f.read())
    return h.hexdigest()


class Yard:
    """Two packs, old and new, and two roots that hold one of them."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="lzk-", dir="/tmp")
        self.journal, self.number = os.path.join(self.path, "journal"), 0
        self.roots = [os.path.join(self.path, "srv", name) for name in ("media", "files")]
        self.known = {}
        for word in ("old", "new"):
            for root in self.roots:
                shutil.rmtree(root, ignore_errors=True)
                tree(root, word)
            os.mkdir(os.path.join(self.path, word))
            subprocess.run([os.path.join(BUILD, "bench", "pack_tree"), os.path.join(self.path, word), "2", "1",
                            *self.roots], stdout=subprocess.DEVNULL, check=True)
            self.known[tuple(digest(root) for root in self.roots)] = word
        self.each = [{d[i]: word for d, word in self.known.items()} for i in range(2)]
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def start(self, act, word, env=None, mode="replace"):
        return subprocess.Popen([os.path.join(BUILD, "fake", "landing"), act, os.path.join(self.path, word), self.journal,
                                 f"t{self.number}", mode, "\n".join(self.roots)], stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, env=dict(os.environ, **(env or {})))

    def finish(self, act, word):
        p = self.start(act, word)
        words = p.communicate()[1]
        assert p.returncode == 0, f"{act}: {words.decode()}"

    def mixed(self):
        """The roots that are neither the old nor the new one."""
        return [root for root, known in zip(self.roots, self.each) if digest(root) not in known]

    def holds(self):
        return self.known.get(tuple(digest(root) for root in self.roots), "a mixture")


def kill_at_random(yard, act, word, most):
    p = yard.start(act, word)
    time.sleep(random.uniform(0, most))
    p.send_signal(signal.SIGKILL)
    p.communicate()
    return p.returncode == -signal.SIGKILL


def kill_at(yard, act, word, place, env=None):
    p = yard.start(act, word, dict(env or {}, LAZARETTE_FAULT=place))
    p.communicate()
    return p.returncode == -signal.SIGKILL


def tidy(yard, word):
    yard.finish("drop", word)
    os.unlink(yard.journal)
    left = [n for n in os.listdir(os.path.join(yard.path, "srv")) if n not in ("media", "files")]
    assert not left, f"left beside the roots: {left}"


@test("T31", "up to 100 SIGKILLs while files are built, swapped and swapped back: each root is wholly old or wholly new")
def killed_anywhere():
    with Yard() as yard:
        began = time.monotonic()
        yard.number = 1
        yard.finish("go", "old")
        most = (time.monotonic() - began) * 1.2
        tidy(yard, "old")
        kills, holds, budget = 0, "old", Budget(100, 30, 30)
        places = ["unpack.mid:kill", "files.built:kill", "files.exchanged:kill:1", "files.exchanged:kill:2"]
        while budget.wants(kills):
            yard.number += 1
            word = "new" if holds == "old" else "old"
            for act, there in (("go", word), ("undo", holds), ("go", word)):
                if random.random() < 0.5:
                    kills += kill_at_random(yard, act, word, most if act == "go" else most / 8)
                else:
                    kills += kill_at(yard, act, word, random.choice(places if act == "go" else places[2:]))
                mixed = yard.mixed()
                assert not mixed, f"after kill {kills} during {act}: {mixed}"
                yard.finish(act, word)
                assert yard.holds() == there, f"after {act} went on: {yard.holds()}, not {there}"
            kills += kill_at_random(yard, "drop", word, most / 8)
            tidy(yard, word)
            holds = word
            assert yard.holds() == holds
        print(f"# {kills} kills, {yard.number} restores, 0 mixed")


@test("T31", "a worker killed while it tries whether folders can be exchanged: the next one goes on")
def killed_while_it_tries():
    with Yard() as yard:
        assert kill_at(yard, "go", "old", "files.tried:kill"), "nothing was killed: the control"
        assert yard.holds() == "new"
        yard.finish("go", "old")
        assert yard.holds() == "old"
        tidy(yard, "old")


def contents(path):
    """What is at each path below, folders left out."""
    out = {}
    for folder, _, files in os.walk(path):
        for name in files:
            full = os.path.join(folder, name)
            if not os.path.islink(full):
                with open(full, "rb") as f:
                    out[os.path.relpath(full, path)] = f.read()
    return out


@test("T31", "SET-10: killed again and again while files are added: at the end all are there, and what was replaced is kept")
def killed_while_adding():
    with Yard() as yard:
        yard.number = 1
        before = [contents(root) for root in yard.roots]
        yard.finish("go", "old")
        wanted = [contents(root) for root in yard.roots]
        assert before != wanted
        yard.finish("undo", "old")
        yard.finish("drop", "old")
        os.unlink(yard.journal)
        yard.number, kills, rc = 2, 0, -1
        while rc != 0:
            place = f"files.{random.choice(['kept', 'added'])}:kill:{random.randrange(1, 30)}"
            p = yard.start("go", "old", {"LAZARETTE_FAULT": place}, "add")
            words, rc = p.communicate()[1], p.returncode
            assert rc in (0, -signal.SIGKILL), words.decode()
            kills += rc != 0
            # No path is ever missing, whenever it was killed.
            for root, was in zip(yard.roots, before):
                assert not set(was) - set(contents(root)), f"missing in {root} after kill {kills}"
        assert kills >= 5, f"only {kills} kills"
        for root, was, want in zip(yard.roots, before, wanted):
            assert contents(root) == {**was, **want}
            side = os.path.join(os.path.dirname(root), f".{os.path.basename(root)}.t2.old")
            assert contents(side) == {p: was[p] for p in set(was) & set(want)}
        print(f"# {kills} kills, nothing missing")


@test("T31", "control: where two renames stand for the exchange, a kill between them leaves a root missing")
def control_without_exchange():
    with Yard() as yard:
        yard.number = 1
        mixed = 0
        if kill_at(yard, "go", "old", "files.between:kill", {"LAZARETTE_FAULT_CONTROL": "files.exchange"}):
            mixed = len(yard.mixed())
        assert mixed > 0, "it is whole also without the exchange: the test would not notice"


if __name__ == "__main__":
    main()
