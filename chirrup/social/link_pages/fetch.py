"""Asks for a page, for its oEmbed and its picture: three requests at most, each within the limits of the client."""

import asyncio

import msgspec

from ...errors import Invalid, Refused, Unreachable
from ...ports import Fetched, OutgoingHttp
from ...types import LinkedPage
from .. import image_child, images
from . import head, told

PAGE_BYTES_MAX = 512 * 1024  # what is said of a page stands at its beginning
OEMBED_BYTES_MAX = 64 * 1024
IMAGE_BYTES_MAX = 8 * 1024 * 1024
_HTML = ("text/html", "application/xhtml+xml")


class Made(msgspec.Struct, frozen=True):
    """What there is to be shown of a page."""

    page: LinkedPage
    image: images.Preview | None


async def fetch(http: OutgoingHttp, url: str, domain: str) -> Made | None:
    """None: it is no page of which something can be shown. domain: of our site.

    Raises Unreachable: it cannot be asked now; Unavailable: too many pictures are being read.
    """
    try:
        answer = await http.fetch(url, headers={"Accept": ", ".join(_HTML)}, bytes_max=PAGE_BYTES_MAX)
    except Refused:
        return None
    content_type = answer.headers.get("content-type", "").lower()
    if answer.status != 200 or not content_type.startswith(_HTML):
        return None
    top = await asyncio.to_thread(head.read, answer.body, content_type, answer.url)
    embed = told.oembed(await _rest(http, top.oembed_url, OEMBED_BYTES_MAX)) if top.oembed_url else told.OEmbed()
    page = told.page(top, embed, url=answer.url, domain=domain)
    return page and Made(page, await _image(http, page.image_url) if page.image_url else None)


async def _image(http: OutgoingHttp, url: str) -> images.Preview | None:
    if not (data := await _rest(http, url, IMAGE_BYTES_MAX)):
        return None
    try:
        return await image_child.isolated(images.thumbnail, data)
    except Invalid:
        return None


async def _rest(http: OutgoingHttp, url: str, bytes_max: int) -> bytes:
    """What belongs to a page; b"": it cannot be had, and the page is shown without."""
    try:
        answer: Fetched = await http.fetch(url, bytes_max=bytes_max)
    except (Refused, Unreachable):
        return b""
    return answer.body if answer.status == 200 and answer.is_whole else b""
