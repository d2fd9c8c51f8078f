#!/usr/bin/python3
"""t50_test.py: hostile text in every stored field of every page, in mails and in what a page gives back (T50)."""
import functools
import html.parser
import os
import re
import sqlite3
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "web"))
from crawl import Crawl  # noqa: E402
from stage import Browser, Stage, cookie_of, run_node  # noqa: E402

BREAKS = ("", '">', "'>", "</textarea>", "</title>", "</script>", "-->", "</pre></code>", '" ', "' ")
VECTORS = (
    "<script>canary(1)</script>", "<img src=x onerror=canary(2)>", "<svg/onload=canary(3)>",
    "<iframe srcdoc='<script>parent.canary(4)</script>'></iframe>", "<details open ontoggle=canary(5)>x</details>",
    "<input autofocus onfocus=canary(6)>", "<video><source onerror=canary(7)></video>",
    "<a href=javascript:canary(8)>x</a>", "autofocus onfocus=canary(9) x=", "<style>@import 'x'</style>",
    "<math><mtext><img src=x onerror=canary(10)></mtext></math>", "<?cs var:page.csrf ?><?cs evar:page.title ?>",
)
SPECIAL = (
    "javascript:canary(11)", "JaVaScRiPt:canary(12)", "data:text/html,<script>canary(13)</script>",
    "<scr<script>ipt>canary(14)</scr</script>ipt>", "\u2028<img src=x onerror=canary(15)>", "&lt;script&gt;canary(16)",
    "&#60;img src=x onerror=canary(17)&#62;", "+ADw-script+AD4-canary(18)+ADw-/script+AD4-",
    "<!--<img src='--><img src=x onerror=canary(19)>'>", "\x01<img/src=x\x0conerror=canary(20)>", "${canary(21)}",
    "{{constructor.constructor('canary(22)')()}}", "<base href=//127.0.0.1:1/>", "<meta http-equiv=refresh content=0>",
    "<form action=//127.0.0.1:1><button>x</button></form>", '<?cs include:"/etc/hostname" ?>', "%3Cscript%3Ecanary(23)",
    "<xmp><p title=\"</xmp><img src=x onerror=canary(24)>\">", "<noscript><img src=x onerror=canary(25)></noscript>",
    "\ufeff<svg><script>canary(26)</script></svg>",
)
PAYLOADS = [b + v for b in BREAKS for v in VECTORS] + list(SPECIAL)

# Every column that holds words of a person, a tool or a file system.
FIELDS = {
    "project": ("name", "owners"), "environment": ("name",), "service": ("name", "check_text"),
    "account": ("name",), "backup": ("note", "error"), "part": ("service_name", "tool", "engine_version"),
    "job": ("phase", "error"), "job_log": ("text",), "download": ("error",), "download_file": ("name",),
    "event": ("actor", "action", "target", "detail", "address"), "outbox": ("subject", "last_error", "recipient"),
    "link": ("recipient",), "link_use": ("address",), "worker": ("name",),
}
PLAIN = "harmless words"
# After these, tags are words.
RAW = ("style", "xmp", "iframe", "noembed", "noframes", "plaintext")
failed = 0


def report(name, findings):
    global failed
    failed += bool(findings)
    print(f"{'not ok' if findings else 'ok'} - {name}", flush=True)
    for line in findings[:20]:
        print(f"# {line}")


