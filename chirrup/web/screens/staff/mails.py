"""Staff: mails that nobody has shown to be from whom they say. What they say is not shown: it may be meant for one."""

import msgspec

from ....http.arguments import path_id
from ....ids import ms_of
from ....ports import Tx
from ....social import mails_in
from ...call import Call, Go, Page
from ...views import PersonView
from ..reading.home import next_before, span
from .places import people, places

PATH = "/admin/mails"
LISTED = 40


class MailView(msgspec.Struct, frozen=True):
    id: int
    by: PersonView | None  # in whose name it would be posted
    sender: str
    subject: str
    why: str
    came_ms: int


async def index(call: Call) -> Page:
    asked = span(call.query, limit=LISTED)

    def operation(tx: Tx) -> tuple[list[MailView], int]:
        found = mails_in.held(tx, call.site.org_id, asked)
        known = people(tx, call, {one.account_id for one in found})
        views = [
            MailView(one.id, known.get(one.account_id), one.sender, one.subject, one.why, ms_of(one.id))
            for one in found
        ]
        return views, next_before([one.id for one in found], asked)

    shown, before = await call.read(operation)
    notice = "Done." if call.query.flag("done") else ""
    return Page("staff/mails.html", {"places": places(call), "mails": shown, "before": before, "notice": notice})


async def let_in(call: Call, id: str) -> Go:
    return await _decide(call, path_id(id), let_in=True)


async def refuse(call: Call, id: str) -> Go:
    return await _decide(call, path_id(id), let_in=False)


async def _decide(call: Call, id: int, *, let_in: bool) -> Go:
    await call.write(mails_in.decide, call.site.org_id, id, call.account_id, let_in=let_in)
    return Go(f"{PATH}?done=1")
