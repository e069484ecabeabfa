"""Links sent by mail: each works once, for a while, and only as long as nothing has changed that it was for.

Made by the job that sends it (mail/outbound.py), so that a link whose mail had to wait is as good as another. Followed
from a page or by a command. A new password, and another address, end all links of the account.
"""

import msgspec

from ..errors import Invalid
from ..ports import Tx
from ..store import accounts
from ..store import sessions as rows
from ..types import User
from . import emails, secret

RESET, CONFIRM, CHANGE = "reset", "confirm", "change"  # of the password; of the address; to another address
LIFE_MS = {RESET: 60 * 60 * 1000, CONFIRM: 2 * 24 * 60 * 60 * 1000, CHANGE: 24 * 60 * 60 * 1000}


class Link(msgspec.Struct, frozen=True):
    """The content of a mail. secret goes into the link and nowhere else."""

    account_id: int
    email: str
    secret: str


def ask_reset(tx: Tx, email: str, org_id: int = 0) -> Link | None:
    """A link to set a new password, for the account with this address (normal form) in its organisation.

    It goes to the address as the account has it, never to what was typed. None when nobody has it, or its owner is
    deactivated.
    """
    account_id = emails.owner_id(tx, email, org_id) if email.isprintable() else 0  # PostgreSQL accepts no NUL
    user = _one_at_a_time(tx, account_id) if account_id else None
    return _link(tx, account_id, user.email, RESET) if user and not user.deactivated_ms else None


def ask_confirmation(tx: Tx, account_id: int) -> Link | None:
    """A link that confirms the account's address. None when it is confirmed already."""
    user = _one_at_a_time(tx, account_id)
    return _link(tx, account_id, user.email, CONFIRM) if user and not user.confirmed_ms else None


def ask_change(tx: Tx, account_id: int, email: str, under: str) -> Link | None:
    """A link that makes email the account's address. under: emails.mark_of() the password with which it was asked for.

    None: it is so already, the password is another by now, or there is no such account.
    """
    user = _one_at_a_time(tx, account_id)
    if user is None or emails.mark_of(user.password_hash) != under or emails.key_of(user.email) == emails.key_of(email):
        return None
    return _link(tx, account_id, email, CHANGE)


def _one_at_a_time(tx: Tx, account_id: int) -> User | None:
    """The user. Until this transaction ends, no other one makes, follows or ends links of the account."""
    return accounts.user(tx, account_id, in_turn=True)


def _link(tx: Tx, account_id: int, email: str, purpose: str) -> Link:
    rows.delete_links_of_account(tx, account_id, purpose)  # only the newest link works
    text = secret.new(account_id)
    rows.insert_link(
        tx, secret.digest(text), account_id, purpose=purpose, email=email, expires_ms=tx.now_ms + LIFE_MS[purpose]
    )
    return Link(account_id, email, text)


def find(tx: Tx, text: str, *purposes: str, org_id: int = 0) -> Link | None:
    """The link, without using it. For the page that it leads to.

    None when it is dead: used, expired, for something else, of another organisation, or sent to an address that the
    account has no more.
    """
    found = rows.link(tx, *secret.locate(text))
    if found is None or found.purpose not in purposes or found.org_id != org_id:
        return None
    return Link(found.account_id, found.email, text)


def follow(tx: Tx, text: str, *purposes: str, org_id: int = 0) -> Link:
    """Use the link up. Raises Invalid: it is dead, as find() says."""
    link = find(tx, text, *purposes, org_id=org_id)
    if link:
        _one_at_a_time(tx, link.account_id)
    if link is None or not rows.delete_link(tx, *secret.locate(text)):
        raise Invalid("token", "unknown", "This link no longer works. Ask for a new one.")
    return link


def confirm(tx: Tx, text: str, org_id: int = 0) -> int:
    """The account has the address that the link went to, and has shown it; the account. Its owner hears of a change.

    Raises as follow(), Invalid: the address has become another account's meanwhile.
    """
    link = follow(tx, text, CONFIRM, CHANGE, org_id=org_id)
    user = accounts.user(tx, link.account_id)
    assert user
    if not emails.claim(tx, link.email, link.account_id, org_id):
        raise Invalid("email", "taken", "This address is another account's by now.")
    if emails.key_of(link.email) != emails.key_of(user.email):
        emails.release(tx, user.email, link.account_id, org_id)
        accounts.set_email(tx, link.account_id, link.email)
        rows.delete_links_of_account(tx, link.account_id)
        if user.confirmed_ms:
            emails.changed(tx, link.account_id, user.email)
    rows.confirm(tx, link.account_id)
    return link.account_id
