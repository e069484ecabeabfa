"""Search. https://docs.joinmastodon.org/methods/search/"""

from typing import Any

import msgspec

from ..errors import Unauthorised
from ..http import paging
from ..http.forms import Id
from ..http.paging import PageQuery
from ..http.route import ANYONE, SLOW, Route
from ..ports import Tx
from ..social import search as finding
from ..social import tags
from ..types import Span
from .call import Call
from .entities import Account, Search


class SearchQuery(PageQuery, kw_only=True):
    q: str = ""
    type: str = ""
    following: bool = False
    resolve: bool = False
    account_id: Id = 0
    offset: Id = 0

    @property
    def words(self) -> str:
        return self.q.strip()[: finding.CHARS_MAX]

    def wants(self, kind: str) -> bool:
        return self.type in ("", kind)


async def search(call: Call, query: SearchQuery) -> Search:
    """Posts are found only with a login. The address of an account or post on this server finds exactly that."""
    if not call.viewer_id and (query.offset or query.resolve):
        raise Unauthorised("Search results beyond the first, or from elsewhere, need a user's token")
    span = paging.span(query)
    return await call.browse(_search, call, query, span)


def _search(tx: Tx, call: Call, query: SearchQuery, span: Span) -> Search:
    site = call.site
    account_id, post_id = finding.named_by(tx, call.viewer_id, query.words, site.base_url, site.org_id)
    if account_id or post_id:
        return Search(
            accounts=call.render.accounts(tx, [account_id] if account_id and query.wants("accounts") else []),
            statuses=call.render.statuses(tx, call.viewer_id, [post_id] if query.wants("statuses") else []),
            hashtags=[],
        )
    if not query.words or query.offset > finding.DEEPEST:
        return Search(accounts=[], statuses=[], hashtags=[])
    return Search(
        accounts=_accounts(tx, call, query, span.limit) if query.wants("accounts") else [],
        statuses=_statuses(tx, call, query, span) if query.wants("statuses") and call.viewer_id else [],
        hashtags=[
            call.render.tag(one, known=bool(call.viewer_id))
            for one in tags.shown(
                tx,
                call.viewer_id,
                finding.find_tags(tx, query.words, limit=span.limit, offset=query.offset, org_id=site.org_id),
            )
        ]
        if query.wants("hashtags") and not call.viewer.is_guest
        else [],
    )


def _accounts(tx: Tx, call: Call, query: SearchQuery, limit: int) -> list[Any]:
    found = finding.find_accounts(
        tx,
        call.viewer_id,
        query.words,
        call.site.domain,
        limit=limit,
        offset=query.offset,
        followed=query.following,
        org_id=call.site.org_id,
    )
    return call.render.accounts(tx, found)


def _statuses(tx: Tx, call: Call, query: SearchQuery, span: Span) -> list[Any]:
    asked = finding.parse(tx, call.viewer_id, query.words, call.site.domain, call.site.org_id)
    if query.account_id:
        asked = asked.by(query.account_id)
    more = msgspec.structs.replace(span, limit=span.limit + query.offset)
    ids = finding.find_posts(tx, call.viewer_id, asked, more, call.site.org_id).items
    return call.render.statuses(tx, call.viewer_id, ids[query.offset :])


async def accounts(call: Call, query: SearchQuery) -> list[Account]:
    limit = paging.limit(query.limit, default=40, most=80)
    if query.offset > finding.DEEPEST:
        return []
    return await call.browse(_accounts, call, query, limit)


ROUTES = [
    Route("GET", "/api/v2/search", search, "read:search", ANYONE, cost=SLOW),
    Route("GET", "/api/v1/accounts/search", accounts, "read:accounts", cost=SLOW),
]
