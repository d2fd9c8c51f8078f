#!/usr/bin/python3
"""restore_postgresql.py: a PostgreSQL part put back against `pg_restore -j2` into an empty database, in pairs in the same run.

restore_postgresql.py [MB [PAIRS]]. Ours decodes the stored copy, compares its hashes, reads every statement, restores beside
the target, counts and analyses. Targets: wall <= 1.15 x, the swap <= 1 s, the undo <= 2 s, RSS <= 64 MiB.
"""
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "tests", "flow")]
from pg import Cluster  # noqa: E402
from postgresql import TABLE  # noqa: E402

LIMIT, LIMIT_SWAP_MS, LIMIT_UNDO_MS, LIMIT_RSS_KB = 1.15, 1000, 2000, 64 * 1024
ROLE, PASSWORD = "keeper", "kept"
# As the job's log names them, in its order.
STEPS = ("read", "fence", "tables", "rows", "indexes", "counted")


def env(pg, database="shop"):
    return dict(pg.env(database), PGUSER=ROLE, PGPASSWORD=PASSWORD)


class Cpu:
    """Seconds of processor time of the server and of what we have run: told beside the wall, which others share."""

    def __init__(self, pg):
        with open(os.path.join(pg.data, "postmaster.pid"), encoding="utf-8") as f:
            self.server = int(f.readline())

    @staticmethod
    def of(pid, ended):
        """Of a process; with `ended` also of its children that were waited for."""
        try:
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                fields = f.read().rsplit(")", 1)[1].split()
        except FileNotFoundError:
            return 0
        return sum(int(n) for n in fields[11:15 if ended else 13]) / os.sysconf("SC_CLK_TCK")

    def now(self, pid):
        """Of the server with its sessions, and of the process `pid`."""
        with open(f"/proc/{self.server}/task/{self.server}/children", encoding="utf-8") as f:
            sessions = f.read().split()
        return self.of(self.server, True) + sum(self.of(s, False) for s in sessions) + self.of(pid, True)


def baseline(pg, cpu, dump):
    """The vendor's tool with two jobs, from a dump that lies there uncompressed: wall, processor."""
    pg.sql(f"CREATE DATABASE baseline OWNER {ROLE}")
    used, began = cpu.now(os.getpid()), time.monotonic()
    subprocess.run([os.path.join(pg.bin, "pg_restore"), "-j2", "--no-owner", "--exit-on-error", "-d", "baseline", dump],
                   env=env(pg, "baseline"), check=True)
    wall, used = time.monotonic() - began, cpu.now(os.getpid()) - used
    pg.sql("DROP DATABASE baseline")
    return wall, used


def ours(pg, cpu, folder):
    """The figures of the tool; of the steps, in seconds; of the processor."""
    tool = os.path.join(TOP, "build", "release", "bench", "restore_postgresql")
    with tempfile.TemporaryDirectory(dir=folder) as store, tempfile.TemporaryFile("w+") as said, \
            subprocess.Popen([tool, store], env=env(pg), stdout=subprocess.PIPE, stderr=said, text=True) as run:
        # The last answers nothing when the tool has failed.
        assert run.stdout.readline() == "stored\n", "the tool could not make the part"
        used = cpu.now(run.pid)
        assert run.stdout.readline() == "built\n", "the tool could not build"
        used = cpu.now(run.pid) - used
        figures = json.loads(run.stdout.read())
        said.seek(0)
        steps = [float(n) for n in re.findall(r" in ([0-9.]+) s", said.read())]
    return figures, dict(zip(STEPS, steps)), used


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    with Cluster(options=["shared_buffers=256MB", "max_wal_size=4GB"]) as pg, \
            tempfile.TemporaryDirectory(prefix="bench.") as folder:
        pg.sql(f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{PASSWORD}'")
        pg.sql(f"CREATE DATABASE shop OWNER {ROLE}")
        pg.sql(f"SET ROLE {ROLE};" + TABLE % (megabytes * 1000000 // 254), "shop")
        dump = os.path.join(folder, "shop.dump")
        subprocess.run([os.path.join(pg.bin, "pg_dump"), "-Fc", "-Z0", "-f", dump], env=env(pg), check=True)
        cpu, ratios, work, parts, result = Cpu(pg), [], [], [], {}
        for i in range(pairs):
            # Which goes first changes, so that neither always finds the warmer machine.
            first = baseline(pg, cpu, dump) if i % 2 == 0 else None
            result, steps, used = ours(pg, cpu, folder)
            wall, used_there = first or baseline(pg, cpu, dump)
            ratios.append(result["build_ms"] / 1000 / wall)
            work.append(used / used_there)
            parts.append({step: seconds / wall for step, seconds in steps.items()})
            print(f"#   pg_restore -j2 {wall:.2f} s (processor {used_there:.2f} s), ours {result['build_ms'] / 1000:.2f} s"
                  f" (processor {used:.2f} s; {', '.join(f'{k} {v:.2f}' for k, v in steps.items())}),"
                  f" swap {result['swap_ms']} ms, undo {result['unswap_ms']} ms", flush=True)
    print("#   steps, as parts of pg_restore -j2: " + ", ".join(
        f"{step} {statistics.median(p[step] for p in parts):.2f}" for step in STEPS)
        + f"; processor {statistics.median(work):.2f} x")
    ratio = statistics.median(ratios)
    good = (ratio <= LIMIT and result["swap_ms"] <= LIMIT_SWAP_MS and result["unswap_ms"] <= LIMIT_UNDO_MS
            and result["rss_kb"] <= LIMIT_RSS_KB)
    print(f"{'ok' if good else 'not ok'} - bench: restoring a PostgreSQL part, {result['raw'] / 1e6:.0f} MB dump:"
          f" {ratio:.2f} x pg_restore -j2 (limit {LIMIT}); swap {result['swap_ms']} ms (limit {LIMIT_SWAP_MS});"
          f" undo {result['unswap_ms']} ms (limit {LIMIT_UNDO_MS});"
          f" RSS {result['rss_kb'] / 1024:.0f} MiB (limit {LIMIT_RSS_KB // 1024})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
