"""Whether an e-mail address is of a domain that is proved to be the organisation's. See orgs/domains.py."""

from ..errors import Invalid
from ..ports import Tx
from ..store import domains as rows
from ..types import Domain, User
from . import emails


def of_email(email: str) -> str:
    """The domain of an address, in its normal form; "": it has none."""
    name = emails.key_of(email).rpartition("@")[2].removesuffix(".")
    try:
        return name.encode("idna").decode() if name and not name.isascii() else name
    except UnicodeError:
        return ""


def proved(tx: Tx, org_id: int, email: str) -> Domain | None:
    """The domain of the address, if it is proved to be the organisation's. One query."""
    name = of_email(email)
    found = rows.of(tx, [name]) if name and name.isprintable() else []
    return next((one for one in found if one.org_id == org_id and one.verified_ms), None)


def has_say(tx: Tx, org_id: int, user: User) -> bool:
    """Whether the organisation's directory decides who logs in to the account, by its address.

    Over accounts that had the address before the domain was proved it does so 14 days later: their owners are told.
    """
    one = proved(tx, org_id, user.email)
    return one is not None and (user.confirmed_ms > one.verified_ms or tx.now_ms >= one.rights_ms)


def check(tx: Tx, org_id: int, email: str) -> None:
    """Raises Invalid: the address is of no such domain."""
    if proved(tx, org_id, email) is None:
        raise Invalid("email", "domain", "must be one that you have from this organisation")
