"""Prometheus' Alertmanager, version 4 (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config)."""

from ...errors import Invalid
from ...wording import N_
from . import alerts
from .incoming import Incoming, Read, at


def fits(incoming: Incoming) -> bool:
    body = incoming.body
    return isinstance(at(body, "alerts"), list) and (at(body, "groupKey") is not None or at(body, "version") == "4")


def read(incoming: Incoming) -> Read:
    """Raises Invalid: there are no alerts."""
    said = alerts.said(incoming.body, lambda one: "")
    if not said:
        why = N_("must have alerts, as Alertmanager sends them: an object with a list `alerts`")
        raise Invalid("payload", "no_alerts", why)
    return Read(said, alerts.id_of(incoming.body), alerts.KNOWN_MS)
