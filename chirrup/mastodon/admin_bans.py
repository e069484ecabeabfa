"""What staff keep out of the organisation: domains, domains of e-mail, IP addresses, single e-mail addresses.

https://docs.joinmastodon.org/methods/admin/domain_blocks/, domain_allows/, email_domain_blocks/, ip_blocks/ and
canonical_email_blocks/.
"""

import hashlib
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from ..access import barred
from ..access.barred import IpBan
from ..access.roles import Permission
from ..http import paging
from ..http.call import Reply
from ..http.paging import Page, PageQuery
from ..http.problems import in_language
from ..http.route import ADMIN, Route
from ..ports import Tx
from ..social import bans
from ..social.bans import AlreadyBlocked, DomainBan, Kind
from ..times import iso, iso_or_none
from ..types import Ban
from .ban_entities import (
    AdminCanonicalEmailBlock,
    AdminDomainAllow,
    AdminDomainBlock,
    AdminEmailDomainBlock,
    AdminIpBlock,
    DomainBlockRefused,
    TriesOfDay,
)
from .call import Call
from .entities import Empty
from .problems import message

Shown = Callable[[Tx, Sequence[Ban]], list[Any]]


async def _page(call: Call, kind: Kind, query: PageQuery, shown: Shown) -> Page[Any]:
    span = paging.span(query, default=100, most=200)

    def operation(tx: Tx) -> tuple[list[Any], list[int]]:
        found = bans.page(tx, call.site.org_id, kind, span)
        return shown(tx, found), [one.id for one in found]

    items, keys = await call.read(operation)
    return paging.page(items, keys, span)


async def _one(call: Call, kind: Kind, id: int, shown: Shown) -> Any:
    return await call.read(lambda tx: shown(tx, [bans.get(tx, call.site.org_id, kind, id)])[0])


async def _made(call: Call, shown: Shown, make: Callable[[Tx], Ban]) -> Any:
    return await call.write(lambda tx: shown(tx, [make(tx)])[0])


async def _remove(call: Call, kind: Kind, id: int) -> Empty:
    await call.write(bans.remove, call.account_id, call.site.org_id, kind, id)
    return Empty()


# domains


def _domain_blocks(_: Tx, found: Sequence[Ban]) -> list[AdminDomainBlock]:
    return [
        AdminDomainBlock(
            id=str(one.id),
            domain=one.subject,
            digest=hashlib.sha256(one.subject.encode()).hexdigest(),
            created_at=iso(one.created_ms),
            **msgspec.structs.asdict(bans.domain_details(one.details)),
        )
        for one in found
    ]


class DomainBlockChange(msgspec.Struct, kw_only=True):
    """None: as it is."""

    severity: str | None = None
    reject_media: bool | None = None
    reject_reports: bool | None = None
    private_comment: str | None = None
    public_comment: str | None = None
    obfuscate: bool | None = None

    def over(self, before: DomainBan) -> DomainBan:
        given = {name: value for name in DomainBan.__struct_fields__ if (value := getattr(self, name)) is not None}
        return msgspec.structs.replace(before, **given)


class NewDomainBlock(DomainBlockChange, kw_only=True):
    domain: str = ""


async def domain_blocks(call: Call, query: PageQuery) -> Page[AdminDomainBlock]:
    return await _page(call, Kind.DOMAIN, query, _domain_blocks)


async def domain_block(call: Call, id: int) -> AdminDomainBlock:
    return await _one(call, Kind.DOMAIN, id, _domain_blocks)


async def block_domain(call: Call, body: NewDomainBlock) -> AdminDomainBlock | Reply:
    org_id, wanted = call.site.org_id, body.over(DomainBan())
    try:
        return await _made(
            call, _domain_blocks, lambda tx: bans.block_domain(tx, call.account_id, org_id, body.domain, wanted)
        )
    except AlreadyBlocked as error:
        (existing,) = await call.read(_domain_blocks, [error.ban])
        refused = DomainBlockRefused(error=message(error, call.language), existing_domain_block=existing)
        return Reply(refused, 422, in_language(call.language))


