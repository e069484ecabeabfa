"""What somebody typed, kept through whatever goes wrong with the form: refusals, an ended session, a busy server.

A form that is refused comes back with its words by the `again` of its route. Where that cannot be made, because the
database is away, or the route has none, form_again() shows the same fields plainly. Passwords never come back.
"""

import msgspec

from .call import Call, Page
from .field_names import typed
from .forms import Fields
from .problems import Problem

SECRET = ("csrf", "password", "old", "new", "kept")


class Kept(msgspec.Struct, frozen=True):
    """A form on its way through the login page."""

    path: str
    fields: list[tuple[str, str]]


class FieldView(msgspec.Struct, frozen=True):
    name: str
    value: str
    label: str  # "": sent again, but not shown


def has_words(form: Fields) -> bool:
    """Is there anything that somebody typed?"""
    return any(value.strip() for name, value in form.sent() if typed(name))


def _fields(form: Fields) -> list[tuple[str, str]]:
    return [(name, value) for name, value in form.sent() if name not in SECRET]


def pack(path: str, form: Fields) -> str:
    """The form as one hidden field of another."""
    return msgspec.json.encode(Kept(path, _fields(form))).decode()


def unpack(packed: str) -> Kept | None:
    try:
        return msgspec.json.decode(packed, type=Kept)
    except msgspec.MsgspecError:
        return None


def form_again(call: Call, problem: Problem) -> Page:
    """What went wrong, and the form as it was sent, to be sent again."""
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
