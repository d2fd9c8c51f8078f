"""storing.py: shop/live in one of several storages, chosen by a policy and run by a plan."""
import contextlib
import hashlib
import os
import sqlite3
import subprocess

from harness import Instance
from places import restore
from shop import LIVE, ROWS, make_sqlite

SLUGS = ("sqlite", "media")


def file_sum(path):
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


class Storages(Instance):
    """shop/live with a database and a folder, on a schedule, and storages beside `main`."""

    def __enter__(self):
        super().__enter__()
        self.content = self.home + "/content"
        os.makedirs(self.content + "/media/sub")
        make_sqlite(self.content + "/shop.sqlite")
        self.write("as it was")
        self.add_project("shop")
        self.add_environment("shop", "live")
        self.add_service(LIVE, "sqlite", "sqlite", path=self.content + "/shop.sqlite")
        self.add_service(LIVE, "media", "files", roots=self.content + "/media")
        self.must(self.browser.submit(self.browser.get(f"/p/{LIVE}/schedule").form("/usual"), f"/p/{LIVE}/schedule"))
        return self

    def write(self, words):
        """Both services say `words` from now on."""
        with open(self.content + "/media/sub/words", "w") as f:
            f.write(words)
        with contextlib.closing(sqlite3.connect(self.content + "/shop.sqlite")) as db:
            db.execute("UPDATE customer SET name = ? WHERE id = 1", (words,))
            db.commit()

    def words(self):
        with contextlib.closing(sqlite3.connect(self.content + "/shop.sqlite")) as db:
            name, count = db.execute("SELECT (SELECT name FROM customer WHERE id = 1), count(*) FROM customer").fetchone()
        assert count == ROWS
        with open(self.content + "/media/sub/words") as f:
            assert f.read() == name
        return name

    def add_folder(self, slug):
        """Through the page; the folder must be there."""
        path = f"{self.home}/store-{slug}"
        os.makedirs(path)
        self.must(self.fill_and_send("/storage/new?kind=local", {"slug": slug, "path": path}, "slug"))
        return path

    def add_bucket(self, slug, then="save", **fields):
        """Through the page; gives the answer to the form."""
        form = self.must(self.browser.get("/storage/new?kind=s3")).form(field="endpoint").fill(slug=slug, **fields)
        return self.browser.submit(form, "/storage/new", button=("then", "test") if then == "test" else None)

    def add_server(self, slug, then="save", **fields):
        """The same of an SFTP server."""
        form = self.must(self.browser.get("/storage/new?kind=sftp")).form(field="host").fill(slug=slug, **fields)
        return self.browser.submit(form, "/storage/new", button=("then", "test") if then == "test" else None)

    def test_storage(self, slug, state):
        """The button of its page; gives the job's row."""
        page = f"/storage/{slug}"
        self.must(self.browser.submit(self.must(self.browser.get(page)).form("/test"), page))
        return self.last_test(state)

    def last_test(self, state):
        return self.wait_job(self.sql1("SELECT max(id) FROM job WHERE kind = 'check'"), state)

    def policy(self, base, value=None):
        """Through the page of policies; None: what is inherited."""
        page = self.must(self.browser.get(base + "/policies")).page
        form = next(f for f in page.forms if f.value("policy") == "storage")
        if value is not None:
            form.fill(value=value)
        return self.browser.submit(form, base + "/policies", button=("do", "inherit" if value is None else "save"))

    def run_plan(self):
        """Run now; gives the backup's row once it is ready."""
        self.must(self.browser.submit(self.browser.get("/plans").form("/run"), "/plans"))
        self.wait_job(self.sql1("SELECT max(id) FROM job WHERE kind = 'backup'"), "succeeded")
        return self.sql("SELECT b.*, s.slug, s.path FROM backup b JOIN storage s ON s.id = b.storage ORDER BY b.id DESC")[0]

    def keys(self, backup):
        return [r["data_key"] for r in self.sql("SELECT data_key FROM part WHERE backup = ?", backup)]

    def body_in(self, slug, path=None):
        """What reads the objects of a storage that is a folder of this machine."""
        path = path or self.sql1("SELECT path FROM storage WHERE slug = ?", slug)

        def body(key):
            with open(os.path.join(path, key), "rb") as f:
                return f.read()
        return body

    def raw_sums(self, backup, body):
        """By service, the SHA-256 of what zstd makes of the stored object."""
        def raw_sum(key):
            raw = subprocess.run(["zstd", "-qdc"], input=self.opened(key, body(key)), capture_output=True, check=True)
            return hashlib.sha256(raw.stdout).hexdigest()
        rows = self.sql("SELECT service_slug, data_key FROM part WHERE backup = ?", backup)
        return {r["service_slug"]: raw_sum(r["data_key"]) for r in rows}

    def packs_of(self, backup):
        """The keys of all packs that its files lie in, its own first."""
        part = self.sql("SELECT * FROM part WHERE backup = ? AND engine = 'files'", backup)[0]
        return [part["data_key"]] + [r["key"] for r in self.sql("SELECT key FROM part_pack WHERE part = ? ORDER BY rowid", part["id"])]

    def several_packs(self, slug, objects, remove):
        """Files of three packs into a storage: all lie there, come back equal, and one that is lost is named."""
        self.configure("pack_size = 16MiB\n")
        self.stop_one("worker")
        self.start_worker()
        sums = {}
        for i in range(3):
            with open(f"{self.content}/media/sub/large-{i}", "wb") as f:
                f.write(os.urandom(11 << 20))
            sums[f.name] = file_sum(f.name)
        self.must(self.policy(f"/p/{LIVE}", slug))
        backup = self.run_plan()
        self.must(self.policy(f"/p/{LIVE}", "main"))
        packs = self.packs_of(backup["id"])
        assert len(packs) >= 3 and all(objects()[key] > 0 for key in packs), packs
        for path in sums:
            os.unlink(path)
        restore(self, backup["id"], slugs=("media",))
        assert {path: file_sum(path) for path in sums} == sums
        remove(packs[1])
        page = f"/b/b{backup['id']}"
        self.must(self.browser.submit(self.must(self.browser.get(page)).form("/verify"), page))
        error = self.wait_job(self.sql1("SELECT max(id) FROM job WHERE kind = 'verify'"), "failed")["error"]
        assert packs[1] in error, error
        for path in sums:
            os.unlink(path)
        return backup["id"]

    def lies_in(self, backup, path):
        return [os.path.exists(f"{path}/{key}") for key in self.keys(backup)] == [True] * len(SLUGS)
