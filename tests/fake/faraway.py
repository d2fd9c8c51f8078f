"""faraway.py: a server as seen from far away: what goes through takes time, and each connection has a rate.

  python3 tests/fake/faraway.py PORT MS MB      prints its own port; MS there and back, MB a second
"""
import ctypes
import queue
import signal
import socket
import sys
import threading
import time

PIECE, PIECES = 64 << 10, 64


def let_out(pieces, to, one_way):
    """Each piece once its time has come; an empty one is the end."""
    try:
        while True:
            at, data = pieces.get()
            time.sleep(max(0, at + one_way - time.monotonic()))
            if not data:
                return to.shutdown(socket.SHUT_WR)
            to.sendall(data)
    except OSError:
        to.close()


def take_in(source, to, one_way, rate):
    pieces, free = queue.Queue(PIECES), time.monotonic()
    threading.Thread(target=let_out, args=(pieces, to, one_way), daemon=True).start()
    data = b"first"
    while data:
        try:
            data = source.recv(PIECE)
        except OSError:
            data = b""
        free = max(free, time.monotonic()) + len(data) / rate
        time.sleep(max(0, free - time.monotonic()))
        pieces.put((time.monotonic(), data))


def main(port, ms, mb):
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(64)
        print(s.getsockname()[1], flush=True)
        while True:
            ours, theirs = s.accept()[0], socket.create_connection(("127.0.0.1", port))
            for source, to in ((ours, theirs), (theirs, ours)):
                to.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                threading.Thread(target=take_in, args=(source, to, ms / 2000, mb * 1e6), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
