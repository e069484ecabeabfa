"""An invitation to a meeting (RFC 5545) in a sentence."""

import re
from datetime import datetime

_WORDS = {"REQUEST": "Invitation", "CANCEL": "Cancelled", "REPLY": "Answer to an invitation", "PUBLISH": "Event"}
_LINE = re.compile(r"^(SUMMARY|DTSTART|DTEND|LOCATION|METHOD)((?:;[^:\n]{0,200})?):(.{0,500})$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([,;\\nN])")


def told(text: str, method: str) -> str:
    """ "" where there is no event in it."""
    at = text.upper().find("BEGIN:VEVENT")
    if at < 0:
        return ""
    unfolded = re.sub(r"\r?\n[ \t]", "", text)
    at = unfolded.upper().find("BEGIN:VEVENT")
    event = unfolded[at:].split("END:VEVENT", 1)[0].replace("\r", "")
    found: dict[str, str] = {}
    for name, params, value in _LINE.findall(event):
        found.setdefault(name, value.strip())
        found.setdefault(f"{name} params", params)
    if not method:
        given = re.search(r"^METHOD:(\w+)", unfolded, re.MULTILINE)
        method = given[1] if given else "PUBLISH"
    parts = [_plain(found.get("SUMMARY", "")), _time(found.get("DTSTART", ""), found.get("DTSTART params", ""))]
    parts.append(_plain(found.get("LOCATION", "")))
    return f"{_WORDS.get(method.upper(), 'Event')}: {', '.join(filter(None, parts))}"


def _plain(value: str) -> str:
    return " ".join(_ESCAPED.sub(lambda one: " " if one[1] in "nN" else one[1], value).split())[:200]


def _time(value: str, params: str) -> str:
    zone = re.search(r'TZID="?([^";:]{1,60})', params)
    try:
        if len(value) == 8:
            return f"{datetime.strptime(value, '%Y%m%d'):%Y-%m-%d}"
        when = f"{datetime.strptime(value.rstrip('Z'), '%Y%m%dT%H%M%S'):%Y-%m-%d %H:%M}"
    except ValueError:
        return ""
    return f"{when} UTC" if value.endswith("Z") else f"{when} {zone[1]}" if zone else when
