"""archives.py: tar archives as nobody honest writes them, with the manifest that goes along, stored as ours are."""
import hashlib
import os
import subprocess

BLOCK, FRAME = 512, 4 << 20


def number(value, size):
    """Octal, or base-256 for what octal cannot say."""
    if 0 <= value < 8 ** (size - 1):
        return f"{value:0{size - 1}o}".encode() + b"\0"
    return bytes([0x80 if value >= 0 else 0xff]) + (value % 256 ** (size - 1)).to_bytes(size - 1, "big")


def header(name=b"", mode=0o644, size=0, kind=b"0", link=b"", prefix=b"", mtime=10 ** 9, major=0, minor=0,
           spoil=0):
    h = bytearray(BLOCK)
    for at, text in ((0, name[:100]), (157, link[:100]), (345, prefix[:155]), (257, b"ustar\x0000")):
        h[at:at + len(text)] = text
    for at, width, value in ((100, 8, mode), (108, 8, 0), (116, 8, 0), (124, 12, size), (136, 12, mtime),
                             (329, 8, major), (337, 8, minor)):
        h[at:at + width] = number(value, width)
    h[156:157] = kind
    h[148:156] = b" " * 8
    h[148:156] = f"{sum(h) + spoil:06o}".encode() + b"\0 "
    return bytes(h)


def padded(data):
    return data + b"\0" * (-len(data) % BLOCK)


def record(key, value):
    body = b" " + key + b"=" + value + b"\n"
    n = len(body)
    while len(str(n)) + len(body) != n:
        n = len(str(n)) + len(body)
    return str(n).encode() + body


def pax(*pairs, kind=b"x"):
    data = b"".join(record(k, v) for k, v in pairs)
    return header(b"././@PaxHeader", size=len(data), kind=kind) + padded(data)


def gnu(kind, text):
    return header(b"././@LongLink", size=len(text) + 1, kind=kind) + padded(text + b"\0")


def escaped(path):
    return "".join(chr(c) if 0x20 < c < 0x7f and c not in b"#=\\" else f"\\{c:03o}" for c in path)


def line(path, kind="file", mode=0o644, content=b"", link=None, first=None, size=None):
    """A line of the manifest; first: the other name of a hard link."""
    words = [("." if path == b"" else "./" + escaped(path)), f"type={kind}", f"mode={mode:04o}", "uid=0", "gid=0"]
    if kind == "file":
        words += [f"size={len(content) if size is None else size}"]
    words += ["time=1000000000.000000000"]
    if kind == "file":
        words += [f"sha256={hashlib.sha256(content).hexdigest()}"]
    if link is not None:
        words += [f"link={escaped(link)}"]
    if first is not None:
        words += [f"x-hardlink={escaped(first)}"]
    return " ".join(words) + "\n"


def manifest(lines):
    return ("#mtree\n# lazarette manifest 1\n" + "".join(lines)).encode()


def frames(raw, store, name):
    """Frames of at most 4 MiB with size and checksum, as format.md wants them."""
    path = os.path.join(store, name)
    with open(path, "wb") as out:
        for at in range(0, max(len(raw), 1), FRAME):
            piece = raw[at:at + FRAME]
            out.write(subprocess.run(["zstd", "-q", "-1", "-c", f"--stream-size={len(piece)}"] if piece else
                                     ["zstd", "-q", "-c"], input=piece, stdout=subprocess.PIPE, check=True).stdout)


def stored(tar, lines, store):
    os.makedirs(store, exist_ok=True)
    frames(tar + b"\0" * 2 * BLOCK, store, "pack.tar.zst")
    frames(manifest(lines), store, "pack.manifest.zst")
