"""c_rules.py: what is asked of the C sources. Each rule gives a list of findings: "path:line: words"."""
import os
import re
import subprocess

# A file includes only its own folder or one of a lower rank; cgi, worker and cli never include each other.
RANKS = {
    "lib/base": 0, "lib/util": 1, "lib/model": 2, "lib/store": 3,
    "cgi/http": 4, "cgi/page": 5, "cgi/handle": 6, "cgi": 7,
    "worker/crypt": 3, "worker/archive": 4, "worker/dest": 4, "worker/source": 5, "worker/target": 6, "worker/notify": 5, "worker/job": 7, "worker": 8,
    "cli": 4,
}
# lib/model is made of words alone: it knows the base and the tools, never the store. These two show each other
# their headers: a frame is read from an object.
PEERS = {("worker/archive", "worker/dest"), ("worker/dest", "worker/archive")}
GENERATED = {"schema.h", "assets.h", "gen/schema.h", "gen/assets.h"}
# Who alone may include a library's header.
OWNERS = {
    "sqlite3.h": r"lib/store/|worker/(source/(src_sqlite|lite)|target/(tgt_sqlite|lite_\w+))\.[ch]$",
    "fcgiapp.h": r"cgi/http/fcgi\.c$",
    "ClearSilver.h": r"lib/util/render\.c$",
    "libesmtp.h": r"lib/util/smtp\w*\.[ch]$",
    "auth-client.h": r"lib/util/smtp\w*\.[ch]$",
    "curl/curl.h": r"lib/util/",
    "confuse.h": r"lib/util/conf\.c$",
    "sodium.h": r"lib/util/|cgi/gate\.c$|(cgi|worker|cli)/main\.c$",
}
BANNED = ("strcpy", "stpcpy", "strcat", "strncat", "sprintf", "vsprintf", "strtok", "atoi", "atol", "atof", "gets",
          "system", "popen", "tmpnam", "mktemp", "alloca", "sqlite3_busy_timeout", "sqlite3_mprintf", "gmtime",
          "localtime", "ctime", "strncpy")
# Constant words that tests set themselves; everything else uses num.h.
BANNED_EXCEPT = {("lib/base/fault.c", "atol")}
# A callback whose parameters are the library's.
CALLBACKS = {("worker/target/lite_tables.c", "fence")}
MAX_FUNCTION, MAX_PARAMETERS, MAX_DEPTH, MAX_FILE, MAX_WIDTH = 80, 5, 4, 600, 100
# A file exports only names that begin with its own; the plural of a value may hold its kin.
EXPORTS = {
    "lib/base/arena.c": ("xmalloc", "xrealloc", "xstrdup"),
    "lib/store/accounts.c": ("sessions", "throttle"),
    "lib/store/backup_trash.c": ("backups",),
    "lib/store/downloads.c": ("links",),
    "lib/store/projects.c": ("environments", "services", "storages"),
    "lib/store/outbox.c": ("events",),
    "lib/model/notice_json.c": ("notice",),
    "lib/store/restore_plan.c": ("restores",),
    "lib/store/restore_switch.c": ("restores",),
    "lib/store/restore_work.c": ("restores",),
    "lib/store/stats_days.c": ("stats",),
    "lib/model/project.c": ("environment", "engine", "service"),
    "lib/model/right.c": ("role",),
    "lib/util/render.c": ("tree", "node"),
    "worker/dest/dest.c": ("upload", "object"),
}


def folder(path):
    return os.path.dirname(path)


def may_include(user, target):
    a, b = folder(user), folder(target)
    if a == b or (a, b) in PEERS:
        return True
    if a not in RANKS or b not in RANKS or RANKS[b] >= RANKS[a]:
        return False
    tops = {a.split("/")[0], b.split("/")[0]} - {"lib"}
    return len(tops) <= 1


def layers(tree):
    out = []
    for path in tree.c_files():
        if folder(path) not in RANKS:
            out.append(f"{path}:1: this folder has no rank")
            continue
        for n, line in enumerate(tree.lines(path), 1):
            m = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not m or m.group(1) in GENERATED:
                continue
            if m.group(1) not in tree.files:
                out.append(f"{path}:{n}: \"{m.group(1)}\" is not a path from the root")
            elif not may_include(path, m.group(1)):
                out.append(f"{path}:{n}: {folder(path)} may not include {m.group(1)}")
    return out + header_cycles(tree)


def header_cycles(tree):
    includes = {p: [i for i in re.findall(r'^\s*#\s*include\s+"([^"]+)"', tree.text(p), re.M)]
                for p in tree.c_files() if p.endswith(".h")}
    out = []

    def walk(path, trail):
        if path in trail:
            out.append(f"{path}:1: headers in a circle: {' > '.join(trail[trail.index(path):] + (path,))}")
        else:
            for i in includes.get(path, []):
                walk(i, trail + (path,))
    for p in includes:
        walk(p, ())
    return sorted(set(out))[:5]


def function_length(tree):
    return [f"{p}:{a}: {name}() has {b - a + 1} lines"
            for p in tree.c_files(tests=True) for name, a, b, _ in tree.functions(p) if b - a + 1 > MAX_FUNCTION]


