#!/usr/bin/python3
"""overview.py: server time of the overview, the metrics and an environment, among 100,000 backups.

    tests/bench/overview.py         of the release build (VARIANT=test for another)

As pages.py: the catalogue is filled by SQL, requests go straight to the FastCGI socket, no worker runs.
Limits (median): overview of 200 environments 50 ms, of 1,000 environments 150 ms, metrics of 1,000 150 ms.
"""
import os
import sqlite3
import sys
import time
import uuid

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import pages  # noqa: E402

BACKUPS, DAY = 100000, 86400000
pages.ROUNDS = 60


def fill(instance, environments, backups):
    """Spread evenly over this many environments in all, each with a schedule, a year of days and two services."""
    now, digest = int(time.time() * 1000), "ab" * 32
    with sqlite3.connect(instance.home + "/catalog.db") as db:
        for i in range(1, environments + 1):
            db.execute("INSERT OR IGNORE INTO environment (id, project, uuid, slug, name, kind, created_at)"
                       " VALUES (?, 1, ?, ?, ?, 'live', 1)", (i, str(uuid.uuid4()), f"e{i}", f"E{i}"))
            if db.execute("SELECT 1 FROM service WHERE environment = ?", (i,)).fetchone():
                continue
            for slug in ("database", "media"):
                db.execute("INSERT INTO service (uuid, environment, slug, name, engine, settings, created_at)"
                           " VALUES (?, ?, ?, ?, 'files', '{}', 1)", (str(uuid.uuid4()), i, slug, slug))
        db.execute("DELETE FROM schedule_state")
        db.execute("INSERT OR IGNORE INTO schedule (id, uuid, name, cron, created_at) VALUES (1, 'u', 'Nightly', '0 2 * * *', 1)")
        db.execute("INSERT INTO schedule_state SELECT 1, id, ?, ? FROM environment", (now - DAY // 2, now + DAY // 2))
        for table in ("job", "part", "backup"):
            db.execute(f"DELETE FROM {table}")
        db.executemany(
            "INSERT INTO backup (id, uuid, environment, storage, kind, state, created_at, started_at, finished_at, health,"
            " verified_at, raw_bytes, stored_bytes, sidecar_sha256) VALUES (?, ?, ?, 1, 'scheduled', 'ready', ?, ?, ?, 'good', ?,"
            " 75000000, 61000000, ?)",
            ((i, str(uuid.uuid4()), 1 + i % environments, t, t, t, t, digest)
             for i in range(1, backups + 1) for t in [now - (backups - i) * 1000]))
        db.execute("INSERT INTO part (uuid, backup, service, service_slug, service_name, engine, state, format, data_key,"
                   " data_raw_sha256, data_stored_sha256, taken_at, finished_at, verified_at) SELECT b.id || '-' || s.id, b.id, s.id,"
                   " s.slug, s.slug, 'files', 'ready', 'tar', 'k', ?1, ?1, b.created_at, b.finished_at, b.created_at FROM backup b"
                   " JOIN service s ON s.environment = b.environment ORDER BY b.id, s.id", (digest,))
        db.executemany(
            "INSERT INTO job (id, uuid, kind, state, environment, backup, run_at, created_at, finished_at)"
            " VALUES (?, ?, 'backup', 'succeeded', ?, ?, 1, 1, 1)",
            ((i, str(uuid.uuid4()), 1 + i % environments, i) for i in range(1, backups + 1)))
        db.execute("DELETE FROM day_log")
        db.executemany("INSERT INTO day_log (environment, day, good, raw_bytes) VALUES (?, ?, 1, 75000000)",
                       ((e, now // DAY - d) for e in range(1, environments + 1) for d in range(365)))
        db.execute("ANALYZE")
    db.close()


def main():
    missed = 0
    with pages.WithoutWorker(conf="web_processes = 1\n") as instance:
        instance.add_project("shop")
        instance.add_environment("shop", "live")
        cookie = "; ".join(f"{k}={v}" for k, v in instance.browser.cookies.items())
        print(f"median / 99 of 100 / processor, in ms, {pages.ROUNDS} requests each, {BACKUPS} backups")
        for environments, limit in ((200, 50), (1000, 150)):
            fill(instance, environments, BACKUPS)
            for uri, words, most in (("/", "Environments", limit), ("/metrics", "lazarette_jobs", limit),
                                     ("/p/shop/live", "The last year", limit)):
                m = pages.measure(instance, cookie, uri, words)
                print(f"{environments:5} environments {uri:14}{pages.figures(m)}   {m[3] / 1000:.0f} kB")
                pages.limit(m[0] <= most, f"{uri} within {most} ms")
                missed += m[0] > most
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
