"""Pages below /org: the roles that the organisation makes for itself, beside the three that all have."""

from typing import Any

from ....access.roles import RANKS, Permission, Rank
from ....errors import Invalid, NotFound
from ....orgs import roles
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from .places import page

PATH, NEW = "/org/roles", "/org/roles/new"
ONE = f"{PATH}/{{name}}"
MAY = {  # what a person calls what a role may do
    Permission.INVITE_USERS: "Invite members",
    Permission.INVITE_GUESTS: "Invite guests",
    Permission.MANAGE_INVITES: "Look after all invitations",
    Permission.MANAGE_USERS: "Look after members: let them in, limit, suspend and deactivate them",
    Permission.MANAGE_ROLES: "Make roles and give them",
    Permission.MANAGE_USER_ACCESS: "Look after how members log in",
    Permission.DELETE_USER_DATA: "Delete what suspended members had",
    Permission.MANAGE_ROOMS: "Look after all rooms",
    Permission.PRIVATE_ROOMS: "Make closed rooms",
    Permission.MANAGE_SETTINGS: "Change the settings and the theme",
    Permission.MANAGE_RULES: "Change the rules",
    Permission.MANAGE_IDENTITY: "Look after domains, directories and single sign-on",
    Permission.MANAGE_ANNOUNCEMENTS: "Make announcements",
    Permission.MANAGE_CUSTOM_EMOJIS: "Look after custom emoji",
    Permission.MANAGE_REPORTS: "Handle reports",
    Permission.MANAGE_APPEALS: "Decide appeals",
    Permission.MANAGE_TAXONOMIES: "Look after trends",
    Permission.MANAGE_BLOCKS: "Keep out addresses",
    Permission.MANAGE_FEDERATION: "Keep out domains",
    Permission.AUTOMATE: "Write rules for what is done by itself",
    Permission.MANAGE_WEBHOOKS: "Look after webhooks",
    Permission.VIEW_AUDIT_LOG: "Read the log of what staff did",
    Permission.VIEW_DASHBOARD: "See figures",
    Permission.VIEW_FEEDS: "See the public timelines where members cannot",
    Permission.DEVOPS: "See how the server does",
}


def _named(call: Call, name: str) -> Rank:
    """Raises NotFound."""
    ranks = call.site.roles.ranks
    if name in RANKS or name not in ranks:
        raise NotFound("role", name)
    return ranks[name]


async def index(call: Call) -> Page:
    ranks = [rank for name, rank in call.site.roles.ranks.items() if name]
    shown = [(rank.name, [MAY[one] for one in rank.permissions if one in MAY], rank.highlighted) for rank in ranks]
    return page(call, "roles.html", {"roles": shown, "notice": "Saved." if call.query.flag("saved") else ""})


async def new_form(call: Call) -> Page:
    return _form(call, "", Permission(0))


async def new_again(call: Call, problem: Problem) -> Page:
    return _form(call, "", _chosen(call.form), problem)


async def form(call: Call, name: str) -> Page:
    return _form(call, name, _named(call, name).permissions)


async def again(call: Call, problem: Problem, name: str) -> Page:
    return _form(call, name, _chosen(call.form), problem)


def _form(call: Call, name: str, chosen: Permission, problem: Problem | None = None) -> Page:
    """name "": of a new one."""
    own = call.site.roles.rank(call.viewer.role).all
    values: dict[str, Any] = {
        "name": name,
        "given": call.form.text("role_name"),
        "may": [(one.name, words, one in chosen) for one, words in MAY.items() if one & own],
        "problem": problem.message if problem else "",
    }
    return page(call, "role.html", values, status=problem.status if problem else 200)


def _chosen(form: Fields) -> Permission:
    return roles.permissions_of(one for one in form.texts("may") if one)


async def create(call: Call) -> Go:
    try:
        await call.write(
            roles.create, call.site.org_id, call.account_id, call.form.text("role_name"), _chosen(call.form)
        )
    except Invalid as error:
        raise error.of("role_name") if error.field == "name" else error from None
    await call.services.sites.renewed(call.site)
    return Go(f"{PATH}?saved=1")


async def save(call: Call, name: str) -> Go:
    await call.write(roles.change, call.site.org_id, call.account_id, name, _chosen(call.form))
    await call.services.sites.renewed(call.site)
    return Go(f"{PATH}?saved=1")


async def remove(call: Call, name: str) -> Go:
    await call.write(roles.delete, call.site.org_id, call.account_id, name)
    await call.services.sites.renewed(call.site)
    return Go(f"{PATH}?saved=1")
