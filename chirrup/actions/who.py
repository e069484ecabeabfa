"""Who is asked: people, the members of rooms, and who has duty by a rotation, named as `@name`."""

from collections.abc import Collection, Iterable

from ..access import visibility
from ..errors import Invalid, too_many
from ..ids import text_key
from ..ports import Tx
from ..social import text
from ..store import accounts, follows
from ..store import chains as rows
from ..types import Account, AccountKind, Post, Who
from . import rotations

MOST = 20  # named in one place
ASKED_MOST = 20_000  # people of one room, as many as it has at most


def named(tx: Tx, org_id: int, by: int, names: Collection[str]) -> list[Who]:
    """What `by` means with these names: rotations first, then rooms and people. Raises Invalid: a name means nothing.

    by: an account of the organisation; 0: a command, which knows all rooms.
    """
    if len(names) > MOST:
        raise too_many("who", MOST, len(names))
    wanted = {text.username_key(one.strip().lstrip("@#")): one for one in names}
    by_duty = {text.username_key(one.name): one for one in rows.rotations_of_org(tx, org_id)}
    keys = {text_key(org_id, key): key for key in wanted if key not in by_duty}
    ids = accounts.ids_by_names(tx, list(keys))
    there = _there(tx, by, ids.values())
    found = {keys[key]: there[id] for key, id in ids.items() if id in there}
    if missing := [one for key, one in wanted.items() if key not in by_duty and key not in found]:
        raise Invalid("who", "unknown", "names {name}, which is no person, room or rotation here", name=missing[0][:60])
    return [
        Who("rotation", by_duty[key].id) if key in by_duty else Who(_kind(found[key]), found[key].id) for key in wanted
    ]


def _there(tx: Tx, by: int, ids: Iterable[int]) -> dict[int, Account]:
    if not by:
        return accounts.by_ids(tx, list(ids))
    found = visibility.of_one_organisation(tx, by, list(ids))
    return {one.id: one for one in visibility.may_mention(tx, by, found.values())}


def _kind(account: Account) -> str:
    return "room" if account.kind == AccountKind.ROOM else "account"


def names_of(tx: Tx, org_id: int, meant: Iterable[Who]) -> dict[Who, str]:
    """How they are written; without those that are gone. Two queries."""
    every = set(meant)
    found, duty = tx.together(
        lambda: accounts.by_ids(tx, {one.id for one in every if one.kind != "rotation"}),
        lambda: {one.id: one for one in rows.rotations_of_org(tx, org_id)},
    )
    names = {one: duty[one.id].name for one in every if one.kind == "rotation" and one.id in duty}
    names |= {one: found[one.id].username for one in every if one.kind != "rotation" and one.id in found}
    return {one: f"@{name}" for one, name in names.items()}


def people(tx: Tx, found: Iterable[Who]) -> set[int]:
    """The accounts that are meant now."""
    meant = set[int]()
    for one in found:
        if one.kind == "room":
            meant |= _members(tx, one.id)
        elif one.kind == "rotation":
            rotation = rows.rotation(tx, one.id)
            meant |= {rotations.on_duty(rotation, tx.now_ms)} - {0} if rotation else set()
        else:
            meant.add(one.id)
    return meant


def _members(tx: Tx, room_id: int) -> set[int]:
    return {follower for follower, *_ in follows.followers_step(tx, room_id, after=0, limit=ASKED_MOST)}


def who_see(tx: Tx, post: Post, ids: Collection[int]) -> set[int]:
    """Those of ids who may see the post and act: people of its organisation who are let in; not its author."""
    found = {
        id: one
        for id, one in accounts.by_ids(tx, ids).items()
        if one.org_id == post.org_id and not one.suspended_ms and not one.pending
        if one.kind in (AccountKind.PERSON, AccountKind.GUEST) and id != post.author_id
    }
    authors = accounts.states(tx, {post.author_id, post.audience_id} - {0})
    guests = {id for id, one in found.items() if one.kind == AccountKind.GUEST}
    return visibility.viewers_among(tx, post, {}, authors, found.keys(), post.org_id, guests)
