"""Times as texts: ISO 8601, in UTC."""

from datetime import UTC, datetime


def iso(ms: int) -> str:
    """2026-01-31T12:00:00.000Z"""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1000:03d}Z"


def iso_or_none(ms: int) -> str | None:
    return iso(ms) if ms else None


def day(ms: int) -> str:
    """2026-01-31"""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%d")
