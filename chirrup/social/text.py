"""Texts of posts, profiles and names: cleaning and measuring them. Entities are in entities.py, HTML is in markup.py.

All functions are pure, and linear in the length of the text.
"""

import re  # four times as fast as regex where it has what we need
import unicodedata

import regex

from ..errors import Invalid
from .entities import Entity, Extracted, extract, hashtag_key, is_valid_username, username_key
from .markup import draw, isolate, sanitise, tag_url, to_html
from .urls import host_key, is_ours

__all__ = [
    "Entity",
    "Extracted",
    "clean",
    "draw",
    "extract",
    "hashtag_key",
    "host_key",
    "is_ours",
    "is_valid_username",
    "isolate",
    "length",
    "sanitise",
    "tag_url",
    "to_html",
    "username_key",
]

URL_LENGTH = 23  # a link counts as so many characters; clients read it from GET /api/v2/instance
GRAPHEME_BYTES_MAX = 64  # on average; a family emoji with skin tones has 41
MARKS_MAX = 100  # on one letter; normalising takes time by the square of their number: 1.6 s for 50,000

_NONCHARACTERS = "\ufdd0-\ufdef" + "".join(chr(plane << 16 | low) for plane in range(17) for low in (0xFFFE, 0xFFFF))
_CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"
_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_DROPPED = re.compile(f"[{_CONTROLS}\ufeff{_NONCHARACTERS}]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_UNUSUAL = re.compile(f"[{_CONTROLS}\u2028\u2029\ufeff{_NONCHARACTERS}\ud800-\udfff]")  # none of these is printable
_MARKS = regex.compile(rf"\p{{M}}{{{MARKS_MAX + 1}}}")

# Characters that never combine with each other into one grapheme: Latin, Greek, Cyrillic, kana, ideographs, Hangul.
_SINGLE = (
    r"\n\x20-\x7e"
    "\xa0-\xac\xae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u3001-\u3029\u3041-\u3096\u30a0-\u30ff"
    "\u4e00-\u9fff\uac00-\ud7a3\uff01-\uff5e"
)
_JOINING = re.compile(f"(?:[{_SINGLE}]?[^{_SINGLE}]++)++[{_SINGLE}]?")
_GRAPHEME = regex.compile(r"\X")
# \X joins a consonant to any virama before it, UAX 29 (GB9c) only to one that follows a consonant.
_LOOSE_VIRAMA = regex.compile(
    r"(?<![\p{InCB=Extend}\p{InCB=Linker}\p{InCB=Consonant}])"
    r"\p{InCB=Extend}*\p{InCB=Linker}[\p{InCB=Extend}\p{InCB=Linker}]*(?=\p{InCB=Consonant})"
)
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]{1,2}")  # two letters each; \X takes time by the square of a row's length


def clean(text: str, field: str = "text") -> str:
    """The text as it is stored: NFC, lines ended by \\n, stripped, without control characters except \\n and \\t.

    Byte order marks and noncharacters are removed too. Cleaning it again changes nothing. field: its name in errors.
    Raises Invalid (half of a surrogate pair; more than MARKS_MAX combining marks in a row).
    """
    if not text.isprintable() and _UNUSUAL.search(text):
        if half := _SURROGATE.search(text):
            raise Invalid(
                field,
                "not_text",
                "must be Unicode text; character {place} is half of a surrogate pair",
                place=half.start() + 1,
            )
        text = _DROPPED.sub("", _LINE_END.sub("\n", text))
    if text.isascii():
        return text.strip()
    if marks := _MARKS.search(text):
        raise Invalid(
            field,
            "not_text",
            "must have at most {most} marks on a letter; see character {place}",
            most=MARKS_MAX,
            place=marks.start(),
        )
    return unicodedata.normalize("NFC", text).strip()


def length(text: str, url_length: int = URL_LENGTH, *, found: Extracted | None = None) -> int:
    """How many characters a person would count in clean text: graphemes, a link as url_length, @user@host as @user.

    At least one per GRAPHEME_BYTES_MAX bytes, so that a text of few graphemes cannot be huge.
    found: extract(text), if the caller has it.
    """
    found = found or extract(text)
    shown = [(e, "x") for e in found.urls] + [(e, "@" + e.value) for e in found.mentions if e.host]
    if shown:
        text = _replaced(text, shown)
    return _graphemes(text) + (url_length - 1) * len(found.urls)


def _replaced(text: str, shown: list[tuple[Entity, str]]) -> str:
    parts, at = [], 0
    for entity, short in sorted(shown, key=lambda pair: pair[0].start):
        parts += text[at : entity.start], short
        at = entity.end
    return "".join(parts) + text[at:]


def _graphemes(text: str) -> int:
    if text.isascii():
        return len(text)
    joined = sum(len(part) - _clusters(part) for part in _JOINING.findall(text))
    return max(len(text) - joined, -(-len(text.encode()) // GRAPHEME_BYTES_MAX))


def _clusters(part: str) -> int:
    return len(_GRAPHEME.findall(_FLAG.sub("x", part))) + len(_LOOSE_VIRAMA.findall(part))
