"""Errors as HTTP: status and headers. The words are those of each API."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec
import structlog

from ..errors import (
    BadRequest,
    ChirrupError,
    Forbidden,
    Invalid,
    NotFound,
    OAuthError,
    Quota,
    TooMany,
    Unauthorised,
    Unavailable,
)
from ..times import iso

log = structlog.get_logger()


class TooLarge(BadRequest):
    """More bytes than this is read of."""

    code = "too_large"


class Encoded(BadRequest):
    """A body that would have to be unpacked."""

    code = "encoded"


class Unexpected(ChirrupError):
    """A bug, of which only the log tells more."""

    code = "unexpected"


class NoMethod(ChirrupError):
    """The address is there, but does not take this method."""

    code = "no_method"


# The body of an answer, of what is encoded as JSON: each API has one.
Words = Callable[[ChirrupError], dict[str, Any]]

STATUS: dict[type[ChirrupError], int] = {
    BadRequest: 400,
    TooLarge: 413,
    Encoded: 415,
    Unauthorised: 401,
    Forbidden: 403,
    NotFound: 404,
    Invalid: 422,
    TooMany: 429,
    Unavailable: 503,
    NoMethod: 405,
    Unexpected: 500,
}


def answer(error: BaseException, words: Words) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, JSON body) for anything that was raised. What is not a ChirrupError is a bug: logged, 500."""
    if isinstance(error, MemoryError):
        error = Unavailable("the server is out of memory; try again in a moment")
    if not isinstance(error, ChirrupError):
        log.error("unexpected error", exc_info=error)
        error = Unexpected("Something went wrong on our side; it has been logged.")
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany | Unavailable) else {}
    if isinstance(error, OAuthError) and error.challenge:
        headers |= {"WWW-Authenticate": f'{error.challenge} realm="Chirrup"'}
    if isinstance(error, TooMany) and error.quota:
        headers |= quota_headers(error.quota)
    return status_of(error), headers, _encode(words(error))


def _encode(body: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:  # a message repeats half a character that was sent
        return json.dumps(body).encode()


def quota_headers(quota: Quota) -> dict[str, str]:
    """https://docs.joinmastodon.org/api/rate-limits/"""
    return {
        "X-RateLimit-Limit": str(quota.amount),
        "X-RateLimit-Remaining": str(quota.remaining),
        "X-RateLimit-Reset": _time(quota.resets_at_s),
    }


@lru_cache(1000)
def _time(at_s: int) -> str:
    return iso(at_s * 1000)


OAUTH_STATUS = {"invalid_client": 401, "unauthorized_client": 403}  # RFC 6749, 5.2; all else is 400


def status_of(error: ChirrupError) -> int:
    if isinstance(error, OAuthError):
        return OAUTH_STATUS.get(error.error, 400)
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return 400
