"""Collections: accounts that one account recommends to others. Rows are in store/collections.py.

An account is in one while it wants to be found (`discoverable`), and until it takes itself out: Mastodon's rule. Why
and what else was decided: docs/decisions/0057-collections.md.
"""

from collections.abc import Collection as Many

import msgspec

from .. import events
from ..access import visibility
from ..access.fill import fill
from ..errors import Invalid, InvalidFields, NotAllowed, NotFound, too_many
from ..events import Collected, CollectionChanged, Signal, Uncollected
from ..ids import ID_MAX, bucket_of
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import blocks_and_mutes
from ..store import collections as rows
from ..types import Account, Collection, CollectionItem, Span
from ..wording import N_
from . import accounts, tags, text

COLLECTIONS_MAX = 10  # of an account; this and the next three are Mastodon's
ITEMS_MAX = 25
NAME_CHARS_MAX = 40
DESCRIPTION_CHARS_MAX = 100
OFFSET_MAX = 5000  # of a page of those that an account is in


class InvalidCollection(InvalidFields):
    """What cannot be accepted of a collection, which clients show field by field."""


class Wanted(msgspec.Struct, frozen=True):
    """None: no change; for a new one nothing, or no, but `discoverable`."""

    name: str | None = None
    description: str | None = None
    language: str | None = None
    tag: str | None = None  # with or without "#"
    sensitive: bool | None = None
    discoverable: bool | None = None


class Item(msgspec.Struct, frozen=True):
    item: CollectionItem
    wanted: bool  # the account wants to be found; False is shown to the owner and to the account alone


class Whole(msgspec.Struct, frozen=True):
    """A collection with what a viewer is shown of it."""

    collection: Collection
    items: list[Item]  # the first added first


# reading


def get(tx: Tx, viewer_id: int, id: int) -> Collection:
    """Raises NotFound: absent, or hidden from the viewer."""
    one = seen(tx, viewer_id, [id]).get(id)
    if one is None:
        raise NotFound("collection", id)
    return one


def seen(tx: Tx, viewer_id: int, ids: Many[int]) -> dict[int, Collection]:
    """Those of ids that the viewer may see: as posts that everybody may see, whose author is the owner."""
    found = rows.by_ids(tx, ids)
    owners = {one.account_id for one in found.values()}
    there = visibility.of_one_organisation(tx, viewer_id, owners)
    blocked_by = blocks_and_mutes.of(tx, viewer_id, owners).blocked_by if owners else frozenset[int]()
    shown = {id for id, one in there.items() if not one.suspended_ms and id not in blocked_by}
    return {id: one for id, one in found.items() if one.account_id in shown}


def for_staff(tx: Tx, org_id: int, ids: Many[int]) -> list[Collection]:
    """Those of ids that are still there in the organisation, whoever may see them: for what was reported."""
    found = rows.by_ids(tx, ids)
    owners = account_rows.by_ids(tx, {one.account_id for one in found.values()})
    return [one for one in found.values() if owners[one.account_id].org_id == org_id]


def of_account(tx: Tx, viewer_id: int, account_id: int) -> list[Collection]:
    """The newest first; without those that are not discoverable, unless they are the viewer's. Raises NotFound."""
    account = accounts.get(tx, viewer_id, account_id)
    if not visibility.may_see_account(tx, viewer_id, account):
        return []
    return [one for one in rows.owned(tx, account_id) if one.discoverable or viewer_id == account_id]


def holding(tx: Tx, account_id: int, *, offset: int, limit: int) -> list[Collection]:
    """Collections that account_id is in, the last joined first. What somebody is in is told to nobody else."""
    offset = max(0, min(offset, OFFSET_MAX))
    there: dict[int, Collection] = {}

    def kept(some: Many[tuple[int, int]]) -> list[tuple[int, int]]:
        found = rows.by_ids(tx, [id for _, id in some])
        shown = set(visibility.accounts_shown(tx, account_id, {one.account_id for one in found.values()}))
        there.update({id: one for id, one in found.items() if one.account_id in shown})
        return [one for one in some if one[1] in there]

    span = Span(before=ID_MAX, limit=offset + limit)
    page = fill(span, lambda part: rows.holding(tx, account_id, part), kept, key=lambda one: one[0])
    return [there[id] for _, id in page.items[offset:]]


