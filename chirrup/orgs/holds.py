"""Holds: made and ended by the role COMPLIANCE. What they do to whatever deletes: social/holds.py."""

import msgspec

from ..errors import Invalid, NotFound, Unavailable, too_long
from ..ids import ID_MAX, bucket_of
from ..ports import Engines, Tx
from ..social import accounts, audit, posts, text
from ..social import holds as social_holds
from ..store import accounts as account_rows
from ..store import held_content, jobs, orgs
from ..store import holds as rows
from ..types import Account, AccountKind, Hold, HoldScope, Span

RELEASE = "release held posts"  # a kind of job; the payload is the hold that has ended
REASON_CHARS_MAX = 500
ALL = "everything"  # what the log calls a hold on all of the organisation
HOLDS_MAX = 1000  # of an organisation
STEP = 50


class Wanted(msgspec.Struct, frozen=True):
    scope: HoldScope
    reason: str
    subject_id: int = 0  # the account or the room
    from_ms: int = 0
    until_ms: int = 0  # 0: without an end


class HoldsUnreadable(Unavailable):
    """Nobody knows what is held, so nothing may be deleted."""


def place(tx: Tx, org_id: int, actor_id: int, wanted: Wanted) -> Hold:
    """From now on nothing deletes for good what it is about. Raises Invalid; NotFound: no such account or room."""
    reason = text.clean(wanted.reason, "reason").strip()
    if not reason:
        raise Invalid("reason", "blank", "must say why, such as the name of the case")
    if len(reason) > REASON_CHARS_MAX:
        raise too_long("reason", REASON_CHARS_MAX, len(reason))
    if wanted.until_ms and wanted.until_ms <= wanted.from_ms:
        raise Invalid("until", "invalid", "must be later than the beginning")
    orgs.lock(tx, org_id)  # an organisation that closes now has none, or waits
    if len(every(tx, org_id)) >= HOLDS_MAX:
        raise Invalid("hold", "too_many", "there are {most} holds, and no more at a time", most=HOLDS_MAX)
    name, subject_id = ALL, org_id
    if wanted.scope != HoldScope.ALL:
        subject = _subject(tx, org_id, wanted)
        name, subject_id = subject.username, subject.id
    hold = Hold(
        org_id,
        tx.new_id(bucket_of(org_id)),
        wanted.scope,
        subject_id,
        wanted.from_ms,
        wanted.until_ms,
        reason,
        actor_id,
    )
    rows.insert(tx, hold)
    rows.insert_subject(tx, hold)
    audit.note(tx, org_id, actor_id, "add", "hold", hold.id, name, f"{wanted.scope}: {reason}")
    return hold


def _subject(tx: Tx, org_id: int, wanted: Wanted) -> Account:
    found = account_rows.by_id(tx, wanted.subject_id)
    is_room = wanted.scope == HoldScope.ROOM
    if found is None or found.org_id != org_id or (found.kind == AccountKind.ROOM) != is_room:
        raise NotFound(wanted.scope, wanted.subject_id)
    return found


def named(tx: Tx, org_id: int, name: str) -> int:
    """The id of the account or the room with this name, closed ones too. Raises NotFound."""
    key = accounts.name_key(org_id, name.strip().removeprefix("@"))
    id = account_rows.ids_by_names(tx, [key]).get(key, 0)
    if not id:
        raise NotFound("account", name)
    return id


def every(tx: Tx, org_id: int) -> list[Hold]:
    """The oldest first."""
    return rows.of_org(tx, org_id)


def get(tx: Tx, org_id: int, id: int) -> Hold:
    """Raises NotFound."""
    for one in every(tx, org_id):
        if one.id == id:
            return one
    raise NotFound("hold", id)


def end(tx: Tx, org_id: int, actor_id: int, id: int) -> None:
    """What was deleted meanwhile, and no other hold is about, goes for good soon. Raises NotFound."""
    hold = get(tx, org_id, id)
    subject = None if hold.scope == HoldScope.ALL else account_rows.by_id(tx, hold.subject_id)
    rows.delete(tx, hold)
    rows.delete_subject(tx, hold)
    jobs.enqueue(tx, RELEASE, of=org_id, key=str(id), payload=hold)
    audit.note(
        tx, org_id, actor_id, "remove", "hold", id, subject.username if subject else ALL, f"{hold.scope}: {hold.reason}"
    )


async def release(engines: Engines, hold: Hold) -> None:
    """The job: step by step; killed, it begins again, which is harmless."""
    before = ID_MAX
    while authors := await engines.db.read(_authors, hold, before):
        after = 0
        while ids := await engines.db.write(_let_go, authors, after):
            after = ids[-1]
        before = min(authors) if hold.scope != HoldScope.ACCOUNT else 0


def _authors(tx: Tx, hold: Hold, before: int) -> list[int]:
    if hold.scope == HoldScope.ACCOUNT:
        return [hold.subject_id] if before else []
    return [one.id for one in account_rows.page(tx, before=before, limit=STEP, org_id=hold.org_id)]


def _let_go(tx: Tx, authors: list[int], after: int) -> list[int]:
    """Some deleted posts of theirs. Those that nothing holds any more are gone."""
    ids = rows.posts_of(tx, authors, Span(ID_MAX, after=after, limit=STEP))
    kept = held_content.tombstones(tx, ids)
    still = social_holds.held_among(tx, kept.values())
    for id in ids:
        if id not in still:
            posts.let_go(tx, id)
    return ids


def check(tx: Tx, org_id: int) -> None:
    """Raises HoldsUnreadable: what is held cannot be known. Asked before anything old is deleted."""
    holds = every(tx, org_id)
    beside = {one.hold_id for one in rows.of_subjects(tx, {hold.subject_id for hold in holds})} if holds else set[int]()
    for hold in holds:
        if hold.scope not in list(HoldScope):
            raise HoldsUnreadable(f"hold {hold.id} is about {hold.scope!r}, which this version does not know")
        if hold.id not in beside:
            raise HoldsUnreadable(f"hold {hold.id} is not told beside whom it is about")
