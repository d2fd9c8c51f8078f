#!/usr/bin/python3
"""encryption_test.py: what is stored is encrypted and signed; the tools of Debian open and check it; its key can go away."""
import glob
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from harness import main, test  # noqa: E402
from places import STAGING, restore, tree, two_places, where_form, without_excluded  # noqa: E402
from shop import LIVE  # noqa: E402

seen = {}


def stored(s, key):
    return os.path.join(s.home, "store", key)


def identity(s):
    return glob.glob(s.home + "/keys/*.identity")[0]


def media(s, number):
    return s.sql("SELECT * FROM part WHERE backup = ? AND engine = 'files'", number)[0]


@test("PEER-16 SET-23", "a new instance encrypts: age, zstd and tar open the stored media, minisign checks sidecar and manifest")
def by_hand(s):
    b = seen["backup"] = s.backup(LIVE)
    part = media(s, b["id"])
    assert part["data_key"].endswith(".tar.zst.age") and part["manifest_key"].endswith(".manifest.zst.age"), part
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["sh", "-c", f"age -d -i '{identity(s)}' '{stored(s, part['data_key'])}' | zstd -dc"
                               f" | tar -xf - -C '{folder}'"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert tree(folder) == without_excluded(tree(s.content + "/media"))
    with open(stored(s, part["data_key"]), "rb") as f:
        data = f.read()
    assert data.startswith(b"age-encryption.org/v1\n")
    assert (hashlib.sha256(data).hexdigest(), len(data)) == (part["data_stored_sha256"], part["data_stored_bytes"])
    for key in (b["sidecar_key"], part["manifest_key"]):
        done = subprocess.run(["minisign", "-V", "-p", stored(s, "lazarette.pub"), "-m", stored(s, key)],
                              capture_output=True, text=True)
        assert done.returncode == 0 and f"key={key} " in done.stdout, (done.stdout, done.stderr)
    with open(stored(s, b["sidecar_key"])) as f:
        sidecar = json.load(f)
    with open(stored(s, "lazarette.json")) as f:
        owner = json.load(f)
    assert sidecar["version"] == 3 and sidecar["encryption"]["recipients"] == owner["recipients"], (sidecar, owner)
    assert len(owner["recipients"]) == 2 and owner["format"] == 2
    # The signed word on how the pack begins: the header, which ends with its MAC, and 16 bytes.
    told = next(p for p in sidecar["parts"] if p["data"]["key"] == part["data_key"])
    size = len(re.match(rb".*?\n--- [^\n]*\n", data, re.S)[0]) + 16
    done = subprocess.run(["sh", "-c", f"head -c {size} '{stored(s, part['data_key'])}' | sha256sum"], capture_output=True, text=True)
    assert told["data"]["front_sha256"] == part["data_front_sha256"] == done.stdout.split()[0], (told, done.stdout)
    assert "front_sha256" not in told["manifest"], told
    page = s.must(s.browser.get(f"/b/b{b['id']}"))
    assert all(r in page.text for r in owner["recipients"]) and sidecar["signed_by"] in page.text
    s.doctor()


def plain_word(text):
    return re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m.group(1), 8)]), text.encode())


def mtree(text):
    """{path: what mtree(5) says of it} by whichever writer; of words only those that both know."""
    out = {}
    for line in text.splitlines():
        path, *words = line.split(" ")
        if not path or path.startswith("#"):
            continue
        said = dict(w.split("=", 1) for w in words)
        seconds, _, rest = said["time"].partition(".")
        out[plain_word(path)] = (said["type"], int(said["mode"], 8), int(said["uid"]), int(said["gid"]), int(seconds), int(rest or 0),
                                 said.get("size") if said["type"] == "file" else None,
                                 said.get("sha256digest", said.get("sha256")), plain_word(said.get("link", "")))
    return out


