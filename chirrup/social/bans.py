"""Whom and what staff keep out of an organisation: domains, domains of e-mail, IP addresses, single e-mail addresses.

Rows are in store/bans.py. At sign-up they bite here (check_sign_up); addresses that may go nowhere are kept in memory
(access/barred.py). Domains of other servers are kept for when there is something to exchange with them.
"""

import hashlib
import ipaddress
import re
from collections.abc import Collection
from contextlib import suppress
from enum import StrEnum

import msgspec

from ..access import barred
from ..access.addresses import Address, address_of
from ..access.barred import IpBan
from ..errors import Invalid, InvalidSignUp, NotAllowed, NotFound, not_among, too_long
from ..events import BansChanged
from ..ids import first_at
from ..ports import Tx
from ..store import bans as rows
from ..store import moderation
from ..times import DAY_MS
from ..types import Ban, Span
from . import audit
from .domains import key_of
from .text import clean

COMMENT_CHARS_MAX = 500
DAYS = 7  # of tries that are told
SEVERITIES = ("noop", "silence", "suspend")  # of domains; the stricter, the later
APPROVAL = "sign_up_requires_approval"
IP_SEVERITIES = (APPROVAL, "sign_up_block", barred.NO_ACCESS)
BAN_S_MAX = 100 * 366 * 24 * 3600
IPS_KEPT_MS = 365 * DAY_MS  # Mastodon's: staff see for so long where somebody signed up
_HASH = re.compile(r"[0-9a-f]{64}")


class Kind(StrEnum):
    DOMAIN = "domain_block"
    ALLOWED = "domain_allow"
    EMAIL_DOMAIN = "email_domain_block"
    IP = barred.KIND
    EMAIL = "canonical_email_block"


class DomainBan(msgspec.Struct, frozen=True):
    severity: str = "silence"
    reject_media: bool = False
    reject_reports: bool = False
    private_comment: str | None = None
    public_comment: str | None = None
    obfuscate: bool = False


class EmailBan(msgspec.Struct, frozen=True):
    account_id: int = 0  # whose address it is, where a suspension has banned it; 0: staff did


class AlreadyBlocked(Invalid):
    """The domain, or one that it belongs to, is blocked already. ban: by this."""

    def __init__(self, domain: str, ban: Ban) -> None:
        super().__init__("domain", "stricter", "You have already imposed stricter limits on {domain}.", domain=domain)
        self.ban = ban


domain_details = msgspec.json.Decoder(DomainBan).decode
email_details = msgspec.json.Decoder(EmailBan).decode


def page(tx: Tx, org_id: int, kind: Kind, span: Span) -> list[Ban]:
    """Newest first."""
    return rows.page(tx, org_id, kind, span)


def get(tx: Tx, org_id: int, kind: Kind, id: int) -> Ban:
    """Raises NotFound: absent, of another kind or organisation."""
    ban = rows.by_id(tx, id)
    if ban is None or (ban.org_id, ban.kind) != (org_id, kind):
        raise NotFound(kind, id)
    return ban


def remove(tx: Tx, actor_id: int, org_id: int, kind: Kind, id: int) -> Ban:
    """What it was. Raises NotFound."""
    ban = get(tx, org_id, kind, id)
    rows.delete(tx, id)
    _noted(tx, actor_id, "remove", ban)
    return ban


def _insert(tx: Tx, actor_id: int, ban: Ban, field: str) -> Ban:
    """field: the one that has what is banned already. Raises Invalid."""
    if not rows.insert(tx, ban):
        raise Invalid(field, "taken", "has already been taken")
    _noted(tx, actor_id, "add", ban)
    return ban


def _noted(tx: Tx, actor_id: int, action: str, ban: Ban, words: str = "") -> None:
    audit.note(tx, ban.org_id, actor_id, action, ban.kind, ban.id, ban.subject, words)
    if ban.kind == Kind.IP:
        tx.emit(BansChanged(ban.id))


def _new(tx: Tx, org_id: int, kind: Kind, subject: str, details: object = None, expires_ms: int = 0) -> Ban:
    packed = msgspec.json.encode(details if details is not None else {}).decode()
    return Ban(tx.new_id(rows.bucket(org_id, kind)), org_id, kind, subject, packed, expires_ms)


# domains


def _and_above(domain: str) -> list[str]:
    """The domain and those that it belongs to."""
    labels = domain.split(".")[-50:]
    return [".".join(labels[n:]) for n in range(len(labels))]


