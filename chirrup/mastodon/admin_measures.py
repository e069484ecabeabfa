"""Figures for staff. https://docs.joinmastodon.org/methods/admin/measures/, dimensions/ and retention/.

Keys that are none of ours are left out of the answer: those of single other servers, of which there are none, and of
single hashtags.
"""

import msgspec

from ..access.roles import Permission
from ..http.route import ADMIN, SLOW, Route
from ..ports import Tx
from ..social import measures
from ..social.measures import DIMENSIONS, MEASURES, Part
from ..times import DAY_MS, iso
from .call import Call
from .entities import Entity

LIMIT, LIMIT_MAX = 10, 100


class DayValue(Entity, kw_only=True):
    date: str
    value: str


class AdminMeasure(Entity, kw_only=True):
    key: str
    unit: str | None
    total: str
    previous_total: str
    data: list[DayValue]


class DimensionPart(Entity, kw_only=True):
    key: str
    human_key: str
    value: str
    unit: str | msgspec.UnsetType = msgspec.UNSET
    human_value: str | msgspec.UnsetType = msgspec.UNSET


class AdminDimension(Entity, kw_only=True):
    key: str
    data: list[DimensionPart]


class CohortValue(Entity, kw_only=True):
    date: str
    rate: float
    value: str


class AdminCohort(Entity, kw_only=True):
    period: str
    frequency: str
    data: list[CohortValue]


class Wanted(msgspec.Struct, kw_only=True):
    keys: list[str] = []
    start_at: str = ""
    end_at: str = ""


async def show_measures(call: Call, body: Wanted) -> list[AdminMeasure]:
    def operation(tx: Tx) -> list[AdminMeasure]:
        of = measures.days(body.start_at, body.end_at, tx.now_ms)
        found = [measures.measure(tx, call.site.org_id, key, of) for key in dict.fromkeys(body.keys) if key in MEASURES]
        return [
            AdminMeasure(
                key=one.key,
                unit=None,
                total=str(one.total),
                previous_total=str(one.previous),
                data=[DayValue(date=iso(day * DAY_MS), value=str(count)) for day, count in one.by_day.items()],
            )
            for one in found
        ]

    return await call.read(operation)


class WantedDimensions(Wanted, kw_only=True):
    limit: int = LIMIT


async def show_dimensions(call: Call, body: WantedDimensions) -> list[AdminDimension]:
    limit = min(max(body.limit, 1), LIMIT_MAX)

    def operation(tx: Tx) -> list[AdminDimension]:
        of = measures.days(body.start_at, body.end_at, tx.now_ms)
        return [
            AdminDimension(key=key, data=[_part(one) for one in measures.dimension(tx, call.site, key, of, limit)])
            for key in dict.fromkeys(body.keys)
            if key in DIMENSIONS
        ]

    return await call.read(operation)


def _part(one: Part) -> DimensionPart:
    if one.is_bytes:
        words = f"{int(one.value) / 1e6:.1f} MB"
        return DimensionPart(key=one.key, human_key=one.name, value=str(one.value), unit="bytes", human_value=words)
    return DimensionPart(key=one.key, human_key=one.name, value=str(one.value))


class WantedRetention(msgspec.Struct, kw_only=True):
    start_at: str = ""
    end_at: str = ""
    frequency: str = "day"


async def show_retention(call: Call, body: WantedRetention) -> list[AdminCohort]:
    def operation(tx: Tx) -> list[AdminCohort]:
        of = measures.days(body.start_at, body.end_at, tx.now_ms)
        return [
            AdminCohort(
                period=iso(int(one.period.timestamp() * 1000)),
                frequency=body.frequency,
                data=[
                    CohortValue(
                        date=iso(int(at.timestamp() * 1000)),
                        rate=round(count / one.size, 4) if one.size else 0.0,
                        value=str(count),
                    )
                    for at, count in one.active
                ],
            )
            for one in measures.retention(tx, call.site.org_id, of, body.frequency)
        ]

    return await call.read(operation)


_VIEW = Permission.VIEW_DASHBOARD
ROUTES = [
    Route("POST", "/api/v1/admin/measures", show_measures, "admin:read", ADMIN, _VIEW, cost=SLOW),
    Route("POST", "/api/v1/admin/dimensions", show_dimensions, "admin:read", ADMIN, _VIEW, cost=SLOW),
    Route("POST", "/api/v1/admin/retention", show_retention, "admin:read", ADMIN, _VIEW, cost=SLOW),
]
