"""What is well and what is wrong with the directories of an organisation: asked, and said in words."""

import msgspec

from ...access import roles
from ...access.sites import Site
from ...errors import Refused
from ...ports import Engines, Tx
from ...ports.directory import Finding
from ...types.directory import Ldap, Mapping, Oidc
from . import groups, sign_on


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
    return found


async def _asked(engines: Engines, site: Site, one: Oidc | Ldap) -> list[Finding]:
    try:
        if isinstance(one, Oidc):
            return await engines.directories.provider(one).check(sign_on.redirect_uri(site))
        return await engines.directories.directory(one).check()
    except Refused as error:
        return [Finding(error.message, "look at the settings")]


def _given(tx: Tx, org_id: int, mapping: Mapping) -> list[Finding]:
    """Groups that give what there is not."""
    known, rooms = roles.find(tx, org_id).ranks, groups.rooms_of(tx, org_id, mapping)
    there = f"there are {', '.join(filter(None, known))}"
    no_role = [
        Finding(f"the group {group!r} gives the role {role!r}, which there is not", there)
        for group, role in mapping.roles.items()
        if role not in known
    ]
    no_room = [
        Finding(f"the group {group!r} leads to the room {room!r}, which there is not", "make the room")
        for group, room in mapping.rooms.items()
        if group not in rooms
    ]
    return no_role + no_room
