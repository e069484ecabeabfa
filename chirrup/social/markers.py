"""How far an account has read its home timeline and its notifications; one state for all its apps and the pages."""

from collections.abc import Collection, Mapping

from ..ports import Tx
from ..store import markers as rows
from ..types import Marker


def of(tx: Tx, account_id: int, timelines: Collection[str]) -> dict[str, Marker]:
    """timeline ("home", "notifications") -> marker; absent where nothing was saved."""
    return rows.of(tx, account_id, timelines)


def save(tx: Tx, account_id: int, read: Mapping[str, int]) -> dict[str, Marker]:
    """read: timeline -> last id that was read. Of two saves at once the later one wins; none is refused."""
    return {timeline: rows.save(tx, account_id, timeline, id) for timeline, id in read.items()}
