"""Invitations: made and withdrawn by who may invite; signing up by one. The page that a link leads to: /invite/…"""

import msgspec

from ..access import apps, tokens
from ..access.roles import Permission
from ..errors import Invalid
from ..http import paging
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.forms import Id as IdGiven
from ..http.paging import Page, PageQuery
from ..http.route import ADMIN, APP, SLOW, Route
from ..orgs import invitations
from ..orgs.invitations import Inviting
from ..ports import Tx
from ..social.sign_up import Wanted
from ..times import iso
from ..types import AccountKind, Invite, Token, User
from ..types.lists import json_ints


class Newcomer(Entity, kw_only=True):
    id: Id
    username: str


class Invitation(Entity, kw_only=True):
    id: Id
    email: str  # "": whoever has the link
    guest: bool
    role: str
    rooms: list[Id]
    uses: int
    used: int
    state: str  # open, used, withdrawn, over
    expires_at: str
    invited_by: Id | None  # None: a command


class NewInvitation(Invitation, kw_only=True):
    url: str | None  # told once; None: it goes by mail


class WholeInvitation(Invitation, kw_only=True):
    came: list[Newcomer]  # who signed up by it


def _shown(one: Invite, now_ms: int) -> Invitation:
    return Invitation(
        id=str(one.id),
        email=one.email,
        guest=one.kind == AccountKind.GUEST,
        role=one.role,
        rooms=[str(id) for id in json_ints(one.rooms)],
        uses=one.uses,
        used=one.used,
        state=invitations.state_of(one, now_ms),
        expires_at=iso(one.until_ms),
        invited_by=str(one.by_id) if one.by_id else None,
    )


async def index(call: Call, query: PageQuery) -> Page[Invitation]:
    """The newest first: all for who looks after members, else one's own."""
    span = paging.span(query, default=40, most=200)

    def operation(tx: Tx) -> tuple[list[Invitation], list[int]]:
        found = invitations.page(tx, call.site.org_id, call.account_id, span)
        return [_shown(one, tx.now_ms) for one in found], [one.id for one in found]

    return paging.page(*await call.read(operation), span)


class InviteBody(msgspec.Struct, kw_only=True):
    email: str = ""
    guest: bool = False
    role: str = ""
    rooms: list[IdGiven] = []
    uses: int = 1
    days: int = 7


async def create(call: Call, body: InviteBody) -> NewInvitation:
    """For an address the link goes there by mail; else it is in this answer, once."""
    wanted = Inviting(body.email, body.guest, body.role, tuple(body.rooms), body.uses, body.days)

    def operation(tx: Tx) -> tuple[Invitation, str]:
        made, secret = invitations.create(tx, call.site.org_id, call.account_id, wanted)
        return _shown(made, tx.now_ms), secret

    shown, secret = await call.write(operation)
    url = f"{call.site.base_url}/invite/{secret}" if secret else None
    return NewInvitation(**msgspec.structs.asdict(shown), url=url)


async def show(call: Call, id: int) -> WholeInvitation:
    def operation(tx: Tx) -> WholeInvitation:
        found = invitations.get(tx, call.site.org_id, call.account_id, id)
        came = [Newcomer(id=str(one.id), username=one.username) for one in invitations.came_by(tx, found.org_id, id)]
        return WholeInvitation(**msgspec.structs.asdict(_shown(found, tx.now_ms)), came=came)

    return await call.read(operation)


async def withdraw(call: Call, id: int) -> Invitation:
    def operation(tx: Tx) -> Invitation:
        return _shown(invitations.withdraw(tx, call.site.org_id, call.account_id, id), tx.now_ms)

    return await call.write(operation)


class AcceptBody(msgspec.Struct, kw_only=True):
    invite_code: str = ""  # the last part of the link
    username: str = ""
    email: str = ""
    password: str = ""
    agreement: bool = False
    locale: str = "en"


class AccessToken(Entity, kw_only=True):
    access_token: str
    token_type: str
    scope: str
    created_at: int


async def accept(call: Call, body: AcceptBody) -> AccessToken:
    """As POST /api/v1/accounts, also where sign-ups are closed."""
    app_id = call.viewer.app_id
    wanted = Wanted(body.username, body.email, body.password, body.locale, app_id=app_id)
    if not body.agreement:
        raise Invalid("agreement", "accepted", "must be accepted")

    def enter(tx: Tx, user: User) -> tuple[Token, str]:
        return tokens.issue(tx, user.account_id, app_id, apps.get(tx, app_id).scopes)

    token, text = await invitations.accept(call, call.services.passwords, wanted, body.invite_code, enter)
    return AccessToken(access_token=text, token_type="Bearer", scope=token.scopes, created_at=token.created_ms // 1000)


PATH = "/api/chirrup/v1/org/invites"
READ, WRITE = "admin:read:accounts", "admin:write:accounts"
INVITES = Permission.INVITE_USERS | Permission.INVITE_GUESTS | Permission.MANAGE_INVITES
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, INVITES),
    Route("POST", PATH, create, WRITE, ADMIN, INVITES),
    Route("GET", f"{PATH}/{{id}}", show, READ, ADMIN, INVITES),
    Route("DELETE", f"{PATH}/{{id}}", withdraw, WRITE, ADMIN, INVITES),
    Route("POST", "/api/chirrup/v1/accounts", accept, "write:accounts", APP, cost=SLOW, when_closed=True),
]
