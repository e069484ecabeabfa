"""A directory is read every quarter of an hour: who is there no more is deactivated, who is back is let in again, and
groups give roles and rooms. Who is new gets an account at the first login.

Nothing is done while the directory is away, or tells only a part. Where it lost more than PERCENT of those it had
brought, an owner is asked first: a wrong filter looks the same as a company that closes.
"""

import msgspec
import structlog

from ...access import emails
from ...errors import NotAllowed, NotFound, Refused, Unreachable
from ...ids import bucket_of
from ...ports import Engines, Tx
from ...social import audit, staff
from ...store import accounts as account_rows
from ...store import directory_runs as runs
from ...store import identities as rows
from ...store import jobs
from ...types import Role
from ...types.directory import AccountIdentity, DirectoryRun, Ldap, Person
from .. import members
from . import entering, groups

READ = "read_directory"  # the kind of the job
EVERY_MS = 15 * 60 * 1000
PERCENT = 10
STEP = 500
KEPT = 50  # runs of each organisation

log = structlog.get_logger()


class Found(msgspec.Struct, frozen=True):
    """What a reading would change. members: accounts that the directory has brought, and not lost since."""

    people: list[Person]
    members: int
    gone: list[AccountIdentity]
    back: list[AccountIdentity]
    changed: list[tuple[AccountIdentity, Person]]  # those whose groups give something else now

    @property
    def loses_many(self) -> bool:
        return 100 * len(self.gone) > PERCENT * self.members


async def look(engines: Engines, org_id: int, settings: Ldap) -> Found:
    """Changes nothing. Raises Unreachable, Refused: in words for operators."""
    people = await engines.directories.directory(settings).everybody()
    if not people:
        raise Refused("the filter finds nobody")
    by_subject = {person.subject: person for person in people}
    known: list[AccountIdentity] = []
    issuer = people[0].issuer
    while page := await engines.db.read(
        rows.page, org_id, issuer, after=known[-1].account_id if known else 0, limit=STEP
    ):
        known += page
    rooms = await engines.db.read(groups.rooms_of, org_id, settings)
    here = [(one, by_subject[one.subject]) for one in known if one.subject in by_subject]
    return Found(
        people,
        members=sum(not one.gone_ms for one in known),
        gone=[one for one in known if not one.gone_ms and one.subject not in by_subject],
        back=[one for one, _ in here if one.gone_ms],
        changed=[(one, person) for one, person in here if groups.given(one) != groups.wanted(person, settings, rooms)],
    )


async def read(engines: Engines, org_id: int, settings: Ldap) -> DirectoryRun:
    """Read it and do what follows. May be repeated at any time: each account is a transaction of its own."""
    try:
        found = await look(engines, org_id, settings)
    except (Unreachable, Refused) as error:
        return await engines.db.write(
            _note, org_id, DirectoryRun(0, org_id, settings.label, "failed", words=error.message)
        )
    run = DirectoryRun(
        0,
        org_id,
        settings.label,
        "done",
        people=len(found.people),
        members=found.members,
        gone=len(found.gone),
        back=len(found.back),
    )
    if found.loses_many and not await engines.db.read(_is_approved, org_id, found.gone):
        ids = msgspec.json.encode(sorted(one.account_id for one in found.gone)).decode()
        return await engines.db.write(_ask, org_id, msgspec.structs.replace(run, state="waits", gone_ids=ids))
    words = [await engines.db.write(_leave, one) for one in found.gone]
    for one in found.back:
        await engines.db.write(entering.come_back, one.account_id, one.issuer)
    for one, person in found.changed:
        await engines.db.write(groups.give, one.account_id, person, settings)
    return await engines.db.write(_note, org_id, msgspec.structs.replace(run, words=" ".join(filter(None, words))))


def _leave(tx: Tx, one: AccountIdentity) -> str:
    """What hinders it; "": nothing did."""
    try:
        members.deactivate(tx, one.account_id)
    except NotAllowed as error:
        return f"{one.subject}: {error.message}."
    except NotFound:  # it is being deleted
        pass
    rows.set_given(tx, one.account_id, one.issuer, role=one.role, rooms=one.rooms, gone_ms=tx.now_ms)
    return ""


