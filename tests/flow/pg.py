"""pg.py: a private PostgreSQL cluster for tests: its own folder, its own port, gone afterwards.

    with Cluster() as pg:
        pg.sql("CREATE TABLE t (id int)")
        pg.host, pg.port, pg.user, pg.password, pg.database

PostgreSQL refuses to run as root: then it runs as the user postgres.
"""
import glob
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time


def newest_bin():
    """The folder of the newest server that is installed."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if not found:
        raise RuntimeError("no PostgreSQL server: apt install postgresql-15")
    return os.path.dirname(max(found, key=lambda p: int(p.split("/")[4])))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Cluster:
    """user is a superuser with a password (scram-sha-256) over 127.0.0.1; options are "name=value" of the server."""

    host = "127.0.0.1"
    user = "owner"
    database = "postgres"

    def __init__(self, password="a:b\\c 'd' \"e\" %f=g", options=()):
        self.password = password
        self.options = list(options)
        self.bin = newest_bin()
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix="pg.")
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "data")
        self.as_server = []
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
            self.as_server = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        try:
            self._init()
            self.start()
        except BaseException:
            self.remove()
            raise

    def _run(self, tool, *args):
        done = subprocess.run([*self.as_server, os.path.join(self.bin, tool), *args], cwd=self.folder,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=120, check=False)
        if done.returncode != 0:
            log = os.path.join(self.folder, "log")
            tail = open(log, encoding="utf-8").read()[-2000:] if os.path.exists(log) else ""
            raise RuntimeError(f"{tool} ended with {done.returncode}: {done.stdout}\n{tail}")

    def _init(self):
        password = os.path.join(self.folder, "password")
        with open(password, "w", encoding="utf-8") as f:
            f.write(self.password + "\n")
        os.chmod(password, 0o644)
        self._run("initdb", "-D", self.data, "-U", self.user, "-A", "scram-sha-256", f"--pwfile={password}",
                  "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync")
        os.unlink(password)

    def start(self):
        options = [f"port={self.port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}",
                   "fsync=off", *self.options]
        log = os.path.join(self.folder, "log")
        # After kill() the old backends hold the shared memory for a moment.
        for _ in range(30):
            # pg_ctl's child keeps stdout open: its output goes to a file.
            with open(os.path.join(self.folder, "ctl"), "w", encoding="utf-8") as out:
                done = subprocess.run([*self.as_server, os.path.join(self.bin, "pg_ctl"), "-D", self.data, "-w",
                                       "-l", log, "-o", " ".join(f"-c {o}" for o in options), "start"],
                                      cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                      timeout=120, check=False)
            if done.returncode == 0:
                return
            time.sleep(0.1)
        with open(log, encoding="utf-8") as f:
            raise RuntimeError("pg_ctl start: " + f.read()[-3000:])

    def stop(self, how="fast"):
        self._run("pg_ctl", "-D", self.data, "-m", how, "-w", "stop")

    def kill(self):
        """SIGKILL to the postmaster and all its children, as when a container dies: a backend alone would finish its query."""
        lock = os.path.join(self.data, "postmaster.pid")
        with open(lock, encoding="utf-8") as f:
            pid = int(f.readline())
        with open(f"/proc/{pid}/task/{pid}/children", encoding="utf-8") as f:
            children = [int(child) for child in f.read().split()]
        for each in [pid, *children]:
            try:
                os.kill(each, signal.SIGKILL)
            except ProcessLookupError:
                pass
        # Where nobody reaps orphans it stays as a zombie, which the next start would take for alive by either lock.
        while os.path.exists(f"/proc/{pid}/stat"):
            with open(f"/proc/{pid}/stat", encoding="utf-8") as f:
                if f.read().rsplit(")", 1)[1].split()[0] == "Z":
                    break
            time.sleep(0.01)
        os.unlink(lock)
        os.unlink(os.path.join(self.folder, f".s.PGSQL.{self.port}.lock"))

    def env(self, database=None):
        return {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8",
                "PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user,
                "PGPASSWORD": self.password, "PGDATABASE": database or self.database}

    def sql(self, text, database=None):
        """Runs the statements; what they print, columns divided by |."""
        done = subprocess.run([os.path.join(self.bin, "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1"],
                              input=text, env=self.env(database), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def restore(self, dump, database):
        """Loads a custom-format dump into a new database with the vendor's tool."""
        self.sql(f'CREATE DATABASE "{database}"')
        subprocess.run([os.path.join(self.bin, "pg_restore"), "--exit-on-error", "-d", database, dump],
                       env=self.env(), check=True, timeout=300)

    def remove(self):
        if os.path.exists(os.path.join(self.data, "postmaster.pid")):
            try:
                self.stop("immediate")
            except (RuntimeError, subprocess.TimeoutExpired):
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


def main():
    """For tests in C: tells the port and the folder, then serves until stdin ends; "kill" and "start" on stdin act."""
    with Cluster() as pg:
        print(pg.port, pg.folder, flush=True)
        for line in sys.stdin:
            if line.strip() == "kill":
                pg.kill()
            elif line.strip() == "start":
                pg.start()
            print("done", flush=True)


if __name__ == "__main__":
    main()
