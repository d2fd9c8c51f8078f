#!/usr/bin/python3
"""T02: a copy job dies at each of its steps: after the restart the copy is whole, and until then it counts nowhere."""
import contextlib
import os
import signal
import sqlite3
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from restore_home import WHERE, Shop  # noqa: E402
from worker_home import OWN, TORN, main, test  # noqa: E402

CONF = 'lease = "400ms"\npoll = "10ms"\n'
# Each at its first, second … object, until it is not reached any more.
STEPS = ("copy.before_commit", "publish.before_rename", "publish.after_rename", "copy.sent")
ONCE = ("job.begin", "copy.before_sidecar", "copy.before_finish")


class Copied(Shop):
    """One backup, encrypted and signed, and a further storage for each copy of it."""

    def __init__(self, env=None):
        super().__init__(CONF, env)
        self.keys, self.count = True, 0

    def __enter__(self):
        super().__enter__()
        worker = self.start_worker()
        self.backup_id = self.request(WHERE)[0][0]
        self.wait_all()
        self.kill(worker, 15)
        self.first = self.lie_in(os.path.join(self.home, "store"))
        assert len(self.first) >= 6 and sum(k.endswith(".minisig") for k in self.first) == 2, sorted(self.first)
        self.sidecar, = (k for k in self.first if k.endswith(".json"))
        return self

    @staticmethod
    def lie_in(folder):
        """What lies there by key, but for the storage's own files."""
        out = {}
        for base, _, names in os.walk(folder):
            for name in names:
                path = os.path.join(base, name)
                with open(path, "rb") as f:
                    out[os.path.relpath(path, folder)] = f.read()
        return {k: v for k, v in out.items() if k not in OWN and not TORN.fullmatch(k)}

    def further(self):
        """Another storage; gives its name and its folder."""
        self.count += 1
        slug = f"place{self.count}"
        folder = os.path.join(self.home, slug)
        self.tool("storage", slug, folder)
        return slug, folder

    def copy(self, slug):
        return int(self.tool("copy", self.backup_id, slug)[0][0])

    def row(self, slug):
        return self.sql("SELECT c.* FROM copy c JOIN storage s ON s.id = c.storage WHERE s.slug = ?", slug)[0]

    def killed_at(self, point):
        """The worker and all its children die when the job has reached this point; whether it did."""
        worker = self.start_worker({"LAZARETTE_FAULT": point})
        pid = self.stopped(worker)
        self.kill(worker)             # it never learns that its job died
        if pid:
            os.kill(pid, signal.SIGKILL)
        assert not self.left_over(2)
        return pid is not None

    def half(self, slug, folder):
        """What counts there and must not: one sentence each."""
        there, row = self.lie_in(folder), self.row(slug)
        names = {k for k in there if not k.endswith(".tmp")}
        out = [f"{k} differs" for k in names if there[k] != self.first.get(k)]
        if (row["state"] == "ready" or self.sidecar in names) and names != set(self.first):
            out.append(f"{row['state']}, sidecar {self.sidecar in names}, and not there: {sorted(set(self.first) - names)}")
        return out

    def ended(self, slug, folder):
        """The next worker ends it, nothing is left over; what is wrong then."""
        worker = self.start_worker()
        self.wait_all()
        self.kill(worker, 15)
        row, there = self.row(slug), self.lie_in(folder)
        out = [] if (row["state"], row["health"]) == ("ready", "good") else [f"is {row['state']}, {row['health']}: {row['error']}"]
        return out + [f"{k} is not as in the first storage" for k in sorted(set(there) | set(self.first))
                      if there.get(k) != self.first.get(k)]


    def damage(self, slug, folder):
        """A byte of the first object is another, the last one is gone; the catalogue knows."""
        objects = sorted(self.lie_in(folder))
        with open(os.path.join(folder, objects[0]), "r+b") as f:
            f.seek(100)
            byte = f.read(1)
            f.seek(100)
            f.write(bytes([byte[0] ^ 1]))
        os.unlink(os.path.join(folder, objects[-1]))
        with contextlib.closing(sqlite3.connect(os.path.join(self.home, "catalog.db"))) as c:
            c.execute("UPDATE copy SET health = 'damaged' WHERE storage = (SELECT id FROM storage WHERE slug = ?)", (slug,))
            c.commit()


def at_each(shop, name, most, faults):
    """Killed at the first, second … time that this is reached, until it is not; gives the kills."""
    for number in range(1, most + 1):
        slug, folder = shop.further()
        shop.copy(slug)
        hit = shop.killed_at(f"{name}:stop:{number}")
        faults += [f"{name} {number}: {f}" for f in shop.half(slug, folder) + shop.ended(slug, folder)]
        if not hit:
            return number - 1
    return most


@test("T02 PEER-15", "a copy killed at each object that it brings, and between: whole after the restart, until then it counts nowhere")
def each():
    with Copied() as shop:
        began, faults = time.monotonic(), []
        kills = {name: at_each(shop, name, 40, faults) for name in STEPS}
        kills.update({name: at_each(shop, name, 1, faults) for name in ONCE})
        print(f"# kills: {kills}, {len(faults)} faults, {time.monotonic() - began:.1f} s")
        assert not faults, "\n".join(faults[:20])
        assert min(kills.values()) >= 1 and kills["copy.sent"] == len(shop.first), kills
        places = [os.path.join(shop.home, f"place{n + 1}") for n in range(shop.count)]
        assert not (stay := shop.torn_that_stay(*places)), stay
        shop.start_worker()
        shop.must_be_whole()


@test("T02 PEER-15", "the same while a damaged copy is made whole: it is not good before it is, and never less whole than it was")
def healing():
    with Copied() as shop:
        for point in ("copy.before_commit:stop:1", "publish.after_rename:stop:1", "copy.sent:stop:1",
                      "copy.before_commit:stop:2", "copy.sent:stop:2", "copy.before_finish:stop:1"):
            slug, folder = shop.further()
            shop.copy(slug)
            assert not shop.ended(slug, folder)
            shop.damage(slug, folder)
            before = shop.lie_in(folder)
            shop.copy(slug)
            assert shop.killed_at(point), f"{point} was not reached"
            assert shop.row(slug)["health"] == "damaged", f"{point}: {shop.row(slug)}"
            there = shop.lie_in(folder)
            worse = [k for k, v in before.items() if v == shop.first.get(k) and there.get(k) != v]
            assert not worse, f"{point}: {worse} was whole"
            found = shop.ended(slug, folder)
            assert not found, f"{point}: {found}"
        shop.start_worker()
        shop.must_be_whole()


@test("T02 PEER-15", "control: a copy that brings its sidecar first counts before it is whole, and the test sees it")
def too_early():
    with Copied({"LAZARETTE_FAULT_CONTROL": "copy.sidecar_first"}) as shop:
        slug, folder = shop.further()
        shop.copy(slug)
        assert shop.killed_at("copy.sent:stop:2")
        found = shop.half(slug, folder)
        print(f"# {found[:1]}")
        assert any("sidecar True" in f for f in found), found


if __name__ == "__main__":
    main()
