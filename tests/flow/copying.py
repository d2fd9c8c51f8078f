"""copying.py: shop/live with what a person does about copies of its backups in further storages."""
import os

from harness import wait_until
from storing import Storages


class Copying(Storages):
    def choose_copies(self, base, *slugs):
        """The boxes of the policy, through its page."""
        page = self.must(self.browser.get(base + "/policies"))
        form = next(f for f in page.page.forms if f.value("policy") == "copies")
        form.fill(value=list(slugs))
        return self.browser.submit(form, base + "/policies", button=("do", "save"))

    def copies(self, backup):
        return {r["slug"]: r for r in self.sql("SELECT c.*, s.slug FROM copy c JOIN storage s ON s.id = c.storage"
                                               " WHERE c.backup = ?", backup)}

    def wait_copy(self, backup, slug, state="ready"):
        return wait_until(f"b{backup} {state} in {slug}", lambda: (
            lambda c: c if c and c["state"] == state and not self.busy(backup) else None)(self.copies(backup).get(slug)))

    def busy(self, backup):
        return self.sql1("SELECT count(*) FROM job WHERE backup = ? AND state IN ('queued', 'running')", backup)

    def act(self, backup, action, status=200):
        page = f"/b/b{backup}"
        return self.must(self.browser.submit(self.must(self.browser.get(page)).form(action=action), page), status)

    def log(self, job):
        return "\n".join(r["text"] for r in self.sql("SELECT text FROM job_log WHERE job = ? ORDER BY seq", job))

    def newest(self, kind):
        return self.sql1("SELECT max(id) FROM job WHERE kind = ?", kind)


def objects(path):
    """What lies in a storage of its backups, by key."""
    out = {}
    for base, _, files in os.walk(path):
        for name in files:
            full = os.path.join(base, name)
            key = os.path.relpath(full, path)
            if "/" in key:
                with open(full, "rb") as f:
                    out[key] = f.read()
    return out


def flip(path, at=100):
    with open(path, "r+b") as f:
        f.seek(at)
        byte = f.read(1)
        f.seek(at)
        f.write(bytes([byte[0] ^ 1]))
