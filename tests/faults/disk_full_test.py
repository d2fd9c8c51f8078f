#!/usr/bin/python3
"""T19: a disk that holds catalogue and storage fills up at 64 different points of a backup."""
import os
import random
import re
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from small_disk import Disk, ended_or_stuck, settled  # noqa: E402
from worker_home import Home, main, make_tree, test, wait_until  # noqa: E402

STEPS = 64
CONF = 'lease = "2s"\npoll = "10ms"\n'
ARTIFACT = 4 << 20                            # random bytes: stored as large as they are
SPARE = 24 << 20


def one_size(disk, media, step, env=None):
    """Room for so much of the artifact; gives how the job ended and what was wrong then."""
    home_path = os.path.join(disk.path, f"home{step}")
    os.mkdir(home_path, 0o755)
    disk.set("size", SPARE)
    with Home(CONF, env, home_path) as home:
        home.service("shop/live", "media", "files", roots=media, excludes="")
        worker = home.start_worker()
        wait_until("the worker's first beat", lambda: home.sql1("SELECT count(*) FROM worker"))
        home.request("shop/live")             # the room is cut while it runs
        time.sleep(random.uniform(0, 0.02))
        disk.cut("size", disk.used, 65536 + ARTIFACT * step * 110 // 100 // (STEPS - 1), 4096)
        row = ended_or_stuck(home)
        readable = home.sql1("SELECT count(*) FROM backup") == 1
        disk.set("size", SPARE)                    # room again: no hand touches anything else
        began = time.monotonic()
        home.wait_all(60)
        faults = [] if readable else ["the catalogue could not be read"]
        faults += settled(home)
        home.request("shop/live")
        home.wait_all(60)
        back = time.monotonic() - began
        last = home.sql("SELECT state, error FROM job ORDER BY id DESC LIMIT 1")[0]
        if last["state"] != "succeeded":
            faults.append(f"with room again: {last}")
        faults += settled(home)
        home.kill(worker, 15)
    subprocess.run(["rm", "-rf", home_path], check=True)
    return row, faults, back


def sweep_sizes(steps, env=None):
    ends, faults, slowest, reasons = {}, [], 0.0, set()
    with Disk(size=SPARE) as disk, tempfile.TemporaryDirectory(prefix="lzd-media-") as media:
        make_tree(media, 16, ARTIFACT // 16)
        for step in steps:
            row, found, back = one_size(disk, media, step, env)
            ends[row["state"]] = ends.get(row["state"], 0) + 1
            faults += [f"step {step}, {row['state']} ({row['error']}): {f}" for f in found]
            slowest = max(slowest, back)
            reasons.add(re.sub(r"[\d.]+ .?B", "…", row["error"] or "")[:90])
            if row["state"] == "failed" and "full" not in row["error"]:
                faults.append(f"step {step}: failed for another reason: {row['error']}")
            if "media: storage main is full" in (row["error"] or "") and "needs about 5." not in row["error"]:
                faults.append(f"step {step}: does not tell how much is missing: {row['error']}")
    print("# reasons:", "; ".join(sorted(reasons - {""})))
    return ends, faults, slowest


@test("T19", "a disk that fills up at 64 points of a backup: none is short but complete, and it recovers by itself")
def full_disk():
    ends, faults, slowest = sweep_sizes(range(STEPS))
    print(f"# {STEPS} sizes: {ends}; works again within {slowest:.1f} s of room; {len(faults)} faults")
    assert not faults, "\n".join(faults[:20])
    assert ends.get("failed", 0) >= STEPS // 2 and sum(ends.values()) == STEPS, ends


@test("T19", "control: a worker that says ready before it publishes is caught")
def a_liar_is_caught():
    _, faults, _ = sweep_sizes(range(0, STEPS, 16), {"LAZARETTE_FAULT_CONTROL": "ready_too_early"})
    print(f"# {len(faults)} faults seen, the first: {faults[:1]}")
    assert any("missing" in f or "bytes" in f for f in faults)


if __name__ == "__main__":
    main()
