#!/usr/bin/env python3
"""hooks_verify.py: an independent reader of Standard Webhooks. Reads requests as hooks.py notes them on stdin, prints
how many carry a signature by SECRET that holds; ends with 1 if any does not.

    hooks_verify.py SECRET < LOG
"""
import base64
import hashlib
import hmac
import json
import sys

key = base64.b64decode(sys.argv[1].removeprefix("whsec_"))
good = bad = 0
for line in sys.stdin:
    request = json.loads(line)
    headers = request["headers"]
    if "webhook-id" not in headers:
        continue
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{request['body']}"
    wanted = "v1," + base64.b64encode(hmac.new(key, text.encode(), hashlib.sha256).digest()).decode()
    near = abs(int(headers["webhook-timestamp"]) - request["at"]) < 300
    if hmac.compare_digest(wanted, headers["webhook-signature"]) and near and json.loads(request["body"])["type"]:
        good += 1
    else:
        bad += 1
print(good)
sys.exit(1 if bad else 0)
