"""Alerts as Prometheus' Alertmanager describes them; Grafana does it likewise.

One post for those of a payload that fire, one for those that are over, which answers the one that said they fire.
"""

import hashlib
from collections.abc import Callable
from typing import Any

from .incoming import Said, at, items, joined, line, short, url, words

LISTED = 10  # alerts of a post
LABELS = 4  # of an alert
KNOWN_MS = 10 * 60 * 1000  # a payload that is the same again sooner was sent again; later it is a reminder
_ANNOTATIONS = ("summary", "description", "message", "title")
_DULL = frozenset(
    ("alertname", "severity", "grafana_folder", "__alert_rule_uid__", "rule_uid", "ref_id", "datasource_uid")
)


def said(body: Any, more: Callable[[Any], str]) -> tuple[Said, ...]:
    """more: what is told of one alert beside its annotations."""
    alerts = items(body, "alerts")
    over = [one for one in alerts if line(one, "status").lower() == "resolved"]
    fire = [one for one in alerts if one not in over]
    parts = ((fire, "FIRING"), (over, "RESOLVED"))
    return tuple(_part(body, some, word, more) for some, word in parts if some)


def _part(body: Any, alerts: list[Any], word: str, more: Callable[[Any], str]) -> Said:
    common = at(body, "commonLabels")
    name = line(common, "alertname") or line(alerts[0], "labels", "alertname") or "Alert"
    severity = line(common, "severity") or line(alerts[0], "labels", "severity")
    lines = [_alert(one, name, common, more) for one in alerts[:LISTED]]
    rest = len(alerts) - LISTED
    link = next(filter(None, (_link(one) for one in alerts)), "") or url(body, "externalURL")
    text = joined(
        joined(f"[{word}:{len(alerts)}] {name}", f"({severity})" if severity else "", by=" "),
        *dict.fromkeys(lines),
        f"and {rest} more" if rest > 0 else "",
        link,
    )
    return Said(text, link, tuple(_about(one) for one in alerts), ends=word == "RESOLVED")


def _alert(one: Any, name: str, common: Any, more: Callable[[Any], str]) -> str:
    labels = at(one, "labels")
    own = labels.items() if isinstance(labels, dict) else ()
    telling = [
        f"{line([key], 0)}={line([value], 0)}"
        for key, value in own
        if key not in _DULL and (not isinstance(common, dict) or common.get(key) != value)
    ]
    own_name = line(labels, "alertname")
    what = next(filter(None, (words(one, "annotations", key) for key in _ANNOTATIONS)), "")
    head = joined(own_name if own_name != name else "", ", ".join(telling[:LABELS]), by=" ")
    about = joined(head, short(what, 300), by=": ")
    extra = more(one)
    return f"• {joined(about, extra, by=' · ')}" if about or extra else ""


def _link(one: Any) -> str:
    return next(
        filter(None, (url(one, key) for key in ("panelURL", "dashboardURL", "generatorURL"))),
        "",
    )


def _about(one: Any) -> str:
    fingerprint = line(one, "fingerprint")
    return f"alert {fingerprint}" if fingerprint else f"alert {at(one, 'labels')}"


def id_of(body: Any) -> str:
    """Equal for what says the same of the same alerts."""
    each = [
        (_about(one), *(line(one, key) for key in ("status", "startsAt", "endsAt"))) for one in items(body, "alerts")
    ]
    told = (line(body, "groupKey"), line(body, "receiver"), line(body, "status"), each)
    return hashlib.sha256(repr(told).encode("utf-8", "replace")).hexdigest()
