"""What a word is, the same on every engine: text is cut and folded here, databases only keep the words.

Case, accents and width do not count. Scripts written without spaces (Chinese, Japanese, Thai …) have a word for each
character, and what is asked for in them must stand side by side.
"""

import re
import unicodedata
from collections.abc import Iterable

import regex

from .ids import text_key

WORD_CHARS_MAX = 64  # longer ones are cut: PostgreSQL takes 2,046 bytes
ASKED_MAX = 20  # words of one question

Phrase = list[str]  # words that must stand side by side; mostly one

_SPACELESS = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_ACCENTS = re.compile("[\u0300-\u036f]")
_ASCII = re.compile(f"([a-z0-9_]{{1,{WORD_CHARS_MAX}}})[a-z0-9_]*")
_STARTS, _GOES_ON = rf"[[\p{{L}}\p{{N}}_]--[{_SPACELESS}]]", rf"[[\p{{L}}\p{{N}}\p{{M}}_]--[{_SPACELESS}]]"
_CHUNKS = regex.compile(rf"([{_SPACELESS}][{_SPACELESS}\p{{M}}]*)|{_STARTS}{_GOES_ON}*", regex.VERSION1)
_CHARACTERS = regex.compile(r".\p{M}*")
_BEGINS_SPACELESS = regex.compile(f"[{_SPACELESS}]")


def fold(text: str) -> str:
    """text as it is compared."""
    if text.isascii():
        return text.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold()
    return unicodedata.normalize("NFKC", plain)


def phrases(text: str) -> list[Phrase]:
    """The words of text in order."""
    folded = fold(text)
    if folded.isascii():
        return [[word] for word in _ASCII.findall(folded)]
    chunks = (_CHARACTERS.findall(found[0]) if found[1] else [found[0]] for found in _CHUNKS.finditer(folded))
    return [[word[:WORD_CHARS_MAX] for word in chunk] for chunk in chunks]


def is_spaceless(word: str) -> bool:
    """Whether it is a character of a script that is written without spaces."""
    return not word.isascii() and _BEGINS_SPACELESS.match(word) is not None


def words(text: str, org_id: int = 0) -> list[str]:
    """Every word of text, in order, as the organisation's index has it."""
    if text.isascii():
        found = _ASCII.findall(text.lower())
    else:
        found = [word for phrase in phrases(text) for word in phrase]
    return [text_key(org_id, word) for word in found] if org_id else found


def asked(text: str, exact: Iterable[str] = (), *, org_id: int = 0) -> list[Phrase]:
    """What text asks for, and each of exact as it stands: the first ASKED_MAX words."""
    room, found = ASKED_MAX, []
    for phrase in [*phrases(text), *map(words, exact)]:
        if room <= 0:
            break
        if phrase:
            found.append(phrase[:room])
            room -= len(phrase)
    return [[text_key(org_id, word) for word in phrase] for phrase in found] if org_id else found
