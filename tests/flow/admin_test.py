#!/usr/bin/python3
"""admin_test.py: the command line on the server, typed as a person would."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import ROOT, VARIANT, main, test  # noqa: E402

PROGRAM = os.path.join(ROOT, "build", VARIANT, "lazarette")


class Home:
    """A folder for one instance."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="lz-admin-", dir="/tmp")
        return self

    def __exit__(self, *why):
        shutil.rmtree(self.path)

    def run(self, *args, status=0):
        env = dict(os.environ, LAZARETTE_HOME=os.path.join(self.path, "home"))
        done = subprocess.run([PROGRAM, *args], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=120)
        assert done.returncode == status, f"{args}: {done.returncode}, not {status}\n{done.stdout}{done.stderr}"
        return done


def fresh(fn):
    """Run the test with a folder of its own."""
    def run():
        with Home() as h:
            fn(h)
    return run


@test("", "help, version and wrong words: stdout for what was asked, stderr and status 64 for what was not")
@fresh
def words(h):
    assert "admin init" in h.run("help").stdout and "admin doctor" in h.run("--help").stdout
    assert re.fullmatch(r"lazarette \d+\.\d+\.\d+\n", h.run("version").stdout)
    assert h.run("--version").stdout == h.run("version").stdout
    for args, says in [((), "admin init"), (("admin",), "admin init"), (("admni",), "did you mean admin?"),
                       (("admin", "doktor"), "did you mean doctor?"), (("plna",), "did you mean plan?"), (("quux",), "see lazarette help"),
                       (("admin", "init", "x"), 'not "x"')]:
        done = h.run(*args, status=64)
        assert done.stdout == "" and says in done.stderr, (args, done)


@test("", "init, init again, setup-code: the code alone on stdout; the folder is for its owner and group")
@fresh
def init(h):
    assert "does not exist" in h.run("admin", "doctor", status=66).stderr
    h.run("admin", "init")
    h.run("admin", "init")
    done = h.run("admin", "setup-code")
    assert re.fullmatch(r"[a-z2-9]{5}(-[a-z2-9]{5}){3}\n", done.stdout), done.stdout
    assert "/setup" in done.stderr
    again = h.run("admin", "setup-code").stdout
    assert again != done.stdout
    home = os.path.join(h.path, "home")
    for name in os.listdir(home):
        assert os.stat(os.path.join(home, name)).st_mode & 0o007 == 0, name
    assert os.stat(os.path.join(home, "keys/worker.key")).st_mode & 0o077 == 0
    assert h.run("admin", "doctor", "--deep", "--strict").stdout.startswith("sound: ")


@test("", "four inits at once make one instance")
@fresh
def race(h):
    env = dict(os.environ, LAZARETTE_HOME=os.path.join(h.path, "home"))
    running = [subprocess.Popen([PROGRAM, "admin", "init"], env=env, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, text=True) for _ in range(4)]
    for p in running:
        words = p.communicate(timeout=120)[1]
        assert p.returncode == 0, words
    h.run("admin", "doctor")


@test("", "the configuration as it is made is in force as its comments say, and its page describes every key")
@fresh
def configuration(h):
    h.run("admin", "init")
    conf = os.path.join(h.path, "home", "lazarette.conf")
    before = h.run("admin", "check-config").stdout
    text = open(conf).read()
    plain = re.sub(r"^#(?=\w+ (=|\{)|\t|\})", "", text, flags=re.M).split("mail {")[0]
    with open(conf, "w") as f:
        f.write(plain)
    assert h.run("admin", "check-config").stdout == before
    page = open(os.path.join(ROOT, "docs/lazarette.conf.5")).read()
    keys = [line.split()[0] for line in before.splitlines()] + ["mail.user", "mail.password_file", "mail.insecure"]
    for key in keys:
        if key != "home":
            assert f".It Ic {key.split('.')[-1]} " in page, key
    with open(conf, "a") as f:
        f.write("lease = 5\n")
    for command in ("check-config", "doctor", "setup-code", "init"):
        done = h.run("admin", command, status=78)
        assert f"lazarette.conf:{plain.count(chr(10)) + 1}: lease must be a time" in done.stderr, done.stderr


@test("T24", "gc --dry-run says what would go and why, and removes nothing; gc removes it; other words are refused")
@fresh
def garbage(h):
    h.run("admin", "init")
    store = os.path.join(h.path, "home", "store")
    assert "0 objects" in h.run("admin", "gc", "--dry-run").stdout
    folder = os.path.join(store, "shop", "live")
    os.makedirs(folder)
    left = {name: os.path.join(folder, name) for name in (".b7-live.json.3.tmp", ".b8-live.json.4.tmp", "b9.tar.zst")}
    for path in left.values():
        with open(path, "w") as f:
            f.write("left over")
    for name in (".b7-live.json.3.tmp", "b9.tar.zst"):
        os.utime(left[name], (1, 1))
    for words, says in ((("--dry-run",), "would go"), ((), "gone")):
        said = h.run("admin", "gc", *words).stdout
        assert all(os.path.exists(p) for n, p in left.items() if words or n != ".b7-live.json.3.tmp"), said
        for name, word, why in ((".b7-live.json.3.tmp", says, "an upload that was never finished"),
                                (".b8-live.json.4.tmp", "stays", "it is younger than a day"),
                                ("b9.tar.zst", "stays", "the catalogue has never heard of it")):
            line = next(n for n in said.splitlines() if "shop/live/" + name in n)
            assert word in line and why in line, said
    assert not os.path.exists(left[".b7-live.json.3.tmp"])
    assert h.run("admin", "gc", "--dry", status=64).stdout == ""


@test("", "a catalogue of another kind is refused with the reason and left as it is")
@fresh
def foreign(h):
    h.run("admin", "init")
    path = os.path.join(h.path, "home", "catalog.db")
    for suffix in ("", "-wal", "-shm"):
        os.unlink(path + suffix)
    with open(path, "wb") as f:
        f.write(b"not a database" * 400)
    assert "is damaged" in h.run("admin", "doctor", status=1).stderr
    h.run("admin", "init", status=1)
    assert open(path, "rb").read() == b"not a database" * 400


if __name__ == "__main__":
    main()
