"""What staff do with accounts. Each act is logged; what limits an account is a strike, which its owner may appeal.

Who may call this at all is checked before: http/route.py. Everybody acts on accounts below their own role only.
"""

import json
from collections.abc import Callable, Collection
from typing import Any

import msgspec

from ..access import emails, logins, media_epochs, roles, visibility
from ..access.roles import Roles
from ..errors import Invalid, NotAllowed, NotFound, not_among, too_long
from ..events import AccountChanged
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import moderation as rows
from ..store import reports as report_rows
from ..types import Account, Post, Report, Span, Strike, User
from . import accounts, audit, bans, leaving, posts, strikes, text

WORDS_CHARS_MAX = 2000
STATUSES = ("active", "pending", "disabled", "silenced", "suspended", "sensitized")
OF_MEMBERS = ("deactivated", "compliance", "not_gone")  # what staff ask for in the list of members


class Wanted(msgspec.Struct, frozen=True):
    """Which accounts to list: all that is given must hold. "" and None: whichever."""

    statuses: Collection[str] = ()  # of STATUSES or OF_MEMBERS
    roles: Collection[str] | None = None
    username: str = ""  # how it begins, in any case
    display_name: str = ""  # likewise
    email: str = ""  # the whole address
    ip: str = ""  # from which it was made
    words: str = ""  # in username, display name or address


Person = tuple[Account, User]


def find(tx: Tx, wanted: Wanted, span: Span, org_id: int = 0) -> list[Person]:
    """Newest first."""
    conditions = [status for status in (*STATUSES, *OF_MEMBERS) if status in wanted.statuses]
    values: dict[str, Any] = {}
    if wanted.words:
        conditions.append("words")
        values["words"] = f"%{wanted.words.lower().replace('!', '!!').replace('%', '!%').replace('_', '!_')}%"
    for name in ("username", "display_name", "email", "ip"):
        if value := getattr(wanted, name):
            conditions.append(name)
            values[name] = value
    if wanted.roles is not None:
        values["roles"] = [str(one) for one in wanted.roles]
    return rows.page(tx, org_id, span, conditions, values)


def get(tx: Tx, id: int, org_id: int = 0) -> Person:
    """Raises NotFound: absent, or of another organisation."""
    found = get_many(tx, [id], org_id)
    if not found:
        raise NotFound("account", id)
    return found[0]


def get_many(tx: Tx, ids: Collection[int], org_id: int = 0) -> list[Person]:
    """Those of ids that are there in the organisation, in their order. Two queries, whatever len(ids)."""
    found, users = account_rows.by_ids(tx, ids), account_rows.users(tx, ids)
    return [(found[id], users[id]) for id in ids if id in found and id in users and found[id].org_id == org_id]


class Decision(msgspec.Struct, frozen=True):
    """What is done with an account. words: why; its owner is told them, where they are told of it."""

    action: str
    words: str = ""
    report_id: int = 0  # that it follows from; 0: none
    mail: bool = False  # tell the owner by mail, too


def act(tx: Tx, actor_id: int, id: int, decision: Decision, *, org_id: int = 0) -> None:
    """Carry out one of ACTIONS: log it, tell the owner by a strike, and resolve what was reported of the account.

    Raises NotFound: the account or the report; NotAllowed: oneself, or whose role is not below one's own; Invalid: no
    such action, too many words.
    """
    if decision.action not in ACTIONS:
        raise not_among("type", ACTIONS, decision.action)
    account, words = _target(tx, actor_id, id, decision.words, org_id)
    report = report_rows.by_ids(tx, [decision.report_id]).get(decision.report_id)
    if decision.report_id and (report is None or report.target_id != id):
        raise NotFound("report", decision.report_id)
    ACTIONS[decision.action](tx, account)
    _decided(tx, actor_id, account, msgspec.structs.replace(decision, words=words), report)
    settled = {decision.report_id} - {0} if decision.action == "none" else set(report_rows.open_about(tx, id))
    for report_id in settled | ({report.id} if report else set()):
        _resolve(tx, actor_id, account, report_id, words)


def act_on_posts(tx: Tx, actor_id: int, post_ids: Collection[int], decision: Decision, *, org_id: int = 0) -> None:
    """Carry out one of POST_ACTIONS on posts of a report: log it, tell their author by a strike, resolve the report.

    Raises as act(); Invalid: none of post_ids is in the report and still there.
    """
    if decision.action not in POST_ACTIONS:
        raise not_among("type", POST_ACTIONS, decision.action)
    report = report_rows.by_ids(tx, [decision.report_id]).get(decision.report_id)
    if report is None or report.org_id != org_id:
        raise NotFound("report", decision.report_id)
    account, words = _target(tx, actor_id, report.target_id, decision.words, org_id)
    chosen = visibility.as_staff(tx, actor_id, set(post_ids) & set(report.posts), org_id).posts
    if not chosen:
        raise Invalid("posts", "blank", "Choose at least one of the posts.")
    for post in chosen.values():
        POST_ACTIONS[decision.action](tx, post)
    told = msgspec.structs.replace(report, post_ids=json.dumps(sorted(chosen)))
    _decided(tx, actor_id, account, msgspec.structs.replace(decision, words=words), told)
    _resolve(tx, actor_id, account, report.id, words)


def _decided(tx: Tx, actor_id: int, account: Account, decision: Decision, report: Report | None) -> None:
    """Log it, and tell the owner. report: with the posts that it is about."""
    audit.note(tx, account.org_id, actor_id, decision.action, "account", account.id, account.username, decision.words)
    strike = strikes.give(tx, actor_id, account, decision.action, decision.words, report)
    if decision.mail:
        emails.warned(tx, account.id, strike.id)


