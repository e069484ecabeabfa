"""Invitations: a link by which people sign up at an organisation, whoever else may do so there.

For one address, then the link goes there by mail and nobody else sees it; or for whoever has the link. An invitation
is worth something while whoever invites may still do so.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

import msgspec

from ..access import emails, roles, secret
from ..access.caller import Caller
from ..access.passwords import Passwords
from ..access.roles import Permission
from ..errors import Invalid, NotAllowed, NotFound
from ..ids import bucket_of, first_at
from ..ports import Tx
from ..social import accounts, audit, bans, sign_up, staff
from ..social.accounts import SignUp
from ..social.sign_up import Wanted
from ..store import accounts as account_rows
from ..store import invites as rows
from ..store import members as member_rows
from ..store import rooms as room_rows
from ..times import DAY_MS
from ..types import Account, AccountKind, Invite, Role, Span, User
from ..types.lists import json_ints
from . import rooms

A_DAY = 100  # of an organisation
USES_MAX, DAYS_MAX, ROOMS_MAX = 1000, 90, 50
CAME_MAX = 200  # who came by one, shown
T = TypeVar("T")


class Inviting(msgspec.Struct, frozen=True):
    """email "": whoever has the link, which `uses` may follow."""

    email: str = ""
    guest: bool = False  # they see the rooms that they are in, and no more
    role: str = ""
    rooms: Sequence[int] = ()
    uses: int = 1
    days: int = 7


def create(tx: Tx, org_id: int, by: int, wanted: Inviting) -> tuple[Invite, str]:
    """The invitation, and the secret of its link: "" where it goes by mail. by: who invites; 0: a command.

    Raises Invalid; NotAllowed: who invites may not, or not so; too many today.
    """
    _check(tx, org_id, by, wanted)
    staff.one_at_a_time(tx, org_id)
    if rows.count_since(tx, org_id, first_at(tx.now_ms - DAY_MS)) >= A_DAY:
        raise NotAllowed("there were {most} invitations in the last day: go on tomorrow", most=A_DAY)
    text = "" if wanted.email else secret.new(org_id)
    invite = Invite(
        id=tx.new_id(bucket_of(org_id)),
        org_id=org_id,
        hash=secret.digest(text) if text else "",
        by_id=by,
        email=wanted.email.strip(),
        kind=AccountKind.GUEST if wanted.guest else AccountKind.PERSON,
        role=wanted.role,
        rooms=msgspec.json.encode(list(wanted.rooms)).decode(),
        uses=wanted.uses,
        used=0,
        until_ms=tx.now_ms + wanted.days * DAY_MS,
        withdrawn_ms=0,
    )
    rows.insert(tx, invite)
    if wanted.email:
        emails.invited(tx, org_id, invite.id)
    audit.note(tx, org_id, by, "invite", "invitation", invite.id, "", "guest" if wanted.guest else wanted.role)
    return invite, text


def _check(tx: Tx, org_id: int, by: int, wanted: Inviting) -> None:
    if wanted.email:
        if problems := accounts.check_email(wanted.email):
            raise problems[0]
        bans.check_email(tx, org_id, wanted.email)
    most = 1 if wanted.email else USES_MAX
    if not 1 <= wanted.uses <= most:
        raise _beyond("uses", most, wanted.uses)
    if not 1 <= wanted.days <= DAYS_MAX:
        raise _beyond("days", DAYS_MAX, wanted.days)
    if len(wanted.rooms) > ROOMS_MAX:
        raise Invalid("rooms", "too_many", "must be at most {most}, are {has}", most=ROOMS_MAX, has=len(wanted.rooms))
    if wanted.guest and not wanted.rooms:
        raise Invalid("rooms", "blank", "must name one room or more: a guest sees nothing else")
    if wanted.guest and wanted.role:
        raise Invalid("role", "invalid", "is not for guests")
    if wanted.role not in roles.find(tx, org_id).ranks:
        raise Invalid("role", "unknown", "There is no role {role} here.", role=wanted.role[:60])
    _check_rooms(tx, org_id, by, wanted.rooms)
    if not _may(tx, org_id, by, guest=wanted.guest, given=wanted.role):
        raise NotAllowed("your role does not let you invite people like this")


def _beyond(field: str, most: int, got: int) -> Invalid:
    return Invalid(field, "out_of_range", "must be {least} to {most}, is {got}", least=1, most=most, got=got)


def _check_rooms(tx: Tx, org_id: int, by: int, ids: Sequence[int]) -> None:
    """Raises Invalid: one is no room that by sees, or a closed one that by does not manage."""
    found = account_rows.by_ids(tx, set(ids))
    managed = room_rows.roles_of(tx, by, set(ids)) if by and ids else {}
    all_rooms = not by or _has(tx, org_id, by, Permission.MANAGE_ROOMS)
    for id in ids:
        room = found.get(id)
        if room is None or room.org_id != org_id or room.kind != AccountKind.ROOM or room.suspended_ms:
            raise Invalid("rooms", "unknown", "There is no room {id} here.", id=id)
        if room.locked and not (all_rooms or id in managed):
            raise Invalid(
                "rooms", "closed", "only who manages the closed room {name} invites to it", name=room.username
            )


def _role(tx: Tx, org_id: int, account_id: int) -> str:
    """ "" too where the account may not act."""
    account, user = account_rows.by_id(tx, account_id), account_rows.user(tx, account_id)
    if account is None or user is None or account.org_id != org_id or account.suspended_ms:
        return ""
    return "" if user.deactivated_ms or user.disabled or user.gone_ms else user.role


def _has(tx: Tx, org_id: int, account_id: int, needed: Permission) -> bool:
    return roles.find(tx, org_id).may(_role(tx, org_id, account_id), needed)


def _may(tx: Tx, org_id: int, by: int, *, guest: bool, given: str) -> bool:
    """Whether by may invite people like this (still). given: the role that they get."""
    if not by:
        return True
    known, role = roles.find(tx, org_id), _role(tx, org_id, by)
    if not known.may(role, Permission.INVITE_GUESTS if guest else Permission.INVITE_USERS):
        return False
    gives = known.may(role, Permission.MANAGE_ROLES)
    return not given or (gives and (known.outranks(role, given) or role == given == Role.OWNER))


def state_of(invite: Invite, now_ms: int) -> str:
    """open, used, withdrawn or over."""
    if invite.withdrawn_ms:
        return "withdrawn"
    if invite.used >= invite.uses:
        return "used"
    return "over" if invite.until_ms <= now_ms else "open"


def find(tx: Tx, text: str, org_id: int) -> Invite | None:
    """The invitation with this secret. None: it is dead, or another organisation's."""
    invite = rows.by_hash(tx, *secret.locate(text))
    if invite is None or invite.org_id != org_id or state_of(invite, tx.now_ms) != "open":
        return None
    alive = _may(tx, org_id, invite.by_id, guest=invite.kind == AccountKind.GUEST, given=invite.role)
    return invite if alive else None


