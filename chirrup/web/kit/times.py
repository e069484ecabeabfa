"""Times on the pages. With scripts, static/chirrup.js shows them in the reader's own time zone."""

from datetime import UTC, datetime
from functools import lru_cache

from markupsafe import Markup


@lru_cache(8192)
def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(8192)
def date(ms: int) -> str:
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{at.day} {at:%B %Y, %H:%M} UTC"


def ago(ms: int, now_ms: int) -> str:
    """How long ago, in a few letters; a date after a day."""
    minutes = max(0, now_ms - ms) // 60_000
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h"
    at, now = (datetime.fromtimestamp(one / 1000, UTC) for one in (ms, now_ms))
    return f"{at.day} {at:%b}" if at.year == now.year else f"{at.day} {at:%b %Y}"


def stamp(ms: int, now_ms: int) -> Markup:
    """How long ago, as a <time>. Not a macro, because a page of posts has twenty."""
    return Markup(f'<time datetime="{iso(ms)}" title="{date(ms)}" data-ago>{ago(ms, now_ms)}</time>')


def full(ms: int) -> Markup:
    """The full date and time, as a <time>; without scripts in UTC, with "UTC"."""
    return Markup(f'<time datetime="{iso(ms)}" title="{date(ms)}" data-full>{date(ms)}</time>')
