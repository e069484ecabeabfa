"""Hooks in: made and looked after by who may. What is sent to one goes to its address, /hooks/in/… (hooks_in.py)."""

import msgspec

from ..access.roles import Permission
from ..actions import signatures
from ..actions.hooks_in import formats, manage, trying
from ..actions.hooks_in.manage import Wanted
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.forms import Id as IdGiven
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..times import iso, iso_or_none
from ..types import HookIn, HookPayload


class Hook(Entity, kw_only=True):
    """account: of the bot that says what comes. signed: only what is signed is taken."""

    id: Id
    name: str
    account: str
    account_id: Id
    format: str
    mapping: dict[str, str]
    room_id: Id | None
    visibility: str
    signed: bool
    off: bool
    created_at: str
    used_at: str | None


class NewHook(Hook, kw_only=True):
    url: str  # told once, as the secret that was made for Standard Webhooks
    secret: str | None


class Payload(Entity, kw_only=True):
    id: Id
    at: str
    headers: dict[str, str]
    body: str
    size_bytes: int
    outcome: str
    post_id: Id | None


class Tried(Entity, kw_only=True):
    """What would be said. format: the one that was taken, or guessed."""

    format: str
    texts: list[str]


def _hooks(tx: Tx, found: list[HookIn]) -> list[Hook]:
    accounts = manage.accounts_of(tx, found)
    return [
        Hook(
            id=str(one.id),
            name=one.name,
            account=accounts[one.bot_id].username,
            account_id=str(one.bot_id),
            format=one.format,
            mapping=msgspec.json.decode(one.mapping) if one.mapping else {},
            room_id=str(one.room_id) if one.room_id else None,
            visibility=one.visibility,
            signed=bool(one.secret),
            off=bool(one.off_ms),
            created_at=iso(one.created_ms),
            used_at=iso_or_none(one.used_ms),
        )
        for one in found
    ]


async def index(call: Call) -> list[Hook]:
    """All of the organisation's, the oldest first."""
    return await call.read(lambda tx: _hooks(tx, manage.every(tx, call.site.org_id)))


class HookBody(msgspec.Struct, kw_only=True):
    name: str | None = None
    username: str | None = None
    format: str | None = None
    mapping: dict[str, str] | None = None
    secret: str | None = None  # what the sender signs with
    room_id: IdGiven | None = None
    visibility: str | None = None
    off: bool | None = None


def _mapping(given: dict[str, str] | None) -> str | None:
    return None if given is None else msgspec.json.encode(given).decode() if given else ""


def _wanted(call: Call, body: HookBody) -> Wanted:
    sealed = body.secret and call.engines.pusher.seal(manage.checked_secret(body.secret, body.format))
    return Wanted(
        name=body.name,
        username=body.username,
        format=body.format,
        mapping=_mapping(body.mapping),
        secret=sealed,
        room_id=body.room_id,
        visibility=body.visibility,
        off=body.off,
    )


async def create(call: Call, body: HookBody) -> NewHook:
    """The address is in this answer, once. Whoever has it may say something here."""
    made = "" if body.secret or body.format != formats.STANDARD else signatures.new_secret()
    wanted = _wanted(call, msgspec.structs.replace(body, secret=body.secret or made or None))

    def operation(tx: Tx) -> NewHook:
        hook, token = manage.create(tx, call.site.org_id, call.account_id, wanted)
        return _new(tx, call, hook, token, made)

    return await call.write(operation)


def _new(tx: Tx, call: Call, hook: HookIn, token: str, secret: str = "") -> NewHook:
    (shown,) = _hooks(tx, [hook])
    url = f"{call.site.base_url}/hooks/in/{token}"
    return NewHook(**msgspec.structs.asdict(shown), url=url, secret=secret or None)


async def show(call: Call, id: int) -> Hook:
    return await call.read(lambda tx: _hooks(tx, [manage.get(tx, call.site.org_id, id)])[0])


async def change(call: Call, id: int, body: HookBody) -> Hook:
    wanted = _wanted(call, body)
    return await call.write(
        lambda tx: _hooks(tx, [manage.change(tx, call.site.org_id, call.account_id, id, wanted)])[0]
    )


async def renew(call: Call, id: int) -> NewHook:
    """Another address; the one of before works no more."""
    return await call.write(lambda tx: _new(tx, call, *manage.renew_token(tx, call.site.org_id, call.account_id, id)))


async def end(call: Call, id: int) -> Entity:
    """What it has said stays."""
    await call.write(manage.end, call.site.org_id, call.account_id, id)
    return Entity()


def _payload(one: HookPayload) -> Payload:
    return Payload(
        id=str(one.id),
        at=iso(one.at_ms),
        headers=one.heads,
        body=one.body,
        size_bytes=one.size_bytes,
        outcome=one.outcome,
        post_id=str(one.post_id) if one.post_id else None,
    )


async def payloads(call: Call, id: int) -> list[Payload]:
    """The last 20 that came, newest first."""
    return await call.read(
        lambda tx: [_payload(one) for one in manage.payloads(tx, call.site.org_id, call.account_id, id)]
    )


class TryBody(msgspec.Struct, kw_only=True):
    """A kept payload, or one of your own. format, mapping: instead of the hook's."""

    payload_id: IdGiven = 0
    payload: str = ""
    format: str | None = None
    mapping: dict[str, str] | None = None


async def attempt(call: Call, id: int, body: TryBody) -> Tried:
    """What the hook would say of a payload. Nothing is said."""

    def operation(tx: Tx) -> Tried:
        hook = manage.get(tx, call.site.org_id, id)
        given = manage.payload(tx, hook, call.account_id, body.payload_id) if body.payload_id else None
        found, texts = trying.attempt(hook, given, body.payload, body.format, _mapping(body.mapping))
        return Tried(format=found, texts=texts)

    return await call.read(operation)


PATH = "/api/chirrup/v1/hooks/in"
READ, WRITE, NEEDED = "admin:read", "admin:write", Permission.MANAGE_WEBHOOKS
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, NEEDED),
    Route("POST", PATH, create, WRITE, ADMIN, NEEDED),
    Route("GET", f"{PATH}/{{id}}", show, READ, ADMIN, NEEDED),
    Route("PATCH", f"{PATH}/{{id}}", change, WRITE, ADMIN, NEEDED),
    Route("DELETE", f"{PATH}/{{id}}", end, WRITE, ADMIN, NEEDED),
    Route("POST", f"{PATH}/{{id}}/token", renew, WRITE, ADMIN, NEEDED),
    Route("GET", f"{PATH}/{{id}}/payloads", payloads, READ, ADMIN, NEEDED),
    Route("POST", f"{PATH}/{{id}}/try", attempt, WRITE, ADMIN, NEEDED),
]
