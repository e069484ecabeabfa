"""Groups of notifications: favourites, boosts or follows of some hours, shown with their latest accounts.

Why as it is: docs/decisions/0041-groups-of-notifications.md.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence

import msgspec

from ..access.fill import Filled, fill
from ..errors import NotFound
from ..ids import ID_MAX, ms_of
from ..ports import Tx
from ..store import markers
from ..store import notification_requests as requests
from ..store import notifications as rows
from ..store.notifications import Gone
from ..types import Notification, NotificationGroup, NotificationKind, Span
from .tellable import Tellable

GROUPED = frozenset(
    (NotificationKind.FAVOURITE, NotificationKind.BOOST, NotificationKind.FOLLOW, NotificationKind.SIGN_UP)
)
SPAN_MS = 12 * 3600 * 1000  # from the first of a group to its last
_KEY = re.compile(r"(ungrouped|[a-z_.]+-\d{1,19})-(\d{1,19})", re.ASCII)


def key_of(told: Notification) -> str:
    """The key of its group for clients: the same on every page, for each member, and in streams."""
    return f"{told.kind}-{told.post_id}-{told.group_id}" if told.group_id else f"ungrouped-{told.id}"


class Wanted(msgspec.Struct, frozen=True):
    """Conditions for notifications. from_id: only what this account caused."""

    kinds: Collection[str] = tuple(NotificationKind)
    grouped: Collection[str] = GROUPED  # the kinds that may be grouped
    from_id: int = 0
    include_held: bool = False  # those that account_id's policy holds back


class Entry(msgspec.Struct, frozen=True):
    """A group on a page. at: the member that it stands there for: its newest, or the one that was asked for."""

    at: Notification
    group: NotificationGroup


def page(tx: Tx, account_id: int, span: Span, wanted: Wanted) -> Filled[Entry]:
    """Groups that account_id may be told of, by their newest, the newest first. Each stands on one page.

    What it may not be told of their accounts is neither in them nor counted, as far as they name them.
    """
    return fill(
        span,
        lambda part: _candidates(tx, account_id, part, wanted),
        lambda found: _fit(tx, account_id, found),
        key=lambda one: one.at.id,
    )


def _candidates(tx: Tx, account_id: int, span: Span, wanted: Wanted) -> list[Entry]:
    together = set(wanted.kinds) & (GROUPED & set(wanted.grouped))
    held: list[Notification] = []
    if wanted.include_held:
        held = rows.page(tx, account_id, span, wanted.kinds, wanted.from_id, held=True)
    if wanted.from_id:
        told = [*rows.page(tx, account_id, span, wanted.kinds, wanted.from_id), *held]
        groups = rows.groups(tx, account_id, {one.group_id for one in told if one.kind in together})
        return _first([Entry(one, groups.get(one.group_id) or _alone(one)) for one in told], span)
    apart = set(wanted.kinds) & (GROUPED - together)
    groups = rows.page_of_groups(tx, account_id, span, set(wanted.kinds) - apart)
    alone = rows.page(tx, account_id, span, apart) if apart else []
    return _first([Entry(one.newest, one) for one in (*groups, *map(_alone, (*alone, *held)))], span)


def _first(found: list[Entry], span: Span) -> list[Entry]:
    return sorted(found, key=lambda one: one.at.id, reverse=not span.oldest)[: span.limit]


def _alone(told: Notification) -> NotificationGroup:
    return NotificationGroup(msgspec.structs.replace(told, group_id=0), sample=(told.from_id,))


def _fit(tx: Tx, account_id: int, found: Sequence[Entry]) -> list[Entry]:
    causers = {id for one in found for id in one.group.sample}
    tellable = Tellable(tx, account_id, causers, [one.at for one in found])
    fitting: list[Entry] = []
    for one in found:
        sample = tuple(id for id in one.group.sample if tellable.names(id, one.at))
        if sample and tellable.shows(one.at):
            hidden = len(one.group.sample) - len(sample)
            group = NotificationGroup(one.group.newest, one.group.members - hidden, sample)
            fitting.append(Entry(one.at, group))
    return fitting


def oldest_on_page(tx: Tx, account_id: int, entries: Collection[Entry], span: Span) -> dict[int, int]:
    """By Entry.at: the oldest member of its group that is not older than all of the page, and within span."""
    large = [one.at.id for one in entries if one.group.members > 1 and one.at.id == one.group.newest.id]
    if not large:
        return {}
    first = max(span.after + 1, min(one.at.id for one in entries))
    return rows.oldest_from(tx, account_id, large, first)


def count_unread(tx: Tx, account_id: int, wanted: Wanted, *, most: int) -> int:
    """How many of page() are newer than the account's marker; at most `most`."""
    marker = markers.of(tx, account_id, ["notifications"]).get("notifications")
    span = Span(before=ID_MAX, after=marker.last_read_id if marker else 0, limit=most)
    return len(page(tx, account_id, span, wanted).items)


