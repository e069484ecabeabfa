"""Slack's mrkdwn as plain text (https://docs.slack.dev/messaging/formatting-message-text).

Nobody is notified by what it names: <!channel> and <@U…> become words.
"""

import re

_ANGLE = re.compile(r"<([^<>\n]{1,3000})>")
_STYLED = re.compile(r"(?<![\w*_~])([*_~])(?=\S)([^\n*_~]{1,2000}?)(?<=\S)\1(?![\w*_~])")
_CODE = re.compile(r"```\n?|`")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("&(?:lt|gt|amp);")


def plain(text: str) -> str:
    """mrkdwn as plain text. Links stay links, with their label before them."""
    parts = _CODE.split(_ANGLE.sub(_of_angle, text))
    styled = [_STYLED.sub(r"\2", part) if n % 2 == 0 else part for n, part in enumerate(parts)]
    return unescaped("".join(styled)).strip()


def unescaped(text: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], text)


def _of_angle(found: re.Match[str]) -> str:
    target, _, label = found[1].partition("|")
    label = label.strip()
    if target.startswith("@"):  # a person of Slack's
        return f"@{label.removeprefix('@') or target[1:]}"
    if target.startswith("#"):
        return f"#{label.removeprefix('#') or target[1:]}"
    if target.startswith("!"):
        return _special(target[1:], label)
    if target.startswith("mailto:"):
        return label or target.removeprefix("mailto:")
    if re.match(r"(?i)(https?|tel|ftp|slack):", target):
        return labelled(label, target)
    return found[0]


def _special(name: str, label: str) -> str:
    kind = name.partition("^")[0]
    if kind in ("date", "subteam"):
        return label or kind
    return f"@{(label or kind).removeprefix('@')}"


def labelled(label: str, url: str) -> str:
    """A link with a text for people."""
    bare = url.removeprefix("https://").removeprefix("http://").rstrip("/")
    same = not label or label in (url, bare) or label.rstrip("/") == url.rstrip("/")
    return url if same else f"{label} {url}"
