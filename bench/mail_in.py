"""`python -m bench.mail_in`: how many mails a minute one process takes by LMTP, reads, proves and posts.

SQLite; the mails have quotes, and are signed, so each costs a check by DKIM; its key is known here, DNS is not asked.
A mail server hands them over on four connections. The bar is 300 a minute.
"""

import argparse
import asyncio
import base64
import smtplib
import socket
import tempfile
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import dkim
import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from rich.console import Console

from chirrup.access import signing
from chirrup.access.mail_addresses import About, MailAddresses
from chirrup.access.sites import Sites
from chirrup.app import close_engines, open_engines
from chirrup.config import Settings
from chirrup.mail import lmtp
from chirrup.mail.inbound import Inbound
from chirrup.ports import Tx
from chirrup.social import accounts, posts
from chirrup.social.accounts import SignUp
from chirrup.types import Draft, MailPrefs

BAR = 300  # mails a minute
CONNECTIONS = 4
PEOPLE = 20  # who answer: each may send 50 in a minute
QUOTE = "\n".join(f"> and line {n} of what was said before" for n in range(40))


class _Known:
    """DNS that has one key."""

    def __init__(self, record: str) -> None:
        self._record = record

    async def texts(self, name: str) -> list[str]:
        return [self._record]

    async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        return []

    def close(self) -> None: ...


def _people(tx: Tx) -> tuple[list[int], int]:
    made = [accounts.create(tx, SignUp(f"p{n}", f"p{n}@example.com", "-")).id for n in range(PEOPLE)]
    return made, posts.publish(tx, made[0], Draft(text="When is bread?")).id


def _signed(number: int, to: str, key: bytes) -> bytes:
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"], mail["Subject"] = f"p{number % PEOPLE}@example.com", to, "Re: bread"
    mail["Message-ID"] = f"<{number}@example.com>"
    mail.set_content(f"Answer {number}\n\nOn Tue, 1 Dec 2026 at 10:00, Ann <r@town.example> wrote:\n\n{QUOTE}\n")
    raw = mail.as_bytes()
    return dkim.sign(raw, b"s", b"example.com", key) + raw


def _hand_over(port: int, mails: list[tuple[str, bytes]]) -> None:
    with smtplib.LMTP("127.0.0.1", port) as client:
        client.ehlo("mx.example")
        for to, raw in mails:
            client.sendmail("someone@example.com", [to], raw)


async def measure(mails: int, folder: Path) -> float:
    """Mails a minute."""
    key = rsa.generate_private_key(65537, 2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    settings = Settings(data=folder, url="https://town.example", mail_in=f"lmtp://127.0.0.1:{port}", testing=True)
    opened = open_engines(settings)
    engines = msgspec.structs.replace(opened, resolver=_Known(f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"))
    people, post_id = await engines.db.write(_people)
    addresses, now_ms = MailAddresses(signing.signer(settings), "town.example", 0), int(time.time() * 1000)
    written: list[tuple[str, bytes]] = []
    for number in range(mails):
        of = MailPrefs(people[number % PEOPLE])
        to = addresses.reply(of, About.POST, post_id, now_ms=now_ms)
        written.append((to, _signed(number, to, key.private_bytes(*form))))
    server = await lmtp.listen(settings, Inbound(settings, engines, Sites(settings, engines.db)), "town.example")
    begun = time.perf_counter()
    shares = [written[n::CONNECTIONS] for n in range(CONNECTIONS)]
    await asyncio.gather(*[asyncio.to_thread(_hand_over, port, share) for share in shares])
    took_s = time.perf_counter() - begun
    server.close()
    await close_engines(opened)
    return mails / took_s * 60


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.mail_in", description=__doc__)
    parser.add_argument("--mails", type=int, default=600, help="how many (600)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure(asked.mails, Path(folder)))
    Console().print(f"{found:,.0f} mails a minute; the bar is {BAR}", highlight=False)


if __name__ == "__main__":
    main()
