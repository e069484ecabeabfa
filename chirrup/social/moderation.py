"""What administrators do with accounts. Each act is logged. None can act on themselves or another administrator.

Callers must have checked that the actor is an administrator: http/route.py.
"""

from collections.abc import Callable, Collection

import msgspec

from ..access import logins
from ..errors import NotAllowed, NotFound, not_among, too_long
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import moderation as rows
from ..types import Account, Role, Span, User
from . import accounts, text

WORDS_CHARS_MAX = 2000
STATUSES = ("active", "pending", "disabled", "suspended")


class Wanted(msgspec.Struct, frozen=True):
    """Conditions for a list of accounts; all must hold. "" and (): any."""

    statuses: Collection[str] = ()  # of STATUSES
    role: Role | None = None
    username: str = ""  # its beginning, in any case
    display_name: str = ""  # its beginning, in any case
    email: str = ""  # the whole address


Person = tuple[Account, User]


def find(tx: Tx, wanted: Wanted, span: Span, org_id: int = 0) -> list[Person]:
    """Newest first."""
    conditions = [status for status in STATUSES if status in wanted.statuses]
    if wanted.role is not None:
        conditions.append("staff" if wanted.role == Role.ADMIN else "people")
    texts = {"username": wanted.username, "display_name": wanted.display_name, "email": wanted.email}
    return rows.page(tx, org_id, span, conditions, {name: value for name, value in texts.items() if value})


def get(tx: Tx, id: int, org_id: int = 0) -> Person:
    """Raises NotFound: absent, or of another organisation."""
    account, user = account_rows.by_id(tx, id), account_rows.user(tx, id)
    if account is None or user is None or account.org_id != org_id:
        raise NotFound("account", id)
    return account, user


def act(tx: Tx, actor_id: int, id: int, action: str, words: str = "", *, org_id: int = 0) -> None:
    """Take one of ACTIONS; words: why, for the log.

    Raises NotFound; Forbidden: oneself, an administrator, or nothing to undo; Invalid: no such action, too many words.
    """
    if action not in ACTIONS:
        raise not_among("type", ACTIONS, action)
    words = text.clean(words)
    if len(words) > WORDS_CHARS_MAX:
        raise too_long("text", WORDS_CHARS_MAX, len(words))
    account, user = get(tx, id, org_id)
    if id == actor_id or user.role != Role.USER:
        raise NotAllowed("an account cannot act on itself or on another administrator")
    ACTIONS[action](tx, account)
    rows.log(tx, actor_id=actor_id, target_id=id, action=action, words=words)


def _disable(tx: Tx, account: Account) -> None:
    account_rows.set_standing(tx, account.id, disabled=1)
    logins.end_all_access(tx, account.id)


def _enable(tx: Tx, account: Account) -> None:
    account_rows.set_standing(tx, account.id, disabled=0)


def _suspend(tx: Tx, account: Account) -> None:
    accounts.suspend(tx, account.id)
    logins.end_all_access(tx, account.id)


def _unsuspend(tx: Tx, account: Account) -> None:
    if not account.suspended_ms:
        raise NotAllowed("the account is not suspended")
    accounts.suspend(tx, account.id, suspended=False)


ACTIONS: dict[str, Callable[[Tx, Account], None]] = {
    "none": lambda tx, account: None,  # a note in the log
    "disable": _disable,
    "suspend": _suspend,
    "enable": _enable,
    "unsuspend": _unsuspend,
}
