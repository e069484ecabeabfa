"""Settings: delete the account."""

from ....access import second_factor
from ....access.second_factor import Proof
from ....ports import Tx
from ....social import leaving
from ...call import Call, Go, Page
from ...problems import Problem
from . import proving

PATH = "/settings/leave"


async def form(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def _page(call: Call, problem: Problem | None = None) -> Page:
    def operation(tx: Tx) -> tuple[bool, proving.Way]:
        return second_factor.is_on(tx, call.account_id), proving.way(tx, call, PATH)

    has_factor, way = await call.read(operation)
    values = {
        "has_factor": has_factor,
        "way": way,
        "problem": problem.message if problem else "",
    }
    return Page("settings/leave.html", values, status=problem.status if problem else 200)


async def leave(call: Call) -> Go:
    """There is no way back."""
    await proving.check_password(call)
    await call.write(_leave, call.account_id, proving.code(call))
    call.services.auth.forget()
    await proving.done(call, "the account was deleted by its owner")
    return Go("/gone", cookie="")


def _leave(tx: Tx, account_id: int, proof: Proof) -> None:
    second_factor.demand(tx, account_id, proof)
    leaving.leave(tx, account_id)


async def gone(call: Call) -> Page:
    """Where whoever has just left is led to."""
    said = ["Nobody sees it any more, and all that it said and had is being deleted.", "Its name stays taken."]
    return Page("entry/said.html", {"title": "The account is deleted", "said": said, "next": ("/", call.site.title)})
