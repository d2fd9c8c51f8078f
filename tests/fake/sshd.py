"""sshd.py: a real OpenSSH server for the tests, on a free port, behind a wire that can be cut.

  python3 tests/fake/sshd.py FOLDER

Makes in FOLDER: user (a private key that is let in as root), host_key (the fingerprint that the server shows), and
store (an empty folder). For this server alone, where the kernel lets us say so, root's password is "right" and the
folder small has room for 2 MiB. Prints the port once the server answers, and lives until it is ended or its parent is.

FOLDER/cut holds "BYTES TIMES [hang]": so many connections from now on are reset, or fall silent, once so many bytes
of the client went through. SIGUSR1 gives the server another key.
"""
import contextlib
import ctypes
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

CONF = """Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxStartups 100
LogLevel ERROR
Subsystem sftp internal-sftp
"""
RESET = struct.pack("ii", 1, 0)                                   # SO_LINGER of no time
PIECE = 65536


class Server:
    def __init__(self, folder):
        self.folder, self.port, self.running = folder, free_port(), None
        self.lock, self.wires = threading.Lock(), set()
        for name in ("store", "small"):
            os.makedirs(self.path(name), exist_ok=True)
        self.make_key("user")
        self.write("conf", CONF.format(port=self.port, folder=folder))
        self.start()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as f:
            f.write(text)

    def make_key(self, name):
        for ending in ("", ".pub"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.path(name + ending))
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path(name)], check=True)

    def start(self):
        self.make_key("host")
        said = subprocess.run(["ssh-keygen", "-lf", self.path("host.pub")], capture_output=True, text=True, check=True)
        self.write("host_key", said.stdout.split()[1])
        crypted = subprocess.run(["openssl", "passwd", "-6", "right"], capture_output=True, text=True, check=True).stdout
        self.write("shadow", f"root:{crypted.strip()}:19000:0:99999:7:::\n")
        os.chmod(self.path("shadow"), 0o600)
        os.makedirs("/run/sshd", exist_ok=True)
        sshd = f"exec /usr/sbin/sshd -D -e -f {self.folder}/conf"
        self.running = subprocess.Popen(
            ["sh", "-c", f"unshare -m true 2>/dev/null && exec unshare -m sh -c 'mount --bind {self.folder}/shadow "
             f"/etc/shadow; mount -t tmpfs -o size=2m none {self.folder}/small; {sshd}' || {sshd}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=open(self.path("log"), "ab"), preexec_fn=die_with_parent)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as s:
                if s.recv(4) == b"SSH-":
                    return
            time.sleep(0.01)
        sys.exit("sshd does not answer")

    def change_key(self, *_):
        self.running.terminate()
        self.running.wait()
        self.start()

    # -- the wire ---------------------------------------------------------------------------------

    def cut_after(self):
        """(bytes, silent) for a new connection; None: it stays whole."""
        with self.lock:
            try:
                with open(self.path("cut")) as f:
                    n, times, *silent = f.read().split()
            except (FileNotFoundError, ValueError):
                return None
            if int(times) <= 1:
                os.unlink(self.path("cut"))
            else:
                self.write("cut", " ".join([n, str(int(times) - 1), *silent]))
            return int(n), bool(silent)

    def carry(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.port), 5)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        limit = self.cut_after()
        threading.Thread(target=pump, args=(server, client, None), daemon=True).start()
        pump(client, server, limit)

    def serve(self):
        with socket.create_server(("127.0.0.1", 0), backlog=64) as listening:
            print(listening.getsockname()[1], flush=True)
            while True:
                client, _ = listening.accept()
                threading.Thread(target=self.carry, args=(client,), daemon=True).start()


def pump(source, sink, limit):
    """Until either ends, or `limit` cuts the wire."""
    seen = 0
    with contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            if limit and seen + len(piece) >= limit[0]:
                with contextlib.suppress(OSError):
                    sink.sendall(piece[:limit[0] - seen])
                if limit[1]:
                    time.sleep(3600)
                source.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                break
            seen += len(piece)
            sink.sendall(piece)
    for s in (source, sink):
        with contextlib.suppress(OSError):
            s.shutdown(socket.SHUT_RDWR)
        s.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def main():
    die_with_parent()
    server = Server(os.path.abspath(sys.argv[1]))
    signal.signal(signal.SIGUSR1, server.change_key)
    signal.signal(signal.SIGTERM, lambda *_: (server.running.terminate(), os._exit(0)))
    server.serve()


if __name__ == "__main__":
    main()
