"""A post as its archive has it, and how to read JSON that may be anything."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import msgspec

from ...types import Visibility

Thing = Mapping[str, Any]


class OldMedia(msgspec.Struct, frozen=True):
    file: str  # its name in the archive; "": it is not there
    description: str = ""
    focus: str | None = None  # "x,y"


class OldPost(msgspec.Struct, frozen=True):
    """A post as its archive has it. problem: why it cannot be read; the rest is then as far as it could."""

    source: str  # what names it for ever: its address, or "twitter:<id>"
    published_ms: int
    text: str = ""
    summary: str = ""
    sensitive: bool = False
    visibility: str = Visibility.DIRECT
    language: str = ""
    reply_to: str = ""  # the source of what it answers
    media: tuple[OldMedia, ...] = ()
    problem: str = ""


def base(path: str) -> str:
    return path.rpartition("/")[2]


def thing(value: Any) -> Thing:
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def text(value: Any) -> str:
    """Text that can be stored: halves of surrogate pairs are replaced. "": it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    with suppress(UnicodeEncodeError):
        value.encode()
        return value
    return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