async def change_domain_block(call: Call, id: int, body: DomainBlockChange) -> AdminDomainBlock:
    def make(tx: Tx) -> Ban:
        before = bans.get(tx, call.site.org_id, Kind.DOMAIN, id)
        wanted = body.over(bans.domain_details(before.details))
        return bans.change_domain(tx, call.account_id, call.site.org_id, id, wanted)

    return await _made(call, _domain_blocks, make)


async def unblock_domain(call: Call, id: int) -> Empty:
    return await _remove(call, Kind.DOMAIN, id)


class Domain(msgspec.Struct, kw_only=True):
    domain: str = ""


def _domain_allows(_: Tx, found: Sequence[Ban]) -> list[AdminDomainAllow]:
    return [AdminDomainAllow(id=str(one.id), domain=one.subject, created_at=iso(one.created_ms)) for one in found]


async def domain_allows(call: Call, query: PageQuery) -> Page[AdminDomainAllow]:
    return await _page(call, Kind.ALLOWED, query, _domain_allows)


async def domain_allow(call: Call, id: int) -> AdminDomainAllow:
    return await _one(call, Kind.ALLOWED, id, _domain_allows)


async def allow_domain(call: Call, body: Domain) -> AdminDomainAllow:
    org_id = call.site.org_id
    return await _made(call, _domain_allows, lambda tx: bans.allow_domain(tx, call.account_id, org_id, body.domain))


async def disallow_domain(call: Call, id: int) -> Empty:
    return await _remove(call, Kind.ALLOWED, id)


# e-mail


def _email_domains(tx: Tx, found: Sequence[Ban]) -> list[AdminEmailDomainBlock]:
    tries = bans.tries(tx, found)
    return [
        AdminEmailDomainBlock(
            id=str(one.id),
            domain=one.subject,
            created_at=iso(one.created_ms),
            history=[
                TriesOfDay(day=str(of.day * 86_400), accounts=str(of.accounts), uses=str(of.uses))
                for of in tries[one.id]
            ],
        )
        for one in found
    ]


async def email_domains(call: Call, query: PageQuery) -> Page[AdminEmailDomainBlock]:
    return await _page(call, Kind.EMAIL_DOMAIN, query, _email_domains)


async def email_domain(call: Call, id: int) -> AdminEmailDomainBlock:
    return await _one(call, Kind.EMAIL_DOMAIN, id, _email_domains)


async def block_email_domain(call: Call, body: Domain) -> AdminEmailDomainBlock:
    org_id = call.site.org_id
    return await _made(
        call, _email_domains, lambda tx: bans.block_email_domain(tx, call.account_id, org_id, body.domain)
    )


async def unblock_email_domain(call: Call, id: int) -> Empty:
    return await _remove(call, Kind.EMAIL_DOMAIN, id)


def _emails(_: Tx, found: Sequence[Ban]) -> list[AdminCanonicalEmailBlock]:
    return [AdminCanonicalEmailBlock(id=str(one.id), canonical_email_hash=one.subject) for one in found]


class EmailBody(msgspec.Struct, kw_only=True):
    email: str = ""


class NewEmailBlock(EmailBody, kw_only=True):
    canonical_email_hash: str = ""


async def emails(call: Call, query: PageQuery) -> Page[AdminCanonicalEmailBlock]:
    return await _page(call, Kind.EMAIL, query, _emails)


async def email(call: Call, id: int) -> AdminCanonicalEmailBlock:
    return await _one(call, Kind.EMAIL, id, _emails)


async def emails_like(call: Call, body: EmailBody) -> list[AdminCanonicalEmailBlock]:
    """Those that the address would meet."""
    return await call.read(lambda tx: _emails(tx, bans.emails_like(tx, call.site.org_id, body.email)))


async def block_email(call: Call, body: NewEmailBlock) -> AdminCanonicalEmailBlock:
    org_id, hashed = call.site.org_id, body.canonical_email_hash
    return await _made(
        call, _emails, lambda tx: bans.block_email(tx, call.account_id, org_id, email=body.email, hashed=hashed)
    )


