"""Posts and marks. https://docs.joinmastodon.org/methods/statuses/"""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import msgspec

from ..access import limits
from ..http import paging
from ..http.forms import Id
from ..http.paging import Page, PageQuery
from ..http.route import ANYONE, Route
from ..ports import Tx
from ..social import media, posts, quotes, reactions, reactors, threads
from ..types import Draft, PollDraft, Post, Span
from . import hidden, scheduled
from .call import Call
from .entities import Account, Context, DeletedStatus, Status, StatusEdit, StatusSource
from .render_accounts import Json
from .scheduled import ScheduledStatus

P = ParamSpec("P")


class NewPoll(msgspec.Struct, kw_only=True):
    options: list[str] = []
    expires_in: int = 0
    multiple: bool = False
    hide_totals: bool = False

    @property
    def chosen(self) -> list[str]:
        """The options that are not empty: forms send empty fields too."""
        return [option for option in self.options if option.strip()]


class MediaAttributes(msgspec.Struct, kw_only=True):
    id: Id
    description: str | None = None
    focus: str | None = None


class NewStatus(msgspec.Struct, kw_only=True):
    status: str | None = None
    spoiler_text: str | None = None
    visibility: str | None = None
    sensitive: bool | None = None
    language: str | None = None
    in_reply_to_id: Id | None = None
    media_ids: list[Id] | None = None
    poll: NewPoll | None = None
    allowed_mentions: list[Id] | None = None
    quoted_status_id: Id | None = None
    quote_approval_policy: str | None = None
    scheduled_at: str | None = None
    media_attributes: list[MediaAttributes] = []  # for edits only

    def to_draft(self, *, app_id: int = 0, key: str = "") -> Draft:
        poll = self.poll
        return Draft(
            text=self.status or "",
            summary=self.spoiler_text or "",
            visibility=self.visibility or "",
            sensitive=self.sensitive,
            language=self.language or "",
            reply_to_id=self.in_reply_to_id or 0,
            media_ids=tuple(self.media_ids or ()),
            poll=PollDraft(poll.chosen, poll.expires_in, poll.multiple, poll.hide_totals) if poll else None,
            app_id=app_id,
            allowed_mentions=None if self.allowed_mentions is None else tuple(self.allowed_mentions),
            idempotency_key=key,
            quote_of_id=self.quoted_status_id or 0,
            quote_policy=self.quote_approval_policy or "",
        )


async def create(call: Call, body: NewStatus) -> Status | ScheduledStatus:
    draft = body.to_draft(app_id=call.viewer.app_id, key=call.headers.get("idempotency-key", "")[:255])
    if body.scheduled_at:
        return await scheduled.schedule(call, draft, body.scheduled_at)
    post = await call.write(
        posts.publish,
        call.account_id,
        draft,
        domain=call.site.domain,
        chars_max=call.site.post_chars_max,
    )
    return await _shown(call, post.id)


async def edit(call: Call, id: int, body: NewStatus) -> Status:
    await call.write(_edit, call, id, body)
    return await _shown(call, id)


def _edit(tx: Tx, call: Call, id: int, body: NewStatus) -> None:
    posts.edit(
        tx,
        call.account_id,
        id,
        body.to_draft(),
        domain=call.site.domain,
        chars_max=call.site.post_chars_max,
        media_changes={
            one.id: media.Change(description=one.description, focus=one.focus) for one in body.media_attributes
        },
    )


class DeleteQuery(msgspec.Struct, kw_only=True):
    delete_media: bool = False


async def delete(call: Call, id: int, query: DeleteQuery) -> DeletedStatus:
    """The deleted post with its source text, so that clients can post it again. Its media are kept for a day."""
    status, text = await call.read(_with_text, call, id)
    deleted = await call.write(posts.delete, call.account_id, id, keep_media=not query.delete_media)
    if deleted.media and not query.delete_media:
        # with addresses that work after the deletion
        status["media_attachments"] = await call.read(call.render.own_media, call.account_id, deleted.media)
    return status | {"text": text}


def _with_text(tx: Tx, call: Call, id: int) -> tuple[Any, str]:
    post = posts.own_or_boost(tx, call.account_id, id)
    return msgspec.json.decode(hidden.or_status(tx, call, post)), post.text


