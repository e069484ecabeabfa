"""The domains that a user blocks. https://docs.joinmastodon.org/methods/domain_blocks/"""

import msgspec

from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.route import Route
from ..social import blocked_domains
from .call import Call
from .entities import Empty
from .profile_entities import DomainBlockPreview


async def index(call: Call, query: PageQuery) -> Page[str]:
    span = paging.span(query, default=100, most=200)
    found = await call.read(blocked_domains.blocked, call.account_id, span)
    return paging.page([domain for _, domain in found], [id for id, _ in found], span)


class Domain(msgspec.Struct, kw_only=True):
    domain: str = ""


async def block(call: Call, body: Domain) -> Empty:
    await call.write(blocked_domains.block, call.account_id, body.domain, call.site.domain)
    return Empty()


async def unblock(call: Call, body: Domain) -> Empty:
    await call.write(blocked_domains.unblock, call.account_id, body.domain)
    return Empty()


async def preview(call: Call, query: Domain) -> DomainBlockPreview:
    """What a block would be about. Mastodon's own pages ask for it (4.3); it is in none of its documents."""
    lost = await call.read(blocked_domains.preview, call.account_id, query.domain)
    return DomainBlockPreview(following_count=lost.followees, followers_count=lost.followers)


ROUTES = [
    Route("GET", "/api/v1/domain_blocks", index, "read:blocks"),
    Route("POST", "/api/v1/domain_blocks", block, "write:blocks"),
    Route("DELETE", "/api/v1/domain_blocks", unblock, "write:blocks"),
    Route("GET", "/api/v1/domain_blocks/preview", preview, "read:blocks"),
]
