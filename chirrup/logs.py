"""Logs: one line an event on stderr, for people at a terminal, as JSON elsewhere. Never a token or a password.

Ours and those of libraries have one shape: `timestamp`, `level`, `event`, and of a request its `request_id`.
"""

import logging
import re
import sys
import threading
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from types import TracebackType
from typing import Any

import structlog

log = structlog.get_logger()


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
    people = sys.stderr.isatty()
    ending = structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(number),
        processors=[*steps, ending],
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # pyright: ignore[reportArgumentType]
    )
    handler = logging.StreamHandler(_Stderr())
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
