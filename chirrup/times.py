"""Times as texts: ISO 8601, in UTC; and the length of a day."""

from datetime import UTC, datetime

DAY_MS = 86_400_000


def iso(ms: int) -> str:
    """2026-01-31T12:00:00.000Z"""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{ms % 1000:03d}Z"


def iso_or_none(ms: int) -> str | None:
    return iso(ms) if ms else None


def ms_of_text(text: str) -> int:
    """The time that an ISO 8601 text tells, in UTC where it names no zone. Raises ValueError."""
    at = datetime.fromisoformat(text.strip())
    ms = round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)
    iso(ms)  # raises ValueError: beyond the year 9999, in UTC
    return ms


def day(ms: int) -> str:
    """2026-01-31"""
    return datetime.fromtimestamp(ms // 1000, UTC).strftime("%Y-%m-%d")


def today() -> str:
    """The day that it is in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")
