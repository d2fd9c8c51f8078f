#!/usr/bin/python3
"""smtpd.py: a real SMTP server (aiosmtpd) that keeps mails as files and can misbehave on demand.

    smtpd.py --dir DIR [--host ADDRESS] [--port N] [--tls none|starttls|implicit] [--cert PEM --key PEM]
             [--user NAME --password WORD] [--fault FAULT] [--chaos RATE --seed N]

It prints "listening PORT" once it does. Each mail it has taken is DIR/NNNN.eml, the message byte for byte,
and DIR/NNNN.json: from, to, tls, user. DIR/connections has a line per connection: its number and its fault.
DIR/fault, when it is there, is read at each connection and counts instead of --fault, so that a test can
change its mind while the server runs. "none" or an empty file: no fault.

A fault is WHAT:STEP with a step of greeting ehlo starttls auth mail rcpt data end:
    450:rcpt   answer that code (any 4xx or 5xx)          hang:data   say nothing for an hour
    drop:mail  close the connection instead of answering  lost:end    take the mail, then close without saying so
or: refuse (close at once), no-starttls, no-auth (not offered). --chaos gives each connection a fault of
CHAOS with that probability.
"""
import argparse
import asyncio
import json
import os
import random
import signal
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

STEPS = ("greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "end")
CHAOS = (
    "refuse", "no-starttls", "no-auth", "421:greeting", "554:greeting", "drop:greeting", "hang:greeting",
    "drop:ehlo", "454:starttls", "drop:starttls", "535:auth", "454:auth", "drop:auth", "450:mail", "drop:mail",
    "450:rcpt", "451:data", "drop:data", "hang:data", "451:end", "452:end", "drop:end", "hang:end",
)


class Taken:
    """Keeps what was delivered; aiosmtpd's handler."""

    def __init__(self, options):
        self.options = options
        self.count = len([n for n in os.listdir(options.dir) if n.endswith(".eml")])

    async def handle_DATA(self, server, session, envelope):
        if await server.misbehave("end"):
            return server.wrong
        self.keep(server, session, envelope)
        if server.fault == ("lost", "end"):
            server.transport.abort()
            await asyncio.sleep(3600)
        return "250 2.0.0 taken"

    async def handle_MAIL(self, server, session, envelope, address, options):
        if await server.misbehave("mail"):
            return server.wrong
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 sender ok"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if await server.misbehave("rcpt"):
            return server.wrong
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient ok"

    def keep(self, server, session, envelope):
        self.count += 1
        name = os.path.join(self.options.dir, "%04d" % self.count)
        facts = {
            "from": envelope.mail_from, "to": envelope.rcpt_tos,
            "tls": self.options.tls == "implicit" or session.ssl is not None,
            "user": server.signed_in, "connection": server.number,
        }
        with open(name + ".json", "w") as f:
            json.dump(facts, f)
        with open(name + ".tmp", "wb") as f:
            f.write(envelope.content)
        os.rename(name + ".tmp", name + ".eml")


class Server(SMTP):
    """One connection: aiosmtpd's protocol with a place to misbehave before each answer."""

    def __init__(self, handler, options, number, fault, context):
        self.options, self.number, self.plain_fault = options, number, fault
        what, _, step = fault.partition(":")
        self.fault = (what, step) if step in STEPS else None
        self.signed_in = None
        self.wrong = None
        self.greeted = False
        offer_auth = options.user and fault != "no-auth"
        super().__init__(
            handler, hostname="mail.test", ident="ready",
            tls_context=context if options.tls == "starttls" and fault != "no-starttls" else None,
            authenticator=self.check if offer_auth else None,
            auth_required=bool(offer_auth),
            auth_exclude_mechanism=None if offer_auth else ("PLAIN", "LOGIN"),
            auth_require_tls=options.tls == "starttls")

    def check(self, server, session, envelope, mechanism, data):
        ok = (data.login.decode(), data.password.decode()) == (self.options.user, self.options.password)
        if ok:
            self.signed_in = self.options.user
        return AuthResult(success=ok, handled=False, auth_data=data)

    async def misbehave(self, step):
        """True when `self.wrong` is to be answered instead; does not come back from a hang or a drop."""
        if self.fault is None or self.fault[1] != step or self.fault[0] == "lost":
            return False
        what = self.fault[0]
        if what == "hang":
            await asyncio.sleep(3600)
        if what == "drop":
            self.transport.abort()
            await asyncio.sleep(3600)
        self.wrong = "%s fault of the test at %s" % (what, step)
        return True

    async def push(self, status):
        if not self.greeted:
            self.greeted = True
            if self.plain_fault == "refuse":
                self.transport.abort()
                return
            if await self.misbehave("greeting"):
                status = self.wrong
        if status.strip() == "250-AUTH":
            return
        await super().push(status)

    async def smtp_EHLO(self, hostname):
        if await self.misbehave("ehlo"):
            await self.push(self.wrong)
            return
        await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg):
        if await self.misbehave("starttls"):
            await self.push(self.wrong)
            return
        await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg):
        if await self.misbehave("auth"):
            await self.push(self.wrong)
            return
        await super().smtp_AUTH(arg)

    async def smtp_DATA(self, arg):
        if await self.misbehave("data"):
            await self.push(self.wrong)
            return
        await super().smtp_DATA(arg)


class Faults:
    """Which fault the next connection gets."""

    def __init__(self, options):
        self.options = options
        self.random = random.Random(options.seed)
        self.count = 0

    def next(self):
        self.count += 1
        fault = self.options.fault
        try:
            with open(os.path.join(self.options.dir, "fault")) as f:
                fault = f.read().strip()
        except FileNotFoundError:
            pass
        if self.random.random() < self.options.chaos:
            fault = self.random.choice(CHAOS)
        fault = fault or "none"
        with open(os.path.join(self.options.dir, "connections"), "a") as f:
            f.write("%d %s\n" % (self.count, fault))
        return self.count, fault


async def serve(options):
    context = None
    if options.tls != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.cert, options.key)
    handler, faults = Taken(options), Faults(options)
    loop = asyncio.get_running_loop()

    def factory():
        number, fault = faults.next()
        return Server(handler, options, number, fault, context)

    server = await loop.create_server(
        factory, options.host, options.port, ssl=context if options.tls == "implicit" else None)
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    # One write, also when unbuffered: a reader may go after the first.
    sys.stdout.write("listening %d\n" % server.sockets[0].getsockname()[1])
    sys.stdout.flush()
    await stop.wait()
    server.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--dir", required=True)
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--tls", choices=("none", "starttls", "implicit"), default="none")
    p.add_argument("--cert")
    p.add_argument("--key")
    p.add_argument("--user", default="")
    p.add_argument("--password", default="")
    p.add_argument("--fault", default="none")
    p.add_argument("--chaos", type=float, default=0.0)
    p.add_argument("--seed", type=int, default=1)
    options = p.parse_args()
    if options.tls != "none" and not (options.cert and options.key):
        p.error("--tls needs --cert and --key")
    os.makedirs(options.dir, exist_ok=True)
    sys.stderr = open(os.path.join(options.dir, "stderr"), "a", buffering=1)
    asyncio.run(serve(options))


if __name__ == "__main__":
    main()
