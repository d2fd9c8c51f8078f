"""t44_cases.py: hostile archives for T44: name, the members, and a manifest that agrees with them as far as it can."""
from archives import gnu, header, line, padded, pax

EVIL = b"evil\n"


def file(name, content=EVIL, **more):
    return header(name, size=len(content), **more) + padded(content)


def paths(outside):
    away = outside.encode()
    return {
        "parent": b"../outside/evil", "below and out": b"a/../../outside/evil", "absolute": away + b"/evil",
        "two slashes": b"/" + away + b"/evil", "dot first": b"./../outside/evil",
        "dots between": b"a/./../../outside/evil", "only parent": b"..", "parent slash": b"../", "ends in parent": b"a/..",
        "turns round": b"a/../b", "slash only": b"/", "empty parts": b"a//b", "dot part": b"a/./b",
        "backslashes": b"..\\outside\\evil",
    }


def carried(path):
    """The ways in which a header can say a path."""
    yield "name", file(path)
    if b"/" in path.strip(b"/"):
        head, _, tail = path.rpartition(b"/") if not path.endswith(b"/") else (path[:-1], b"", b"")
        yield "prefix", header(tail, size=len(EVIL), prefix=head) + padded(EVIL)
    yield "pax", pax((b"path", path)) + file(b"innocent")
    yield "GNU", gnu(b"L", path) + file(b"innocent")


def path_cases(outside):
    for name, path in paths(outside).items():
        for how, tar in carried(path):
            yield f"{name}, in {how}", tar, [line(path, content=EVIL)]


def link_cases(outside):
    away, canary = outside.encode(), outside.encode() + b"/canary"
    for name, to in (("absolute", away), ("relative", b"../outside"), ("far", b"x/../../outside")):
        yield (f"file through a link, {name}", header(b"d", kind=b"2", mode=0o777, link=to) + file(b"d/evil"),
               [line(b"d", "link", 0o777, link=to), line(b"d/evil", content=EVIL)])
        yield (f"file over a link, {name}", header(b"f", kind=b"2", mode=0o777, link=to + b"/evil") + file(b"f"),
               [line(b"f", "link", 0o777, link=to + b"/evil"), line(b"f", content=EVIL)])
        yield (f"folder over a link, {name}", header(b"d", kind=b"2", mode=0o777, link=to)
               + header(b"d/", kind=b"5", mode=0o777) + file(b"d/evil"),
               [line(b"d", "link", 0o777, link=to), line(b"d", "dir", 0o777), line(b"d/evil", content=EVIL)])
        yield (f"link through two, {name}", header(b"d", kind=b"5", mode=0o755)
               + header(b"d/l", kind=b"2", mode=0o777, link=to if to[:1] == b"/" else b"../" + to)
               + header(b"e", kind=b"2", mode=0o777, link=b"d/l") + file(b"e/evil"),
               [line(b"d", "dir", 0o755), line(b"d/l", "link", 0o777, link=to if to[:1] == b"/" else b"../" + to),
                line(b"e", "link", 0o777, link=b"d/l"), line(b"e/evil", content=EVIL)])
    for name, to in (("absolute", canary), ("relative", b"../outside/canary")):
        for how, tar in (("name", header(b"h", kind=b"1", link=to)),
                         ("pax", pax((b"linkpath", to)) + header(b"h", kind=b"1", link=b"x")),
                         ("GNU", gnu(b"K", to) + header(b"h", kind=b"1", link=b"x"))):
            yield (f"hard link out, {name}, in {how}", tar + file(b"h"),
                   [line(b"h", content=b"canary\n", first=to), line(b"h", content=EVIL)])
    yield ("hard link to a link out", header(b"l", kind=b"2", mode=0o777, link=canary) + header(b"h", kind=b"1", link=b"l"),
           [line(b"l", "link", 0o777, link=canary), line(b"h", content=b"canary\n", first=b"l")])
    yield ("hard link through a link out", header(b"l", kind=b"2", mode=0o777, link=away)
           + header(b"h", kind=b"1", link=b"l/canary"),
           [line(b"l", "link", 0o777, link=away), line(b"h", content=b"canary\n", first=b"l/canary")])
    yield "hard link to itself", header(b"h", kind=b"1", link=b"h"), [line(b"h", content=EVIL, first=b"h")]


