"""s3stub.py: an S3 server that misbehaves as it is told. Checks no signature; tests/fake/swift.py does that.

  python3 tests/fake/s3stub.py      prints its port

The first part of a key's path says what goes wrong and when: "reset-3-x/…" is a world of its own, in which the third
request is reset; 0 stands for each. Words: reset (nothing is done), lost (it is done, and then reset), cut (half of the
answer comes), fail (500), slowdown (503), skew (403), error200 (Complete says 200 and an <Error>), corrupt (a bit is
stored differently), shorter (the last byte is not stored), shortget (a range lacks its end), hang, drip (1 B/s), none;
locked (nothing is removed, and what is put has its MD5, as a bucket with object lock has it);
together and ranges (so many parts, or ranges that end behind the first 4 MiB, are answered once so many wait; "most" asks
how many ever did at a time), nopart (the part of that number is refused with 500, the others hang).
Of each PUT and POST of a world "kept" tells, a line each, what it was (object, upload, part, complete), the address (path,
virtual), and the storage class and encryption it asked for.
Lists come in pages of two. Of its lifecycle a bucket answers as its own name says: bare-…, denied-…, old-…, torn-…, list-…,
or one of RULES.
"""
import ctypes
import hashlib
import re
import signal
import socket
import struct
import sys
import threading
import time
import urllib.parse

PAGE, PATIENCE_S, FAR = 2, 20, 4 << 20
LOCK = threading.Condition()
WORLDS = {}


class World:
    def __init__(self, word, at):
        self.word, self.at = word, at
        self.objects, self.uploads, self.requests, self.ids = {}, {}, 0, 0
        self.came, self.here, self.most = 0, 0, 0
        self.kept = []


def md5(body):
    return hashlib.md5(body).hexdigest()


def etag_of(parts):
    return f"{md5(b''.join(hashlib.md5(p).digest() for p in parts))}-{len(parts)}"


def xml(status, root, inner):
    return status, {"Content-Type": "application/xml"}, f'<?xml version="1.0"?>\n<{root}>{inner}</{root}>'.encode()


def error(status, code, words="as it was told"):
    return xml(status, "Error", f"<Code>{code}</Code><Message>{words} &amp; so on.</Message>")


def stored(world, body):
    """What is kept of it, and the ETag that is told."""
    if world.word == "corrupt" and hit(world) and body:
        body = body[:-1] + bytes([body[-1] ^ 1])
        return body, md5(body)
    if world.word == "shorter" and hit(world) and body:
        return body[:-1], md5(body)
    return body, md5(body)


def hit(world):
    return world.at in (0, world.requests)


def page_of(names, after):
    left = [n for n in sorted(names) if n > after]
    return left[:PAGE], len(left) > PAGE


