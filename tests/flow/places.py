"""places.py: shop/live and shop/staging with all three engines, and the three pages of a restore as a person goes
through them."""
import contextlib
import hashlib
import os
import re
import sqlite3
import stat
import subprocess

from harness import wait_until
from shop import LIVE, shop

STAGING = "shop/staging"


@contextlib.contextmanager
def two_places():
    """shop/live and shop/staging, each with database, sqlite and media; staging's role is an ordinary one."""
    with shop() as s:
        s.pg.sql("CREATE ROLE keeper LOGIN CREATEDB PASSWORD 'kept: well'")
        s.pg.sql("ALTER DATABASE shop OWNER TO keeper")
        s.pg.sql("ALTER TABLE product OWNER TO keeper; ALTER SCHEMA public OWNER TO keeper;", "shop")
        s.pg.sql("CREATE DATABASE shop_staging OWNER keeper")
        s.pg.sql("CREATE DATABASE shop_staging_copy OWNER keeper")
        s.pg.sql("SET ROLE keeper; CREATE TABLE old (id int); INSERT INTO old VALUES (1)", "shop_staging")
        s.pg.sql("SET ROLE keeper; CREATE TABLE neighbour (id int)", "shop_staging_copy")
        s.staging = s.content + "/staging"
        os.makedirs(s.staging + "/media/only-here")
        with open(s.staging + "/media/only-here/x", "w") as f:
            f.write("staging's own\n")
        os.makedirs(s.staging + "/media-copy")
        with contextlib.closing(sqlite3.connect(s.staging + "/shop.sqlite")) as db:
            db.execute("CREATE TABLE old (id INTEGER)")
            db.commit()
        s.add_environment("shop", "staging", kind="staging")
        use_role(s, LIVE, "shop")
        s.add_service(STAGING, "database", "postgresql", host=s.pg.host, port=str(s.pg.port), database="shop_staging",
                      user="keeper", secret="kept: well", tls="disable")
        s.add_service(STAGING, "sqlite", "sqlite", path=s.staging + "/shop.sqlite")
        s.add_service(STAGING, "media", "files", roots=s.staging + "/media", excludes="*.tmp")
        yield s


def use_role(s, where, database):
    """Restores never run as a superuser: the live service's role becomes an ordinary one."""
    path = f"/p/{where}/services/database"
    form = s.must(s.browser.get(path)).form(field="database")
    s.must(s.browser.submit(form.fill(user="keeper", secret="kept: well", database=database), path))


# -- the three pages, as a person goes through them ---------------------------------------------------

def where_form(s, backup, target=None, slugs=("database", "sqlite", "media"), choice=None):
    """The page *where* with the target chosen, its form filled."""
    parts = {p["service_slug"]: p["id"] for p in s.sql("SELECT * FROM part WHERE backup = ?", backup)}
    query = [f"step=2&part={parts[slug]}" for slug in slugs]
    for slug, lines in (choice or {}).items():
        query.append(f"only-{parts[slug]}=1&choice-{parts[slug]}={lines}")
    environment = s.sql1("SELECT v.id FROM environment v JOIN project p ON p.id = v.project WHERE p.slug || '/' || v.slug = ?",
                         target) if target else None
    query.append(f"place=other&to={environment}" if target else "place=same")
    answer = s.must(s.browser.get(f"/b/b{backup}/restore?" + "&".join(query)))
    form = answer.form(field="mode")
    services = {r["slug"]: str(r["id"]) for r in s.sql(
        "SELECT s.slug, s.id FROM service s WHERE s.environment = ?",
        environment or s.sql1("SELECT environment FROM backup WHERE id = ?", backup))}
    form.fill(mode="replace", **{f"service-{parts[slug]}": services[slug] for slug in slugs})
    return answer, form


def confirm_page(s, form, answer):
    """Post *where*; gives the restore's number and its page *confirm* once the look has ended."""
    sent = s.must(s.browser.submit(form, answer.path, follow=False), 303)
    number = int(re.search(r"/r/r(\d+)/confirm", sent.header("location")).group(1))
    wait_until("the look at the target", lambda: s.sql1("SELECT preview FROM restore WHERE id = ?", number) != "looking")
    return number, s.browser.get(f"/r/r{number}/confirm")


def restore(s, backup, target=None, state="succeeded", prepare=None, **more):
    """All three pages; gives the restore's row once its job has ended."""
    answer, form = where_form(s, backup, target, **more)
    number, page = confirm_page(s, form, answer)
    form = s.must(page).form(field="typed")
    form.fill(typed=target or LIVE, consent=True)
    if prepare:
        prepare(form)
    sent = s.must(s.browser.submit(form, page.path, follow=False), 303)
    assert f"/r/r{number}" in sent.header("location"), sent.header("location")
    job = s.sql1("SELECT max(id) FROM job WHERE restore = ? AND kind = 'restore'", number)
    s.wait_job(job, state)
    return s.sql("SELECT * FROM restore WHERE id = ?", number)[0]


def tree(folder):
    out = {}
    for base, names, files in os.walk(folder):
        for name in names + files:
            path = os.path.join(base, name)
            st = os.lstat(path)
            content = os.readlink(path) if stat.S_ISLNK(st.st_mode) else ""
            if stat.S_ISREG(st.st_mode):
                with open(path, "rb") as f:
                    content = hashlib.sha256(f.read()).hexdigest()
            out[os.path.relpath(path, folder)] = (st.st_mode, st.st_uid, st.st_gid, st.st_mtime_ns, content)
    return out


def without_excluded(found):
    return {p: v for p, v in found.items() if not p.endswith(".tmp")}


# -- the commands that a page shows -------------------------------------------------------------------

def commands(page):
    """What stands in the boxes of a page, as a person copies it: one string per box."""
    text = page.text
    boxes = re.findall(r'<pre data-copy="[^"]*"><code>([\s\S]*?)</code></pre>', text)
    for entity, letter in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#39;", "'"), ("&amp;", "&")):
        boxes = [b.replace(entity, letter) for b in boxes]
    return boxes


def shell(s, text, folder):
    """Type it; every line must end with 0."""
    env = {**os.environ, **s.pg.env("postgres")}
    env["PATH"] = s.pg.bin + ":" + env["PATH"]
    return subprocess.run(["sh", "-e", "-c", text], cwd=folder, env=env, capture_output=True, text=True)
