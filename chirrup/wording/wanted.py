"""Which language somebody wants to be answered in."""

import re

from . import CATALOGUES, ENGLISH, Language, of

RANGES_MAX = 50  # of a header that are looked at; browsers send up to ten
TAG_CHARS_MAX = 35  # RFC 5646, 4.4.1
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")  # RFC 9110, 12.4.2


def wanted(named: object, accepted: str, spoken: tuple[str, ...] = ()) -> Language:
    """The first of these that is here: what a parameter names, what the header Accept-Language accepts, what is spoken
    at the site, English. A region is left out where only the language is known: "de-AT" is "de" (RFC 4647, 3.4).
    """
    if isinstance(named, str) and (found := _known(named)):
        return of(found)
    main = next((found for code in spoken if (found := _known(code))), ENGLISH.code)
    return of(next((found for tag in _accepted(accepted) if (found := main if tag == "*" else _known(tag))), main))


def _known(tag: str) -> str:
    """The language that the tag names, or one that it is a kind of; "": neither is here."""
    if len(tag) > TAG_CHARS_MAX:
        return ""
    parts = tag.strip().lower().replace("_", "-").split("-")
    tags = ("-".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((one for one in tags if one == ENGLISH.code or one in CATALOGUES), "")


def _accepted(header: str) -> list[str]:
    """The languages in an Accept-Language, the best first. What cannot be read is left out."""
    found: list[tuple[float, str]] = []
    for given in header.split(",", RANGES_MAX)[:RANGES_MAX]:
        tag, _, rest = given.partition(";")
        name, _, quality = rest.partition("=")
        quality = quality.strip() if rest else "1"
        if tag.strip() and (not rest or name.strip().lower() == "q") and _QUALITY.fullmatch(quality):
            found.append((float(quality), tag.strip()))
    return [tag for quality, tag in sorted(found, key=lambda one: -one[0]) if quality]