def kind_cases():
    for kind, name in ((b"3", "character device"), (b"4", "block device"), (b"6", "FIFO"), (b"7", "contiguous"),
                       (b"S", "GNU sparse"), (b"M", "volume part"), (b"V", "volume"), (b"D", "GNU dumpdir"),
                       (b"s", "socket"), (b"A", "Solaris ACL"), (b"Z", "unknown")):
        yield name, header(b"x", kind=kind, major=1, minor=3), [line(b"x")]
    for bits in (0o4755, 0o2755, 0o6777, 0o1755, 0o7777):
        yield f"file of mode {bits:o}", file(b"x", mode=bits), [line(b"x", mode=bits, content=EVIL)]
        yield (f"folder of mode {bits:o}", header(b"d/", kind=b"5", mode=bits), [line(b"d", "dir", bits)])


def number_cases():
    huge = 2 ** 63 - 1
    for size, name in ((huge, "8 EiB"), (-1, "minus one byte"), (-2 ** 63, "the least number"), (2 ** 40, "a terabyte")):
        yield f"{name} in the header", header(b"x", size=size) + padded(EVIL), [line(b"x", size=max(size, 0))]
        yield (f"{name} in pax", pax((b"size", str(size).encode())) + file(b"x"), [line(b"x", size=max(size, 0))])
    yield ("sparse map of 8 EiB", pax((b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"x"),
                                      (b"GNU.sparse.realsize", str(huge).encode())) + file(b"x"), [line(b"x", size=huge)])
    yield "wrong checksum", file(b"x", spoil=1), [line(b"x", content=EVIL)]
    yield "time beyond the calendar", file(b"x", mtime=2 ** 62), [line(b"x", content=EVIL)]


def text_cases(outside):
    away = outside.encode()
    yield "NUL in a name", file(b"x\0/../../outside/evil"), [line(b"x", content=EVIL)]
    yield "NUL in a pax path", pax((b"path", b"x\0../evil")) + file(b"x"), [line(b"x", content=EVIL)]
    yield "two pax headers", pax((b"path", b"x")) + pax((b"path", away + b"/evil")) + file(b"x"), [line(b"x", content=EVIL)]
    yield ("pax path given twice", pax((b"path", b"x"), (b"path", b"../outside/evil")) + file(b"x"),
           [line(b"x", content=EVIL)])
    yield ("global pax path", pax((b"path", b"../outside/evil"), kind=b"g") + file(b"x"), [line(b"x", content=EVIL)])
    yield ("pax length too long", header(b"p", size=12, kind=b"x") + padded(b"99 path=x\nab") + file(b"x"),
           [line(b"x", content=EVIL)])
    yield ("long name of 1 MiB", gnu(b"L", b"a/" * (1 << 19) + b"x") + file(b"x"), [line(b"x", content=EVIL)])
    yield ("30,000 folders in one path", gnu(b"L", b"a/" * 30000 + b"x") + file(b"x"),
           [line(b"a/" * 30000 + b"x", content=EVIL)])
    yield ("long name before a pax one", gnu(b"L", b"x") + pax((b"path", b"../outside/evil")) + file(b"y"),
           [line(b"x", content=EVIL)])
    yield "one path twice", file(b"x") + file(b"x"), [line(b"x", content=EVIL)] * 2
    yield ("a file becomes a folder", file(b"x") + file(b"x/y"), [line(b"x", content=EVIL), line(b"x/y", content=EVIL)])
    yield "twins in case", file(b"x") + file(b"X"), [line(b"x", content=EVIL), line(b"X", content=EVIL)]
    yield ("twins in Unicode", file("\u00e9".encode()) + file("e\u0301".encode()),
           [line("\u00e9".encode(), content=EVIL), line("e\u0301".encode(), content=EVIL)])
    yield "goes on behind its end", b"\0" * 1024 + file(b"x"), [line(b"x", content=EVIL)]
    yield "20,000 members more than listed", b"".join(file(b"m%d" % i, b"") for i in range(20000)), [line(b"m0", content=b"")]


def cases(outside):
    yield from path_cases(outside)
    yield from link_cases(outside)
    yield from kind_cases()
    yield from number_cases()
    yield from text_cases(outside)
