"""Finds the mentions, hashtags and links of a plain text (docs/decisions/0010), and the normal forms of names."""

import re
import unicodedata
from bisect import bisect

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
    """Entities in the order of the text; no two overlap."""

    mentions: tuple[Entity, ...] = ()
    hashtags: tuple[Entity, ...] = ()
    urls: tuple[Entity, ...] = ()


_NOTHING = Extracted()

# Characters that can be part of a name or address, here or on another server: letters, marks, digits of every script.
_WORD = r"\p{L}\p{M}\p{N}_"
_UNSEEN = r"\p{Cf}"  # soft hyphens, zero-width spaces and joiners, direction marks
_DOTS_AND_DASHES = r".\u2024\ufe52\uff0e\-\u2010\u2011\u2212\ufe63\uff0d"  # within names of other servers; look-alikes
_LABEL = r"[\p{L}\p{M}\p{N}]+(?:-+[\p{L}\p{M}\p{N}]+)*"
_AT = "@＠﹫"
_WRITTEN_AT = (
    r"(?:[%=](?:25)*(?:40|[Ee][Ff]%(?:25)*[Bb][Cc]%(?:25)*[Aa]0)|&(?:amp;)*(?:commat|#0*64|#[Xx]0*40);?"
    r"|\\(?:u00|x)40|[(\[{<][Aa][Tt][)\]}>])"
)
_GLUED = rf"[^{_AT}\p{{Z}}\u0000-\u0020]"
# A name is part of an address elsewhere, if text follows it without a space that has an at sign with a part of a name
# before it or a host after it. A second mention is no such text: @ann,@bob@remote.example
_ADDRESS = (
    rf"{_GLUED}*?(?:[{_AT}](?:(?<=[\p{{L}}\p{{N}}_=#$%*][\p{{M}}{_UNSEEN}]*[{_AT}])[^\p{{Z}}\u0000-\u0020]"
    rf"|[^{_AT}\p{{Z}}\u0000-\u0020.]+\.[^{_AT}\p{{Z}}\u0000-\u0020.](?!{_GLUED}*[{_AT}]))"
    rf"|{_WRITTEN_AT}[\p{{L}}\p{{N}}])"
)
# A mention must be exactly what a reader sees. A part of a longer name, of an address or of a path is no mention: that
# account would read a post meant for another. In a list, "/" and "&" separate names.
_START = rf"(?<![\p{{L}}\p{{N}}_{_AT}/=!#$%&*][\p{{M}}{_UNSEEN}]*[@＠])"
_NAME = rf"[0-9A-Za-z_]{{1,{USERNAME_CHARS_MAX}}}"
_LISTED = rf"(?<=[@＠]{_START}(?:{_NAME}[/&][@＠]){{1,9}})"
MENTION = (
    rf"[@＠](?:{_START}|{_LISTED})({_NAME})(?![0-9A-Za-z_])"
    rf"(?![{_WORD}+~%{_DOTS_AND_DASHES}{_UNSEEN}]+[{_AT}])"
    rf"(?:[@＠]({_LABEL}(?:\.{_LABEL})*(?::[0-9]{{1,5}})?)(?![{_WORD}]|:[0-9]))?"
    rf"(?![\p{{Script=Latin}}\p{{Script=Cyrillic}}\p{{Script=Greek}}\p{{M}}\p{{N}}_{_AT}]|{_UNSEEN}+[{_AT}]|://"
    rf"|{_UNSEEN}*[{_DOTS_AND_DASHES}]{_UNSEEN}*[{_WORD}]|{_UNSEEN}+[0-9A-Za-z_]|:[0-9A-Za-z\-]+\.[0-9A-Za-z]"
    rf"|{_ADDRESS})"
)
NAMED = f"{urls.LINK}|{MENTION}"  # the page's counter has the same: web/static/length.js
_NAMED = regex.compile(NAMED)
# A tag has letters and marks, at least one of them, and these other characters of words in some languages.
_TAG_OTHERS = r"\p{Nd}_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\u00b7"
_HASHTAG = regex.compile(
    rf"[#＃](?:(?<![&\p{{L}}\p{{M}}{_TAG_OTHERS}].)|(?<=[\ufe0e\ufe0f].))(?![\ufe0f\u20e3])"
    rf"([{_TAG_OTHERS}]*+[\p{{L}}\p{{M}}][\p{{L}}\p{{M}}{_TAG_OTHERS}]*+)(?![#＃]|://)"
)
_USERNAME = re.compile(f"[0-9A-Za-z_]{{1,{USERNAME_CHARS_MAX}}}")


def extract(text: str) -> Extracted:
    """The accounts, hashtags and links named in a text. Linear in its length."""
    named: list[Entity] = []
    links: list[Entity] = []
    if "@" in text or "://" in text or "＠" in text:
        for found in _NAMED.finditer(text):
            if found[1]:
                named.append(Entity(*found.span(), found[1], found[2] or ""))
            elif len(found[0]) <= urls.CHARS_MAX:
                links.append(Entity(*found.span(), found[0]))
    if "#" not in text and "＃" not in text:
        return Extracted(tuple(named), (), tuple(links)) if named or links else _NOTHING

    tagged = [Entity(*m.span(), m[1]) for m in _HASHTAG.finditer(text)]
    if links and tagged:
        starts = [link.start for link in links]
        tagged = [tag for tag in tagged if not (at := bisect(starts, tag.start)) or tag.start >= links[at - 1].end]
    return Extracted(tuple(named), tuple(tagged), tuple(links))


def hashtag_key(tag: str) -> str:
    """The normal form in which equal hashtags are equal: NFKC, case folded. Applying it again changes nothing.

    Accents count, and so do joiners, which change words of some languages. Stored, so a change needs a migration.
    """
    return tag.lower() if tag.isascii() else _folded(tag)


def username_key(name: str) -> str:
    """The normal form of a username: NFKC, case folded, so that look-alikes of a taken name are taken too."""
    return name.lower() if name.isascii() else _folded(name)


def is_valid_username(name: str) -> bool:
    """1 to 30 ASCII letters, digits and underscores, in any mix, also only digits."""
    return _USERNAME.fullmatch(name) is not None


def _folded(name: str) -> str:
    # Twice: case folding can give characters that NFKC changes, and the reverse (Unicode 3.13, D146).
    for _ in range(2):
        name = unicodedata.normalize("NFKC", name).casefold()
    return unicodedata.normalize("NFKC", name)
