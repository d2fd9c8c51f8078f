#!/usr/bin/python3
"""T68: a dump that never ends, nearly: through zstd, age and the hashes into a storage in constant memory."""
import contextlib
import os
import sqlite3
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import ENDED, ROOT, SLOW, VARIANT, Home, Skip, main, test  # noqa: E402

WHERE = "shop/live"
BLOCK = 64 << 20                              # random and farther apart than zstd sees: does not compress
GB = 1 << 30
ALL = bool(os.environ.get("ALL"))
LARGE = 50 * GB if ALL else 2 * GB
LIMIT_KB = 64 << 10
# The vendor's tools as far as a dump needs them; pg_restore reads all, as when it writes its script.
TOOLS = {
    "psql": "echo '150020|15.20'",
    "pg_dump": """test "$1" = --version && { echo 'pg_dump (PostgreSQL) 15.20'; exit 0; }
printf PGDMP
i=0
while [ $i -lt BLOCKS ]; do cat 'FOLDER/block'; i=$((i + 1)); done""",
    "pg_restore": """test "$1" = --version && { echo 'pg_restore (PostgreSQL) 15.20'; exit 0; }
exec cat >/dev/null""",
}


class Stream(Home):
    """A database of which pg_dump makes so many bytes; encrypted, signed."""

    def __init__(self, size, env=None):
        super().__init__('poll = "10ms"\nthreads = 4\n', env, keys=True)
        self.blocks = size // BLOCK
        self.tools = os.path.join(self.home, "tools")
        self.env["LAZARETTE_TOOLS"] = self.tools

    def __enter__(self):
        super().__enter__()
        v = os.statvfs(self.home)
        if v.f_bavail * v.f_frsize < self.blocks * BLOCK * 11 // 10:
            raise Skip(f"{self.blocks * BLOCK // GB} GB do not fit there")
        os.makedirs(self.tools)
        with open(os.path.join(self.tools, "block"), "wb") as f:
            f.write(os.urandom(BLOCK))
        for name, text in TOOLS.items():
            path = os.path.join(self.tools, name)
            with open(path, "w") as f:
                f.write("#!/bin/sh\n" + text.replace("BLOCKS", str(self.blocks)).replace("FOLDER", self.tools) + "\n")
            os.chmod(path, 0o755)
        self.service(WHERE, "ledger", "postgresql", host="127.0.0.1", port="5432", database="app", user="app", tls="disable")
        return self

    def back_up(self):
        """Gives the job's peak of memory in KiB, how many seconds it took to store all, and to read it back too."""
        worker, peak, stored = self.start_worker(), 0, 0.0
        _, job = self.request(WHERE)[0]
        began, end = time.monotonic(), time.monotonic() + self.blocks * SLOW + 60
        while (row := self.job(job))["state"] not in ENDED:
            assert time.monotonic() < end, "the job does not end"
            if "dumping" in row["phase"]:
                stored = time.monotonic() - began
            for pid in self.children(worker).values():
                with contextlib.suppress(OSError, StopIteration), open(f"/proc/{pid}/status") as f:
                    peak = max(peak, int(next(x for x in f if x.startswith("VmHWM")).split()[1]))
            time.sleep(0.02)
        assert row["state"] == "succeeded", row["error"]
        return peak, stored, time.monotonic() - began


class CloudStream(Stream):
    """The same, and the storage is a bucket of the stub, which asks for no secret."""

    PREFIX = "none-0-large"

    def __enter__(self):
        super().__enter__()
        self.stub = subprocess.Popen([sys.executable, f"{ROOT}/tests/fake/s3stub.py"], stdin=subprocess.DEVNULL,
                                     stdout=subprocess.PIPE)
        port = int(self.stub.stdout.readline())
        with contextlib.closing(sqlite3.connect(self.home + "/catalog.db")) as c:
            c.execute("UPDATE storage SET kind = 's3', endpoint = ?, region = 'us-east-1', bucket = 'bucket', prefix = ?,"
                      " style = 'path', key_id = 'anybody'", (f"http://127.0.0.1:{port}", self.PREFIX))
            c.commit()
        return self

    def __exit__(self, *what):
        self.stub.kill()
        self.stub.wait()
        self.stub.stdout.close()
        super().__exit__(*what)


@test("T68", "into a bucket, too, three parts of it on their way at a time: at most 64 MiB of memory")
def large_and_far():
    if VARIANT != "test":
        raise Skip("memory under a sanitizer says nothing")
    with CloudStream(8 * BLOCK) as home:
        peak, stored, seconds = home.back_up()
        part = home.sql("SELECT data_raw_bytes, data_stored_bytes FROM part")[0]
        mb = part["data_raw_bytes"] / 1e6
        print(f"# {mb / 1000:.1f} GB stored at {mb / stored:.0f} MB/s, with reading back {mb / seconds:.0f} MB/s;"
              f" peak of the job's memory: {peak / 1024:.1f} MiB")
        assert part["data_raw_bytes"] == home.blocks * BLOCK + 5, part
        assert 1024 < peak <= LIMIT_KB, f"{peak} KiB"


@test("T68", "2 GB (ALL: 50) that do not compress, dumped, encrypted, hashed, stored and read back: at most 64 MiB of memory")
def large():
    if VARIANT != "test":
        raise Skip("memory under a sanitizer says nothing")
    with Stream(LARGE) as home:
        peak, stored, seconds = home.back_up()
        part = home.sql("SELECT data_raw_bytes AS raw_bytes, data_stored_bytes, data_key FROM part")[0]
        mb = part["raw_bytes"] / 1e6
        print(f"# {mb / 1000:.1f} GB stored at {mb / stored:.0f} MB/s, with reading back {mb / seconds:.0f} MB/s;"
              f" peak of the job's memory: {peak / 1024:.1f} MiB")
        assert part["raw_bytes"] == home.blocks * BLOCK + 5 and part["data_key"].endswith(".dump.zst.age"), part
        assert part["raw_bytes"] <= part["data_stored_bytes"] <= part["raw_bytes"] * 1.002, part
        assert 1024 < peak <= LIMIT_KB, f"{peak} KiB"
        assert not ALL or mb / stored >= 200, f"{mb / stored:.0f} MB/s"


@test("T68", "control: a job that keeps what it reads is seen to take more")
def a_hoarder_is_seen():
    if VARIANT != "test":
        raise Skip("memory under a sanitizer says nothing")
    with Stream(4 * BLOCK, {"LAZARETTE_FAULT_CONTROL": "stream.hoarded"}) as home:
        peak, _, _ = home.back_up()
        print(f"# peak {peak / 1024:.1f} MiB")
        assert peak > LIMIT_KB, f"{peak} KiB"


if __name__ == "__main__":
    main()
