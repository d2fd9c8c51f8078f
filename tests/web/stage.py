"""stage.py: consoles with something of everything in them, for the browser tests, and how a test in node is run."""
import json
import os
import re
import sqlite3
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "flow"))
from harness import Browser, Instance, links_of, wait_until  # noqa: E402


def make_content(folder):
    """A database and a media folder; one thing in it cannot be stored, so that there is a warning."""
    os.makedirs(os.path.join(folder, "media/img"))
    db = sqlite3.connect(os.path.join(folder, "shop.sqlite"))
    db.execute("CREATE TABLE product (id INTEGER PRIMARY KEY, title TEXT)")
    db.executemany("INSERT INTO product (title) VALUES (?)", [(f"Teapot {i}",) for i in range(500)])
    db.commit()
    db.close()
    for i in range(20):
        with open(os.path.join(folder, "media/img", f"{i}.svg"), "w") as f:
            f.write("<svg xmlns='http://www.w3.org/2000/svg'/>\n" * (i + 1))
    # A name without a place to break, one that is not UTF-8, a link, and more than a page of files.
    os.makedirs(os.path.join(folder, "media/many"))
    for i in range(120):
        with open(os.path.join(folder, "media/many", f"{i:03}.txt"), "w") as f:
            f.write("x" * i)
    for name in (b"w" * 200, b"latin-\xfc.txt"):
        with open(os.path.join(folder.encode(), b"media", name), "w") as f:
            f.write("odd\n")
    os.symlink("img/1.svg", os.path.join(folder, "media/link"))
    os.mkfifo(os.path.join(folder, "media/pipe"))


