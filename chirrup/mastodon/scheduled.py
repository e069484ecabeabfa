"""Scheduled posts. https://docs.joinmastodon.org/methods/scheduled_statuses/"""

from collections.abc import Sequence

import msgspec

from ..access.sites import Site
from ..errors import Invalid
from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.route import Route
from ..ports import Tx
from ..social import drafts
from ..social.drafts import Rules
from ..times import iso, ms_of_text
from ..types import Draft, KeptDraft
from ..wording import N_
from .call import Call
from .entities import Empty, Entity, Id, MediaAttachment
from .render import Renderer


class ScheduledPoll(Entity, kw_only=True):
    options: list[str]
    expires_in: int
    multiple: bool
    hide_totals: bool


class ScheduledParams(Entity, kw_only=True):
    """The parameters of the scheduled post."""

    text: str
    poll: ScheduledPoll | None
    media_ids: list[Id] | None
    sensitive: bool | None
    spoiler_text: str | None
    visibility: str | None
    in_reply_to_id: int | None
    language: str | None
    application_id: int | None
    scheduled_at: None
    idempotency: None
    with_rate_limit: bool
    quoted_status_id: Id | None
    quote_approval_policy: str | None


class ScheduledStatus(Entity, kw_only=True):
    id: Id
    scheduled_at: str
    params: ScheduledParams
    media_attachments: list[MediaAttachment]


def rendered(tx: Tx, render: Renderer, found: Sequence[KeptDraft]) -> list[ScheduledStatus]:
    """In their order. One query."""
    files = attachments(tx, render, found)
    return [
        ScheduledStatus(
            id=str(one.id), scheduled_at=iso(one.due_ms), params=params(one.draft), media_attachments=files[one.id]
        )
        for one in found
    ]


def attachments(tx: Tx, render: Renderer, found: Sequence[KeptDraft]) -> dict[int, list[MediaAttachment]]:
    """draft -> its media, for drafts of one author. One query."""
    files = render.kept_media(tx, {id for one in found for id in one.draft.media_ids})
    return {one.id: [files[id] for id in one.draft.media_ids if id in files] for one in found}


def params(draft: Draft) -> ScheduledParams:
    poll = draft.poll
    return ScheduledParams(
        text=draft.text,
        poll=ScheduledPoll(
            options=poll.options, expires_in=poll.expires_in_s, multiple=poll.multiple, hide_totals=poll.hide_totals
        )
        if poll
        else None,
        media_ids=[str(id) for id in draft.media_ids] or None,
        sensitive=draft.sensitive,
        spoiler_text=draft.summary or None,
        visibility=draft.visibility or None,
        in_reply_to_id=draft.reply_to_id or None,
        language=draft.language or None,
        application_id=draft.app_id or None,
        scheduled_at=None,
        idempotency=None,
        with_rate_limit=False,
        quoted_status_id=str(draft.quote_of_id) if draft.quote_of_id else None,
        quote_approval_policy=draft.quote_policy or None,
    )


def rules_of(site: Site) -> Rules:
    return Rules(site.domain, site.post_chars_max)


def due(scheduled_at: str) -> int:
    """The date in ms. Raises Invalid."""
    try:
        return ms_of_text(scheduled_at)
    except (ValueError, OverflowError) as error:
        why = N_("must be a time like 2030-01-31T12:00:00Z, got {got!r}")
        raise Invalid("scheduled_at", "unreadable", why, got=scheduled_at[:40]) from error


async def schedule(call: Call, draft: Draft, scheduled_at: str) -> ScheduledStatus:
    """The answer of POST /api/v1/statuses with a date."""
    return await call.write(_schedule, call, draft, due(scheduled_at))


def _schedule(tx: Tx, call: Call, draft: Draft, due_ms: int) -> ScheduledStatus:
    one = drafts.keep(tx, call.account_id, draft, due_ms, rules=rules_of(call.site))
    return rendered(tx, call.render, [one])[0]


async def show_many(call: Call, query: PageQuery) -> Page[ScheduledStatus]:
    return await call.read(_page, call, query)


def _page(tx: Tx, call: Call, query: PageQuery) -> Page[ScheduledStatus]:
    span = paging.span(query)
    found = drafts.page(tx, call.account_id, span, scheduled=True)
    return paging.page(rendered(tx, call.render, found), [one.id for one in found], span)


async def show(call: Call, id: int) -> ScheduledStatus:
    return await call.read(_show, call, id)


def _show(tx: Tx, call: Call, id: int) -> ScheduledStatus:
    return rendered(tx, call.render, [drafts.get(tx, call.account_id, id, scheduled=True)])[0]


class NewDate(msgspec.Struct, kw_only=True):
    scheduled_at: str | None = None


async def move(call: Call, id: int, body: NewDate) -> ScheduledStatus:
    """Without a date, changes nothing."""
    return await call.write(_move, call, id, body.scheduled_at)


def _move(tx: Tx, call: Call, id: int, scheduled_at: str | None) -> ScheduledStatus:
    if scheduled_at is not None:
        drafts.move(tx, call.account_id, id, due(scheduled_at), rules=rules_of(call.site))
    return _show(tx, call, id)


async def cancel(call: Call, id: int) -> Empty:
    await call.write(drafts.delete, call.account_id, id, scheduled=True)
    return Empty()


ROUTES = [
    Route("GET", "/api/v1/scheduled_statuses", show_many, "read:statuses"),
    Route("GET", "/api/v1/scheduled_statuses/{id}", show, "read:statuses"),
    Route("PUT", "/api/v1/scheduled_statuses/{id}", move, "write:statuses"),
    Route("DELETE", "/api/v1/scheduled_statuses/{id}", cancel, "write:statuses"),
]
