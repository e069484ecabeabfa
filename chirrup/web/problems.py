"""Errors as pages."""

from collections.abc import Iterable

import msgspec
import structlog

from ..errors import (
    BadRequest,
    ChirrupError,
    Forbidden,
    Invalid,
    InvalidFields,
    NotFound,
    OAuthError,
    TooMany,
    Unauthorised,
    Unavailable,
)
from ..http.problems import TooLarge
from .field_names import NAMES

log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True):
    status: int
    title: str
    message: str
    retry_after_s: int = 0
    fields: dict[str, str] = {}  # field -> its problem, for forms that show it beside the field


AN_APP = "Something is wrong in the app: try a newer version of it, or tell those who make it."
OF_APPS = {
    "invalid_client": "The app is not known here. Take this server out of the app, and log in there anew.",
    "invalid_scope": "It asked for more than it said it would. Take this server out of the app, and log in there anew.",
}

# The first match counts.
TITLES: list[tuple[type[ChirrupError], int, str]] = [
    (TooLarge, 413, "That is too large"),
    (NotFound, 404, "Nothing is here"),
    (Unauthorised, 401, "Log in first"),
    (Forbidden, 403, "That is not allowed"),
    (TooMany, 429, "Too many tries"),
    (Unavailable, 503, "Try again in a moment"),
    (Invalid, 422, "That did not work"),
    (OAuthError, 400, "The app asked for something it cannot have"),
    (BadRequest, 400, "That could not be read"),
]


def of(error: BaseException) -> Problem:
    """An error that is not a ChirrupError is a bug: it is logged, and the page shows no details."""
    if isinstance(error, ChirrupError):
        for kind, status, title in TITLES:
            if isinstance(error, kind):
                retry_after_s = error.retry_after_s if isinstance(error, TooMany | Unavailable) else 0
                return Problem(status, title, said(error), retry_after_s, _by_field(error))
        return Problem(400, "That did not work", error.message)
    log.error("unexpected error", exc_info=error)
    return Problem(500, "Something went wrong on our side", "It has been logged. Try again in a while.")


def _by_field(error: ChirrupError) -> dict[str, str]:
    wrong = error.problems if isinstance(error, InvalidFields) else [error] if isinstance(error, Invalid) else []
    return {one.field: one.why[:1].upper() + one.why[1:] for one in reversed(wrong)}


def of_status(status: int) -> Problem:
    """The problem for 404 (no such address) and 405 (no such method)."""
    if status == 405:
        return Problem(405, "That is not allowed", "This address does not accept this kind of request.")
    return of(NotFound())


def said(error: ChirrupError) -> str:
    """The error as a sentence for people, with the field names that pages show."""
    if isinstance(error, NotFound):
        return "It does not exist, is gone, or is not for everybody to see."
    if isinstance(error, InvalidFields):
        return " ".join(_sentences(error.problems))
    if isinstance(error, Invalid):
        return _sentences([error])[0]
    if isinstance(error, OAuthError):
        return OF_APPS.get(error.error, f"{AN_APP} (The answer to it was: {_sentence(error.message)})")
    return _sentence(error.message)


def _sentences(wrong: Iterable[Invalid]) -> list[str]:
    return [_sentence(one.why if one.is_sentence else _named(one)) for one in wrong]


def _named(one: Invalid) -> str:
    return f"{NAMES.get(one.field, one.field)} {one.why}"


def _sentence(words: str) -> str:
    words = words.strip()
    return words[:1].upper() + words[1:] + ("" if words.endswith((".", "!", "?")) else ".")
