"""The domains of an organisation: claimed, proved by a TXT record, given up."""

from ....access import limits
from ....orgs import domains
from ...call import Call, Go, Page
from ...problems import Problem
from . import places

PATH = "/org/domains"
SAID = {
    "proved": "The record is there: the domain is proved to be yours.",
    "waits": "The record is not there yet. DNS may take an hour to show what you have changed.",
    "claimed": "Put the record below into DNS, then have it looked for.",
    "removed": "Given up.",
}


async def form(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def _page(call: Call, problem: Problem | None = None) -> Page:
    beside = problem.fields.get("domain", "") if problem and call.path == PATH else ""
    values = {
        "domains": await call.read(domains.every, call.site.org_id),
        "given": call.form.text("domain") if call.path == PATH else "",
        "beside": beside,
        "problem": problem.message if problem and not beside else "",
        "notice": SAID.get(call.query.text("said"), "") if not problem else "",
    }
    return places.page(call, "domains.html", values, status=problem.status if problem else 200)


async def claim(call: Call) -> Go:
    await call.write(domains.claim, call.site.org_id, call.account_id, call.form.text("domain"))
    return Go(f"{PATH}?said=claimed")


async def check(call: Call) -> Go:
    await call.throttle(limits.DOMAIN_CHECK, account=str(call.account_id))
    one = await domains.check(call.engines, call.site.org_id, call.account_id, call.form.text("domain"))
    return Go(f"{PATH}?said={'proved' if one.verified_ms and not one.lost_ms else 'waits'}")


async def remove(call: Call) -> Go:
    await call.write(domains.remove, call.site.org_id, call.account_id, call.form.text("domain"))
    return Go(f"{PATH}?said=removed")
