"""Domains that the organisation says are its own, proved by a TXT record."""

import msgspec

from ..access import limits
from ..access.roles import Permission
from ..http.call import Call
from ..http.entity import Entity
from ..http.route import ADMIN, SLOW, Route
from ..orgs import domains
from ..times import iso_or_none
from ..types import Domain


class DomainEntity(Entity, kw_only=True):
    """record, value: of the TXT record that proves it. lost_at: since when a proved domain lacks it."""

    domain: str
    record: str
    value: str
    verified_at: str | None
    checked_at: str | None
    lost_at: str | None
    rights_begin_at: str | None


def shown(one: Domain) -> DomainEntity:
    return DomainEntity(
        domain=one.domain,
        record=one.record,
        value=one.token,
        verified_at=iso_or_none(one.verified_ms),
        checked_at=iso_or_none(one.checked_ms),
        lost_at=iso_or_none(one.lost_ms),
        rights_begin_at=iso_or_none(one.rights_ms),
    )


async def index(call: Call) -> list[DomainEntity]:
    """All of them, by the alphabet: 50 at most."""
    return [shown(one) for one in await call.read(domains.every, call.site.org_id)]


class Claim(msgspec.Struct, kw_only=True):
    domain: str = ""


async def claim(call: Call, body: Claim) -> DomainEntity:
    """What is to be put into DNS, to prove it."""
    return shown(await call.write(domains.claim, call.site.org_id, call.account_id, body.domain))


async def check(call: Call, domain: str) -> DomainEntity:
    """DNS is asked now."""
    return shown(await domains.check(call.engines, call.site.org_id, call.account_id, domain))


async def remove(call: Call, domain: str) -> Entity:
    await call.write(domains.remove, call.site.org_id, call.account_id, domain)
    return Entity()


PATH, READ, WRITE, NEEDED = "/api/chirrup/v1/org/domains", "admin:read", "admin:write", Permission.MANAGE_SETTINGS
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, NEEDED),
    Route("POST", PATH, claim, WRITE, ADMIN, NEEDED),
    Route("POST", f"{PATH}/{{domain}}/check", check, WRITE, ADMIN, NEEDED, limits=limits.DOMAIN_CHECK, cost=SLOW),
    Route("DELETE", f"{PATH}/{{domain}}", remove, WRITE, ADMIN, NEEDED),
]
