#!/usr/bin/python3
"""t48_http_test.py: a thousand hostile strings in answers and log lines add no header and no line (T48)."""
import email
import email.policy
import os
import re
import subprocess
import sys
import urllib.parse

sys.dont_write_bytecode = True
from hostile import COUNT, given, strings  # noqa: E402

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
ANSWERS = os.path.join(ROOT, "build", os.environ.get("VARIANT", "test"), "fake", "answers")
OFFER = {"Content-Disposition", "X-Lazarette-Delivery", "X-Accel-Redirect"}
LONGEST = 900        # the web refuses longer names and paths before they are answered
failed = 0


def report(name, findings):
    global failed
    failed += bool(findings)
    print(f"{'not ok' if findings else 'ok'} - {name}", flush=True)
    for finding in findings[:10]:
        print(f"# {finding}")


def head_of(answer):
    """The header lines of an answer, split as strictly as the wire is: CR LF and nothing else ends one."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), body


def names_of(answer):
    return [line.partition(b":")[0].decode("latin-1") for line in head_of(answer)[0]]


def value_of(answer, name):
    return next(line.partition(b": ")[2].decode("latin-1") for line in head_of(answer)[0]
                if line.lower().startswith(name.lower().encode() + b":"))


def wrong(answer, wanted):
    names = names_of(answer)
    if names != wanted:
        return f"headers {sorted(set(names) ^ set(wanted)) or names}"
    if any(c < 32 or c == 127 for line in head_of(answer)[0] for c in line):
        return "a control character in a header"
    return ""


def disposition(answer):
    """The name a browser would take, and the plain one of old programs."""
    mail = email.message_from_string("Content-Disposition: " + value_of(answer, "Content-Disposition") + "\n\n",
                                     policy=email.policy.compat32)
    plain = re.fullmatch(r'attachment; filename="([A-Za-z0-9._-]*)"; filename\*=UTF-8\'\'([A-Za-z0-9._~%-]*)',
                         value_of(answer, "Content-Disposition"))
    return mail.get_content_disposition(), plain


def bytes_of(text):
    return text.encode("utf-8", "surrogateescape")


def naive(text):
    return b'Status: 200 OK\r\nContent-Disposition: attachment; filename="%s"\r\n\r\n' % bytes_of(text)


def main():
    hostile = strings(LONGEST)
    done = subprocess.run([ANSWERS], input=given(["x"] + hostile), capture_output=True, check=True)
    answers = done.stdout.split(b"\0")[:-1]
    model, answers = answers[:4], answers[4:]
    kinds = [[(s, answers[4 * i + k]) for i, s in enumerate(hostile)] for k in range(4)]
    report("T48 each string has its four answers", [] if len(answers) == 4 * COUNT else [len(answers)])
    for k, what in enumerate(("the name of a file", "the path of a file", "the place to go to", "text")):
        report(f"T48 {COUNT} strings as {what}: no header too many",
               [f"{s!r}: {fault}" for s, a in kinds[k] if (fault := wrong(a, names_of(model[k])))])
    report("T48 Content-Disposition is one attachment whose name reads back as it was", [
        repr(s) for s, a in kinds[0] if (found := disposition(a))[0] != "attachment" or not found[1]
        or urllib.parse.unquote_to_bytes(found[1].group(2)) != bytes_of(s)])
    report("T48 a path reads back as it was: nothing of it is a query or a header", [
        repr(s) for s, a in kinds[1]
        if urllib.parse.unquote_to_bytes(value_of(a, "X-Accel-Redirect")) != b"/_dl/" + bytes_of(s)])
    report("T48 a place to go to is a path of ours", [
        repr(s) for s, a in kinds[2] if not re.fullmatch(r"/([^/\\].*)?", value_of(a, "Location"))])
    lines = done.stderr.split(b"\n")
    report("T48 a log line is one line", [
        repr(line) for line in lines[:-1] if not re.fullmatch(rb'<6>level=info event=test\.line pid=\d+ msg="[^\x00-\x1f\x7f]*"', line)
    ] + ([] if len(lines) == COUNT + 2 else [len(lines)]))
    evil = [s for s in hostile if len(names_of(naive(s))) != 2]
    report(f"T48 control: a naive builder lets {len(evil)} of them add headers", [] if len(evil) > 50 else ["too few"])
    return 1 if failed else 0


sys.exit(main())
