"""Hooks out: made, changed, ended by who may (Permission.MANAGE_WEBHOOKS), each by its owner alone.

A hook hears what its owner may see, so nobody else changes it, or looks at what was sent: they may switch it off.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec

from ...errors import Invalid, NotAllowed, NotFound, too_long
from ...ids import ID_MAX, bucket_of, first_at
from ...ports import Tx
from ...social import accounts, audit, text
from ...store import accounts as account_rows
from ...store import deliveries as rows
from ...store import follows as follow_rows
from ...store import hooks_out as hook_rows
from ...times import DAY_MS
from ...types import AccountKind, Delivery, DeliveryState, HookOut, Span
from ...wording import N_
from .. import signatures
from . import kinds, sending, telling

HOOKS_MAX = 2000  # of an organisation
NAME_CHARS_MAX = 60
URL_CHARS_MAX = 2000
OVERLAP_MS = DAY_MS  # for which the secret of before signs, too
AGAIN_MAX = 1000  # deliveries that are sent again at once
Seal = Callable[[str], str]


class Wanted(msgspec.Struct, frozen=True):
    """None: no change, or as a new hook is."""

    name: str | None = None
    url: str | None = None
    events: list[str] | None = None
    room_id: int | None = None
    off: bool | None = None


def create(tx: Tx, org_id: int, by: int, wanted: Wanted, seal: Seal) -> tuple[HookOut, str]:
    """(the hook, its secret, which nobody can be shown again). Raises Invalid, NotFound: the room."""
    if len(hook_rows.of_org(tx, org_id)) >= HOOKS_MAX:
        raise Invalid("hook", "too_many", "There are {most} hooks, and no more: end one first", most=HOOKS_MAX)
    secret = signatures.new_secret()
    blank = HookOut(
        org_id=org_id,
        id=tx.new_id(bucket_of(org_id)),
        name="",
        url="",
        events="",
        room_id=0,
        owner_id=by,
        secret=seal(secret),
        old_secret="",
        old_until_ms=0,
        off_ms=0,
        off_why="",
        slow=0,
        away_until_ms=0,
        ok_ms=0,
        created_ms=tx.now_ms,
    )
    given = msgspec.structs.replace(wanted, name=wanted.name or "", url=wanted.url or "", events=wanted.events or [])
    hook = _changed(tx, by, blank, given)
    hook_rows.insert(tx, hook)
    audit.note(tx, org_id, by, "add", "hook", hook.id, hook.name, _host(hook.url))
    return hook, secret


def change(tx: Tx, org_id: int, by: int, id: int, wanted: Wanted) -> HookOut:
    """Whoever may have hooks may switch one off. Raises Invalid, NotFound, NotAllowed: it is another's."""
    before = get(tx, org_id, id)
    if before.owner_id != by and wanted != Wanted(off=True):
        raise _anothers()
    after = _changed(tx, by, before, wanted)
    if after != before:
        hook_rows.update(tx, after)
        if before.off_ms and not after.off_ms:
            hook_rows.set_health(tx, org_id, id, slow=after.slow, away_until_ms=0, ok_ms=tx.now_ms)
        audit.note(tx, org_id, by, "update", "hook", id, after.name, _host(after.url))
    return after


def renew_secret(tx: Tx, org_id: int, by: int, id: int, seal: Seal) -> tuple[HookOut, str]:
    """Another secret; that of before signs, too, for a day. Raises NotFound, NotAllowed."""
    before, secret = own(tx, org_id, by, id), signatures.new_secret()
    until_ms = tx.now_ms + OVERLAP_MS
    after = msgspec.structs.replace(before, secret=seal(secret), old_secret=before.secret, old_until_ms=until_ms)
    hook_rows.update(tx, after)
    audit.note(tx, org_id, by, "renew", "hook", id, after.name, _host(after.url))
    return after, secret


def end(tx: Tx, org_id: int, by: int, id: int) -> None:
    """With its deliveries. Raises NotFound."""
    hook = get(tx, org_id, id)
    hook_rows.delete(tx, org_id, id)
    rows.delete_of(tx, org_id, id)
    audit.note(tx, org_id, by, "remove", "hook", id, hook.name, _host(hook.url))


def every(tx: Tx, org_id: int) -> list[HookOut]:
    """The oldest first."""
    return hook_rows.of_org(tx, org_id)


def get(tx: Tx, org_id: int, id: int) -> HookOut:
    """Raises NotFound: absent, or another organisation's."""
    hook = hook_rows.by_id(tx, org_id, id)
    if hook is None:
        raise NotFound("hook", id)
    return hook


def own(tx: Tx, org_id: int, by: int, id: int) -> HookOut:
    """by 0: a command. Raises NotFound, NotAllowed: it is another's."""
    hook = get(tx, org_id, id)
    if by not in (0, hook.owner_id):
        raise _anothers()
    return hook


