"""What whoever asks gets by mail. docs/operate/mail.md tells operators how mails are sent."""

from typing import Any

import msgspec

from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.forms import Id as IdIn
from ..http.route import Route
from ..ports import Tx
from ..social import mail_prefs
from ..social.mail_prefs import Change
from ..times import iso_or_none
from ..types import MailPrefs


class MailChoice(Entity, kw_only=True):
    """mode: what holds, chosen or not. off_at: since when nothing is sent, because mails came back; off_reason: why."""

    mode: str  # none, mentions, rooms, all
    digest: str  # none, daily, weekly
    digest_hour: int
    quiet_from: str  # "22:30"
    quiet_until: str
    zone: str
    rooms: list[Id]  # of which every post is sent
    off_at: str | None
    off_reason: str


def _choice(prefs: MailPrefs, rooms: set[int]) -> MailChoice:
    return MailChoice(
        mode=mail_prefs.mode_of(prefs.mode),
        digest=prefs.digest,
        digest_hour=prefs.digest_hour,
        quiet_from=mail_prefs.clock(prefs.quiet_from),
        quiet_until=mail_prefs.clock(prefs.quiet_until),
        zone=prefs.zone,
        rooms=[str(id) for id in sorted(rooms)],
        off_at=iso_or_none(prefs.off_ms),
        off_reason=prefs.off_why,
    )


def _read(tx: Tx, account_id: int) -> tuple[MailPrefs, set[int]]:
    return mail_prefs.of(tx, account_id), mail_prefs.rooms_by_mail(tx, account_id)


async def show(call: Call) -> MailChoice:
    return _choice(*await call.read(_read, call.account_id))


class NewChoice(msgspec.Struct, kw_only=True):
    mode: str | None = None
    digest: str | None = None
    digest_hour: int | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    zone: str | None = None
    rooms: list[IdIn] | None = None


async def change(call: Call, body: NewChoice) -> MailChoice:
    """What is not sent stays. rooms: those of which every post is wanted, and no others."""
    given: dict[str, Any] = msgspec.structs.asdict(body)
    rooms = given.pop("rooms")
    await call.write(mail_prefs.change, call.account_id, Change(**given), rooms=rooms)
    return await show(call)


async def switch_on(call: Call) -> MailChoice:
    """Sends mails again, after some came back."""
    await call.write(mail_prefs.switch_on, call.account_id)
    return await show(call)


PATH = "/api/chirrup/v1/mail/prefs"
ROUTES = [
    Route("GET", PATH, show, "read:accounts"),
    Route("PATCH", PATH, change, "write:accounts"),
    Route("POST", f"{PATH}/on", switch_on, "write:accounts"),
]
