"""Errors as pages."""

import msgspec
import structlog

from ..errors import (
    BadRequest,
    ChirrupError,
    Forbidden,
    Invalid,
    NotFound,
    OAuthError,
    TooMany,
    Unauthorised,
    Unavailable,
)

log = structlog.get_logger()


class Problem(msgspec.Struct, frozen=True):
    status: int
    title: str
    message: str
    retry_after_s: int = 0


# The first that fits.
TITLES: list[tuple[type[ChirrupError], int, str]] = [
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
    """What is not a ChirrupError is a bug: logged, and the page tells nothing about it."""
    if isinstance(error, ChirrupError):
        for kind, status, title in TITLES:
            if isinstance(error, kind):
                retry_after_s = error.retry_after_s if isinstance(error, TooMany | Unavailable) else 0
                return Problem(status, title, said(error), retry_after_s)
        return Problem(400, "That did not work", error.message)
    log.error("unexpected error", exc_info=error)
    return Problem(500, "Something went wrong on our side", "It has been logged. Try again in a while.")


def of_status(status: int) -> Problem:
    """What the framework refuses by itself."""
    known = {
        404: of(NotFound()),
        405: Problem(405, "That is not allowed", "This address does not take what was sent."),
        413: Problem(413, "That is too large", "Send less at once, or a smaller file."),
    }
    return known.get(status) or Problem(status, "That could not be read", "The request is not one that we understand.")


def said(error: ChirrupError) -> str:
    """The sentence for a person: without the name of the field, which forms show beside it."""
    if isinstance(error, NotFound):
        return "It does not exist, is gone, or is not for everybody to see."
    words = error.message.removeprefix("Validation failed: ").strip()
    return words[:1].upper() + words[1:]
