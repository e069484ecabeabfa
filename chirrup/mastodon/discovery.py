"""The directory and suggestions. https://docs.joinmastodon.org/methods/directory/ and /methods/suggestions/"""

import msgspec

from ..http import paging
from ..http.route import ANYONE, Route
from ..ports import Tx
from ..social import discovery
from .call import Call
from .entities import Account, Empty, Suggestion

SOURCES = {"friends_of_friends": "past_interactions", "most_followed": "global"}  # names before Mastodon 4.3


class DirectoryQuery(msgspec.Struct, kw_only=True):
    order: str = "active"
    offset: int = 0
    limit: str = ""
    local: bool = False  # no effect: all accounts are local


async def directory(call: Call, query: DirectoryQuery) -> list[Account]:
    limit = paging.limit(query.limit, default=40, most=80)
    if call.viewer.is_guest:
        return []

    def operation(tx: Tx) -> list[Account]:
        order = query.order or "active"
        ids = discovery.directory(
            tx, call.viewer_id, order=order, offset=query.offset, limit=limit, org_id=call.site.org_id
        )
        return call.render.accounts(tx, ids)

    return await call.browse(operation)


class SuggestionsQuery(msgspec.Struct, kw_only=True):
    limit: str = ""


async def suggestions(call: Call, query: SuggestionsQuery) -> list[Suggestion]:
    limit = paging.limit(query.limit, default=40, most=80)
    if call.viewer.is_guest:
        return []

    def operation(tx: Tx) -> list[Suggestion]:
        found = discovery.suggestions(tx, call.account_id, limit, call.site.org_id)
        shown = call.render.accounts_by_id(tx, [one.account_id for one in found])
        return [
            Suggestion(source=SOURCES[one.reasons[0]], sources=one.reasons, account=shown[one.account_id])
            for one in found
        ]

    return await call.read(operation)


async def suggested_accounts(call: Call, query: SuggestionsQuery) -> list[Account]:
    """Suggestions without reasons, as before Mastodon 3.4."""
    return [one.account for one in await suggestions(call, query)]


async def refuse_suggestion(call: Call, id: int) -> Empty:
    await call.write(discovery.refuse_suggestion, call.account_id, id)
    return Empty()


ROUTES = [
    Route("GET", "/api/v1/directory", directory, "read:accounts", ANYONE),
    Route("GET", "/api/v1/suggestions", suggested_accounts, "read:accounts"),
    Route("GET", "/api/v2/suggestions", suggestions, "read:accounts"),
    Route("DELETE", "/api/v1/suggestions/{id}", refuse_suggestion, "read:accounts"),
]
