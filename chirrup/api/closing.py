"""Closing the organisation for good: announced and called off by owners."""

import msgspec

from ..access.roles import Permission
from ..errors import Invalid
from ..http.call import Call
from ..http.entity import Entity
from ..http.route import ADMIN, Route
from ..orgs import closing
from ..times import iso_or_none, ms_of_text


class Closing(Entity, kw_only=True):
    """closes_at: null: it does not close. holds: while there are any, nothing is deleted, also after that time."""

    closes_at: str | None
    holds: int


class ClosingBody(msgspec.Struct, kw_only=True):
    """on: a day, 14 days from now or later. host: of the site, so that nobody closes another one by mistake."""

    on: str
    host: str
    words: str = ""  # what else members are told


async def show(call: Call) -> Closing:
    found = await call.read(closing.state, call.site.org_id)
    return Closing(closes_at=iso_or_none(found.closing_ms), holds=len(found.waits_for))


async def announce(call: Call, body: ClosingBody) -> Closing:
    """All members are told, by an announcement and a mail. On the day all that there is is deleted."""
    closing.check_host(body.host, call.site)
    try:
        on_ms = ms_of_text(body.on)
    except (ValueError, OverflowError) as error:
        raise Invalid("on", "invalid", "must be a date like 2026-01-31; got {got!r}", got=body.on[:30]) from error
    await call.write(closing.announce, call.settings, call.site.org_id, call.account_id, on_ms, body.words)
    await call.services.sites.renewed(call.site)
    return await show(call)


async def call_off(call: Call) -> Closing:
    """Everything stays as it is, and members are told."""
    await call.write(closing.call_off, call.site.org_id, call.account_id)
    await call.services.sites.renewed(call.site)
    return await show(call)


PATH = "/api/chirrup/v1/org/closing"
ROUTES = [
    Route("GET", PATH, show, "admin:read", ADMIN, Permission.ADMINISTRATOR),
    Route("POST", PATH, announce, "admin:write", ADMIN, Permission.ADMINISTRATOR),
    Route("DELETE", PATH, call_off, "admin:write", ADMIN, Permission.ADMINISTRATOR),
]
