"""Links in plain text: what begins with http:// or https://, to where a person would end it.

docs/decisions/0010-text-extraction.md has the rule. The page counts by the same expression: web/static/length.js.
"""

import re

import regex

CHARS_MAX = 4096  # longer ones are no links

# The syntax of these is Python's regex and JavaScript's with the flag u: one expression for both. Nothing in them is
# tried twice over the same characters: 100 kB of anything take a tenth of a second.
_ALNUM = r"\p{L}\p{M}\p{N}"
_IN_HOST = rf"[{_ALNUM}\p{{So}}_\u00b7\u30fb\u200c\u200d]"
_LABEL = rf"{_IN_HOST}+(?:-+{_IN_HOST}+)*"
# A last label in ASCII ends before another script, which runs on without a space: https://example.comを見て
_LAST_LABEL = rf"(?:[0-9A-Za-z]+(?:-+[0-9A-Za-z]+)*|(?:(?![0-9A-Za-z])[{_ALNUM}\u200c\u200d])+)"
_HOST = rf"(?:{_LABEL}\.)+{_LAST_LABEL}(?![0-9A-Za-z_]|\.{_IN_HOST}|(?::[^\u0000-\u0020/?#@]*)?[@＠])"

# May end a path or query; may stand in it, as in "a,b.c" and 'L’Avare'; and both between parentheses.
_LAST = rf"0-9A-Za-z+=_#/&\-{_ALNUM}\p{{So}}\u200c\u200d"
_INNER = r"!'*;:,.$%?@~|\[\]\u00b7\u05be\u05f3\u05f4\u0970\u0f0b\u0f0c\u2010\u2011\u2013\u2019\u301c\u30fb"
_ANY = rf"[{_LAST}{_INNER}\p{{Emoji_Component}}]"
_PARENS = rf"\({_ANY}*(?:\({_ANY}*\){_ANY}*)*\)"
_PIECE = rf"[{_INNER}]*(?:[{_LAST}]|(?!\*)\p{{Emoji_Component}}|{_PARENS})"
LINK = (
    r"[Hh](?<![0-9A-Za-z@＠$#＃][Hh])[Tt][Tt][Pp][Ss]?://"
    rf"{_HOST}(?::[0-9]+)?(?:/(?:{_PIECE})*|(?=[?#])(?:{_PIECE})+)?"
)


def _in_dns(label: str) -> str:
    return label if label.isascii() else "xn--" + label.lower().encode("punycode").decode()


def host_key(host: str) -> str:
    """The form in which two spellings of a host are equal: lower case, labels of other scripts as DNS has them."""
    return host.lower() if host.isascii() else ".".join(_in_dns(label) for label in host.casefold().split("."))


# What passes for another host: two scripts of the same shapes in one label, nothing but Cyrillic letters of Latin shape
# before a Latin top level domain, and signs that look like the slash or dot that ends a host.
_OTHERS = r"[\p{Cyrillic}\p{Greek}\p{Armenian}\p{Cherokee}]"
_TWO_SCRIPTS = regex.compile(rf"\p{{Latin}}.*{_OTHERS}|{_OTHERS}.*\p{{Latin}}")
_LATIN_SHAPES = re.compile("[-0-9асԁеһіјӏорԛѕԝхуѵ]+")
_SIGNS = regex.compile(r"[[\p{P}\p{Sm}]--[-]]", regex.VERSION1)


def shown_host(host: str) -> str:
    """The host as a reader should see it: labels that could pass for others are in punycode."""
    if host.isascii():
        return host
    labels = host.split(".")
    latin = labels[-1].isascii()
    return ".".join(_in_dns(label) if _deceives(label, latin) else label for label in labels)


def _deceives(label: str, latin: bool) -> bool:
    shapes = latin and _LATIN_SHAPES.fullmatch(label)
    return not label.isascii() and bool(shapes or _TWO_SCRIPTS.search(label) or _SIGNS.search(label))
