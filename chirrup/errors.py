"""What can go wrong, in words for a person: what was expected, what came, what to do.

http/problems.py maps each class to an HTTP status; nothing else knows both sides.
"""

from collections.abc import Collection

import msgspec


class ChirrupError(Exception):
    """Base of every error that is the caller's to mend. Anything else that is raised is a bug."""

    code = "error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class Invalid(ChirrupError):
    """A field has a value that cannot be accepted. field: its name as callers know it."""

    code = "invalid"

    def __init__(self, field: str, why: str, *, message: str = "", kind: str = "ERR_INVALID") -> None:
        super().__init__(message or f"Validation failed: {field} {why}")
        self.field = field
        self.why = why
        self.kind = kind  # Mastodon's ERR_* name of the failed rule, where registration forms ask for it


class InvalidFields(Invalid):
    """Several fields at once, as a sign-up form wants them."""

    def __init__(self, problems: list[Invalid]) -> None:
        ChirrupError.__init__(self, "Validation failed: " + ", ".join(f"{p.field} {p.why}" for p in problems))
        self.field, self.why, self.kind = problems[0].field, problems[0].why, problems[0].kind
        self.problems = problems


class BadRequest(ChirrupError):
    """The request could not be read at all: broken JSON, wrong encoding."""

    code = "bad_request"


class NotFound(ChirrupError):
    """Absent, or hidden from this viewer: callers never learn which."""

    code = "not_found"

    def __init__(self, what: str = "record", id: object = None) -> None:
        super().__init__("Record not found")
        self.what, self.id = what, id


class Unauthorised(ChirrupError):
    """No token, or one that is unknown, expired or revoked."""

    code = "unauthorised"

    def __init__(self, message: str = "The access token is invalid") -> None:
        super().__init__(message)


class Forbidden(ChirrupError):
    """The token or the account may not do this."""

    code = "forbidden"


class OAuthError(ChirrupError):
    """A refusal in OAuth's words. error: a key of OAUTH_ERRORS, which http/ turns into a status of its own.

    challenge: how the client has tried to say who it is, where that was in a header (RFC 6749, 5.2).
    """

    code = "oauth"

    def __init__(self, error: str, description: str = "", *, challenge: str = "") -> None:
        super().__init__(description or OAUTH_ERRORS[error])
        self.error, self.challenge = error, challenge


# RFC 6749, 4.1.2.1 and 5.2; the descriptions are those that clients of Mastodon know.
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
    """How much of a limit is left, and when it is whole again (Unix seconds)."""

    amount: int
    remaining: int
    resets_at_s: int


class TooMany(ChirrupError):
    """A limit is used up. retry_after_s: whole seconds until it opens again; quota: of a limit on how often."""

    code = "too_many"

    def __init__(self, message: str, retry_after_s: int, quota: Quota | None = None) -> None:
        super().__init__(message)
        self.retry_after_s, self.quota = retry_after_s, quota


class Unavailable(ChirrupError):
    """Try again shortly: a queue is full, an engine is away, the disk is full."""

    code = "unavailable"
    retry_after_s = 1


class Held(Unavailable):
    """Something that is needed was held by another for longer than was to be waited; nothing was changed."""


class MissedPush(Unavailable):
    """Some timelines did not take what they were to take. parts: where; what ports.Timelines.forget() is given."""

    def __init__(self, parts: Collection[int]) -> None:
        super().__init__("the timelines are out of reach")
        self.parts = frozenset(parts)


class Unreachable(ChirrupError):
    """A server outside (a mail server, somebody's webhook) cannot be reached, or takes nothing at the moment.

    Raised by a job, it holds for all jobs with the same destination: workers/jobs.py.
    """

    code = "unreachable"


class Refused(ChirrupError):
    """A server outside has said no for good: asking again would get the same answer."""

    code = "refused"


class Unsent(ChirrupError):
    """This mail was not taken now; others may be, and this one later."""

    code = "unsent"


class SettingsError(ChirrupError):
    """A setting or a machine is not as it must be; the message says what to do."""

    code = "settings"
