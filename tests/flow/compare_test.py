#!/usr/bin/env python3
"""compare_test.py: comparing two backups: what came, went and changed in files and tables, page by page, in words when there is nothing."""
import contextlib
import os
import re
import sqlite3
import sys
from urllib.parse import quote

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Instance, main, test, wait_until  # noqa: E402
from shop import LIVE, make_sqlite  # noqa: E402
from storing import Storages  # noqa: E402

MANY = 230
seen = {}


def put(path, content, mtime=1700000000):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(content)
    os.utime(path, (mtime, mtime))


@contextlib.contextmanager
def place():
    """shop/live with files and a SQLite database, backed up before and after; shop/drill with the same names."""
    with Instance() as s:
        s.content = os.path.join(s.home, "content")
        media = s.content + "/media"
        for name, content in (("same", b"same"), ("grown", b"x" * 10), ("edited", b"aaaa"), ("touched", b"t"), ("mode", b"m"),
                              ("gone", b"g" * 400), ("odd \xfc&.txt", b"o")):
            put(os.path.join(media.encode(), name if isinstance(name, bytes) else name.encode("latin-1")).decode("utf-8", "surrogateescape"), content)
        os.symlink("same", media + "/link")
        make_sqlite(s.content + "/shop.sqlite")
        s.add_project("shop", "Shop")
        s.add_environment("shop", "live")
        s.add_environment("shop", "drill", "development")
        s.add_service(LIVE, "sqlite", "sqlite", path=s.content + "/shop.sqlite")
        s.add_service(LIVE, "media", "files", roots=media)
        put(s.content + "/drill/same", b"same")
        s.add_service("shop/drill", "media", "files", roots=s.content + "/drill")
        seen["first"] = s.backup(LIVE)["id"]
        put(media + "/grown", b"x" * 5000, 1700000001)
        put(media + "/edited", b"bbbb")
        put(media + "/touched", b"t", 1700000002)
        os.chmod(media + "/mode", 0o600)
        os.remove(media + "/gone")
        os.remove(media + "/link")
        os.symlink("grown", media + "/link")
        for i in range(MANY):
            put(f"{media}/new/{i:04}.txt", b"n" * i)
        with contextlib.closing(sqlite3.connect(s.content + "/shop.sqlite")) as db:
            db.executescript("CREATE TABLE wish (id INTEGER); INSERT INTO wish VALUES (1); DELETE FROM customer WHERE id = (SELECT min(id) FROM customer)")
        seen["second"] = s.backup(LIVE)["id"]
        yield s


def page(s, query="", backup=None):
    return s.must(s.browser.get(f"/b/b{backup or seen['second']}/compare{query}"))


def compared(s, query="", backup=None):
    """Opens the page until both were compared; gives the page."""
    page(s, query, backup)
    wait_until("the comparison", lambda: "Comparing b" not in page(s, query, backup).text)
    return page(s, query, backup)


def rows(answer, label="Changes"):
    """Name, state, size and what, of each line of a table, as text."""
    table = re.search(rf'aria-label="{label}">.*?</table>', answer.text, re.S)
    lines = re.findall(r'<tr role="row">(<th role="rowheader".*?)</tr>', table.group(0), re.S) if table else []
    return [tuple(" ".join(re.sub(r"<[^>]*>", " ", cell).split()) for cell in re.split(r"</t[hd]>", line)[:4]) for line in lines]


def names(answer):
    return [r[0] for r in rows(answer)]


@test("PEER-24", "the first look has both lists read and compared; then it is there, without script and with")
def first_look(s):
    answer = page(s)
    assert "Comparing b" in answer.text and 'http-equiv="refresh"' in answer.text
    assert f'data-poll="/b/b{seen["second"]}/compare/fragment' in answer.text
    answer = compared(s)
    assert f"What changed from b{seen['first']} to b{seen['second']}" in answer.text
    fragment = s.must(s.browser.get(f"/b/b{seen['second']}/compare/fragment"))
    assert "data-poll" not in fragment.text and "edited" in fragment.text
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'compare'") == 1
    job = s.must(s.browser.get(f"/j/j{s.sql1('SELECT max(id) FROM job')}"))
    assert "Compare two backups" in job.text