class Stage(Instance):
    """shop/live with backups of every kind; shop/staging without any; the project bare without environments;
    one of the longest names there can be."""

    def __enter__(self):
        super().__enter__()
        try:
            self.fill()
        except BaseException:
            print(self.tails(), file=sys.stderr)
            self.checked_exits = False
            self.stop()
            raise
        return self

    def fill(self):
        self.browser.spread = True
        content = os.path.join(self.home, "content")
        make_content(content)
        self.add_project("shop", "Shop")
        self.add_project("bare", "Bare")
        # Names as long as they may be, without a place to break: no page may scroll sideways.
        self.add_project("w" * 40, "W" * 100)
        self.add_environment("w" * 40, "l" * 40)
        self.add_environment("shop", "live")
        self.add_environment("shop", "staging", "staging")
        self.add_service("shop/live", "database", "sqlite", path=content + "/shop.sqlite")
        self.add_service("shop/live", "media", "files", roots=content + "/media", excludes="*.tmp\ncache/*")
        self.ready, job = self.create_backup("shop/live", note="Before the upgrade to 2.0\nsecond line", mail=True)
        self.wait_job(job, "succeeded")
        self.trashed = self.backup("shop/live", ["database"])["id"]
        os.rename(content + "/shop.sqlite", content + "/moved")
        self.failed = self.backup("shop/live", ["database"], "this one fails", state="failed")["id"]
        os.rename(content + "/moved", content + "/shop.sqlite")
        self.browser.get(f"/b/b{self.ready}/files")
        self.wait_job(self.sql1("SELECT max(id) FROM job WHERE kind = 'list'"), "succeeded")
        self.download = self.request_download(self.ready)
        self.wait_download(self.download)
        self.revoked = self.request_download(self.ready, form_format="zip")
        self.wait_download(self.revoked)
        self.links = wait_until("both mails with links", self._links)
        self.act(f"/d/d{self.revoked}", "revoke")
        self.act(f"/b/b{self.trashed}", "delete")
        self.restore_media(content)
        self.schedule()
        self.browser.get(f"/b/b{self.ready}/compare")
        self.wait_job(self.sql1("SELECT max(id) FROM job WHERE kind = 'compare'"), "succeeded")
        self.channels()

    def schedule(self):
        """Every night in shop/live, which has run; off in shop/staging; one of a project and of the instance."""
        for base in ("/p/shop/live", "/p/shop/staging", "/p/shop/-", ""):
            self.must(self.browser.submit(self.browser.get(base + "/schedule").form("/usual"), base + "/schedule"))
        self.must(self.browser.submit(self.browser.get("/p/shop/live/schedule").form("/run"), "/p/shop/live/schedule"))
        self.wait_job(self.sql1("SELECT max(id) FROM job"), "succeeded")
        path = "/p/shop/staging/schedule"
        self.must(self.browser.submit(self.browser.get(path).form("/switch"), path))

    def channels(self):
        """One of the instance, one of a project, one of an environment; one is switched off where it is inherited."""
        for base in ("", "/p/shop/-", "/p/shop/live"):
            path = base + "/notifications/new?kind=ntfy"
            form = self.must(self.browser.get(path)).form(field="name")
            self.must(self.browser.submit(form.fill(name="Phones", url="https://ntfy.example.net/night-watch"), path))
        path = "/p/shop/staging/notifications"
        form = self.must(self.browser.get(path)).form("/here")
        self.must(self.browser.submit(form, path, button=("say", "not-here")))

    def restore_media(self, content):
        """The media go to shop/drill: once to the end, once to the page that asks."""
        os.makedirs(content + "/drill")
        self.add_environment("shop", "drill", "development")
        self.add_service("shop/drill", "media", "files", roots=content + "/drill")
        self.restored, page = self.draft_restore()
        form = page.form(field="typed").fill(typed="shop/drill", consent=True, real_data=True)
        self.must(self.browser.submit(form, page.path, follow=False), 303)
        self.wait_job(self.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", self.restored), "succeeded")
        self.beside, page = self.draft_restore("new")
        form = page.form("/confirm").fill(typed="shop/drill", real_data=True)
        self.must(self.browser.submit(form, page.path, follow=False), 303)
        self.wait_job(self.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", self.beside), "succeeded")
        self.drafted, _ = self.draft_restore()

    def draft_restore(self, mode="replace"):
        """Through What and Where; gives the number and the page that asks, once the target was looked at."""
        part = self.sql1("SELECT id FROM part WHERE backup = ? AND service_slug = 'media'", self.ready)
        place = self.sql1("SELECT id FROM environment WHERE slug = 'drill'")
        service = self.sql1("SELECT min(id) FROM service WHERE environment = ?", place)
        path = f"/b/b{self.ready}/restore?step=2&part={part}&place=other&to={place}"
        form = self.must(self.browser.get(path)).form(field="mode").fill(mode=mode, **{f"service-{part}": str(service)})
        sent = self.must(self.browser.submit(form, path, follow=False), 303)
        number = int(re.search(r"/r/r(\d+)/", sent.header("location")).group(1))
        wait_until("the look", lambda: self.sql1("SELECT preview FROM restore WHERE id = ?", number) != "looking")
        return number, self.must(self.browser.get(f"/r/r{number}/confirm"))

    def act(self, page, verb):
        """Press the button of a page whose form's action ends so, through its confirm page when there is one."""
        answer = self.must(self.browser.get(page))
        if not any(f.action.endswith("/" + verb) for f in answer.page.forms):
            answer = self.must(self.browser.get(f"{page}/{verb}"))
        answer = self.browser.submit(answer.form("/" + verb), page)
        if answer.status == 200 and any(f.action.endswith("/" + verb) for f in answer.page.forms):
            answer = self.browser.submit(answer.form("/" + verb), page)
        return self.must(answer)

    def _links(self):
        """Token pages by download number, from the mails."""
        found = {}
        for mail in self.mails():
            for link in links_of(mail, self.base):
                m = re.match(r"/dl/([\w-]+)(/.*)?$", link)
                if m:
                    found.setdefault(m.group(1), []).append(link)
        return list(found.items()) if len(found) >= 2 else None

    def token_paths(self):
        """(living page, living file page, dead page) of the two mailed links."""
        alive, dead = [], []
        guest = Browser(self.base, spread=True)
        for token, links in self.links:
            page = f"/dl/{token}"
            (alive if guest.get(page).status == 200 else dead).append((page, links))
        assert len(alive) == 1 and len(dead) == 1, (alive, dead)
        files = [x for x in alive[0][1] if x != alive[0][0]]
        return alive[0][0], files[0] if files else alive[0][0] + "/1", dead[0][0]


def run_node(script, given):
    """Run a browser test; its lines are ours. `given` is JSON on its stdin."""
    done = subprocess.run(["node", os.path.join(HERE, script)], input=json.dumps(given), text=True, cwd=HERE)
    return done.returncode


def cookie_of(browser):
    name, value = next((n, v) for n, v in browser.cookies.items() if "session" in n or len(browser.cookies) == 1)
    return {"name": name, "value": value}
