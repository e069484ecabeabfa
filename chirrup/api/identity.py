"""Where an organisation's people are known: a provider, a directory, what was read there; logging out from there."""

from typing import Literal, TypeVar

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from ..access import limits, sites
from ..access.roles import Permission
from ..errors import NotFound, NotProven, Refused, Unreachable
from ..http.call import Call, Reply
from ..http.entity import Entity, Id
from ..http.route import ADMIN, ANYONE, SLOW, Route
from ..ids import ms_of
from ..orgs.directory import checking, choosing, entering, reading, sign_on
from ..times import iso
from ..types.directory import DirectoryRun, Ldap, Oidc, Scim
from .app_passwords import Empty

PATH = "/api/chirrup/v1/org/identity"
LOGOUT = f"{PATH}/logout"
RUNS = 10

log = structlog.get_logger()
T = TypeVar("T")


class Provider(Entity, kw_only=True):
    """Of OpenID Connect. Its secret is never shown."""

    issuer: str
    client_id: str
    has_secret: bool
    name: str
    scopes: list[str]
    groups: str
    username: str
    directory_id: str
    roles: dict[str, str]
    rooms: dict[str, str]
    only: bool


class Directory(Entity, kw_only=True):
    """Of LDAP. Its password is never shown."""

    url: str
    bind_dn: str
    has_password: bool
    base: str
    filter: str
    login: str
    key: str
    groups_base: str
    trust_mail: bool
    ca: str
    roles: dict[str, str]
    rooms: dict[str, str]
    only: bool


class Provisioning(Entity, kw_only=True):
    """Of SCIM."""

    roles: dict[str, str]
    subject: str


class Run(Entity, kw_only=True):
    """A reading of the directory."""

    id: Id
    directory: str
    state: str  # done, failed, waits, approved, refused
    people: int
    members: int
    gone: int
    back: int
    words: str
    began_at: str
    read_at: str


class Identity(Entity, kw_only=True):
    """fixed: oidc, ldap, scim, where the server's settings say them. The addresses are to be named to the provider, the
    last to the directory.
    """

    oidc: Provider | None
    ldap: Directory | None
    scim: Provisioning
    redirect_uri: str
    logout_uri: str
    scim_uri: str
    fixed: list[str]
    runs: list[Run]


class Found(Entity, kw_only=True):
    directory: str
    what: str
    to_do: str  # "": it is well


class WantedProvider(msgspec.Struct, kw_only=True):
    """client_secret: not sent: that of before, if issuer and client_id are the same."""

    issuer: str
    client_id: str
    client_secret: str = ""
    name: str = ""
    scopes: list[str] = msgspec.field(default_factory=lambda: ["openid", "profile", "email"])
    groups: str = "groups"
    username: str = "preferred_username"
    directory_id: str = "sub"
    roles: dict[str, str] = {}
    rooms: dict[str, str] = {}
    only: bool = False


class WantedDirectory(msgspec.Struct, kw_only=True):
    """bind_password: not sent: that of before, if url and bind_dn are the same."""

    url: str
    bind_dn: str
    base: str
    bind_password: str = ""
    filter: str = "(objectClass=inetOrgPerson)"
    login: str = "uid"
    key: str = "entryUUID"
    groups_base: str = ""
    trust_mail: bool = False
    ca: str = ""
    roles: dict[str, str] = {}
    rooms: dict[str, str] = {}
    only: bool = False


class WantedProvisioning(msgspec.Struct, kw_only=True):
    """subject: where the directory writes what the provider tells in its claim `directory_id`."""

    roles: dict[str, str] = {}
    subject: Literal["", "externalId", "userName"] = ""


class Choice(msgspec.Struct, kw_only=True):
    """What is not sent stays as it is."""

    oidc: WantedProvider | UnsetType = UNSET
    ldap: WantedDirectory | UnsetType = UNSET
    scim: WantedProvisioning | UnsetType = UNSET

    def wanted(self) -> choosing.Wanted:
        given: choosing.Wanted = {}
        if self.oidc is not UNSET:
            given["oidc"] = msgspec.convert(msgspec.to_builtins(self.oidc), Oidc)
        if self.ldap is not UNSET:
            given["ldap"] = msgspec.convert(msgspec.to_builtins(self.ldap), Ldap)
        if self.scim is not UNSET:
            given["scim"] = Scim(self.scim.roles, self.scim.subject)
        return given


async def show(call: Call) -> Identity:
    return await shown(call)


