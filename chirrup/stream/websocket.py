"""A WebSocket with many subscriptions. https://docs.joinmastodon.org/methods/streaming/#websocket"""

import msgspec

from ..errors import BadRequest, ChirrupError, NotFound
from ..http import lenient, problems
from . import streams
from .events import frame
from .hub import Hub
from .opening import Opening
from .reader import Reader, Subscription, as_frame

SUBSCRIPTIONS_MAX = 100  # of one connection


class Command(msgspec.Struct):
    type: str
    stream: str
    tag: str = ""
    list: str = ""


async def serve(hub: Hub, opening: Opening) -> None:
    """What is wrong with the token is answered before the upgrade; with a subscription, on the socket."""
    await opening.receive()  # websocket.connect
    query = opening.query
    try:
        reader = await hub.enter(opening.token, opening.ip)
    except ChirrupError as error:
        return await opening.refuse(error)
    try:
        problem: ChirrupError | None = None
        if name := query.get("stream"):
            try:
                await _subscribe(hub, reader, Command("subscribe", name, query.get("tag", ""), query.get("list", "")))
            except (BadRequest, NotFound) as error:
                problem = error
            except ChirrupError as error:
                return await opening.refuse(error)
        await opening.send({"type": "websocket.accept", "subprotocol": (opening.protocols or [None])[0], "headers": []})
        reader.open(opening.open_wire())
        reader.release()
        if problem:
            _say(reader, problem)
        while (message := await opening.receive())["type"] == "websocket.receive":
            await _obey(hub, reader, message.get("text") or message.get("bytes") or "")  # pyright: ignore
    finally:
        await hub.leave(reader)


_read = lenient.reader(Command)


async def _obey(hub: Hub, reader: Reader, text: str | bytes) -> None:
    try:
        command = msgspec.convert(_read(msgspec.json.decode(text)), Command)
        if command.type == "subscribe":
            if subscription := await _subscribe(hub, reader, command):
                subscription.release()
        elif command.type == "unsubscribe":
            streams.refuse_unknown(command.stream)
            await hub.unsubscribe(reader, *_key(command))
        else:
            raise BadRequest(f"type must be subscribe or unsubscribe, got {command.type[:40]!r}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _say(reader, BadRequest(f"This is not a command: {error}"))
    except ChirrupError as error:
        _say(reader, error)


async def _subscribe(hub: Hub, reader: Reader, command: Command) -> Subscription | None:
    """None: it is subscribed already."""
    stream = await streams.find(hub.services, reader.viewer, command.stream, tag=command.tag, list_id=command.list)
    if stream.key in reader.subscriptions:
        return None
    if len(reader.subscriptions) >= SUBSCRIPTIONS_MAX:
        raise BadRequest(f"One connection carries {SUBSCRIPTIONS_MAX} subscriptions: unsubscribe, or open another")
    return await hub.subscribe(reader, stream, as_frame)


def _key(command: Command) -> tuple[str, str]:
    if command.stream.startswith("hashtag"):
        return command.stream, command.tag.removeprefix("#")
    return command.stream, command.list if command.stream == "list" else ""


def _say(reader: Reader, error: ChirrupError) -> None:
    if reader.wire:
        body = {"error": error.message, "status": problems.status_of(error)}
        reader.wire.push(frame(msgspec.json.encode(body)))