def whole(tx: Tx, viewer_id: int, found: Many[Collection]) -> list[Whole]:
    """In their order, with the items that the viewer is shown. Four queries, whatever len(found).

    Everybody sees who may be recommended and is neither blocked nor muted. The owner also sees those who do not want
    to be found any more, and those whom they mute; an account always sees itself.
    """
    if not found:
        return []
    items: dict[int, list[CollectionItem]] = {one.id: [] for one in found}
    for item in rows.items(tx, items.keys()):
        if not item.revoked_ms:
            items[item.collection_id].append(item)
    ids = {one.account_id for some in items.values() for one in some}
    people, known = account_rows.by_ids(tx, ids), blocks_and_mutes.of(tx, viewer_id, ids)
    shown = set(visibility.accounts_shown(tx, viewer_id, ids))

    def is_shown(one: CollectionItem, owner_id: int) -> bool:
        if one.account_id not in shown:
            return False
        if viewer_id and viewer_id in (owner_id, one.account_id):
            return True
        return people[one.account_id].is_recommended and one.account_id not in known.muting

    return [
        Whole(
            each,
            [
                Item(one, people[one.account_id].is_recommended)
                for one in items[each.id]
                if is_shown(one, each.account_id)
            ],
        )
        for each in found
    ]


# writing


def create(tx: Tx, account_id: int, wanted: Wanted, account_ids: Many[int] = ()) -> Collection:
    """With these accounts in it: all, or none. Raises InvalidCollection; Invalid: as add(), or there are too many."""
    blank = Collection(0, account_id, "", "", "", "", 0, 1, tx.now_ms)
    made = _changed(blank, msgspec.structs.replace(wanted, name=wanted.name or ""))
    members = list(dict.fromkeys(account_ids))
    if len(members) > ITEMS_MAX:
        raise too_many("account_ids", ITEMS_MAX, len(members))
    if members:
        _require_featurable(tx, account_id, members)
    account_rows.user(tx, account_id, in_turn=True)
    if len(rows.owned(tx, account_id)) >= COLLECTIONS_MAX:
        why = N_("You already have {most} collections: delete one first")
        raise Invalid("collection", "too_many", why, most=COLLECTIONS_MAX)
    while True:
        made = msgspec.structs.replace(made, id=tx.new_id(bucket_of(account_id)))
        if rows.insert(tx, made):
            break
    for id in members:
        _add(tx, made, id)
    return made


def change(tx: Tx, account_id: int, id: int, wanted: Wanted) -> Collection:
    """Raises NotFound; NotAllowed: another account's; InvalidCollection."""
    before = _own(tx, account_id, id)
    after = _changed(before, wanted)
    if after != before:
        after = msgspec.structs.replace(after, changed_ms=max(tx.now_ms, before.changed_ms + 1))
        rows.update(tx, after)
        tx.emit(CollectionChanged(account_id, id))
    return after


def delete(tx: Tx, account_id: int, id: int) -> None:
    """Raises NotFound; NotAllowed: another account's."""
    _delete(tx, _own(tx, account_id, id))


def _delete(tx: Tx, one: Collection) -> None:
    for item in rows.items(tx, [one.id]):
        if not item.revoked_ms:
            _remove(tx, one.account_id, item)
    rows.delete(tx, one.id)


def add(tx: Tx, account_id: int, id: int, target_id: int) -> CollectionItem:
    """Raises NotFound; NotAllowed: another account's; Invalid: target_id is absent, hidden, or does not want to be
    found; it is in there already, or took itself out; the collection is full."""
    one = _own(tx, account_id, id)
    _require_featurable(tx, account_id, [target_id])
    if sum(not item.revoked_ms for item in rows.items(tx, [id])) >= ITEMS_MAX:
        raise Invalid("collection", "full", "A collection has at most {most} accounts", most=ITEMS_MAX)
    return _add(tx, one, target_id)


def remove(tx: Tx, account_id: int, id: int, item_id: int) -> None:
    """Raises NotFound; NotAllowed: another account's."""
    _own(tx, account_id, id)
    _remove(tx, account_id, _item(tx, id, item_id))


