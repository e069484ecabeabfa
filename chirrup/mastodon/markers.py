"""Markers. https://docs.joinmastodon.org/methods/markers/"""

import msgspec

from ..http.forms import Id
from ..http.route import Route
from ..social import markers
from ..times import iso
from ..types import Marker
from . import entities
from .call import Call

Markers = dict[str, entities.Marker]


class MarkersQuery(msgspec.Struct, kw_only=True):
    timeline: list[str] = []


async def show(call: Call, query: MarkersQuery) -> Markers:
    return _entities(await call.read(markers.of, call.account_id, query.timeline))


class Position(msgspec.Struct, kw_only=True):
    last_read_id: Id


class Positions(msgspec.Struct, kw_only=True):
    home: Position | None = None
    notifications: Position | None = None


async def save(call: Call, body: Positions) -> Markers:
    asked = {"home": body.home, "notifications": body.notifications}
    read = {timeline: position.last_read_id for timeline, position in asked.items() if position}
    return _entities(await call.write(markers.save, call.account_id, read))


def _entities(found: dict[str, Marker]) -> Markers:
    return {
        timeline: entities.Marker(
            last_read_id=str(one.last_read_id), version=one.version, updated_at=iso(one.changed_ms)
        )
        for timeline, one in found.items()
    }


ROUTES = [
    Route("GET", "/api/v1/markers", show, "read:statuses"),
    Route("POST", "/api/v1/markers", save, "write:statuses"),
]
