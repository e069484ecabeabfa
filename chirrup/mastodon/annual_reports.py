"""Annual reports. https://docs.joinmastodon.org/methods/annual_reports/"""

from collections.abc import Sequence
from typing import Any

from ..errors import NotFound
from ..http.call import Progress
from ..http.entity import Entity, Id
from ..http.route import Route
from ..ports import Tx
from ..social import annual_reports
from ..social.annual_reports import State
from ..types import AnnualReport
from .call import Call
from .entities import Account, Empty, Status

SCHEMA_VERSION = 2
YEAR_MAX = 9998


class YearMonth(Entity, kw_only=True):
    month: int
    statuses: int
    followers: int


class UsedTag(Entity, kw_only=True):
    name: str
    count: int


class TopStatuses(Entity, kw_only=True):
    by_reblogs: Id | None
    by_replies: None = None  # this and the next were told in version 1
    by_favourites: None = None


class YearData(Entity, kw_only=True):
    archetype: str
    time_series: list[YearMonth]
    top_hashtags: list[UsedTag]
    top_statuses: TopStatuses


class Report(Entity, kw_only=True):
    year: int
    data: YearData
    schema_version: int = SCHEMA_VERSION
    share_url: None = None  # there is no page of it for others
    account_id: Id


class WrappedAnnualReports(Entity, kw_only=True):
    annual_reports: list[Report]
    accounts: list[Account]
    statuses: list[Status]


class ReportState(Entity, kw_only=True):
    state: str


async def index(call: Call) -> WrappedAnnualReports:
    def operation(tx: Tx) -> WrappedAnnualReports:
        return _wrapped(tx, call, annual_reports.every(tx, call.account_id))

    return await call.read(operation)


async def show(call: Call, year: str) -> WrappedAnnualReports:
    def operation(tx: Tx) -> WrappedAnnualReports:
        return _wrapped(tx, call, [annual_reports.get(tx, call.account_id, _year(year))])

    return await call.read(operation)


def _wrapped(tx: Tx, call: Call, found: Sequence[AnnualReport]) -> WrappedAnnualReports:
    shown = call.render.statuses_by_id(
        tx, call.account_id, {one.counted.most_boosted_id: None for one in found if one.counted.most_boosted_id}
    )
    return WrappedAnnualReports(
        annual_reports=[_entity(one, shown) for one in found],
        accounts=call.render.accounts(tx, [call.account_id]) if found else [],
        statuses=list(shown.values()),
    )


def _entity(one: AnnualReport, shown: dict[int, Any]) -> Report:
    """shown: the posts that are still there."""
    data = one.counted
    top = data.most_boosted_id
    return Report(
        year=one.year,
        data=YearData(
            archetype=data.archetype,
            time_series=[YearMonth(month=m.month, statuses=m.posts, followers=m.followers) for m in data.months],
            top_hashtags=[UsedTag(name=data.top_tag, count=data.top_tag_uses)] if data.top_tag else [],
            top_statuses=TopStatuses(by_reblogs=str(top) if top in shown else None),
        ),
        account_id=str(one.account_id),
    )


async def state(call: Call, year: str) -> ReportState:
    return ReportState(state=await call.read(annual_reports.state, call.account_id, _year(year)))


async def generate(call: Call, year: str) -> Progress[Empty]:
    """202 while it is being counted, else 200."""
    now = await call.write(annual_reports.generate, call.account_id, _year(year))
    return Progress(Empty(), 202 if now == State.GENERATING else 200)


async def read(call: Call, year: str) -> Empty:
    await call.write(annual_reports.read, call.account_id, _year(year))
    return Empty()


def _year(text: str) -> int:
    """Raises NotFound: it is no year."""
    if not (text.isascii() and text.isdigit() and len(text) == 4 and 0 < int(text) <= YEAR_MAX):
        raise NotFound("annual report", text[:10])
    return int(text)


PATH, READ, WRITE = "/api/v1/annual_reports", "read:accounts", "write:accounts"
ROUTES = [
    Route("GET", PATH, index, READ),
    Route("GET", f"{PATH}/{{year}}", show, READ),
    Route("GET", f"{PATH}/{{year}}/state", state, READ),
    Route("POST", f"{PATH}/{{year}}/read", read, WRITE),
    Route("POST", f"{PATH}/{{year}}/generate", generate, WRITE),
]
