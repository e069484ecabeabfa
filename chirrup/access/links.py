"""Links in mails. Each works once, for a limited time, and only while the account still has that address.

One transaction makes a link and another follows it, from a page or a command.
"""

import msgspec

from ..errors import Invalid
from ..ids import text_key
from ..ports import Tx
from ..store import accounts
from ..store import sessions as rows
from . import secret

RESET, CONFIRM = "reset", "confirm"
LIFE_MS = {RESET: 60 * 60 * 1000, CONFIRM: 2 * 24 * 60 * 60 * 1000}


class Link(msgspec.Struct, frozen=True):
    """The content of a mail. secret goes into the link and nowhere else."""

    account_id: int
    email: str
    secret: str


def ask_reset(tx: Tx, email: str, org_id: int = 0) -> Link | None:
    """A link that sets a new password, for the one account with this address, in its normal form.

    None when no account has it: answer the same way, in the same time.
    """
    account_id = (
        accounts.id_by_email(tx, text_key(org_id, email)) if email.isprintable() else 0
    )  # PostgreSQL takes no NUL
    user = accounts.user(tx, account_id) if account_id else None
    return _link(tx, account_id, user.email, RESET) if user else None


def ask_confirmation(tx: Tx, account_id: int) -> Link | None:
    """A link that confirms the account's address. None when it is confirmed already."""
    user = accounts.user(tx, account_id)
    return _link(tx, account_id, user.email, CONFIRM) if user and not user.confirmed_ms else None


def _link(tx: Tx, account_id: int, email: str, purpose: str) -> Link:
    rows.delete_links_of_account(tx, account_id, purpose)  # only the newest link works
    text = secret.new(account_id)
    rows.insert_link(
        tx, secret.digest(text), account_id, purpose=purpose, email=email, expires_ms=tx.now_ms + LIFE_MS[purpose]
    )
    return Link(account_id, email, text)


def owner(tx: Tx, text: str, purpose: str) -> int:
    """The account of a link, which stays unused; 0 when it does not work. For the form for a new password."""
    return rows.link(tx, *secret.locate(text), purpose)


def follow(tx: Tx, text: str, purpose: str) -> int:
    """Use the link, return its account. Raises Invalid: used before, expired, unknown, or the address has changed."""
    bucket, id = secret.locate(text)
    account_id = rows.link(tx, bucket, id, purpose)
    if not account_id or not rows.delete_link(tx, bucket, id):
        raise Invalid("token", "unknown", "This link no longer works. Ask for a new one.")
    return account_id


def confirm(tx: Tx, text: str) -> int:
    """Confirm the address with a link and return its account. Raises as follow()."""
    account_id = follow(tx, text, CONFIRM)
    rows.confirm(tx, account_id)
    return account_id
