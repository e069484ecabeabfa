"""New posts while the home page is open, as server-sent events with HTML.

A signal of the broker has only ids. Each post is read again, through the oracle, for this viewer.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from .... import logs
from ....errors import NotFound, TooMany, Unavailable
from ....events import Signal, unpack
from ....http.arguments import path_id
from ....ids import ID_MAX
from ....timelines import read
from ....types import Span
from ...call import Call, Events, badge
from ...views import PostView
from .notifications import count_unread

HEARTBEAT_S = 15.0  # also how soon a closed connection is noticed
QUEUED_MAX = 256  # signals for a browser that does not read; then it is disconnected, and connects again
CAUGHT_UP_MAX = 40  # posts sent that came while it was away
STREAMS_MAX = 20  # open at once for one account
RETRY_MS = 3000

Queue = asyncio.Queue[Signal | None]  # None ends the stream

_open: dict[int, set[Queue]] = {}  # account -> queues of its open streams


def end_all() -> None:
    """The server stops. Browsers connect again, and get what they missed."""
    for queues in _open.values():
        for queue in queues:
            _put(queue, None)


async def live(call: Call) -> Events:
    """`?after=<id>`: the newest post of the page; later ones are sent at once. Raises TooMany."""
    if len(_open.get(call.account_id, ())) >= STREAMS_MAX:
        raise TooMany("Too many pages are open at once: close some.", 30)
    events = _events(call, _last(call))
    return Events(_beginning_with(await anext(events), events))


def _last(call: Call) -> int:
    """The newest post that the browser has. Raises NotFound: not an id."""
    try:
        return path_id(call.headers.get("last-event-id", ""))
    except NotFound:
        return call.query.id("after")


async def _beginning_with(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """first is ready once we listen. So the answer begins then, and a page that reads itself again misses nothing."""
    async with aclosing(rest):
        yield first
        async for chunk in rest:
            yield chunk


async def _events(call: Call, after: int) -> AsyncGenerator[bytes]:
    queue: Queue = asyncio.Queue(QUEUED_MAX)
    channel = f"user:{call.account_id}"
    listening = await call.engines.broker.listen(
        [channel], lambda _, message: _put(queue, unpack(message)), on_gap=lambda: _put(queue, None)
    )
    _open.setdefault(call.account_id, set()).add(queue)
    try:
        yield f"retry: {RETRY_MS}\n\n".encode()
        missed = Span(ID_MAX, after, CAUGHT_UP_MAX)
        for one in reversed((await read.show_home(call.engines, call.account_id, missed, call.views.at_home))[0]):
            if event := _news(call, "new", one):
                yield event
        yield await _unread(call)  # the count may have changed before we listened
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):  # wait_for() loses a cancel at times (Python 3.11)
                    signal = await queue.get()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if signal is None or _is_the_end(call, signal):
                return
            if event := await _event(call, signal):
                yield event
    except Unavailable as error:  # the browser will connect again
        logs.failed("a page's stream was ended", error)
    finally:
        _open[call.account_id].discard(queue)
        if not _open[call.account_id]:
            del _open[call.account_id]
        # Not awaited here: a request that is being cancelled may await nothing any more.
        stopping = asyncio.ensure_future(listening.stop())
        with suppress(asyncio.CancelledError):
            await asyncio.shield(stopping)


def _put(queue: Queue, signal: Signal | None) -> None:
    """A browser that reads too slowly is disconnected; it connects again and gets the posts then."""
    if queue.full():
        queue.get_nowait()
        signal = None
    queue.put_nowait(signal)


def _is_the_end(call: Call, signal: Signal) -> bool:
    """Whether the session was ended, or all sessions of the account."""
    return signal.kind == "end" and (not signal.tokens or call.viewer.token_id in signal.tokens)


async def _event(call: Call, signal: Signal) -> bytes:
    if signal.kind == "update":
        come = await read.show_news(call.engines, call.account_id, signal.id, call.views.at_home)
        return _news(call, "new", come[0]) if come else b""
    if signal.kind == "status.update":
        found = await call.read(call.views.at_home, call.account_id, [signal.id])
        return _news(call, "changed", found[0]) if found else b""
    if signal.kind == "delete":
        return _packed("post", call.html("reading/live.html", {"news": "gone", "key": signal.id, "p": None}))
    if signal.kind == "notification":
        return await _unread(call)
    return b""


async def _unread(call: Call) -> bytes:
    return _packed("unread", badge(await call.read(count_unread, call.account_id)))


def _news(call: Call, news: str, one: PostView) -> bytes:
    """b"" for the viewer's own posts, which are no news."""
    if news == "new" and one.from_id == call.account_id:
        return b""
    call.path = "/home"  # the return address for the post's buttons
    html = call.html("reading/live.html", {"news": news, "key": one.key, "p": one})
    return _packed("post", html, one.key if news == "new" else 0)


def _packed(event: str, data: str, id: int = 0) -> bytes:
    lines = "".join(f"data: {line}\n" for line in data.splitlines() if line.strip()) or "data:\n"
    return f"event: {event}\n{f'id: {id}{chr(10)}' if id else ''}{lines}\n".encode()
