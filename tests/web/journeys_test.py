#!/usr/bin/python3
"""journeys_test.py: the journeys of journeys.mjs on a console of their own."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stage import Instance, make_content, run_node  # noqa: E402
from harness import PASSWORD  # noqa: E402

with Instance() as s:
    content = s.home + "/content"
    make_content(content)
    s.add_project("shop")
    s.add_environment("shop", "live")
    s.add_service("shop/live", "database", "sqlite", path=content + "/shop.sqlite")
    s.add_service("shop/live", "media", "files", roots=content + "/media")
    status = run_node("journeys.mjs", {"base": s.base, "email": "admin@example.org", "password": PASSWORD,
                                       "where": "shop/live", "worker": s.running["worker"].pid, "home": s.home})
sys.exit(status)
