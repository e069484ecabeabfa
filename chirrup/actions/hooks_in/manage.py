"""Hooks in: made, changed, ended by who may (Permission.MANAGE_WEBHOOKS). `by`: who does it; 0: a command.

A hook speaks by an account of its own, a bot without a login. When the hook ends, the account stays with what it said;
a later hook may have it.
"""

import re
import unicodedata
from collections.abc import Collection

import msgspec

from ...access import secret
from ...errors import Invalid, NotAllowed, NotFound, too_long
from ...ids import bucket_of
from ...ports import Tx
from ...social import accounts, audit, follows, text
from ...social.accounts import ProfileChange
from ...store import accounts as account_rows
from ...store import follows as follow_rows
from ...store import hooks_in as rows
from ...types import Account, AccountKind, HookIn, HookPayload, Visibility
from .. import signatures
from . import formats
from .receive import PAYLOADS_KEPT

HOOKS_MAX = 200  # of an organisation
NAME_CHARS_MAX = 60
SECRET_CHARS_MAX = 200
USERNAME_CHARS_MAX = 30


class Wanted(msgspec.Struct, frozen=True):
    """None: no change, or as a new hook is."""

    name: str | None = None
    username: str | None = None  # of the bot, when the hook is made; "": made of the name
    format: str | None = None
    mapping: str | None = None
    secret: str | None = None  # sealed
    room_id: int | None = None
    visibility: str | None = None
    off: bool | None = None


def create(tx: Tx, org_id: int, by: int, wanted: Wanted) -> tuple[HookIn, str]:
    """(the hook, its token, which nobody can be shown again). Raises Invalid, NotFound: the room."""
    if len(rows.of_org(tx, org_id)) >= HOOKS_MAX:
        raise Invalid("hook", "too_many", "There are {most} hooks, and no more: end one first", most=HOOKS_MAX)
    id, token = tx.new_id(bucket_of(org_id)), secret.new(org_id)
    blank = HookIn(
        org_id=org_id,
        id=id,
        name="",
        format=formats.AUTO,
        mapping="",
        secret="",
        room_id=0,
        visibility=Visibility.UNLISTED,
        bot_id=0,
        by_id=by,
        created_ms=tx.now_ms,
        used_ms=0,
        off_ms=0,
    )
    hook = _changed(tx, by, blank, msgspec.structs.replace(wanted, name=wanted.name or ""))
    bot = _bot(tx, org_id, wanted.username or "", hook.name)
    hook = msgspec.structs.replace(hook, bot_id=bot.id)
    _enter(tx, hook)
    rows.insert(tx, hook, secret.digest(token))
    audit.note(tx, org_id, by, "add", "hook", id, hook.name)
    return hook, token


def change(tx: Tx, org_id: int, by: int, id: int, wanted: Wanted) -> HookIn:
    """Raises Invalid, NotFound: the hook, the room."""
    before = get(tx, org_id, id)
    after = _changed(tx, by, before, wanted)
    if after == before:
        return before
    if after.room_id != before.room_id:
        if before.room_id and not any(one.room_id == before.room_id for one in _others(tx, before)):
            follows.unfollow(tx, before.bot_id, before.room_id)
        _enter(tx, after)
    rows.update(tx, after)
    if after.name != before.name:
        accounts.change_profile(tx, after.bot_id, ProfileChange(display_name=_shown(after.name)))
    audit.note(tx, org_id, by, "update", "hook", id, after.name)
    return after


def renew_token(tx: Tx, org_id: int, by: int, id: int) -> tuple[HookIn, str]:
    """Another token; the one of before works no more. Raises NotFound."""
    hook, token = get(tx, org_id, id), secret.new(org_id)
    rows.set_hash(tx, org_id, id, secret.digest(token))
    audit.note(tx, org_id, by, "renew", "hook", id, hook.name)
    return hook, token


def end(tx: Tx, org_id: int, by: int, id: int) -> None:
    """What came to it is forgotten, what it said stays. Raises NotFound."""
    hook = get(tx, org_id, id)
    rows.delete(tx, org_id, id)
    rows.delete_payloads(tx, org_id, id)
    rows.forget_all_keys(tx, org_id, id)
    if hook.room_id:
        follows.unfollow(tx, hook.bot_id, hook.room_id)
    audit.note(tx, org_id, by, "remove", "hook", id, hook.name)


def every(tx: Tx, org_id: int) -> list[HookIn]:
    """The oldest first."""
    return rows.of_org(tx, org_id)


def get(tx: Tx, org_id: int, id: int) -> HookIn:
    """Raises NotFound: absent, or another organisation's."""
    hook = rows.by_id(tx, org_id, id)
    if hook is None:
        raise NotFound("hook", id)
    return hook


def payloads(tx: Tx, org_id: int, by: int, id: int) -> list[HookPayload]:
    """The last that came to it, newest first. Raises NotFound; NotAllowed: it says them to a closed room that `by` is
    not in."""
    hook = get(tx, org_id, id)
    try:
        _check_room(tx, by, hook.room_id)
    except NotFound:
        raise NotAllowed("what comes to this hook is said in a closed room: only who is in it may read it") from None
    return rows.payloads(tx, org_id, id, PAYLOADS_KEPT)


