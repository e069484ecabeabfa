"""Logs: one line per event on stderr; coloured text on a terminal, JSON elsewhere. Never a token or a password.

Our lines and those of libraries have the same fields: `timestamp`, `level`, `event`, and `request_id` within a request.
"""

import logging
import re
import sys
import threading
import time
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import structlog

from .errors import Unavailable

log = structlog.get_logger()

AGAIN_S = 60.0
PLACES_MAX = 1000  # errors that are remembered; then all are forgotten


# The ASGI scope of the current request (http/observed.py). It has "request_id" in bytes, and "over" once the request
# has ended. A task that outlives its request logs without the id.
current: ContextVar[Mapping[str, Any] | None] = ContextVar("current", default=None)


def configure(level: str) -> None:
    """Set the level ("debug", "info", "warning", "error") of our logs and of those of libraries."""
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    steps: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _of_request,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    sparing, people = _Sparing(), sys.stderr.isatty()
    ending = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[sparing, *steps, ending],
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # pyright: ignore[reportArgumentType]
    )
    handler = logging.StreamHandler(_Stderr())
    handler.addFilter(sparing)
    strip = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    name = structlog.stdlib.add_logger_name
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=[name, *steps], processors=[strip, ending])
    )
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # a line that cannot be written is lost; nothing else happens
    sys.excepthook = _died
    threading.excepthook = lambda args: _died(args.exc_type, args.exc_value, args.exc_traceback)


class _Sparing:
    """Logs a repeated error once in AGAIN_S, with the number of repetitions left out.

    Applies to lines with a traceback and to all lines of libraries, because strangers can cause both at any rate.
    """

    def __init__(self) -> None:
        # key -> (when it was logged, monotonic; repetitions left out since)
        self._told: dict[tuple[Any, ...], tuple[float, int]] = {}

    def __call__(self, _: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """For our own lines. Raises DropEvent."""
        if place := _place(event.get("exc_info")):
            left_out = self._left_out((event["event"], *place))
            if left_out is None:
                raise structlog.DropEvent
            if left_out:
                event["left_out"] = left_out
        return event

    def filter(self, record: logging.LogRecord) -> bool:
        """For lines of libraries."""
        left_out = self._left_out((record.name, record.msg, *_place(record.exc_info)))
        if left_out:
            record.msg = f"{record.msg} (and {left_out} times before)"
        return left_out is not None

    def _left_out(self, key: tuple[Any, ...]) -> int | None:
        """How many repetitions were left out since the last line. None: leave this one out too."""
        now_s = time.monotonic()
        told_at_s, left_out = self._told.get(key, (0.0, 0))
        if key in self._told and now_s < told_at_s + AGAIN_S:
            self._told[key] = told_at_s, left_out + 1
            return None
        if len(self._told) >= PLACES_MAX:
            self._told.clear()
        self._told[key] = now_s, 0
        return left_out


def _place(given: Any) -> tuple[Any, ...]:
    """(type, file, line) where an exception was raised; () without one. given: exc_info in any form."""
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if not isinstance(error, BaseException):
        return ()
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return (type(error), trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else (type(error),)


def failed(event: str, error: BaseException, **words: Any) -> None:
    """Log an error: one line if an engine is away, which happens at times; for a bug also the traceback."""
    if isinstance(error, Unavailable):
        log.warning(event, error=error.message, **words)
    else:
        log.error(event, exc_info=error, **words)


def _died(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    log.critical("nobody expected this", exc_info=(kind, error, trace))


def _of_request(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    scope = current.get()
    if scope and "over" not in scope:
        event.setdefault("request_id", scope["request_id"].decode())
    return event


# Messages of libraries can contain data: rows in PostgreSQL's details, URLs, headers.
_DETAILS = re.compile(r"\b(DETAIL|CONTEXT):[^\n]*")
_SECRETS = re.compile(
    r"""(\bbearer\s+|://[^\s/@:]*:(?=[^\s/]*@)|\b(?:access_token|client_secret|password|secret|code)=)[^\s"'&@]+""",
    re.IGNORECASE,
)


def _without_secrets(_: Any, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _SECRETS.sub(r"\1***", _DETAILS.sub(r"\1: (left out)", value))
    return event


class _Stderr:
    """Standard error. If it cannot be written (a full disk), the line is lost and the work goes on."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()