@test("PEER-16 NEW-1", "the manifest is mtree as others have it: bsdtar reads each path of it, and writes the same of what tar unpacked")
def as_mtree(s):
    part = media(s, seen["backup"]["id"])
    ours = subprocess.run(f"age -d -i '{identity(s)}' '{stored(s, part['manifest_key'])}' | zstd -dc", shell=True, check=True,
                          capture_output=True).stdout
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/manifest", "wb") as f:
            f.write(ours)
        os.mkdir(folder + "/out")
        subprocess.run(f"age -d -i '{identity(s)}' '{stored(s, part['data_key'])}' | zstd -dc | tar -xpf - -C '{folder}/out'",
                       shell=True, check=True)
        theirs = subprocess.run(["bsdtar", "-cf", "-", "--format=mtree", "--options",
                                 "!all,type,mode,uid,gid,size,time,sha256,link", "-C", folder + "/out", "."],
                                check=True, capture_output=True).stdout
        said = subprocess.run(["bsdtar", "-tf", folder + "/manifest"], capture_output=True)
    ours, theirs = mtree(ours.decode("ascii")), mtree(theirs.decode("ascii"))
    assert ours.keys() == theirs.keys() and sum(v[7] is not None for v in ours.values()) > 3, ours.keys() ^ theirs.keys()
    # In ours a further name of a file has no content of its own.
    wrong = [(k, v, theirs[k]) for k, v in ours.items() if v != theirs[k] and (v[0] != "file" or v[7] or v[:6] != theirs[k][:6])]
    assert not wrong, wrong[:5]
    assert len(said.stdout.splitlines()) == len(ours), (said.stdout, said.stderr)


@test("PEER-16", "restore and download of an encrypted backup give what was there; nothing in the clear is left in the storage")
def and_back(s):
    restore(s, seen["backup"]["id"], STAGING, prepare=lambda form: form.fill(real_data=True))
    assert tree(s.staging + "/media") == without_excluded(tree(s.content + "/media"))
    count = len(s.mails())
    number = s.request_download(seen["backup"]["id"])
    s.wait_download(number)
    s.wait_mails(count + 1)
    for f in s.sql("SELECT * FROM download_file WHERE download = ?", number):
        with open(os.path.join(s.home, "downloads", f["path"]), "rb") as file:
            assert hashlib.sha256(file.read()).hexdigest() == f["sha256"]
    for base, _, names in os.walk(s.home + "/store"):
        for name in names:
            if name.endswith(".zst"):
                raise AssertionError(f"{base}/{name} is not encrypted")


@test("PEER-16", "with the secret key away backups and keyless verification go on; what must read names the key and its place")
def sealed(s):
    number = seen["backup"]["id"]
    away = s.home + "/away.identity"
    path = identity(s)
    public = s.sql1("SELECT value FROM setting WHERE name = 'age_recipient'")
    os.rename(path, away)
    made = s.backup(LIVE, ["sqlite", "media"])          # and proven: what was just written needs no key
    assert made["health"] == "good"
    s.must(s.browser.submit(s.browser.get(f"/b/b{number}").form(action=f"/b/b{number}/verify")))
    job = s.sql1("SELECT max(id) FROM job WHERE kind = 'verify'")
    s.wait_job(job, "succeeded")
    said = " ".join(r["text"] for r in s.sql("SELECT text FROM job_log WHERE job = ?", job))
    assert "compared only as it lies" in said and public in said, said
    download = s.request_download(number, form_format="zip")
    row = s.wait_job(s.sql1("SELECT max(id) FROM job WHERE download = ?", download), "failed")
    assert public in row["error"] and os.path.basename(path) in row["error"] and s.home + "/keys" in row["error"], row["error"]
    before = tree(s.staging + "/media")
    answer, form = where_form(s, number, STAGING, slugs=("media",))
    s.browser.submit(form, answer.path)
    job = s.sql1("SELECT max(id) FROM job WHERE kind = 'preview'")
    row = s.wait_job(job)
    told = (row["error"] or "") + (s.sql1("SELECT preview_text FROM restore ORDER BY id DESC LIMIT 1") or "")
    assert public in told, (row, told)
    assert tree(s.staging + "/media") == before
    assert s.sql1("SELECT health FROM backup WHERE id = ?", number) == "good"
    # A flipped bit is found without the key, too.
    key = media(s, made["id"])["data_key"]
    with open(stored(s, key), "r+b") as f:
        f.seek(1000)
        byte = f.read(1)[0]
        f.seek(1000)
        f.write(bytes([byte ^ 1]))
    s.must(s.browser.submit(s.browser.get(f"/b/b{made['id']}").form(action=f"/b/b{made['id']}/verify")))
    s.wait_job(s.sql1("SELECT max(id) FROM job WHERE kind = 'verify'"), "failed")
    assert s.sql1("SELECT health FROM backup WHERE id = ?", made["id"]) == "damaged"
    os.rename(away, path)
    s.wait_download(s.request_download(number, form_format="zip"))


