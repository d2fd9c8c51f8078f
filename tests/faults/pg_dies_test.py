#!/usr/bin/python3
"""T14: the server goes away while a job dumps it; the backup is failed with the server's words, and nothing is kept."""
import os
import random
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import Home, main, test, wait_until  # noqa: E402
from pg import Cluster  # noqa: E402

DEATHS = 12
CONF = 'lease = "20s"\npoll = "10ms"\nworker_parallel = 1\n'
WORDS = ("server closed the connection unexpectedly", "terminating connection", "Connection refused",
         "the database system is")
COPYING = "FROM pg_stat_activity WHERE application_name = 'lazarette' AND query LIKE 'COPY%'"


def fill(pg):
    # About 90 MB of noise, so that there is time to strike.
    pg.sql("CREATE TABLE item AS SELECT i AS id, (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 40) j)"
           " AS name FROM generate_series(1, 70000) i")


def strike(pg, how):
    """At a moment of the dump; False when it was over before."""
    end = time.monotonic() + 10
    while pg.sql(f"SELECT count(*) {COPYING}") == "0":
        if time.monotonic() > end:
            return False
    time.sleep(random.random() * 0.2)
    if how == "kill":
        pg.kill()
        return True
    return pg.sql(f"SELECT count(pg_terminate_backend(pid)) {COPYING}") != "0"


@test("T14 PEER-1", f"a server that dies at {DEATHS} moments of a job: each backup is failed, the good one stays")
def deaths():
    with Cluster(password="plain") as pg, Home(CONF) as home:
        fill(pg)
        home.service("shop/live", "database", "postgresql", host=pg.host, port=str(pg.port), database=pg.database,
                     user=pg.user, tls="disable")
        home.tool("secret", "shop/live", "database", pg.password)
        home.start_worker()
        (good, first), = home.request("shop/live")
        row = home.wait_job(first)
        assert row["state"] == "succeeded", dict(row)
        before, struck, late = set(home.objects()), 0, 0
        while struck < DEATHS:
            how = "kill" if struck % 3 == 2 else "terminate"
            (backup, job), = home.request("shop/live")
            hit = strike(pg, how)
            row = home.wait_job(job)
            if how == "kill" and hit:
                pg.start()
            if row["state"] == "succeeded":
                # The last bytes were on their way already: then it is whole, and stays.
                late += 1
                assert late < 3 * DEATHS
                before = set(home.objects())
                continue
            assert hit and row["state"] == "failed", dict(row)
            assert any(w in row["error"] for w in WORDS), row["error"]
            assert row["error"].startswith("database: pg_dump ended with exit code 1: ") and row["exit_code"] == 1, dict(row)
            assert home.sql1("SELECT state FROM backup WHERE id = ?", backup) == "failed"
            wait_until("what it had written to go", lambda: set(home.objects()) == before, 10)
            struck += 1
        assert home.sql1("SELECT state FROM backup WHERE id = ?", good) == "ready"
        (_, last), = home.request("shop/live")
        assert home.wait_job(last)["state"] == "succeeded"
        home.must_be_whole()
        print(f"# {struck} deaths, {struck} failed, 0 restorable; {late} came too late and were whole")


if __name__ == "__main__":
    main()
