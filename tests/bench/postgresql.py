#!/usr/bin/python3
"""postgresql.py: the PostgreSQL part against `pg_dump -Fc -Z0 | zstd -3 -T0`, in pairs in the same run.

postgresql.py [MB [PAIRS]]: the size of the dump and how many pairs. Target: wall <= 1.1 x.
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
sys.path.insert(0, os.path.join(TOP, "tests", "flow"))
from pg import Cluster  # noqa: E402

LIMIT = 1.1
LIMIT_RSS_KB = 64 * 1024

# Orders of a shop: ids, dates, names that repeat, some prose, some noise; about 300 bytes a row.
TABLE = """
CREATE TABLE orders AS SELECT i AS id, now() - i * interval '1 second' AS placed, 'customer ' || i %% 5000 AS customer,
  (random() * 10000)::numeric(10, 2) AS total, repeat('a note about article ' || i %% 97 || ', ', 5) AS note,
  md5(i::text) || md5((i + 1)::text) AS token FROM generate_series(1, %d) i;
ALTER TABLE orders ADD PRIMARY KEY (id);
VACUUM ANALYZE orders;
"""


def baseline(pg, folder):
    """What a careful administrator types; fsync included, as ours has it."""
    path = os.path.join(folder, "baseline.zst")
    began = time.monotonic()
    subprocess.run(["/bin/bash", "-o", "pipefail", "-c",
                    f"'{pg.bin}/pg_dump' -Fc -Z0 | zstd -q -3 -T0 -f -o '{path}' && sync '{path}'"],
                   env=pg.env(), check=True)
    wall = time.monotonic() - began
    size = os.path.getsize(path)
    os.unlink(path)
    return wall, size


def ours(pg, folder, threads):
    store = tempfile.mkdtemp(dir=folder)
    tool = os.path.join(TOP, "build", "release", "bench", "dump_postgresql")
    done = subprocess.run([tool, store, str(threads), "3"], env=pg.env(), stdout=subprocess.PIPE, text=True, check=True)
    subprocess.run(["rm", "-r", store], check=True)
    return json.loads(done.stdout)


def main():
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 512
    pairs = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    threads = os.cpu_count()
    with Cluster(options=["shared_buffers=256MB"]) as pg, tempfile.TemporaryDirectory(prefix="bench.") as folder:
        pg.sql(TABLE % (megabytes * 1000000 // 254))
        baseline(pg, folder)     # fills the caches
        ratios, reads, result = [], [], {}
        for i in range(pairs):
            # Which goes first changes, so that neither always finds the warmer machine.
            if i % 2:
                result = ours(pg, folder, threads)
                wall, size = baseline(pg, folder)
            else:
                wall, size = baseline(pg, folder)
                result = ours(pg, folder, threads)
            ratios.append(result["dump_ms"] / 1000 / wall)
            reads.append(result["read_ms"] / 1000 / wall)
            print(f"#   pg_dump | zstd {wall:.2f} s, ours {result['dump_ms'] / 1000:.2f} s"
                  f" + {result['read_ms'] / 1000:.2f} s read back and proven", flush=True)
    ratio = statistics.median(ratios)
    good = ratio <= LIMIT and result["rss_kb"] <= LIMIT_RSS_KB
    print(f"{'ok' if good else 'not ok'} - bench: postgresql part, {result['raw'] / 1e6:.0f} MB dump:"
          f" {ratio:.2f} x pg_dump -Fc -Z0 | zstd -3 -T0 (limit {LIMIT}); read back and proven"
          f" {statistics.median(reads):.2f} x; stored {result['stored'] / size:.2f} x;"
          f" RSS {result['rss_kb'] / 1024:.0f} MiB (limit {LIMIT_RSS_KB // 1024})")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
