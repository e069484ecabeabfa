"""Errors as HTTP: status and headers. Each API has its own form for the body."""

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
from ..wording import Language

log = structlog.get_logger()


class TooLarge(BadRequest):
    """The body has more bytes than the route accepts."""

    code = "too_large"


class Encoded(BadRequest):
    """The body is compressed, which is not supported."""

    code = "encoded"


class Unexpected(ChirrupError):
    """A bug. Only the log has the details."""

    code = "unexpected"


class NoMethod(ChirrupError):
    """The path exists, but not with this method."""

    code = "no_method"


# The body of an error, to be encoded as JSON. Each API has one such function.
Words = Callable[[ChirrupError, Language], dict[str, Any]]

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


def answer(error: BaseException, words: Words, language: Language) -> tuple[int, dict[str, str], bytes]:
    """(status, headers, JSON body) for any exception. One that is not a ChirrupError is a bug: logged, and 500."""
    if isinstance(error, MemoryError):
        error = Unavailable("the server is out of memory; try again in a moment")
    if not isinstance(error, ChirrupError):
        log.error("unexpected error", exc_info=error)
        error = Unexpected("Something went wrong on our side; it has been logged.")
    headers = in_language(language)
    if isinstance(error, TooMany | Unavailable):
        headers |= {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, OAuthError) and error.challenge:
        headers |= {"WWW-Authenticate": f'{error.challenge} realm="Chirrup"'}
    if isinstance(error, TooMany) and error.quota:
        headers |= quota_headers(error.quota)
    return status_of(error), headers, _encode(words(error, language))


def in_language(language: Language) -> dict[str, str]:
    """Headers of an answer that is another one in other languages."""
    return {"Content-Language": language.code, "Vary": "Authorization, Accept-Language"}


def _encode(body: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:  # the message quotes a lone surrogate from the request
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
