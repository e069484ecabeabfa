"""The organisation of the site, and what it has chosen for itself. 0 is the server's own network."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ..access import limits, sites
from ..access.roles import Permission
from ..access.sites import Site
from ..errors import Invalid
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.forms import Upload
from ..http.route import ADMIN, SLOW, Route
from ..orgs import logo, settings
from ..types import RoomMakers, Rule, RuleWords, SignUps


class RuleText(Entity, kw_only=True):
    text: str
    hint: str = ""


class OrgRule(RuleText, kw_only=True):
    """id: as reports name it. A rule that is sent without one is that with the same text, or a new one."""

    id: Id | None = None
    translations: dict[str, RuleText] = {}


class Organisation(Entity, kw_only=True):
    """fixed: names of what the server's settings say, and nobody can choose here."""

    id: Id
    host: str
    title: str
    description: str
    contact_email: str
    contact_account: str
    languages: list[str]
    rules: list[OrgRule]
    registrations: SignUps
    closed: bool
    trends_approval: bool
    post_chars_max: int
    media_bytes_max: int
    film_bytes_max: int
    room_makers: RoomMakers
    accent: str
    accent_dark: str
    logo: str | None
    ip_ranges: list[str]  # networks from which it may be used; []: from everywhere
    fixed: list[str]


class Choice(msgspec.Struct, kw_only=True):
    """What is not sent stays as it is."""

    title: str | UnsetType = UNSET
    description: str | UnsetType = UNSET
    contact_email: str | UnsetType = UNSET
    contact_account: str | UnsetType = UNSET
    languages: list[str] | UnsetType = UNSET
    rules: list[OrgRule] | UnsetType = UNSET
    registrations: SignUps | UnsetType = UNSET
    closed: bool | UnsetType = UNSET
    trends_approval: bool | UnsetType = UNSET
    post_chars_max: int | UnsetType = UNSET
    media_bytes_max: int | UnsetType = UNSET
    film_bytes_max: int | UnsetType = UNSET
    room_makers: RoomMakers | UnsetType = UNSET
    accent: str | UnsetType = UNSET
    accent_dark: str | UnsetType = UNSET
    ip_ranges: list[str] | UnsetType = UNSET
    lock_me_out: bool = False  # whoever asks is in none of ip_ranges, and means it

    def wanted(self) -> dict[str, Any]:
        """By name of OrgSettings, of its types."""
        given = {name: one for name in self.__struct_fields__ if (one := getattr(self, name)) is not UNSET}
        given.pop("lock_me_out")
        for name in ("languages", "ip_ranges"):
            if name in given:
                given[name] = tuple(given[name])
        if "rules" in given:
            given["rules"] = tuple(map(_rule, given["rules"]))
        return given


def _rule(one: OrgRule) -> Rule:
    words = {code: RuleWords(words.text, words.hint) for code, words in one.translations.items()}
    return Rule(one.text, one.hint, words, int(one.id or 0))


def shown(call: Call, site: Site) -> Organisation:
    fixed = [] if site.org_id else list(sites.said(call.settings))
    chosen = msgspec.to_builtins(site.settings)
    path = logo.path(site)
    chosen["rules"] = [one | {"id": str(one["id"])} for one in chosen["rules"]]
    own = {"id": str(site.org_id), "host": site.domain, "fixed": fixed, "logo": site.base_url + path if path else None}
    return msgspec.convert(chosen | own, Organisation)


async def show(call: Call) -> Organisation:
    return shown(call, call.site)


async def change(call: Call, body: Choice) -> Organisation:
    """Seen in this answer, and everywhere within a second."""
    wanted = body.wanted()
    settings.check_reach(wanted, call.ip, sure=body.lock_me_out)
    await call.write(settings.change, call.settings, call.site.org_id, call.account_id, wanted)
    return shown(call, await call.services.sites.renewed(call.site))


class LogoBody(msgspec.Struct, kw_only=True):
    logo: Upload | None = None


async def put_logo(call: Call, body: LogoBody) -> Organisation:
    """A picture instead of the one there is: PNG, JPEG, WebP, GIF, AVIF, up to 2 MB."""
    if body.logo is None:
        raise Invalid("logo", "blank", "must be a picture")
    data = body.logo.read(logo.BYTES_MAX, "logo")
    await logo.put(call.engines, call.settings, call.site, call.account_id, data)
    return shown(call, await call.services.sites.renewed(call.site))


async def remove_logo(call: Call) -> Organisation:
    await logo.remove(call.engines, call.settings, call.site, call.account_id)
    return shown(call, await call.services.sites.renewed(call.site))


PATH = "/api/chirrup/v1/org"
ROUTES = [
    Route("GET", PATH, show, "admin:read", ADMIN, Permission.MANAGE_SETTINGS),
    Route("PATCH", PATH, change, "admin:write", ADMIN, Permission.MANAGE_SETTINGS),
    Route(
        "POST",
        f"{PATH}/logo",
        put_logo,
        "admin:write",
        ADMIN,
        Permission.MANAGE_SETTINGS,
        uploads=True,
        limits=limits.MEDIA,
        cost=SLOW,
    ),
    Route("DELETE", f"{PATH}/logo", remove_logo, "admin:write", ADMIN, Permission.MANAGE_SETTINGS),
]
