"""Pages by key, with Mastodon's parameters: max_id, since_id, min_id, limit; and the Link header."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec

from ..access.fill import Filled
from ..errors import BadRequest
from ..ids import ID_MAX
from ..types import Span
from .call import Call, Reply, Result
from .forms import DEPTH_MAX


class PageQuery(msgspec.Struct, kw_only=True):
    """max_id: items older than it; since_id: the newest items, newer than it; min_id: the items right after it."""

    max_id: str = ""
    since_id: str = ""
    min_id: str = ""
    limit: str = ""


def span(query: PageQuery, *, default: int = 20, most: int = 40) -> Span:
    """Raises BadRequest: an id is not a number."""
    after = _id("min_id", query.min_id, 0) or _id("since_id", query.since_id, 0)
    return Span(
        before=_id("max_id", query.max_id, ID_MAX),
        after=after,
        limit=limit(query.limit, default=default, most=most),
        oldest=bool(query.min_id),
    )


def limit(asked: str, *, default: int, most: int) -> int:
    """A text that is no number is ignored, as in Mastodon; a number that is too large is capped."""
    digits = asked.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        return default
    return max(1, min(int(asked), most)) if len(asked) < 20 else 1 if asked.startswith("-") else most


def _id(name: str, asked: str, default: int) -> int:
    if not asked:
        return default
    if not (asked.isascii() and asked.isdigit() and len(asked) < 40):
        raise BadRequest("{name} must be an id, digits only, got {got!r}", name=name, got=asked[:40])
    return min(int(asked), ID_MAX)


T = TypeVar("T")

ANSWER_BYTES_MAX = 1_000_000  # of an answer without pages


def fitting(ids: Iterable[int], sizes: Mapping[int, int], bytes_max: int) -> set[int]:
    """The first of ids whose sizes fit into bytes_max together; those without a size are left out."""
    shown: set[int] = set()
    for id in ids:
        if id in sizes:
            bytes_max -= sizes[id]
            if bytes_max < 0:
                break
            shown.add(id)
    return shown


class Page(Result, Generic[T]):
    """A list with a Link header. edges: (newest, oldest) of the ids for paging; None: no other pages."""

    items: Any
    edges: tuple[int, int] | None
    full: bool = True  # there may be older items

    def reply(self, call: Call) -> Reply:
        found = link(call.url, call.params, self)
        return Reply(self.items, headers={"Link": found} if found else {})


class Whole(Page[T]):
    """The same for one object with lists in it: items is the object."""


class OffsetQuery(msgspec.Struct, kw_only=True):
    offset: int = 0
    limit: str = ""


def offset(query: OffsetQuery, *, default: int, most: int) -> tuple[int, int]:
    """(offset, limit)."""
    return max(0, query.offset), limit(query.limit, default=default, most=most)


class OffsetPage(Result, Generic[T]):
    """An object with a list in it, that is paged by how many come before."""

    body: T
    offset: int
    limit: int
    more: bool

    def reply(self, call: Call) -> Reply:
        kept = [(k, v) for k, v in _flat(call.params) if k != "offset"]
        links = [
            f'<{call.url}?{urlencode([*kept, ("offset", at)])}>; rel="{rel}"'
            for rel, at, there in (
                ("next", self.offset + self.limit, self.more),
                ("prev", max(0, self.offset - self.limit), self.offset > 0),
            )
            if there
        ]
        return Reply(self.body, headers={"Link": ", ".join(links)} if links else {})


def page(items: Sequence[Any], keys: Sequence[int], asked: Span) -> Page[Any]:
    """keys: the ids for paging, newest first, of all that was found; items may be fewer, without hidden ones."""
    return Page(items, (keys[0], keys[-1]) if keys else None, full=len(keys) >= asked.limit or asked.oldest)


def filled(items: Sequence[Any], found: Filled[Any], asked: Span) -> Page[Any]:
    """items: found.items, rendered."""
    return Page(items, (found.newest, found.oldest) if found.newest else None, full=found.more or asked.oldest)


def whole(body: T, found: Filled[Any], asked: Span) -> Whole[T]:
    """body: what found holds, rendered as one object."""
    page = filled([], found, asked)
    return Whole(body, page.edges, page.full)


def link(url: str, asked: dict[str, Any], found: Page[Any]) -> str:
    """The Link header; "" without other pages. url: of this list; asked: its parameters, nested."""
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
    """The parameters in the form of a query. Deeper values than a query can have (of JSON bodies) are left out."""
    if isinstance(sent, str | int | float):
        return [(name, sent)]
    if depth == DEPTH_MAX:
        return []
    if isinstance(sent, dict):
        return [pair for key, one in sent.items() for pair in _flat(one, f"{name}[{key}]" if name else key, depth + 1)]
    return [pair for one in sent for pair in _flat(one, f"{name}[]", depth + 1)] if isinstance(sent, list) else []
