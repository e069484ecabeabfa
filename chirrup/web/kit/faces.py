"""Placeholders for accounts without an avatar: one or two letters on a colour that never changes."""

from functools import lru_cache

import regex

TINTS = 8  # in css/tokens.css
_LETTER = regex.compile(r"[\p{L}\p{N}]\p{M}*")
_JOINED = regex.compile(r"[\p{Script=Arabic}\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]")


@lru_cache(8192)
def initials(name: str, username: str = "") -> str:
    """Initials of the first and last word; one letter for scripts without initials, "?" for names without letters."""
    for source in (name, username):
        found = [match[0] for word in source.split() if (match := _LETTER.search(word))]
        if found:
            both = [found[0], *found[1:][-1:]]
            return found[0] if any(map(_JOINED.search, both)) else "".join(both).upper()
    return "?"


def tint(id: int) -> int:
    return id % TINTS
