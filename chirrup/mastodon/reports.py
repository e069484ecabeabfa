"""Tell staff of an account. https://docs.joinmastodon.org/methods/reports/"""

import msgspec

from ..access import limits
from ..http.forms import Id
from ..http.route import Route
from ..ports import Tx
from ..social import reports
from . import entities
from .call import Call
from .told import own_report


class NewReport(msgspec.Struct, kw_only=True):
    """forward: there are no other servers to send it to; `forwarded` is false, whatever is asked."""

    account_id: Id = 0
    status_ids: list[Id] = []
    collection_ids: list[Id] = []
    comment: str = ""
    forward: bool = False
    category: str = ""
    rule_ids: list[Id] = []


async def create(call: Call, body: NewReport) -> entities.Report:
    def operation(tx: Tx) -> entities.Report:
        made = reports.file(
            tx,
            call.account_id,
            body.account_id,
            comment=body.comment,
            category=body.category,
            post_ids=body.status_ids,
            collection_ids=body.collection_ids,
            rule_ids=body.rule_ids,
            rules=[one.id for one in call.site.rules],
        )
        return own_report(made, call.render.account(tx, made.target_id))

    return await call.write(operation)


ROUTES = [Route("POST", "/api/v1/reports", create, "write:reports", limits=limits.REPORT)]
