#!/usr/bin/python3
"""journeys_test.py: the journeys of journeys.mjs on a console of their own."""
import os
import sqlite3
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from stage import Instance, make_content, run_node  # noqa: E402
from harness import PASSWORD  # noqa: E402

with Instance() as s:
    content = s.home + "/content"
    make_content(content)
    os.makedirs(content + "/media/texts")
    with open(content + "/media/texts/about.txt", "w") as f:
        f.write("About\n")
    # What staging has before anything is restored into it.
    os.makedirs(content + "/staging/media/only-here")
    with open(content + "/staging/media/only-here/x", "w") as f:
        f.write("staging's own\n")
    db = sqlite3.connect(content + "/staging/shop.sqlite")
    db.execute("CREATE TABLE old (id INTEGER)")
    db.commit()
    db.close()
    s.add_project("shop")
    s.add_environment("shop", "live")
    s.add_service("shop/live", "database", "sqlite", path=content + "/shop.sqlite")
    s.add_service("shop/live", "media", "files", roots=content + "/media")
    s.add_environment("shop", "staging", "staging")
    s.add_service("shop/staging", "database", "sqlite", path=content + "/staging/shop.sqlite")
    s.add_service("shop/staging", "media", "files", roots=content + "/staging/media")
    status = run_node("journeys.mjs", {"base": s.base, "email": "admin@example.org", "password": PASSWORD,
                                       "where": "shop/live", "target": "shop/staging", "content": content,
                                       "worker": s.running["worker"].pid, "home": s.home})
sys.exit(status)
