"""Lists of people: followers, followees, follow requests, and reactors of a post."""

from collections.abc import Callable

from ....http.arguments import path_id
from ....orgs import room_requests
from ....ports import Tx
from ....social import account_lists, reactors
from ....types import Span
from ...call import Call, Page
from ...views import PersonView
from ..reading.home import next_page, span
from .profiles import find

PEOPLE = 40  # on a page

Found = tuple[list[PersonView], int]  # (people, `before` of the next page)


async def followers(call: Call, handle: str) -> Page:
    return await _network(call, handle, account_lists.followers, "Followers", "Nobody follows @{} yet.")


async def following(call: Call, handle: str) -> Page:
    return await _network(call, handle, account_lists.following, "Following", "@{} follows nobody yet.")


async def _network(
    call: Call, handle: str, page: Callable[[Tx, int, int, Span], account_lists.Found], title: str, nothing: str
) -> Page:
    asked = span(call.query, limit=PEOPLE)

    def operation(tx: Tx) -> tuple[Found, bool]:
        """(people, whether the list is hidden from the viewer)."""
        account = find(tx, call, handle)
        kept = bool(account.hide_network) and account.id != call.viewer_id
        return _people(tx, call, page(tx, call.viewer_id, account.id, asked), asked), kept

    (people, before), kept = await call.read(operation)
    values = {
        "title": f"{title} · @{handle}",
        "back": f"/@{handle}",
        "people": people,
        "before": before,
        "nothing": f"@{handle} keeps this list private." if kept else nothing.format(handle),
        "asking": False,
    }
    return Page("people/list.html", values)


def _people(tx: Tx, call: Call, found: account_lists.Found, asked: Span) -> Found:
    return call.views.people(tx, call.viewer_id, [id for _, id in found.items]), next_page(found, asked)


async def follow_requests(call: Call) -> Page:
    asked = span(call.query, limit=PEOPLE)
    people, before = await call.read(
        lambda tx: _people(tx, call, room_requests.all_of(tx, call.account_id, asked), asked)
    )
    values = {
        "title": "Who asks",
        "back": "/notifications",
        "people": people,
        "before": before,
        "nothing": "Nobody is waiting for an answer.",
        "asking": True,
    }
    return Page("people/list.html", values)


async def favourited_by(call: Call, handle: str, id: str) -> Page:
    return await _reactors(call, f"/@{handle}/{id}", path_id(id), reactors.favourited_by, "Favourited by")


async def boosted_by(call: Call, handle: str, id: str) -> Page:
    return await _reactors(call, f"/@{handle}/{id}", path_id(id), reactors.boosted_by, "Boosted by")


async def _reactors(
    call: Call, path: str, id: int, who: Callable[[Tx, int, int, Span], reactors.Found], title: str
) -> Page:
    asked = span(call.query, limit=PEOPLE)

    def operation(tx: Tx) -> Found:
        return _people(tx, call, who(tx, call.viewer_id, id, asked), asked)

    people, before = await call.read(operation)
    values = {
        "title": title,
        "back": path,
        "people": people,
        "before": before,
        "nothing": "Nobody yet.",
        "asking": False,
    }
    return Page("people/list.html", values)
