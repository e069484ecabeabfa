"""Read a home or list timeline: from the cache when it is warm, else from the database, and warm it.

Visibility is checked when a post is shown, so stale ids do no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec

from ..errors import NotFound
from ..ids import ID_MAX
from ..ports import Engines, Tx
from ..store import lists
from ..types import PostList, Span
from . import rebuild
from .once import NEAR, Below, Excerpt, Standing, shown_in

ROUNDS = 20  # pages without any visible post that are skipped in one call
KEPT = 400  # ids of a rebuilt timeline; older ones are read from the database

T = TypeVar("T")
Rebuild = Callable[[Tx, int, Span], tuple[list[int], bool]]
Show = Callable[[Tx, int, Sequence[int], Excerpt], list[T]]  # (tx, viewer, ids, excerpt) -> the shown ids, rendered
Part = tuple[list[int], Below]  # ids, newest first, and how to read the ids below them

_running: dict[tuple[int, str, int], "asyncio.Future[list[int] | None]"] = {}  # one rebuild of a timeline at a time


async def show_home(engines: Engines, account_id: int, span: Span, show: Show[T]) -> tuple[list[T], list[int]]:
    """(a page rendered by show, ids for paging): posts and boosts by followees, with followed tags, and the account's
    own, each post once."""
    return await _show(engines, account_id, lambda part: _page(engines, "home", account_id, part), span, show)


async def show_list(engines: Engines, chosen: PostList, span: Span, show: Show[T]) -> tuple[list[T], list[int]]:
    """A page of a list, as show_home(). The caller must have checked its owner. Raises NotFound."""
    # A new post is pushed at once into its author's home, but into no list. So lists with their owner are not cached.
    own = await engines.db.read(lists.with_member, chosen.owner_id, [chosen.id])
    page = _page_anew if own else _page
    return await _show(engines, chosen.owner_id, lambda part: page(engines, "list", chosen.id, part), span, show)


async def show_news(engines: Engines, account_id: int, id: int, show: Show[T]) -> list[T]:
    """A post that has just reached the home timeline, rendered by show; [] if the timeline shows it already."""
    below = await home(engines, account_id, Span(before=id, limit=NEAR))
    return await engines.db.read(show, account_id, [id], Excerpt(engines.db, [id], lambda _: below))


async def standing(engines: Engines, kind: str, owner: int, before: int, *, only_kept: bool) -> Standing:
    """The entries of a home or list timeline below `before`. only_kept: none, unless the timeline is warm."""
    span = Span(before=before, limit=NEAR)
    try:
        ids = await _kept(engines, kind, owner, span) if only_kept else (await _page(engines, kind, owner, span))[0]
    except NotFound:  # the list was deleted
        ids = None
    return await engines.db.read(shown_in, engines.db, ids[::-1]) if ids else Standing({})


async def _show(
    engines: Engines, viewer_id: int, page: Callable[[Span], Awaitable[Part]], span: Span, show: Show[T]
) -> tuple[list[T], list[int]]:
    """A page may be short, but it is not empty if there is more to show."""
    items, keys = list[T](), list[int]()
    for _ in range(ROUNDS):
        ids, below = await page(span)
        if ids:
            items = await engines.db.read(show, viewer_id, ids, Excerpt(engines.db, ids, below))
            keys = [*ids, *keys] if span.oldest else [*keys, *ids]
        if items or len(ids) < span.limit:
            break
        beyond = {"after": ids[0]} if span.oldest else {"before": ids[-1]}
        span = msgspec.structs.replace(span, **beyond)
    return items, keys


async def home(engines: Engines, account_id: int, span: Span) -> list[int]:
    """A page of ids of account_id's home timeline, before any check of visibility."""
    return (await _page(engines, "home", account_id, span))[0]


async def of_list(engines: Engines, list_id: int, span: Span) -> list[int]:
    """A page of ids of a list, as home(). Raises NotFound."""
    return (await _page(engines, "list", list_id, span))[0]


async def _page(engines: Engines, kind: str, owner: int, span: Span) -> Part:
    if not span.oldest and (line := await _line(engines, kind, owner, span)) is not None:
        ids = line[: span.limit]
        if span.after:
            ids = [id for id in ids if id > span.after]
        return ids, lambda _: line[len(ids) :]
    ids = await _kept(engines, kind, owner, span)
    return await _page_anew(engines, kind, owner, span) if ids is None else (ids, _below(kind, owner, ids))


async def _page_anew(engines: Engines, kind: str, owner: int, span: Span) -> Part:
    ids, _ = await engines.db.read(_REBUILDS[kind], owner, span)
    return ids, _below(kind, owner, ids)


def _below(kind: str, owner: int, ids: list[int]) -> Below:
    return lambda tx: _REBUILDS[kind](tx, owner, Span(before=ids[-1], limit=NEAR))[0]


async def _line(engines: Engines, kind: str, owner: int, span: Span) -> list[int] | None:
    """The page and NEAR ids below it, or all there are. None: that is more than the cache has."""
    wide = Span(before=span.before, limit=span.limit + NEAR)
    ids = await _kept(engines, kind, owner, wide)
    if ids is None and (running := _running.get((id(engines), kind, owner))):
        # The rebuild may have read before the viewer's last change. Then the timeline was dropped since, and is cold.
        await asyncio.wait([running])
        ids = await _kept(engines, kind, owner, wide)
    if ids is None:
        kept = await _rebuild_once(engines, kind, owner)
        found = [id for id in kept or () if id < wide.before][: wide.limit]
        whole = kept is not None and (len(found) == wide.limit or len(kept) < KEPT)
        ids = found if whole else None
    return ids


async def _kept(engines: Engines, kind: str, owner: int, span: Span) -> list[int] | None:
    return await engines.timelines.page(
        kind, owner, before=span.before, after=span.after, limit=span.limit, oldest=span.oldest
    )


async def _rebuild_once(engines: Engines, kind: str, owner: int) -> list[int] | None:
    """The ids of the rebuilt timeline, newest first; None: not rebuilt. Calls while it runs share the result."""
    key = (id(engines), kind, owner)
    if running := _running.get(key):
        return await asyncio.shield(running)
    task = _running[key] = asyncio.ensure_future(_rebuild(engines, kind, owner))
    task.add_done_callback(lambda _: _running.pop(key, None))
    return await asyncio.shield(task)


async def _rebuild(engines: Engines, kind: str, owner: int) -> list[int] | None:
    rebuild = await engines.timelines.begin_rebuild(kind, owner)
    if rebuild is None:  # warm, and the caller wants more than it has; or the cache cannot be reached
        return None
    ids, complete = await engines.db.read(_REBUILDS[kind], owner, Span(before=ID_MAX, limit=KEPT))
    await engines.timelines.warm(kind, owner, rebuild, ids, complete=complete)
    return ids


_REBUILDS: dict[str, Rebuild] = {"home": rebuild.home, "list": rebuild.of_list}
