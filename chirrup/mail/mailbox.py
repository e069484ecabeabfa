"""Mails from a mailbox (IMAP), where no mail server can hand them over. A job looks into it.

A mail stays in the mailbox until what follows from it is durable; then it is deleted there. One that nobody may write,
or that cannot be read, stays, flagged. One that cannot be taken now is looked at again the next time.
"""

import asyncio
import imaplib
import re
from contextlib import suppress
from email.utils import getaddresses
from urllib.parse import unquote, urlsplit

import msgspec
import structlog

from ..config import Settings
from ..errors import ChirrupError, Invalid, SettingsError, TooMany, Unavailable, Unreachable
from .inbound import Came, Inbound
from .reading import words
from .reading.mime import MAIL_BYTES_MAX, Taken

log = structlog.get_logger()

AT_ONCE = 200  # mails of one look
TIMEOUT_S = 30.0
_UID = re.compile(rb"UID (\d+)")
_SIZE = re.compile(rb"RFC822\.SIZE (\d+)")
_RECIPIENTS = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "to", "cc", "resent-to")


class Mailbox(msgspec.Struct, frozen=True):
    host: str
    port: int
    tls: bool
    user: str
    password: str
    folder: str


def of(settings: Settings) -> Mailbox:
    """Raises SettingsError."""
    parts = urlsplit(settings.mail_in)
    local = parts.hostname in ("127.0.0.1", "::1", "localhost")
    try:
        port = parts.port or (993 if parts.scheme == "imaps" else 143)
    except ValueError:
        port = 0
    if parts.scheme not in ("imap", "imaps") or not parts.hostname or not parts.username or not port:
        raise SettingsError("mail_in must be like imaps://user:password@mail.town.example/INBOX")
    if parts.scheme == "imap" and not local:
        raise SettingsError("mail_in must begin with imaps:// (without TLS only a server on this machine is asked)")
    folder = unquote(parts.path.strip("/")) or "INBOX"
    return Mailbox(
        parts.hostname, port, parts.scheme == "imaps", unquote(parts.username), unquote(parts.password or ""), folder
    )


class _Open:
    """A connection. Its methods block: call them in a thread."""

    def __init__(self, mailbox: Mailbox) -> None:
        kind = imaplib.IMAP4_SSL if mailbox.tls else imaplib.IMAP4
        try:
            self._imap = kind(mailbox.host, mailbox.port, timeout=TIMEOUT_S)
            self._imap.login(mailbox.user, mailbox.password)
            kind, said = self._imap.select(f'"{mailbox.folder}"')
        except (OSError, imaplib.IMAP4.error) as error:
            raise Unreachable(f"the mailbox of mail_in cannot be opened: {error}") from error
        if kind != "OK":
            raise Unreachable(f"the mailbox of mail_in has no folder {mailbox.folder}: {said!r}")

    def waiting(self) -> list[tuple[bytes, int]]:
        """(UID, size) of mails that nobody has looked at."""
        _, found = self._imap.uid("SEARCH", "UNDELETED", "UNFLAGGED")
        uids = (found[0] or b"").split()[:AT_ONCE]
        if not uids:
            return []
        _, told = self._imap.uid("FETCH", b",".join(uids).decode(), "(UID RFC822.SIZE)")
        lines = [one[0] if isinstance(one, tuple) else one for one in told if one]
        matched = [(_UID.search(line), _SIZE.search(line)) for line in lines]
        return [(uid[1], int(size[1])) for uid, size in matched if uid and size]

    def fetch(self, uid: bytes) -> bytes:
        """b"": it is gone."""
        _, told = self._imap.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
        return next((one[1] for one in told if isinstance(one, tuple)), b"")

    def done(self, uid: bytes) -> None:
        self._imap.uid("STORE", uid.decode(), "+FLAGS.SILENT", r"(\Deleted)")

    def leave(self, uid: bytes) -> None:
        self._imap.uid("STORE", uid.decode(), "+FLAGS.SILENT", r"(\Flagged)")

    def close(self) -> None:
        with suppress(OSError, imaplib.IMAP4.error):
            self._imap.expunge()
            self._imap.logout()


async def check(mailbox: Mailbox) -> None:
    """Raises Unreachable: it cannot be opened."""
    opened = await asyncio.to_thread(_Open, mailbox)
    await asyncio.to_thread(opened.close)


async def look(inbound: Inbound, mailbox: Mailbox) -> int:
    """Take what lies in the mailbox; how many mails. Raises Unreachable."""
    opened = await asyncio.to_thread(_Open, mailbox)
    taken = 0
    try:
        for uid, size in await asyncio.to_thread(opened.waiting):
            if size > MAIL_BYTES_MAX:
                await asyncio.to_thread(opened.leave, uid)
                continue
            if raw := await asyncio.to_thread(opened.fetch, uid):
                taken += await _take(inbound, opened, uid, raw)
    except (OSError, imaplib.IMAP4.error) as error:
        raise Unreachable(f"the mailbox of mail_in does not answer: {error}") from error
    finally:
        await asyncio.to_thread(opened.close)
    return taken


async def _take(inbound: Inbound, opened: _Open, uid: bytes, raw: bytes) -> int:
    """1: it is taken, and gone from the mailbox."""
    try:
        mail = await inbound.take(raw)
        recipients = await _recipients(inbound, mail)
        if not recipients:
            raise Invalid("mail", "recipient", "is to none of our addresses")
        for recipient in recipients:
            await inbound.receive(raw, mail, recipient, Came(_envelope(mail)))
    except (Unavailable, TooMany):  # the next time
        return 0
    except ChirrupError as error:
        log.warning("a mail stays in the mailbox, flagged", why=error.message)
        await asyncio.to_thread(opened.leave, uid)
        return 0
    await asyncio.to_thread(opened.done, uid)
    return 1


async def _recipients(inbound: Inbound, mail: Taken) -> list[str]:
    """The addresses of ours that it is to. One mail to several of them is for all."""
    named = [str(one)[:4000] for header in _RECIPIENTS for one in mail.head.get_all(header, [])]
    found: list[str] = []
    for _, address in getaddresses(named)[:100]:
        with suppress(Invalid):
            await inbound.expect(address)
            found.append(address.lower())
    return list(dict.fromkeys(found))


def _envelope(mail: Taken) -> str:
    """The sender for reports, which the mail server has written into the mail; without that line: who it is from."""
    if "return-path" in mail.head:
        return words.header(str(mail.head["return-path"])).strip("<> ")
    return mail.said("from")
