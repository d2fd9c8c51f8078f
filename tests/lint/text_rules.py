"""text_rules.py: what is asked of templates, comments and tests. Each rule gives a list of findings."""
import os
import re

# The rows of the main job, and the fault tests it must bring: each is named by a test.
ROWS = """DIV-1 DIV-2 DIV-4 DIV-5 DIV-6 DIV-7 DIV-8 DIV-10 DIV-14 DIV-15 DIV-16 DIV-17 DIV-18 DIV-19 SET-3 SET-4 SET-23
CYC-3 CYC-14 PEER-1 PEER-2 PEER-5 PEER-17 PEER-20 T01 T02 T04 T06 T07 T11 T14 T16 T17 T19 T48 T50 T51 T57
DIV-9 DIV-11 DIV-12 DIV-13 SET-5 SET-10 SET-11 SET-13 SET-14 SET-15 CYC-16 CYC-17 CYC-18 PLA-24 PLA-25 PLA-26 PLA-28 PEER-3 PEER-4 PEER-7
PEER-24 NEW-2 NEW-3 NEW-6 T31 T32 T33 T34 T35 T36 T44 T45 T46
DIV-3 SCU-8 SCU-9 SCU-10 SCU-11 SCU-12 SCU-13 SCU-14 SCU-15 SCU-24 CYC-1 CYC-2 CYC-18 CYC-21 SET-6 SET-9 SET-30
PLA-7 PLA-8 PLA-9 PLA-10 PLA-11 PLA-14 PLA-16 PLA-29 PEER-8 PEER-9 PEER-10 PEER-19 PEER-21 PEER-22 PEER-23 PEER-26
NEW-7 NEW-9 PLA-19 PEER-15 T18 T22 T23 T24 T25 T26 T37 T38 T39 T40 T41 T47 T49
SCU-6 PEER-11 T20 T27 T28 T59 T62 T68 NEW-1 NEW-5 PEER-16 SET-19 SET-20 SET-21""".split()

COMMENT = {".c": "/* ", ".h": "/* ", ".sql": "-- ", ".css": "/* ", ".js": "/* ", ".mjs": "/* ", ".cs": "<?cs # "}
FLAWS = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")


def first_line(tree):
    """Each file says what it is in its first line, under its own name."""
    out = []
    for p in tree.files:
        name, ending = os.path.basename(p), os.path.splitext(p)[1]
        # A long head may begin on the second line; a script has its interpreter before it.
        text = re.sub(r"^(#![^\n]*\n|/\*\n \* (?=\w))", lambda m: "/* " if m.group(0)[0] == "/" else "", tree.text(p))
        if ending in COMMENT and not text.startswith((COMMENT[ending] + name + ": ", COMMENT[ending] + name + "(")):
            out.append(f"{p}:1: does not begin with \"{COMMENT[ending]}{name}: …\"")
        if ending == ".py" and not re.match(rf'"""({re.escape(name)}|T\d\d): ', text):
            out.append(f"{p}:1: does not begin with \"\"\"{name}: … or the test's id")
    return out


def no_flaws(tree):
    return [f"{p}:{n}: {m.group(0)}" for p in tree.files if p.endswith((".c", ".h", ".sql", ".cs", ".css", ".js", ".mjs"))
            for n, line in enumerate(tree.lines(p), 1) if (m := FLAWS.search(line))]


def no_dead_code(tree):
    return [f"{p}:{n}: #if 0" for p in tree.c_files(tests=True)
            for n, line in enumerate(tree.lines(p), 1) if re.match(r"\s*#\s*if\s+0\b", line)]


def pages(tree):
    return [p for p in tree.files if p.startswith("templates/") and p.endswith(".cs")]


