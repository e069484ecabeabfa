"""What an account wants to have by mail, when, and what ends it. Rows are in store/mail_prefs.py.

Who has chosen nothing gets what is said to it, where a mail server is set: by_default().
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from ..access.emails import DESTINATION
from ..access.mail_addresses import Stop, Stops
from ..errors import Invalid, not_among
from ..ports import Tx
from ..store import accounts, bounces, jobs, room_mails
from ..store import mail_prefs as rows
from ..store import rooms as room_rows
from ..times import DAY_MS
from ..types import Digest, MailMode, MailPrefs

MODES = tuple(str(mode) for mode in MailMode if mode)
DIGESTS = tuple(map(str, Digest))
EVERY_ROOM_POST = (MailMode.ROOMS, MailMode.ALL)
HARD_BOUNCES = 3  # in so many days, and nothing is sent any more
BOUNCE_DAYS = 7
MINUTES = 24 * 60
_ZONE_CHARS_MAX = 64


class _Server:
    sends = False


def by_default(*, sends: bool) -> None:
    """Whether this server sends mails to those who have chosen nothing. app.py says it once: if a mail server is set.

    Without one mails lie in a folder, and would do so for ever for people who do not know of it.
    """
    _Server.sends = sends


def mode_of(chosen: str) -> MailMode:
    """What holds for who has chosen this, or nothing."""
    return MailMode(chosen) or (MailMode.MENTIONS if _Server.sends else MailMode.NONE)


def of(tx: Tx, account_id: int) -> MailPrefs:
    return rows.of(tx, account_id)


class Change(msgspec.Struct, frozen=True):
    """What is to be different; None: nothing. quiet_from, quiet_until: "22:30"; the same twice: no quiet hours."""

    mode: str | None = None
    digest: str | None = None
    digest_hour: int | None = None
    quiet_from: str | None = None
    quiet_until: str | None = None
    zone: str | None = None


def change(tx: Tx, account_id: int, wanted: Change, *, rooms: Collection[int] | None = None) -> MailPrefs:
    """Raises Invalid.

    rooms: of those every post is wanted; None: of the same as before. Where the mode changes to or from every post, it
    is all that the account is in, or none, whatever rooms says.
    """
    before = rows.of(tx, account_id)
    new: dict[str, Any] = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None}
    if wanted.mode is not None and wanted.mode not in MODES:
        raise not_among("mode", MODES, wanted.mode)
    if wanted.digest is not None and wanted.digest not in DIGESTS:
        raise not_among("digest", DIGESTS, wanted.digest)
    if wanted.digest_hour is not None and not 0 <= wanted.digest_hour <= 23:
        raise Invalid("digest_hour", "range", "must be an hour from 0 to 23, is {has}", has=wanted.digest_hour)
    for name in ("quiet_from", "quiet_until"):
        if name in new:
            new[name] = _minutes(name, new[name])
    if wanted.zone is not None:
        zone_of(wanted.zone)
    prefs = msgspec.structs.replace(before, **new)
    rows.save(tx, prefs)
    _schedule(tx, prefs, tx.now_ms)
    was, now = before.mode in EVERY_ROOM_POST, prefs.mode in EVERY_ROOM_POST
    if was != now or rooms is not None:
        entered = room_rows.of_member(tx, account_id)
        kept = entered & set(rooms or ()) if was == now else entered if now else set[int]()
        chosen = room_mails.among(tx, account_id, entered)
        room_mails.remove(tx, account_id, chosen - kept)
        room_mails.add(tx, account_id, kept - chosen)
    return prefs


def rooms_by_mail(tx: Tx, account_id: int) -> set[int]:
    """The rooms of which the account gets every post."""
    return room_mails.among(tx, account_id, room_rows.of_member(tx, account_id))


def wanted_of(tx: Tx, account_id: int, rooms: Collection[int]) -> set[int]:
    """Those of rooms of which the account gets every post. A query only where there are any."""
    return room_mails.among(tx, account_id, rooms) if rooms else set()


def set_room(tx: Tx, account_id: int, room_id: int, *, wanted: bool) -> None:
    """Whether the account gets every post of a room, whatever its mode says of others. Harmless if it is not in it."""
    if not wanted:
        room_mails.remove(tx, account_id, [room_id])
    elif room_id in room_rows.of_member(tx, account_id):
        room_mails.add(tx, account_id, [room_id])


def clock(minutes: int) -> str:
    """22:30, of a time as rows have it."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(field: str, text: str) -> int:
    """Raises Invalid."""
    hour, _, minute = text.strip().partition(":")
    if hour.isascii() and minute.isascii() and hour.isdigit() and minute.isdigit() and len(text) < 8:
        minutes = int(hour) * 60 + int(minute)
        if int(minute) < 60 and minutes < MINUTES:
            return minutes
    raise Invalid(field, "time", "must be a time like 22:30, is {has!r}", has=text[:20])


def zones() -> list[str]:
    """The names that this machine knows."""
    return sorted(available_timezones())


