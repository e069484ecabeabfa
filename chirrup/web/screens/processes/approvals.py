"""Approvals: those that the viewer sees, a new question, and one with its signed decisions."""

from typing import Any

from ....actions import approvals, decisions, who
from ....errors import Invalid
from ....http.arguments import path_id
from ....ports import Tx
from ....types import Draft
from ...call import Call, Go, Page
from ...problems import Problem
from ..reading.home import next_page, span
from .acks import TABS

PATH = "/approvals"
NEW, ONE = f"{PATH}/new", f"{PATH}/{{id}}"
OPEN_FOR = [("3600", "1 hour"), ("86400", "1 day"), ("259200", "3 days"), ("604800", "1 week"), ("2592000", "30 days")]
SHADES = {"approved": "good", "rejected": "bad", "open": "accent"}


async def index(call: Call) -> Page:
    asked = span(call.query)

    def operation(tx: Tx) -> dict[str, Any]:
        found = approvals.page(tx, call.account_id, call.site.org_id, asked)
        counted = {one.approval.post_id: one for one in approvals.shown(tx, found.items)}
        shown = call.views.shown(tx, call.account_id, found.items)
        rows = [(one, counted[one.id]) for one in shown if one.id in counted]
        return {"rows": rows, "before": next_page(found, asked)}

    values = await call.read(operation)
    return Page("processes/approvals.html", {"tabs": TABS, "shades": SHADES, **values})


async def show(call: Call, id: str) -> Page:
    def operation(tx: Tx) -> dict[str, Any]:
        found = approvals.get(tx, call.account_id, path_id(id))
        return {"one": found, "p": call.views.shown(tx, call.account_id, [found.approval.post_id])[0]}

    values = await call.read(operation)
    key = decisions.public_key(call.services.signer, call.site.org_id)
    return Page("processes/approval.html", {**values, "shades": SHADES, "public_key": key})


async def new_form(call: Call) -> Page:
    return _new(call)


async def new_again(call: Call, problem: Problem) -> Page:
    return _new(call, problem)


def _new(call: Call, problem: Problem | None = None) -> Page:
    form = call.form
    values = {
        "open_for": OPEN_FOR,
        "text": form.text("text"),
        "asks": form.text("ask_who"),
        "quorum": form.text("quorum") or "1",
        "until": form.text("decide_within") or "86400",
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
    }
    return Page("processes/new_approval.html", values, status=problem.status if problem else 200)


async def create(call: Call) -> Go:
    """Whoever is asked is mentioned, so that the question reaches them and they see it."""
    form, org_id = call.form, call.site.org_id
    quorum, open_for = form.text("quorum"), form.text("decide_within")
    if not quorum.isdecimal() or len(quorum) > 4:
        raise Invalid("quorum", "number", "must be a number")
    if open_for not in dict(OPEN_FOR):
        raise Invalid("decide_within", "unknown", "is not one of those that are offered")

    def operation(tx: Tx) -> int:
        meant = tuple(who.named(tx, org_id, call.account_id, form.text("ask_who").split()))
        draft = Draft(text=form.text("text"), app_id=0, idempotency_key=form.text("once")[:255])
        question = approvals.Question(draft, meant, int(quorum), int(open_for))
        domain, most = call.site.domain, call.site.post_chars_max
        return approvals.ask(tx, call.account_id, question, domain=domain, chars_max=most).post_id

    return Go(f"{PATH}/{await call.write(operation)}")
