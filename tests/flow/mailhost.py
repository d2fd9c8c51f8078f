"""mailhost.py: the SMTP server of tests/fake with a certificate of its own, on loopback."""
import email
import email.policy
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

from harness import ROOT, die_with_parent


class MailHost:
    """STARTTLS and AUTH are required. `conf` is the section for lazarette.conf. A context manager."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="lz-mail-", dir="/tmp")
        self.cert, key = os.path.join(self.folder, "cert.pem"), os.path.join(self.folder, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", self.cert,
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
                       check=True, stdin=subprocess.DEVNULL, capture_output=True)
        self.server = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(ROOT, "tests/fake/smtpd.py"), "--dir", self.folder, "--tls", "starttls",
             "--cert", self.cert, "--key", key, "--user", "console", "--password", "open sesame"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sys.stderr, text=True, preexec_fn=die_with_parent)
        self.port = int(self.server.stdout.readline().split()[1])
        with open(os.path.join(self.folder, "password"), "w") as f:
            f.write("open sesame\n")
        self.conf = (f'mail {{\n\tserver = "smtp://localhost:{self.port}"\n\tfrom = "backup@example.org"\n'
                     f'\tuser = "console"\n\tpassword_file = "{self.folder}/password"\n'
                     f'\tca_file = "{self.cert}"\n\ttimeout = "10s"\n}}\n')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.terminate()
        self.server.wait(10)
        self.server.stdout.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def misbehave(self, fault):
        """From the next connection on; see smtpd.py for the words."""
        with open(os.path.join(self.folder, "fault"), "w") as f:
            f.write(fault)

    def mails(self):
        """What was taken, oldest first: (message, facts: from, to, tls, user)."""
        out = []
        for path in sorted(glob.glob(os.path.join(self.folder, "[0-9]*.eml"))):
            with open(path, "rb") as f, open(path[:-4] + ".json") as j:
                out.append((email.message_from_binary_file(f, policy=email.policy.default), json.load(j)))
        return out