def revoke(tx: Tx, account_id: int, id: int, item_id: int) -> None:
    """account_id takes itself out of another's collection, for good. Raises NotFound; NotAllowed: it is not itself."""
    one = get(tx, account_id, id)
    rows.take_turn(tx, id)
    item = _item(tx, id, item_id)
    if item.account_id != account_id:
        raise NotAllowed
    if rows.revoke(tx, id, account_id):
        tx.emit(Uncollected(one.account_id, id, account_id))


def _own(tx: Tx, account_id: int, id: int) -> Collection:
    rows.take_turn(tx, id)
    one = get(tx, account_id, id)
    if one.account_id != account_id:
        raise NotAllowed
    return one


def _item(tx: Tx, id: int, item_id: int) -> CollectionItem:
    for one in rows.items(tx, [id]):
        if one.id == item_id and not one.revoked_ms:
            return one
    raise NotFound("collection item", item_id)


def _require_featurable(tx: Tx, account_id: int, ids: Many[int]) -> None:
    """The same error for who is absent, hidden, blocks account_id, or does not want it. Raises Invalid."""
    shown = set(visibility.accounts_shown(tx, account_id, ids))
    people: dict[int, Account] = account_rows.by_ids(tx, shown)
    if not all(id in shown and people[id].is_recommended for id in ids):
        raise Invalid("account", "not_featurable", "Account cannot be added: it is not there, or does not want to be")


def _add(tx: Tx, one: Collection, target_id: int) -> CollectionItem:
    item = rows.add(tx, one.id, target_id)
    if item is None:
        raise Invalid("account", "taken", "is in this collection already, or has left it")
    tx.emit(Collected(one.account_id, one.id, target_id))
    return item


def _remove(tx: Tx, owner_id: int, item: CollectionItem) -> None:
    if rows.remove(tx, item.collection_id, item.account_id):
        tx.emit(Uncollected(owner_id, item.collection_id, item.account_id))


def _changed(before: Collection, wanted: Wanted) -> Collection:
    """Raises InvalidCollection with all that is wrong."""
    problems: list[Invalid] = []
    after: dict[str, object] = {}
    for field, most in (("name", NAME_CHARS_MAX), ("description", DESCRIPTION_CHARS_MAX)):
        if (given := getattr(wanted, field)) is not None:
            try:
                after[field] = _short(field, given, most)
            except Invalid as error:
                problems.append(error)
    if after.get("name") == "":
        problems.append(Invalid("name", "blank", "can't be blank"))
    if wanted.language is not None:
        try:
            after["language"] = accounts.parse_language(wanted.language)
        except Invalid as error:
            problems.append(error)
    if wanted.tag is not None:
        after["tag"] = tags.name_of(wanted.tag.strip())
        if wanted.tag.strip() and not after["tag"]:
            problems.append(Invalid("tag_name", "invalid", 'must be a hashtag like "town"'))
    if problems:
        raise InvalidCollection(problems)
    after |= {name: int(flag) for name in ("sensitive", "discoverable") if (flag := getattr(wanted, name)) is not None}
    return msgspec.structs.replace(before, **after)


def _short(field: str, given: str, most: int) -> str:
    words = text.clean(given, field)
    if len(words) > most:
        raise Invalid(field, "too_long", "is too long (maximum is {most} characters)", most=most)
    return words


# what follows from others


def on_blocked(tx: Tx, event: events.Blocked) -> list[tuple[str, Signal]]:
    """Neither stays in a collection of the other."""
    if event.target_id in blocks_and_mutes.of(tx, event.of, [event.target_id]).blocking:
        for owner_id, account_id in ((event.of, event.target_id), (event.target_id, event.of)):
            for item in rows.items(tx, [one.id for one in rows.owned(tx, owner_id)]):
                if item.account_id == account_id and not item.revoked_ms:
                    _remove(tx, owner_id, item)
    return []


def is_in(tx: Tx, id: int, account_id: int) -> bool:
    return any(one.account_id == account_id and not one.revoked_ms for one in rows.items(tx, [id]))


def members(tx: Tx, id: int) -> list[int]:
    """All accounts in it, whoever may see them."""
    return [one.account_id for one in rows.items(tx, [id]) if not one.revoked_ms]


def forget(tx: Tx, account_id: int) -> int:
    """Delete the account's collections. How many it had."""
    own = rows.owned(tx, account_id)
    for one in own:
        _delete(tx, one)
    return len(own)
