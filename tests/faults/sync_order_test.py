#!/usr/bin/python3
"""T04: in which order a backup, a prepared download and the first keys reach the disk, read from their system calls."""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import ROOT, VARIANT, Home, main, make_sqlite, make_tree, test, wait_until  # noqa: E402

CALLS = "fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat"
CALL = re.compile(r"(\d+) +(\w+)\((.*)\) += (-?\d+)")
BEGUN = re.compile(r"(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)")
DESCRIPTOR = re.compile(r"\d+<([^>]*)>")


def calls(lines):
    """(process, name, arguments, line where it began, line where it ended) of each call that succeeded."""
    open_calls, out = {}, []
    for at, line in enumerate(lines):
        if m := CALL.match(line):
            pid, name, args, rc, began = *m.groups(), at
        elif m := BEGUN.match(line):
            open_calls[m.group(1)] = (m.group(3), at)
            continue
        elif (m := RESUMED.match(line)) and m.group(1) in open_calls:
            args, began = open_calls.pop(m.group(1))
            pid, name, rc = m.group(1), m.group(2), m.group(4)
            args += m.group(3)
        else:
            continue
        if int(rc) >= 0:
            out.append((int(pid), name, args, began, at))
    return sorted(out, key=lambda c: c[3])


def renamed(args):
    """The two paths of a rename."""
    words = re.findall(r'(?:\d+<([^>]*)>|AT_FDCWD(?:<[^>]*>)?), "([^"]*)"', args)
    if not words:
        words = [("", path) for path in re.findall(r'"([^"]*)"', args)]
    return [os.path.normpath(os.path.join(*pair)) for pair in words[:2]]


def disorder(lines, below):
    """(what was published below a folder, what is wrong with the order, a sentence each). What other threads tell the
    catalogue meanwhile, as that they live, is not about what this one has published."""
    done, faults = [], []
    syncs = [(c[4], c[3], DESCRIPTOR.match(c[2]).group(1), c[0]) for c in calls(lines) if c[1] in ("fsync", "fdatasync")
             and DESCRIPTOR.match(c[2])]
    for pid, name, args, began, ended in calls(lines):
        if not name.startswith(("rename", "link")) or "RENAME_EXCHANGE" in args:
            continue
        source, target = renamed(args)
        if not target.startswith(below):
            continue
        done.append(target)
        if not any(end < began and path == source for end, _, path, _ in syncs):
            faults.append(f"{target}: named before its bytes were synced")
        folder = min((end for end, start, path, _ in syncs if start > ended and path == os.path.dirname(target)),
                     default=None)
        commit = min((start for _, start, path, by in syncs if start > ended and by == pid and path.endswith("catalog.db-wal")),
                     default=len(lines))
        if folder is None:
            faults.append(f"{target}: its folder was never synced")
        elif folder > commit:
            faults.append(f"{target}: the catalogue was told before its folder was synced")
    return done, faults


def tracer(log):
    return ["strace", "-f", "-qq", "-y", "-s", "4096", "-e", f"trace={CALLS}", "-o", log]


def read(log):
    with open(log, errors="replace") as f:
        return f.read().splitlines()


def record(home, folder, size=2000):
    """The calls of a worker that makes one backup of two services; the worker has ended."""
    data, log = os.path.join(home.home, "data"), os.path.join(folder, "calls")
    make_tree(os.path.join(data, "media"), 40, size)
    make_sqlite(os.path.join(data, "app.db"), 200)
    home.service("shop/live", "database", "sqlite", path=os.path.join(data, "app.db"))
    home.service("shop/live", "media", "files", roots=os.path.join(data, "media"), excludes="")
    home.start_worker(around=tracer(log))
    (_, job), = home.request("shop/live")
    row = home.wait_job(job, 120)
    assert row["state"] == "succeeded", row
    return log


def stop(home):
    """The worker itself, not the one that looks at it, is asked to leave."""
    worker = home.workers[0]
    with open(f"/proc/{worker.pid}/task/{worker.pid}/children") as f:
        pids = f.read().split()
    os.kill(int(pids[0]), 15)
    wait_until("the worker to leave", lambda: worker.poll() is not None)
    home.workers.remove(worker)


@test("T04", "each object of a backup is synced, named, its folder synced, and only then the catalogue told")
def a_backup_in_order():
    with Home('poll = "10ms"\n') as home:
        log = record(home, home.home)
        stop(home)
        store, lines = os.path.join(home.home, "store"), read(log)
        done, faults = disorder(lines, store)
        assert not faults, "\n".join(faults)
        keys = set(home.objects().values())
        assert len(keys) >= 4 and keys <= set(done), f"never seen named: {sorted(keys - set(done))}"
        print(f"# {len(done)} objects, each in order")

        # Control: the same calls without one kind of sync are found wrong for every object.
        for words, kind in (("named before", re.compile(r"\.tmp>")), ("folder was never", re.compile(rf"<{store}[^>.]*>"))):
            found = disorder([line for line in lines if "sync(" not in line or not kind.search(line)], store)[1]
            missing = [key for key in keys if not any(f.startswith(key) and words in f for f in found)]
            assert not missing, f"the control says nothing of {missing}: {found}"


@test("T04", "so is each pack of a backup that has several, before the catalogue is told of the next one")
def several_packs_in_order():
    with Home('poll = "10ms"\npack_size = 16MiB\n') as home:
        log = record(home, home.home, 1 << 20)
        stop(home)
        done, faults = disorder(read(log), os.path.join(home.home, "store"))
        assert not faults, "\n".join(faults)
        packs = [key for key in home.objects().values() if ".tar.zst" in key]
        assert len(packs) >= 3 and set(packs) <= set(done), (packs, done)


@test("T04", "keys, configuration and catalogue of a new instance are synced before they have their names")
def an_instance_in_order():
    with Home() as home:
        log, fresh = os.path.join(home.home, "calls"), os.path.join(home.home, "fresh")
        os.mkdir(fresh)
        env = dict(home.environment(), LAZARETTE_HOME=fresh)
        with open(os.path.join(fresh, "lazarette.conf"), "w") as f:
            f.write(f'templates = "{ROOT}/templates"\n')
        subprocess.run([*tracer(log), os.path.join(ROOT, "build", VARIANT, "lazarette"), "admin", "init"], env=env,
                       stdout=subprocess.DEVNULL, check=True)
        named, faults = disorder(read(log), fresh)
        assert not faults, "\n".join(faults)
        assert any("key" in os.path.basename(path) for path in named), named


if __name__ == "__main__":
    main()
