"""small_disk.py: file systems of a test's own that fill up, run out of inodes or fail, and a look at what is left."""
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import Skip  # noqa: E402


class Disk:
    """A small file system of its own, removed at the end."""

    def __init__(self, **options):
        self.options = dict({"mode": "755"}, **options)

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="lzd-", dir="/tmp")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(f"{k}={v}" for k, v in self.options.items()),
                               "tmpfs", self.path], capture_output=True, text=True)
        if done.returncode != 0:
            os.rmdir(self.path)
            raise Skip(f"no file system can be mounted here: {done.stderr.strip()}")
        return self

    def __exit__(self, *_):
        unmount(self.path)
        os.rmdir(self.path)

    def set(self, name, value):
        subprocess.run(["mount", "-o", f"remount,{name}={value}", self.path], check=True, stderr=subprocess.DEVNULL)

    def let(self, words):
        """"ro" or "rw"; nobody may have a file open to write to it."""
        subprocess.run(["mount", "-o", f"remount,{words}", self.path], check=True)

    def cut(self, name, used, room, step=1):
        """What is free becomes so much; again if somebody wrote meanwhile more than that."""
        for _ in range(50):
            try:
                return self.set(name, used() // step * step + room)
            except subprocess.CalledProcessError:
                continue
        raise AssertionError("the job wrote faster than its disk could be cut")

    def used(self):
        s = os.statvfs(self.path)
        return (s.f_blocks - s.f_bfree) * s.f_frsize

    def inodes(self):
        s = os.statvfs(self.path)
        return s.f_files - s.f_ffree


class FailingDisk:
    """An ext4 in a file that becomes read-only while it is written to, as ext4 does when its disk fails."""

    def __init__(self, size=16 << 20):
        self.size, self.device = size, None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="lzd-", dir="/tmp")
        self.path, self.image = os.path.join(self.folder, "disk"), os.path.join(self.folder, "image")
        os.mkdir(self.path)
        with open(self.image, "wb") as f:
            f.truncate(self.size)
        try:
            subprocess.run(["mkfs.ext4", "-q", "-E", "lazy_itable_init=1", self.image], check=True,
                           capture_output=True)
            self.device = subprocess.run(["losetup", "-f", "--show", self.image], check=True, capture_output=True,
                                         text=True).stdout.strip()
            self.mount()
        except (OSError, subprocess.CalledProcessError) as why:
            self.let_go()
            subprocess.run(["rm", "-rf", self.folder], check=False)
            raise Skip(f"no disk that fails can be had here: {why}") from None
        return self

    def __exit__(self, *_):
        unmount(self.path)
        self.let_go()
        subprocess.run(["rm", "-rf", self.folder], check=True)

    def let_go(self):
        if self.device:
            subprocess.run(["losetup", "-d", self.device], check=False)

    def mount(self):
        subprocess.run(["mount", "-o", "errors=remount-ro", self.device, self.path], check=True, capture_output=True)
        self.trigger = f"/sys/fs/ext4/{os.path.basename(self.device)}/trigger_fs_error"
        if not os.access(self.trigger, os.W_OK):
            unmount(self.path)
            raise OSError("this kernel has no trigger_fs_error")

    def fail(self):
        """By hand where nobody writes, else as after a fault; gives which."""
        if subprocess.run(["mount", "-o", "remount,ro", self.path], capture_output=True).returncode == 0:
            return "remounted"
        with open(self.trigger, "w") as f:
            f.write("a test")
        return "failed"

    def empty(self):
        """For good: what fails next takes nothing of it back."""
        subprocess.run(["rm", "-rf", *(e.path for e in os.scandir(self.path) if e.name != "lost+found")], check=True)
        subprocess.run(["sync", "-f", self.path], check=True)

    def mend(self):
        unmount(self.path)
        subprocess.run(["e2fsck", "-fy", self.device], capture_output=True)
        self.mount()


def unmount(path):
    for _ in range(50):
        if subprocess.run(["umount", path], capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} stays in use")


def ended_or_stuck(home, job=1, seconds=3):
    """The job once it has ended, or as it is after so long on the disk that takes no more."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        row = home.sql("SELECT state, error FROM job WHERE id = ?", job)[0]
        if row["state"] in ("succeeded", "failed"):
            return row
        time.sleep(0.02)
    return {"state": "waiting for room", "error": None}


def settled(home):
    end = time.monotonic() + 5
    while (found := home.faults()) and time.monotonic() < end:
        time.sleep(0.1)
    return found
