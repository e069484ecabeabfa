"""How far an account has read its home and its notifications, the same in all its apps and on the pages."""

from collections.abc import Collection, Mapping

from ..ports import Tx
from ..store import markers as rows
from ..types import Marker


def of(tx: Tx, account_id: int, timelines: Collection[str]) -> dict[str, Marker]:
    """By timeline ("home", "notifications"); absent where nothing was saved."""
    return rows.of(tx, account_id, timelines)


def save(tx: Tx, account_id: int, read: Mapping[str, int]) -> dict[str, Marker]:
    """read: the last id that was read, by timeline. Of two saves at once the later one stands: none is refused."""
    return {timeline: rows.save(tx, account_id, timeline, id) for timeline, id in read.items()}
