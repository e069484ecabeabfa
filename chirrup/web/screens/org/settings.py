"""The settings of an organisation: what it is called, who may come in, what posts may be."""

from collections.abc import Callable
from typing import Any, get_args

from ....access import sites
from ....errors import Invalid, not_among
from ....orgs import settings
from ....types import OrgSettings, RoomMakers, SignUps
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from . import places
from .choosing import PREFIX, choose, fixed

PATH = "/org/settings"
ROOM_MAKERS = {  # OrgSettings.room_makers -> what a person calls it
    "everybody": "Everybody but guests",
    "open": "Everybody open ones; closed ones whose role lets them",
    "roles": "Only whose role lets them",
}


async def form(call: Call) -> Page:
    return _page(call, _stored(call.site.settings))


async def again(call: Call, problem: Problem) -> Page:
    stored = _stored(call.site.settings)
    sent = {name: stored[name] if name in fixed(call) else call.form.text(name) for name in stored}
    return _page(call, sent, problem)


async def save(call: Call) -> Go:
    """What is fixed is not sent by browsers, and not asked for."""
    fields = {name: f"{PREFIX}{name}" for name in READ}
    wanted = {name: READ[name](call.form, field) for name, field in fields.items() if field not in fixed(call)}
    await choose(call, wanted)
    return Go(f"{PATH}?saved=1")


def _one_of(words: Any) -> Callable[[Fields, str], str]:
    """words: a Literal."""

    def read(form: Fields, field: str) -> str:
        known, value = get_args(words), form.text(field)
        if value not in known:
            raise not_among(field, known, value)
        return value

    return read


def _number(form: Fields, field: str) -> int:
    digits = form.text(field).strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise Invalid(field, "invalid", "must be a number, like 500; got {got!r}", got=digits[:20])
    return int(digits)


def _megabytes(form: Fields, field: str) -> int:
    typed = form.text(field).strip().replace(",", ".")
    try:
        return round(float(typed) * settings.MB)
    except (ValueError, OverflowError):
        raise Invalid(field, "invalid", "must be a number, like 500; got {got!r}", got=typed[:20]) from None


def _codes(form: Fields, field: str) -> tuple[str, ...]:
    return tuple(form.text(field).replace(",", " ").split())


READ: dict[str, Callable[[Fields, str], Any]] = {  # name of OrgSettings -> how its field is read
    "title": Fields.text,
    "description": Fields.text,
    "languages": _codes,
    "contact_email": Fields.text,
    "contact_account": Fields.text,
    "registrations": _one_of(SignUps),
    "closed": Fields.flag,
    "room_makers": _one_of(RoomMakers),
    "post_chars_max": _number,
    "media_bytes_max": _megabytes,
    "film_bytes_max": _megabytes,
    "trends_approval": Fields.flag,
    "ip_ranges": _codes,
}


def _stored(chosen: OrgSettings) -> dict[str, str]:
    """By name of a field, as fields have it."""
    return {f"{PREFIX}{name}": _as_text(name, getattr(chosen, name)) for name in READ}


def _as_text(name: str, value: Any) -> str:
    if name in sites.BOUNDED:
        return f"{value / settings.MB:.4g}"
    if isinstance(value, bool):
        return "1" if value else ""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def _page(call: Call, values: dict[str, str], problem: Problem | None = None) -> Page:
    shown = {
        "values": values,
        "fixed": fixed(call),
        "sign_ups": list(places.SIGN_UPS.items()),
        "room_makers": list(ROOM_MAKERS.items()),
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return places.page(call, "settings.html", shown, status=problem.status if problem else 200)
