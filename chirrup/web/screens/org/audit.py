"""The log of acts of an organisation, with the hash of the newest entry, for whoever keeps it elsewhere."""

from ....ports import Tx
from ....social import audit
from ....types import AuditHead
from ...call import Call, Page
from ..reading.home import next_before, span
from ..staff.log import EntryView, entries
from . import places

PATH = "/org/audit"
LISTED = 40


async def index(call: Call) -> Page:
    asked = span(call.query, limit=LISTED)

    def operation(tx: Tx) -> tuple[list[EntryView], int, AuditHead]:
        found = audit.page(tx, call.site.org_id, asked)
        before = next_before([one.id for one in found], asked)
        return entries(tx, call, found), before, audit.head(tx, call.site.org_id)

    shown, before, newest = await call.read(operation)
    return places.page(call, "audit.html", {"entries": shown, "before": before, "newest": newest})
