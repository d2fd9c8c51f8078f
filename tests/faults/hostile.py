"""hostile.py: strings that would like to be a header, a line or a part of their own (T48)."""
import random

COUNT = 1000
BREAKS = ("\r\n", "\n", "\r", "\n\n", "\r\n\r\n", "\r\n ", "\n\t", "%0d%0a", "%0a", "\\r\\n", "\x0b", "\x0c", "\x1c",
          "\x85", "\u2028", "\u2029", "\x7f", "\x00", "\udc85", "=0D=0A", "=?UTF-8?Q?=0D=0A?=", "&#13;&#10;")
CARGO = ("Bcc: evil@example.net", "X-Evil: 1", "Content-Type: text/html", "Subject: other", "To: evil@example.net",
         "Set-Cookie: session=evil", "Location: //evil.example", "Status: 200 OK", "X-Accel-Redirect: /_dl/../../etc/passwd",
         "--=_lazarette_alternative", "--=_lazarette_alternative--", ".", ".\r\nMAIL FROM:<evil@example.net>",
         "From evil@example.net", "=?UTF-8?B?DQpCY2M6IGV2aWxAZXhhbXBsZS5uZXQ=?=", "<script>alert(1)</script>",
         "\"; filename=\"evil.sh", "<3>level=error event=evil", "a@example.net>, <b@example.net", "", " ", "\t", "=", "==?")
FRONT = ("", "shop", "a@example.org", "/login", "\u00e9\u00df", "\U0001f382" * 5, "=?UTF-8?Q?", "x" * 70, "x" * 998, "\xff",
         "<", '"', "../../etc/passwd")


def strings(longest):
    """Every break with every cargo behind some fronts, then more at random; the first COUNT, none longer than that."""
    some = [f + b + c for b in BREAKS for c in CARGO for f in ("", "a@example.org")]
    dice = random.Random(48)
    dice.shuffle(some)
    some = some[:COUNT // 2]
    while len(some) < COUNT:
        pick = [dice.choice(group) for group in (FRONT, BREAKS, CARGO, FRONT, BREAKS, CARGO)]
        text = "".join(pick[:dice.randint(1, 6)]) * dice.choice((1, 1, 1, 30))
        if len(text.encode("utf-8", "surrogateescape")) <= longest:
            some.append(text)
    # A NUL ends a C string: what stands behind it would be another string.
    return [s.replace("\x00", "") or "x" for s in some]


def given(texts):
    return b"".join(s.encode("utf-8", "surrogateescape") + b"\0" for s in texts)
