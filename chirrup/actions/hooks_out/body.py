"""What is sent, as it is now for the hook's owner: who may see a post is asked of the oracle at each attempt."""

from typing import Any

import msgspec

from ...access import roles, sites, visibility
from ...access.roles import Permission
from ...access.sites import Site
from ...config import Settings
from ...errors import NotFound
from ...ports import Tx
from ...social import accounts
from ...store import accounts as account_rows
from ...store import follows as follow_rows
from ...times import iso, iso_or_none
from ...types import Account, Delivery, HookOut, Post
from .kinds import DELETED, EDITED, PUBLISHED, TEST


class OwnerGone(NotFound):
    """Whoever the hook is of may have none any more."""


def make(tx: Tx, settings: Settings, hook: HookOut, one: Delivery) -> str | None:
    """JSON. None: the owner may not see it (any more). Raises OwnerGone."""
    site = sites.at(tx, settings, hook.org_id)
    _check_owner(tx, hook)
    data = _data(tx, site, hook, one)
    if data is None:
        return None
    body = {"type": one.kind, "timestamp": iso(one.id >> 16), "data": data}
    return msgspec.json.encode(body).decode()


def _check_owner(tx: Tx, hook: HookOut) -> None:
    account, user = account_rows.by_id(tx, hook.owner_id), account_rows.user(tx, hook.owner_id)
    if account is None or user is None or account.suspended_ms or user.disabled or user.deactivated_ms or user.gone_ms:
        raise OwnerGone("account", hook.owner_id)
    if not roles.find(tx, hook.org_id).may(user.role, Permission.MANAGE_WEBHOOKS):
        raise OwnerGone("account", hook.owner_id)


def _data(tx: Tx, site: Site, hook: HookOut, one: Delivery) -> dict[str, Any] | None:
    if one.kind == TEST:
        return {"text": "This is a test. Nothing has happened.", "hook": hook.name}
    room = _room(tx, hook)
    if hook.room_id and room is None:
        return None
    shown = {"room": _account(site, room)} if room else {}
    if one.kind == DELETED:
        return {"post": {"id": str(one.post_id)}, **shown}
    if one.kind in (PUBLISHED, EDITED):
        post = visibility.see_one(tx, hook.owner_id, one.post_id)
        author = account_rows.by_id(tx, post.author_id) if post else None
        return {"post": _post(site, post, author), **shown} if post and author and _fits(hook, post) else None
    account = accounts.of_one_organisation(tx, hook.owner_id, [one.account_id]).get(one.account_id)
    return {"account": _account(site, account), **shown} if account and not account.suspended_ms else None


def _fits(hook: HookOut, post: Post) -> bool:
    """Of the hook's room, or what everybody may see: never what was said to some only."""
    return post.audience_id == hook.room_id if hook.room_id else post.visibility in visibility.OPEN


def _room(tx: Tx, hook: HookOut) -> Account | None:
    """None: there is none, or the owner is not in it any more, where it is closed."""
    room = account_rows.by_id(tx, hook.room_id) if hook.room_id else None
    if room is None or room.suspended_ms or room.org_id != hook.org_id:
        return None
    return room if not room.locked or follow_rows.get(tx, hook.owner_id, room.id) else None


def _account(site: Site, account: Account) -> dict[str, Any]:
    return {
        "id": str(account.id),
        "username": account.username,
        "display_name": account.display_name,
        "url": f"{site.base_url}/@{account.acct}",
        "bot": bool(account.bot),
    }


def _post(site: Site, post: Post, author: Account) -> dict[str, Any]:
    return {
        "id": str(post.id),
        "url": f"{site.base_url}/@{author.acct}/{post.id}",
        "text": post.text,
        "summary": post.summary,
        "visibility": post.visibility,
        "language": post.language or None,
        "created_at": iso(post.created_ms),
        "edited_at": iso_or_none(post.edited_ms),
        "in_reply_to_id": str(post.reply_to_id) if post.reply_to_id else None,
        "tags": post.tag_names,
        "account": _account(site, author),
    }
