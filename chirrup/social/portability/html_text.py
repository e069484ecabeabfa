"""The text of a post that came as HTML, as a person would have typed it."""

import html
import re
from collections.abc import Collection
from urllib.parse import urlsplit

from ..markup import sanitise

CHARS_MAX = 200_000
_TAG = re.compile(r"<(/?)(\w+)([^>]*)>")  # in sanitised HTML, where no attribute has a ">"
_ATTRIBUTE = re.compile(r'(\w+)="([^"]*)"')
_NAME = re.compile(r"@[\w.-]+")
_BLOCKS = {"p", "blockquote", "pre", "ul", "ol"}
_LINES = re.compile(r"\n{3,}")


def text_of(content: str, mentions: Collection[str]) -> str:
    """mentions: handles, @name@host, of those whom it mentions. A name without a host gets that of its link."""
    parts: list[str] = []
    link: tuple[str, int] | None = None  # (address, number of parts before its text)
    clean, at = sanitise(content[:CHARS_MAX]), 0
    for tag in _TAG.finditer(clean):
        parts.append(html.unescape(clean[at : tag.start()]))
        at = tag.end()
        closes, name = bool(tag[1]), tag[2]
        if name in _BLOCKS:
            parts.append("\n\n")
        elif name == "br":
            parts.append("\n")
        elif name == "li" and not closes:
            parts.append("\n- ")
        elif name == "a" and not closes:
            link = html.unescape(dict(_ATTRIBUTE.findall(tag[3])).get("href", "")), len(parts)
        elif name == "a" and link:
            address, first = link
            parts[first:] = [_linked(address, "".join(parts[first:]), mentions)]
            link = None
    parts.append(html.unescape(clean[at:]))
    return _LINES.sub("\n\n", "".join(parts)).strip()


def _linked(address: str, words: str, mentions: Collection[str]) -> str:
    if _NAME.fullmatch(words) and (host := urlsplit(address).netloc):
        fit = [one for one in mentions if one.casefold().startswith(f"{words}@".casefold())]
        here = [one for one in fit if one.casefold().endswith(f"@{host}".casefold())]
        return (here or (fit if len(fit) == 1 else []) or [f"{words}@{host}"])[0]
    if not address or words.startswith(("#", "@")) or words.strip() in (address, address.split("://", 1)[-1]):
        return words if not address or words.startswith(("#", "@")) else address
    return address if "://" in words else f"{words} ({address})"
