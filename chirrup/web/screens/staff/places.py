"""The places where staff work, and what they call what they do."""

from collections.abc import Iterable

from ....access.roles import ORGANISES, Permission
from ....ports import Tx
from ....social import moderation, strikes
from ...call import Call, Go
from ...views import PersonView

PLACES = [
    ("/admin/reports", "Reports", Permission.MANAGE_REPORTS),
    ("/admin/sign-ups", "Sign-ups", Permission.MANAGE_USERS),
    ("/admin/appeals", "Appeals", Permission.MANAGE_APPEALS),
    ("/admin/accounts", "Accounts", Permission.MANAGE_USERS),
    ("/admin/mails", "Mails", Permission.MANAGE_REPORTS),
    ("/admin/trends", "Trends", Permission.MANAGE_TAXONOMIES),
    ("/org/audit", "Log", Permission.VIEW_AUDIT_LOG),
    ("/org", "Organisation", ORGANISES),
]
ACTIONS = {  # of moderation.ACTIONS and POST_ACTIONS -> what a button says
    "none": "Warn, and change nothing",
    "mark_posts_sensitive": "Put pictures of these posts behind a warning",
    "delete_posts": "Delete these posts",
    "sensitive": "Put all its pictures behind a warning",
    "silence": "Limit: only followers meet its posts",
    "disable": "Close the login",
    "suspend": "Suspend: hide it with all that it said",
}


def choices(actions: Iterable[str]) -> list[tuple[str, str, str]]:
    """(action, what the button says, what its owner is told) of each."""
    return [(one, ACTIONS[one], ". ".join(strikes.TOLD[one])) for one in actions]


def places(call: Call) -> list[tuple[str, str]]:
    """(address, name) of those that are open to the viewer."""
    takes_mails = call.services.settings.mail_replies
    return [(path, name) for path, name, needed in PLACES if call.may(needed) and (takes_mails or name != "Mails")]


async def start(call: Call) -> Go:
    return Go(places(call)[0][0])


def people(tx: Tx, call: Call, ids: set[int]) -> dict[int, PersonView]:
    """By id: accounts of the organisation, whatever has become of them."""
    found = moderation.get_many(tx, sorted(ids - {0}), call.site.org_id)
    call.views.look(tx, (account.display_name for account, _ in found))
    return {account.id: call.views.person(account) for account, _ in found}
