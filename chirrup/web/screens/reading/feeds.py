"""Feeds, Atom and RSS: of an account, a hashtag, and of a room for one of its members. actions/feeds_out.py."""

from collections.abc import Awaitable, Callable

from ....actions import feeds_out
from ....actions.feeds_out import TYPES, Feed
from ....http.arguments import path_id
from ...call import Call, Sent


def _sent(call: Call, feed: Feed, form: str) -> Sent:
    body = feeds_out.written(feed, call.site.base_url, form)
    return Sent(body, TYPES[form], feeds_out.etag(body))


def of_account(form: str) -> Callable[..., Awaitable[Sent]]:
    async def show(call: Call, handle: str) -> Sent:
        return _sent(call, await call.read(feeds_out.of_account, call.site, call.viewer_id, handle), form)

    return show


def of_tag(form: str) -> Callable[..., Awaitable[Sent]]:
    async def show(call: Call, name: str) -> Sent:
        return _sent(call, await call.read(feeds_out.of_tag, call.site, call.viewer_id, name), form)

    return show


def of_room(form: str) -> Callable[..., Awaitable[Sent]]:
    async def show(call: Call, room: str, reader: str, secret: str) -> Sent:
        found = feeds_out.of_room
        signer, ids = call.services.signer, (path_id(room), path_id(reader))
        return _sent(call, await call.read(found, call.site, signer, *ids, secret), form)

    return show


PATHS = {
    # the form goes into the last braces; the others are parameters
    "/tags/{{name}}/feed.{}": of_tag,
    "/{{handle}}/feed.{}": of_account,
    "/feeds/{{room}}/{{reader}}/{{secret}}/feed.{}": of_room,
}
