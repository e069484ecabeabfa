"""The places where an organisation is looked after, as one navigation, and the first of them."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ....access.roles import Permission
from ....http.route import NO_PERMISSION
from ...call import Call, Page

# (address, name, who has it, what is there); each has a file here and a line in routes.py.
_INVITES = Permission.INVITE_USERS | Permission.INVITE_GUESTS | Permission.MANAGE_INVITES
PLACES: list[tuple[str, str, Permission, str]] = [
    ("/org/members", "Members", Permission.MANAGE_USERS, "Who is here, what they may do, where they are logged in."),
    ("/org/invitations", "Invitations", _INVITES, "Who is let in, by a link or a mail."),
    ("/org/roles", "Roles", Permission.MANAGE_ROLES, "What those may do who look after something."),
    (
        "/org/settings",
        "General",
        Permission.MANAGE_SETTINGS,
        "What it is called, who may come in, what posts may be.",
    ),
    ("/org/theme", "Theme", Permission.MANAGE_SETTINGS, "Its logo, and the colour of links and buttons."),
    ("/org/domains", "Domains", Permission.MANAGE_SETTINGS, "Whose e-mail addresses are proved to be of here."),
    ("/org/rules", "Rules", Permission.MANAGE_RULES, "What everybody here keeps to, in the languages spoken here."),
    ("/org/automation", "Automatic rules", Permission.AUTOMATE, "What is done by itself when somebody posts."),
    ("/org/hooks", "Hooks", Permission.MANAGE_WEBHOOKS, "Programs that speak here, and programs that hear."),
    ("/org/identity", "Identity", Permission.MANAGE_IDENTITY, "Where people log in: a provider, a directory."),
    ("/org/export", "Export", Permission.COMPLIANCE, "All that it has, in one file."),
    ("/org/audit", "Log", Permission.VIEW_AUDIT_LOG, "What staff and commands did; nobody changes it unseen."),
    ("/org/retention", "Retention", Permission.MANAGE_SETTINGS, "For how long posts and pictures are kept."),
    ("/org/holds", "Holds", Permission.COMPLIANCE, "What nothing deletes for good."),
    ("/org/search", "Search", Permission.COMPLIANCE, "In all that was said here, whoever it was for."),
    ("/org/closing", "Closing", Permission.ADMINISTRATOR, "The end of it, with notice."),
]
# Group -> its places, in this order: two short rows of tabs instead of one long one. What is in none is in the last.
GROUPS: dict[str, tuple[str, ...]] = {
    "People": ("/org/members", "/org/invitations", "/org/roles"),
    "Access": ("/org/identity", "/org/domains"),
    "Automation": ("/org/automation", "/org/hooks"),
    "Records": ("/org/audit", "/org/retention", "/org/holds", "/org/search", "/org/export"),
    "Settings": ("/org/settings", "/org/theme", "/org/rules", "/org/closing"),
}
SIGN_UPS = {  # OrgSettings.registrations -> what a person calls it
    "open": "Whoever wants to",
    "approval": "Whoever staff let in",
    "invitation": "Whoever has an invitation",
    "domain": "Whoever has an address of a domain of ours",
    "closed": "Nobody",
}


class Group(msgspec.Struct, frozen=True):
    name: str
    places: list[tuple[str, str, str]]  # (address, name, what is there)

    @property
    def tabs(self) -> list[tuple[str, str]]:
        return [(path, name) for path, name, _ in self.places]

    def has(self, path: str) -> bool:
        return any(path == one for one, *_ in self.places)


def groups(call: Call) -> list[Group]:
    """Those with a place that is open to the viewer."""
    known = {path: (path, name, words) for path, name, needed, words in PLACES if call.may(needed)}
    listed = {path for paths in GROUPS.values() for path in paths}
    others = [path for path in known if path not in listed]
    last = [*GROUPS][-1]
    found = [
        Group(name, [known[path] for path in (*paths, *(others if name == last else ())) if path in known])
        for name, paths in GROUPS.items()
    ]
    return [one for one in found if one.places]


def page(call: Call, template: str, values: Mapping[str, Any], status: int = 200) -> Page:
    """A page of this house."""
    shown = {"groups": groups(call), "moderates": call.may(NO_PERMISSION), **values}
    return Page(f"org/{template}", shown, status=status)


async def overview(call: Call) -> Page:
    site = call.site
    facts = [
        ("Address", site.domain),
        ("Who may sign up", SIGN_UPS[site.settings.registrations]),
        ("Who may look in", "Nobody without a login" if site.closed else "Everybody"),
        ("Languages", ", ".join(site.languages)),
    ]
    return page(call, "overview.html", {"facts": facts})