def payload(tx: Tx, hook: HookIn, by: int, id: int) -> HookPayload:
    """One of them. Raises NotFound: it never came, or is not kept any more; NotAllowed."""
    found = next((one for one in payloads(tx, hook.org_id, by, hook.id) if one.id == id), None)
    if found is None:
        raise NotFound("payload", id)
    return found


def checked_secret(given: str, format: str | None) -> str:
    """What a sender signs with, before it is sealed; "": nothing is signed any more. Raises Invalid."""
    if len(given) > SECRET_CHARS_MAX:
        raise too_long("secret", SECRET_CHARS_MAX, len(given))
    if given and format == formats.STANDARD:
        signatures.key_of(given)
    return given


def accounts_of(tx: Tx, hooks: list[HookIn], others: Collection[int] = ()) -> dict[int, Account]:
    """Their bots and rooms, and others, by id. One query."""
    return account_rows.by_ids(tx, {id for hook in hooks for id in (hook.bot_id, hook.room_id) if id} | {*others})


def _changed(tx: Tx, by: int, hook: HookIn, wanted: Wanted) -> HookIn:
    new: dict[str, object] = {}
    if wanted.name is not None:
        new["name"] = _name(wanted.name)
    if wanted.format is not None:
        new["format"] = formats.check(wanted.format)
    if wanted.mapping is not None:
        new["mapping"] = formats.check_mapping(wanted.mapping)
    if wanted.secret is not None:
        new["secret"] = wanted.secret
    if wanted.room_id is not None and wanted.room_id != hook.room_id:
        _check_room(tx, by, wanted.room_id)
        new["room_id"] = wanted.room_id
    if wanted.visibility:
        new["visibility"] = accounts.parse_visibility(wanted.visibility, allow_direct=False)
    if wanted.off is not None:
        new["off_ms"] = (hook.off_ms or tx.now_ms) if wanted.off else 0
    changed = msgspec.structs.replace(hook, **new)
    if changed.format == formats.STANDARD and not changed.secret:
        raise Invalid("secret", "blank", "can't be blank: Standard Webhooks are signed")
    return changed


def _name(given: str) -> str:
    name = " ".join(text.clean(given, "name").split())
    if not name:
        raise Invalid("name", "blank", "can't be blank: it says who speaks by this hook")
    if (length := text.length(name)) > NAME_CHARS_MAX:
        raise too_long("name", NAME_CHARS_MAX, length)
    return name


def _check_room(tx: Tx, by: int, room_id: int) -> None:
    """Raises NotFound: no room, or one that `by` cannot write in."""
    if not room_id:
        return
    room = accounts.get(tx, by, room_id) if by else account_rows.by_id(tx, room_id)
    is_room = room is not None and room.kind == AccountKind.ROOM and not room.suspended_ms
    if room is None or not is_room or (by and room.locked and not follow_rows.get(tx, by, room_id)):
        raise NotFound("room", room_id)


def _enter(tx: Tx, hook: HookIn) -> None:
    if hook.room_id and not follow_rows.get(tx, hook.bot_id, hook.room_id):
        follows.join(tx, hook.bot_id, hook.room_id)


def _others(tx: Tx, hook: HookIn) -> list[HookIn]:
    return [one for one in rows.of_org(tx, hook.org_id) if one.bot_id == hook.bot_id and one.id != hook.id]


# its account


def _bot(tx: Tx, org_id: int, username: str, name: str) -> Account:
    """A new account, or that of a hook that has ended. Raises Invalid: the username."""
    names = [username] if username else _usernames(name)
    for one in names:
        if problems := accounts.check_username(one):
            raise problems[0].of("username")
        bot = _blank_bot(tx, org_id, one, name)
        if account_rows.claim_name(tx, accounts.name_key(org_id, one), bot.id):
            account_rows.insert(tx, bot)
            return accounts.change_profile(tx, bot.id, ProfileChange(display_name=_shown(name)))
        if username and (before := _of_ended(tx, org_id, one)):
            return before
    raise Invalid("username", "taken", "has already been taken")


def _blank_bot(tx: Tx, org_id: int, username: str, name: str) -> Account:
    """In the bucket of the organisation, as the hook and what comes to it."""
    blank = accounts.blank(tx.new_id(bucket_of(org_id)), username, _shown(name), tx.now_ms, org_id=org_id)
    return msgspec.structs.replace(blank, kind=AccountKind.BOT, bot=1, discoverable=0, indexable=0)


def _of_ended(tx: Tx, org_id: int, username: str) -> Account | None:
    key = accounts.name_key(org_id, username)
    id = account_rows.ids_by_names(tx, [key]).get(key, 0)
    bot = account_rows.by_id(tx, id) if id else None
    has_hook = any(one.bot_id == id for one in rows.of_org(tx, org_id))
    return bot if bot and bot.kind == AccountKind.BOT and not bot.suspended_ms and not has_hook else None


def _usernames(name: str) -> list[str]:
    """Some that can be made of a name."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9_]+", "_", letters).strip("_")[: USERNAME_CHARS_MAX - 3] or "hook"
    tried = [base, *(f"{base}{n}" for n in range(2, 100))]
    return [one for one in tried if not accounts.check_username(one)] or ["hook_bot"]


def _shown(name: str) -> str:
    return name[: accounts.DISPLAY_NAME_CHARS_MAX].strip()
