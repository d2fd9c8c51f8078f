#!/usr/bin/python3
"""by_itself.py: a turn of the scheduler with 1,000 environments, and the judgement of 100,000 backups.

Limits: a turn, with nothing due and with 1,000 runs due at once, 20 ms (median); the judgement 1 s. The plan of all
schedules, made every ten minutes and after a change, is told beside them.
"""
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import overview  # noqa: E402
import pages  # noqa: E402

TOOL = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build", "release", "bench", "by_itself")


def main():
    with pages.WithoutWorker() as instance:
        instance.add_project("shop")
        instance.add_environment("shop", "live")
        overview.fill(instance, 1000, overview.BACKUPS)
        for name in ("web", "nginx"):
            instance.stop_one(name)
        done = subprocess.run([TOOL, instance.home + "/catalog.db"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=False)
        if done.returncode != 0:
            print(f"not ok - {done.stderr.strip()[-300:]}")
            return 1
        f = {k: us / 1000 for k, us in json.loads(done.stdout.splitlines()[-1]).items()}
    print(f"1,000 environments, {overview.BACKUPS} backups: plan of all schedules {f['plan']:.1f} ms; a turn with nothing due"
          f" {f['idle']:.2f} ms (most {f['idle_most']:.2f}), while 1,000 are due {f['firing']:.2f} ms (most {f['firing_most']:.2f})")
    pages.limit(max(f["idle"], f["firing"]) <= 20, f"a turn of the scheduler: {max(f['idle'], f['firing']):.2f} ms (limit 20)")
    pages.limit(f["judge"] <= 1000, f"100,000 backups judged in {f['judge']:.0f} ms (limit 1,000)")
    return int(max(f["idle"], f["firing"]) > 20 or f["judge"] > 1000)


if __name__ == "__main__":
    sys.exit(main())
