"""All errors, in words for a person: what was expected, what came, what to do.

http/problems.py gives each class its HTTP status. No other file knows both.
"""

from collections.abc import Collection, Iterable
from typing import Any

import msgspec

from .wording import ENGLISH, N_


class ChirrupError(Exception):
    """Base of all errors that the caller can correct. Any other exception is a bug.

    template: in English, with params put in where it says `{name}`. Edges say it in the language of whoever asks
    (wording/). message: the same in English, for logs and commands.
    """

    code = "error"

    def __init__(self, template: str, /, **params: Any) -> None:
        self.template, self.params = template, params
        self.message = ENGLISH.say(template, params)
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message


class Invalid(ChirrupError):
    """A field has a value that cannot be accepted.

    field: its name, as operations have it. rule: the stable word for what it broke. why: in English, with params put in
    where it says `{name}`: it goes on from the field's name, or is a sentence of its own and begins with a capital.
    Edges say it in their words: mastodon/problems.py, web/problems.py.
    """

    code = "invalid"

    def __init__(self, field: str, rule: str, why: str, **params: Any) -> None:
        super().__init__(why, **params)
        self.field, self.rule, self.why = field, rule, self.message
        if not self.is_sentence:
            self.message = f"{field} {self.why}"

    @property
    def is_sentence(self) -> bool:
        return self.why[:1].isupper()

    def of(self, field: str) -> "Invalid":
        """The same of another field."""
        return Invalid(field, self.rule, self.template, **self.params)


def as_dict(error: Invalid) -> dict[str, Any]:
    """What from_dict() makes the error of again: to be kept, or told to another process."""
    return {"field": error.field, "rule": error.rule, "why": error.template} | error.params


def from_dict(told: dict[str, Any]) -> Invalid:
    return Invalid(**told)


def too_long(field: str, most: int, has: int) -> Invalid:
    return Invalid(field, "too_long", "must have at most {most} characters, has {has}", most=most, has=has)


def too_many(field: str, most: int, has: int) -> Invalid:
    return Invalid(field, "too_many", "must be at most {most}, are {has}", most=most, has=has)


def not_among(field: str, known: Iterable[str], got: str) -> Invalid:
    return Invalid(field, "unknown", "must be one of {known}; got {got!r}", known=", ".join(known), got=got[:40])


class InvalidFields(Invalid):
    """Errors in several fields at once."""

    def __init__(self, problems: list[Invalid]) -> None:
        first = problems[0]
        super().__init__(first.field, first.rule, first.template, **first.params)
        self.problems = problems
        self.message = ", ".join(one.message for one in problems)


class InvalidSignUp(InvalidFields):
    """Those of a sign-up, which clients show field by field."""


class BadRequest(ChirrupError):
    """The request cannot be read: broken JSON, wrong encoding."""

    code = "bad_request"


class NotFound(ChirrupError):
    """Absent, or hidden from this viewer: callers never learn which."""

    code = "not_found"

    def __init__(self, what: str = "", id: object = None) -> None:
        super().__init__(N_("There is no such thing here"))
        self.what, self.id = what, id


class Unauthorised(ChirrupError):
    """No token, or one that is unknown, expired or revoked."""

    code = "unauthorised"

    def __init__(self, template: str = N_("The access token is invalid"), /, **params: Any) -> None:
        super().__init__(template, **params)


class NotProven(Unauthorised):
    """Another server did not prove who somebody is: its token is forged, old, or for others."""


class Forbidden(ChirrupError):
    """The token or the account may not do this."""

    code = "forbidden"


class NotAllowed(Forbidden):
    """Nobody may do this, or not with this account. why: goes on from "not allowed: "; "": there is no more to say."""

    code = "not_allowed"

    def __init__(self, why: str = "", /, **params: Any) -> None:
        super().__init__(why, **params)


class Unconfirmed(Forbidden):
    """The account has not shown that its e-mail address is its own, which must come first."""


