#!/usr/bin/python3
"""restore_postgresql.py: a PostgreSQL part put back against `pg_restore -j2` into an empty database, in pairs in the same run.

restore_postgresql.py [MB [PAIRS]]. Ours decodes the stored copy, compares its hashes, reads every statement, restores beside
the target, counts and analyses. Targets: wall <= 1.15 x, the swap <= 1 s, the undo <= 2 s, RSS <= 64 MiB.
"""
import json
import os
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


def env(pg, database="shop"):
    return dict(pg.env(database), PGUSER=ROLE, PGPASSWORD=PASSWORD)


def baseline(pg, dump):
    """The vendor's tool with two jobs, from a dump that lies there uncompressed."""
    pg.sql(f"CREATE DATABASE baseline OWNER {ROLE}")
    began = time.monotonic()
    subprocess.run([os.path.join(pg.bin, "pg_restore"), "-j2", "--no-owner", "--exit-on-error", "-d", "baseline", dump],
                   env=env(pg, "baseline"), check=True)
    wall = time.monotonic() - began
    pg.sql("DROP DATABASE baseline")
    return wall


def ours(pg, folder):
    tool = os.path.join(TOP, "build", "release", "bench", "restore_postgresql")
    with tempfile.TemporaryDirectory(dir=folder) as store:
        done = subprocess.run([tool, store], env=env(pg), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


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
        ratios, result = [], {}
        for i in range(pairs):
            # Which goes first changes, so that neither always finds the warmer machine.
            wall = baseline(pg, dump) if i % 2 == 0 else 0
            result = ours(pg, folder)
            wall = wall or baseline(pg, dump)
            ratios.append(result["build_ms"] / 1000 / wall)
            print(f"#   pg_restore -j2 {wall:.2f} s, ours {result['build_ms'] / 1000:.2f} s,"
                  f" swap {result['swap_ms']} ms, undo {result['unswap_ms']} ms", flush=True)
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
