#!/usr/bin/python3
"""packs_kill_test.py: a backup of several packs dies between them: what it had published is nobody's and goes, and the next one is whole."""
import json
import os
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from worker_home import Home, main, make_tree, test, wait_until  # noqa: E402

CONF = 'lease = "400ms"\npoll = "10ms"\npack_size = 16MiB\n'
WHERE, FILES, SIZE = "shop/live", 50, 1 << 20
KILL = {"LAZARETTE_FAULT": "series.published:kill:2"}


class Large(Home):
    def __enter__(self):
        super().__enter__()
        self.media = os.path.join(self.home, "media")
        make_tree(self.media, FILES, SIZE)
        self.service(WHERE, "media", "files", roots=self.media, excludes="")
        return self

    def packs(self):
        return sorted(k for k in self.objects() if ".tar.zst" in k and not k.endswith(".tmp"))

    def begun(self, env=None):
        """A backup whose job dies when two of its packs are published; its first worker is gone, too."""
        backup, job = self.request(WHERE)[0]
        worker = self.start_worker({**KILL, **(env or {})})
        wait_until("the job to die", lambda: self.job(job)["deaths"] > 0 or "killed" in self.log_text())
        self.kill(worker)
        return backup, job


@test("T02", "a job dies behind its second pack: whoever takes it up makes fewer of them, and none of the first holder's is left")
def the_next_holder():
    with Large(CONF, keys=True) as home:
        backup, job = home.begun()
        assert len(home.packs()) >= 2, home.packs()
        assert home.sql1("SELECT state FROM backup WHERE id = ?", backup) == "building"
        for i in range(FILES):
            if i % 5:
                os.unlink(f"{home.media}/d{i % 5}/f{i}.bin")
        home.start_worker()
        assert home.wait_job(job)["state"] == "succeeded"
        assert home.sql1("SELECT count(*) FROM part_pack") == 0
        assert len(home.packs()) == 1, home.packs()
        home.must_be_whole()


@test("T24", "one that dies as often as it is tried has failed: no backup, its packs go, and the next one is whole")
def failed():
    with Large(CONF) as home:
        backup, job = home.request(WHERE)[0]
        worker = home.start_worker(KILL)
        assert home.wait_job(job, 120)["state"] == "failed"
        assert home.sql1("SELECT state FROM backup WHERE id = ?", backup) == "failed"
        wait_until("its packs to go", lambda: not home.packs())
        home.kill(worker)
        home.start_worker()
        second, job = home.request(WHERE)[0]
        assert home.wait_job(job)["state"] == "succeeded"
        assert len(home.packs()) == 4, home.packs()
        assert home.sql1("SELECT count(*) FROM part_pack k JOIN part p ON p.id = k.part WHERE p.backup = ?", second) == 3
        with open(home.home + "/store/lazarette.json", encoding="utf-8") as f:   # who knows of one pack only is told
            assert json.load(f)["format"] == 2
        home.must_be_whole()


@test("T02", "control: packs that the catalogue does not know of are left behind, and that is noticed")
def control():
    with Large(CONF, {"LAZARETTE_FAULT_CONTROL": "series.unknown"}) as home:
        _, job = home.begun()
        os.rename(home.media, home.media + "-away")
        make_tree(home.media, 3)
        home.start_worker()
        assert home.wait_job(job)["state"] == "succeeded"
        time.sleep(0.5)
        assert [f for f in home.faults() if "-2.tar.zst belongs to no ready backup" in f], home.faults()


if __name__ == "__main__":
    main()
