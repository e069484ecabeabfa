"""What comes to a hook, what a format makes of it, and how to read JSON of which nothing is certain.

A payload may have anything anywhere: null, a number where a text should be, no key at all. None of these functions
raises for it.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

TEXT_CHARS_MAX = 8_000  # of one text that is looked at: what is said has some hundreds
_SPACE = re.compile(r"[^\S\n]+")


class Incoming(msgspec.Struct, frozen=True):
    body: Any  # decoded JSON, or the fields of a form
    headers: Mapping[str, str] = {}  # lower-case name -> value; those of HEADERS
    mapping: str = ""  # of the hook: JSON of generic.Mapping; "": none


# Those that formats look at: what event it is, and which delivery.
HEADERS = (
    *("x-github-event", "x-github-delivery", "x-gitlab-event", "x-gitlab-event-uuid", "webhook-id", "idempotency-key"),
    *("idempotency-key", "content-type"),
)


class Said(msgspec.Struct, frozen=True):
    """One post."""

    text: str  # plain
    link: str = ""  # where there is more: it is shown where the text is cut
    about: tuple[str, ...] = ()  # what it is about, in the sender's words: it answers the post that was about one of it
    ends: bool = False  # what is said later about the same begins anew


class Read(msgspec.Struct, frozen=True):
    """What a payload says."""

    said: tuple[Said, ...]
    id: str = ""  # of the delivery: what has the same id was here already; "": none
    known_ms: int = 3 * 24 * 3600 * 1000  # for so long
    places: tuple[str, ...] = ()  # rooms or people that the sender asks to say it to, by name
    names: tuple[str, ...] = ()  # in whose name


def at(value: Any, *path: str | int) -> Any:
    """What stands there; None: nothing."""
    for step in path:
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def words(value: Any, *path: str | int) -> str:
    """What stands there as text, without spaces around it: "" for what is no text, number or flag."""
    found = at(value, *path)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int | float):
        return str(found) if abs(found) < 1e300 else ""
    return found[:TEXT_CHARS_MAX].strip() if isinstance(found, str) else ""


def line(value: Any, *path: str | int) -> str:
    """words() in one line."""
    return " ".join(words(value, *path)[:2000].split())


def items(value: Any, *path: str | int, most: int = 100) -> list[Any]:
    """What stands in the list there; an object counts as a list of one."""
    found = at(value, *path)
    return found[:most] if isinstance(found, list) else [found] if isinstance(found, dict) else []


def url(value: Any, *path: str | int) -> str:
    """words(), if it is a web address."""
    found = words(value, *path)
    fits = found.lower().startswith(("http://", "https://")) and len(found) <= 2000 and not re.search(r"\s", found)
    return found if fits else ""


def joined(*parts: str, by: str = "\n") -> str:
    """Those that are not empty."""
    return by.join(filter(None, (_SPACE.sub(" ", part).strip() for part in parts)))


def short(text: str, chars_max: int = 200) -> str:
    """The first line of it that has words, at most chars_max characters of it."""
    first = next(filter(None, (one.strip() for one in text[: 4 * chars_max].splitlines())), "")
    return first if len(first) <= chars_max else first[: chars_max - 1].rstrip() + "…"
