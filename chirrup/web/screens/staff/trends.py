"""Staff: what is a trend, what may be shown, and what is kept from it."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ....errors import not_among
from ....ports import Tx
from ....social import trend_decisions, trends
from ....social.trend_decisions import Review
from ....types import TrendKind, Trends
from ...call import Call, Go, Page
from .places import places

PATH = "/admin/trends"
DECISIONS: dict[str, bool | None] = {"allow": True, "refuse": False, "forget": None}
ALL: Any = {"offset": 0, "limit": trends.KEPT, "approval": None}


class TrendView(msgspec.Struct, frozen=True):
    kind: TrendKind
    id: int
    name: str
    path: str
    told: str  # how much it is used
    review: Review


async def index(call: Call) -> Page:
    def operation(tx: Tx) -> list[tuple[str, list[TrendView]]]:
        found = trends.listed(tx, call.site.org_id, None)
        return [
            ("Hashtags", list(_tags(tx, call, found))),
            ("Posts", list(_posts(tx, call, found))),
            ("Links", list(_links(tx, call, found))),
        ]

    values = {
        "places": places(call),
        "lists": await call.read(operation),
        "approval": call.site.trends_approval,
        "notice": "Done." if call.query.flag("done") else "",
    }
    return Page("staff/trends.html", values)


def _tags(tx: Tx, call: Call, found: Trends) -> Iterator[TrendView]:
    for one in trends.shown_tags(tx, call.account_id, call.site.org_id, **ALL):
        name, told = f"#{one.name}", _people(one.history[0].accounts)
        yield TrendView(
            TrendKind.TAG, one.id, name, f"/tags/{one.name}", told, _review(call, found, TrendKind.TAG, one.tag)
        )


def _posts(tx: Tx, call: Call, found: Trends) -> Iterator[TrendView]:
    ids = trends.shown_posts(tx, call.account_id, call.site.org_id, **ALL)
    for one in call.views.shown(tx, call.account_id, ids):
        name, told = f"@{one.author.username}: {one.said}", f"{one.favourites} favourites, {one.boosts} boosts"
        yield TrendView(TrendKind.POST, one.id, name, one.path, told, _review(call, found, TrendKind.POST, one.id))


def _links(tx: Tx, call: Call, found: Trends) -> Iterator[TrendView]:
    for one in trends.shown_links(tx, call.site.org_id, call.views.known, **ALL):
        card, told = one.card.card, _people(one.history[0].accounts)
        review = _review(call, found, TrendKind.LINK, card.link)
        yield TrendView(TrendKind.LINK, card.id, card.told.title or card.url, card.url, told, review)


def _people(count: int) -> str:
    return "1 person today" if count == 1 else f"{count} people today"


def _review(call: Call, found: Trends, kind: TrendKind, key: str | int) -> Review:
    return trend_decisions.review(found, kind, key, approval=call.site.trends_approval)


async def decide(call: Call) -> Go:
    form, kinds = call.form, [kind.value for kind in TrendKind]
    kind, decision = form.text("kind"), form.text("decision")
    if kind not in kinds:
        raise not_among("kind", kinds, kind)
    if decision not in DECISIONS:
        raise not_among("decision", DECISIONS, decision)
    allowed = DECISIONS[decision]
    await call.write(trend_decisions.decide, call.account_id, call.site.org_id, TrendKind(kind), form.id("id"), allowed)
    return Go(f"{PATH}?done=1")
