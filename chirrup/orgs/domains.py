"""Domains of an organisation: claimed, proved by a TXT record in DNS, asked for every day.

A record that is lost is waited for: owners are warned for 14 days, and nobody is thrown out even then.
Why: docs/decisions/0062-settings-of-an-organisation.md.
"""

import secrets

import msgspec

from ..access import domains as proof
from ..access import emails
from ..access.roles import Permission
from ..errors import Invalid, NotFound, too_many
from ..ids import ID_MAX
from ..ports import Engines, Tx
from ..social import audit, staff
from ..social import domains as names
from ..store import accounts as account_rows
from ..store import domains as rows
from ..store import jobs
from ..times import DAY_MS
from ..types import Domain
from ..types.organisations import NOTICE_MS

MOST = 50  # of an organisation
CHECK, TELL = "check a domain", "tell of a domain"  # kinds of jobs
WAITED_MS = 30 * DAY_MS  # for the first record of a domain; then nobody asks any more, but its people may
REMINDED_DAYS = (0, 7, 13)  # after the record was lost
STEP = 500


class Wanted(msgspec.Struct, frozen=True):
    """The payload of a job."""

    org_id: int
    domain: str
    before: int = ID_MAX  # TELL: accounts with lower ids are left to be told


def every(tx: Tx, org_id: int) -> list[Domain]:
    """Those that the organisation says are its own, by the alphabet."""
    listed = rows.names(tx, org_id)
    return [one for one in rows.of(tx, listed) if one.org_id == org_id] if listed else []


def get(tx: Tx, org_id: int, domain: str) -> Domain:
    """Raises NotFound."""
    for one in rows.of(tx, [domain]):
        if one.org_id == org_id:
            return one
    raise NotFound("domain", domain)


def claim(tx: Tx, org_id: int, by: int, name: str) -> Domain:
    """It is to be proved now. The same again where it is claimed already. Raises Invalid."""
    domain = names.key_of(name)
    if ":" in domain or "." not in domain or domain.rpartition(".")[2].isdigit():
        raise Invalid("domain", "invalid", 'must be a domain like "acme.example", got {got!r}', got=name[:40])
    listed = rows.names(tx, org_id)
    if domain not in listed:
        if len(listed) >= MOST:
            raise too_many("domain", MOST, len(listed) + 1)
        one = Domain(domain, org_id, f"chirrup-{secrets.token_hex(16)}", tx.now_ms)
        if rows.insert(tx, one):
            rows.list_name(tx, org_id, domain)
            audit.note(tx, org_id, by, "claim", "domain", org_id, domain)
            _again(tx, one)
    return get(tx, org_id, domain)


def remove(tx: Tx, org_id: int, by: int, domain: str) -> None:
    """It is not the organisation's any more. Raises NotFound."""
    if not rows.delete(tx, org_id, domain):
        raise NotFound("domain", domain)
    rows.unlist_name(tx, org_id, domain)
    audit.note(tx, org_id, by, "remove", "domain", org_id, domain)


async def check(engines: Engines, org_id: int, by: int, domain: str) -> Domain:
    """Ask DNS now. by: 0: the daily check. Raises NotFound; Unavailable: DNS does not answer; Invalid: see found()."""
    one = await engines.db.read(get, org_id, domain)
    texts = await engines.resolver.texts(one.record)
    return await engines.db.write(found, org_id, domain, there=one.token in [text.strip() for text in texts], by=by)


def found(tx: Tx, org_id: int, domain: str, *, there: bool, by: int = 0) -> Domain:
    """What DNS has said. there: the record with the token.

    Raises NotFound; Invalid: another organisation has proved that the domain is its own.
    """
    rows.lock(tx, domain)
    one = get(tx, org_id, domain)
    if there and not one.verified_ms:
        if any(other.verified_ms for other in rows.of(tx, [domain])):
            raise Invalid("domain", "taken", "is another organisation's: it has to give it up there first")
        after = msgspec.structs.replace(one, verified_ms=tx.now_ms, lost_ms=0)
        audit.note(tx, org_id, by, "prove", "domain", org_id, domain)
        jobs.enqueue(tx, TELL, of=org_id, key=f"{domain} {tx.now_ms}", payload=Wanted(org_id, domain))
    elif there or not one.verified_ms:
        after = msgspec.structs.replace(one, lost_ms=0)
        if one.lost_ms:
            audit.note(tx, org_id, by, "find again", "domain", org_id, domain)
    elif one.lost_ms and tx.now_ms - one.lost_ms >= NOTICE_MS:
        after = msgspec.structs.replace(one, verified_ms=0, lost_ms=0, claimed_ms=tx.now_ms)
        audit.note(tx, org_id, by, "lose for good", "domain", org_id, domain)
        _warn(tx, one, emails.DOMAIN_ENDED)
    else:
        after = msgspec.structs.replace(one, lost_ms=one.lost_ms or tx.now_ms)
        if not one.lost_ms:
            audit.note(tx, org_id, by, "miss", "domain", org_id, domain)
        if not by and (tx.now_ms - after.lost_ms) // DAY_MS in REMINDED_DAYS:
            _warn(tx, after, emails.DOMAIN_LOST)
    after = msgspec.structs.replace(after, checked_ms=tx.now_ms)
    rows.set_state(tx, after)
    _again(tx, after)
    return after


def _again(tx: Tx, one: Domain) -> None:
    """Ask tomorrow, unless nobody has shown the record for a long time."""
    if one.verified_ms or tx.now_ms - one.claimed_ms < WAITED_MS:
        due_ms = tx.now_ms + DAY_MS
        wanted = Wanted(one.org_id, one.domain)
        jobs.enqueue(tx, CHECK, of=one.org_id, key=f"{one.domain} {due_ms // DAY_MS}", payload=wanted, due_ms=due_ms)


def _warn(tx: Tx, one: Domain, what: str) -> None:
    """A mail to each who may change the settings."""
    for account_id in staff.who_may(tx, one.org_id, Permission.MANAGE_SETTINGS)[:MOST]:
        emails.about_organisation(tx, account_id, what, one.domain)


def tell(tx: Tx, wanted: Wanted) -> int:
    """One step of telling those whose address is of the domain. Returns where the next begins; 0: all are told."""
    try:
        one = get(tx, wanted.org_id, wanted.domain)
    except NotFound:
        return 0
    page = account_rows.page(tx, before=wanted.before, limit=STEP, org_id=wanted.org_id)
    users = account_rows.users(tx, [account.id for account in page])
    for user in users.values():
        is_told = user.confirmed_ms and not user.role and proof.of_email(user.email) == wanted.domain
        if is_told and one.verified_ms and user.confirmed_ms <= one.verified_ms:
            emails.about_organisation(tx, user.account_id, emails.DOMAIN_PROVED, wanted.domain)
    return page[-1].id if len(page) == STEP else 0
