#!/usr/bin/python3
"""t48_mail_test.py: a thousand hostile strings in every field of a mail add no header, part or line (T48)."""
import email
import email.header
import email.policy
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
from hostile import COUNT, given, strings  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LETTERS = os.path.join(ROOT, "build", os.environ.get("VARIANT", "test"), "fake", "letters")
HEADERS = ["From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"]
PART = ["Content-Type", "Content-Transfer-Encoding"]
failed = 0

def report(name, findings):
    global failed
    failed += bool(findings)
    print(f"{'not ok' if findings else 'ok'} - {name}", flush=True)
    for finding in findings[:10]:
        print(f"# {finding}")


def wrong_lines(data):
    """Lines end in CRLF, are of ASCII, and none of the body begins with a dot."""
    lines = data.split(b"\r\n")
    if lines.pop() != b"" or any(b"\r" in line or b"\n" in line for line in lines):
        return "a bare line end"
    if max(map(len, lines)) > 998 or not data.isascii() or any(c < 32 and c not in b"\t\r\n" for c in data):
        return "a long line, or one that is not ASCII"
    return "a dot begins a line" if any(line.startswith(b".") for line in lines) else ""


def wrong_mail(data):
    """What is not as in a mail of harmless strings, or ''."""
    mail = email.message_from_bytes(data, policy=email.policy.compat32)
    names = [n for n in mail.keys()]
    if names != HEADERS:
        return f"headers {names}"
    parts = mail.get_payload()
    if not mail.is_multipart() or [p.get_content_type() for p in parts] != ["text/plain", "text/html"]:
        return "other parts"
    if any([n for n in p.keys()] != PART or p.defects for p in parts) or mail.defects:
        return "headers or defects of a part"
    if mail.preamble or mail.epilogue not in (None, ""):
        return "text around the parts"
    if len(email.utils.getaddresses([mail["To"]])) != 1 or not re.fullmatch(r"<[^<>\s]+@[^<>\s]+>", mail["To"]):
        return f"recipients {mail['To']!r}"
    return wrong_lines(data)


def subject_of(data):
    raw = email.message_from_bytes(data, policy=email.policy.compat32)["Subject"]
    return str(email.header.make_header(email.header.decode_header(raw)))


def naive(text):
    """What a careless program does."""
    return (f"From: <from@example.org>\r\nTo: <to@example.org>\r\nSubject: {text}\r\nDate: x\r\nMessage-ID: <i@x>\r\n"
            "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
            ).encode("utf-8", "surrogateescape")


def main():
    hostile = strings(100000)
    with tempfile.TemporaryDirectory(prefix="lz-t48-") as folder:
        done = subprocess.run([LETTERS, folder], input=given(hostile), capture_output=True, cwd=ROOT, check=True)
        refused = {tuple(line.split()[1:]) for line in done.stdout.decode().splitlines()}
        mails = {}
        for name in os.listdir(folder):
            with open(os.path.join(folder, name), "rb") as f:
                mails[tuple(name[:-4].split("-"))] = f.read()
    fields = ("subject", "name", "to", "from", "id", "letter")
    report("T48 each string is refused or becomes a mail", [
        f"{i} {f}" for i in range(1, COUNT + 1) for f in fields
        if ((str(i), f) in refused) == ((str(i), f) in mails)])
    for field in fields:
        report(f"T48 {COUNT} strings as {field}: no header, part or line too many", [
            f"{hostile[int(i) - 1]!r}: {fault}" for (i, f), data in mails.items()
            if f == field and (fault := wrong_mail(data))])
    report("T48 a subject that is taken reads back as it was", [
        f"{hostile[int(i) - 1]!r}" for (i, f), data in mails.items()
        if f == "subject" and subject_of(data) != hostile[int(i) - 1]])
    report("T48 a letter is made of every string: nothing a person writes keeps a mail back", [
        f"{hostile[int(i) - 1]!r}" for i, f in refused if f == "letter"])
    evil = [s for s in hostile if email.message_from_bytes(naive(s), policy=email.policy.compat32).keys() != HEADERS]
    report(f"T48 control: a naive builder lets {len(evil)} of them add headers", [] if len(evil) > 100 else ["too few"])
    print(f"# {len(mails)} mails, {len(refused)} refused")
    return 1 if failed else 0


sys.exit(main())
