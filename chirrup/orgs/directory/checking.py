"""What is well and what is wrong with the directories of an organisation: asked, and said in words."""

import msgspec

from ...access import domains, roles
from ...access.sites import Site
from ...errors import Refused
from ...ports import Engines, Tx
from ...ports.directory import Finding
from ...store import accounts as account_rows
from ...store import domains as domain_rows
from ...store import scim as scim_rows
from ...types import OrgSettings
from ...types.directory import Ldap, Mapping, Oidc, Scim
from . import groups, sign_on

LOOKED_AT = 500  # people of SCIM
SHOWN = 3  # domains


class Checked(msgspec.Struct, frozen=True):
    name: str  # of the directory, for people
    findings: list[Finding]


async def check(engines: Engines, site: Site) -> list[Checked]:
    """Asks each directory that is set. Nothing is changed."""
    found: list[Checked] = []
    for one in (site.settings.oidc, site.settings.ldap):
        if one:
            told = await _asked(engines, site, one)
            found.append(Checked(one.label, told + await engines.db.read(_given, site.org_id, one)))
    if told := await engines.db.read(_of_scim, site.org_id, site.settings):
        found.append(Checked("SCIM", told))
    return found


def second_accounts(tx: Tx, org_id: int, settings: OrgSettings) -> Finding | None:
    """Whether people whom a directory makes by SCIM would have another account at their first login at the provider.

    A login finds their account by their address, if its domain is proved, or by what the directory tells as `sub`.
    """
    if settings.oidc is None or settings.scim.subject or not scim_rows.tokens(tx, org_id):
        return None
    ids = [one.account_id for one in scim_rows.page(tx, org_id, "User", 0, LOOKED_AT)]
    names = {domains.of_email(one.email) for one in account_rows.users(tx, ids).values()} if ids else set[str]()
    names = names or {*domain_rows.names(tx, org_id)}
    proved = {one.domain for one in domain_rows.of(tx, list(names)) if one.org_id == org_id and one.verified_ms}
    lacking = sorted(names - proved)
    if not lacking and proved:
        return None
    of = f" at {', '.join(lacking[:SHOWN])}{' …' if len(lacking) > SHOWN else ''}" if any(lacking) else ""
    return Finding(
        f"people whom SCIM made get a second account when they log in at {settings.oidc.label}: their addresses{of} "
        "are not proved to be of here",
        f"prove the domain at Domains; or, where the directory writes what the provider calls "
        f"{settings.oidc.directory_id!r} into externalId or userName, say so in the settings of SCIM",
    )


def _of_scim(tx: Tx, org_id: int, settings: OrgSettings) -> list[Finding]:
    """[]: no directory has a token."""
    if not scim_rows.tokens(tx, org_id):
        return []
    wrong = second_accounts(tx, org_id, settings)
    found = [wrong] if wrong else []
    found += _no_role(tx, org_id, settings.scim)
    return found or [
        Finding(f"{scim_rows.count(tx, org_id, 'User'):,} users, {scim_rows.count(tx, org_id, 'Group'):,} groups")
    ]


async def _asked(engines: Engines, site: Site, one: Oidc | Ldap) -> list[Finding]:
    try:
        if isinstance(one, Oidc):
            return await engines.directories.provider(one).check(sign_on.redirect_uri(site))
        return await engines.directories.directory(one).check()
    except Refused as error:
        return [Finding(error.message, "look at the settings")]


def _given(tx: Tx, org_id: int, mapping: Mapping) -> list[Finding]:
    """Groups that give what there is not."""
    rooms = groups.rooms_of(tx, org_id, mapping)
    no_room = [
        Finding(f"the group {group!r} leads to the room {room!r}, which there is not", "make the room")
        for group, room in mapping.rooms.items()
        if group not in rooms
    ]
    return _no_role(tx, org_id, mapping) + no_room


def _no_role(tx: Tx, org_id: int, mapping: Mapping | Scim) -> list[Finding]:
    known = roles.find(tx, org_id).ranks
    there = f"there are {', '.join(filter(None, known))}"
    return [
        Finding(f"the group {group!r} gives the role {role!r}, which there is not", there)
        for group, role in mapping.roles.items()
        if role not in known
    ]
