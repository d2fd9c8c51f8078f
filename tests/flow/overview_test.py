#!/usr/bin/python3
"""overview_test.py: the first page, an environment at a glance, the badge, and what machines read."""
import json
import os
import re
import sys
import xml.etree.ElementTree

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import prometheus  # noqa: E402
from harness import ROOT, Browser, main, test, wait_until  # noqa: E402
from shop import LIVE, shop  # noqa: E402

RULES = os.path.join(ROOT, "packaging", "prometheus", "lazarette.rules.yml")


def metrics(s):
    answer = Browser(s.base).request("GET", "/metrics")
    assert answer.status == 200, answer.status
    assert answer.header("content-type").startswith("text/plain; version=0.0.4"), answer.header("content-type")
    return prometheus.parse(answer.text)


def of(families, name, **labels):
    return families["lazarette_" + name][1].get(tuple(sorted(labels.items())))


@test("PLA-14 PEER-26", "without a backup, then without a schedule: the overview says so, and the charts are there")
def overview(s):
    page = s.must(s.browser.get("/"))
    assert "Waiting for a first backup" in page.words, page.words[:800]
    s.backup(LIVE)
    page = s.must(s.browser.get("/"))
    assert "Backed up, but on demand only" in page.words and "1 at risk" in page.words, page.words[:800]
    assert "No run is scheduled" in page.words
    s.backup(LIVE)
    page = s.must(s.browser.get(f"/p/{LIVE}"))
    assert "On demand only" in page.words, page.words
    drawings = re.findall(r"<svg[^>]* role=\"img\"[\s\S]*?</svg>", page.text)
    assert len(drawings) == 2, len(drawings)
    for drawing in drawings:
        picture = xml.etree.ElementTree.fromstring(drawing)
        assert len(picture.find("title").text) > 20, drawing[:300]
    assert "style=" not in page.text
    assert page.text.count("<summary>The ") == 2


@test("PEER-26", "what lies in the storage is on the first page, with what its disk has left")
def storage(s):
    wait_until("a look at the storage", lambda: s.sql1("SELECT looked_at FROM storage") > 0, timeout=30)
    page = s.must(s.browser.get("/"))
    assert re.search(r"of backups, .* of other data, .* free of", page.words), page.words
    row = s.sql("SELECT free_bytes, total_bytes FROM storage")[0]
    disk = os.statvfs(os.path.join(s.home, "store"))
    assert row["total_bytes"] == disk.f_blocks * disk.f_frsize, row
    assert 0 <= row["free_bytes"] <= row["total_bytes"], row


@test("PEER-22", "metrics are read by a strict parser, tell what the catalogue says, and carry no id")
def numbers(s):
    families = metrics(s)
    ended = s.sql1("SELECT max(finished_at) FROM backup WHERE state = 'ready'")
    assert of(families, "last_success_timestamp_seconds", project="shop", env="live") == ended / 1000
    size = s.sql1("SELECT raw_bytes FROM backup WHERE state = 'ready' ORDER BY finished_at DESC")
    assert of(families, "backup_size_bytes", project="shop", env="live") == size
    done = s.sql1("SELECT count(*) FROM job WHERE kind = 'backup' AND state = 'succeeded'")
    assert of(families, "job_runs_total", kind="backup", result="succeeded") == done > 0
    assert of(families, "environments", state="not-scheduled") == 1
    used = s.sql1("SELECT sum(stored_bytes) FROM backup WHERE state IN ('ready', 'trashed')")
    assert of(families, "storage_used_bytes", storage="main") == used
    labels = {name for _, samples in families.values() for key in samples for name, _ in key}
    assert labels <= {"version", "project", "env", "state", "kind", "result", "storage"}, labels
    values = {v for _, samples in families.values() for key in samples for n, v in key if n != "version"}
    assert not any(re.search(r"\d{4}|^[bj]\d", v) for v in values), values
    for name in families:
        assert name.startswith("lazarette_"), name
        assert not re.search(r"(_ms|_millis|_kb|_mb|_minutes|_hours)$", name), f"{name} is no base unit"
    # Control: the parser refuses what is not of the format.
    good = "# HELP a b\n# TYPE a gauge\na 1\n"
    assert prometheus.parse(good)
    for bad in (good[:-1], good + "a 1\n", good + "b 1\n", "a 1\n", good + "x{y} 1\n", good.replace("gauge", "counter"),
                good + 'a{x="1"y="2"} 1\n', good + "a one\n", good + good):
        try:
            prometheus.parse(bad)
        except (AssertionError, KeyError, TypeError):
            continue
        raise AssertionError(f"this was taken: {bad!r}")


