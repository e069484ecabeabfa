"""Hands mails over: with their pictures, a signature, and what follows if an address takes none."""

import asyncio
import re
from collections.abc import Collection

import msgspec
import structlog

from .. import metrics
from ..errors import Refused, Undeliverable
from ..ports import Engines
from ..social import mail_prefs
from .message import Letter, Picture, write
from .reader import Reader

log = structlog.get_logger()

PICTURE_BYTES_MAX = 300_000


class Ready(msgspec.Struct, frozen=True):
    """A mail that is to be sent. pictures: key of the file, by name. along: waiting jobs that it does, too."""

    reader: Reader
    now_ms: int
    letter: Letter
    pictures: dict[str, str] = {}
    along: tuple[int, ...] = ()


class Handing:
    """replies: mails to this server's addresses reach it, so what comes back does, too."""

    def __init__(self, *, replies: bool) -> None:
        self._replies = replies

    async def over(self, engines: Engines, ready: Ready, id: int) -> None:
        """id: of the job. One that is refused for good is logged and forgotten.

        Raises Unreachable, Unsent: it is to be tried again.
        """
        reader = ready.reader
        pictures = await asyncio.to_thread(_pictures, engines, ready.pictures) if ready.pictures else ()
        html = _without(ready.letter.html, ready.pictures.keys() - {one.name for one in pictures})
        letter = msgspec.structs.replace(ready.letter, html=html, pictures=pictures)
        envelope = reader.addresses.bounce(reader.prefs, id) if self._replies else ""
        try:
            mail = write(reader.head, reader.user.email, letter, id=str(id), now_ms=ready.now_ms, envelope=envelope)
            await engines.mailer.send(mail)
            metrics.mails["sent"] += 1
        except Undeliverable as error:
            metrics.mails["undeliverable"] += 1
            await engines.db.write(mail_prefs.bounced, reader.id, hard=True, why=error.message)
        except Refused as error:
            metrics.mails["refused"] += 1
            log.warning("a mail was refused", mail=id, why=error.message)


def _pictures(engines: Engines, keys: dict[str, str]) -> tuple[Picture, ...]:
    """Those that are there and small enough."""
    found = ((name, engines.blobs.get(key)) for name, key in keys.items())
    return tuple(Picture(name, *got) for name, got in found if got and len(got[0]) <= PICTURE_BYTES_MAX)


def _without(html: str, names: Collection[str]) -> str:
    """The HTML with the descriptions of these pictures instead of them."""
    for name in names:
        html = re.sub(rf'<img src="cid:{name}" alt="([^"]*)"[^>]*>', r"[\1]", html)
    return html