def template_escapes(tree):
    """Nothing but var: prints, and var: is escaped. Plain text mails (.txt.cs) are not HTML; their rules differ."""
    out = []
    for p in pages(tree):
        for n, line in enumerate(tree.lines(p), 1):
            for m in re.finditer(r"<\?cs\s+(alt|uvar|lvar|name|evar|escape|linclude)\b", line):
                out.append(f"{p}:{n}: {m.group(1)}")
            if re.search(r"<\?cs\s+include:\s*[^\"\s]", line):
                out.append(f"{p}:{n}: include of a variable")
            if re.search(r"<\?cs\s+var:[^?]*url_escape\([^)]*\)\s*[+]|\+\s*url_escape\(", line):
                out.append(f"{p}:{n}: a function inside an expression turns escaping off")
    return out


def template_scripts(tree):
    """No inline script, no event attribute, no style attribute, no unquoted value: the CSP and the escaping hold."""
    out = []
    for p in pages(tree):
        text = tree.text(p)
        for rule, words in ((r"<script(?![^>]*\bsrc=)", "<script> without src"), (r"<style\b", "<style>"),
                            (r"<[a-z][^>]*\son[a-z]+\s*=", "on…="), (r"<[a-z][^>]*\sstyle\s*=", "style="),
                            (r"=\s*<\?cs\s+var:", "a value without quotes"), (r"javascript:", "javascript:")):
            for m in re.finditer(rule, text, re.I):
                out.append(f"{p}:{text.count(chr(10), 0, m.start()) + 1}: {words}")
    return out


def rows_have_tests(tree):
    tests = [p for p in tree.files if p.startswith("tests/") and not p.startswith("tests/lint/")]
    text = "\n".join(tree.text(p) for p in tests if p.endswith((".c", ".py", ".js", ".mjs", ".sh")) or
                     "." not in os.path.basename(p))
    # A test in C may bear the id in the name of its function: CYC_21_a_disk_that_is_away.
    return [f"tests:1: no test names {row}" for row in ROWS
            if not re.search(rf"\b{row}\b|(?<![A-Za-z0-9]){row.replace('-', '_')}_", text)]


def trail_has_words(tree):
    """Every act of the audit trail has its words on the pages."""
    shown = "cgi/page/show_activity.c"
    known = set(re.findall(r'\{ "([a-z]+\.[a-z_]+)"', tree.text(shown) if shown in tree.files else ""))
    out = []
    for p in tree.files:
        if not re.match(r"(cgi/handle|worker|cli|lib/store)/.*\.c$", p):
            continue
        for statement in tree.text(p).split(";"):
            if re.search(r"\.action = |\bnote\(rq|_note\(rq|\bnote\(d,|trail_\w+\(", statement):
                out += [f"{p}:1: no words for {act}" for act in re.findall(r'"([a-z]+\.[a-z_]+)"', statement)
                        if act not in known and not act.endswith(".cs")]
    return out


def no_foreign_paths(tree):
    """No path of one machine, no address of one registry."""
    place = "/" + "work/"
    return [f"{p}:{n}: {line.strip()[:80]}" for p in tree.files if not p.startswith("tests/lint/")
            for n, line in enumerate(tree.lines(p), 1)
            if re.search(rf"(?<![\w.])({place}|/home/\w+/|/root/)", line) or
            (p.endswith("package-lock.json") and '"resolved"' in line)]


def tests_assert(tree):
    """A unit test without a single assertion, of its own or of a function it calls, proves nothing."""
    out = []
    for p in tree.files:
        if not re.match(r"tests/unit/\w+_test\.c$", p):
            continue
        lines = tree.lines(p)
        bodies = {name: "\n".join(lines[a - 1:b]) for name, a, b, _ in tree.functions(p)}
        proven = {n for n, body in bodies.items() if re.search(r"\b(assert|expect)_\w+\(|\bCHECK\w*\(|\bfail_?\w*\(", body)}
        for _ in bodies:
            proven |= {n for n, body in bodies.items() if any(re.search(rf"\b{q}\(", body) for q in proven if q != n)}
        tests = set(re.findall(r"cmocka_unit_test(?:_\w+)?\((\w+)", tree.text(p)))
        out += [f"{p}:1: {n} asserts nothing" for n in sorted(tests & set(bodies) - proven)]
    return out
