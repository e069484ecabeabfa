"""Where the organisation's people are known: its provider, its directory, whether they work, what was read there."""

from typing import Any

import msgspec

from ....errors import Invalid, InvalidFields
from ....http.arguments import path_id
from ....ids import ms_of
from ....orgs.directory import checking, choosing, reading, sign_on
from ....types import Role
from ....types.directory import Ldap, Oidc, Scim
from ...call import Call, Go, Page
from ...problems import Problem
from . import places
from .choosing import PREFIX, fixed

PATH = "/org/identity"
LOGOUT = "/api/chirrup/v1/org/identity/logout"
RUNS = 10
STATES = {
    "done": "Done",
    "failed": "Nothing was done",
    "waits": "Waits for an owner",
    "approved": "Approved",
    "refused": "Refused",
}
KINDS: dict[str, type[Oidc] | type[Ldap]] = {"oidc": Oidc, "ldap": Ldap}
SECRET = {"oidc": "client_secret", "ldap": "bind_password"}
SWITCHES = ("only", "trust_mail")
LISTS = ("roles", "rooms")  # a line each: group = what it gives


class RunView(msgspec.Struct, frozen=True):
    id: str
    at_ms: int
    state: str
    people: int
    members: int
    gone: int
    back: int
    words: str


async def index(call: Call) -> Page:
    return await _index(call)


async def again(call: Call, problem: Problem, **_: str) -> Page:
    return await _index(call, problem=problem)


async def check(call: Call) -> Page:
    return await _index(call, found=await checking.check(call.engines, call.site))


async def _index(call: Call, *, found: list[checking.Checked] | None = None, problem: Problem | None = None) -> Page:
    chosen = call.site.settings
    runs = await call.read(reading.newest, call.site.org_id, RUNS)
    last = next((one for one in runs if one.state != "failed"), None)
    values = {
        "oidc": chosen.oidc,
        "ldap": chosen.ldap,
        "fixed": {name for name in KINDS if f"{PREFIX}{name}" in fixed(call)},
        "redirect_uri": sign_on.redirect_uri(call.site),
        "logout_uri": call.site.base_url + LOGOUT,
        "found": found,
        "runs": [_view(one) for one in runs],
        "waits": _view(last) if last and last.state == "waits" else None,
        "is_owner": call.viewer.role == Role.OWNER,
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") else "It is read now." if call.query.flag("read") else "",
    }
    return places.page(call, "identity.html", values, status=problem.status if problem else 200)


def _view(one: reading.DirectoryRun) -> RunView:
    counts = (one.people, one.members, one.gone, one.back)
    return RunView(str(one.id), ms_of(one.id), STATES[one.state], *counts, one.words)


async def read(call: Call) -> Go:
    await call.write(reading.soon, call.site.org_id)
    return Go(f"{PATH}?read=1")


async def approve(call: Call, id: str) -> Go:
    await call.write(reading.decide, call.site.org_id, path_id(id), approved=True, by=call.account_id)
    return Go(f"{PATH}?read=1")


async def refuse(call: Call, id: str) -> Go:
    await call.write(reading.decide, call.site.org_id, path_id(id), approved=False, by=call.account_id)
    return Go(PATH)


class Form:
    """The page of one of the two. name: "oidc", "ldap"."""

    def __init__(self, name: str) -> None:
        self.name, self.kind, self.path = name, KINDS[name], f"{PATH}/{name}"

    async def form(self, call: Call) -> Page:
        return self._page(call, self._stored(getattr(call.site.settings, self.name)))

    async def again(self, call: Call, problem: Problem) -> Page:
        sent = {field: call.form.text(field) for field in self._stored(None) if field != self._field(SECRET[self.name])}
        return self._page(call, sent, problem)

    async def save(self, call: Call) -> Go:
        """Without a secret that of before stays, if it is for the same server."""
        return await choose(call, self.name, self._sent(call))

    async def remove(self, call: Call) -> Go:
        return await choose(call, self.name, None)

    def _field(self, name: str) -> str:
        return f"{self.name}_{name}"

    def _stored(self, one: Oidc | Ldap | None) -> dict[str, str]:
        """By name of a field, as fields have it."""
        told: dict[str, str] = {}
        for field in msgspec.structs.fields(self.kind):
            empty = "" if field.default in (msgspec.NODEFAULT, msgspec.UNSET) else field.default
            told[self._field(field.name)] = as_text(getattr(one, field.name) if one else empty)
        told[self._field(SECRET[self.name])] = ""
        return told

    def _sent(self, call: Call) -> Oidc | Ldap:
        given: dict[str, Any] = {}
        for field in msgspec.structs.fields(self.kind):
            name = self._field(field.name)
            if field.name in SWITCHES:
                given[field.name] = call.form.flag(name)
            elif field.name in LISTS:
                given[field.name] = lines(call.form.text(name))
            elif field.name == "scopes":
                given[field.name] = tuple(call.form.text(name).replace(",", " ").split())
            else:
                given[field.name] = call.form.text(name).strip()
        return self.kind(**given)

    def _page(self, call: Call, values: dict[str, str], problem: Problem | None = None) -> Page:
        chosen = getattr(call.site.settings, self.name)
        shown = {
            "values": values,
            "path": self.path,
            "has_secret": bool(chosen and getattr(chosen, SECRET[self.name])),
            "is_set": chosen is not None,
            "is_fixed": f"{PREFIX}{self.name}" in fixed(call),
            "problem": problem.message if problem else "",
        }
        return places.page(call, f"{self.name}.html", shown, status=problem.status if problem else 200)


async def choose(call: Call, name: str, wanted: Oidc | Ldap | Scim | None) -> Go:
    """name: "oidc", "ldap", "scim". Raises Invalid, InvalidFields, NotAllowed."""
    given = (call.settings, call.site.org_id, call.account_id, {name: wanted}, call.engines.pusher.seal)
    try:
        await call.write(choosing.change, *given)
    except InvalidFields as error:
        raise InvalidFields([one.of(f"{PREFIX}{one.field}") for one in error.problems]) from error
    except Invalid as error:
        raise error.of(f"{PREFIX}{error.field}") from error
    await call.services.sites.renewed(call.site)
    return Go(f"{PATH}?saved=1")


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, dict):
        return "\n".join(f"{group} = {one}" for group, one in value.items())
    return " ".join(value) if isinstance(value, tuple) else str(value or "")


def lines(text: str) -> dict[str, str]:
    """Names of groups may have = in them, as DNs do: the last one counts."""
    pairs = (line.rpartition("=") for line in text.splitlines() if line.strip())
    return {group.strip(): one.strip() for group, _, one in pairs}


PROVIDER, DIRECTORY = Form("oidc"), Form("ldap")
