"""Hooks out: made by who may, each looked after by its owner alone; what was sent, and sending it again."""

import msgspec

from ..access.roles import Permission
from ..actions.hooks_out import listening, manage
from ..actions.hooks_out.manage import Wanted
from ..errors import Invalid
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.forms import Id as IdGiven
from ..http.paging import Page, PageQuery
from ..http.paging import page as paged
from ..http.paging import span as span_of
from ..http.route import ADMIN, Route
from ..times import iso, iso_or_none, ms_of_text
from ..types import Delivery, HookOut
from ..wording import N_


class OutHook(Entity, kw_only=True):
    """url: told to the owner alone. off_why: where nobody has switched it off."""

    id: Id
    name: str
    url: str
    events: list[str]
    room_id: Id | None
    owner_id: Id
    off: bool
    off_why: str
    created_at: str
    delivered_at: str | None
    old_secret_until: str | None


class NewOutHook(OutHook, kw_only=True):
    secret: str  # told once


class Sent(Entity, kw_only=True):
    """message: the webhook-id, the same each time that it is sent."""

    id: Id
    message: str
    event: str
    post_id: Id | None
    account_id: Id | None
    state: str
    attempts: int
    code: int | None
    request: str
    answer: str
    took_ms: int
    created_at: str
    tried_at: str | None
    next_at: str | None


class Again(Entity, kw_only=True):
    replayed: int


def _hook(call: Call, one: HookOut) -> OutHook:
    return OutHook(
        id=str(one.id),
        name=one.name,
        url=one.url if one.owner_id == call.account_id else "",
        events=one.wanted,
        room_id=str(one.room_id) if one.room_id else None,
        owner_id=str(one.owner_id),
        off=bool(one.off_ms),
        off_why=one.off_why,
        created_at=iso(one.created_ms),
        delivered_at=iso_or_none(one.ok_ms),
        old_secret_until=iso_or_none(one.old_until_ms if one.old_secret else 0),
    )


def _sent(one: Delivery) -> Sent:
    return Sent(
        id=str(one.id),
        message=f"msg_{one.id}",
        event=one.kind,
        post_id=str(one.post_id) if one.post_id else None,
        account_id=str(one.account_id) if one.account_id else None,
        state=one.state,
        attempts=one.attempts,
        code=one.code or None,
        request=one.request,
        answer=one.answer,
        took_ms=one.took_ms,
        created_at=iso(one.id >> 16),
        tried_at=iso_or_none(one.at_ms),
        next_at=iso_or_none(one.next_ms),
    )


async def index(call: Call) -> list[OutHook]:
    """All of the organisation's, the oldest first."""
    return [_hook(call, one) for one in await call.read(manage.every, call.site.org_id)]


class OutHookBody(msgspec.Struct, kw_only=True):
    """events: post.published, post.edited, post.deleted; of a room also member.joined, member.left."""

    name: str | None = None
    url: str | None = None
    events: list[str] | None = None
    room_id: IdGiven | None = None
    off: bool | None = None


def _wanted(body: OutHookBody) -> Wanted:
    return Wanted(body.name, body.url, body.events, body.room_id, body.off)


def _new(call: Call, hook: HookOut, secret: str) -> NewOutHook:
    return NewOutHook(**msgspec.structs.asdict(_hook(call, hook)), secret=secret)


async def create(call: Call, body: OutHookBody) -> NewOutHook:
    """The secret is in this answer, once: what is sent is signed with it."""
    seal = call.engines.pusher.seal
    made = await call.write(manage.create, call.site.org_id, call.account_id, _wanted(body), seal)
    await listening.tell(call.engines.broker)
    return _new(call, *made)


async def show(call: Call, id: int) -> OutHook:
    return _hook(call, await call.read(manage.get, call.site.org_id, id))


async def change(call: Call, id: int, body: OutHookBody) -> OutHook:
    """Its owner changes it; others may switch it off."""
    hook = await call.write(manage.change, call.site.org_id, call.account_id, id, _wanted(body))
    await listening.tell(call.engines.broker)
    return _hook(call, hook)


async def end(call: Call, id: int) -> Entity:
    await call.write(manage.end, call.site.org_id, call.account_id, id)
    await listening.tell(call.engines.broker)
    return Entity()


async def renew(call: Call, id: int) -> NewOutHook:
    """Another secret. For a day all is signed with that of before, too."""
    seal = call.engines.pusher.seal
    return _new(call, *await call.write(manage.renew_secret, call.site.org_id, call.account_id, id, seal))


async def test(call: Call, id: int) -> Sent:
    """Send something that has not happened."""
    return _sent(await call.write(manage.test, call.site.org_id, call.account_id, id))


async def deliveries(call: Call, id: int, query: PageQuery) -> Page[Sent]:
    """Of thirty days, the newest first."""
    span = span_of(query, default=40, most=100)
    found = await call.read(manage.deliveries, call.site.org_id, call.account_id, id, span)
    return paged([_sent(one) for one in found], [one.id for one in found], span)


class Range(msgspec.Struct, kw_only=True):
    since: str = ""
    until: str = ""
    only_failed: bool = True


async def replay_range(call: Call, id: int, body: Range) -> Again:
    """Send again what was made in a time, a thousand at most: what failed, or all."""
    since_ms, until_ms = _ms("since", body.since, 0), _ms("until", body.until, 2**46)
    given = (call.site.org_id, call.account_id, id, since_ms, until_ms)
    return Again(replayed=len(await call.write(manage.replay_range, *given, only_failed=body.only_failed)))


def _ms(field: str, given: str, default: int) -> int:
    if not given:
        return default
    try:
        return ms_of_text(given)
    except (ValueError, OverflowError):
        why = N_("must be a time such as 2026-12-01T05:00:00Z; got {got!r}")
        raise Invalid(field, "malformed", why, got=given[:40]) from None


async def delivery(call: Call, id: int) -> Sent:
    return _sent(await call.read(manage.delivery, call.site.org_id, call.account_id, id))


async def replay(call: Call, id: int) -> Sent:
    """Send it again, with the same webhook-id and a new signature."""
    return _sent(await call.write(manage.replay, call.site.org_id, call.account_id, id))


PATH, DELIVERIES = "/api/chirrup/v1/hooks/out", "/api/chirrup/v1/deliveries"
READ, WRITE, NEEDED = "admin:read", "admin:write", Permission.MANAGE_WEBHOOKS
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, NEEDED),
    Route("POST", PATH, create, WRITE, ADMIN, NEEDED),
    Route("GET", f"{PATH}/{{id}}", show, READ, ADMIN, NEEDED),
    Route("PATCH", f"{PATH}/{{id}}", change, WRITE, ADMIN, NEEDED),
    Route("DELETE", f"{PATH}/{{id}}", end, WRITE, ADMIN, NEEDED),
    Route("POST", f"{PATH}/{{id}}/secret", renew, WRITE, ADMIN, NEEDED),
    Route("POST", f"{PATH}/{{id}}/test", test, WRITE, ADMIN, NEEDED),
    Route("GET", f"{PATH}/{{id}}/deliveries", deliveries, READ, ADMIN, NEEDED),
    Route("POST", f"{PATH}/{{id}}/replay", replay_range, WRITE, ADMIN, NEEDED),
    Route("GET", f"{DELIVERIES}/{{id}}", delivery, READ, ADMIN, NEEDED),
    Route("POST", f"{DELIVERIES}/{{id}}/replay", replay, WRITE, ADMIN, NEEDED),
]