def list_objects(world, query):
    names, more = page_of([k for k in world.objects if k.startswith(query["prefix"])], query.get("continuation-token", "")[1:])
    inner = "".join(f"<Contents><Key>{k}</Key><LastModified>2026-11-21T02:00:00.000Z</LastModified>"
                    f"<Size>{len(world.objects[k][0])}</Size></Contents>" for k in names)
    if more:
        inner += f"<NextContinuationToken>&#x2b;{names[-1]}</NextContinuationToken>"
    return xml(200, "ListBucketResult", f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{inner}")


def list_uploads(world, query):
    after = (query.get("key-marker", ""), query.get("upload-id-marker", ""))
    left = sorted((u[0], i) for i, u in world.uploads.items() if u[0].startswith(query["prefix"]) and (u[0], i) > after)
    inner = "".join(f"<Upload><Key>{k}</Key><UploadId>{i}</UploadId></Upload>" for k, i in left[:PAGE])
    if len(left) > PAGE:
        inner += f"<NextKeyMarker>{left[PAGE - 1][0]}</NextKeyMarker><NextUploadIdMarker>{left[PAGE - 1][1]}</NextUploadIdMarker>"
    return xml(200, "ListMultipartUploadsResult", f"<IsTruncated>{'true' if len(left) > PAGE else 'false'}</IsTruncated>{inner}")


def complete(world, key, upload):
    if world.word == "error200" and hit(world):
        return error(200, "InternalError", "We encountered an internal error")
    _, parts = world.uploads.pop(upload)
    bodies = [parts[n][0] for n in sorted(parts)]
    world.objects[key] = b"".join(bodies), etag_of(bodies)
    return xml(200, "CompleteMultipartUploadResult", f"<ETag>&quot;{world.objects[key][1]}&quot;</ETag>")


def of_upload(world, method, key, query, body):
    if query["uploadId"] not in world.uploads:
        return error(404, "NoSuchUpload")
    if method == "PUT":
        kept, tag = stored(world, body)
        world.uploads[query["uploadId"]][1][int(query["partNumber"])] = (kept, tag)
        return 200, {"ETag": f'"{tag}"'}, b""
    if method == "POST":
        return complete(world, key, query["uploadId"])
    del world.uploads[query["uploadId"]]
    return 204, {}, b""


def get(world, method, key, headers):
    if key not in world.objects:
        return error(404, "NoSuchKey")
    body, tag = world.objects[key]
    want = re.match(r"bytes=(\d+)-(\d+)$", headers.get("range", ""))
    if not want:
        return 200, {"ETag": f'"{tag}"'}, body
    part = body[int(want[1]):int(want[2]) + 1]
    if world.word == "shortget" and hit(world):
        part = part[:-1]
    return 206, {"ETag": f'"{tag}"'}, part


ABORTS = "<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload>"
EXPIRES = "<Expiration><Days>90</Days></Expiration>"
TAG = "<Tag><Key>a</Key><Value>b</Value></Tag>"
RULES = {
    "ruled": [("Enabled", "<Filter/>", EXPIRES)],
    "aborts": [("Enabled", "<Filter></Filter>", EXPIRES), ("Enabled", "<Filter/>", ABORTS)],
    "older": [("Enabled", "<Prefix></Prefix>", ABORTS)],
    "above": [("Enabled", "<Filter><Prefix>adv</Prefix></Filter>", ABORTS)],
    "both": [("Enabled", "<Filter><And><Prefix>advice/</Prefix></And></Filter>", ABORTS)],
    "beside": [("Enabled", "<Filter><Prefix>advices</Prefix></Filter>", ABORTS), ("Enabled", "<Prefix>b</Prefix>", ABORTS)],
    "below": [("Enabled", "<Filter><Prefix>advice/a</Prefix></Filter>", ABORTS)],
    "tagged": [("Enabled", f"<Filter><And><Prefix></Prefix>{TAG}</And></Filter>", ABORTS), ("Enabled", f"<Filter>{TAG}</Filter>", ABORTS)],
    "off": [("Disabled", "<Filter/>", ABORTS), ("Enabled", "<Filter/>", EXPIRES)],
}


def lifecycle(word):
    if word in RULES:
        return xml(200, "LifecycleConfiguration", "".join(
            f"<Rule><ID>{i}</ID>{which}<Status>{status}</Status>{what}</Rule>" for i, (status, which, what) in enumerate(RULES[word])))
    if word in ("torn", "list"):         # Swift gives the list of objects
        return 200, {}, {"torn": b"<LifecycleConfiguration><Rule>", "list": b"<ListBucketResult></ListBucketResult>"}[word]
    return error(*{"bare": (404, "NoSuchLifecycleConfiguration"), "denied": (403, "AccessDenied")}.get(word, (501, "NotImplemented")))


def answer(world, method, key, query, headers, body):
    if world.word == "locked" and method == "DELETE" and key in world.objects:
        return error(403, "AccessDenied", "Access Denied because object protected by object lock")
    if world.word == "locked" and method == "PUT" and "content-md5" not in headers:
        return error(400, "InvalidRequest", "Content-MD5 is required for a bucket with object lock")
    if key is None and "lifecycle" in query:
        return lifecycle(world.word)
    if "most" in query:
        return 200, {}, str(world.most).encode()
    if "kept" in query:
        return 200, {}, "".join(world.kept).encode()
    if key is None and "uploads" in query:
        return list_uploads(world, query)
    if key is None:
        return list_objects(world, query)
    if "uploadId" in query:
        return of_upload(world, method, key, query, body)
    if "uploads" in query:
        world.ids += 1
        world.uploads[f"id/{world.ids}+"] = (key, {})
        return xml(200, "InitiateMultipartUploadResult", f"<UploadId>id/{world.ids}+</UploadId>")
    if method == "PUT":
        world.objects[key] = stored(world, body)
        return 200, {"ETag": f'"{world.objects[key][1]}"'}, b""
    if method == "DELETE":
        world.objects.pop(key, None)
        return 204, {}, b""
    return get(world, method, key, headers)


def meet(world):
    """Waits until so many are here."""
    with LOCK:
        world.here, world.most = world.here + 1, max(world.most, world.here + 1)
        meeting = world.came // world.at
        world.came += 1
        LOCK.notify_all()
        LOCK.wait_for(lambda: world.came // world.at > meeting, PATIENCE_S)
        world.here -= 1


def reset(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()


def read_request(f):
    line = f.readline().decode()
    if not line:
        return None
    method, target, _ = line.split(" ")
    headers = {}
    while (text := f.readline().decode().strip()):
        name, value = text.split(":", 1)
        headers[name.lower()] = value.strip()
    return method, target, headers, f.read(int(headers.get("content-length") or 0))


def write(c, head, body, word):
    if word == "cut":
        c.sendall(head + body[:len(body) // 2] if body else head[:len(head) // 2])
        return reset(c)
    if word == "drip":
        for byte in head + body:
            c.sendall(bytes([byte]))
            time.sleep(1)
    return c.sendall(head + body)


def meets(word, query, headers):
    if word == "together":
        return "partNumber" in query
    return word == "ranges" and int(headers.get("range", "-0").split("-")[1]) >= FAR


def kept_of(method, query, headers):
    kind = {"PUT": "part" if "partNumber" in query else "object", "POST": "upload" if "uploads" in query else "complete"}.get(method)
    words = (kind, "virtual" if is_virtual(headers) else "path", headers.get("x-amz-storage-class", "-"),
             headers.get("x-amz-server-side-encryption", "-"))
    return " ".join(words) + "\n" if kind else ""


def is_virtual(headers):
    return headers["host"].startswith("lazarette.")


def serve_one(c, request):
    """False: the connection is gone."""
    method, target, headers, body = request
    path, _, text = target.partition("?")
    path = "/lazarette" + path if is_virtual(headers) else path
    query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
    key = urllib.parse.unquote(path).split("/", 2)[2] if path.count("/") > 1 else None
    name = (key if key is not None else query.get("prefix", path[1:])).split("/")[0]
    word, at = name.split("-")[:2]
    with LOCK:
        world = WORLDS.setdefault(name, World(word, int(at)))
        world.requests += 1
        world.kept.append(kept_of(method, query, headers))
        struck = hit(world)
    if struck and word == "reset":
        reset(c)
        return False
    if meets(word, query, headers):
        meet(world)
    part = int(query.get("partNumber", 0))
    struck = part == world.at if word == "nopart" else struck
    if (struck and word == "hang") or (word == "nopart" and part > 0 and not struck):
        time.sleep(60)
    refused = {"fail": (500, "InternalError"), "nopart": (500, "InternalError"), "slowdown": (503, "SlowDown"), "skew": (403, "RequestTimeTooSkewed")}.get(word)
    with LOCK:
        status, more, out = error(*refused) if struck and refused else answer(world, method, key, query, headers, body)
    if struck and word == "lost":
        reset(c)
        return False
    head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(out)}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in more.items()) + "\r\n"
    write(c, head.encode(), b"" if method == "HEAD" else out, word if struck else "")
    return not (struck and word == "cut")


def serve(c):
    try:
        with c, c.makefile("rb") as f:
            while (request := read_request(f)) and serve_one(c, request):
                pass
    except OSError:
        pass


def main():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(64)
        print(s.getsockname()[1], flush=True)
        while True:
            c = s.accept()[0]
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(c,), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