@test("PEER-24", "totals stand on top: added, removed, changed, only another time, the same")
def totals(s):
    text = " ".join(re.sub(r"<[^>]*>", "", re.search(r'<div id="compare">\s*<p>(.*?)</p>', compared(s).text, re.S).group(1)).split())
    assert re.fullmatch(r"231 added \(26\.\d kB\), 1 removed \(400 B\), 4 changed \(\+4\.99 kB\), 1 with only another time, 2 the same\.",
                        text), text


@test("PEER-24", "each change says what it is: sizes before and after, content, mode, where a link leads")
def told(s):
    got = rows(compared(s, "?kind=changed"))
    assert [r[:2] for r in got] == [("edited", "Changed"), ("grown", "Changed"), ("link", "Changed"), ("mode", "Changed")], got
    assert got[0][2:] == ("4 B", "content") and got[1][3] == "content", got
    assert re.fullmatch(r"10 B → 5(\.0+)? kB", got[1][2]), got
    assert got[2][3] == "where it leads" and got[3][3] == "mode 0644 → 0600", got
    assert rows(compared(s, "?kind=removed"))[0][:3] == ("gone", "Removed", "400 B")
    assert rows(compared(s, "?kind=touched"))[0][:2] == ("touched", "Other time")
    assert "touched" not in names(compared(s))


@test("PEER-24", "changes are left page by page in both orders, found by name, and no one comes twice or not at all")
def paged(s):
    for order in ("path", "size"):
        answer, got = compared(s, f"?order={order}&q=NEW/&kind=added"), []
        while True:
            got += names(answer)
            more = re.search(r'href="([^"]*)" rel="next"', answer.text)
            if not more:
                break
            answer = s.must(s.browser.get(more.group(1).replace("&amp;", "&")))
        want = [f"new/{i:04}.txt" for i in range(MANY)]
        assert got == (want if order == "path" else want[::-1]), (order, got[:5])
    assert names(compared(s, "?order=size"))[0] == "grown"
    assert "No such change" in compared(s, "?q=nothing-has-this-name").text
    assert s.browser.get(f"/b/b{seen['second']}/compare?after=nothing").status == 404
    assert s.browser.get(f"/b/b{seen['second']}/compare?part=sqlite").status == 404


@test("PEER-24", "tables of a database: which came and went, and how many rows they had")
def tables(s):
    got = rows(compared(s), "Tables of Sqlite")
    assert ("wish", "Added", "—", "1") in got, got
    changed = next(r for r in got if r[0] == "customer")
    assert changed[1] == "Changed" and int(changed[2].replace("\u202f", "").replace(" ", "")) == \
        int(changed[3].replace("\u202f", "").replace(" ", "")) + 1, changed
    assert len(got) == 2, got


@test("PEER-24", "whichever of the two is asked, it goes from the older to the newer; and the same two are compared once")
def both_ways(s):
    answer = compared(s, f"?with=b{seen['second']}", seen["first"])
    assert f"What changed from b{seen['first']} to b{seen['second']}" in answer.text and "grown" in answer.text
    assert compared(s, "", seen["first"]).text.count("What changed from")
    assert s.sql1("SELECT count(*) FROM job WHERE kind = 'compare'") == 1
    assert f'href="/b/b{seen["second"]}/compare"' in s.must(s.browser.get(f"/b/b{seen['second']}")).text
    assert f'href="/b/b{seen["second"]}/compare"' in s.must(s.browser.get(f"/b/b{seen['second']}/files")).text


@test("PEER-24", "a backup of another environment, in another storage, can be the other; what is in one alone is named")
def elsewhere(s):
    Storages.add_folder(s, "second")
    s.must(Storages.policy(s, "/p/shop/drill", "second"))
    drill = s.backup("shop/drill")["id"]
    assert f'value="b{drill}"' in page(s).text and "shop/drill" in page(s).text
    assert s.sql1("SELECT s.slug FROM backup b JOIN storage s ON s.id = b.storage WHERE b.id = ?", drill) == "second"
    answer = compared(s, f"?with=b{drill}")
    assert f"What changed from b{seen['second']} to b{drill}" in answer.text
    assert re.search(rf"Only in b{seen['second']}: <em>Sqlite</em>", answer.text), answer.text
    alone = s.must(s.browser.get(f"/b/b{drill}/compare"))
    assert f"b{seen['second']}" in alone.text


