"""One stream as server-sent events, which a client can resume.

https://html.spec.whatwg.org/#server-sent-events
"""

from ..errors import ChirrupError
from ..http.answer import TO_PROGRAMS, encoded
from ..http.lenient import FALSE
from ..timelines.position import Position
from ..waiting import happens
from . import streams
from .hub import Hub
from .protocols import TRY_LATER
from .reader import as_chunk
from .request import StreamRequest

HEARTBEAT_S = 15.0
HEARTBEAT = b":thump\n\n"
HEARTBEAT_CHUNK = b"%x\r\n%b\r\n" % (len(HEARTBEAT), HEARTBEAT)
_START = encoded(
    TO_PROGRAMS | {"Content-Type": "text/event-stream; charset=utf-8", "X-Accel-Buffering": "no", "Connection": "close"}
)


async def serve(hub: Hub, request: StreamRequest, name: str) -> None:
    """name: of the stream. After the first heartbeat the reader gets every new event."""
    query = request.query
    if name.startswith("public") and query.get("only_media", "0") not in FALSE:
        name += ":media"
    came_back = request.headers.get("last-event-id", "")
    position = Position.parse(came_back)
    try:
        reader = await hub.enter(request.token, request.ip, request.site)
    except ChirrupError as error:
        return await request.refuse(error)
    try:
        try:
            stream = await streams.find(
                hub.services,
                reader.viewer,
                name,
                tag=query.get("tag", ""),
                list_id=query.get("list", ""),
                track=query.get("track", ""),
            )
        except ChirrupError as error:
            return await request.refuse(error)
        subscription = await hub.subscribe(reader, stream, as_chunk, position)
        beginning = HEARTBEAT
        # others take a line without data for a broken event
        if "text/event-stream" in request.headers.get("accept", ""):
            beginning += b"id: %b\n\n" % subscription.position.text
        await request.send({"type": "http.response.start", "status": 200, "headers": _START})
        await request.send({"type": "http.response.body", "body": beginning, "more_body": True})
        sender = request.open_sender()
        reader.open(sender)
        try:
            if position:
                await hub.catch_up(subscription)
            elif came_back:
                await hub.tell_of_gap(subscription)
        except ChirrupError:  # the database is away
            reader.cut(TRY_LATER, "come again in a moment")
        subscription.release()
        while not sender.closed and not await happens(sender.gone, HEARTBEAT_S):
            sender.push(HEARTBEAT_CHUNK)
        await request.send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        await hub.leave(reader)