class Skeleton(html.parser.HTMLParser):
    """Tags with the names of their attributes: what text from outside must never change."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.targets = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, tuple(n for n, _ in attrs)))
        self.targets += [v for n, v in attrs if n in ("href", "src", "action", "formaction") and v]

    def handle_endtag(self, tag):
        self.tags.append(("/" + tag, ()))


# A whole tag: quotes open and close within it.
TAG = re.compile(r"""(<[A-Za-z/!][^<>"']*(?:"[^"]*"[^<>"']*|'[^']*'[^<>"']*)*>)""")
one_tag = functools.lru_cache(1 << 16)(Skeleton)


def skeleton(text):
    """(tags, targets) of a page. Where nothing but words stands between whole tags, each tag is parsed by itself and only
    when it was not met before; all else is parsed as it is."""
    pieces = TAG.split(text)
    if any("<" in words or ">" in words for words in pieces[::2]) or any(
            tag[1] == "!" or tag[1:].lower().startswith(RAW) for tag in pieces[3::2]):
        return (s := Skeleton(text)).tags, s.targets
    parsed = [one_tag(tag) for tag in pieces[1::2]]
    return [t for s in parsed for t in s.tags], [t for s in parsed for t in s.targets]


def write(stage, value):
    """The same text into every field of every row."""
    db = sqlite3.connect(f"{stage.home}/catalog.db", timeout=30)
    with db:
        db.execute("DROP TRIGGER IF EXISTS event_is_never_changed")
        db.execute("UPDATE worker SET seen_at = ?", (int(time.time() * 1000),))
        for table, columns in FIELDS.items():
            for column in columns:
                filled = f"CASE WHEN {column} IS NULL THEN NULL ELSE ?1 || '' END"
                if (table, column) in (("worker", "name"), ("account", "name")):
                    filled = "?1 || rowid"
                db.execute(f"UPDATE {table} SET {column} = {filled}", (value,))
        settings = {"path": value, "roots": value, "excludes": value, "host": value, "database": value, "user": value}
        for row, engine in db.execute("SELECT id, engine FROM service").fetchall():
            mine = {"sqlite": ("path",), "files": ("roots", "excludes")}.get(engine, ("host", "database", "user"))
            pairs = [x for name in mine for x in (name, settings[name])]
            db.execute(f"UPDATE service SET settings = json_object({', '.join('?' * len(pairs))}) WHERE id = ?",
                       (*pairs, row))
    db.close()


def differing(stage, pages, guest):
    """Pages whose tags are other ones than with harmless text, and addresses that are scripts."""
    def look(path):
        return (guest if path.startswith("/dl/") else stage.browser).get(path)

    def harmless(path):
        write(stage, PLAIN)
        return skeleton(look(path).text)[0]
    plain, found = {p: harmless(p) for p in pages}, []
    for payload in PAYLOADS:
        write(stage, payload)
        for p in pages:
            answer = look(p)
            tags, targets = skeleton(answer.text)
            if tags != plain[p]:
                # A page may have changed with the time of day; then it has with harmless text too.
                plain[p] = harmless(p)
                write(stage, payload)
            if answer.status != 200 or tags != plain[p]:
                first = next((a for a, b in zip(tags, plain[p]) if a != b), "?")
                found.append(f"{p} with {payload!r}: status {answer.status}, {first}")
            found += [f"{p}: leads to {t!r}" for t in targets if t.strip().lower().startswith(("javascript:", "data:"))]
    return found


def given_back(stage):
    """What a page gives back of the request itself: searches, paths, fields of a form with faults."""
    found, b = [], stage.browser
    write(stage, "what no search finds")

    def compare(name, ask):
        for payload in PAYLOADS:
            one, other = ask(payload), ask(PLAIN)
            if skeleton(one.text)[0] != skeleton(other.text)[0]:
                found.append(f"{name} with {payload!r}: {one.status} {one.words[:300]}; {other.status}")
    quote = urllib.parse.quote
    compare("search", lambda x: b.get("/p/shop/live/backups?q=" + quote(x, safe="")))
    compare("filter", lambda x: b.get("/p/shop/live/backups?state=" + quote(x, safe="")))
    compare("path", lambda x: b.get("/p/" + quote(x.replace("/", "|").replace("\x01", ""), safe="")))
    compare("said", lambda x: b.get("/?said=" + quote(x, safe="")))
    compare("next", lambda x: Browser(stage.base, spread=True).get("/login?next=" + quote(x, safe="")))
    form = b.get("/projects/new").form(field="slug")
    # A control character in a name is a second fault, with its own words.
    compare("form", lambda x: b.submit(form.fill(name=x.replace("\x01", "").replace("\x0c", ""), slug=x),
                                       "/projects/new"))
    return found


def mails(stage):
    """HTML mails about a backup whose note is hostile."""
    out, size = [], 0
    for i in range(0, len(PAYLOADS), 6):
        note = " ".join(PAYLOADS[i:i + 6]).replace("\x01", "")[:500]
        number, job = stage.create_backup("shop/live", ["database"], note=note, mail=True)
        stage.wait_job(job, "succeeded")
        size += 1
        if size == 6:
            break
    for message in stage.wait_mails(len(stage.mails())):
        body = message.get_body(("html",))
        if body:
            out.append(body.get_content())
    return out


with Stage() as stage:
    mailed = mails(stage)
    crawl = Crawl(stage.browser, ["/", "/projects", "/jobs", f"/b/b{stage.failed}", f"/b/b{stage.trashed}",
                                  f"/d/d{stage.revoked}", f"/b/b{stage.ready}/note", f"/b/b{stage.ready}/download"])
    kinds = {}
    for p, a in crawl.answers.items():
        if "html" in (a.header("content-type") or "") and not p.startswith("/help"):
            kinds.setdefault(tuple("#" if any(c.isdigit() for c in x) else x for x in p.split("?")[0].split("/")), []).append(p)
    alive, alive_file, _ = stage.token_paths()
    pages = [p for same in kinds.values() for p in same[:2]] + [alive, alive_file]
    stage.stop_one("worker")
    guest = Browser(stage.base, spread=True)
    report(f"T50 {len(PAYLOADS)} payloads in every field of {len(pages)} pages change no tag and no attribute",
           differing(stage, pages, guest))
    report("T50 nothing that a page gives back of a request changes a tag", given_back(stage))
    report("T50 control: a page that prints a field as it is would be noticed",
           [] if Skeleton(f"<p>{PAYLOADS[0]}</p>").tags != Skeleton(f"<p>{PLAIN}</p>").tags else ["it is not"])
    rounds = []
    for i in range(0, len(PAYLOADS), 12):
        text = " ".join(PAYLOADS[i:i + 12])
        rounds.append({"name": f"payloads {i + 1} to {min(i + 12, len(PAYLOADS))}", "text": text, "pages": [
            {"path": p, "guest": p.startswith("/dl/")} for p in pages]})
    for r in rounds:
        write(stage, r["text"])
        failed += run_node("xss.mjs", {"base": stage.base, "cookie": cookie_of(stage.browser), "rounds": [r],
                                       "controls": r is rounds[0]})
    rounds = [{"name": "mails", "text": VECTORS[0], "pages": [{"html": x} for x in mailed]}]
    failed += run_node("xss.mjs", {"base": stage.base, "cookie": cookie_of(stage.browser), "rounds": rounds})
    stage.start_worker()
sys.exit(1 if failed else 0)
