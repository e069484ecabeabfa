"""Pages below /org: invitations, made and withdrawn."""

from typing import Any

import msgspec

from ....access.roles import Permission
from ....http.arguments import path_id
from ....ids import ID_MAX
from ....orgs import invitations, rooms
from ....orgs.invitations import Inviting
from ....ports import Tx
from ....types import AccountKind, Invite, Role, Span
from ...call import Call, Go, Page
from ...problems import Problem
from ..reading.home import next_before, span
from .places import page

PATH = "/org/invitations"
ONE = f"{PATH}/{{id}}"
LISTED = 40
STATES = {"open": ("open", "good"), "used": ("used", ""), "withdrawn": ("withdrawn", "bad"), "over": ("over", "warn")}
INVITES = Permission.INVITE_USERS | Permission.INVITE_GUESTS | Permission.MANAGE_INVITES


class InviteView(msgspec.Struct, frozen=True):
    id: int
    to: str
    guest: bool
    role: str
    used: int
    uses: int
    until_ms: int
    state: str
    came: list[str]  # usernames

    @property
    def pill(self) -> tuple[str, str]:
        return STATES[self.state]


def _view(tx: Tx, call: Call, one: Invite) -> InviteView:
    came = invitations.came_by(tx, one.org_id, one.id) if one.used else []
    return InviteView(
        id=one.id,
        to=one.email or "Whoever has the link",
        guest=one.kind == AccountKind.GUEST,
        role=call.site.roles.rank(one.role).name,
        used=one.used,
        uses=one.uses,
        until_ms=one.until_ms,
        state=invitations.state_of(one, tx.now_ms),
        came=[account.username for account in came[:10]],
    )


async def index(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def _page(call: Call, problem: Problem | None = None, made: str = "") -> Page:
    asked = span(call.query, limit=LISTED)

    def operation(tx: Tx) -> tuple[list[InviteView], int, list[tuple[str, str]]]:
        found = invitations.page(tx, call.site.org_id, call.account_id, asked)
        there = rooms.page(tx, call.account_id, call.site.org_id, Span(ID_MAX, limit=invitations.ROOMS_MAX)).items
        choice = [(str(one.account.id), one.account.display_name or one.account.username) for one in there]
        return [_view(tx, call, one) for one in found], next_before([one.id for one in found], asked), choice

    shown, before, choice = await call.read(operation)
    known, role, form = call.site.roles, call.viewer.role, call.form if problem else None
    gives = call.may(Permission.MANAGE_ROLES)
    values: dict[str, Any] = {
        "invites": shown,
        "before": before,
        "made": made,
        "roles": [
            (name, rank.name or "None")
            for name, rank in known.ranks.items()
            if not name or (gives and (known.outranks(role, name) or role == name == Role.OWNER))
        ],
        "rooms": [(id, name, form is not None and id in form.texts("room")) for id, name in choice],
        "given": {
            "email": form.text("email") if form else "",
            "role": form.text("role") if form else "",
            "uses": form.text("uses") if form else "1",
            "days": form.text("days") if form else "7",
            "guest": form.flag("guest") if form else False,
        },
        "members": call.may(Permission.INVITE_USERS),
        "guests": call.may(Permission.INVITE_GUESTS),
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return page(call, "invitations.html", values, status=problem.status if problem else 200)


async def create(call: Call) -> Page | Go:
    """The page with the link, which is shown once; of a mail there is none to show."""
    form = call.form
    guest = form.flag("guest") or not call.may(Permission.INVITE_USERS)
    wanted = Inviting(
        email=form.text("email").strip(),
        guest=guest,
        role=form.text("role"),
        rooms=tuple(path_id(one) for one in form.texts("room") if one),
        uses=_number(form.text("uses")),
        days=_number(form.text("days")),
    )
    _, secret = await call.write(invitations.create, call.site.org_id, call.account_id, wanted)
    return await _page(call, made=f"{call.site.base_url}/invite/{secret}") if secret else Go(f"{PATH}?saved=1")


def _number(typed: str) -> int:
    """0, which is refused, for what is no number."""
    return int(typed) if typed.strip().isascii() and typed.strip().isdigit() and len(typed.strip()) < 6 else 0


async def withdraw(call: Call, id: str) -> Go:
    await call.write(invitations.withdraw, call.site.org_id, call.account_id, path_id(id))
    return Go(f"{PATH}?saved=1")
