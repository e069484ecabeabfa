"""Closing an organisation for good: an owner announces it with a day, and can call it off until then."""

from ....access.roles import Permission
from ....errors import Invalid
from ....orgs import closing
from ...call import Call, Go, Page
from ...problems import Problem
from . import places
from .holds import date, given

PATH = "/org/closing"
FIELDS = ("closing_day", "closing_words", "closing_host")


async def index(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def announce(call: Call) -> Go:
    words = call.form.text("closing_words")
    try:
        closing.check_host(call.form.text("closing_host"), call.site)
        on_ms = date(call, "closing_day")
        await call.write(closing.announce, call.settings, call.site.org_id, call.account_id, on_ms, words)
    except Invalid as error:
        raise error.of(f"closing_{error.field}") if f"closing_{error.field}" in FIELDS else error from error
    await call.services.sites.renewed(call.site)
    return Go(f"{PATH}?saved=1")


async def call_off(call: Call) -> Go:
    await call.write(closing.call_off, call.site.org_id, call.account_id)
    await call.services.sites.renewed(call.site)
    return Go(f"{PATH}?off=1")


async def _page(call: Call, problem: Problem | None = None) -> Page:
    found = await call.read(closing.state, call.site.org_id)
    said = {"saved": "Announced: everybody here is told.", "off": "Called off: everybody here is told."}
    values = {
        "closing_ms": found.closing_ms,
        "holds": len(found.waits_for),
        "is_own": not call.site.org_id,
        "may_export": call.may(Permission.COMPLIANCE),
        "first_day": found.first_day,
        "given": given(call, FIELDS, problem),
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
        "notice": next((words for name, words in said.items() if call.query.flag(name)), "") if not problem else "",
    }
    return places.page(call, "closing.html", values, status=problem.status if problem else 200)
