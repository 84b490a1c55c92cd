#!/usr/bin/env python3
"""An SMTP server that others wrote (PyPI `aiosmtpd`), to test the mail of `sceau serve`.

    smtp_server.py [--tls CHAIN.pem KEY.pem] [--login NAME PASSWORD] [--refuse ADDRESS] [--silent]

prints the TCP port it listens on (loopback), then each mail that it took as a line of JSON: the envelope, whether it came
under TLS and after a log-in, the headers, and the text, as the standard library decodes them. It ends with its standard
input. With --tls it offers STARTTLS, with --login it takes mail only after this log-in, with --refuse it knows no mailbox
of this address, with --silent it takes connections and says nothing.
"""

import argparse
import asyncio
import json
import logging
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult


class Mailbox:
    def __init__(self, refused):
        self.refused = refused

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == self.refused:
            return f"550 5.1.1 <{address}>: no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "logged_in": session.authenticated,
            "headers": {name.lower(): str(value) for name, value in mail.items()},
            "text": mail.get_content().replace("\r\n", "\n"),
            "ascii": envelope.content.isascii(),
        }
        print(json.dumps(told), flush=True)
        return "250 OK"


def login(name, password):
    def check(server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (name.encode(), password.encode())
        return AuthResult(success=right, handled=False)

    return check


def protocol(options):
    if options.silent:
        return asyncio.Protocol()
    more = {}
    if options.tls:
        more["tls_context"] = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        more["tls_context"].load_cert_chain(*options.tls)
    if options.login:
        more |= {"authenticator": login(*options.login), "auth_required": True, "auth_require_tls": False}
    return SMTP(Mailbox(options.refuse), hostname="mail.example", **more)


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--tls", nargs=2)
    parser.add_argument("--login", nargs=2)
    parser.add_argument("--refuse")
    parser.add_argument("--silent", action="store_true")
    options = parser.parse_args()
    # A client that turns away in mid-session is a case of the tests, not trouble.
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    server = await asyncio.get_running_loop().create_server(lambda: protocol(options), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


asyncio.run(main())
