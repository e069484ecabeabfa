"""Discovery by other programs, of this server and of accounts by handle: NodeInfo, WebFinger, host-meta."""

from urllib.parse import unquote

import msgspec

from .. import __version__
from ..errors import BadRequest, NotFound
from ..http.route import ANYONE, Route
from ..social import accounts
from . import server_entities as shapes
from .call import Call, Reply
from .server_entities import Link, Links, NodeInfo

NODEINFO = "http://nodeinfo.diaspora.software/ns/schema/"
PROFILE_PAGE = "http://webfinger.net/rel/profile-page"


async def nodeinfo_index(call: Call) -> Links:
    versions = ("2.0", "2.1")
    return Links(links=[Link(rel=f"{NODEINFO}{one}", href=f"{call.site.base_url}/nodeinfo/{one}") for one in versions])


async def nodeinfo_2_0(call: Call) -> NodeInfo:
    return await _nodeinfo(call, "2.0")


async def nodeinfo_2_1(call: Call) -> NodeInfo:
    """The same: what 2.1 has beside it (addresses of the program) there is none of yet, and need not be told."""
    return await _nodeinfo(call, "2.1")


async def _nodeinfo(call: Call, version: str) -> NodeInfo:
    site = call.site
    counts = await call.services.usage.counts(call.db, site.org_id)
    return NodeInfo(
        version=version,
        software=shapes.NodeSoftware(name="chirrup", version=__version__),
        protocols=[],  # the schema wants one, but this server has none of those it knows
        services=shapes.NodeServices(inbound=[], outbound=[]),
        usage=shapes.NodeUsage(
            users=shapes.NodeUsers(
                total=counts.people, active_month=counts.active_month, active_halfyear=counts.active_half_year
            ),
            local_posts=counts.posts,
        ),
        open_registrations=site.registrations,
        metadata=shapes.NodeMetadata(node_name=site.title, node_description=site.description),
    )


async def host_meta(call: Call) -> Reply:
    """RFC 6415."""
    template = f"{call.site.base_url}/.well-known/webfinger?resource={{uri}}"
    body = f"""<?xml version="1.0" encoding="UTF-8"?>
<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">
  <Link rel="lrdd" template="{template}"/>
</XRD>
"""
    return Reply(body.encode(), media_type="application/xrd+xml; charset=utf-8")


class WebfingerQuery(msgspec.Struct, kw_only=True):
    resource: str = ""


class Jrd(shapes.Entity, kw_only=True):
    subject: str
    aliases: list[str]
    links: list[Link]


async def webfinger(call: Call, query: WebfingerQuery) -> Reply:
    """RFC 7033, for `acct:name@host` and the address of a profile."""
    acct = _acct(call, query.resource)
    account = await call.read(accounts.by_acct, acct, call.site.domain, call.site.org_id)
    if account.suspended_ms:
        raise NotFound("account", query.resource)
    url = call.render.account_url(account.username)
    found = Jrd(
        subject=f"acct:{account.username}@{call.site.domain}",
        aliases=[url],
        links=[Link(rel=PROFILE_PAGE, href=url, type="text/html")],
    )
    return Reply(found, media_type="application/jrd+json; charset=utf-8")


def _acct(call: Call, resource: str) -> str:
    """Raises BadRequest: no resource; NotFound: not an account here."""
    if not resource:
        raise BadRequest("resource is missing: ask for acct:name@host")
    profile = f"{call.site.base_url}/@"
    if resource.startswith(profile):
        return unquote(resource.removeprefix(profile))
    acct = resource.removeprefix("acct:")
    if "@" not in acct.removeprefix("@") or "/" in acct:
        raise NotFound("account", resource)
    return acct


async def change_password(call: Call) -> Reply:
    """For password managers: https://w3c.github.io/webappsec-change-password-url/"""
    return Reply(b"", 302, {"Location": f"{call.site.base_url}/settings/access"}, "text/plain; charset=utf-8")


ROUTES = [
    Route("GET", "/.well-known/nodeinfo", nodeinfo_index, who=ANYONE, counted=False),
    Route("GET", "/nodeinfo/2.0", nodeinfo_2_0, who=ANYONE, counted=False),
    Route("GET", "/nodeinfo/2.1", nodeinfo_2_1, who=ANYONE, counted=False),
    Route("GET", "/.well-known/host-meta", host_meta, who=ANYONE, counted=False),
    Route("GET", "/.well-known/webfinger", webfinger, who=ANYONE, counted=False),
    Route("GET", "/.well-known/change-password", change_password, who=ANYONE, counted=False),
]