@test("PEER-22", "every alert rule can be read and asks only for what /metrics has")
def rules(s):
    families = metrics(s)
    found = prometheus.rules_of(open(RULES, encoding="utf-8").read())
    assert len(found) >= 8, found
    assert len({r["alert"] for r in found}) == len(found)
    for rule in found:
        names = re.findall(r"lazarette_\w+", rule["expr"])
        assert names, rule
        for name in names:
            assert name in families, f"{rule['alert']} asks for {name}"
        assert rule["labels"]["severity"] in ("warning", "critical"), rule
        assert rule["annotations"]["summary"] and rule["annotations"]["description"], rule
        # What a summary names must be a label of what is asked for.
        wanted = set(re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values()))) - {"instance"}
        has = {n for name in names for key in families[name][1] for n, _ in key}
        assert wanted <= has, (rule["alert"], wanted, has)
        assert rule["expr"].count("(") == rule["expr"].count(")"), rule
    # Control: a rule that is written wrong is refused.
    for bad in ("groups:\n  - name: x\n    rules:\n      - alert: A\n        expr: {a: 1}\n",
                "groups:\n\t- name: x\n", "groups:\n  - name: x\n    rules:\n      alert A\n"):
        try:
            prometheus.rules_of(bad)
        except AssertionError:
            continue
        raise AssertionError(f"this was taken: {bad!r}")


@test("", "the badge is public, hard to guess, and gone when it is removed")
def badge(s):
    form = s.must(s.browser.get(f"/p/{LIVE}/badge")).form(field="act")
    page = s.must(s.browser.submit(form, f"/p/{LIVE}/badge"))
    path = re.search(r"/badge/[\w-]{43}", page.text).group(0)
    stranger = Browser(s.base)
    svg = s.must(stranger.request("GET", path + ".svg"))
    assert svg.header("content-type") == "image/svg+xml", svg.header("content-type")
    assert svg.header("cross-origin-resource-policy") == "cross-origin"
    assert svg.header("set-cookie") is None
    assert "not scheduled" in xml.etree.ElementTree.fromstring(svg.text)[0].text
    answer = json.loads(s.must(stranger.request("GET", path + ".json")).text)
    assert answer["schemaVersion"] == 1 and answer["color"] == "orange", answer
    assert "shop" not in svg.text + json.dumps(answer)
    assert stranger.request("GET", "/badge/" + "A" * 43 + ".svg").status == 404
    removal = next(f for f in s.browser.get(f"/p/{LIVE}/badge").page.forms if f.value("act") == "remove")
    s.must(s.browser.submit(removal, f"/p/{LIVE}/badge"))
    assert stranger.request("GET", path + ".svg").status == 404


@test("", "ready while the worker reports, not ready a minute after it has stopped")
def ready(s):
    stranger = Browser(s.base)
    assert stranger.request("GET", "/readyz").status == 200
    assert stranger.request("GET", "/healthz").status == 200
    s.stop_one("worker")
    assert stranger.request("GET", "/readyz").status == 200
    # Control: no minute has passed. Then one has, for the web part.
    s.stop_one("web")
    s.start_web({"LAZARETTE_CLOCK_SKEW": "90000"})
    wait_until("an answer", lambda: stranger.request("GET", "/healthz").status == 200)
    answer = stranger.request("GET", "/readyz")
    assert answer.status == 503 and "no worker has reported" in answer.text, answer.text
    s.stop_one("web")
    s.start_web()
    s.start_worker()
    wait_until("a worker", lambda: stranger.request("GET", "/readyz").status == 200)


if __name__ == "__main__":
    main(shop)
