"""Logs: one line an event on stderr, for people at a terminal, as JSON elsewhere. Never a token or a password."""

import logging
import sys
from contextlib import suppress

import structlog


def configure(level: str) -> None:
    """Set the level ("debug", "info", "warning", "error") for ours and for libraries' logs."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    logging.basicConfig(
        level=max(number, logging.WARNING), stream=sys.stderr, format="%(levelname)s %(name)s %(message)s"
    )
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # pyright: ignore[reportArgumentType]
    )


class _Stderr:
    """Where it goes may be a full disk: then lines are lost, not the work they tell of."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()