def deliveries(tx: Tx, org_id: int, by: int, id: int, span: Span) -> list[Delivery]:
    """The newest first. Raises NotFound, NotAllowed."""
    own(tx, org_id, by, id)
    return rows.page(tx, org_id, id, span)


def delivery(tx: Tx, org_id: int, by: int, id: int) -> Delivery:
    """Raises NotFound, NotAllowed: of another's hook."""
    one = rows.by_id(tx, org_id, id)
    if one is None:
        raise NotFound("delivery", id)
    own(tx, org_id, by, one.hook_id)
    return one


def test(tx: Tx, org_id: int, by: int, id: int) -> Delivery:
    """Send something that has not happened. Raises NotFound, NotAllowed: another's, or it is off."""
    hook = _on(own(tx, org_id, by, id))
    made = telling.insert(tx, hook, kinds.TEST, str(tx.new_id(0)))
    assert made, "its key is new"
    return made


def replay(tx: Tx, org_id: int, by: int, id: int) -> Delivery:
    """Send a delivery again, with the same id and a new signature. Raises NotFound, NotAllowed."""
    one = delivery(tx, org_id, by, id)
    return _again(tx, _on(get(tx, org_id, one.hook_id)), one)


def replay_range(
    tx: Tx, org_id: int, by: int, id: int, since_ms: int, until_ms: int, *, only_failed: bool
) -> list[Delivery]:
    """Those of a time, the oldest first, AGAIN_MAX at most. Raises NotFound, NotAllowed, Invalid."""
    hook = _on(own(tx, org_id, by, id))
    if since_ms >= until_ms:
        raise Invalid("since", "order", "must be before until")
    last = min(first_at(until_ms), ID_MAX) if until_ms < 2**46 else ID_MAX
    span = Span(before=last, after=max(0, first_at(max(0, since_ms)) - 1), limit=AGAIN_MAX, oldest=True)
    found = [one for one in rows.page(tx, org_id, id, span) if one.state != DeliveryState.WAITING]
    states = (DeliveryState.FAILED, DeliveryState.DROPPED)
    return [_again(tx, hook, one) for one in reversed(found) if one.state in states or not only_failed]


def _again(tx: Tx, hook: HookOut, one: Delivery) -> Delivery:
    waiting = msgspec.structs.replace(one, state=DeliveryState.WAITING, attempts=0, next_ms=tx.now_ms)
    rows.update(tx, waiting)
    sending.enqueue(tx, hook, waiting, 1, tx.now_ms, again_ms=tx.now_ms)
    return waiting


def _on(hook: HookOut) -> HookOut:
    if hook.off_ms:
        raise NotAllowed("this hook is switched off")
    return hook


def _anothers() -> NotAllowed:
    return NotAllowed(
        "a hook hears what its owner may see, so only its owner does this; you can switch it off, or end it"
    )


def _changed(tx: Tx, by: int, hook: HookOut, wanted: Wanted) -> HookOut:
    new: dict[str, object] = {}
    if wanted.name is not None:
        new["name"] = _name(wanted.name)
    if wanted.url is not None:
        new["url"] = check_url(wanted.url.strip())
    room_id = hook.room_id if wanted.room_id is None else wanted.room_id
    if room_id and room_id != hook.room_id:
        _check_room(tx, by, room_id)
    new["room_id"] = room_id
    if wanted.events is not None or room_id != hook.room_id:
        new["events"] = kinds.check(hook.wanted if wanted.events is None else wanted.events, room_id)
    if wanted.off is not None:
        new |= {
            "off_ms": (hook.off_ms or tx.now_ms) if wanted.off else 0,
            "off_why": hook.off_why if wanted.off else "",
        }
    return msgspec.structs.replace(hook, **new)


def _name(given: str) -> str:
    name = " ".join(text.clean(given, "name").split())
    if not name:
        raise Invalid("name", "blank", "can't be blank: it says who hears by this hook")
    if (length := text.length(name)) > NAME_CHARS_MAX:
        raise too_long("name", NAME_CHARS_MAX, length)
    return name


def check_url(url: str) -> str:
    """What it leads to is looked at each time that something is sent. Raises Invalid."""
    why = N_("must be a web address that begins with https:// or http://, without a password; got {got!r}")
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port  # raises ValueError
    except ValueError:
        good = False
    if not good or len(url) > URL_CHARS_MAX or not url.isprintable() or " " in url or "\\" in url:
        raise Invalid("url", "malformed", why, got=url[:80])
    return url


def _check_room(tx: Tx, by: int, room_id: int) -> None:
    """Raises NotFound: no room, or one that `by` may not read."""
    room = accounts.get(tx, by, room_id) if by else account_rows.by_id(tx, room_id)
    is_room = room is not None and room.kind == AccountKind.ROOM and not room.suspended_ms
    if room is None or not is_room or (by and room.locked and not follow_rows.get(tx, by, room_id)):
        raise NotFound("room", room_id)


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