async def shown(call: Call) -> Identity:
    chosen, fixed = call.site.settings, [] if call.site.org_id else list(sites.said(call.settings))
    runs = await call.read(reading.newest, call.site.org_id, RUNS)
    return Identity(
        oidc=_shown(chosen.oidc, Provider, has_secret=bool(chosen.oidc and chosen.oidc.client_secret)),
        ldap=_shown(chosen.ldap, Directory, has_password=bool(chosen.ldap and chosen.ldap.bind_password)),
        scim=Provisioning(roles=chosen.scim.roles, subject=chosen.scim.subject),
        redirect_uri=sign_on.redirect_uri(call.site),
        logout_uri=call.site.base_url + LOGOUT,
        scim_uri=f"{call.site.base_url}/scim/v2",
        fixed=[name for name in fixed if name in ("oidc", "ldap", "scim")],
        runs=[_run(one) for one in runs],
    )


def _shown(one: Oidc | Ldap | None, kind: type[T], **more: bool) -> T | None:
    return msgspec.convert(msgspec.to_builtins(one) | more, kind) if one else None


def _run(one: DirectoryRun) -> Run:
    return Run(
        id=str(one.id),
        directory=one.issuer,
        state=one.state,
        people=one.people,
        members=one.members,
        gone=one.gone,
        back=one.back,
        words=one.words,
        began_at=iso(ms_of(one.id)),
        read_at=iso(one.read_ms),
    )


async def change(call: Call, body: Choice) -> Identity:
    """Seen in this answer, and everywhere within a second."""
    return await _choose(call, body.wanted())


async def forget_provider(call: Call) -> Identity:
    """People log in there no more. Their accounts stay, and so do their sessions."""
    return await _choose(call, {"oidc": None})


async def forget_directory(call: Call) -> Identity:
    """The same of the directory, which is read no more."""
    return await _choose(call, {"ldap": None})


async def _choose(call: Call, wanted: choosing.Wanted) -> Identity:
    given = (call.settings, call.site.org_id, call.account_id, wanted, call.engines.pusher.seal)
    await call.write(choosing.change, *given)
    call.site = await call.services.sites.renewed(call.site)
    return await shown(call)


async def check(call: Call) -> list[Found]:
    """Asks the provider and the directory, in words for whoever sets them up."""
    found = await checking.check(call.engines, call.site)
    return [Found(directory=one.name, what=told.what, to_do=told.to_do) for one in found for told in one.findings]


async def read(call: Call) -> Identity:
    """The directory is read soon."""
    await call.write(reading.soon, call.site.org_id)
    return await shown(call)


async def approve(call: Call, id: int) -> Identity:
    """Those who are gone are deactivated, at the reading that follows at once. For owners."""
    await call.write(reading.decide, call.site.org_id, id, approved=True, by=call.account_id)
    return await shown(call)


async def refuse(call: Call, id: int) -> Identity:
    """Nobody is deactivated as long as the directory has lost the same people. For owners."""
    await call.write(reading.decide, call.site.org_id, id, approved=False, by=call.account_id)
    return await shown(call)


class LogoutBody(msgspec.Struct, kw_only=True):
    logout_token: str = ""


async def logout(call: Call, body: LogoutBody) -> Reply:
    """The provider says that somebody has logged out there (OpenID Connect Back-Channel Logout 1.0)."""
    settings = call.site.settings.oidc
    if settings is None:
        raise NotFound("provider")
    headers = {"Cache-Control": "no-store"}
    try:
        subject = await call.engines.directories.provider(settings).logged_out(body.logout_token)
    except NotProven as error:
        return Reply({"error": "invalid_request", "error_description": error.message}, 400, headers)
    except (Refused, Unreachable) as error:
        log.warning("a logout was not done", issuer=settings.issuer, why=error.message)
        return Reply({"error": "temporarily_unavailable"}, 503, headers)
    await call.write(entering.log_out, call.site.org_id, settings.issuer, subject)
    call.services.auth.forget()
    return Reply(Empty(), 200, headers)


READ, WRITE, NEEDED = "admin:read", "admin:write", Permission.MANAGE_IDENTITY
ROUTES = [
    Route("GET", PATH, show, READ, ADMIN, NEEDED),
    Route("PATCH", PATH, change, WRITE, ADMIN, NEEDED),
    Route("DELETE", f"{PATH}/oidc", forget_provider, WRITE, ADMIN, NEEDED),
    Route("DELETE", f"{PATH}/ldap", forget_directory, WRITE, ADMIN, NEEDED),
    Route("POST", f"{PATH}/check", check, WRITE, ADMIN, NEEDED, cost=SLOW),
    Route("POST", f"{PATH}/read", read, WRITE, ADMIN, NEEDED),
    Route("POST", f"{PATH}/runs/{{id}}/approve", approve, WRITE, ADMIN, NEEDED),
    Route("POST", f"{PATH}/runs/{{id}}/refuse", refuse, WRITE, ADMIN, NEEDED),
    Route("POST", LOGOUT, logout, who=ANYONE, when_closed=True, limits=limits.PROVIDER_LOGOUT, counted=False),
]