@test("PEER-24", "in words: two that are equal; itself; one that is not ready; databases alone; none to compare with")
def words(s):
    third = s.backup(LIVE)["id"]
    answer = compared(s, "", third)
    assert "Nothing differs:" in answer.text and "No table came or went" in answer.text, answer.text
    assert s.browser.get(f"/b/b{third}/compare?with=b{third}").status == 422
    assert s.browser.get(f"/b/b{third}/compare?with=b9999").status == 404
    assert s.browser.get(f"/b/b{third}/compare?with=nonsense").status == 404
    answer = s.must(s.browser.get(f"/b/b{third}/delete"))
    s.must(s.browser.submit(answer.form(action="/delete"), answer.path, follow=False), 303)
    assert f"Nobody can look into backup b{third}" in page(s, f"?with=b{third}").text
    only = s.backup(LIVE, ["sqlite"])["id"]
    answer = page(s, f"?with=b{only}")
    assert re.search(rf"Only in b{seen['second']}: <em>Media</em>", answer.text) and 'id="compare"' not in answer.text
    s.add_project("bare", "Bare")
    s.add_environment("bare", "live")
    s.add_service("bare/live", "alone", "files", roots=s.content + "/drill")
    alone = s.backup("bare/live")["id"]
    assert "There is no other backup to compare" in page(s, "", alone).text


@test("PEER-24", "what cannot be compared says why, and is compared when somebody asks again")
def trouble(s):
    later = s.backup(LIVE, ["media"])["id"]
    path = os.path.join(s.home, "store", s.sql1("SELECT manifest_key FROM part WHERE backup = ?", later))
    os.rename(path, path + ".away")
    query = f"?with=b{seen['second']}"
    answer = compared(s, query, later)
    assert "could not be compared" in answer.text and f"b{later}: media" in answer.text and os.path.basename(path) in answer.text, answer.text
    os.rename(path + ".away", path)
    s.must(s.browser.submit(answer.form(action="/compare"), answer.path, follow=False), 303)
    assert "Nothing differs:" in compared(s, query, later).text


@test("PEER-24", "a comparison goes with its week or either backup, and comes again when somebody looks")
def gone(s):
    uuid = [s.sql1("SELECT uuid FROM part WHERE backup = ? AND service_slug = 'media'", seen[b]) for b in ("first", "second")]
    path = f"{s.home}/run/lists/{uuid[0]}_{uuid[1]}.1.db"
    assert os.path.exists(path)
    os.utime(path, (1, 1))
    s.stop_one("worker")
    s.start_worker()
    wait_until("the old comparison to go", lambda: not os.path.exists(path))
    with contextlib.closing(sqlite3.connect(s.home + "/catalog.db", timeout=10)) as db:
        db.execute("UPDATE job SET finished_at = finished_at - 100000 WHERE kind = 'compare'")
        db.commit()
    assert "grown" in names(compared(s, f"?with=b{seen['first']}")) and os.path.exists(path)
    s.doctor()


@test("PEER-24", "a job that is killed before the end leaves no half comparison, and says so after its third death")
def killed(s):
    later = s.backup(LIVE, ["media"])["id"]
    query = f"?with=b{seen['first']}"
    s.stop_one("worker")
    s.start_worker({"LAZARETTE_FAULT": "compare.before_publish:kill"})
    answer = compared(s, query, later)
    assert "could not be compared" in answer.text, answer.text
    uuids = [s.sql1("SELECT uuid FROM part WHERE backup = ? AND service_slug = 'media'", b) for b in (seen["first"], later)]
    path = f"{s.home}/run/lists/{uuids[0]}_{uuids[1]}.1.db"
    assert not os.path.exists(path)
    s.stop_one("worker")
    s.start_worker()
    s.must(s.browser.submit(answer.form(action="/compare"), answer.path, follow=False), 303)
    assert "grown" in names(compared(s, query, later)) and os.path.exists(path)
    s.doctor()


if __name__ == "__main__":
    main(place)