def _is_approved(tx: Tx, org_id: int, gone: list[AccountIdentity]) -> bool:
    """An owner has said yes to these, or to more."""
    last = _last(tx, org_id)
    return bool(last and last.state == "approved" and {one.account_id for one in gone} <= set(gone_of(last)))


def gone_of(run: DirectoryRun) -> list[int]:
    """The accounts that it would deactivate."""
    return msgspec.json.decode(run.gone_ids, type=list[int])


def _last(tx: Tx, org_id: int) -> DirectoryRun | None:
    """The last that did not fail."""
    return next((run for run in runs.newest(tx, org_id, KEPT) if run.state != "failed"), None)


def _ask(tx: Tx, org_id: int, run: DirectoryRun) -> DirectoryRun:
    """Owners are told, once for the same accounts."""
    last = _last(tx, org_id)
    if last and last.state in ("waits", "refused") and last.gone_ids == run.gone_ids:
        return _again(tx, last, run)
    made = _insert(tx, org_id, run)
    for owner_id in staff.owners(tx, org_id):
        emails.directory_waits(tx, owner_id, made.id)
    audit.note(tx, org_id, 0, "ask about directory", "organisation", org_id, run.issuer, str(run.gone))
    return made


def _note(tx: Tx, org_id: int, run: DirectoryRun) -> DirectoryRun:
    """One that did nothing new is noted at the one before."""
    before = next(iter(runs.newest(tx, org_id, 1)), None)
    quiet = before and not (run.gone or run.back or before.gone or before.back)
    if before and quiet and (before.state, before.words) == (run.state, run.words):
        return _again(tx, before, run)
    return _insert(tx, org_id, run)


def _again(tx: Tx, before: DirectoryRun, run: DirectoryRun) -> DirectoryRun:
    runs.read_again(tx, before.id, people=run.people, members=run.members)
    return msgspec.structs.replace(before, people=run.people, members=run.members, read_ms=tx.now_ms)


def _insert(tx: Tx, org_id: int, run: DirectoryRun) -> DirectoryRun:
    made = msgspec.structs.replace(run, id=tx.new_id(bucket_of(org_id)), read_ms=tx.now_ms)
    while not runs.insert(tx, made):  # another process drew the same id
        made = msgspec.structs.replace(made, id=tx.new_id(bucket_of(org_id)))
    runs.forget(tx, org_id, before=runs.newest(tx, org_id, KEPT)[-1].id)
    return made


def decide(tx: Tx, org_id: int, run_id: int, *, approved: bool, by: int = 0) -> None:
    """Whether those who are gone are deactivated. by: an owner; 0: a command.

    Raises NotFound; NotAllowed: it waits for nobody any more, or is not an owner's to say.
    """
    run, actor = runs.by_id(tx, run_id), account_rows.user(tx, by) if by else None
    if run is None or run.org_id != org_id or (by and (actor is None or actor.org_id != org_id)):
        raise NotFound("directory run", run_id)
    if actor and actor.role != Role.OWNER:
        raise NotAllowed("only an owner decides about so many")
    last = _last(tx, org_id)
    state = "approved" if approved else "refused"
    if last is None or last.id != run_id or not runs.decide(tx, run_id, before="waits", state=state, by_id=by):
        raise NotAllowed("this waits for nobody any more: the directory was read again meanwhile")
    did = "approve directory" if approved else "refuse directory"
    audit.note(tx, org_id, by, did, "organisation", org_id, run.issuer, str(run.gone))
    if approved:
        soon(tx, org_id)


def soon(tx: Tx, org_id: int) -> None:
    """Read it now; once, if it is being read already."""
    jobs.enqueue(tx, READ, of=org_id, key=str(org_id), payload=org_id)


def waiting(tx: Tx, run_id: int) -> DirectoryRun | None:
    """The run, while it waits for an owner."""
    run = runs.by_id(tx, run_id)
    return run if run and run.state == "waits" else None


def newest(tx: Tx, org_id: int, limit: int) -> list[DirectoryRun]:
    return runs.newest(tx, org_id, limit)


def enqueue_due(tx: Tx, org_id: int) -> None:
    """For a timer: read it, if it was not read for a quarter of an hour."""
    last = next(iter(runs.newest(tx, org_id, 1)), None)
    if last is None or last.read_ms + EVERY_MS <= tx.now_ms:
        soon(tx, org_id)
