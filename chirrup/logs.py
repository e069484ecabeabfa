"""Logs: one line an event on stderr, for people at a terminal, as JSON elsewhere. Never a token or a password.

Ours and those of libraries have one shape: `timestamp`, `level`, `event`, and of a request its `request_id`.
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
PLACES_MAX = 1000  # remembered at a time


# The ASGI scope of the request that is being answered (http/observed.py): its "request_id", in bytes, and once it is
# over that it is "over". What a request began and left running goes on without its id.
current: ContextVar[Mapping[str, Any] | None] = ContextVar("current", default=None)


def configure(level: str) -> None:
    """Set the level ("debug", "info", "warning", "error") for ours and for libraries' logs."""
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
    logging.raiseExceptions = False  # a line that cannot be written is lost, and nothing else
    sys.excepthook = _died
    threading.excepthook = lambda args: _died(args.exc_type, args.exc_value, args.exc_traceback)


class _Sparing:
    """What goes wrong again and again in one place is told once in AGAIN_S, with how often it was left out since.

    That is: what has a traceback, and all that libraries say. Strangers may cause either as often as they like.
    """

    def __init__(self) -> None:
        self._told: dict[tuple[Any, ...], tuple[float, int]] = {}  # when (monotonic), how often it was left out since

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
        """For those of libraries."""
        left_out = self._left_out((record.name, record.msg, *_place(record.exc_info)))
        if left_out:
            record.msg = f"{record.msg} (and {left_out} times before)"
        return left_out is not None

    def _left_out(self, key: tuple[Any, ...]) -> int | None:
        """How often since it was told; None: it is left out this time, too."""
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
    """(type, file, line) of where an exception was raised; () when there is none. given: as loggers take it."""
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if not isinstance(error, BaseException):
        return ()
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return (type(error), trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace else (type(error),)


def failed(event: str, error: BaseException, **words: Any) -> None:
    """One line for an engine that is away, which is expected at times; for a bug, how it came about too."""
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


# What libraries say may quote what they were given: rows in PostgreSQL's details, URLs, headers.
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
    """Where it goes may be a full disk: then lines are lost, not the work they tell of."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()
