"""Reports: an account tells staff of another. Rows are in store/reports.py.

Nothing is sent to other servers: `forward`, which clients may ask for, changes nothing, and the answer says so.
"""

import json
from collections.abc import Collection

from ..access import visibility
from ..access.roles import Permission
from ..errors import Invalid, NotAllowed, NotFound, not_among, too_long, too_many
from ..events import Reported
from ..ids import bucket_of
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import reports as rows
from ..types import Report, Span
from . import accounts, audit, collections, staff, text

CATEGORIES = ("spam", "legal", "violation", "other")
COMMENT_CHARS_MAX = 1000  # Mastodon's
POSTS_MAX = 200


def file(
    tx: Tx,
    account_id: int,
    target_id: int,
    *,
    comment: str = "",
    category: str = "",
    post_ids: Collection[int] = (),
    collection_ids: Collection[int] = (),
    rule_ids: Collection[int] = (),
    rules: Collection[int] = (),
) -> Report:
    """Write a report down, and have staff told. rules: the ids of those that the site has.

    Of post_ids and collection_ids those are kept that are the target's and account_id can see. Rules make it a
    violation. Raises NotFound: no such account; Invalid: the comment, the category, the rules, too many posts.
    """
    comment = text.clean(comment)
    if len(comment) > COMMENT_CHARS_MAX:
        raise too_long("comment", COMMENT_CHARS_MAX, len(comment))
    if len(post_ids) > POSTS_MAX:
        raise too_many("status_ids", POSTS_MAX, len(post_ids))
    if len(collection_ids) > POSTS_MAX:
        raise too_many("collection_ids", POSTS_MAX, len(collection_ids))
    category, broken = _classified(category, rule_ids, rules)
    target = accounts.get(tx, account_id, target_id)
    seen = visibility.see(tx, account_id, post_ids).posts if post_ids else {}
    recommended = collections.seen(tx, account_id, collection_ids) if collection_ids else {}
    report = Report(
        id=tx.new_id(bucket_of(target_id)),
        org_id=target.org_id,
        account_id=account_id,
        target_id=target_id,
        category=category,
        comment=comment,
        post_ids=json.dumps(sorted(id for id, post in seen.items() if post.author_id == target_id)),
        rule_ids=json.dumps(broken),
        assigned_id=0,
        resolved_ms=0,
        resolved_by_id=0,
        changed_ms=tx.now_ms,
        collection_ids=json.dumps(sorted(id for id, one in recommended.items() if one.account_id == target_id)),
    )
    rows.insert(tx, report)
    tx.emit(Reported(account_id, report.id))
    return report


def _classified(category: str, rule_ids: Collection[int], rules: Collection[int]) -> tuple[str, list[int]]:
    """(the category, the rules that were broken). Raises Invalid."""
    category = "violation" if rule_ids else category or "other"
    if category not in CATEGORIES:
        raise not_among("category", CATEGORIES, category)
    broken = sorted(set(rule_ids))
    if category == "violation" and (not broken or not set(broken) <= set(rules)):
        raise Invalid("rule_ids", "unknown", "does not reference valid rules")
    return category, broken


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Report]:
    """For who has asked whether the viewer may see them. One query."""
    return rows.by_ids(tx, ids)


def page(
    tx: Tx,
    org_id: int,
    span: Span,
    *,
    resolved: bool = False,
    account_id: int = 0,
    target_id: int = 0,
    assigned_id: int = 0,
) -> list[Report]:
    """Those of the organisation that are open, or resolved; newest first. account_id, target_id, assigned_id: by, of,
    and taken care of by whom."""
    asked = ["resolved" if resolved else "open"]
    asked += ["from"] if account_id else []
    asked += ["about"] if target_id else []
    asked += ["assigned"] if assigned_id else []
    return rows.page(tx, org_id, span, asked, account=account_id, target=target_id, assigned=assigned_id)


def get(tx: Tx, org_id: int, id: int) -> Report:
    """Raises NotFound: absent, or of another organisation."""
    report = rows.by_ids(tx, [id]).get(id)
    if report is None or report.org_id != org_id:
        raise NotFound("report", id)
    return report


def _to_decide(tx: Tx, actor_id: int, id: int, org_id: int) -> Report:
    """A report on which actor_id may act: who is reported leaves it to others, where there are any.

    Raises NotFound, NotAllowed.
    """
    report = get(tx, org_id, id)
    if report.target_id == actor_id and set(staff.who_may(tx, org_id, Permission.MANAGE_REPORTS)) - {actor_id}:
        raise NotAllowed("this report is about you: others decide on it")
    return report


def classify(
    tx: Tx,
    actor_id: int,
    id: int,
    category: str,
    rule_ids: Collection[int] | None,
    *,
    rules: Collection[int],
    org_id: int = 0,
) -> Report:
    """Another category ("": as it is), other rules (None: as they are). Raises NotFound, NotAllowed, Invalid."""
    report = _to_decide(tx, actor_id, id, org_id)
    wanted = category or report.category
    broken = report.rules if rule_ids is None else rule_ids
    if rule_ids is None and category not in ("", "violation"):
        broken = []  # they belong to a violation
    rows.classify(tx, id, *_classified(wanted, broken, {*rules, *report.rules}))
    return _noted(tx, actor_id, report, "classify")


def assign(tx: Tx, actor_id: int, id: int, to_id: int, org_id: int = 0) -> Report:
    """To one of the staff, who takes care of it; to_id 0: to nobody. Raises NotFound, NotAllowed."""
    report = _to_decide(tx, actor_id, id, org_id)
    if report.assigned_id == to_id:
        return report
    rows.assign(tx, id, to_id)
    return _noted(tx, actor_id, report, "assign" if to_id else "unassign")


def resolve(tx: Tx, actor_id: int, id: int, org_id: int = 0) -> Report:
    """Harmless when repeated. Raises NotFound, NotAllowed."""
    report = _to_decide(tx, actor_id, id, org_id)
    return _noted(tx, actor_id, report, "resolve") if rows.resolve(tx, id, actor_id) else report


def reopen(tx: Tx, actor_id: int, id: int, org_id: int = 0) -> Report:
    """Harmless when repeated. Raises NotFound, NotAllowed."""
    report = _to_decide(tx, actor_id, id, org_id)
    return _noted(tx, actor_id, report, "reopen") if rows.reopen(tx, id) else report


def _noted(tx: Tx, actor_id: int, report: Report, action: str) -> Report:
    target = account_rows.by_id(tx, report.target_id)
    name = target.username if target else ""
    audit.note(tx, report.org_id, actor_id, action, "report", report.id, name)
    return get(tx, report.org_id, report.id)
