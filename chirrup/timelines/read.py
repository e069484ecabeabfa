"""Read a home or list timeline: from the cache when it is warm, else from the database, and warm it.

What is returned are ids, newest first. Who may see each post is asked when it is shown, so nothing stale gets out.
"""

import asyncio
from collections.abc import Callable

from ..ids import ID_MAX
from ..ports import Engines, Tx
from ..types import Span
from . import rebuild

KEPT = 400  # ids of a rebuilt timeline; what is older is read from the database

Rebuild = Callable[[Tx, int, Span], tuple[list[int], bool]]

_running: dict[tuple[int, str, int], "asyncio.Future[list[int]]"] = {}  # one rebuild of a timeline at a time


async def home(engines: Engines, account_id: int, span: Span) -> list[int]:
    """Posts and boosts by followees, of followed tags, and the account's own."""
    return await _page(engines, "home", account_id, span, rebuild.home)


async def of_list(engines: Engines, list_id: int, span: Span) -> list[int]:
    """The list's timeline; the caller has checked whose it is. Raises NotFound."""
    return await _page(engines, "list", list_id, span, rebuild.of_list)


async def _page(engines: Engines, kind: str, owner: int, span: Span, from_database: Rebuild) -> list[int]:
    ids = await _kept(engines, kind, owner, span)
    if ids is None and (running := _running.get((id(engines), kind, owner))):
        # It may have read before what the reader did last: then the timeline was dropped meanwhile, and is not warm.
        await asyncio.wait([running])
        ids = await _kept(engines, kind, owner, span)
    if ids is not None:
        return ids
    kept = await _rebuild_once(engines, kind, owner, from_database)
    if kept and (span.before > kept[0] or len(kept) < KEPT) and not span.oldest:
        fits = [id for id in kept if span.after < id < span.before][: span.limit]
        if len(fits) == span.limit or len(kept) < KEPT or (span.after and span.after >= kept[-1]):
            return fits
    ids, _ = await engines.db.read(from_database, owner, span)
    return ids


async def _kept(engines: Engines, kind: str, owner: int, span: Span) -> list[int] | None:
    return await engines.timelines.page(
        kind, owner, before=span.before, after=span.after, limit=span.limit, oldest=span.oldest
    )


async def _rebuild_once(engines: Engines, kind: str, owner: int, from_database: Rebuild) -> list[int]:
    """What the rebuild found, newest first. Those who come while it runs wait for the same one."""
    key = (id(engines), kind, owner)
    if running := _running.get(key):
        return await asyncio.shield(running)
    task = _running[key] = asyncio.ensure_future(_rebuild(engines, kind, owner, from_database))
    task.add_done_callback(lambda _: _running.pop(key, None))
    return await asyncio.shield(task)


async def _rebuild(engines: Engines, kind: str, owner: int, from_database: Rebuild) -> list[int]:
    rebuild = await engines.timelines.begin_rebuild(kind, owner)
    if rebuild is None:  # warm, and asked for more than it keeps; or out of reach
        return []
    ids, complete = await engines.db.read(from_database, owner, Span(before=ID_MAX, limit=KEPT))
    await engines.timelines.warm(kind, owner, rebuild, ids, complete=complete)
    return ids
