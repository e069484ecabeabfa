"""Members: who joins an organisation, stops being a member, and comes back. The server's own network has members, too.

A member is an account with a user; nothing else says so (docs/decisions/0064-members-and-roles.md). What is here is for
whoever looks after them: people with MANAGE_USERS, invitations, directories.
"""

import msgspec

from ..access import logins
from ..events import AccountChanged
from ..ports import Tx
from ..social import accounts, audit, staff
from ..store import accounts as rows
from ..types import Account


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
    Its name, and what it said, stay. by: who does it; 0: a command or a directory.

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
