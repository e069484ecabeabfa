"""The table of formats: one file each, with fits(incoming), whether a payload is of it, and read(incoming)."""

from collections.abc import Callable

import msgspec

from ...errors import not_among
from . import alertmanager, generic, github, gitlab, grafana, slack, standard_webhooks
from .incoming import Incoming, Read

AUTO = "auto"  # guessed from each payload
STANDARD = "standardwebhooks"


class Format(msgspec.Struct, frozen=True):
    name: str  # for people
    fits: Callable[[Incoming], bool]
    read: Callable[[Incoming], Read]


# In the order in which they are tried on a payload of an unknown one.
FORMATS = {
    "github": Format("GitHub", github.fits, github.read),
    "gitlab": Format("GitLab", gitlab.fits, gitlab.read),
    "grafana": Format("Grafana", grafana.fits, grafana.read),
    "alertmanager": Format("Prometheus Alertmanager", alertmanager.fits, alertmanager.read),
    STANDARD: Format("Standard Webhooks", standard_webhooks.fits, standard_webhooks.read),
    "slack": Format("Slack", slack.fits, slack.read),
    "generic": Format("Any JSON, by a mapping", generic.fits, generic.read),
}
KNOWN = (AUTO, *FORMATS)


def check(name: str) -> str:
    """Raises Invalid."""
    if name not in KNOWN:
        raise not_among("format", KNOWN, name)
    return name


def check_mapping(text: str) -> str:
    """As it is kept; "": none. Raises Invalid."""
    found = generic.parse(text)
    return msgspec.json.encode(found).decode() if found else ""


def of(name: str, incoming: Incoming) -> str:
    """The format to read it as: name, or the first that it fits, else the last."""
    if name != AUTO:
        return name
    return next((name for name, one in FORMATS.items() if one.fits(incoming)), list(FORMATS)[-1])
