"""Settings: passkeys. Whoever adds or removes one gives the password, and a code where there is a second factor."""

import msgspec

from ....access import passkeys, second_factor
from ....access.passkeys import Made
from ....access.second_factor import Proof
from ....ports import Tx
from ....types import Passkey
from ...call import Call, Go, Page
from ...problems import Problem
from ..entry import passkey
from . import proving

PATH = "/settings/passkeys"


class Stored(msgspec.Struct, frozen=True):
    keys: list[Passkey]
    has_factor: bool
    way: proving.Way


async def form(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def _page(call: Call, problem: Problem | None = None) -> Page:
    stored = await call.read(_stored, call)
    values = {
        "keys": stored.keys,
        "choices": [(one.id, one.name) for one in stored.keys],
        "has_factor": stored.has_factor,
        "way": stored.way,
        "options": await passkey.making(call, stored.keys),
        "given_name": call.form.text("passkey_name"),
        "removing": call.path != PATH,
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return Page("settings/passkeys.html", values, status=problem.status if problem else 200)


def _stored(tx: Tx, call: Call) -> Stored:
    has_factor = second_factor.is_on(tx, call.account_id)
    return Stored(passkeys.of_account(tx, call.account_id), has_factor, proving.way(tx, call, PATH))


async def add(call: Call) -> Go:
    await proving.check_password(call)
    made = await passkey.made(call)
    await call.write(_add, call.account_id, made, call.form.text("passkey_name"), proving.code(call))
    await proving.done(call, "a passkey was added")
    return Go(f"{PATH}?saved=1")


def _add(tx: Tx, account_id: int, made: Made, name: str, proof: Proof) -> None:
    second_factor.demand(tx, account_id, proof)
    passkeys.add(tx, account_id, made, name)


async def remove(call: Call) -> Go:
    await proving.check_password(call)
    await call.write(_remove, call.account_id, call.form.text("key"), proving.code(call))
    await proving.done(call, "a passkey was removed")
    return Go(f"{PATH}?saved=1")


def _remove(tx: Tx, account_id: int, id: str, proof: Proof) -> None:
    second_factor.demand(tx, account_id, proof)
    passkeys.remove(tx, account_id, id)
