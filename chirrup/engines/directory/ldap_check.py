"""What is well and what is wrong with an LDAP directory, and what helps."""

from typing import TYPE_CHECKING

from ...errors import Refused, Unreachable
from ...ports.directory import Finding

if TYPE_CHECKING:
    from .ldap import LdapDirectory

NAME_IT = "if it is a host of your own, name it in identity_hosts, with its port where that is not 389 or 636"
WHAT_HELPS = {  # part of what went wrong -> what helps
    "there is no host": "look at the name in the url, and at the DNS of this machine",
    "not public": NAME_IT,
    "names port": NAME_IT,
    "must begin with": "write ldaps:// or ldap://, on which TLS is begun",
    "CERTIFICATE": "renew its certificate, or say in `ca` who vouches for it",
    "certificate": "renew its certificate, or say in `ca` who vouches for it",
    "SSL": "see that it speaks TLS at this port: ldaps:// from the first byte, ldap:// after StartTLS",
    "TLS": "see that it speaks TLS at this port: ldaps:// from the first byte, ldap:// after StartTLS",
    "does not let": "look at bind_dn and bind_password",
    "there is no ": "look at base and groups_base",
    "has no ": "name an attribute in `key` that everybody has and that never changes",
    "invalid filter": "look at the brackets of `filter`",
    "malformed filter": "look at the brackets of `filter`",
}


async def check(directory: "LdapDirectory") -> list[Finding]:
    try:
        people = await directory.everybody()
    except (Unreachable, Refused) as error:
        helps = next((to_do for part, to_do in WHAT_HELPS.items() if part in error.message), "")
        return [Finding(error.message, helps or "see that it runs, and that this machine may connect to it")]
    found = [Finding(f"{directory.settings.url} answers, and lets {directory.settings.bind_dn} look people up")]
    if not people:
        return [*found, Finding("the filter finds nobody", "look at base and filter, and at what bind_dn may see")]
    found.append(Finding(f"{len(people)} people may come in"))
    if len({person.subject for person in people}) < len(people):
        to_do = "name an attribute that is another one for everybody"
        found.append(Finding(f"several people have the same {directory.settings.key}", to_do))
    if nameless := [person for person in people if not person.username]:
        to_do = f"people without it cannot log in: look at `login` ({directory.settings.login})"
        found.append(Finding(f"{len(nameless)} of them have no {directory.settings.login}", to_do))
    known = {group for person in people for group in person.groups or ()}
    for group in {**directory.settings.roles, **directory.settings.rooms}:
        if group not in known:
            found.append(Finding(f"nobody is in the group {group!r}", "look at its name; letters count"))
    return found
