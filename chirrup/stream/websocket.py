"""One WebSocket with many subscriptions. https://docs.joinmastodon.org/methods/streaming/#websocket"""

import msgspec

from ..errors import BadRequest, ChirrupError, Invalid, NotFound
from ..http import lenient, problems, unfit
from ..mastodon.problems import message
from ..wording import N_, Language
from . import streams
from .events import frame
from .hub import Hub
from .reader import Reader, Subscription, as_frame
from .request import StreamRequest

SUBSCRIPTIONS_MAX = 100  # of one connection


class Command(msgspec.Struct):
    type: str
    stream: str
    tag: str = ""
    list: str = ""
    track: str = ""


async def serve(hub: Hub, request: StreamRequest) -> None:
    """A bad token is refused before the upgrade. A bad subscription is answered on the socket."""
    await request.receive()  # websocket.connect
    query = request.query
    try:
        reader = await hub.enter(request.token, request.ip, request.site)
    except ChirrupError as error:
        return await request.refuse(error)
    try:
        problem: ChirrupError | None = None
        if name := query.get("stream"):
            try:
                asked = (query.get(one, "") for one in ("tag", "list", "track"))
                await _subscribe(hub, reader, Command("subscribe", name, *asked))
            except (BadRequest, Invalid, NotFound) as error:
                problem = error
            except ChirrupError as error:
                return await request.refuse(error)
        await request.send({"type": "websocket.accept", "subprotocol": (request.protocols or [None])[0], "headers": []})
        reader.open(request.open_sender())
        reader.release()
        if problem:
            _say(reader, problem, request.language)
        while (message := await request.receive())["type"] == "websocket.receive":
            await _obey(hub, reader, request.language, message.get("text") or message.get("bytes") or "")
    finally:
        await hub.leave(reader)


_read = lenient.reader(Command)


async def _obey(hub: Hub, reader: Reader, language: Language, text: str | bytes) -> None:
    try:
        command = msgspec.convert(_read(msgspec.json.decode(text)), Command)
        if command.type == "subscribe":
            if subscription := await _subscribe(hub, reader, command):
                subscription.release()
        elif command.type == "unsubscribe":
            streams.refuse_unknown(command.stream)
            await hub.unsubscribe(reader, *_key(command))
        else:
            raise BadRequest("type must be subscribe or unsubscribe, got {got!r}", got=command.type[:40])
    except msgspec.ValidationError as error:
        sentence, params = unfit.said_of(str(error))
        _say(reader, BadRequest(sentence, **params), language)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        _say(reader, BadRequest("This is not a command: {told}", told=error), language)
    except ChirrupError as error:
        _say(reader, error, language)


async def _subscribe(hub: Hub, reader: Reader, command: Command) -> Subscription | None:
    """Returns None when the connection is already subscribed."""
    stream = await streams.find(
        hub.services, reader.viewer, command.stream, tag=command.tag, list_id=command.list, track=command.track
    )
    if stream.key in reader.subscriptions:
        return None
    if len(reader.subscriptions) >= SUBSCRIPTIONS_MAX:
        why = N_("One connection carries {most} subscriptions: unsubscribe, or open another")
        raise BadRequest(why, most=SUBSCRIPTIONS_MAX)
    return await hub.subscribe(reader, stream, as_frame)


def _key(command: Command) -> tuple[str, str]:
    if command.stream.startswith("hashtag"):
        return command.stream, command.tag.removeprefix("#")
    if command.stream == "track":
        return command.stream, command.track
    return command.stream, command.list if command.stream == "list" else ""


def _say(reader: Reader, error: ChirrupError, language: Language) -> None:
    if reader.sender:
        body = {"error": message(error, language), "status": problems.status_of(error)}
        reader.sender.push(frame(msgspec.json.encode(body)))
