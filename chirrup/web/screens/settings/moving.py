"""Settings: go on with another account here, and name the accounts that may go on with this one."""

from ....access import second_factor
from ....access.second_factor import Proof
from ....ports import Tx
from ....social import moving
from ....social.moving import Moving
from ...call import Call, Go, Page
from ...problems import Problem
from . import proving

PATH = "/settings/move"


async def form(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def alias_again(call: Call, problem: Problem) -> Page:
    return await _page(call, alias_problem=problem)


async def _page(call: Call, problem: Problem | None = None, alias_problem: Problem | None = None) -> Page:
    def operation(tx: Tx) -> tuple[Moving, bool, proving.Way]:
        found = moving.of_account(tx, call.account_id)
        return found, second_factor.is_on(tx, call.account_id), proving.way(tx, call, PATH)

    found, has_factor, way = await call.read(operation)
    refused = problem or alias_problem
    values = {
        "moving": found,
        "has_factor": has_factor,
        "way": way,
        "problem": problem.message if problem else "",
        "alias_problem": alias_problem.message if alias_problem else "",
        "moved_to": call.form.text("moved_to"),
        "alias": call.form.text("alias"),
    }
    return Page("settings/move.html", values, status=refused.status if refused else 200)


async def move(call: Call) -> Go:
    await proving.check_password(call)
    await call.write(_move, call.account_id, call.form.text("moved_to"), call.site.domain, proving.code(call))
    call.services.auth.forget()
    await proving.done(call, "the account moved to another")
    return Go(PATH)


def _move(tx: Tx, account_id: int, handle: str, domain: str, proof: Proof) -> None:
    second_factor.demand(tx, account_id, proof)
    moving.move(tx, account_id, handle, domain)


async def come_back(call: Call) -> Go:
    await call.write(moving.come_back, call.account_id)
    call.services.auth.forget()
    return Go(PATH)


async def add_alias(call: Call) -> Go:
    await call.write(moving.add_alias, call.account_id, call.form.text("alias"), call.site.domain)
    return Go(PATH)


async def remove_alias(call: Call) -> Go:
    await call.write(moving.remove_alias, call.account_id, call.form.id("remove"))
    return Go(PATH)
