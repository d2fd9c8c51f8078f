#!/usr/bin/python3
"""retention_test.py: a keep rule from its page to the disk: looked at, typed for, done by the worker, put back, gone."""
import contextlib
import os
import re
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import Instance, main, test, wait_until  # noqa: E402

LIVE = "shop/live"
HOUR = 3600 * 1000
seen = {}


@contextlib.contextmanager
def place():
    with Instance() as s:
        os.makedirs(s.home + "/content/media")
        s.add_project("shop", "Shop")
        s.add_environment("shop", "live")
        s.add_service(LIVE, "media", "files", roots=s.home + "/content/media")
        yield s


def write(s, text):
    with open(s.home + "/content/media/a.txt", "w") as f:
        f.write(text)


def objects(s):
    root = os.path.join(s.home, "store")
    return sorted(f for d, _, names in os.walk(root) for f in names
                  if f not in ("lazarette.json", "lazarette.pub", "README.txt", "restore-files.sh") and "ballast" not in f)


def states(s):
    return {r["id"]: r["state"] for r in s.sql("SELECT id, state FROM backup ORDER BY id")}


def send(s, path, do, **fields):
    page = s.must(s.browser.get(path))
    form = page.form(field="preset").fill(**fields)
    form.fields.append(("do", do))
    return s.browser.submit(form, path, follow=False)


def worker_at(s, hours):
    """The worker goes on so many hours later."""
    s.stop_one("worker")
    s.start_worker(env={"LAZARETTE_CLOCK_SKEW": str(hours * HOUR)})


@test("SCU-11", "without a rule that deletes, five backups are five, and each row says how long it stays")
def five(s):
    seen["ids"] = []
    for n in range(5):
        write(s, f"text {n}")
        seen["ids"].append(s.backup(LIVE)["id"])
    assert set(states(s).values()) == {"ready"}
    seen["objects"] = len(objects(s))
    page = s.must(s.browser.get(f"/p/{LIVE}/backups"))
    assert "Keeps until" in page.words and page.words.count(" Kept until ") == 5, page.words[:1500]
    page = s.must(s.browser.get(f"/p/{LIVE}/retention"))
    assert "keeps 7 daily, 4 weekly, 12 monthly" in page.words and "inherited from the default" in page.words


@test("PEER-10 SCU-11", "the newest 3: the page names the two that go and is saved only with their number")
def typed(s):
    path = f"/p/{LIVE}/retention"
    page = s.must(send(s, path, "look", preset="last", last_n="3"))
    assert "Saving deletes 2 backups" in page.words, page.words[:2500]
    assert s.sql1("SELECT count(*) FROM policy") == 0
    form = page.form(field="typed")
    assert form.value("preset") == "last" and form.value("last_n") == "3"
    form.fields.append(("do", "save"))
    wrong = s.must(s.browser.submit(form.fill(typed="5"), path, follow=False), 422)
    assert "you wrote 5" in wrong.words
    # Another backup comes meanwhile: the number of before is not enough.
    write(s, "more")
    seen["ids"].append(s.backup(LIVE)["id"])
    stale = s.must(s.browser.submit(form.fill(typed="2"), path, follow=False), 422)
    assert "The list has changed since you looked: now 3 would go" in stale.words, stale.words[:1500]
    assert s.sql1("SELECT count(*) FROM policy") == 0 and set(states(s).values()) == {"ready"}
    # The look that follows a backup is over: what comes next is judged by the new rule alone.
    wait_until("nothing left to do", lambda: not s.sql1("SELECT count(*) FROM job WHERE state IN ('queued', 'running')"))
    form = stale.form(field="typed").fill(typed="3")
    form.fields.append(("do", "save"))
    s.must(s.browser.submit(form, path, follow=False), 303)
    assert s.sql1("SELECT value FROM policy").startswith("last=3")
    assert set(states(s).values()) == {"ready"}, "saving itself deletes nothing"


@test("SCU-11", "after the next backup exactly the 3 newest remain; what went lies in the trash with its reason")
def pruned(s):
    write(s, "last")
    seen["ids"].append(s.backup(LIVE)["id"])
    wait_until("the worker to prune", lambda: list(states(s).values()).count("ready") == 3)
    ids = seen["ids"]
    assert [i for i, state in states(s).items() if state == "ready"] == ids[-3:], states(s)
    job = s.sql1("SELECT max(id) FROM job WHERE kind = 'prune'")
    s.wait_job(job, "succeeded")
    page = s.must(s.browser.get(f"/j/j{job}"))
    assert "Move old backups to the trash" in page.words and "4 backups" in page.words, page.words[:1500]
    page = s.must(s.browser.get(f"/b/b{ids[0]}"))
    assert "by the rule of retention: not among the newest 3" in page.words, page.words[:1500]
    page = s.must(s.browser.get(f"/p/{LIVE}/backups?state=trashed"))
    shown = re.findall(r"\bb\d+\b", page.words)
    assert f"b{ids[0]}" in shown and f"b{ids[-1]}" not in shown, shown
    page = s.must(s.browser.get(f"/p/{LIVE}/activity"))
    assert "moved to the trash by the rule" in page.words
    assert len(objects(s)) == seen["objects"] // 5 * 7, "the trash still holds the bytes"
    s.doctor()


