"""The places where an organisation is looked after, as one navigation, and the first of them."""

from collections.abc import Mapping
from typing import Any

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
        "Settings",
        Permission.MANAGE_SETTINGS,
        "What it is called, who may come in, what posts may be.",
    ),
    ("/org/theme", "Theme", Permission.MANAGE_SETTINGS, "Its logo, and the colour of links and buttons."),
    ("/org/domains", "Domains", Permission.MANAGE_SETTINGS, "Whose e-mail addresses are proved to be of here."),
    ("/org/rules", "Rules", Permission.MANAGE_RULES, "What everybody here keeps to, in the languages spoken here."),
    ("/org/automation", "Automatic rules", Permission.AUTOMATE, "What is done by itself when somebody posts."),
    ("/org/identity", "Identity", Permission.MANAGE_IDENTITY, "Where people log in: a provider, a directory."),
    ("/org/export", "Export", Permission.COMPLIANCE, "All that it has, in one file."),
    ("/org/audit", "Log", Permission.VIEW_AUDIT_LOG, "What staff and commands did; nobody changes it unseen."),
    ("/org/retention", "Retention", Permission.MANAGE_SETTINGS, "For how long posts and pictures are kept."),
    ("/org/holds", "Holds", Permission.COMPLIANCE, "What nothing deletes for good."),
    ("/org/search", "Search", Permission.COMPLIANCE, "In all that was said here, whoever it was for."),
    ("/org/closing", "Closing", Permission.ADMINISTRATOR, "The end of it, with notice."),
]
SIGN_UPS = {  # OrgSettings.registrations -> what a person calls it
    "open": "Whoever wants to",
    "approval": "Whoever staff let in",
    "invitation": "Whoever has an invitation",
    "domain": "Whoever has an address of a domain of ours",
    "closed": "Nobody",
}


def places(call: Call) -> list[tuple[str, str, str]]:
    """(address, name, what is there) of those that are open to the viewer."""
    return [(path, name, words) for path, name, needed, words in PLACES if call.may(needed)]


def tabs(call: Call) -> list[tuple[str, str]]:
    """The navigation: (address, name)."""
    own = [(path, name) for path, name, _ in places(call)]
    return [("/org", "Overview"), *own, *([("/admin", "Moderation")] if call.may(NO_PERMISSION) else [])]


def page(call: Call, template: str, values: Mapping[str, Any], status: int = 200) -> Page:
    """A page of this house."""
    return Page(f"org/{template}", {"tabs_of_org": tabs(call), **values}, status=status)


async def overview(call: Call) -> Page:
    site = call.site
    facts = [
        ("Address", site.domain),
        ("Who may sign up", SIGN_UPS[site.settings.registrations]),
        ("Who may look in", "Nobody without a login" if site.closed else "Everybody"),
        ("Languages", ", ".join(site.languages)),
    ]
    return page(call, "overview.html", {"facts": facts, "places": places(call)})
