"""Reports, as staff handle them. https://docs.joinmastodon.org/methods/admin/reports/"""

from typing import Any

import msgspec

from ..access.roles import Permission
from ..http import paging
from ..http.forms import Id
from ..http.paging import Page, PageQuery
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..social import reports
from ..types import Report
from . import render_admin
from .call import Call
from .server_entities import AdminReport


class ReportsQuery(PageQuery, kw_only=True):
    resolved: bool = False
    account_id: Id = 0
    target_account_id: Id = 0


async def index(call: Call, query: ReportsQuery) -> Page[AdminReport]:
    span = paging.span(query, default=100, most=200)

    def operation(tx: Tx) -> tuple[list[AdminReport], list[int]]:
        found = reports.page(
            tx,
            call.site.org_id,
            span,
            resolved=query.resolved,
            account_id=query.account_id,
            target_id=query.target_account_id,
        )
        return render_admin.reports(tx, call, found), [one.id for one in found]

    items, keys = await call.read(operation)
    return paging.page(items, keys, span)


async def show(call: Call, id: int) -> AdminReport:
    return await call.read(lambda tx: _shown(tx, call, reports.get(tx, call.site.org_id, id)))


def _shown(tx: Tx, call: Call, report: Report) -> Any:
    return render_admin.reports(tx, call, [report])[0]


class ReportChange(msgspec.Struct, kw_only=True):
    category: str = ""
    rule_ids: list[Id] | None = None


async def update(call: Call, id: int, body: ReportChange) -> AdminReport:
    def operation(tx: Tx) -> AdminReport:
        changed = reports.classify(
            tx,
            call.account_id,
            id,
            body.category,
            body.rule_ids,
            rules=[one.id for one in call.site.rules],
            org_id=call.site.org_id,
        )
        return _shown(tx, call, changed)

    return await call.write(operation)


async def assign_to_self(call: Call, id: int) -> AdminReport:
    return await _assign(call, id, call.account_id)


async def unassign(call: Call, id: int) -> AdminReport:
    return await _assign(call, id, 0)


async def _assign(call: Call, id: int, to_id: int) -> AdminReport:
    def operation(tx: Tx) -> AdminReport:
        return _shown(tx, call, reports.assign(tx, call.account_id, id, to_id, call.site.org_id))

    return await call.write(operation)


async def resolve(call: Call, id: int) -> AdminReport:
    def operation(tx: Tx) -> AdminReport:
        return _shown(tx, call, reports.resolve(tx, call.account_id, id, call.site.org_id))

    return await call.write(operation)


async def reopen(call: Call, id: int) -> AdminReport:
    def operation(tx: Tx) -> AdminReport:
        return _shown(tx, call, reports.reopen(tx, call.account_id, id, call.site.org_id))

    return await call.write(operation)


PATH, READ, WRITE, REPORTS = (
    "/api/v1/admin/reports",
    "admin:read:reports",
    "admin:write:reports",
    Permission.MANAGE_REPORTS,
)
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, REPORTS),
    Route("GET", f"{PATH}/{{id}}", show, READ, ADMIN, REPORTS),
    Route("PUT", f"{PATH}/{{id}}", update, WRITE, ADMIN, REPORTS),
    Route("POST", f"{PATH}/{{id}}/assign_to_self", assign_to_self, WRITE, ADMIN, REPORTS),
    Route("POST", f"{PATH}/{{id}}/unassign", unassign, WRITE, ADMIN, REPORTS),
    Route("POST", f"{PATH}/{{id}}/resolve", resolve, WRITE, ADMIN, REPORTS),
    Route("POST", f"{PATH}/{{id}}/reopen", reopen, WRITE, ADMIN, REPORTS),
]
