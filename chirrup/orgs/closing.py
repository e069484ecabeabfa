"""An organisation closes for good: on a day that its people are told before, all that it has is deleted.

Until that day it can be called off. While anything is held nothing is deleted: the day waits until the last hold has
ended. Then the host is free at once, which ends all access; a job deletes the rest step by step. Why so:
docs/decisions/0080-closing-an-organisation.md.
"""

from contextlib import suppress

import msgspec
import structlog

from ..access import emails, sites
from ..access.sites import Site
from ..config import Settings
from ..errors import Invalid, NotAllowed, NotFound, too_long
from ..events import PicturesReplaced, Signal
from ..ids import ID_MAX, bucket_of
from ..ports import Database, Engines, Tx
from ..social import announcements, audit, text
from ..store import accounts as account_rows
from ..store import closing as rows
from ..store import jobs, lists, orgs
from ..store.belonging import ACCOUNT, FILE_KEY
from ..times import DAY_MS, day
from ..types import Hold, Org
from . import holds

CLOSE = "close an organisation"  # a kind of job: when the day has come
DELETE = "delete an organisation"  # a kind of job; the payload is the id
TELL = "tell of a closing"  # a kind of job
NOTICE_MS = 14 * DAY_MS  # that its people have, unless whoever runs the server gives them less
LATEST_MS = 366 * DAY_MS
WORDS_CHARS_MAX = 500
AGAIN_MS = DAY_MS  # until we look again whether the holds have ended
QUIET_MS = 60_000  # from the end of access until the deleting begins: what was under way is done then
STEP = 500

log = structlog.get_logger()


class Closing(msgspec.Struct, frozen=True):
    """The payload of CLOSE and of TELL."""

    org_id: int
    closing_ms: int  # another day is another closing
    before: int = ID_MAX  # TELL: accounts with lower ids are left to be told


def announce(
    tx: Tx, settings: Settings, org_id: int, by: int, closing_ms: int, words: str = "", *, least_ms: int = NOTICE_MS
) -> None:
    """The organisation closes at closing_ms, and its people are told now: by an announcement and a mail.

    words: what else they are to be told. by: an owner; 0: a command. least_ms: how much time they have at least.
    Raises NotAllowed: it is the server's own network; NotFound; Invalid: the day, the words, or it closes already.
    """
    if not org_id:
        raise NotAllowed("the server's own network does not close: whoever runs the server stops it")
    orgs.lock(tx, org_id)
    org = get(tx, org_id)
    if org.closing_ms:
        raise Invalid("closing", "taken", "it closes on {day} already: call that off first", day=day(org.closing_ms))
    first_ms, last_ms = tx.now_ms + least_ms, tx.now_ms + LATEST_MS
    if not first_ms <= closing_ms <= last_ms:
        raise Invalid(
            "day",
            "out_of_range",
            "must be from {first} to {last}; got {got}",
            first=_first_day(tx, least_ms),
            last=day(last_ms),
            got=day(closing_ms),
        )
    words = text.clean(words, "words").strip()
    if len(words) > WORDS_CHARS_MAX:
        raise too_long("words", WORDS_CHARS_MAX, len(words))
    site = sites.at(tx, settings, org_id)
    said = (
        f"{site.title} closes for good on {day(closing_ms)}. All that is here is deleted then: accounts, posts, "
        f"messages, pictures. Until then you can take yours with you: {site.base_url}/settings/data"
    )
    wanted = announcements.Wanted(f"{said}\n\n{words}".strip(), ends_ms=max(closing_ms, tx.now_ms + 1))
    orgs.set_closing(tx, org_id, closing_ms, announcements.announce(tx, org_id, wanted).id)
    one = Closing(org_id, closing_ms)
    jobs.enqueue(tx, CLOSE, of=org_id, key=f"{org_id} {closing_ms}", payload=one, due_ms=closing_ms)
    _tell(tx, one)
    audit.note(tx, org_id, by, "announce closing", "organisation", org_id, org.name, day(closing_ms))


def call_off(tx: Tx, org_id: int, by: int) -> None:
    """It does not close, and its people are told. Raises NotFound: it has closed; Invalid: nothing was announced."""
    orgs.lock(tx, org_id)
    org = get(tx, org_id)
    if not org.closing_ms:
        raise Invalid("closing", "absent", "nothing is to be called off: it does not close")
    forget(tx, org)
    _tell(tx, Closing(org_id, 0))
    audit.note(tx, org_id, by, "call off closing", "organisation", org_id, org.name, day(org.closing_ms))


def forget(tx: Tx, org: Org) -> None:
    """It does not close any more. Nobody is told."""
    orgs.set_closing(tx, org.id, 0, 0)
    with suppress(NotFound):  # staff have ended it
        announcements.end(tx, org.id, org.closing_note_id)


def get(tx: Tx, org_id: int) -> Org:
    """Raises NotFound: there is none, or it has closed."""
    org = orgs.by_id(tx, org_id)
    if org is None or org.ended_ms:
        raise NotFound("organisation", org_id)
    return org