class Limited(Forbidden):
    """Staff have closed the account's login, or suspended it. Its owner may still see why, and appeal."""


class SecondFactorWanted(Forbidden):
    """The password was right, but the account has a second factor, and no code came with it, or a wrong one."""

    def __init__(self) -> None:
        super().__init__("This code is wrong, was used already, or its time is over. Wait for the next one.")


class WrongPasskey(Forbidden):
    """An answer of a passkey that does not fit: another key, another page, too late, or used already."""

    def __init__(self) -> None:
        super().__init__("This passkey does not fit, or it took too long. Try again, or log in with your password.")


class OAuthError(ChirrupError):
    """A refusal in OAuth's words. error: a key of OAUTH_ERRORS, which http/ turns into a status of its own.

    challenge: the header scheme in which the client sent its credentials, if it used a header (RFC 6749, 5.2).
    """

    code = "oauth"

    def __init__(self, error: str, description: str = "", *, challenge: str = "") -> None:
        super().__init__(description or OAUTH_ERRORS[error])
        self.error, self.challenge = error, challenge


# RFC 6749, 4.1.2.1 and 5.2. The descriptions are those that Mastodon's clients know.
OAUTH_ERRORS = {
    "invalid_request": "The request is missing a required parameter, includes an unsupported parameter value, or is"
    " otherwise malformed.",
    "invalid_client": "Client authentication failed due to unknown client, no client authentication included, or"
    " unsupported authentication method.",
    "invalid_grant": "The provided authorization grant is invalid, expired, revoked, does not match the redirection URI"
    " used in the authorization request, or was issued to another client.",
    "invalid_scope": "The requested scope is invalid, unknown, or malformed.",
    "unauthorized_client": "You are not authorized to revoke this token",
    "unsupported_grant_type": "The authorization grant type is not supported by the authorization server.",
    "unsupported_response_type": "The authorization server does not support this response type.",
    "access_denied": "The resource owner or authorization server denied the request.",
}


class Quota(msgspec.Struct, frozen=True):
    """How much of a limit is left, and when it is full again (Unix seconds)."""

    amount: int
    remaining: int
    resets_at_s: int


class TooMany(ChirrupError):
    """A limit is used up. retry_after_s: whole seconds to wait. quota: for limits of how often."""

    code = "too_many"

    def __init__(self, template: str, /, retry_after_s: int, quota: Quota | None = None, **params: Any) -> None:
        super().__init__(template, **params)
        self.retry_after_s, self.quota = retry_after_s, quota


class Unavailable(ChirrupError):
    """Try again soon: a queue is full, an engine is away, the disk is full."""

    code = "unavailable"
    retry_after_s = 1


class Held(Unavailable):
    """Waited too long for a row or resource that another operation holds. Nothing was changed."""


class MissedPush(Unavailable):
    """Some timelines did not get a push. parts: which ones, for ports.Timelines.forget()."""

    def __init__(self, parts: Collection[int]) -> None:
        super().__init__("the timelines are out of reach")
        self.parts = frozenset(parts)


class Unreachable(ChirrupError):
    """An outside server (a mail server, a webhook) cannot be reached, or accepts nothing at the moment.

    A job that raises it stops all jobs with the same destination for a while: workers/jobs.py.
    """

    code = "unreachable"


class Refused(ChirrupError):
    """An outside server has refused for good: a repetition would get the same answer."""

    code = "refused"


class Undeliverable(Refused):
    """The mail server takes no mail for this address."""


class Later(ChirrupError):
    """A job's time has not come: it is run again after pause_ms. That is no failure, and counts as no attempt."""

    def __init__(self, why: str, pause_ms: int) -> None:
        super().__init__(why)
        self.pause_ms = max(0, pause_ms)


class Unsent(ChirrupError):
    """This mail was not accepted now. Other mails may be, and this one later."""

    code = "unsent"


class SettingsError(ChirrupError):
    """A setting or the machine is not as required. The message says what to do."""

    code = "settings"
