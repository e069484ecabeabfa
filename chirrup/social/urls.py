"""Links in plain text: from http:// or https:// to where a person would end the link.

docs/decisions/0010-text-extraction.md has the rule. The page counts with the same expression: web/static/length.js.
"""

import re

import regex

CHARS_MAX = 4096  # longer ones are no links

# These work in Python's regex and in JavaScript with the flag u. They never try twice on the same characters, so 100 kB
# of any text take a tenth of a second.
_ALNUM = r"\p{L}\p{M}\p{N}"
_IN_HOST = rf"[{_ALNUM}\p{{So}}_\u00b7\u30fb\u200c\u200d]"
_LABEL = rf"{_IN_HOST}+(?:-+{_IN_HOST}+)*"
# A last label in ASCII ends before another script, because some scripts have no spaces: https://example.comを見て
_LAST_LABEL = rf"(?:[0-9A-Za-z]+(?:-+[0-9A-Za-z]+)*|(?:(?![0-9A-Za-z])[{_ALNUM}\u200c\u200d])+)"
_HOST = rf"(?:{_LABEL}\.)+{_LAST_LABEL}(?![0-9A-Za-z_]|\.{_IN_HOST}|(?::[^\u0000-\u0020/?#@]*)?[@＠])"

# May end a path or query: letters and symbols of every script, except those that enclose or separate text.
_NO_SYMBOL = r"<>\u0060|~\uff1c\uff1e\uff5c\uff5e"
_LAST = (
    rf"(?:[{_ALNUM}_#/&\-\u00a7\u00b6\u2020-\u2022\u2030-\u2037\u203b\u200c\u200d]"
    rf"|(?![{_NO_SYMBOL}])\p{{S}}|(?![*\p{{S}}])\p{{Emoji_Component}})"
)
# May be inside it, as in "a,b.c" and 'L’Avare'.
_INNER = r"!'*;:,.%?@~|\uff5c\uff5e\p{Pd}\u00b7\u05f3\u05f4\u0970\u0f0b\u0f0c\u2019\u30fb"
# Between brackets: all visible characters, and more brackets, at most five deep, because the expression cannot recurse.
_SEEN = r"[^\p{C}\p{Z}\p{Ps}\p{Pe}<>\u0022\u0060]*"
_JOINED = r"(?=\p{C})[\p{Emoji_Component}\u200c]"
_BRACKETS = rf"\p{{Ps}}{_SEEN}(?:{_JOINED}{_SEEN})*\p{{Pe}}"
for _ in range(4):
    _BRACKETS = rf"\p{{Ps}}{_SEEN}(?:(?:{_JOINED}|{_BRACKETS}){_SEEN})*\p{{Pe}}"
_PIECE = rf"[{_INNER}]*(?:{_LAST}|{_BRACKETS})"
LINK = (
    r"[Hh](?<![0-9A-Za-z@＠$#＃][Hh])[Tt][Tt][Pp][Ss]?://"
    rf"{_HOST}(?::[0-9]+)?(?:(?:/|(?=[?#]{_PIECE}))(?:{_PIECE})*)?"
)


def _in_dns(label: str) -> str:
    return label if label.isascii() else "xn--" + label.lower().encode("punycode").decode()


def host_key(host: str) -> str:
    """The normal form of a host: lower case, with labels of other scripts in punycode."""
    return host.lower() if host.isascii() else ".".join(_in_dns(label) for label in host.casefold().split("."))


def is_ours(host: str, domain: str) -> bool:
    """Whether the host of a handle ("": none) is that of the server at domain."""
    return not host or host_key(host) == host_key(domain)


# Look-alikes of another host: two scripts with the same shapes in one label, only Cyrillic letters of Latin shape
# before a Latin top level domain, and signs that look like the slash or dot that ends a host.
_OTHERS = r"[\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}]"
_TWO_SCRIPTS = regex.compile(rf"\p{{Latin}}.*{_OTHERS}|{_OTHERS}.*\p{{Latin}}")
_LATIN_SHAPES = re.compile("[-0-9асԁеһіјӏорԛѕԝхуѵ]+")
_SIGNS = regex.compile(r"[[\p{P}\p{Sm}]--[-]]", regex.VERSION1)


def shown_host(host: str) -> str:
    """The host as a reader should see it: labels that look like others are in punycode."""
    if host.isascii():
        return host
    labels = host.split(".")
    latin = labels[-1].isascii()
    return ".".join(_in_dns(label) if _deceives(label, latin) else label for label in labels)


def _deceives(label: str, latin: bool) -> bool:
    shapes = latin and _LATIN_SHAPES.fullmatch(label)
    return not label.isascii() and bool(shapes or _TWO_SCRIPTS.search(label) or _SIGNS.search(label))