def inviter(tx: Tx, invite: Invite) -> Account | None:
    """None: a command."""
    return account_rows.by_id(tx, invite.by_id) if invite.by_id else None


def for_mail(tx: Tx, id: int) -> tuple[Invite, str] | None:
    """The invitation and a new secret for the mail that is made now; the link of an earlier mail is dead then.

    None: it is not open any more.
    """
    invite = rows.by_id(tx, id)
    if invite is None or state_of(invite, tx.now_ms) != "open":
        return None
    text = secret.new(invite.org_id)
    rows.set_hash(tx, id, secret.digest(text))
    return invite, text


async def accept(caller: Caller, passwords: Passwords, wanted: Wanted, text: str, enter: Callable[[Tx, User], T]) -> T:
    """sign_up.sign_up() by an invitation: also where sign-ups are closed, and nobody waits to be let in.

    wanted.email: that of the invitation, if it has one; who has the link has shown that it is theirs.
    Raises as sign_up() and Invalid: the invitation is dead.
    """
    org_id = caller.site.org_id
    invite = await caller.read(find, text, org_id)
    if invite is None:
        raise _dead()
    if invite.email:
        wanted = msgspec.structs.replace(wanted, email=invite.email)

    def admit(tx: Tx, made: SignUp) -> SignUp:
        now = find(tx, text, org_id)
        if now is None or not rows.use(tx, now.id):
            raise _dead()
        proven = bool(now.email)
        given = {"kind": now.kind, "role": now.role, "invite_id": now.id, "proven": proven}
        return msgspec.structs.replace(made, pending=False, confirmed=made.confirmed or proven, **given)

    def entered(tx: Tx, user: User) -> T:
        now = rows.by_id(tx, user.invite_id)
        assert now  # admit() used it
        for room_id in json_ints(now.rooms):
            with suppress(NotFound):  # a room that is gone meanwhile
                rooms.add_member(tx, room_id, user.account_id)
        account, _ = staff.person(tx, user.account_id)
        audit.note(tx, org_id, now.by_id, "join", "account", account.id, account.username, now.role)
        return enter(tx, user)

    return await sign_up.sign_up(caller, passwords, wanted, entered, admit=admit)


def _dead() -> Invalid:
    return Invalid("invite_code", "unknown", "This invitation no longer works. Ask for a new one.")


def withdraw(tx: Tx, org_id: int, by: int, id: int) -> Invite:
    """Nobody comes by it any more. Raises NotFound: absent, or somebody else's for who does not look after all."""
    invite = get(tx, org_id, by, id)
    rows.withdraw(tx, id)
    audit.note(tx, org_id, by, "withdraw", "invitation", id)
    return get(tx, org_id, by, invite.id)


def get(tx: Tx, org_id: int, by: int, id: int) -> Invite:
    """Raises NotFound."""
    invite = rows.by_id(tx, id)
    if invite is None or invite.org_id != org_id or (invite.by_id != by and not sees_all(tx, org_id, by)):
        raise NotFound("invitation", id)
    return invite


def page(tx: Tx, org_id: int, by: int, span: Span) -> list[Invite]:
    """The newest first: all, for who looks after members or invitations; else one's own."""
    return rows.page(tx, org_id, span, by_id=0 if sees_all(tx, org_id, by) else by)


def sees_all(tx: Tx, org_id: int, by: int) -> bool:
    return not by or _has(tx, org_id, by, Permission.MANAGE_USERS | Permission.MANAGE_INVITES)


def came_by(tx: Tx, org_id: int, id: int) -> list[Account]:
    """Who signed up by it, the first one first."""
    ids = member_rows.by_invite(tx, org_id, id, CAME_MAX)
    found = account_rows.by_ids(tx, ids)
    return [found[one] for one in ids if one in found]