async def unblock_email(call: Call, id: int) -> Empty:
    return await _remove(call, Kind.EMAIL, id)


# IP addresses


def _ip_blocks(_: Tx, found: Sequence[Ban]) -> list[AdminIpBlock]:
    return [
        AdminIpBlock(
            id=str(one.id),
            ip=one.subject,
            severity=(details := barred.details(one.details)).severity,
            comment=details.comment,
            created_at=iso(one.created_ms),
            expires_at=iso_or_none(one.expires_ms),
        )
        for one in found
    ]


class IpBody(msgspec.Struct, kw_only=True):
    """None: as it is."""

    ip: str = ""
    severity: str = ""
    comment: str | None = None
    expires_in: int | None = None  # seconds; 0: never


async def ip_blocks(call: Call, query: PageQuery) -> Page[AdminIpBlock]:
    return await _page(call, Kind.IP, query, _ip_blocks)


async def ip_block(call: Call, id: int) -> AdminIpBlock:
    return await _one(call, Kind.IP, id, _ip_blocks)


async def block_ip(call: Call, body: IpBody) -> AdminIpBlock:
    def make(tx: Tx) -> Ban:
        wanted = IpBan(body.severity, body.comment or "")
        return bans.block_ip(
            tx, call.account_id, call.site.org_id, body.ip, wanted, expires_in_s=body.expires_in or 0, own_ip=call.ip
        )

    return await _after_load(call, await _made(call, _ip_blocks, make))


async def change_ip_block(call: Call, id: int, body: IpBody) -> AdminIpBlock:
    def make(tx: Tx) -> Ban:
        return bans.change_ip(
            tx,
            call.account_id,
            call.site.org_id,
            id,
            ip=body.ip,
            severity=body.severity,
            comment=body.comment,
            expires_in_s=body.expires_in,
            own_ip=call.ip,
        )

    return await _after_load(call, await _made(call, _ip_blocks, make))


async def unblock_ip(call: Call, id: int) -> Empty:
    return await _after_load(call, await _remove(call, Kind.IP, id))


async def _after_load(call: Call, shown: Any) -> Any:
    """The next request meets what was decided; other processes hear of it by the broker."""
    await call.services.sites.barred.load()
    return shown


def _routes(noun: str, handlers: Sequence[Any], permission: Permission, change: Any = None) -> list[Route]:
    """handlers: the list, one, make, remove."""
    path, read, write = f"/api/v1/admin/{noun}", f"admin:read:{noun}", f"admin:write:{noun}"
    index, show, make, remove = handlers
    found = [
        Route("GET", path, index, read, ADMIN, permission),
        Route("GET", f"{path}/{{id}}", show, read, ADMIN, permission),
        Route("POST", path, make, write, ADMIN, permission),
        Route("DELETE", f"{path}/{{id}}", remove, write, ADMIN, permission),
    ]
    return [*found, Route("PUT", f"{path}/{{id}}", change, write, ADMIN, permission)] if change else found


_FEDERATION, _BLOCKS = Permission.MANAGE_FEDERATION, Permission.MANAGE_BLOCKS
_TEST = "/api/v1/admin/canonical_email_blocks/test"
ROUTES = [
    *_routes(
        "domain_blocks", (domain_blocks, domain_block, block_domain, unblock_domain), _FEDERATION, change_domain_block
    ),
    *_routes("domain_allows", (domain_allows, domain_allow, allow_domain, disallow_domain), _FEDERATION),
    *_routes("email_domain_blocks", (email_domains, email_domain, block_email_domain, unblock_email_domain), _BLOCKS),
    *_routes("ip_blocks", (ip_blocks, ip_block, block_ip, unblock_ip), _BLOCKS, change_ip_block),
    Route("POST", _TEST, emails_like, "admin:read:canonical_email_blocks", ADMIN, _BLOCKS),
    *_routes("canonical_email_blocks", (emails, email, block_email, unblock_email), _BLOCKS),
]
