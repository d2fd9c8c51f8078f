"""remotes.py: storages that are no folder of this machine, each a real server of its own: a bucket, and SFTP."""
import os
import subprocess
import sys
import tempfile

from harness import ROOT

sys.path.insert(0, ROOT + "/tests/fake")
from swift import KEY, SECRET, Swift  # noqa: E402

# What a storage has of its own.
OWN = ["README.txt", "lazarette.json", "lazarette.pub", "restore-files.sh"]
PREFIX = "backups/one"


class Remote:
    """A server that lives in a folder of its own, from its first word on; stop() ends it."""

    def __init__(self, program, kind, *words):
        self.folder = tempfile.mkdtemp(prefix=kind + "-", dir="/tmp")
        self.server = subprocess.Popen([sys.executable, f"{ROOT}/tests/fake/{program}", self.folder, *words],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.port = int(self.server.stdout.readline())

    def stop(self):
        self.server.terminate()
        self.server.wait()
        subprocess.run(["rm", "-rf", self.folder], check=True)


class Bucket(Remote):
    """OpenStack Swift with the bucket `lazarette` and those that are named; `fields` are for the form."""

    def __init__(self, *others):
        super().__init__("swift.py", "swift", "lazarette", *others)
        self.swift = Swift(self.port)
        self.fields = {"endpoint": f"http://127.0.0.1:{self.port}", "bucket": "lazarette", "prefix": PREFIX, "key_id": KEY,
                       "secret": SECRET}

    def objects(self):
        """{key: bytes} below the prefix."""
        n = len(PREFIX) + 1
        return {name[n:]: size for name, size in self.swift.names("lazarette").items() if name.startswith(PREFIX + "/")}

    def get(self, key):
        return self.swift.get("lazarette", f"{PREFIX}/{key}")

    def put(self, key, body):
        self.swift.put("lazarette", f"{PREFIX}/{key}", body)

    def remove(self, key):
        self.swift.remove("lazarette", f"{PREFIX}/{key}")


class Sftp(Remote):
    """OpenSSH with an empty folder; `fields` are for the form."""

    def __init__(self):
        super().__init__("sshd.py", "sshd")
        self.store = self.folder + "/store/one"
        self.key = self.read("user")
        self.fields = {"host": "127.0.0.1", "port": str(self.port), "login": "root", "folder": self.store, "auth": "key",
                       "secret": self.key.replace("\n", "\r\n")}

    def read(self, name):
        with open(os.path.join(self.folder, name)) as f:
            return f.read()

    def objects(self):
        found = {}
        for folder, _, names in os.walk(self.store):
            for name in names:
                path = os.path.join(folder, name)
                found[os.path.relpath(path, self.store)] = os.path.getsize(path)
        return found


def trust(s, slug):
    """The button that says that the key which the storage's page shows is the right one."""
    page = f"/storage/{slug}"
    s.must(s.browser.submit(s.must(s.browser.get(page)).form("/trust"), page))