async def show(call: Call, id: int) -> Status:
    return await _shown(call, id)


class ManyQuery(msgspec.Struct, kw_only=True):
    id: list[Id] = []


async def show_many(call: Call, query: ManyQuery) -> list[Status]:
    return await call.read(call.render.statuses, call.viewer_id, query.id[:40])


async def context(call: Call, id: int) -> Context:
    return await call.read(_context, call, id)


def _context(tx: Tx, call: Call, id: int) -> Any:
    """If it is too large, the posts farthest above and the oldest replies are left out."""
    thread = threads.context(tx, call.viewer_id, id)
    found = call.render.statuses_by_id(tx, call.viewer_id, [*thread.above, *thread.below])
    sizes = {id: len(bytes(shown)) for id, shown in found.items()}
    above = paging.fitting(reversed(thread.above), sizes, paging.ANSWER_BYTES_MAX // 2)
    room = paging.ANSWER_BYTES_MAX - sum(sizes[i] for i in above)
    below = paging.fitting(sorted(thread.below, reverse=True), sizes, room)
    return {
        "ancestors": [found[i] for i in thread.above if i in above],
        "descendants": [found[i] for i in thread.below if i in below],
    }


async def source(call: Call, id: int) -> StatusSource:
    post = await call.read(posts.own, call.account_id, id)
    return StatusSource(id=str(id), text=post.text, spoiler_text=post.summary)


async def history(call: Call, id: int) -> list[StatusEdit]:
    """The first version and the newest ones."""
    edits = await call.read(call.render.edits, call.viewer_id, id)
    sizes = {n: len(msgspec.json.encode(edit)) for n, edit in enumerate(edits)}
    shown = paging.fitting([0, *range(len(edits) - 1, 0, -1)], sizes, paging.ANSWER_BYTES_MAX)
    return [edit for n, edit in enumerate(edits) if n in shown]


async def favourited_by(call: Call, id: int, query: PageQuery) -> Page[Account]:
    return await _marked_by(call, reactors.favourited_by, id, query)


async def reblogged_by(call: Call, id: int, query: PageQuery) -> Page[Account]:
    return await _marked_by(call, reactors.boosted_by, id, query)


async def _marked_by(call: Call, who: Callable[[Tx, int, int, Span], reactors.Found], id: int, query: PageQuery) -> Any:
    span = paging.span(query, default=40, most=80)

    def operation(tx: Tx) -> Page[Any]:
        found = who(tx, call.viewer_id, id, span)
        return paging.filled(call.render.accounts(tx, [account for _, account in found.items]), found, span)

    return await call.read(operation)


async def favourite(call: Call, id: int) -> Status:
    return await _react(call, reactions.favourite, id)


async def unfavourite(call: Call, id: int) -> Status:
    return await _take_back(call, reactions.unfavourite, id)


class Reblog(msgspec.Struct, kw_only=True):
    visibility: str | None = None


async def reblog(call: Call, id: int, body: Reblog) -> Status:
    return await _react(call, reactions.boost, id, visibility=body.visibility or "")


async def unreblog(call: Call, id: int) -> Status:
    return await _take_back(call, reactions.unboost, id)


async def bookmark(call: Call, id: int) -> Status:
    return await _react(call, reactions.bookmark, id)


async def unbookmark(call: Call, id: int) -> Status:
    return await _take_back(call, reactions.unbookmark, id)


async def pin(call: Call, id: int) -> Status:
    return await _react(call, reactions.pin, id)


async def unpin(call: Call, id: int) -> Status:
    return await _take_back(call, reactions.unpin, id)


async def mute(call: Call, id: int) -> Status:
    return await _react(call, reactions.mute_thread, id)


async def unmute(call: Call, id: int) -> Status:
    return await _take_back(call, reactions.unmute_thread, id)


async def _react(
    call: Call, operation: Callable[Concatenate[Tx, int, int, P], Post], id: int, *args: P.args, **options: P.kwargs
) -> Json:
    post = await call.write(operation, call.account_id, id, *args, **options)
    return await _shown(call, post.id)


async def _take_back(call: Call, operation: Callable[[Tx, int, int], Post], id: int) -> Json:
    post = await call.write(operation, call.account_id, id)
    return await call.read(hidden.or_status, call, post)


async def _shown(call: Call, id: int) -> Json:
    return await call.read(call.render.status, call.viewer_id, id)


async def favourites(call: Call, query: PageQuery) -> Page[Status]:
    return await _marked(call, "favourites", paging.span(query))


async def bookmarks(call: Call, query: PageQuery) -> Page[Status]:
    return await _marked(call, "bookmarks", paging.span(query))


async def _marked(call: Call, mark: str, span: Span) -> Page[Any]:
    """Newest mark first; paged by the ids of the marks."""

    def operation(tx: Tx) -> Page[Any]:
        found = reactors.marked(tx, call.account_id, mark, span)
        return paging.filled(call.render.statuses(tx, call.account_id, [post for _, post in found.items]), found, span)

    return await call.read(operation)


async def quotes_of(call: Call, id: int, query: PageQuery) -> Page[Status]:
    span = paging.span(query)

    def operation(tx: Tx) -> Page[Any]:
        found = quotes.page(tx, call.account_id, id, span)
        return paging.filled(call.render.statuses(tx, call.account_id, found.items), found, span)

    return await call.read(operation)


async def revoke_quote(call: Call, id: int, quoting_status_id: int) -> Status:
    await call.write(quotes.revoke, call.account_id, id, quoting_status_id)
    return await _shown(call, quoting_status_id)


class InteractionPolicy(msgspec.Struct, kw_only=True):
    quote_approval_policy: str | None = None


async def change_interaction_policy(call: Call, id: int, body: InteractionPolicy) -> Status:
    await call.write(quotes.change_policy, call.account_id, id, body.quote_approval_policy or "")
    return await _shown(call, id)


ROUTES = [
    Route("POST", "/api/v1/statuses", create, "write:statuses"),
    Route("GET", "/api/v1/statuses", show_many, "read:statuses", ANYONE),
    Route("GET", "/api/v1/statuses/{id}", show, "read:statuses", ANYONE),
    Route("PUT", "/api/v1/statuses/{id}", edit, "write:statuses"),
    Route("DELETE", "/api/v1/statuses/{id}", delete, "write:statuses", limits=limits.DELETE),
    Route("GET", "/api/v1/statuses/{id}/context", context, "read:statuses", ANYONE),
    Route("GET", "/api/v1/statuses/{id}/source", source, "read:statuses"),
    Route("GET", "/api/v1/statuses/{id}/history", history, "read:statuses", ANYONE),
    Route("GET", "/api/v1/statuses/{id}/favourited_by", favourited_by, "read:accounts", ANYONE),
    Route("GET", "/api/v1/statuses/{id}/reblogged_by", reblogged_by, "read:accounts", ANYONE),
    Route("POST", "/api/v1/statuses/{id}/favourite", favourite, "write:favourites"),
    Route("POST", "/api/v1/statuses/{id}/unfavourite", unfavourite, "write:favourites"),
    Route("POST", "/api/v1/statuses/{id}/reblog", reblog, "write:statuses"),
    Route("POST", "/api/v1/statuses/{id}/unreblog", unreblog, "write:statuses", limits=limits.DELETE),
    Route("POST", "/api/v1/statuses/{id}/bookmark", bookmark, "write:bookmarks"),
    Route("POST", "/api/v1/statuses/{id}/unbookmark", unbookmark, "write:bookmarks"),
    Route("POST", "/api/v1/statuses/{id}/pin", pin, "write:accounts"),
    Route("POST", "/api/v1/statuses/{id}/unpin", unpin, "write:accounts"),
    Route("POST", "/api/v1/statuses/{id}/mute", mute, "write:mutes"),
    Route("POST", "/api/v1/statuses/{id}/unmute", unmute, "write:mutes"),
    Route("GET", "/api/v1/statuses/{id}/quotes", quotes_of, "read:statuses"),
    Route("POST", "/api/v1/statuses/{id}/quotes/{quoting_status_id}/revoke", revoke_quote, "write:statuses"),
    Route("PUT", "/api/v1/statuses/{id}/interaction_policy", change_interaction_policy, "write:statuses"),
    Route("GET", "/api/v1/favourites", favourites, "read:favourites"),
    Route("GET", "/api/v1/bookmarks", bookmarks, "read:bookmarks"),
]