def parameters(tree):
    """The last one, struct err *e, and the arena that results live in do not count."""
    return [f"{p}:{a}: {name}() has {n} parameters"
            for p in tree.c_files() for name, a, _, n in tree.functions(p)
            if n > MAX_PARAMETERS and (p, name) not in CALLBACKS]


def nesting(tree):
    out = []
    for p in tree.c_files():
        lines = tree.blank(p).split("\n")
        for name, a, b, _ in tree.functions(p):
            for n in range(a, b):
                tabs = len(lines[n]) - len(lines[n].lstrip("\t"))
                if tabs > MAX_DEPTH + 1 and lines[n].strip():
                    out.append(f"{p}:{n + 1}: {name}() is {tabs - 1} levels deep here")
                    break
    return out


def file_length(tree):
    return [f"{p}:1: {len(tree.lines(p)) - 1} lines" for p in tree.files
            if p.endswith((".c", ".h", ".py", ".js", ".mjs", ".cs")) and len(tree.lines(p)) - 1 > MAX_FILE]


def width(tree):
    return [f"{p}:{n}: {len(line.expandtabs(8))} columns" for p in tree.c_files(tests=True)
            for n, line in enumerate(tree.lines(p), 1) if len(line.expandtabs(8)) > MAX_WIDTH]


def banned_calls(tree):
    out = []
    for p in tree.c_files():
        for n, line in enumerate(tree.blank(p).split("\n"), 1):
            for m in re.finditer(r"\b(" + "|".join(BANNED) + r")\s*\(", line):
                if (p, m.group(1)) not in BANNED_EXCEPT:
                    out.append(f"{p}:{n}: {m.group(1)}()")
    return out


def library_owners(tree):
    out = []
    for p in tree.c_files():
        for n, line in enumerate(tree.lines(p), 1):
            m = re.match(r"\s*#\s*include\s+[<\"]([^>\"]+)[>\"]", line)
            owner = m and OWNERS.get(m.group(1))
            if owner and not re.match(owner, p):
                out.append(f"{p}:{n}: <{m.group(1)}> belongs to {owner}")
    return out


# PRAGMA takes no parameters, so a number in one may be formatted.
# psql takes no parameters either: there pg_literal() and pg_ident() quote what is put in, and the server's format().
QUOTES = r"worker/target/(pg_side|pg_merge|pg_plan|pg_put|tgt_postgresql)\.c$"
SQL = re.compile(r'"\s*(SELECT|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|PRAGMA|CREATE\s+TABLE)\b[^"]*"')


def constant_sql(tree):
    """SQL stands in lib/store (and where databases are a source), and no format ever writes it."""
    out = []
    for p in tree.c_files():
        for n, line in enumerate(tree.blank(p, literals=False).split("\n"), 1):
            m = SQL.search(line)
            if m and not re.match(OWNERS["sqlite3.h"], p) and not re.match(r"worker/(source|target)/", p):
                out.append(f"{p}:{n}: SQL outside of lib/store")
            if m and m.group(1) != "PRAGMA" and not re.match(QUOTES, p) and \
                    re.search(r"%[-0-9.*]*(l|ll|z|\")?[sdiuxc]", m.group(0)):
                out.append(f"{p}:{n}: formatted SQL")
    return out


def base_names(tree):
    places = {}
    for p in tree.c_files():
        base = os.path.splitext(p)[0]
        places.setdefault(os.path.basename(base), {}).setdefault(base, p)
    return [f"{p}:1: {name} is the name of {len(at)} files" for name, at in places.items()
            if name != "main" and len(at) > 1 for p in at.values()]


CLEANUP = re.compile(r"^[ \t]+CLEANUP(?:_[A-Z_]+|\(\w+\))\s+([^;]*);", re.M)


def cleanups_begin_empty(tree):
    """A return before the first use would free what happens to lie on the stack."""
    out = []
    for p in tree.c_files():
        text = tree.blank(p)
        for m in CLEANUP.finditer(text):
            # Commas within an initialiser or a call do not part two variables.
            words = re.sub(r"\([^()]*\)|\{[^{}]*\}", "", m.group(1))
            out += [f"{p}:{text.count(chr(10), 0, m.start()) + 1}: {' '.join(v.split())} has no first value"
                    for v in words.split(",") if "=" not in v]
    return out


def exports(tree):
    """foo.c gives out only foo_*: seen in the objects, not in the text."""
    out = []
    for p in tree.c_files():
        obj = os.path.join(tree.root, "build", "test", os.path.splitext(p)[0] + ".o")
        if not p.endswith(".c") or p.endswith("/main.c") or not os.path.exists(obj):
            continue
        base = os.path.splitext(os.path.basename(p))[0]
        wanted = (base,) + EXPORTS.get(p, ())
        table = subprocess.run(["nm", "-g", "--defined-only", obj], capture_output=True, text=True, check=True).stdout
        for symbol in (line.split()[-1] for line in table.splitlines() if " " in line):
            if not symbol.startswith("__") and not any(symbol == w or symbol.startswith(w + "_") for w in wanted):
                out.append(f"{p}:1: gives out {symbol}")
    return out