def get(tx: Tx, account_id: int, key: str) -> NotificationGroup:
    """Raises NotFound: there is no group with this key, or all of it is hidden now."""
    group = _find(tx, account_id, key)
    fitting = _fit(tx, account_id, [Entry(group.newest, group)])
    if not fitting:
        raise NotFound("notification group", key)
    return fitting[0].group


def _find(tx: Tx, account_id: int, key: str) -> NotificationGroup:
    parts = _KEY.fullmatch(key)
    id = min(int(parts[2]), ID_MAX) if parts else 0
    if parts and parts[1] == "ungrouped":
        told = rows.by_id(tx, account_id, id)
        found = _alone(told) if told else None
    else:
        found = rows.groups(tx, account_id, [id]).get(id) if id else None
    if found is None or key_of(found.newest) != key:
        raise NotFound("notification group", key)
    return found


def members(tx: Tx, account_id: int, key: str, span: Span) -> Filled[Notification]:
    """Newest first. Raises as get()."""
    newest = get(tx, account_id, key).newest

    def keep(found: Sequence[Notification]) -> list[Notification]:
        tellable = Tellable(tx, account_id, {one.from_id for one in found}, [newest])
        return [one for one in found if tellable.names(one.from_id, newest)]

    def candidates(part: Span) -> list[Notification]:
        if newest.group_id:
            return rows.page_of_members(tx, account_id, newest.group_id, part)
        return [newest] if part.after < newest.id < part.before else []

    return fill(span, candidates, keep, key=lambda one: one.id)


def dismiss(tx: Tx, account_id: int, key: str) -> None:
    """All of the group. Raises NotFound: there is none with this key."""
    newest = _find(tx, account_id, key).newest
    rows.take_turn(tx, account_id)
    if newest.group_id:
        rows.delete_group(tx, account_id, newest.group_id)
    else:
        remove(tx, account_id, lambda: rows.delete(tx, account_id, newest.id))


# writing


def write(tx: Tx, account_id: int, kind: NotificationKind, from_id: int, post_id: int = 0) -> Notification | None:
    """Write a notification into its group. None: it existed already."""
    if kind not in GROUPED:
        return rows.insert(tx, account_id, kind, from_id, post_id)
    rows.take_turn(tx, account_id)
    group = rows.group_about(tx, account_id, kind, post_id)
    joins = group if group and ms_of(group.newest.group_id) > tx.now_ms - SPAN_MS else None
    told = rows.insert_grouped(tx, account_id, kind, from_id, post_id, joins)
    if told and joins:
        rows.set_older(tx, account_id, joins.newest.id)
    return told


def remove(tx: Tx, account_id: int, delete: Callable[[], list[Gone]], kind: NotificationKind | None = None) -> bool:
    """Delete some, and put right what is left of their groups. kind: of all of them; None: they may be in groups.

    Whether there were any.
    """
    if kind is None or kind in GROUPED:
        rows.take_turn(tx, account_id)
    gone = delete()
    if held := Counter(one.from_id for one in gone if one.filtered):
        requests.take_back(tx, account_id, held)
    if in_groups := [one for one in gone if one.group_id]:
        rows.leave_groups(tx, account_id, in_groups)
    return bool(gone)