@test("PEER-16 NEW-1", "from the storage alone the recovery key opens a backup; without a key, or with a wrong one, none is opened")
def recovery(s):
    number = seen["backup"]["id"]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(s.home + "/store", folder + "/store")
        order = ["restore", "--storage", folder + "/store", f"b{number}", "--service", "media", "--to-dir"]
        done = s.admin(*order, folder + "/none", check=False)
        assert done.returncode == 1 and "--identity" in done.stderr and "age1" in done.stderr, done.stderr
        subprocess.run(["age-keygen", "-o", folder + "/wrong"], check=True, capture_output=True)
        done = s.admin(*order, folder + "/wrong.out", "--identity", folder + "/wrong", check=False)
        assert done.returncode == 1 and "age1" in done.stderr, done.stderr
        with open(folder + "/recovery", "w") as f:
            f.write(s.recovery + "\n")
        os.chmod(folder + "/recovery", 0o600)
        done = s.admin(*order, folder + "/out", "--identity", folder + "/recovery", "--signing-key", s.home + "/store/lazarette.pub")
        assert "signed by" in done.stdout, done.stdout
        assert tree(folder + "/out/media") == without_excluded(tree(s.content + "/media"))


@test("PEER-16", "the recovery key is shown once: no command prints it again, and no file of the instance has it")
def shown_once(s):
    said = s.admin("keys")
    assert "AGE-SECRET-KEY" not in said.stdout + said.stderr, said.stdout
    key, files = s.recovery.encode(), 0
    for base, _, names in os.walk(s.home):
        for name in names:
            path = os.path.join(base, name)
            if os.path.isfile(path) and not os.path.islink(path):
                with open(path, "rb") as f:
                    assert key not in f.read(), path
                files += 1
    # The control: what is kept is found in this way.
    with open(identity(s), encoding="ascii") as f:
        assert "AGE-SECRET-KEY-1" in f.read() and files > 20


@test("T62", "after a change of keys new backups open with the new one, old ones still with the old one")
def rotated(s):
    old = s.sql1("SELECT value FROM setting WHERE name = 'age_recipient'")
    assert "stays readable" in s.admin("keys", "rotate").stdout
    new = s.sql1("SELECT value FROM setting WHERE name = 'age_recipient'")
    assert new != old and len(glob.glob(s.home + "/keys/*.identity")) == 2
    b = s.backup(LIVE, ["media"])
    assert new in b["recipients"] and old not in b["recipients"], b
    for number in (b["id"], seen["backup"]["id"]):
        s.wait_download(s.request_download(number, form_format="tar"))
    # Each opens with exactly its key.
    key = media(s, b["id"])["data_key"]
    for public, opens in ((new, True), (old, False)):
        done = subprocess.run(["age", "-d", "-i", f"{s.home}/keys/{public[:12]}.identity", "-o", os.devnull, stored(s, key)],
                              capture_output=True)
        assert (done.returncode == 0) == opens, (public, done.stderr)


@test("PEER-16", "an administrator switches encryption off for a storage, and on again; what is there stays readable")
def switched(s):
    page = s.must(s.browser.get("/storage/main"))
    assert "opens with the secret key of" in page.words, page.words
    s.must(s.browser.submit(page.form(action="/storage/main/plain")))
    b = s.backup(LIVE, ["media"])
    part = media(s, b["id"])
    assert part["data_key"].endswith(".tar.zst") and b["recipients"] == "" and b["signed_by"] != "", (part, b)
    assert subprocess.run(["zstd", "-qt", stored(s, part["data_key"])]).returncode == 0
    s.wait_download(s.request_download(seen["backup"]["id"], form_format="tar.gz"))
    page = s.must(s.browser.get("/storage/main"))
    assert "can read what is stored here" in page.words, page.words
    s.must(s.browser.submit(page.form(action="/storage/main/encrypt")))
    assert media(s, s.backup(LIVE, ["media"])["id"])["data_key"].endswith(".age")
    actions = [r["action"] for r in s.sql("SELECT action FROM event WHERE action LIKE 'storage.%'")]
    assert "storage.plain" in actions and "storage.encrypted" in actions, actions


if __name__ == "__main__":
    main(two_places)
