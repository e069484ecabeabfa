"""Announcements. https://docs.joinmastodon.org/methods/announcements/"""

from typing import Any

from ..http.route import Route
from ..ports import Tx
from ..social import announcements
from .announcement_entities import Announcement
from .call import Call
from .entities import Empty
from .render_announcements import announcements_of


async def index(call: Call) -> list[Announcement]:
    """All that are shown now; `read` tells of those that the account has dismissed."""

    def operation(tx: Tx) -> list[Any]:
        found = announcements.shown(tx, call.site.org_id)
        return announcements_of(tx, call.render, call.account_id, found)

    return await call.read(operation)


async def dismiss(call: Call, id: int) -> Empty:
    await call.write(announcements.dismiss, call.site.org_id, call.account_id, id)
    return Empty()


async def react(call: Call, id: int, name: str) -> Empty:
    """name: an emoji of Unicode, or the shortcode of one of the organisation's."""

    def operation(tx: Tx) -> None:
        emojis = call.render.emoji_set(tx)
        announcements.react(tx, call.site.org_id, call.account_id, id, name, emojis)

    await call.write(operation)
    return Empty()


async def take_back(call: Call, id: int, name: str) -> Empty:
    await call.write(announcements.take_back, call.site.org_id, call.account_id, id, name)
    return Empty()


ROUTES = [
    Route("GET", "/api/v1/announcements", index),
    Route("POST", "/api/v1/announcements/{id}/dismiss", dismiss, "write:accounts"),
    Route("PUT", "/api/v1/announcements/{id}/reactions/{name}", react, "write:favourites"),
    Route("DELETE", "/api/v1/announcements/{id}/reactions/{name}", take_back, "write:favourites"),
]
