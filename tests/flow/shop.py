"""shop.py: a project with a PostgreSQL database, a SQLite database and a media folder, all with real content."""
import contextlib
import os
import sqlite3

from harness import Instance
from mailhost import MailHost
from pg import Cluster

ROWS = 2000
LIVE = "shop/live"


def make_media(folder):
    """Files as they come: odd names, an empty one, links, big and small; gives path -> content of the regular ones."""
    content = {
        "a.txt": b"hello\n", "empty": b"", "-rf": b"a name with a dash\n", "sub/with space.txt": b"x" * 1000,
        "sub/new\nline.txt": b"two lines in a name\n", "sub/deep/er/\xc3\xbcmlaut.svg".encode("latin-1").decode("utf-8"):
        b"<svg xmlns='http://www.w3.org/2000/svg'/>\n", "film.bin": os.urandom(3 << 20), "log.txt": b"line\n" * 200000,
        "n" * 250: b"a long name\n",
    }
    for path, data in content.items():
        full = os.path.join(folder, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as f:
            f.write(data)
    with open(os.path.join(folder, "skipped.tmp"), "w") as f:
        f.write("left out by *.tmp")
    os.symlink("a.txt", os.path.join(folder, "link"))
    os.link(os.path.join(folder, "a.txt"), os.path.join(folder, "sub/hard"))
    return content


def make_sqlite(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT)")
        db.executemany("INSERT INTO customer (name) VALUES (?)", [(f"Customer {i}",) for i in range(ROWS)])
        db.commit()


class Shop(Instance):
    """shop/live with the services database (PostgreSQL), sqlite and media."""

    def __init__(self, cluster, conf="", env=None):
        super().__init__(conf=conf, env=env)
        self.pg = cluster

    def __enter__(self):
        super().__enter__()
        try:
            self.content = os.path.join(self.home, "content")
            os.makedirs(self.content + "/media")
            self.media = make_media(self.content + "/media")
            make_sqlite(self.content + "/shop.sqlite")
            self.add_project("shop", "Shop")
            self.add_environment("shop", "live")
            self.add_service(LIVE, "database", "postgresql", host=self.pg.host, port=str(self.pg.port),
                             database="shop", user=self.pg.user, secret=self.pg.password, tls="disable")
            self.add_service(LIVE, "sqlite", "sqlite", path=self.content + "/shop.sqlite")
            self.add_service(LIVE, "media", "files", roots=self.content + "/media", excludes="*.tmp")
        except BaseException:
            print(self.tails())
            self.checked_exits = False
            self.stop()
            raise
        return self

    def objects(self):
        """Every object in the storage but the files that belong to the storage itself, and signatures."""
        root = os.path.join(self.home, "store")
        found = [os.path.relpath(os.path.join(d, f), root) for d, _, names in os.walk(root) for f in names]
        own = ("lazarette.json", "lazarette.pub", "README.txt", "restore-files.sh")
        return sorted(f for f in found if f not in own and not f.endswith(".minisig") and "ballast" not in f)


def make_database(pg):
    pg.sql("CREATE DATABASE shop")
    pg.sql(f"CREATE TABLE product (id int PRIMARY KEY, title text, price numeric(8,2));"
           f"INSERT INTO product SELECT i, 'Teapot ' || i, i * 1.5 FROM generate_series(1, {ROWS}) i;"
           f"CREATE INDEX ON product (title)", "shop")


@contextlib.contextmanager
def shop(conf="", env=None, smtp=False):
    """A shop of its own. With smtp, its mails go through a real server: shop.host."""
    with Cluster() as pg, (MailHost() if smtp else contextlib.nullcontext()) as host:
        make_database(pg)
        with Shop(pg, conf=conf + (host.conf if host else ""), env=env) as s:
            s.host = host
            yield s
