"""What a plain text names: accounts, hashtags and links, and where each stands (docs/decisions/0010).

And the normal forms in which names are compared.
"""

import re
import unicodedata
from collections.abc import Iterable

import regex

from ..types import Struct
from . import urls

USERNAME_CHARS_MAX = 30  # Mastodon's


class Entity(Struct, frozen=True):
    """A piece of text[start:end], counted in code points.

    value: the username or hashtag without its sign, or the link as written.
    host: of @user@host, with a port if it has one; "" for @user.
    """

    start: int
    end: int
    value: str
    host: str = ""


class Extracted(Struct, frozen=True):
    """In order of the text; no two of them overlap."""

    mentions: tuple[Entity, ...] = ()
    hashtags: tuple[Entity, ...] = ()
    urls: tuple[Entity, ...] = ()


_NOTHING = Extracted()

# What could be part of somebody's name or address, here or elsewhere: letters, marks, digits of every script.
_WORD = r"\p{L}\p{M}\p{N}_"
_UNSEEN = r"\p{Cf}"  # soft hyphens, zero-width spaces and joiners, direction marks
_BETWEEN = r"[.\-\u2010\u2011\uff0e]"  # within the names that other servers allow
_LABEL = r"[\p{L}\p{M}\p{N}]+(?:-+[\p{L}\p{M}\p{N}]+)*"
# What is mentioned is exactly what a reader sees. A part of a longer name, of an address or of a path is nobody: the
# one who is called so would read what was said to somebody else.
MENTION = (
    rf"[@＠](?<![\p{{L}}\p{{N}}_@＠/=!#$%&*][\p{{M}}{_UNSEEN}]*[@＠])"
    rf"([0-9A-Za-z_]{{1,{USERNAME_CHARS_MAX}}})(?![0-9A-Za-z_])"
    rf"(?![{_WORD}.+~%\-\u2010\u2011\uff0e{_UNSEEN}]+[@＠])"
    rf"(?:[@＠]({_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?)(?![{_WORD}]|:[0-9]))?"
    rf"(?![\p{{Script=Latin}}\p{{Script=Cyrillic}}\p{{Script=Greek}}\p{{M}}\p{{N}}_@＠]|{_UNSEEN}+[@＠]|://"
    rf"|{_UNSEEN}*{_BETWEEN}{_UNSEEN}*[{_WORD}]|{_UNSEEN}+[0-9A-Za-z_])"
)
_MENTION = regex.compile(MENTION)
# Letters and marks, at least one of them, and what may stand beside them in a word of some language.
_TAG_OTHERS = r"\p{Nd}_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7"
_HASHTAG = regex.compile(
    rf"[#＃](?:(?<![&\p{{L}}\p{{M}}{_TAG_OTHERS}].)|(?<=[\ufe0e\ufe0f].))(?![\ufe0f\u20e3])"
    rf"([{_TAG_OTHERS}]*+[\p{{L}}\p{{M}}][\p{{L}}\p{{M}}{_TAG_OTHERS}]*+)(?![#＃]|://)"
)
_USERNAME = re.compile(f"[0-9A-Za-z_]{{1,{USERNAME_CHARS_MAX}}}")


def extract(text: str) -> Extracted:
    """The accounts, hashtags and links named in a text. Linear in its length."""
    found = urls.find(text) if "." in text else ()
    mentions: Iterable = _MENTION.finditer(text) if "@" in text or "＠" in text else ()
    hashtags: Iterable = _HASHTAG.finditer(text) if "#" in text or "＃" in text else ()
    if not (found or mentions or hashtags):
        return _NOTHING

    links = [Entity(start, end, text[start:end]) for start, end in found]
    named = [Entity(*m.span(), m[1], m[2] or "") for m in mentions]
    tagged = [Entity(*m.span(), m[1]) for m in hashtags]
    if links and (named or tagged):
        kept = _first_come(links + named + tagged)
        links, named, tagged = ([e for e in some if e.start in kept] for some in (links, named, tagged))
    return Extracted(tuple(named), tuple(tagged), tuple(links))


def _first_come(entities: list[Entity]) -> set[int]:
    """The starts of those that overlap none before them: the @user in a link's path is no mention."""
    kept, past = set(), 0
    for entity in sorted(entities, key=lambda e: e.start):
        if entity.start >= past:
            kept.add(entity.start)
            past = entity.end
    return kept


def hashtag_key(tag: str) -> str:
    """The normal form in which hashtags are equal: NFKC, case folded. Applying it again changes nothing.

    Accents count, and so do joiners, which change words of some languages. Stored: changing this is a migration.
    """
    return tag.lower() if tag.isascii() else _folded(tag)


def username_key(name: str) -> str:
    """The normal form in which usernames are equal: NFKC, case folded, so that look-alikes of one are taken, too."""
    return name.lower() if name.isascii() else _folded(name)


def is_valid_username(name: str) -> bool:
    """1 to 30 ASCII letters, digits and underscores, in any mix: all digits will do."""
    return _USERNAME.fullmatch(name) is not None


def _folded(name: str) -> str:
    # Twice: folding can give what NFKC changes again, and the other way round (Unicode 3.13, D146).
    for _ in range(2):
        name = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", name)
