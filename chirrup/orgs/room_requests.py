"""Who asks to come into a room, and the answers of those who manage it.

A plain client knows no rooms: there, whoever asks to come into a room stands among those who ask its managers to follow
them, and is answered like them.
"""

from collections.abc import Sequence

from ..access import fill, visibility
from ..access.fill import Filled
from ..errors import NotFound
from ..events import FollowAnswered
from ..ids import ID_MAX
from ..ports import Tx
from ..social import account_lists, follows
from ..store import follows as rows
from ..store import rooms as room_rows
from ..types import Span
from . import rooms


def page(tx: Tx, by: int, id: int, span: Span) -> Filled[tuple[int, int]]:
    """(request id, account id) of those who ask to come into the room, newest first. Raises NotFound, NotAllowed."""
    rooms.managed(tx, by, id)
    return account_lists.requests(tx, id, span)


def answer(tx: Tx, by: int, id: int, asker: int, *, accept: bool) -> None:
    """Raises NotFound: the room, or there is no such request; NotAllowed; Invalid: the room is full."""
    room = rooms.managed(tx, by, id)
    if asker not in rows.requesters_among(tx, id, [asker]):
        raise NotFound("follow request", asker)
    if accept:
        follows.join(tx, asker, id)
    else:
        rows.take_request(tx, asker, id)
        tx.emit(FollowAnswered(id, asker))
    rooms.note(tx, by, room, "accept" if accept else "reject", asker)


# for clients that know no rooms


def all_of(tx: Tx, account_id: int, span: Span) -> Filled[tuple[int, int]]:
    """Who asks the account: to follow it, or to come into a room that it manages. Once on a page."""
    asked, shown = [account_id, *_managed(tx, account_id)], set[int]()

    def kept(some: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        there = set(visibility.accounts_shown(tx, account_id, [one for _, one in some])) - shown
        first = {asker: id for id, asker in reversed(some) if asker in there}
        shown.update(first)
        return [(id, asker) for asker, id in first.items()]

    return fill.fill(span, lambda part: rows.requests_of_any(tx, asked, part), kept, key=lambda one: one[0])


def count(tx: Tx, account_id: int, *, most: int) -> int:
    """How many stand in all_of(); most: where counting ends."""
    found = rows.requests_of_any(tx, [account_id, *_managed(tx, account_id)], Span(before=ID_MAX, limit=most))
    return len({asker for _, asker in found})


def answer_all_of(tx: Tx, by: int, asker: int, *, accept: bool) -> None:
    """Answer all that asker has asked `by`. Raises NotFound: nothing."""
    asked = rows.requested_among(tx, asker, _managed(tx, by))
    if not asked or asker in rows.requesters_among(tx, by, [asker]):
        (follows.accept if accept else follows.reject)(tx, by, asker)
    for id in asked:
        answer(tx, by, id, asker, accept=accept)


def _managed(tx: Tx, account_id: int) -> list[int]:
    return list(room_rows.roles_of(tx, account_id, room_rows.of_member(tx, account_id)))
