"""The members of the organisation, for those who look after them."""

from collections.abc import Callable

import msgspec
from msgspec import UNSET, UnsetType

from ..access.roles import Permission
from ..errors import NotAllowed
from ..http import paging
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.paging import Page, PageQuery
from ..http.route import ADMIN, Route
from ..orgs import members
from ..orgs.members import Person, state_of
from ..ports import Tx
from ..social import staff
from ..times import iso, iso_or_none
from ..types import AccountKind
from .app_passwords import Empty, LoggedIn, logged_in


class Member(Entity, kw_only=True):
    id: Id
    username: str
    display_name: str
    email: str
    role: str  # "": none
    guest: bool
    state: str  # active, pending, disabled, suspended, deactivated
    compliance: bool  # may search and export whatever was said
    created_at: str
    deactivated_at: str | None


def shown(person: Person) -> Member:
    account, user = person
    return Member(
        id=str(account.id),
        username=account.username,
        display_name=account.display_name,
        email=user.email,
        role=user.role,
        guest=account.kind == AccountKind.GUEST,
        state=state_of(person),
        compliance=bool(user.compliance_by_id),
        created_at=iso(account.created_ms),
        deactivated_at=iso_or_none(user.deactivated_ms),
    )


class MembersQuery(PageQuery, kw_only=True):
    q: str = ""  # in the username, the name, the address
    role: str | UnsetType = UNSET
    state: str = ""


async def index(call: Call, query: MembersQuery) -> Page[Member]:
    """The newest first."""
    span = paging.span(query, default=40, most=200)
    role = None if query.role is UNSET else query.role
    found = await call.read(members.find, call.site.org_id, span, words=query.q, role=role, state=query.state)
    return paging.page([shown(one) for one in found], [account.id for account, _ in found], span)


async def show(call: Call, id: int) -> Member:
    return shown(await call.read(members.get, call.site.org_id, id))


class MemberBody(msgspec.Struct, kw_only=True):
    """What is not sent stays as it is."""

    role: str | UnsetType = UNSET
    compliance: bool | UnsetType = UNSET
    guest: bool | UnsetType = UNSET


async def change(call: Call, id: int, body: MemberBody) -> Member:
    """Roles need manage_roles; compliance is given by owners."""

    def deed(tx: Tx) -> None:
        if body.guest is not UNSET:
            if not call.may(Permission.MANAGE_USERS):
                raise NotAllowed("this needs the permission manage_users")
            members.set_guest(tx, id, call.account_id, guest=body.guest)
        if body.role is not UNSET:
            if not call.may(Permission.MANAGE_ROLES):
                raise NotAllowed("this needs the permission manage_roles")
            staff.give_role(tx, id, body.role, by=call.account_id)
        if body.compliance is not UNSET:
            staff.let_search(tx, call.account_id, id, allowed=body.compliance)

    return await _after(call, id, deed)


async def deactivate(call: Call, id: int) -> Member:
    """Whatever was logged in ends; the name, and what was said, stays."""
    return await _after(call, id, lambda tx: members.deactivate(tx, id, call.account_id))


async def reactivate(call: Call, id: int) -> Member:
    return await _after(call, id, lambda tx: members.reactivate(tx, id, call.account_id))


async def hand_over(call: Call, id: int) -> Member:
    """This member is an owner then, and the owner who asks has no role any more."""
    return await _after(call, id, lambda tx: staff.hand_over(tx, call.account_id, id))


async def _after(call: Call, id: int, deed: Callable[[Tx], None]) -> Member:
    """What the member is after the deed. Raises NotFound: no member of this organisation."""

    def operation(tx: Tx) -> Member:
        members.get(tx, call.site.org_id, id)
        deed(tx)
        return shown(members.get(tx, call.site.org_id, id))

    made = await call.write(operation)
    call.services.auth.forget()
    return made


async def browsers(call: Call, id: int) -> list[LoggedIn]:
    """Where the member is logged in, the last used first."""
    return logged_in(await call.read(members.sessions_of, call.site.org_id, call.account_id, id))


async def log_out(call: Call, id: int, session: str) -> Empty:
    await call.write(members.end_session, call.site.org_id, call.account_id, id, session)
    return Empty()


async def log_out_everywhere(call: Call, id: int) -> Empty:
    """Browsers, apps, app passwords."""
    await call.write(members.log_out, call.site.org_id, call.account_id, id)
    call.services.auth.forget()
    return Empty()


PATH = "/api/chirrup/v1/org/members"
READ, WRITE, MANAGE = "admin:read:accounts", "admin:write:accounts", Permission.MANAGE_USERS
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, MANAGE),
    Route("GET", f"{PATH}/{{id}}", show, READ, ADMIN, MANAGE),
    Route("PATCH", f"{PATH}/{{id}}", change, WRITE, ADMIN, MANAGE | Permission.MANAGE_ROLES),
    Route("POST", f"{PATH}/{{id}}/deactivate", deactivate, WRITE, ADMIN, MANAGE),
    Route("POST", f"{PATH}/{{id}}/reactivate", reactivate, WRITE, ADMIN, MANAGE),
    Route("POST", f"{PATH}/{{id}}/hand_over", hand_over, WRITE, ADMIN, Permission.MANAGE_ROLES),
    Route("GET", f"{PATH}/{{id}}/sessions", browsers, READ, ADMIN, MANAGE),
    Route("DELETE", f"{PATH}/{{id}}/sessions", log_out_everywhere, WRITE, ADMIN, MANAGE),
    Route("DELETE", f"{PATH}/{{id}}/sessions/{{session}}", log_out, WRITE, ADMIN, MANAGE),
]
