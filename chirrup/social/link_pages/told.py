"""A LinkedPage from what a page says of itself, in its HTML and in its oEmbed (https://oembed.com/). Pure functions."""

import html
from datetime import UTC, datetime
from typing import Any

import msgspec
import regex

from ...errors import Invalid
from ...types import LinkedPage
from .. import links, text
from .head import Head

TITLE_CHARS_MAX, DESCRIPTION_CHARS_MAX, NAME_CHARS_MAX = 300, 1000, 150
SIDE_MAX = 4096  # of a player
HTML_CHARS_MAX = 4096
_IMAGES = ("og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src")
_BIDI = regex.compile("[\u202a-\u202e\u2066-\u2069]")
_FRAME = regex.compile(r"<iframe\b[^>]*?(?<![\w-])src\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')", regex.IGNORECASE)
_LANGUAGE = regex.compile(r"([A-Za-z]{2,3})(?:[-_].*)?")


class OEmbed(msgspec.Struct, frozen=True):
    """What of an oEmbed is used. Whatever is no text or number is as if it was not there."""

    type: str = ""
    title: str = ""
    author_name: str = ""
    author_url: str = ""
    provider_name: str = ""
    provider_url: str = ""
    thumbnail_url: str = ""
    html: str = ""
    url: str = ""
    width: int = 0
    height: int = 0


def oembed(body: bytes) -> OEmbed:
    """Empty where it cannot be read."""
    try:
        given = msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.DecodeError, RecursionError):
        return OEmbed()
    kept: dict[str, Any] = {name: one for name in OEmbed.__struct_fields__ if isinstance(one := given.get(name), str)}
    kept |= {name: _side(given.get(name)) for name in ("width", "height")}
    return OEmbed(**kept)


def page(head: Head, embed: OEmbed, *, url: str, domain: str) -> LinkedPage | None:
    """None: it says nothing of itself. url: where it is. domain: of our site, which no player may be of."""
    title = words(embed.title or head.first("og:title", "twitter:title") or head.title, TITLE_CHARS_MAX)
    if not title:
        return None
    player, width, height = _player(head, embed)
    player = _elsewhere(player, domain)
    photo = head.address(embed.url) if embed.type == "photo" else ""
    author = head.first("author", "article:author", "og:article:author")
    author_url = head.address(author) if author.startswith(("https://", "http://")) else ""
    return LinkedPage(
        url=url,
        title=title,
        description=words(head.first("og:description", "twitter:description", "description"), DESCRIPTION_CHARS_MAX),
        kind="video" if player else "photo" if photo else "link",
        author_name=words(embed.author_name or ("" if author_url else author), NAME_CHARS_MAX),
        author_url=head.address(embed.author_url) or author_url,
        creator=words(head.first("fediverse:creator"), NAME_CHARS_MAX),
        provider_name=words(embed.provider_name or head.first("og:site_name", "application-name"), NAME_CHARS_MAX),
        provider_url=head.address(embed.provider_url),
        player_url=player,
        width=width if player else 0,
        height=height if player else 0,
        image_url=photo or head.address(head.first(*_IMAGES)) or head.address(embed.thumbnail_url),
        image_description=words(head.first("og:image:alt", "twitter:image:alt"), DESCRIPTION_CHARS_MAX),
        language=_language(head.language or head.first("og:locale", "content-language")),
        published_ms=_date(head.first("article:published_time", "og:article:published_time", "datepublished")),
    )


def words(raw: str, most: int) -> str:
    """One line of plain text; "": it cannot be shown."""
    try:
        line = " ".join(text.clean(_BIDI.sub("", raw[: 4 * most])).split())
    except Invalid:
        return ""
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


def _player(head: Head, embed: OEmbed) -> tuple[str, int, int]:
    """(address, width, height). Nothing else of the HTML that a page wants to be embedded as is ever used."""
    if embed.type == "video" and (frame := _FRAME.search(embed.html[:HTML_CHARS_MAX])):
        return head.address(html.unescape(frame[1] or frame[2])), embed.width, embed.height
    width, height = head.first("twitter:player:width"), head.first("twitter:player:height")
    return head.address(head.first("twitter:player")), _side(width), _side(height)


def _elsewhere(address: str, domain: str) -> str:
    """The address in its normal form; "": it is not https, or a browser might find the site at domain behind it."""
    url = links.normal(address)
    ours = links.is_at(url, domain) or "%" in links.host_of(url)  # which browsers decode
    return url if url.startswith("https://") and not ours else ""


def _side(given: object) -> int:
    """In pixels; some write it as a text. 0: it is none."""
    if isinstance(given, str) and given.isascii() and given.isdigit() and len(given) < 6:
        given = int(given)
    return given if isinstance(given, int) and 0 < given <= SIDE_MAX else 0


def _language(given: str) -> str:
    """Two letters, or three; "": unknown."""
    found = _LANGUAGE.fullmatch(given.strip()[:40])
    return found[1].lower() if found else ""


def _date(given: str) -> int:
    """0: it is none that can be read."""
    try:
        at = datetime.fromisoformat(given.strip()[:40])
        return max(0, int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        return 0
