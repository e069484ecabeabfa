"""Members: who joins an organisation, stops being a member, and comes back. The server's own network has members, too.

A member is an account with a user; nothing else says so (docs/decisions/0064-members-and-roles.md). What is here is for
whoever looks after them: people with MANAGE_USERS, invitations, directories.
"""

import msgspec

from ..access import logins, media_epochs, sessions
from ..errors import NotAllowed, NotFound, not_among
from ..events import AccessEnded, AccountChanged
from ..ports import Tx
from ..social import accounts, audit, moderation, staff
from ..social.moderation import Wanted
from ..store import members as rows
from ..types import Account, AccountKind, Session, Span
from . import rooms


class Joining(msgspec.Struct, frozen=True):
    """password_hash "": nobody logs in with a password; a directory vouches for them.

    confirmed: the address is known to be theirs. If not, a link is sent there, and the account may be used afterwards.
    """

    username: str
    email: str
    password_hash: str = ""
    display_name: str = ""
    role: str = ""  # of access/roles.py; who makes the account has checked that they may give it
    locale: str = "en"
    confirmed: bool = True


Person = moderation.Person
STATES = ("active", "pending", "disabled", "suspended", "deactivated")


def state_of(person: Person) -> str:
    """One of STATES."""
    account, user = person
    states = {
        "deactivated": user.deactivated_ms,
        "suspended": account.suspended_ms,
        "disabled": user.disabled,
        "pending": not (user.approved and user.confirmed_ms),
    }
    return next((name for name, on in states.items() if on), "active")


def find(tx: Tx, org_id: int, span: Span, *, words: str = "", role: str | None = None, state: str = "") -> list[Person]:
    """The newest first. words: in the username, the display name or the address; role "": none. Raises Invalid."""
    if state not in ("", *STATES):
        raise not_among("state", STATES, state)
    roles = None if role is None else [role]
    return moderation.find(tx, Wanted(["not_gone", state], roles, words=words.strip()), span, org_id)


def get(tx: Tx, org_id: int, id: int) -> Person:
    """Raises NotFound: absent, of another organisation, or deleted."""
    person = moderation.get(tx, id, org_id)
    if person[1].gone_ms:
        raise NotFound("account", id)
    return person


def join(tx: Tx, org_id: int, wanted: Joining, *, by: int = 0) -> Account:
    """A new member's account. by: who lets them in; 0: a command or a directory.

    Raises InvalidSignUp: what is wrong with the name and the address, or that another member has them.
    """
    made = accounts.SignUp(
        wanted.username,
        wanted.email,
        wanted.password_hash,
        locale=wanted.locale,
        role=wanted.role,
        confirmed=wanted.confirmed,
        display_name=wanted.display_name,
        org_id=org_id,
    )
    account = accounts.create(tx, made)
    audit.note(tx, org_id, by, "join", "account", account.id, account.username, wanted.role)
    return account


def deactivate(tx: Tx, account_id: int, by: int = 0) -> None:
    """The account's owner is no longer a member. May be repeated.

    From now on nobody logs in to it, and whatever was logged in ends: tokens, sessions, app passwords, links, streams.
    Its name, and what it said, stay; rooms that it managed are others'. by: who does it; 0: a command or a directory.

    Raises NotFound; NotAllowed: it is the last owner, or does not stand below who does it.
    """
    account, user = staff.person(tx, account_id)
    if by:
        staff.above(tx, by, user)
    if user.deactivated_ms:
        return
    staff.keep_an_owner(tx, user)
    rows.set_deactivated(tx, account_id, tx.now_ms)
    logins.end_all_access(tx, account_id)
    media_epochs.end_for(tx, account)
    rooms.hand_over(tx, account_id)
    audit.note(tx, user.org_id, by, "deactivate", "account", account_id, account.username)
    tx.emit(AccountChanged(account_id))


def reactivate(tx: Tx, account_id: int, by: int = 0) -> None:
    """The account's owner is a member again, with the role and the password of before. May be repeated.

    Raises NotFound; NotAllowed: the account does not stand below who does it.
    """
    account, user = staff.person(tx, account_id)
    if by:
        staff.above(tx, by, user)
    if not user.deactivated_ms:
        return
    rows.set_deactivated(tx, account_id, 0)
    audit.note(tx, user.org_id, by, "reactivate", "account", account_id, account.username)
    tx.emit(AccountChanged(account_id))


def set_guest(tx: Tx, account_id: int, by: int, *, guest: bool) -> None:
    """Make a member a guest, who sees the rooms that they are in and no more; or a guest a member. May be repeated.

    Open streams close: they show what a member sees. Raises NotFound; NotAllowed: as deactivate(), or a member with a
    role.
    """
    account, user = staff.person(tx, account_id)
    if by:
        staff.above(tx, by, user)
    if guest == (account.kind == AccountKind.GUEST):
        return
    if guest and (user.role or user.compliance_by_id):
        raise NotAllowed("a guest has no role: take it first")
    accounts.set_kind(tx, account_id, AccountKind.GUEST if guest else AccountKind.PERSON)
    if guest:
        media_epochs.end_for(tx, account)
    tx.emit(AccessEnded(account_id, []))
    did = "make guest" if guest else "make member"
    audit.note(tx, user.org_id, by, did, "account", account_id, account.username)


def sessions_of(tx: Tx, org_id: int, by: int, account_id: int) -> list[Session]:
    """Where the member is logged in to pages. Raises NotFound; NotAllowed: the member does not stand below by."""
    _, user = get(tx, org_id, account_id)
    if by != account_id:
        staff.above(tx, by, user)
    return sessions.of_account(tx, account_id)


def end_session(tx: Tx, org_id: int, by: int, account_id: int, session_id: str) -> None:
    """One of those. Raises as sessions_of(); NotFound, too: it has ended."""
    sessions_of(tx, org_id, by, account_id)
    sessions.end_known(tx, account_id, session_id)
    account, _ = get(tx, org_id, account_id)
    audit.note(tx, org_id, by, "end session", "account", account_id, account.username)


def log_out(tx: Tx, org_id: int, by: int, account_id: int) -> None:
    """Whatever the member is logged in with ends. Raises as sessions_of()."""
    sessions_of(tx, org_id, by, account_id)
    logins.end_all_access(tx, account_id)
    account, _ = get(tx, org_id, account_id)
    audit.note(tx, org_id, by, "log out", "account", account_id, account.username)
