"""Conversations: threads of direct posts. https://docs.joinmastodon.org/methods/conversations/"""

from typing import Any

from ..http import paging
from ..http.paging import Page, PageQuery
from ..http.route import Route
from ..ports import Tx
from ..social import conversations
from .call import Call
from .entities import Conversation, Empty


async def index(call: Call, query: PageQuery) -> Page[Conversation]:
    """Paged by the ids of the last posts."""
    span = paging.span(query)

    def operation(tx: Tx) -> Page[Any]:
        found = conversations.page(tx, call.account_id, span)
        return paging.filled(call.render.conversations(tx, call.account_id, found.items), found, span)

    return await call.read(operation)


async def read(call: Call, id: int) -> Conversation:
    await call.write(conversations.mark_read, call.account_id, id)

    def operation(tx: Tx) -> Any:
        return call.render.conversations(tx, call.account_id, [conversations.get(tx, call.account_id, id)])[0]

    return await call.read(operation)


async def delete(call: Call, id: int) -> Empty:
    await call.write(conversations.remove, call.account_id, id)
    return Empty()


ROUTES = [
    Route("GET", "/api/v1/conversations", index, "read:statuses"),
    Route("POST", "/api/v1/conversations/{id}/read", read, "write:conversations"),
    Route("DELETE", "/api/v1/conversations/{id}", delete, "write:conversations"),
]