def block_domain(tx: Tx, actor_id: int, org_id: int, domain: str, wanted: DomainBan) -> Ban:
    """Raises Invalid; AlreadyBlocked."""
    domain = key_of(domain)
    _check_domain(wanted)
    for ban in rows.of(tx, org_id, Kind.DOMAIN, _and_above(domain)):
        known = domain_details(ban.details).severity
        if ban.subject == domain or SEVERITIES.index(wanted.severity) <= SEVERITIES.index(known):
            raise AlreadyBlocked(domain, ban)
    return _insert(tx, actor_id, _new(tx, org_id, Kind.DOMAIN, domain, wanted), "domain")


def change_domain(tx: Tx, actor_id: int, org_id: int, id: int, wanted: DomainBan) -> Ban:
    """Raises NotFound, Invalid."""
    _check_domain(wanted)
    ban = get(tx, org_id, Kind.DOMAIN, id)
    ban = msgspec.structs.replace(ban, details=msgspec.json.encode(wanted).decode())
    rows.update(tx, ban)
    _noted(tx, actor_id, "change", ban)
    return ban


def _check_domain(wanted: DomainBan) -> None:
    if wanted.severity not in SEVERITIES:
        raise not_among("severity", SEVERITIES, wanted.severity)
    for name in ("private_comment", "public_comment"):
        _comment(name, getattr(wanted, name) or "")


def _comment(field: str, words: str) -> str:
    words = clean(words)
    if len(words) > COMMENT_CHARS_MAX:
        raise too_long(field, COMMENT_CHARS_MAX, len(words))
    return words


def allow_domain(tx: Tx, actor_id: int, org_id: int, domain: str) -> Ban:
    """The one there is, where it is allowed already. Raises Invalid."""
    domain = key_of(domain)
    known = rows.of(tx, org_id, Kind.ALLOWED, [domain])
    return known[0] if known else _insert(tx, actor_id, _new(tx, org_id, Kind.ALLOWED, domain), "domain")


def block_email_domain(tx: Tx, actor_id: int, org_id: int, domain: str) -> Ban:
    """Nobody signs up with an address at the domain, or below it. Raises Invalid."""
    return _insert(tx, actor_id, _new(tx, org_id, Kind.EMAIL_DOMAIN, key_of(domain)), "domain")


class Tries(msgspec.Struct, frozen=True):
    """Of one UTC day (days since 1970)."""

    day: int
    accounts: int  # from how many addresses
    uses: int


def tries(tx: Tx, bans: Collection[Ban]) -> dict[int, list[Tries]]:
    """How often somebody came against them, by ban: the last DAYS, today first. One query."""
    today = tx.now_ms // DAY_MS
    found = rows.tries(tx, [ban.id for ban in bans], today - DAYS + 1)
    days = range(today, today - DAYS, -1)
    return {ban.id: [Tries(day, *found.get((ban.id, day), (0, 0))) for day in days] for ban in bans}


# addresses of computers


def block_ip(
    tx: Tx, actor_id: int, org_id: int, ip: str, wanted: IpBan, *, expires_in_s: int = 0, own_ip: str = ""
) -> Ban:
    """own_ip: of whom it comes from, who is not to lock themselves out. Raises Invalid."""
    network, wanted = _checked(ip or "0.0.0.0/32", wanted, own_ip)
    return _insert(tx, actor_id, _new(tx, org_id, Kind.IP, network, wanted, _until(tx, expires_in_s)), "ip")


def change_ip(
    tx: Tx,
    actor_id: int,
    org_id: int,
    id: int,
    *,
    ip: str = "",
    severity: str = "",
    comment: str | None = None,
    expires_in_s: int | None = None,
    own_ip: str = "",
) -> Ban:
    """What is not given stays. expires_in_s 0: never. Raises NotFound, Invalid."""
    ban = get(tx, org_id, Kind.IP, id)
    known = barred.details(ban.details)
    wanted = IpBan(severity or known.severity, known.comment if comment is None else comment)
    network, wanted = _checked(ip or ban.subject, wanted, own_ip)
    if network != ban.subject and rows.of(tx, org_id, Kind.IP, [network]):
        raise Invalid("ip", "taken", "has already been taken")
    expires_ms = ban.expires_ms if expires_in_s is None else _until(tx, expires_in_s)
    packed = msgspec.json.encode(wanted).decode()
    ban = msgspec.structs.replace(ban, subject=network, details=packed, expires_ms=expires_ms)
    rows.update(tx, ban)
    _noted(tx, actor_id, "change", ban)
    return ban


def _until(tx: Tx, in_s: int) -> int:
    return tx.now_ms + min(in_s, BAN_S_MAX) * 1000 if in_s > 0 else 0


