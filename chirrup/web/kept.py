"""Keeps what a user typed when a form fails: refusals, an ended session, a busy server.

A refused form is shown again, filled in, by the `again` of its route. If that fails because the database is away, or
the route has none, form_again() shows the same fields in a plain form. Passwords are never shown again.
"""

import msgspec

from .call import Call, Page
from .field_names import typed
from .forms import Fields
from .problems import Problem

SECRET = ("csrf", "password", "old", "new", "code", "passkey", "kept", "oidc_client_secret", "ldap_bind_password")


class Kept(msgspec.Struct, frozen=True):
    """A form that is kept in the login page."""

    path: str
    fields: list[tuple[str, str]]


class FieldView(msgspec.Struct, frozen=True):
    name: str
    value: str
    label: str  # "": sent again, but not shown


def has_words(form: Fields) -> bool:
    """Whether a user typed anything into it."""
    return any(value.strip() for name, value in form.sent() if typed(name))


def _fields(form: Fields) -> list[tuple[str, str]]:
    return [(name, value) for name, value in form.sent() if name not in SECRET]


def pack(path: str, form: Fields) -> str:
    """The form as the value of one hidden field of another form."""
    return msgspec.json.encode(Kept(path, _fields(form))).decode()


def unpack(packed: str) -> Kept | None:
    try:
        return msgspec.json.decode(packed, type=Kept)
    except msgspec.MsgspecError:
        return None


def form_again(call: Call, problem: Problem) -> Page:
    """A page with the problem and the form as it was sent, to send it again."""
    fields = [FieldView(name, value, typed(name)) for name, value in _fields(call.form)]
    may_help = problem.status in (200, 403, 413, 429, 500, 503) or any(one.label for one in fields)
    values = {
        "title": problem.title,
        "message": problem.message,
        "failed": problem.status != 200,
        "fields": fields if may_help else [],
        "action": call.path if may_help else "",
    }
    return Page("kept.html", values, status=problem.status)