@test("SCU-11", "failed runs never push out a good one")
def failed(s):
    os.rename(s.home + "/content/media", s.home + "/content/away")
    for _ in range(4):
        s.backup(LIVE, state="failed")
    os.rename(s.home + "/content/away", s.home + "/content/media")
    time.sleep(3)
    assert [i for i, state in states(s).items() if state == "ready"] == seen["ids"][-3:], states(s)


@test("PEER-10 PEER-18", "what a rule took can be put back, and the rule leaves it alone for a week")
def put_back(s):
    number = seen["ids"][0]
    page = s.must(s.browser.get(f"/b/b{number}"))
    s.must(s.browser.submit(page.form("/undelete"), page.path, follow=False), 303)
    write(s, "again")
    seen["ids"].append(s.backup(LIVE)["id"])
    wait_until("the worker to prune again", lambda: states(s)[seen["ids"][-4]] == "trashed")
    assert states(s)[number] == "ready"
    page = s.must(s.browser.get(f"/b/b{number}"))
    assert "Kept until" in page.words, page.words[:1500]
    form = s.must(s.browser.get(f"/b/b{number}/keep-for")).form(field="days").fill(days="90")
    s.must(s.browser.submit(form, f"/b/b{number}/keep-for", follow=False), 303)
    s.doctor()


@test("PEER-19 PLA-3", "policies: own beside inherited; a zone that is not there stays in its field; no downloads: 403")
def policies(s):
    def save(path, key, value, do="save", page=None, **more):
        page = page or s.must(s.browser.get(path))
        form = next(f for f in page.page.forms if f.value("policy") == key)
        form.fill(value=value, **more)
        form.fields.append(("do", do))
        return s.browser.submit(form, path, follow=False)
    s.must(save("/policies", "trash-days", "20"), 303)
    s.must(save("/p/shop/-/policies", "trash-days", "10"), 303)
    page = s.must(s.browser.get(f"/p/{LIVE}/policies"))
    assert "10 days from project shop" in page.words, page.words[:1500]
    count = sum(state == "trashed" for state in states(s).values())
    asked = s.must(save(f"/p/{LIVE}/policies", "trash-days", "1"), 422)
    assert f"Saving deletes {count} backups" in asked.words and "cannot be put back" in asked.words
    assert s.sql1("SELECT count(*) FROM policy WHERE level='environment' AND key='trash-days'") == 0
    s.must(save(f"/p/{LIVE}/policies", "trash-days", "1", page=asked, typed=str(count)), 303)
    page = s.must(s.browser.get(f"/p/{LIVE}/policies"))
    assert "otherwise it would be 10 days, from project shop" in page.words
    wrong = s.must(save(f"/p/{LIVE}/policies", "zone", "Mars/Olympus"), 422)
    assert "There is no time zone Mars/Olympus" in wrong.words and 'value="Mars/Olympus"' in wrong.text
    s.must(save(f"/p/{LIVE}/policies", "zone", "Europe/Zurich"), 303)
    page = s.must(s.browser.get(f"/p/{LIVE}/retention"))
    assert "Europe/Zurich" in page.words
    last = seen["ids"][-1]
    s.must(s.browser.get(f"/b/b{last}/download"))
    s.must(save(f"/p/{LIVE}/policies", "downloads", "forbidden"), 303)
    page = s.must(s.browser.get(f"/b/b{last}/download"), 403)
    assert "forbidden by a policy of the environment" in page.words


@test("SCU-11", "when the days of the trash are over, its files leave the disk and the others stay")
def purged(s):
    trashed = [i for i, state in states(s).items() if state == "trashed"]
    good = [i for i, state in states(s).items() if state == "ready"]
    assert len(trashed) == 4 and len(good) == 4, states(s)
    worker_at(s, 20)
    time.sleep(4)
    assert [i for i, state in states(s).items() if state == "trashed"] == trashed, "a day is not over"
    worker_at(s, 40)
    wait_until("the trash to be emptied", lambda: all(states(s)[i] == "deleted" for i in trashed), 60)
    assert [i for i, state in states(s).items() if state == "ready"] == good
    assert len(objects(s)) == seen["objects"] // 5 * 4, objects(s)
    s.doctor()


@test("T39", "a clock that jumps a year deletes nothing, and the page says so")
def jumped(s):
    before = states(s)
    worker_at(s, 40 + 365 * 24)
    wait_until("the worker to note the jump", lambda: re.match(
        r"\d+ [1-9]\d* [1-9]\d*$", s.sql1("SELECT value FROM setting WHERE name = 'retention_clock'") or ""))
    time.sleep(4)
    assert states(s) == before, states(s)
    page = s.must(s.browser.get(f"/p/{LIVE}/retention"))
    assert "nothing is deleted this time" in page.words, page.words[:1500]
    worker_at(s, 40)


if __name__ == "__main__":
    main(place)
