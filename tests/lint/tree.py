"""tree.py: the files that a lint rule looks at, and C text with comments and literals blanked."""
import os
import re
import subprocess

SOURCE_TOPS = ("lib", "cgi", "worker", "cli")


class Tree:
    """Every file of a source tree, as paths from its root. Of the real tree: what git tracks or would track."""

    def __init__(self, root, tracked=True):
        self.root = root
        if tracked:
            listed = subprocess.run(["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                                    capture_output=True, check=True).stdout.decode().split("\0")
            self.files = sorted(f for f in set(listed) if f and not f.startswith("tests/lint/bad/") and
                                os.path.isfile(os.path.join(root, f)))
        else:
            self.files = sorted(os.path.relpath(os.path.join(d, f), root)
                                for d, _, names in os.walk(root) for f in names)
        self._texts = {}

    def text(self, path):
        if path not in self._texts:
            with open(os.path.join(self.root, path), encoding="utf-8", errors="surrogateescape") as f:
                self._texts[path] = f.read()
        return self._texts[path]

    def lines(self, path):
        return self.text(path).split("\n")

    def c_files(self, tests=False):
        """Sources and headers of the product, with `tests` those of the tests too."""
        tops = SOURCE_TOPS + (("tests",) if tests else ())
        return [f for f in self.files if f.endswith((".c", ".h")) and f.split("/")[0] in tops]

    def blank(self, path, literals=True):
        """The text with comments (and string and character literals) as spaces; lines stay where they are."""
        def fade(m):
            s = m.group(0)
            if s[0] in "\"'":
                return s if not literals else s[0] + re.sub(r"[^\n]", " ", s[1:-1]) + s[-1]
            return re.sub(r"[^\n]", " ", s)
        return re.sub(r'/\*[\s\S]*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', fade, self.text(path))

    def functions(self, path):
        """(name, first line, last line, parameters) of each function defined in a C file."""
        lines = self.blank(path).split("\n")
        found, start = [], None
        for i, line in enumerate(lines):
            if line.rstrip() == "{" and start is None:
                start = i
            elif line.startswith("}") and start is not None:
                head = start - 1
                while head > 0 and not re.match(r"[A-Za-z_]\w*\s*\(", lines[head]):
                    head -= 1
                signature = " ".join(lines[head:start])
                m = re.match(r"([A-Za-z_]\w*)\s*\((.*)\)", signature)
                if m:
                    found.append((m.group(1), head + 1, i + 1, count_parameters(m.group(2))))
                start = None
        return found


def count_parameters(text):
    """All but the error and the arena, which nearly every function has."""
    depth, parts = 0, [""]
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += c
    words = [" ".join(p.split()) for p in parts]
    return len([w for w in words if w not in ("", "void", "...") and not re.match(r"struct (err|arena) \*", w)])