def _checked(ip: str, wanted: IpBan, own_ip: str) -> tuple[str, IpBan]:
    if not wanted.severity:
        raise Invalid("severity", "blank", "can't be blank")
    if wanted.severity not in IP_SEVERITIES:
        raise not_among("severity", IP_SEVERITIES, wanted.severity)
    try:
        network = ipaddress.ip_network(ip.strip(), strict=False)
    except ValueError as error:
        raise Invalid("ip", "invalid", "must be an address or a network like 192.0.2.0/24") from error
    own = address_of(own_ip)
    if wanted.severity == barred.NO_ACCESS and own and own in network:
        raise Invalid("ip", "own", "holds your own address: you could not take it back")
    return str(network), IpBan(wanted.severity, _comment("comment", wanted.comment))


# addresses of e-mail


def email_hash(email: str) -> str:
    """The hash of an address without what leads to the same box: capitals, dots, and what follows a plus sign."""
    local, _, domain = email.strip().lower().rpartition("@")
    return hashlib.sha256(f"{local.partition('+')[0].replace('.', '')}@{domain}".encode()).hexdigest()


def block_email(tx: Tx, actor_id: int, org_id: int, *, email: str = "", hashed: str = "") -> Ban:
    """By the address, else by its hash. Raises Invalid."""
    return _insert(tx, actor_id, _new(tx, org_id, Kind.EMAIL, _hash(email, hashed), EmailBan()), "canonical_email_hash")


def _hash(email: str, hashed: str) -> str:
    if email.strip():
        return email_hash(email)
    if not hashed:
        raise Invalid("canonical_email_hash", "blank", "can't be blank")
    if not _HASH.fullmatch(hashed.strip().lower()):
        raise Invalid("canonical_email_hash", "invalid", "must be the SHA-256 of an address, 64 hexadecimal digits")
    return hashed.strip().lower()


def emails_like(tx: Tx, org_id: int, email: str) -> list[Ban]:
    """The bans that this address would meet. Raises Invalid: blank."""
    if not email.strip():
        raise Invalid("email", "blank", "can't be blank")
    return rows.of(tx, org_id, Kind.EMAIL, [email_hash(email)])


def suspended(tx: Tx, org_id: int, account_id: int, email: str) -> None:
    """From now on nobody signs up with the address of a suspended account."""
    rows.insert(tx, _new(tx, org_id, Kind.EMAIL, email_hash(email), EmailBan(account_id)))


def unsuspended(tx: Tx, org_id: int, account_id: int, email: str) -> None:
    """The suspension is over, and so is the ban that came with it."""
    for ban in rows.of(tx, org_id, Kind.EMAIL, [email_hash(email)]):
        if email_details(ban.details).account_id == account_id:
            rows.delete(tx, ban.id)


# signing up


class Banned(InvalidSignUp):
    """The address, or its domain, is kept out."""

    def __init__(self) -> None:
        super().__init__([Invalid("email", "blocked", "uses a disallowed e-mail provider or address")])


def check_sign_up(tx: Tx, org_id: int, email: str, ip: str) -> bool:
    """Whether the new account has to wait for approval. Three queries.

    Raises Banned; NotAllowed: nobody signs up from this IP address.
    """
    check_email(tx, org_id, email)
    address = address_of(ip)
    met = rows.of(tx, org_id, Kind.IP, _networks_of(address)) if address else []
    severities = {barred.details(ban.details).severity for ban in met if not 0 < ban.expires_ms <= tx.now_ms}
    if severities - {APPROVAL}:
        raise NotAllowed("nobody signs up from your address")
    return bool(severities)


def _networks_of(address: Address) -> list[str]:
    """Every network that holds it, as the subject of a ban."""
    lengths = range(address.max_prefixlen + 1)
    return [str(ipaddress.ip_network((address, length), strict=False)) for length in lengths]


def check_email(tx: Tx, org_id: int, email: str) -> None:
    """Raises Banned. Two queries."""
    if rows.of(tx, org_id, Kind.EMAIL, [email_hash(email)]) or _domains_met(tx, org_id, email):
        raise Banned()


def _domains_met(tx: Tx, org_id: int, email: str) -> list[Ban]:
    domain = email.strip().rpartition("@")[2].lower()
    with suppress(Invalid):
        domain = key_of(domain)
    return rows.of(tx, org_id, Kind.EMAIL_DOMAIN, _and_above(domain))


def count_try(tx: Tx, org_id: int, email: str, ip: str) -> None:
    """Somebody was refused for the domain of their address: in a transaction of its own, for that one is undone."""
    who, today = hashlib.sha256(f"{org_id} {ip}".encode()).hexdigest()[:16], tx.now_ms // DAY_MS
    for ban in _domains_met(tx, org_id, email):
        rows.count_try(tx, ban.id, today, who)


def forget_old(tx: Tx) -> None:
    """Where people came from long ago, and bans of addresses that are over. For a timer, once a day."""
    moderation.forget_ips(tx, before_id=first_at(tx.now_ms - IPS_KEPT_MS))
    rows.forget_tries(tx, tx.now_ms // DAY_MS - DAYS)
    rows.delete_over(tx)