def zone_of(name: str) -> tzinfo:
    """Raises Invalid: there is no such time zone. "": UTC."""
    if not name:
        return UTC
    try:
        if len(name) <= _ZONE_CHARS_MAX:
            return ZoneInfo(name)
    except (ValueError, OSError, LookupError):  # ZoneInfoNotFoundError is a KeyError; a folder is an OSError
        pass
    raise Invalid("zone", "unknown", "must be the name of a time zone, like Europe/Berlin, is {has!r}", has=name[:40])


def local(prefs: MailPrefs, ms: int) -> datetime:
    """The time that a clock on the account's wall shows."""
    return datetime.fromtimestamp(ms / 1000, _known_zone(prefs))


def _known_zone(prefs: MailPrefs) -> tzinfo:
    """UTC if this machine knows the zone no more."""
    try:
        return zone_of(prefs.zone)
    except Invalid:
        return UTC


def quiet_until_ms(prefs: MailPrefs, now_ms: int) -> int:
    """When the quiet hours end in which now_ms is; 0: it is in none."""
    begin, end = prefs.quiet_from, prefs.quiet_until
    at = local(prefs, now_ms)
    minutes = at.hour * 60 + at.minute
    is_quiet = begin <= minutes < end if begin <= end else minutes >= begin or minutes < end
    return _next_ms(at, end) if is_quiet else 0


def digest_due_ms(prefs: MailPrefs, now_ms: int) -> int:
    """When the next digest is due, after now_ms; 0: none is wanted."""
    if prefs.digest == Digest.NONE:
        return 0
    due = _next_ms(local(prefs, now_ms), prefs.digest_hour * 60)
    while prefs.digest == Digest.WEEKLY and local(prefs, due).weekday():
        due = _next_ms(local(prefs, due), prefs.digest_hour * 60)
    return due


DIGEST = "mail_digest"  # a kind of jobs, with a date each


class Due(msgspec.Struct, frozen=True):
    """The payload of DIGEST."""

    account_id: int
    due_ms: int


def _schedule(tx: Tx, prefs: MailPrefs, after_ms: int) -> None:
    """The next digest, if one is wanted. Harmless when repeated."""
    if due_ms := digest_due_ms(prefs, after_ms):
        due = Due(prefs.account_id, due_ms)
        key = f"{due.account_id} {due_ms}"
        jobs.enqueue(tx, DIGEST, of=due.account_id, key=key, payload=due, due_ms=due_ms, destination=DESTINATION)


def begin_digest(tx: Tx, due: Due) -> bool:
    """Schedules the next one. False: the account has chosen another time meanwhile, or none."""
    user = accounts.user(tx, due.account_id)
    if user is None or user.gone_ms:
        return False
    prefs = rows.of(tx, due.account_id)
    _schedule(tx, prefs, max(tx.now_ms, due.due_ms))
    return digest_due_ms(prefs, due.due_ms - 1) == due.due_ms


def _next_ms(at: datetime, minutes: int) -> int:
    """When a clock shows this time next, after at. Where a summer begins, a time that is left out is an hour later."""
    due = at.replace(hour=minutes // 60, minute=minutes % 60, second=0, microsecond=0, fold=0)
    if due.timestamp() <= at.timestamp():
        due = (due + timedelta(days=1)).replace(fold=0)
    return int(due.timestamp() * 1000)


# mails that came back


def bounced(tx: Tx, account_id: int, *, hard: bool, why: str) -> None:
    """A mail to the account came back. hard: its address takes none; else perhaps a later one.

    After HARD_BOUNCES in BOUNCE_DAYS nothing is sent any more until switch_on().
    """
    prefs = rows.of(tx, account_id)
    bounces.add(tx, account_id, why, hard=hard)
    since_ms = tx.now_ms - BOUNCE_DAYS * DAY_MS
    if hard and not prefs.off_ms and bounces.count_hard(tx, account_id, since_ms) >= HARD_BOUNCES:
        rows.save(tx, msgspec.structs.replace(prefs, off_ms=tx.now_ms, off_why=why[: bounces.WHY_CHARS_MAX]))


def switch_on(tx: Tx, account_id: int) -> None:
    """Mails are sent again, and what came back so far does not count. Harmless when they are."""
    bounces.forget(tx, account_id)
    prefs = rows.of(tx, account_id)
    if prefs.off_ms:
        rows.save(tx, msgspec.structs.replace(prefs, off_ms=0, off_why=""))


# what is stopped with one click, in a mail


def stop(tx: Tx, wanted: Stop) -> None:
    """Harmless when repeated, or when the account is gone."""
    if accounts.user(tx, wanted.account_id) is None:
        return
    if wanted.what == Stops.ROOM:
        set_room(tx, wanted.account_id, wanted.room_id, wanted=False)
    elif wanted.what == Stops.DIGEST:
        change(tx, wanted.account_id, Change(digest=Digest.NONE))
    else:
        change(tx, wanted.account_id, Change(mode=MailMode.NONE))
