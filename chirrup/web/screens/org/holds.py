"""Holds of an organisation, for the role COMPLIANCE: what nothing deletes for good."""

from collections.abc import Collection

import msgspec

from ....access import visibility
from ....errors import Invalid, NotFound, not_among
from ....http.arguments import path_id
from ....orgs import holds
from ....orgs.holds import Wanted
from ....ports import Tx
from ....times import day, ms_of_text
from ....types import Hold, HoldScope
from ...call import Call, Go, Page
from ...problems import Problem
from . import places

PATH = "/org/holds"
END = f"{PATH}/{{id}}/end"
SCOPES = [(HoldScope.ACCOUNT, "One account"), (HoldScope.ROOM, "One room"), (HoldScope.ALL, "Everything here")]
FIELDS = ("hold_scope", "hold_name", "hold_since", "hold_until", "hold_reason")


class HoldView(msgspec.Struct, frozen=True):
    id: int
    about: str
    since: str  # a day; "": from the first post
    until: str
    reason: str


async def index(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem, **_: str) -> Page:
    return await _page(call, problem)


async def place(call: Call) -> Go:
    scope, name = call.form.text("hold_scope"), call.form.text("hold_name").strip()
    if scope not in list(HoldScope):
        raise not_among("hold_scope", [one.value for one in HoldScope], scope)
    since_ms, until_ms = date(call, "hold_since"), date(call, "hold_until")

    def operation(tx: Tx) -> None:
        id = subject(tx, call, name, "hold_name") if scope != HoldScope.ALL else 0
        wanted = Wanted(HoldScope(scope), call.form.text("hold_reason"), id, since_ms, until_ms)
        try:
            holds.place(tx, call.site.org_id, call.account_id, wanted)
        except Invalid as error:
            raise error.of(f"hold_{error.field}") from error
        except NotFound as error:
            raise Invalid("hold_name", "unknown", "is no {kind} here", kind=scope) from error

    await call.write(operation)
    return Go(f"{PATH}?saved=1")


async def end(call: Call, id: str) -> Go:
    await call.write(holds.end, call.site.org_id, call.account_id, path_id(id))
    return Go(f"{PATH}?saved=1")


def subject(tx: Tx, call: Call, name: str, field: str) -> int:
    """The id of the account or the room with this name. Raises Invalid."""
    try:
        return holds.named(tx, call.site.org_id, name)
    except NotFound as error:
        raise Invalid(field, "unknown", "is nobody here; got {got!r}", got=name[:60]) from error


def date(call: Call, field: str) -> int:
    """The beginning of the day; 0: the field is empty. Raises Invalid."""
    given = call.form.text(field).strip()
    try:
        return max(0, ms_of_text(given)) if given else 0
    except (ValueError, OverflowError) as error:
        raise Invalid(field, "invalid", "must be a date like 2026-01-31; got {got!r}", got=given[:30]) from error


def _views(tx: Tx, call: Call) -> list[HoldView]:
    found = holds.every(tx, call.site.org_id)
    about = {one.subject_id for one in found if one.scope != HoldScope.ALL}
    names = {id: one.username for id, one in visibility.of_one_organisation(tx, call.account_id, about).items()}
    return [_view(one, names) for one in found]


def _view(one: Hold, names: dict[int, str]) -> HoldView:
    about = "Everything here" if one.scope == HoldScope.ALL else f"@{names.get(one.subject_id, '(gone)')}"
    days = [day(ms) if ms else "" for ms in (one.from_ms, one.until_ms)]
    return HoldView(one.id, about, *days, reason=one.reason)


def given(call: Call, names: Collection[str], problem: Problem | None) -> dict[str, str]:
    return {name: call.form.text(name) if problem else "" for name in names}


async def _page(call: Call, problem: Problem | None = None) -> Page:
    values = {
        "holds": await call.read(_views, call),
        "scopes": SCOPES,
        "given": given(call, FIELDS, problem),
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return places.page(call, "holds.html", values, status=problem.status if problem else 200)
