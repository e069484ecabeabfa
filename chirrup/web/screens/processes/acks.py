"""Posts that must be acknowledged: what waits for the viewer, what they ask for, and one with who has not yet."""

from typing import Any

from ....actions import acknowledgements, chains, who
from ....actions.acknowledgements import Asking
from ....errors import Invalid
from ....http.arguments import path_id
from ....ports import Tx
from ....social import posts
from ....types import Enough
from ...call import Call, Go, Page
from ...problems import Problem
from ..reading.home import next_page, span

PATH = "/acks"
ASKED, ONE = f"{PATH}/asked", f"{PATH}/{{id}}"
TABS = [(PATH, "For you"), (ASKED, "You ask"), ("/approvals", "Approvals")]
# what a form offers for how long
SAME = ("", "The same people again")
WITHIN = [("15", "15 minutes"), ("60", "1 hour"), ("240", "4 hours"), ("1440", "1 day"), ("10080", "1 week")]


async def waiting(call: Call) -> Page:
    asked = span(call.query)

    def operation(tx: Tx) -> dict[str, Any]:
        found = acknowledgements.waiting(tx, call.account_id, asked)
        return {"posts": call.views.shown(tx, call.account_id, found.items), "before": next_page(found, asked)}

    return Page("processes/waiting.html", {"tabs": TABS, **await call.read(operation)})


async def asked(call: Call) -> Page:
    """With how many have acknowledged each."""
    where = span(call.query)

    def operation(tx: Tx) -> dict[str, Any]:
        found = acknowledgements.asked_by(tx, call.account_id, where)
        requests, done = acknowledgements.requests(tx, found.items), acknowledgements.progress(tx, found.items)
        shown = call.views.shown(tx, call.account_id, found.items)
        rows = [(one, requests[one.id], *done.get(one.id, (0, 0))) for one in shown if one.id in requests]
        return {"rows": rows, "before": next_page(found, where)}

    return Page("processes/asked.html", {"tabs": TABS, **await call.read(operation)})


async def show(call: Call, id: str) -> Page:
    return await _page(call, id)


async def again(call: Call, problem: Problem, id: str) -> Page:
    return await _page(call, id, problem)


async def _page(call: Call, id: str, problem: Problem | None = None) -> Page:
    """The report; of an own post that asks nobody yet, the form."""
    post_id = path_id(id)

    def operation(tx: Tx) -> dict[str, Any]:
        report = acknowledgements.requests(tx, [post_id]) and acknowledgements.report(tx, call.account_id, post_id)
        post = None if report else posts.own(tx, call.account_id, post_id)
        return {
            "p": call.views.shown(tx, call.account_id, [post_id])[0],
            "report": report,
            "chains": [SAME] if report else [SAME, *((one.name, one.name) for one in chains.of_org(tx, org_id))],
            "asks": " ".join(f"@{one.username}" for one in post.mentioned) if post else "",
        }

    org_id, form = call.site.org_id, call.form
    values = await call.read(operation)
    values |= {
        "within": WITHIN,
        "asks": form.text("ask_who") or values["asks"],
        "minutes": form.text("ask_within") or "1440",
        "first": form.flag("ask_first"),
        "chain": form.text("ask_chain"),
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
    }
    return Page("processes/ack.html", values, status=problem.status if problem else 200)


async def ask(call: Call, id: str) -> Go:
    form, org_id = call.form, call.site.org_id
    minutes = form.text("ask_within")

    def operation(tx: Tx) -> None:
        posts.own(tx, call.account_id, path_id(id))
        if minutes not in dict(WITHIN):
            raise Invalid("ask_within", "unknown", "is not one of those that are offered")
        meant = tuple(who.named(tx, org_id, call.account_id, form.text("ask_who").split()))
        chain_id = chains.called(tx, org_id, form.text("ask_chain")).id if form.text("ask_chain") else 0
        enough = Enough.ONE if chain_id or form.flag("ask_first") else Enough.ALL
        acknowledgements.ask(tx, call.account_id, path_id(id), Asking(meant, int(minutes), enough, chain_id))

    await call.write(operation)
    return Go(f"{PATH}/{path_id(id)}")
