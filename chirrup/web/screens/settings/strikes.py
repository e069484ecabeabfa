"""What staff decided about one's account, and the appeal against it. Who is suspended sees these pages alone."""

import msgspec

from ....http.arguments import path_id
from ....ids import ID_MAX
from ....ports import Tx
from ....social import strikes
from ....types import Span, Strike
from ...call import Call, Go, Page
from ...problems import Problem
from ...views import PostView

PATH, ONE = "/disputes/strikes", "/disputes/strikes/{id}"  # as in Mastodon, whose apps lead here
LISTED = 40


class StrikeView(msgspec.Struct, frozen=True):
    id: int
    title: str
    means: str  # as its owner is told
    words: str
    posts: int
    created_ms: int
    report_id: int
    appeal: str
    appeal_state: str
    appealed_ms: int
    decided_ms: int
    can_be_appealed: bool


def view(one: Strike, now_ms: int) -> StrikeView:
    title, means = strikes.TOLD[one.action]
    return StrikeView(
        id=one.id,
        title=title,
        means=means,
        words=one.words,
        posts=len(one.posts),
        created_ms=one.created_ms,
        report_id=one.report_id,
        appeal=one.appeal,
        appeal_state=one.appeal_state,
        appealed_ms=one.appealed_ms,
        decided_ms=one.decided_ms,
        can_be_appealed=strikes.can_be_appealed(one, now_ms),
    )


async def index(call: Call) -> Page:
    span = Span(call.query.id("before", ID_MAX), limit=LISTED)

    def operation(tx: Tx) -> list[StrikeView]:
        return [view(one, tx.now_ms) for one in strikes.against(tx, call.account_id, span)]

    found = await call.read(operation)
    before = found[-1].id if len(found) == LISTED else 0
    return Page("settings/strikes.html", {"strikes": found, "before": before})


async def show(call: Call, id: str) -> Page:
    return await _page(call, path_id(id))


async def again(call: Call, problem: Problem, id: str) -> Page:
    return await _page(call, path_id(id), problem)


async def _page(call: Call, id: int, problem: Problem | None = None) -> Page:
    def operation(tx: Tx) -> tuple[StrikeView, list[PostView]]:
        """(the strike, those posts that it is about and that are still there)."""
        one = strikes.own(tx, call.account_id, id)
        return view(one, tx.now_ms), call.views.judged(tx, call.account_id, one.posts)

    one, posts = await call.read(operation)
    values = {"one": one, "posts": posts, "words": call.form.text("text")}
    values |= {"problem": problem.message if problem else "", "notice": "Sent." if call.query.flag("done") else ""}
    return Page("settings/strike.html", values, status=problem.status if problem else 200)


async def appeal(call: Call, id: str) -> Go:
    await call.write(strikes.appeal, call.account_id, path_id(id), call.form.text("text"))
    return Go(f"{PATH}/{path_id(id)}?done=1")
