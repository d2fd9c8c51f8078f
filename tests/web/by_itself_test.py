#!/usr/bin/python3
"""by_itself_test.py: the journeys of by_itself.mjs, on a console whose worker stands still and on one that has nothing.

What the first page says of an environment depends on the catalogue alone, which by_itself.mjs sets: three backups that
were really made are all it needs.
"""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stage import Instance, cookie_of, make_content, run_node  # noqa: E402

WHERE = "shop/live"

with Instance() as fresh, Instance() as s:
    content = s.home + "/content"
    make_content(content)
    s.add_project("shop", "Shop")
    s.add_environment("shop", "live")
    s.add_service(WHERE, "database", "sqlite", path=content + "/shop.sqlite")
    s.add_service(WHERE, "media", "files", roots=content + "/media/img")
    backups = [s.backup(WHERE)["id"] for _ in range(3)]
    for instance in (fresh, s):
        instance.stop_one("worker")
    status = run_node("by_itself.mjs", {"base": s.base, "cookie": cookie_of(s.browser), "where": WHERE, "home": s.home,
                                        "backups": backups,
                                        "empty": {"base": fresh.base, "cookie": cookie_of(fresh.browser)}})
sys.exit(status)
