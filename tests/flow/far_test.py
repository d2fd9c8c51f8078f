#!/usr/bin/python3
"""far_test.py: the machine is gone, and what is left lies in a bucket and on an SFTP server: the way back, step by step."""
import glob
import os
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from copying import Copying  # noqa: E402
from harness import Instance, main, test  # noqa: E402
from places import confirm_page, restore, tree, where_form  # noqa: E402
from remotes import Bucket, Sftp, trust  # noqa: E402
from shop import LIVE  # noqa: E402
from storing import SLUGS, Storages  # noqa: E402


class Fresh(Storages):
    """A new machine; `keys` is a copy of the folder of that name, or None. What it restores lies where it lay."""

    def __init__(self, left, keys=None):
        super().__init__()
        self.left, self.content = left, left.content
        if keys:
            shutil.copytree(keys, self.home + "/keys")

    def __enter__(self):
        """Nothing of the machine before lies there: what it kept for undoing its restores least of all."""
        for path in glob.glob(self.content + "/.*"):
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
        return Instance.__enter__(self)

    def rebuild(self, *words, status=0):
        done = self.admin("rebuild", *words, check=False)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def add_far(self, slug):
        """The storage as the lost instance had it, through the page, and its test."""
        fields = self.left.fields[slug]
        self.must((self.add_bucket if slug == "cloud" else self.add_server)(slug, "test", **fields))
        if slug == "nas":
            assert "compare the key and confirm it" in self.last_test("failed")["error"]
            trust(self, slug)

    def back(self, number, words):
        """Restored through the pages, equal to what it was."""
        self.write("of no use")
        os.unlink(self.content + "/media/still")
        restore(self, number, slugs=SLUGS)
        assert self.words() == words
        now = tree(self.content + "/media")
        assert now == self.left.seen[number], (now, self.left.seen[number])


class Left:
    """What is left of shop/live: a bucket with b1, a server with b2 and a copy of b1, and a copy of the keys."""

    def __init__(self):
        self.bucket, self.sftp, self.seen = Bucket(), Sftp(), {}
        self.fields = {"cloud": self.bucket.fields, "nas": self.sftp.fields}

    def __enter__(self):
        with Copying(keep=True) as s:
            self.home, self.content, self.recovery, self.base = s.home, s.content, s.recovery, s.base
            with open(self.content + "/media/still", "wb") as f:
                f.write(os.urandom(4096))
            s.must(s.add_bucket("cloud", "test", **self.fields["cloud"]))
            s.last_test("succeeded")
            s.must(s.add_server("nas", "test", **self.fields["nas"]))
            s.last_test("failed")
            trust(s, "nas")
            s.last_test("succeeded")
            for number, slug in ((1, "cloud"), (2, "nas")):
                s.write(f"as in b{number}")
                s.must(s.policy(f"/p/{LIVE}", slug))
                s.must(s.choose_copies("", *("nas",) * (number == 1)))
                assert s.run_plan()["id"] == number
                if number == 1:
                    s.wait_copy(1, "nas")
                self.seen[number] = tree(self.content + "/media")
            self.instance = s.sql1("SELECT value FROM setting WHERE name = 'instance_id'")
            self.public = s.sql1("SELECT value FROM setting WHERE name = 'sign_public_key'")
        self.keys = self.home + "/kept"
        os.rename(self.home + "/keys", self.keys)
        for name in glob.glob(self.home + "/*"):
            if name not in (self.content, self.keys):
                shutil.rmtree(name) if os.path.isdir(name) else os.unlink(name)
        return self

    def __exit__(self, *what):
        self.bucket.stop()
        self.sftp.stop()
        shutil.rmtree(self.home)


@test("T28 PEER-11", "from a bucket and a server: new machine with the old keys, storage added by its page, adopted, restored equal")
def whole(left):
    with Fresh(left, left.keys) as s:
        # Somebody has tried this and that on the new machine: it has a storage of its own by then.
        s.add_project("trial")
        s.add_environment("trial", "live")
        s.test_storage("main", "succeeded")
        s.add_far("cloud")
        error = s.last_test("failed")["error"]
        assert "belongs to another Lazarette" in error and left.instance in error, error
        assert "lazarette admin rebuild --storage cloud --adopt" in error, error
        before = left.bucket.objects()
        assert "--adopt" in s.rebuild("--storage", "cloud", status=1)
        said = s.rebuild("--storage", "cloud", "--adopt", "--dry-run")
        assert "1 would be taken up" in said and s.sql1("SELECT count(*) FROM backup") == 0, said
        # What README.txt says to whoever has nothing but the storage.
        told = left.bucket.get("README.txt").decode().split("With a new Lazarette", 1)[1]
        told = re.findall(r"^    lazarette admin (.*)$", told, re.M)
        assert told[:2] == ["init", "setup-code"] and len(told) == 3, told
        said = s.rebuild(*told[2].replace("NAME", "cloud").split()[1:])
        assert "1 taken up" in said and f"This instance is now {left.instance}" in said and "not reached" not in said, said
        assert left.bucket.objects() == before
        s.add_far("nas")
        s.last_test("succeeded")
        assert "1 taken up, 1 there" in s.rebuild("--storage", "nas")
        assert "0 taken up, 2 there" in s.rebuild("--storage", "nas")
        assert s.sql("SELECT c.backup, s.slug, c.state FROM copy c JOIN storage s ON s.id = c.storage") == [
            {"backup": 1, "slug": "nas", "state": "ready"}]
        for slug in ("cloud", "main"):
            s.test_storage(slug, "succeeded")
        for number in (1, 2):
            s.back(number, f"as in b{number}")
        # It goes on where the other one has ended.
        s.must(s.policy(f"/p/{LIVE}", "cloud"))
        number, job = s.create_backup(LIVE)
        s.wait_job(job, "succeeded")
        assert number > 2, number
        s.doctor()


