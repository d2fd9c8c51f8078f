"""swift.py: a real S3 server for the tests: OpenStack Swift with s3api, on free ports, in a folder of its own.

  python3 tests/fake/swift.py FOLDER [BUCKET…]

Makes the buckets, prints its port once all four servers answer, and lives until it is ended or its parent is. The
key is test:tester, the secret testing, the region us-east-1. What the native API says of a bucket needs no signature:
swift.Swift(port) asks it, so a test can look without our own code.
"""
import ctypes
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time

KEY, SECRET, REGION = "test:tester", "testing", "us-east-1"
SERVERS = ("account", "container", "object", "proxy")
PIPELINE = ("catch_errors gatekeeper healthcheck proxy-logging cache listing_formats s3api tempauth bulk slo dlo "
            "versioned_writes symlink proxy-logging proxy-server")
FILTERS = {
    "catch_errors": {}, "gatekeeper": {}, "healthcheck": {}, "listing_formats": {}, "bulk": {}, "dlo": {}, "symlink": {},
    "proxy-logging": {"use": "egg:swift#proxy_logging"}, "cache": {"use": "egg:swift#memcache"},
    "slo": {"max_manifest_segments": "10000"}, "versioned_writes": {"allow_object_versioning": "true"},
    "tempauth": {"user_test_tester": "testing .admin"},
    "s3api": {"location": REGION, "s3_acl": "false", "check_bucket_owner": "false", "dns_compliant_bucket_names": "true",
              "min_segment_size": "5242880", "allow_multipart_uploads": "true"},
}


class Swift:
    """The native API, as its administrator."""

    def __init__(self, port):
        self.port = port
        answer = self.ask("GET", "/auth/v1.0", {"X-Auth-User": KEY, "X-Auth-Key": SECRET})
        self.token = answer[1]["X-Auth-Token"]

    def ask(self, method, path, headers=None, body=None):
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        c.request(method, path, body, headers or {"X-Auth-Token": self.token})
        r = c.getresponse()
        answer = r.status, dict(r.getheaders()), r.read()
        c.close()
        return answer

    def make(self, bucket):
        assert self.ask("PUT", f"/v1/AUTH_test/{bucket}")[0] in (201, 202)

    def names(self, bucket):
        """{name: bytes} of all that lies there."""
        status, _, body = self.ask("GET", f"/v1/AUTH_test/{bucket}?format=json&limit=10000")
        return {o["name"]: o["bytes"] for o in json.loads(body)} if status == 200 else {}

    def uploads(self, bucket):
        """Parts and marks of uploads that are not finished lie in a bucket beside it; so do those of finished ones."""
        return self.names(bucket + "+segments")

    def remove(self, bucket, name):
        return self.ask("DELETE", f"/v1/AUTH_test/{bucket}/{name}")[0]

    def get(self, bucket, name):
        return self.ask("GET", f"/v1/AUTH_test/{bucket}/{name}")[2]

    def put(self, bucket, name, body):
        return self.ask("PUT", f"/v1/AUTH_test/{bucket}/{name}", body=body)[0]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def write(path, sections):
    with open(path, "w") as f:
        for name, values in sections.items():
            f.write(f"[{name}]\n" + "".join(f"{k} = {v}\n" for k, v in values.items()))


def configure(d, ports):
    etc = d + "/etc"
    for name in (etc, d + "/run", d + "/srv/d1"):
        os.makedirs(name, exist_ok=True)
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    write(etc + "/swift.conf", {
        "swift-hash": {"swift_hash_path_prefix": "test", "swift_hash_path_suffix": "test"},
        "storage-policy:0": {"name": "Policy-0", "default": "yes"},
        "swift-constraints": {"max_file_size": 5368709122}})
    for name in SERVERS:
        default = {"bind_ip": "127.0.0.1", "bind_port": ports[name], "workers": 0, "user": user, "swift_dir": etc,
                   "devices": d + "/srv", "mount_check": "false", "disable_fallocate": "true", "log_statsd_host": "",
                   "log_address": d + "/run/nolog"}
        conf = {"DEFAULT": default, "pipeline:main": {"pipeline": PIPELINE if name == "proxy" else f"{name}-server"},
                f"app:{name}-server": {"use": f"egg:swift#{name}"}}
        if name == "proxy":
            conf["app:proxy-server"].update(account_autocreate="true", allow_account_management="true")
            for f, values in FILTERS.items():
                conf[f"filter:{f}"] = {"use": f"egg:swift#{f}", **values}
            conf["filter:cache"]["memcache_servers"] = f"127.0.0.1:{ports['cache']}"
        write(f"{etc}/{name}.conf", conf)
        if name != "proxy":
            ring = f"{etc}/{name}.builder"
            for words in (["create", "4", "1", "1"], ["add", f"r1z1-127.0.0.1:{ports[name]}/d1", "1"], ["rebalance"]):
                subprocess.run(["swift-ring-builder", ring, *words], check=True, stdout=subprocess.DEVNULL)
    return user


def go_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def spawn(d, name, argv):
    with open(f"{d}/run/{name}.log", "wb") as log:
        return subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=dict(os.environ, SWIFT_DIR=d + "/etc"),
                                preexec_fn=go_with_us)


def await_health(port):
    end = time.monotonic() + 60
    while True:
        try:
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            c.request("GET", "/healthcheck")
            if c.getresponse().status:
                return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def main(d, buckets):
    ports = {name: free_port() for name in (*SERVERS, "cache")}
    user = configure(d, ports)
    children = [spawn(d, "memcached", ["memcached", "-l", "127.0.0.1", "-p", str(ports["cache"]), "-U", "0", "-m", "32", "-u", user])]
    children += [spawn(d, name, [f"swift-{name}-server", f"{d}/etc/{name}.conf"]) for name in SERVERS]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for name in SERVERS:
            await_health(ports[name])
        swift = Swift(ports["proxy"])
        for bucket in buckets:
            swift.make(bucket)
        print(ports["proxy"], flush=True)
        signal.pause()
    finally:
        for child in children:
            child.kill()
        for child in children:
            child.wait()


if __name__ == "__main__":
    go_with_us()
    main(sys.argv[1], sys.argv[2:])
