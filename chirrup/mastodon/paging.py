"""Pages by key, as Mastodon's clients ask for them: max_id, since_id, min_id, limit; and the Link header."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from ..access.fill import Filled
from ..errors import BadRequest
from ..http.call import Call, Reply, Result
from ..http.forms import DEPTH_MAX
from ..ids import ID_MAX
from ..types import Span


class PageQuery(msgspec.Struct, kw_only=True):
    """max_id: older than; since_id: newer than, the newest ones; min_id: newer than, the ones right after."""

    max_id: str = ""
    since_id: str = ""
    min_id: str = ""
    limit: str = ""


def span(query: PageQuery, *, default: int = 20, most: int = 40) -> Span:
    """Raises BadRequest: an id that is no number."""
    after = _id("min_id", query.min_id, 0) or _id("since_id", query.since_id, 0)
    return Span(
        before=_id("max_id", query.max_id, ID_MAX),
        after=after,
        limit=limit(query.limit, default=default, most=most),
        oldest=bool(query.min_id),
    )


def limit(asked: str, *, default: int, most: int) -> int:
    """What is no number is ignored, as Mastodon does; too large a one is capped."""
    digits = asked.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return default
    return max(1, min(int(asked), most)) if len(asked) < 20 else 1 if asked.startswith("-") else most


def _id(name: str, asked: str, default: int) -> int:
    if not asked:
        return default
    if not (asked.isascii() and asked.isdigit() and len(asked) < 40):
        raise BadRequest(f"{name} must be an id, digits only, got {asked[:40]!r}")
    return min(int(asked), ID_MAX)


T = TypeVar("T")

ANSWER_BYTES_MAX = 1_000_000  # of an answer that has no pages


def fitting(ids: Iterable[int], sizes: Mapping[int, int], bytes_max: int) -> set[int]:
    """The first of ids that fit together; those without a size are left out."""
    shown: set[int] = set()
    for id in ids:
        if id in sizes:
            bytes_max -= sizes[id]
            if bytes_max < 0:
                break
            shown.add(id)
    return shown


class Page(Result, Generic[T]):
    """A list to be answered, with a Link header. edges: (newest, oldest) of the ids that pages go by; None: no page."""

    items: Any
    edges: tuple[int, int] | None
    full: bool = True  # there may be more before the oldest

    def reply(self, call: Call) -> Reply:
        found = link(call.url, call.params, self)
        return Reply(self.items, headers={"Link": found} if found else {})


class Whole(Page[T]):
    """The same for one object with lists in it: items is the object."""


def page(items: Sequence[Any], keys: Sequence[int], asked: Span) -> Page[Any]:
    """keys: the ids that pages go by, newest first, of what was found (items may be fewer: hidden ones)."""
    return Page(items, (keys[0], keys[-1]) if keys else None, full=len(keys) >= asked.limit or asked.oldest)


def filled(items: Sequence[Any], found: Filled[Any], asked: Span) -> Page[Any]:
    """items: what found holds, rendered."""
    return Page(items, (found.newest, found.oldest) if found.newest else None, full=found.more or asked.oldest)


def whole(body: T, found: Filled[Any], asked: Span) -> Whole[T]:
    """body: what found holds, rendered as one object."""
    page = filled([], found, asked)
    return Whole(body, page.edges, page.full)


def link(url: str, asked: dict[str, Any], found: Page[Any]) -> str:
    """The Link header; "" when there is nothing to link to. url: of this list; asked: its parameters, nested."""
    if found.edges is None:
        return ""
    kept = _encoded(tuple([(k, v) for k, v in _flat(asked) if k not in ("max_id", "since_id", "min_id")]))
    start = f"<{url}?{kept}&" if kept else f"<{url}?"
    newest, oldest = found.edges
    links = [f'{start}max_id={oldest}>; rel="next"'] if found.full else []
    links.append(f'{start}min_id={newest}>; rel="prev"')
    return ", ".join(links)


_encoded = lru_cache(100)(urlencode)


def _flat(sent: Any, name: str = "", depth: int = 0) -> list[tuple[str, Any]]:
    """Parameters as a query has them; what is nested deeper than in a query is nothing that a list is asked with."""
    if isinstance(sent, str | int | float):
        return [(name, sent)]
    if depth == DEPTH_MAX:
        return []
    if isinstance(sent, dict):
        return [pair for key, one in sent.items() for pair in _flat(one, f"{name}[{key}]" if name else key, depth + 1)]
    return [pair for one in sent for pair in _flat(one, f"{name}[]", depth + 1)] if isinstance(sent, list) else []
