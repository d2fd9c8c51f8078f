"""restore_home.py: an environment whose services all show one version, and how to see a mixture of two."""
import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "flow"))
from pg import Cluster  # noqa: E402,F401
from worker_home import Home  # noqa: E402

WHERE = "shop/live"
FILES, ROWS = 300, 400
ROLE, ROLE_PASSWORD = "shopkeeper", "kept: well"


class Shop(Home):
    """shop/live with the services media and database (SQLite), and with a cluster also ledger (PostgreSQL)."""

    def __init__(self, conf="", env=None, pg=None):
        super().__init__(conf, env)
        self.pg = pg
        self.data = os.path.join(self.home, "data")
        self.root = os.path.join(self.data, "media")
        self.db = os.path.join(self.data, "app.db")

    def __enter__(self):
        super().__enter__()
        os.makedirs(self.data)
        if self.pg:
            self.pg.sql(f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{ROLE_PASSWORD}'")
            self.pg.sql(f"CREATE DATABASE ledger OWNER {ROLE}")
        self.write(1)
        self.service(WHERE, "media", "files", roots=self.root, excludes="")
        self.service(WHERE, "database", "sqlite", path=self.db)
        if self.pg:
            self.service(WHERE, "ledger", "postgresql", host=self.pg.host, port=str(self.pg.port), database="ledger",
                         user=ROLE, tls="disable")
            self.tool("secret", WHERE, "ledger", ROLE_PASSWORD)
        return self

    # -- versions ---------------------------------------------------------------------------------

    def write(self, version):
        """Everything becomes this version, by hand."""
        shutil.rmtree(self.root, ignore_errors=True)
        for i in range(FILES + version):
            folder = os.path.join(self.root, f"d{i % 7}")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"f{i}"), "w") as f:
                f.write(f"{version}\n" * (1 + i % 50))
        with contextlib.closing(sqlite3.connect(self.db)) as c:
            c.executescript("PRAGMA journal_mode=WAL; BEGIN; DROP TABLE IF EXISTS note;"
                            "CREATE TABLE note (id INTEGER PRIMARY KEY, version INTEGER, text TEXT);")
            c.executemany("INSERT INTO note (version, text) VALUES (?, ?)",
                          ((version, "x" * 500) for _ in range(ROWS + version)))
            c.commit()
        if self.pg:
            self.pg.sql(f"SET ROLE {ROLE}; DROP TABLE IF EXISTS note; CREATE TABLE note (id serial PRIMARY KEY, version int);"
                        f"INSERT INTO note (version) SELECT {version} FROM generate_series(1, {ROWS + version})", "ledger")

    def seen_files(self):
        """The versions of the files of one tree, and whether it is whole."""
        versions, count = set(), 0
        for folder, _, names in os.walk(self.root):
            for name in names:
                with open(os.path.join(folder, name)) as f:
                    versions.update(f.read().split() or ["empty"])
                count += 1
        whole = len(versions) == 1 and count == FILES + int(min(versions))
        return min(versions) if whole else f"mixed: {sorted(versions)}, {count} files"

    def seen_sqlite(self):
        with contextlib.closing(sqlite3.connect(self.db, timeout=20)) as c:
            if c.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                return "damaged"
            rows = c.execute("SELECT version, count(*) FROM note GROUP BY 1").fetchall()
        whole = len(rows) == 1 and rows[0][1] == ROWS + rows[0][0]
        return str(rows[0][0]) if whole else f"mixed: {rows}"

    def seen_pg(self):
        rows = self.pg.sql("SELECT version, count(*) FROM note GROUP BY 1", "ledger").split("\n")
        version, count = rows[0].split("|")
        return version if len(rows) == 1 and int(count) == ROWS + int(version) else f"mixed: {rows}"

    def seen(self):
        """service -> its version, or words about the mixture."""
        found = {"media": self.seen_files(), "database": self.seen_sqlite()}
        if self.pg:
            found["ledger"] = self.seen_pg()
        return found

    # -- restoring --------------------------------------------------------------------------------

    def backup(self, where=WHERE):
        """A finished backup; a worker must run."""
        number, job = self.request(where)[0]
        row = self.wait_job(job)
        assert row["state"] == "succeeded", row["error"]
        return number

    def draft(self, backup, mode="replace", where=WHERE):
        restore, job = map(int, self.tool("restore", backup, where, mode)[0])
        self.wait_job(job)
        row = self.sql("SELECT * FROM restore WHERE id = ?", restore)[0]
        assert row["preview"] == "ok", row["preview_text"]
        return restore

    def confirm(self, restore, *words):
        return int(self.tool("confirm", restore, *words)[0][0])

    def log_of(self, job):
        return "\n".join(r["text"] for r in self.sql("SELECT text FROM job_log WHERE job = ? ORDER BY seq", job))

    def ended_well(self, job):
        row = self.wait_job(job, 120)
        assert row["state"] == "succeeded", f"{row['error']}\n{self.log_of(job)}"
        return row

    def restore(self, backup, *words, mode="replace"):
        restore = self.draft(backup, mode)
        self.ended_well(self.confirm(restore, *words))
        return restore

    def undo(self, restore):
        self.ended_well(int(self.tool("undo", restore)[0][0]))

    # -- all that can be compared -----------------------------------------------------------------

    def fingerprint(self):
        """Every row and every path with its mode, owner, time and content, in order."""
        out = []
        for folder, names, files in os.walk(self.root):
            for name in sorted(names + files + ["."]):
                path = os.path.join(folder, name)
                st = os.lstat(path)
                content = b""
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, "rb") as f:
                        content = f.read()
                out.append((os.path.relpath(path, self.root), st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns,
                            hashlib.sha256(content).hexdigest()))
        out.sort()
        with contextlib.closing(sqlite3.connect(self.db)) as c:
            out.append("\n".join(c.iterdump()))
        if self.pg:
            dump = subprocess.run([os.path.join(self.pg.bin, "pg_dump"), "--no-comments"], env=self.pg.env("ledger"),
                                  capture_output=True, text=True, check=True).stdout
            out.append("\n".join(line for line in dump.split("\n") if "restrict" not in line))
        return out
