"""Reports and strikes as those are told of them whom they concern."""

from ..times import iso, iso_or_none
from ..types import Report, Strike
from . import entities
from .render_accounts import Json

# How Mastodon calls what strikes do with posts.
ACTIONS = {"mark_posts_sensitive": "mark_statuses_as_sensitive", "delete_posts": "delete_statuses"}


def own_report(one: Report, target: Json) -> entities.Report:
    """As who made it sees it, and who of the staff is told of it."""
    return entities.Report(
        id=str(one.id),
        action_taken=bool(one.resolved_ms),
        action_taken_at=iso_or_none(one.resolved_ms),
        category=one.category,
        comment=one.comment,
        forwarded=False,
        created_at=iso(one.created_ms),
        status_ids=[str(id) for id in one.posts],
        collection_ids=[str(id) for id in one.collections],
        rule_ids=[str(id) for id in one.rules] or None,
        target_account=target,
    )


def warning(one: Strike, target: Json) -> entities.AccountWarning:
    return entities.AccountWarning(
        id=str(one.id),
        action=ACTIONS.get(one.action, one.action),
        text=one.words,
        status_ids=[str(id) for id in one.posts],
        target_account=target,
        appeal=entities.Appeal(text=one.appeal, state=one.appeal_state) if one.appeal_state else None,
        created_at=iso(one.created_ms),
    )
