"""The table of formats: one file each, with fits(incoming), whether a payload is of it, and read(incoming)."""

from collections.abc import Callable

import msgspec

from ...errors import not_among
from . import slack
from .incoming import Incoming, Read

AUTO = "auto"  # guessed from each payload


class Format(msgspec.Struct, frozen=True):
    name: str  # for people
    fits: Callable[[Incoming], bool]
    read: Callable[[Incoming], Read]


# In the order in which they are tried on a payload of an unknown one.
FORMATS = {
    "slack": Format("Slack", slack.fits, slack.read),
}
KNOWN = (AUTO, *FORMATS)


def check(name: str) -> str:
    """Raises Invalid."""
    if name not in KNOWN:
        raise not_among("format", KNOWN, name)
    return name


def of(name: str, incoming: Incoming) -> str:
    """The format to read it as: name, or the first that it fits, else the last."""
    if name != AUTO:
        return name
    return next((name for name, one in FORMATS.items() if one.fits(incoming)), list(FORMATS)[-1])
