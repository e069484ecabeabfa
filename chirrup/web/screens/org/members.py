"""Pages below /org: the members, and one of them."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import msgspec

from ....access import sessions
from ....access.roles import Permission, Roles
from ....errors import NotFound
from ....orgs import members
from ....orgs.members import Person
from ....ports import Tx
from ....social import accounts, staff
from ....types import AccountKind, Role, Session
from ...call import Call, Go, Page
from ...problems import Problem
from ...views import PersonView
from ..reading.home import next_before, span
from ..settings import proving
from ..settings.settings import browser_of
from .places import page

PATH = "/org/members"
ONE = f"{PATH}/{{name}}"
LISTED = 40
STATES = {  # of members.STATES -> (words, kind of pill)
    "active": ("active", ""),
    "pending": ("not let in yet", "warn"),
    "disabled": ("login closed", "bad"),
    "suspended": ("suspended", "bad"),
    "deactivated": ("deactivated", "bad"),
}


class MemberView(msgspec.Struct, frozen=True):
    person: PersonView
    path: str
    role: str  # its name; "": none
    email: str
    guest: bool
    state: str
    created_ms: int
    compliance: bool

    @property
    def pills(self) -> list[tuple[str, str]]:
        found = [] if self.state == "active" else [STATES[self.state]]
        found += [("guest", "warn")] if self.guest else []
        return found + ([(self.role, "accent")] if self.role else [])


def _views(tx: Tx, call: Call, found: list[Person]) -> list[MemberView]:
    call.views.look(tx, (account.display_name for account, _ in found))
    return [
        MemberView(
            person=call.views.person(account),
            path=f"{PATH}/{account.username}",
            role=call.site.roles.rank(user.role).name,
            email=user.email,
            guest=account.kind == AccountKind.GUEST,
            state=members.state_of((account, user)),
            created_ms=account.created_ms,
            compliance=bool(user.compliance_by_id),
        )
        for account, user in found
    ]


async def index(call: Call) -> Page:
    asked, words = span(call.query, limit=LISTED), call.query.text("q").strip()[:200]
    state = call.query.text("state") if call.query.text("state") in STATES else ""

    def operation(tx: Tx) -> tuple[list[MemberView], int]:
        found = members.find(tx, call.site.org_id, asked, words=words, state=state)
        return _views(tx, call, found), next_before([account.id for account, _ in found], asked)

    shown, before = await call.read(operation)
    chosen = {name: value for name, value in (("q", words), ("state", state)) if value}
    values = {
        "members": shown,
        "before": before,
        "asked": f"{urlencode(chosen)}&" if chosen else "",
        "chosen": chosen,
        "states": [("", "Any"), *((name, words.capitalize()) for name, (words, _) in STATES.items())],
    }
    return page(call, "members.html", values)


class Whole(msgspec.Struct, frozen=True):
    one: MemberView
    role: str  # as it stands in the database
    roles: list[tuple[str, str]]  # that the viewer may give
    sessions: list[tuple[Session, str]]  # with its browser in words
    is_below: bool  # the viewer may act on the member
    way: proving.Way  # to prove who the viewer is


def _named(tx: Tx, call: Call, name: str) -> Person:
    """Raises NotFound."""
    found = accounts.by_acct(tx, name, call.site.domain, call.site.org_id)
    if found.host:
        raise NotFound("account", name)
    return members.get(tx, call.site.org_id, found.id)


def _whole(tx: Tx, call: Call, name: str) -> Whole:
    account, user = _named(tx, call, name)
    known = call.site.roles
    below = account.id != call.account_id and known.outranks(call.viewer.role, user.role)
    there = sessions.of_account(tx, account.id) if below else []
    return Whole(
        _views(tx, call, [(account, user)])[0],
        user.role,
        _givable(known, call.viewer.role) if below and call.may(Permission.MANAGE_ROLES) else [],
        [(one, browser_of(one.user_agent)) for one in there],
        below,
        proving.way(tx, call, f"{PATH}/{account.username}"),
    )


def _givable(known: Roles, role: str) -> list[tuple[str, str]]:
    return [
        (name, rank.name or "None")
        for name, rank in known.ranks.items()
        if known.outranks(role, name) or role == name == Role.OWNER
    ]


async def show(call: Call, name: str) -> Page:
    return await _show(call, name)


async def again(call: Call, problem: Problem, name: str) -> Page:
    return await _show(call, name, problem)


async def _show(call: Call, name: str, problem: Problem | None = None) -> Page:
    found = await call.read(_whole, call, name)
    values: dict[str, Any] = {one: getattr(found, one) for one in Whole.__struct_fields__}
    values |= {
        "is_owner": call.viewer.role == Role.OWNER,
        "is_self": found.one.person.id == call.account_id,
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return page(call, "member.html", values, status=problem.status if problem else 200)


def act(do: Callable[[Tx, Call, int], None]) -> Callable[..., Awaitable[Go]]:
    """A handler that does it to the member, and shows the page again."""

    async def handler(call: Call, name: str) -> Go:
        def operation(tx: Tx) -> str:
            account, _ = _named(tx, call, name)
            do(tx, call, account.id)
            return account.username

        username = await call.write(operation)
        call.services.auth.forget()
        return Go(f"{PATH}/{username}?saved=1")

    return handler


def give_role(tx: Tx, call: Call, id: int) -> None:
    staff.give_role(tx, id, call.form.text("role"), by=call.account_id)


def deactivate(tx: Tx, call: Call, id: int) -> None:
    members.deactivate(tx, id, call.account_id)


def reactivate(tx: Tx, call: Call, id: int) -> None:
    members.reactivate(tx, id, call.account_id)


def set_guest(tx: Tx, call: Call, id: int) -> None:
    members.set_guest(tx, id, call.account_id, guest=call.form.flag("guest"))


def let_search(tx: Tx, call: Call, id: int) -> None:
    staff.let_search(tx, call.account_id, id, allowed=call.form.flag("allowed"))


def end_session(tx: Tx, call: Call, id: int) -> None:
    """`end`: the id of one, or "all", with apps and app passwords."""
    wanted = call.form.text("end")
    if wanted == "all":
        return members.log_out(tx, call.site.org_id, call.account_id, id)
    with suppress(NotFound):  # it has ended by itself
        members.end_session(tx, call.site.org_id, call.account_id, id, wanted)


async def hand_over(call: Call, name: str) -> Go:
    """With the password again: the owner who does it has no role afterwards."""
    await proving.check_password(call)

    def operation(tx: Tx) -> str:
        account, _ = _named(tx, call, name)
        staff.hand_over(tx, call.account_id, account.id)
        return account.username

    username = await call.write(operation)
    await proving.done(call, "ownership was handed over")
    call.services.auth.forget()
    return Go(f"/@{username}")
