"""Exports of the organisation: files with all that it has, for whoever may read all of that."""

from ..access.roles import Permission
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.route import ADMIN, SLOW, Route
from ..orgs import exports
from ..times import iso, iso_or_none
from ..types import OrgExport


class Export(Entity, kw_only=True):
    """url: where the account that asked for it saves it in a browser; null until it is ready, and for others."""

    id: Id
    account_id: Id
    state: str  # waiting, ready
    rows: int
    files: int
    size: int
    created_at: str
    expires_at: str | None
    url: str | None


def shown(call: Call, one: OrgExport) -> Export:
    mine = one.ready_ms and one.account_id == call.account_id
    return Export(
        id=str(one.id),
        account_id=str(one.account_id),
        state="ready" if one.ready_ms else "waiting",
        rows=one.written,
        files=one.files,
        size=one.size_bytes,
        created_at=iso(one.asked_ms),
        expires_at=iso_or_none(one.ready_ms and one.ready_ms + exports.KEPT_MS),
        url=f"{call.site.base_url}/org/export/{one.id}" if mine else None,
    )


async def index(call: Call) -> list[Export]:
    """The newest first."""
    return [shown(call, one) for one in await call.read(exports.listed, call.site.org_id)]


async def show(call: Call, id: int) -> Export:
    return shown(call, await call.read(exports.get, call.site.org_id, id))


async def ask(call: Call) -> Export:
    """One at a time. It is in the log."""
    return shown(call, await call.write(exports.ask, call.site.org_id, call.account_id))


PATH = "/api/chirrup/v1/org/exports"
READ, WRITE = "admin:read", "admin:write"
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, Permission.COMPLIANCE),
    Route("POST", PATH, ask, WRITE, ADMIN, Permission.COMPLIANCE, cost=SLOW),
    Route("GET", f"{PATH}/{{id}}", show, READ, ADMIN, Permission.COMPLIANCE),
]
