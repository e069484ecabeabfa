"""Drafts: an API of Chirrup's own, with the parameters that Mastodon's clients use for a post.

A draft has the parameters of POST /api/v1/statuses, until its author publishes it or gives it a date (scheduled.py). It
may be longer than a post, and unfinished. To replace a draft, a client names the version that it has seen.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from ..errors import Invalid
from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.problems import in_language
from ..http.route import Route
from ..ports import Tx
from ..social import drafts
from ..social.drafts import Outdated
from ..times import iso, iso_or_none
from ..types import Draft, KeptDraft
from . import scheduled, statuses
from .call import Call, Reply
from .entities import Empty, Entity, Id, MediaAttachment, Status
from .problems import message
from .scheduled import ScheduledParams, rules_of
from .statuses import NewStatus


class DraftEntity(Entity, kw_only=True):
    id: Id
    version: int
    updated_at: str
    scheduled_at: str | None
    problem: str | None  # why it could not be published when its date came
    params: ScheduledParams
    media_attachments: list[MediaAttachment]


def _rendered(tx: Tx, call: Call, found: Sequence[KeptDraft]) -> list[DraftEntity]:
    files = scheduled.attachments(tx, call.render, found)
    return [
        DraftEntity(
            id=str(one.id),
            version=one.version,
            updated_at=iso(one.changed_ms),
            scheduled_at=iso_or_none(one.due_ms),
            problem=one.problem or None,
            params=scheduled.params(one.draft),
            media_attachments=files[one.id],
        )
        for one in found
    ]


async def show_many(call: Call, query: PageQuery) -> Page[DraftEntity]:
    """Drafts without a date, newest first."""
    return await call.read(_page, call, query)


def _page(tx: Tx, call: Call, query: PageQuery) -> Page[DraftEntity]:
    span = paging.span(query)
    found = drafts.page(tx, call.account_id, span, scheduled=False)
    return paging.page(_rendered(tx, call, found), [one.id for one in found], span)


async def show(call: Call, id: int) -> DraftEntity:
    return await call.read(_show, call, id)


def _show(tx: Tx, call: Call, id: int) -> DraftEntity:
    return _rendered(tx, call, [drafts.get(tx, call.account_id, id)])[0]


async def create(call: Call, body: NewStatus) -> DraftEntity:
    key = call.headers.get("idempotency-key", "")[:255]
    return await call.write(_keep, call, body.to_draft(app_id=call.viewer.app_id, key=key), _due(body))


class ChangedDraft(NewStatus, kw_only=True):
    version: int = 0


async def replace(call: Call, id: int, body: ChangedDraft) -> DraftEntity:
    """With a date it becomes a scheduled post. 409 with both texts if it has another version."""
    if not body.version:
        raise Invalid("version", "blank", "must be the one of the draft that is replaced")
    draft = body.to_draft(app_id=call.viewer.app_id)
    try:
        return await call.write(_keep, call, draft, _due(body), id=id, version=body.version)
    except Outdated as error:
        return await _both(call, error, draft)


def _due(body: NewStatus) -> int:
    return scheduled.due(body.scheduled_at) if body.scheduled_at else 0


def _keep(tx: Tx, call: Call, draft: Draft, due_ms: int, *, id: int = 0, version: int = 0) -> DraftEntity:
    rules = rules_of(call.site)
    one = drafts.keep(tx, call.account_id, draft, due_ms, rules=rules, id=id, version=version)
    return _rendered(tx, call, [one])[0]


async def _both(call: Call, error: Outdated, draft: Draft | None) -> Any:
    """A 409 with the stored draft and the one that was sent."""
    (current,) = await call.read(_rendered, call, [error.current])
    yours = scheduled.params(draft) if draft else None
    body = {"error": message(error, call.language), "current": current, "yours": yours}
    return Reply(body, 409, in_language(call.language))


async def delete(call: Call, id: int) -> Empty:
    await call.write(drafts.delete, call.account_id, id)
    return Empty()


class Seen(msgspec.Struct, kw_only=True):
    version: int = 0


async def publish(call: Call, id: int, body: Seen) -> Status:
    """Publish it now. 409 if it has another version than the one named."""
    rules = rules_of(call.site)
    try:
        post = await call.write(drafts.publish, call.account_id, id, rules=rules, version=body.version)
    except Outdated as error:
        return await _both(call, error, None)
    return await statuses.show(call, post.id)


DRAFTS = "/api/chirrup/v1/drafts"
ROUTES = [
    Route("GET", DRAFTS, show_many, "read:statuses"),
    Route("POST", DRAFTS, create, "write:statuses"),
    Route("GET", f"{DRAFTS}/{{id}}", show, "read:statuses"),
    Route("PUT", f"{DRAFTS}/{{id}}", replace, "write:statuses"),
    Route("DELETE", f"{DRAFTS}/{{id}}", delete, "write:statuses"),
    Route("POST", f"{DRAFTS}/{{id}}/publish", publish, "write:statuses"),
]
