"""Errors as pages."""

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
from ..wording import ENGLISH, N_, Language
from .field_names import name_of

log = structlog.get_logger()

PAGES = ENGLISH  # their own words are not in the catalogues yet, and a German error in an English page helps nobody


class Problem(msgspec.Struct, frozen=True):
    status: int
    title: str
    message: str
    retry_after_s: int = 0
    fields: dict[str, str] = {}  # field -> its problem, for forms that show it beside the field


AN_APP = N_(
    "Something is wrong in the app: try a newer version of it, or tell those who make it."
    " (The answer to it was: {told})"
)
OF_APPS = {
    "invalid_client": N_("The app is not known here. Take this server out of the app, and log in there anew."),
    "invalid_scope": N_(
        "It asked for more than it said it would. Take this server out of the app, and log in there anew."
    ),
}

# The first match counts.
TITLES: list[tuple[type[ChirrupError], int, str]] = [
    (TooLarge, 413, N_("That is too large")),
    (NotFound, 404, N_("Nothing is here")),
    (Unauthorised, 401, N_("Log in first")),
    (Forbidden, 403, N_("That is not allowed")),
    (TooMany, 429, N_("Too many tries")),
    (Unavailable, 503, N_("Try again in a moment")),
    (Invalid, 422, N_("That did not work")),
    (OAuthError, 400, N_("The app asked for something it cannot have")),
    (BadRequest, 400, N_("That could not be read")),
]
OTHER = 400, N_("That did not work")
NOT_HERE = N_("It does not exist, is gone, or is not for everybody to see.")


def of(error: BaseException, language: Language = PAGES) -> Problem:
    """An error that is not a ChirrupError is a bug: it is logged, and the page shows no details."""
    if isinstance(error, ChirrupError):
        retry_after_s = error.retry_after_s if isinstance(error, TooMany | Unavailable) else 0
        status, title = next(((status, title) for kind, status, title in TITLES if isinstance(error, kind)), OTHER)
        return Problem(status, language.say(title), said(error, language), retry_after_s, _by_field(error, language))
    log.error("unexpected error", exc_info=error)
    title, message = N_("Something went wrong on our side"), N_("It has been logged. Try again in a while.")
    return Problem(500, language.say(title), language.say(message))


def _by_field(error: ChirrupError, language: Language) -> dict[str, str]:
    wrong = error.problems if isinstance(error, InvalidFields) else [error] if isinstance(error, Invalid) else []
    return {one.field: _capital(language.say(one.template, one.params)) for one in reversed(wrong)}


def of_status(status: int, language: Language = PAGES) -> Problem:
    """The problem for 404 (no such address) and 405 (no such method)."""
    if status == 405:
        title, message = N_("That is not allowed"), N_("This address does not accept this kind of request.")
        return Problem(405, language.say(title), language.say(message))
    return of(NotFound(), language)


def said(error: ChirrupError, language: Language = PAGES) -> str:
    """The error as a sentence for people, with the field names that pages show."""
    if isinstance(error, NotFound):
        return language.say(NOT_HERE)
    if isinstance(error, InvalidFields):
        return " ".join(_of_field(one, language) for one in error.problems)
    if isinstance(error, Invalid):
        return _of_field(error, language)
    if isinstance(error, OAuthError):
        known = OF_APPS.get(error.error)
        return language.say(known) if known else language.say(AN_APP, {"told": _sentence(error.message)})
    return _sentence(language.say(error.template, error.params))


def _of_field(one: Invalid, language: Language) -> str:
    why = language.say(one.template, one.params)
    return _sentence(why if one.is_sentence else f"{name_of(one.field, language)} {why}")


def _sentence(words: str) -> str:
    words = words.strip()
    return _capital(words) + ("" if words.endswith((".", "!", "?")) else ".")


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