def _resolve(tx: Tx, actor_id: int, account: Account, report_id: int, words: str) -> None:
    if report_rows.resolve(tx, report_id, actor_id):
        audit.note(tx, account.org_id, actor_id, "resolve", "report", report_id, account.username, words)


def undo(tx: Tx, actor_id: int, id: int, action: str, words: str = "", *, org_id: int = 0) -> None:
    """Carry out one of UNDOING and log it. Raises as act(); NotAllowed too: there is nothing to undo."""
    account, words = _target(tx, actor_id, id, words, org_id)
    UNDOING[action](tx, account)
    audit.note(tx, org_id, actor_id, action, "account", id, account.username, words)


def decide_appeal(tx: Tx, actor_id: int, id: int, *, approved: bool, org_id: int = 0) -> Strike:
    """Answer the appeal against a strike; where it is approved, what was decided then is undone.

    Raises NotFound; NotAllowed: no appeal waits, or whose strike it is does not stand below the actor.
    """
    strike = strikes.of_org(tx, org_id, id)
    account, _ = _target(tx, actor_id, strike.target_id, "", org_id)
    decided = strikes.decide(tx, actor_id, id, approved=approved, name=account.username, org_id=org_id)
    undoing = UNDONE_BY.get(strike.action, "") if approved and not leaving.is_gone(tx, account.id) else ""
    if undoing and (undoing != "unsuspend" or account.suspended_ms):  # it may have been brought back before
        UNDOING[undoing](tx, account)
    return decided


def stands_above(known: Roles, role: str, actor_id: int, user: User) -> bool:
    """Whether one of the staff with this role may act on the user at all. known: their organisation's."""
    return user.account_id != actor_id and known.outranks(role, user.role)


def _target(tx: Tx, actor_id: int, id: int, words: str, org_id: int) -> tuple[Account, str]:
    """Whom the actor may act on, and the words without what does not belong into any."""
    words = text.clean(words)
    if len(words) > WORDS_CHARS_MAX:
        raise too_long("text", WORDS_CHARS_MAX, len(words))
    account, user = get(tx, id, org_id)
    if not actor_id:  # a command
        return account, words
    actor = account_rows.user(tx, actor_id)
    if actor is None or not stands_above(roles.find(tx, org_id), actor.role, actor_id, user):
        raise NotAllowed("this is you, or somebody whose role is not below yours")
    return account, words


def _disable(tx: Tx, account: Account) -> None:
    account_rows.set_standing(tx, account.id, disabled=1)
    media_epochs.end_for(tx, account)
    logins.end_all_access(tx, account.id)


def _enable(tx: Tx, account: Account) -> None:
    account_rows.set_standing(tx, account.id, disabled=0)


def _limit(tx: Tx, account: Account, **since_ms: int) -> None:
    account_rows.set_limits(tx, account.id, changed_ms=max(tx.now_ms, account.changed_ms + 1), **since_ms)
    tx.emit(AccountChanged(account.id))


def _silence(tx: Tx, account: Account) -> None:
    _limit(tx, account, silenced_ms=account.silenced_ms or tx.now_ms)


def _unsilence(tx: Tx, account: Account) -> None:
    _limit(tx, account, silenced_ms=0)


def _sensitive(tx: Tx, account: Account) -> None:
    _limit(tx, account, sensitized_ms=account.sensitized_ms or tx.now_ms)


def _unsensitive(tx: Tx, account: Account) -> None:
    _limit(tx, account, sensitized_ms=0)


def _suspend(tx: Tx, account: Account) -> None:
    accounts.suspend(tx, account.id)
    bans.suspended(tx, account.org_id, account.id, accounts.user(tx, account.id).email)
    logins.end_all_access(tx, account.id)


def _unsuspend(tx: Tx, account: Account) -> None:
    if not account.suspended_ms or leaving.is_gone(tx, account.id):
        raise NotAllowed("the account is not suspended, or what it had is deleted")
    accounts.suspend(tx, account.id, suspended=False)
    bans.unsuspended(tx, account.org_id, account.id, accounts.user(tx, account.id).email)


def _approve(tx: Tx, account: Account) -> None:
    if accounts.user(tx, account.id).approved:
        raise NotAllowed("the account does not wait for approval")
    account_rows.set_standing(tx, account.id, approved=1)
    account_rows.let_in(tx, account.id, changed_ms=max(tx.now_ms, account.changed_ms + 1))
    emails.let_in(tx, account.id)
    tx.emit(AccountChanged(account.id))


def _reject(tx: Tx, account: Account) -> None:
    if accounts.user(tx, account.id).approved:
        raise NotAllowed("the account does not wait for approval")
    leaving.forget_sign_up(tx, account)


def _delete(tx: Tx, account: Account) -> None:
    if not account.suspended_ms or leaving.is_gone(tx, account.id):
        raise NotAllowed("only what a suspended account has can be deleted, and once: suspend it first")
    leaving.delete_now(tx, account)


ACTIONS: dict[str, Callable[[Tx, Account], None]] = {
    "none": lambda tx, account: None,  # a warning
    "sensitive": _sensitive,
    "disable": _disable,
    "silence": _silence,
    "suspend": _suspend,
}
POST_ACTIONS: dict[str, Callable[[Tx, Post], None]] = {
    "mark_posts_sensitive": posts.mark_sensitive,
    "delete_posts": posts.remove,
}
UNDOING: dict[str, Callable[[Tx, Account], None]] = {
    "enable": _enable,
    "unsilence": _unsilence,
    "unsensitive": _unsensitive,
    "unsuspend": _unsuspend,
    "approve": _approve,
    "reject": _reject,
    "delete": _delete,
}
UNDONE_BY = {"sensitive": "unsensitive", "disable": "enable", "silence": "unsilence", "suspend": "unsuspend"}
