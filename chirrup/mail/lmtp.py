"""LMTP (RFC 2033): mails from the operator's mail server, which keeps each until it has its answer.

An answer is for each recipient: 2xx: what follows from the mail is durable; 4xx: come again; 5xx: it can never be
taken, and why. Only mail servers may connect, since what they say of a mail's sender is believed (XFORWARD).
"""

import asyncio
import logging
import re
import socket
from pathlib import Path
from typing import Any

from aiosmtpd import lmtp
from aiosmtpd.smtp import Envelope, Session

from ..config import Settings
from ..errors import ChirrupError, Invalid, SettingsError, TooMany, Unavailable
from .inbound import BOUNCED, DROPPED, Came, Inbound, Stranger
from .reading.mime import MAIL_BYTES_MAX

RECIPIENTS_MAX = 100
CONNECTIONS_MAX = 64  # at once; mail servers open some dozens
PATIENCE_S = 300.0  # for one command, or one mail with what is done for it
_BARE = re.compile(rb"(?<!\r)\n|\r(?!\n)")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1", "")  # "": a socket in the file system
_CODES = {"unknown": "550 5.1.1", "expired": "550 5.1.6", "closed": "550 5.2.1", "too_large": "552 5.3.4"}
_DONE = {"held": "is kept until staff have looked at it", DROPPED: "is automatic, so it is not posted"}
_DONE |= {BOUNCED: "is noted", "answered": "could not be posted; its sender is told why"}

logging.getLogger("mail.log").setLevel(logging.WARNING)  # it names each connection


class Lmtp(lmtp.LMTP):
    """One connection."""

    at_once = 0

    def __init__(self, handler: "_Handler", trusted: tuple[str, ...], **options: Any) -> None:
        super().__init__(handler, **options)
        self._trusted = (*_LOOPBACK, *trusted)
        self._answers = 1  # to send to the end of a mail: one for each recipient
        self._counted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        address = peer[0] if isinstance(peer, tuple) else ""
        if address not in self._trusted or Lmtp.at_once >= CONNECTIONS_MAX:
            assert isinstance(transport, asyncio.WriteTransport)
            transport.write(b"421 4.7.0 only the mail servers of this site may connect, and some dozens at once\r\n")
            transport.close()
            return
        Lmtp.at_once, self._counted = Lmtp.at_once + 1, True
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._counted:
            Lmtp.at_once, self._counted = Lmtp.at_once - 1, False
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._counted:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        return super().eof_received() if self._counted else False

    async def smtp_DATA(self, arg: str) -> None:
        self._answers = max(1, len(self.envelope.rcpt_tos)) if self.envelope else 1
        try:
            await super().smtp_DATA(arg)
        finally:
            self._answers = 1

    async def push(self, status: Any) -> None:
        """The library answers a mail that is too large once; LMTP wants it for each recipient."""
        text = status.decode() if isinstance(status, bytes) else status
        if self._answers > 1 and not text.startswith("354") and "\n" not in text:
            status = "\r\n".join([text] * self._answers)
        await super().push(status)

    async def smtp_XFORWARD(self, arg: str) -> None:
        """Where the mail server has the next mail from (Postfix's XFORWARD_README)."""
        assert self.session is not None
        told = dict(one.split("=", 1) for one in (arg or "").split() if "=" in one)
        client = told.get("ADDR", told.get("addr", ""))
        if client:
            found = _XTEXT.sub(lambda one: chr(int(one[1], 16)), client).removeprefix("IPV6:").removeprefix("IPv6:")
            self.session.client = "" if found.startswith("[") else found  # pyright: ignore[reportAttributeAccessIssue]
        await self.push("250 2.0.0 noted")


class _Handler:
    def __init__(self, inbound: Inbound) -> None:
        self._inbound = inbound

    async def handle_EHLO(
        self, server: Any, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        session.host_name = hostname
        kept = [one for one in responses if not one.startswith(("250-AUTH", "250 HELP"))]
        return [*kept, "250-PIPELINING", "250-ENHANCEDSTATUSCODES", "250 XFORWARD NAME ADDR PROTO HELO SOURCE"]

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 too many recipients: send the others by themselves"
        try:
            await self._inbound.expect(address)
        except ChirrupError as error:
            return _refusal(error)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 there is such an address"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        raw = envelope.original_content or b""
        came = Came(envelope.mail_from or "", getattr(session, "client", ""))
        answers = [await self._take(raw, recipient, came) for recipient in envelope.rcpt_tos]
        return "\r\n".join(answers)

    async def _take(self, raw: bytes, recipient: str, came: Came) -> str:
        if _BARE.search(raw):
            return "554 5.6.0 lines of a mail end in CR LF; this one has a CR or LF alone"
        try:
            mail = await self._inbound.take(raw)
            verdict = await self._inbound.receive(raw, mail, recipient, came)
        except ChirrupError as error:
            return _refusal(error)
        return f"250 2.0.0 the mail {_DONE.get(verdict, f'was {verdict}')}"

    async def handle_exception(self, error: Exception) -> str:
        logging.getLogger("chirrup").error("a mail was not taken", exc_info=error)
        return "451 4.3.0 something went wrong here; try again later"


def _refusal(error: ChirrupError) -> str:
    if isinstance(error, Unavailable):
        return f"451 4.3.0 {_ascii(error.message)}"
    if isinstance(error, TooMany):
        return f"450 4.7.1 {_ascii(error.message)}"
    if isinstance(error, Stranger):
        return f"550 5.7.1 {_ascii(error.message)}"
    if isinstance(error, Invalid):
        return f"{_CODES.get(error.rule, '554 5.6.0')} {_ascii(error.why)}"
    return f"554 5.0.0 {_ascii(error.message)}"


def _ascii(words: str) -> str:
    return " ".join(words.encode("ascii", "replace").decode().split())[:400]


async def listen(settings: Settings, inbound: Inbound, name: str) -> asyncio.Server:
    """Takes mails at settings.mail_in until it is closed. name: of this server. Raises SettingsError."""
    handler, loop = _Handler(inbound), asyncio.get_running_loop()

    def made() -> Lmtp:
        return Lmtp(
            handler,
            settings.mail_in_servers,
            hostname=name,
            ident="Chirrup",
            data_size_limit=MAIL_BYTES_MAX,
            enable_SMTPUTF8=True,
            timeout=PATIENCE_S,
            loop=loop,
        )

    where = place(settings)
    try:
        if isinstance(where, Path):
            where.unlink(missing_ok=True)
            return await loop.create_unix_server(made, str(where))
        shares = settings.role != "all" and hasattr(socket, "SO_REUSEPORT")
        return await loop.create_server(made, *where, reuse_port=shares or None)
    except OSError as error:
        raise SettingsError(
            f"cannot listen for mails at {settings.mail_in}: {error.strerror}; stop what uses it, or change mail_in"
        ) from error


def place(settings: Settings) -> Path | tuple[str, int]:
    """A socket in the file system, or host and port. Raises SettingsError."""
    rest = settings.mail_in.removeprefix("lmtp:")
    if rest.startswith("/") and not rest.startswith("//"):
        return Path(rest)
    host, _, port = rest.removeprefix("//").rstrip("/").rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise SettingsError(
            f"mail_in must be lmtp://127.0.0.1:2424, lmtp:/run/chirrup/lmtp, or imaps://user:password@host; is "
            f"{settings.mail_in.rpartition('@')[2][:60]!r}"
        )
    return host.strip("[]"), int(port)
