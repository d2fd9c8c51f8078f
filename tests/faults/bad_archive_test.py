#!/usr/bin/python3
"""bad_archive_test.py: T35: damaged copies that are offered for a restore are refused before the target is touched."""
import collections
import contextlib
import ctypes
import hashlib
import os
import random
import re
import string
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from restore_home import WHERE, Cluster, Shop  # noqa: E402
from worker_home import Budget, main, test  # noqa: E402

CONF = 'poll = "10ms"\n'
ARCHIVES = 100
ENGINES = ("ledger", "database", "media")


# -- damage -------------------------------------------------------------------------------------------------------

def flip(raw, rng):
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1:]


def cut(raw, rng):
    return raw[:rng.randrange(len(raw))]


def exchange(raw, rng):
    """Two pieces of one length change their places."""
    n = rng.randrange(1, min(4096, len(raw) // 3))
    a = rng.randrange(0, len(raw) // 2 - n)
    b = rng.randrange(len(raw) // 2, len(raw) - n)
    out = raw[:a] + raw[b:b + n] + raw[a + n:b] + raw[a:a + n] + raw[b + n:]
    return out if out != raw else flip(raw, rng)


def blank(raw, rng):
    """A block that the disk gives as zeros."""
    at, n = rng.randrange(len(raw)), rng.randrange(1, 512)
    out = raw[:at] + bytes(len(raw[at:at + n])) + raw[at + n:]
    return out if out != raw else flip(raw, rng)


def append(raw, rng):
    return raw + rng.randbytes(rng.randrange(1, 600))


DAMAGES = (flip, cut, exchange, blank, append)


# -- what another would see of the targets ------------------------------------------------------------------------

def seen_from_outside(shop, pg):
    """Inodes, times and content of the files; the rows with who wrote them, and the server's own counts of writes."""
    out = {}
    for folder, _, files in os.walk(shop.data):
        for name in [*files, "."]:
            path = os.path.join(folder, name)
            # The folder around the targets is where sides come and go; SQLite makes -shm for each who reads.
            if folder == shop.data and (name == "." or name.endswith("-shm")):
                continue
            st = os.lstat(path)
            content = b""
            if os.path.isfile(path):
                with open(path, "rb") as f:
                    content = hashlib.sha256(f.read()).digest()
            # Who reads leaves an empty one.
            if st.st_size > 0 or not name.endswith("-wal"):
                out[os.path.relpath(path, shop.data)] = (st.st_ino, st.st_mode, st.st_mtime_ns, content)
    out["databases"] = pg.sql("SELECT oid, datname, xmin FROM pg_database ORDER BY 1")
    out["rows"] = pg.sql("SELECT ctid, xmin, xmax, * FROM note ORDER BY id; SELECT oid, relfilenode, xmin FROM pg_class"
                         " WHERE relname = 'note'", "ledger")
    out["written"] = pg.sql("SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables ORDER BY 1", "ledger")
    return out


class Copies:
    """The stored objects of a backup of each engine: what each was, and it damaged."""

    def __init__(self, shop):
        self.shop, self.backups, self.objects = shop, {}, {}
        for slug in ENGINES:
            number, job = shop.request(WHERE, 1, slug)[0]
            assert shop.wait_job(job)["state"] == "succeeded"
            part = shop.sql("SELECT * FROM part WHERE backup = ?", number)[0]
            self.backups[slug] = number
            for what in ("data", "manifest"):
                if part[f"{what}_key"]:
                    path = os.path.join(shop.home, "store", part[f"{what}_key"])
                    with open(path, "rb") as f:
                        self.objects[slug, what] = (path, f.read())

    @contextlib.contextmanager
    def replaced(self, slug, **objects):
        for what, raw in objects.items():
            put(self.objects[slug, what][0], raw)
        try:
            yield
        finally:
            for what in objects:
                put(*self.objects[slug, what])


def put(path, raw):
    mode = os.stat(path).st_mode
    os.chmod(path, 0o600)
    with open(path, "wb") as f:
        f.write(raw)
    os.chmod(path, mode)


def offer(shop, backup, after=None):
    """Restore it; `after` does the damage once the look was fine. Gives who refused it, and why."""
    restore, job = map(int, shop.tool("restore", backup, WHERE, "replace")[0])
    row = shop.wait_job(job)
    look = shop.sql("SELECT * FROM restore WHERE id = ?", restore)[0]
    if row["state"] != "succeeded" or look["preview"] != "ok":
        return "look", row["error"] or look["preview_text"]
    if after:
        after()
    job = shop.confirm(restore)
    row = shop.wait_job(job, 120)
    shop.wait_all()
    return ("build" if row["state"] == "failed" else None), row["error"]


@test("T35", "100 copies with bits flipped, cut, blanked, made longer or with pieces exchanged, in data and manifest of all "
      "engines: each is refused, and nobody sees a trace at the target")
def damaged_copies():
    rng = random.Random(os.environ.get("SEED", "35"))
    with Cluster() as pg, Shop(CONF, pg=pg) as shop:
        shop.start_worker()
        copies = Copies(shop)
        shop.write(2)
        before = seen_from_outside(shop, pg)
        kinds, by, budget, done = list(copies.objects), collections.Counter(), Budget(ARCHIVES, 20, 60), 0
        while budget.wants(done):
            slug, what = kinds[done % len(kinds)]
            damage = DAMAGES[done // len(kinds) % len(DAMAGES)]
            path, raw = copies.objects[slug, what]
            bad = damage(raw, rng)
            late = rng.random() < 0.5
            with copies.replaced(slug, **({} if late else {what: bad})):
                who, why = offer(shop, copies.backups[slug], (lambda: put(path, bad)) if late else None)
            put(path, raw)
            label = f"{done}: {damage.__name__} in {what} of {slug}, {'after' if late else 'before'} the look"
            assert who, f"{label}: it was taken"
            assert re.search("damaged|differs|should|not end", why), f"{label}: {why}"
            now = seen_from_outside(shop, pg)
            assert now == before, f"{label}: {[k for k in before.keys() | now.keys() if before.get(k) != now.get(k)]}"
            by[f"{slug} {what} by the {who}"] += 1
            done += 1
        print(f"# {done} damaged copies, all refused: {dict(by)}")
        # It was not for another reason.
        for slug in ENGINES:
            assert offer(shop, copies.backups[slug]) == (None, None)
        assert set(shop.seen().values()) == {"1"}, shop.seen()
        shop.must_be_whole()


# -- copies that only their hash tells from the true ones ---------------------------------------------------------

def header_of(stored, at):
    """Of the frame that begins there: how long its header is, and how many bytes it holds."""
    kind = stored[at + 4]
    n, size_at = (1, 2, 4, 8)[kind >> 6], at + 5 + (not kind & 0x20)
    return size_at + n - at, int.from_bytes(stored[size_at:size_at + n], "little") + (256 if n == 2 else 0)


def frame_sizes(stored):
    return [header_of(stored, found.start())[1] for found in re.finditer(rb"\x28\xb5\x2f\xfd", stored)]


ZSTD = ctypes.CDLL("libzstd.so.1")
for name in ("ZSTD_createCCtx", "ZSTD_CCtx_setParameter", "ZSTD_compress2"):
    getattr(ZSTD, name).restype = ctypes.c_void_p if "create" in name else ctypes.c_size_t
LEVEL, CHECKSUM = 100, 201


def press(raw, sizes, level):
    """Frames that hold so many bytes each, with their checksums, as ours are."""
    assert sum(sizes) == len(raw)
    c, out, at = ctypes.c_void_p(ZSTD.ZSTD_createCCtx()), b"", 0
    for parameter, value in ((LEVEL, level), (CHECKSUM, 1)):
        ZSTD.ZSTD_CCtx_setParameter(c, parameter, value)
    for n in sizes:
        room = ctypes.create_string_buffer(n + n // 128 + 1024)
        got = ZSTD.ZSTD_compress2(c, room, ctypes.c_size_t(len(room)), raw[at:at + n], ctypes.c_size_t(n))
        out += room.raw[:got]
        at += n
    ZSTD.ZSTD_freeCCtx(c)
    return out


def unpress(raw):
    return subprocess.run(["zstd", "-dqc"], input=raw, stdout=subprocess.PIPE, check=True).stdout


def others(raw, slug):
    """Other contents of a copy, by object: one row is another; for files, each says another word and has its hash."""
    if slug == "media":
        for word in string.ascii_letters + "23456789":
            new = {"data": re.sub(rb"(?<=\0)(1\n)+(?=\0)", lambda m, w=word: m[0].replace(b"1", w.encode()), raw["data"])}
            new["manifest"] = raw["manifest"]
            for n in range(1, 51):
                sums = [hashlib.sha256(f"{w}\n".encode() * n).hexdigest().encode() for w in ("1", word)]
                new["manifest"] = new["manifest"].replace(*sums)
            yield new
        return
    old = {"ledger": b"\t1\n", "database": b"x" * 500}[slug]
    for found in re.finditer(re.escape(old), raw["data"]):
        for digit in b"23456789":
            at = found.start() + 1
            yield {"data": raw["data"][:at] + bytes([digit]) + raw["data"][at + 1:]}


def pressed_to(raw, like):
    """Pressed to the size of another copy; None when it cannot be. Blocks that hold nothing fill up, of three bytes each."""
    for level in range(1, 20):
        out = press(raw, frame_sizes(like), level)
        gap = len(like) - len(out)
        if gap >= 0 and gap % 3 == 0:
            end = header_of(out, 0)[0]
            return out[:end] + bytes(gap) + out[end:]
    return None


def forged(copies, slug):
    """What a copy of the same sizes holds that is whole in itself, but has another content: by object."""
    was = {what: pair[1] for (one, what), pair in copies.objects.items() if one == slug}
    for raw in others({what: unpress(stored) for what, stored in was.items()}, slug):
        new = {what: pressed_to(raw[what], was[what]) for what in raw}
        if all(new.values()):
            return new
    raise AssertionError(f"no other content of the same size was found for {slug}")


def offer_forged(env):
    """For each engine: who refused a copy that only its hash tells from the true one, and whether the target was touched."""
    with Cluster() as pg, Shop(CONF, pg=pg, env=env) as shop:
        shop.start_worker()
        copies = Copies(shop)
        shop.write(2)
        out = {}
        for slug in ENGINES:
            before = seen_from_outside(shop, pg)
            with copies.replaced(slug, **forged(copies, slug)):
                who, why = offer(shop, copies.backups[slug])
            out[slug] = (who, why, seen_from_outside(shop, pg) != before)
        return out


@test("T35", "copies that are whole in themselves and of the right size, but of another content, are refused by their hash")
def forged_copies():
    for slug, (who, why, touched) in offer_forged({}).items():
        assert who and "differs" in why and not touched, (slug, who, why, touched)


@test("T35", "control: where hashes are not compared, the same copies reach the target")
def forged_copies_control():
    reached = {slug: touched for slug, (_, _, touched) in offer_forged({"LAZARETTE_FAULT_CONTROL": "copy.unchecked"}).items()}
    assert all(reached.values()), reached


if __name__ == "__main__":
    main()
