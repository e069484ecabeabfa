"""Staff: appeals that wait for a decision."""

import msgspec

from ....http.arguments import path_id
from ....ports import Tx
from ....social import moderation, strikes
from ...call import Call, Go, Page
from ...views import PersonView
from ..reading.home import next_before, span
from ..settings.strikes import StrikeView, view
from .places import people, places

PATH = "/admin/appeals"
LISTED = 40


class AppealView(msgspec.Struct, frozen=True):
    strike: StrikeView
    by: PersonView | None
    decided_by: PersonView | None  # who gave the strike; None: gone


async def index(call: Call) -> Page:
    asked = span(call.query, limit=LISTED)

    def operation(tx: Tx) -> tuple[list[AppealView], int]:
        found = strikes.appealed(tx, call.site.org_id, asked)
        known = people(tx, call, {id for one in found for id in (one.target_id, one.actor_id)})
        views = [AppealView(view(one, tx.now_ms), known.get(one.target_id), known.get(one.actor_id)) for one in found]
        return views, next_before([one.id for one in found], asked)

    shown, before = await call.read(operation)
    notice = "Done." if call.query.flag("done") else ""
    return Page("staff/appeals.html", {"places": places(call), "appeals": shown, "before": before, "notice": notice})


async def accept(call: Call, id: str) -> Go:
    """What was decided is undone."""
    return await _decide(call, path_id(id), approved=True)


async def refuse(call: Call, id: str) -> Go:
    return await _decide(call, path_id(id), approved=False)


async def _decide(call: Call, id: int, *, approved: bool) -> Go:
    await call.write(moderation.decide_appeal, call.account_id, id, approved=approved, org_id=call.site.org_id)
    call.services.auth.forget()
    return Go(f"{PATH}?done=1")