def check_host(typed: str, site: Site) -> None:
    """Raises Invalid: whoever typed it means another one."""
    if text.host_key(typed.strip()) != site.domain:
        raise Invalid("host", "wrong", "must be {host}; got {got!r}", host=site.domain, got=typed[:60])


class State(msgspec.Struct, frozen=True):
    closing_ms: int  # 0: it does not close
    waits_for: list[Hold]  # while these stand, nothing is deleted
    first_day: str  # on which an owner may have it close


def state(tx: Tx, org_id: int) -> State:
    org = orgs.by_id(tx, org_id)
    return State(org.closing_ms if org else 0, holds.every(tx, org_id), _first_day(tx, NOTICE_MS))


def _first_day(tx: Tx, least_ms: int) -> str:
    """A day begins before it is over."""
    return day(tx.now_ms + least_ms + (DAY_MS if least_ms else 0))


def _tell(tx: Tx, one: Closing) -> None:
    jobs.enqueue(tx, TELL, of=one.org_id, key=f"{one.org_id} {one.closing_ms} {tx.now_ms}", payload=one)


# the jobs


async def tell(engines: Engines, one: Closing) -> None:
    """A mail to each member, step by step. Killed, it begins again."""
    while before := await engines.db.write(_tell_some, one):
        one = msgspec.structs.replace(one, before=before)


def _tell_some(tx: Tx, one: Closing) -> int:
    """Returns where the next step begins; 0: all are told, or it is decided otherwise meanwhile."""
    org = orgs.by_id(tx, one.org_id)
    if org is None or org.ended_ms or org.closing_ms != one.closing_ms:
        return 0
    page = account_rows.page(tx, before=one.before, limit=STEP, org_id=org.id)
    what = emails.CLOSING if one.closing_ms else emails.CLOSING_OFF
    for user in account_rows.users(tx, [account.id for account in page]).values():
        if user.confirmed_ms and not user.deactivated_ms and not user.gone_ms:
            emails.about_organisation(tx, user.account_id, what, day(one.closing_ms) if one.closing_ms else "")
    return page[-1].id if len(page) == STEP else 0


async def close(engines: Engines, one: Closing) -> None:
    """The day has come."""
    if await engines.db.write(_end, one):
        await engines.broker.publish([sites.CHANNEL], Signal("sites", one.org_id, 0).packed)


def _end(tx: Tx, one: Closing) -> bool:
    """Whether it ends now: nobody has called it off, and nothing is held."""
    orgs.lock(tx, one.org_id)
    org = orgs.by_id(tx, one.org_id)
    if org is None or org.ended_ms or org.closing_ms != one.closing_ms:
        return False
    if holds.every(tx, org.id):
        due_ms = tx.now_ms + AGAIN_MS
        jobs.enqueue(tx, CLOSE, of=org.id, key=f"{org.id} {one.closing_ms} {due_ms}", payload=one, due_ms=due_ms)
        return False
    if keys := FILE_KEY.findall(org.settings):
        tx.emit(PicturesReplaced(org.id, keys))
    orgs.end(tx, org)
    jobs.enqueue(tx, DELETE, of=org.id, key=str(org.id), payload=org.id, due_ms=tx.now_ms + QUIET_MS)
    return True


async def delete(engines: Engines, org_id: int) -> None:
    """All that it had. Killed, it begins again with what is left."""
    org = await engines.db.read(orgs.by_id, org_id)
    if org is None or not org.ended_ms:
        return
    while True:
        owner = rows.Owner(org_id, await _clear_accounts(engines, org_id))
        for name in rows.READ_THROUGH:
            await _read_through(engines.db, name, owner)
        while not await engines.db.write(rows.clear, "orgs", bucket_of(org_id), [org_id]):
            pass
        if await engines.db.write(_forget, org_id):
            break
    log.info("an organisation was deleted", org=org_id, name=org.name, host=org.host)


async def _clear_accounts(engines: Engines, org_id: int) -> list[int]:
    """All of its accounts, which have nothing any more."""
    found, before = list[int](), ID_MAX
    while page := await engines.db.read(account_rows.page, before=before, limit=STEP, org_id=org_id):
        for account in page:
            owned = [one.id for one in await engines.db.read(lists.owned, account.id)]
            await engines.timelines.drop("home", [account.id])
            await engines.timelines.drop("list", owned)
            while not await engines.db.write(rows.clear, ACCOUNT, bucket_of(account.id), [account.id]):
                pass
        found += [account.id for account in page]
        before = found[-1]
    return found


async def _read_through(db: Database, name: str, owner: rows.Owner) -> None:
    after = rows.first(name)
    while after is not None:
        found, after = await db.read(rows.read, name, owner, after)
        if rows.children(name) and name != ACCOUNT:
            for bucket, ids in rows.by_bucket(name, found).items():
                while not await db.write(rows.clear, name, bucket, ids):
                    pass
        for at in range(0, len(found), rows.STEP):
            await db.write(rows.delete, name, found[at : at + rows.STEP])


def _forget(tx: Tx, org_id: int) -> bool:
    """The organisation itself, the last. False: somebody came in at the last moment."""
    if account_rows.page(tx, before=ID_MAX, limit=1, org_id=org_id):
        return False
    orgs.delete(tx, org_id)
    return True
