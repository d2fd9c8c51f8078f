#!/usr/bin/python3
"""install_test.py: make install into an empty folder: all that the manual names is there, and goes again."""
import contextlib
import filecmp
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, VARIANT, main, test  # noqa: E402

DOC = "/usr/share/doc/lazarette"
# What a folder of the tree becomes.
PLACES = {"templates": "/usr/share/lazarette/templates", "templates/mail": "/usr/share/lazarette/templates/mail",
          "static": "/usr/share/lazarette/static", "packaging/nginx": DOC, "packaging/prometheus": DOC,
          "packaging/hooks": DOC + "/hooks", "nginx": DOC}
# Of Debian's, not ours.
FOREIGN = ("/usr/share/zoneinfo", "/usr/bin/", "/usr/sbin/")


def make(target, place):
    done = subprocess.run(["make", "-s", f"BUILD={VARIANT}", f"DESTDIR={place}", target], cwd=ROOT,
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


@contextlib.contextmanager
def installed():
    """The folder that stands for / after `make install`."""
    place = tempfile.mkdtemp(prefix="lz-install-", dir="/tmp")
    try:
        make("install", place)
        yield place
    finally:
        shutil.rmtree(place)


def named():
    """Each absolute path below /usr that a page of the manual names, with the page."""
    for page in sorted(glob.glob(ROOT + "/docs/*.[1-8]")):
        with open(page) as f:
            for path in re.findall(r"(?<![\w.])/usr/[\w./-]*[\w]", f.read()):
                yield path, os.path.basename(page)


def missing(place):
    return [f"{path}, which {page} names" for path, page in named()
            if not path.startswith(FOREIGN) and not os.path.exists(place + path)]


@test("", "every path below /usr that the manual names is installed, and a missing one would be noticed")
def manual(place):
    assert missing(place) == [], missing(place)
    assert len(list(named())) >= 3
    rules = place + DOC + "/lazarette.rules.yml"
    os.rename(rules, rules + ".away")
    assert len(missing(place)) == 1, missing(place)
    os.rename(rules + ".away", rules)


@test("", "each file of packaging, templates and static is there, byte for byte; hooks and programs may be run")
def files(place):
    for folder, to in PLACES.items():
        for path in glob.glob(f"{ROOT}/{folder}/*"):
            if os.path.isfile(path):
                there = place + to + "/" + os.path.basename(path)
                assert os.path.exists(there), there
                assert filecmp.cmp(path, there, shallow=False), there
    run = glob.glob(place + DOC + "/hooks/*") + glob.glob(place + "/usr/lib/lazarette/*") + [place + "/usr/bin/lazarette"]
    assert len(run) == 5 and all(os.access(p, os.X_OK) for p in run), run
    for page in glob.glob(ROOT + "/docs/*.[1-8]"):
        assert os.path.exists(f"{place}/usr/share/man/man{page[-1]}/{os.path.basename(page)}"), page


@test("", "the installed program tells its version, and uninstall leaves no file of ours")
def uninstall(place):
    done = subprocess.run([place + "/usr/bin/lazarette", "--version"], capture_output=True, text=True)
    assert done.returncode == 0 and "0.1.0" in done.stdout, done
    make("uninstall", place)
    left = [os.path.join(at, name) for at, _, names in os.walk(place) for name in names]
    assert left == [], left


if __name__ == "__main__":
    main(installed)
