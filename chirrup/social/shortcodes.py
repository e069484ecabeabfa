"""Shortcodes in texts: `:bird:` stands for an emoji of the organisation, if it has one of that name.

A text stays as it was typed; what it shows is looked up when it is rendered, so emoji can come and go. The emoji of an
organisation are kept in memory with their version: docs/decisions/0047-custom-emoji.md.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from ..ports import Tx
from ..store import emojis as rows
from ..types import Emoji
from .entities import extract
from .fresh import Fresh

CHARS_MIN, CHARS_MAX = 2, 64

NAME = re.compile(rf"[A-Za-z0-9_]{{{CHARS_MIN},{CHARS_MAX}}}")
# Alone, as Mastodon's clients draw it: no part of a word, a time or an address.
WRITTEN = re.compile(rf"(?<![\w:]):({NAME.pattern}):(?![\w:])")


class EmojiSet(msgspec.Struct, frozen=True):
    version: int  # another after each change
    by_shortcode: dict[str, Emoji]

    def used_in(self, texts: Iterable[str]) -> list[Emoji]:
        """Those that the texts show, in their order, each once."""
        names = dict.fromkeys(name for text in texts for name in named_in(text))
        return [emoji for name in names if (emoji := self.by_shortcode.get(name))]


EMPTY = EmojiSet(0, {})


def emoji_sets() -> Fresh[EmojiSet]:
    return Fresh(_look)


def _look(tx: Tx, org_id: int, before: EmojiSet | None) -> EmojiSet:
    version = rows.version(tx, org_id)
    if not version:
        return EMPTY
    if before and before.version == version:
        return before
    return EmojiSet(version, {one.shortcode: one for one in rows.of_org(tx, org_id)})


def named_in(text: str) -> Iterator[str]:
    """The shortcodes that a text may show, whether there are such emoji or not. A link shows none."""
    if ":" not in text:
        return
    links = extract(text).urls if "://" in text else ()
    for found in WRITTEN.finditer(text):
        if not any(link.start < found.start() < link.end for link in links):
            yield found[1]


def any_in(texts: Iterable[str]) -> bool:
    """Whether one of the texts may show emoji."""
    return any(":" in text and WRITTEN.search(text) for text in texts)
