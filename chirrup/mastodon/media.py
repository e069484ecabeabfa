"""Media: uploads, and the files themselves. https://docs.joinmastodon.org/methods/media/"""

import asyncio

import msgspec

from ..access import limits
from ..errors import Invalid, NotFound
from ..http.call import Progress
from ..http.files import FilePart
from ..http.forms import Upload
from ..http.route import ANYONE, SLOW, Route
from ..orgs import logo
from ..social import cards, emojis, media, media_addresses, uploads
from ..social.films import work as films
from ..types import Media, MediaState
from .call import Call, Reply
from .entities import Empty, MediaAttachment

OPEN_CACHE = "public, max-age=31536000, s-maxage=60, immutable"  # browsers keep it; proxies ask again after a minute
PRIVATE_CACHE = "private, max-age=600"
WAIT_S = 50.0  # clients wait a minute at most


class NewMedia(msgspec.Struct, kw_only=True):
    file: Upload | None = None
    thumbnail: Upload | None = None
    description: str | None = None
    focus: str | None = None


async def create(call: Call, body: NewMedia) -> Progress[MediaAttachment]:
    """202 for a film or a sound, which is not ready yet: GET /api/v1/media/:id says when it is."""
    one = await _add(call, body)
    return await _answer(call, one, not_ready=202)


async def create_and_wait(call: Call, body: NewMedia) -> Progress[MediaAttachment]:
    """Version 1 answers when the file is ready; for one that takes very long, as version 2."""
    one = await _add(call, body)
    one = await films.ready(call.engines, call.account_id, one.id, within_s=WAIT_S)
    return await _answer(call, one, not_ready=202)


async def _add(call: Call, body: NewMedia) -> Media:
    """The type is read from the file itself; the name and type that the client sends are ignored."""
    if body.file is None:
        raise Invalid("file", "blank", "can't be blank: send a picture as multipart/form-data")
    return await uploads.add(
        call.engines,
        call.account_id,
        body.file.file,
        media.Change(description=body.description, focus=body.focus),
        uploads.rules(call.settings, call.site),
        thumbnail=body.thumbnail.read(call.site.media_bytes_max, "thumbnail") if body.thumbnail else b"",
    )


async def show(call: Call, id: int) -> Progress[MediaAttachment]:
    """206 while a film or a sound is processed; 422 with the reason if it cannot be shown."""
    return await _answer(call, await call.read(media.get, call.account_id, id), not_ready=206)


async def _answer(call: Call, one: Media, *, not_ready: int) -> Progress[MediaAttachment]:
    if problem := media.problem_of(one):
        raise problem
    attachment = await call.read(call.render.media, one)
    return Progress(attachment, 200 if one.state == MediaState.READY else not_ready)


class MediaChange(msgspec.Struct, kw_only=True):
    thumbnail: Upload | None = None
    description: str | None = None
    focus: str | None = None


async def update(call: Call, id: int, body: MediaChange) -> MediaAttachment:
    one = await uploads.change(
        call.engines,
        call.account_id,
        id,
        media.Change(description=body.description, focus=body.focus),
        bytes_max=call.site.media_bytes_max,
        thumbnail=body.thumbnail.read(call.site.media_bytes_max, "thumbnail") if body.thumbnail else b"",
    )
    return await call.read(call.render.media, one)


async def delete(call: Call, id: int) -> Empty:
    await uploads.remove(call.engines, call.account_id, id)
    return Empty()


# the files


class FileQuery(msgspec.Struct, kw_only=True):
    until: str = ""
    sign: str = ""


async def file(call: Call, id: int, name: str, query: FileQuery) -> Reply:
    asked = (call.services.addresses, call.site, id, name)
    found = await call.read(media_addresses.file, *asked, until=query.until, sign=query.sign)
    return await _file(call, found, name)


async def profile_file(call: Call, id: int, name: str) -> Reply:
    return await _file(call, await call.read(media_addresses.profile_file, id, name, call.site.org_id), name)


async def emoji_file(call: Call, id: int, name: str) -> Reply:
    return await _file(call, await call.read(emojis.file, id, name, call.site.org_id), name)


async def card_file(call: Call, id: int, name: str) -> Reply:
    return await _file(call, await call.read(cards.file, id, name, call.site.org_id), name)


async def site_file(call: Call, id: int, name: str) -> Reply:
    return await _file(call, logo.file(call.site, id, name), name)


async def _file(call: Call, file: media_addresses.File, name: str) -> Reply:
    """The file. Headers make sure that browsers show it only as a picture, or play it."""
    tag = f'"{name}"'
    headers = {
        "Cache-Control": PRIVATE_CACHE if file.private else OPEN_CACHE,
        "ETag": tag,
        "Content-Security-Policy": "default-src 'none'; media-src 'self'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Content-Disposition": f'inline; filename="{name}"',
    }
    if not file.indexed:
        headers["X-Robots-Tag"] = "noindex"
    if tag in call.headers.get("if-none-match", ""):
        return Reply(b"", 304, headers)
    found = await asyncio.to_thread(call.engines.blobs.open, file.key)
    if found is None:
        raise NotFound("file", name)
    data, size, content_type = found
    return Reply(FilePart(data, 0, size), 200, headers, content_type)


ROUTES = [
    Route("POST", "/api/v1/media", create_and_wait, "write:media", uploads=True, limits=limits.MEDIA, cost=SLOW),
    Route("POST", "/api/v2/media", create, "write:media", uploads=True, limits=limits.MEDIA, cost=SLOW),
    Route("GET", "/api/v1/media/{id}", show, "write:media"),
    Route("PUT", "/api/v1/media/{id}", update, "write:media", uploads=True, limits=limits.MEDIA),
    Route("DELETE", "/api/v1/media/{id}", delete, "write:media"),
    Route("GET", "/media/files/{id}/{name}", file, who=ANYONE, counted=False, when_closed=True),
    Route("GET", "/media/profiles/{id}/{name}", profile_file, who=ANYONE, counted=False, when_closed=True),
    Route("GET", "/media/emojis/{id}/{name}", emoji_file, who=ANYONE, counted=False, when_closed=True),
    Route("GET", "/media/sites/{id}/{name}", site_file, who=ANYONE, counted=False, when_closed=True),
    Route("GET", "/media/cards/{id}/{name}", card_file, who=ANYONE, counted=False, when_closed=True),
]
