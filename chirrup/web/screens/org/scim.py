"""Page below /org/identity: what a directory tells by SCIM: its tokens, and what becomes of groups and users."""

from typing import Any

from ....errors import Invalid, not_among
from ....http.arguments import path_id
from ....orgs.directory import checking
from ....orgs.scim import tokens
from ....ports import Tx
from ....ports.directory import Finding
from ....types import ScimToken
from ....types.directory import Scim
from ...call import Call, Go, Page
from ...problems import Problem
from . import identity, places
from .choosing import PREFIX, fixed

PATH = f"{identity.PATH}/scim"
TOKEN = f"{PATH}/tokens"
SUBJECTS = [("", "Nowhere, or I do not know"), ("externalId", "externalId"), ("userName", "userName")]


async def index(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem, **_: str) -> Page:
    return await _page(call, problem, name=call.form.text("scim_name"))


async def save_again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem, roles=call.form.text("scim_roles"), subject=call.form.text("scim_subject"))


async def _page(call: Call, problem: Problem | None = None, *, made: str = "", name: str = "", **sent: str) -> Page:
    def operation(tx: Tx) -> tuple[list[ScimToken], Finding | None]:
        site = call.site
        return tokens.every(tx, site.org_id), checking.second_accounts(tx, site.org_id, site.settings)

    there, warning = await call.read(operation)
    chosen = call.site.settings.scim
    values: dict[str, Any] = {
        "scim_uri": f"{call.site.base_url}/scim/v2",
        "tokens": there,
        "made": made,
        "warning": warning,
        "given_name": name,
        "roles": identity.as_text(chosen.roles),
        "subjects": SUBJECTS,
        "subject": chosen.subject,
        "is_fixed": f"{PREFIX}scim" in fixed(call),
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
        **sent,
    }
    return places.page(call, "scim.html", values, status=problem.status if problem else 200)


async def make(call: Call) -> Page:
    """The page with the token, which is shown once."""
    name = call.form.text("scim_name")
    try:
        _, secret = await call.write(tokens.make, call.site.org_id, call.account_id, name)
    except Invalid as error:
        raise error.of("scim_name") from error
    return await _page(call, made=secret)


async def end(call: Call, id: str) -> Go:
    await call.write(tokens.end, call.site.org_id, call.account_id, path_id(id))
    return Go(f"{PATH}?saved=1")


async def save(call: Call) -> Go:
    subject = call.form.text("scim_subject")
    if subject not in ("", "externalId", "userName"):
        raise not_among("scim_subject", [one for one, _ in SUBJECTS if one], subject)
    return await identity.choose(call, "scim", Scim(identity.lines(call.form.text("scim_roles")), subject))
