"""Grafana's webhooks: unified alerting, and the alerts of before version 9.

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier
"""

from typing import Any

from ...errors import Invalid
from ...wording import N_
from . import alerts
from .incoming import Incoming, Read, Said, at, items, joined, line, short, url, words

VALUES = 4  # measured, of one alert
_USUAL = ("**Firing**", "**Resolved**")  # what Grafana writes where nobody has written a text


def fits(incoming: Incoming) -> bool:
    body = incoming.body
    return _is_legacy(body) or (isinstance(at(body, "alerts"), list) and at(body, "orgId") is not None)


def _is_legacy(body: Any) -> bool:
    return isinstance(body, dict) and ("ruleName" in body or "evalMatches" in body)


def read(incoming: Incoming) -> Read:
    """Raises Invalid: it says nothing."""
    body = incoming.body
    if _is_legacy(body):
        return Read((_legacy(body),))
    said = alerts.said(body, _values)
    message = words(body, "message")
    if said and message and not any(one in message for one in _USUAL):
        said = (_with(said[0], message), *said[1:])
    if not said and (text := joined(line(body, "title"), message)):
        said = (Said(text, url(body, "externalURL")),)
    if not said:
        why = N_("must have alerts, as Grafana sends them: a list `alerts`, or `ruleName` and `state`")
        raise Invalid("payload", "no_alerts", why)
    return Read(said, alerts.id_of(body) if items(body, "alerts") else "", alerts.KNOWN_MS)


def _with(said: Said, message: str) -> Said:
    """What somebody has written, after the first line."""
    first, _, rest = said.text.partition("\n")
    return Said(joined(first, message, rest), said.link, said.about, ends=said.ends)


def _values(one: Any) -> str:
    values = at(one, "values")
    if not isinstance(values, dict):
        return ""
    shown = [f"{line([key], 0)}={line([value], 0)}" for key, value in list(values.items())[:VALUES]]
    return ", ".join(one for one in shown if not one.endswith("="))


def _legacy(body: Any) -> Said:
    state, name = line(body, "state"), line(body, "ruleName") or line(body, "title")
    matches = [
        joined(line(one, "metric"), line(one, "value"), by=": ")
        for one in items(body, "evalMatches", most=alerts.LISTED)
    ]
    link, ends = url(body, "ruleUrl"), state == "ok"
    head = "RESOLVED" if ends else "FIRING" if state == "alerting" else state.upper() or "ALERT"
    text = joined(f"[{head}] {name}", short(words(body, "message"), 300), *(f"• {one}" for one in matches if one), link)
    return Said(text, link, (f"rule {line(body, 'ruleId') or name}",), ends=ends)