@test("T28 PEER-11 PEER-16", "with the keys lost, too: a server first, then the bucket; the old public key vouches, the recovery key opens")
def keys_lost(left):
    with Fresh(left) as s:
        # Without an environment there is no job, and so no test; the key of the server is met all the same.
        s.must(s.add_server("nas", **left.fields["nas"]))
        page = s.browser.get("/storage/nas")
        refused = s.browser.submit(page.form("/test"), "/storage/nas")
        assert refused.status == 409 and "lazarette admin rebuild" in refused.words, refused.words
        said = s.rebuild("--storage", "nas", "--adopt", status=1)
        assert left.sftp.read("host_key") in said and "confirm it on the storage's page" in said, said
        trust(s, "nas")
        said = s.rebuild("--storage", "nas", "--adopt", status=1)
        assert "another signing key" in said and s.sql1("SELECT count(*) FROM backup") == 0, said
        said = s.rebuild("--storage", "nas", "--adopt", "--signing-key", left.public)
        assert "2 taken up" in said and "keep the old public key" in said, said
        s.must(s.add_bucket("cloud", **left.fields["cloud"]))
        said = s.rebuild("--storage", "cloud", "--signing-key", left.public)
        assert "taken up, 1 there already, 0 not taken" in said, said
        # What was a copy is where it is read from now, and where it lay first holds one more.
        assert s.sql1("SELECT s.slug FROM backup b JOIN storage s ON s.id = b.storage WHERE b.id = 1") == "nas"
        assert s.sql1("SELECT s.slug FROM copy c JOIN storage s ON s.id = c.storage WHERE c.backup = 1") == "cloud"
        # The pages say which key is missing and where it goes; the recovery key is one that does.
        answer, form = where_form(s, 1, slugs=SLUGS)
        number, page = confirm_page(s, form, answer)
        why = s.sql1("SELECT error FROM job WHERE restore = ? AND kind = 'preview'", number) or page.words
        assert "recovery key" in why and s.home + "/keys" in why, why
        with open(s.home + "/keys/recovery.identity", "w") as f:
            f.write(left.recovery + "\n")
        os.chmod(s.home + "/keys/recovery.identity", 0o600)
        for number in (1, 2):
            s.back(number, f"as in b{number}")


@test("NEW-1", "a backup taken out of a bucket and a server by the storage's name; where no catalogue knows it, it says what to do")
def by_name(left):
    with Fresh(left, left.keys) as s:
        s.must(s.add_bucket("cloud", **left.fields["cloud"]))
        s.must(s.add_server("nas", **left.fields["nas"]))

        def take(storage, number, *words, home=s.home, status=0):
            out = f"{s.home}/out-{storage.replace('/', '_')}"
            done = subprocess.run([s.program("lazarette"), "admin", "restore", "--storage", storage, f"b{number}", "--to-dir", out,
                                   *words], env=s.environment({"LAZARETTE_HOME": home}), cwd="/", capture_output=True, text=True)
            assert done.returncode == status, (storage, done)
            return out, done.stdout + done.stderr
        assert "confirm it on the storage's page" in take("nas", 2, status=1)[1]
        trust(s, "nas")
        for slug, number in (("cloud", 1), ("nas", 2)):
            # Whoever used the storage last has put its own public key there.
            out, said = take(slug, number, "--signing-key", left.public)
            with open(out + "/media/sub/words") as f:
                assert f.read() == f"as in b{number}", said
            assert left.seen[number]["still"][4] == tree(out + "/media")["still"][4] and os.path.exists(out + "/sqlite.sqlite")
            shutil.rmtree(out)
        # The file that is named is what counts, not the keys that are here.
        with open(s.home + "/other", "w") as f:
            f.write(subprocess.run(["age-keygen"], capture_output=True, text=True, check=True).stdout)
        os.chmod(s.home + "/other", 0o600)
        assert "its secret" in take("cloud", 1, "--signing-key", left.public, "--identity", s.home + "/other", status=1)[1]
        for name, home, words in (("cloud", "/nowhere", "no catalogue is in '/nowhere'"), ("clod", s.home, "knows no storage")):
            said = take(name, 1, home=home, status=1)[1]
            assert words in said and "aws s3 sync" in said, said
        assert "there is no storage folder" in take("/no/where", 1, status=1)[1]
        # Nothing of the storages has changed, and nothing was taken up.
        assert s.sql1("SELECT count(*) FROM backup") == 0


if __name__ == "__main__":
    main(Left)
