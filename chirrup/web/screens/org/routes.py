"""The pages below /org, and the one of the first run. Their navigation: places.py."""

from ....access.roles import ORGANISES, Permission
from ....http.route import ADMIN, ANYONE, SLOW
from ....orgs import logo
from ...page_route import PageRoute, staff
from . import (
    audit,
    automation,
    closing,
    domains,
    export,
    first,
    holds,
    hooks,
    hooks_out,
    identity,
    inviting,
    members,
    places,
    retention,
    roles,
    rules,
    scim,
    search,
    settings,
    theme,
)

SETTINGS, RULES = Permission.MANAGE_SETTINGS, Permission.MANAGE_RULES
USERS, GIVE = Permission.MANAGE_USERS, Permission.MANAGE_ROLES
AUTOMATE = Permission.AUTOMATE
IDENTITY, OWNER = Permission.MANAGE_IDENTITY, Permission.ADMINISTRATOR

LOG, COMPLIANCE = Permission.VIEW_AUDIT_LOG, Permission.COMPLIANCE

ROUTES: list[PageRoute] = [
    PageRoute("GET", first.PATH, first.form, who=ANYONE, when_closed=True),
    PageRoute("POST", first.PATH, first.begin, who=ANYONE, again=first.again, cost=SLOW, when_closed=True),
    staff("GET", "/org", places.overview, ORGANISES),
    staff("GET", members.PATH, members.index, USERS),
    staff("GET", members.ONE, members.show, USERS),
    staff("POST", f"{members.ONE}/role", members.act(members.give_role), GIVE, members.again),
    staff("POST", f"{members.ONE}/search", members.act(members.let_search), GIVE, members.again),
    staff("POST", f"{members.ONE}/guest", members.act(members.set_guest), USERS, members.again),
    staff("POST", f"{members.ONE}/sessions", members.act(members.end_session), USERS, members.again),
    staff("POST", f"{members.ONE}/deactivate", members.act(members.deactivate), USERS, members.again),
    staff("POST", f"{members.ONE}/reactivate", members.act(members.reactivate), USERS, members.again),
    PageRoute(
        "POST",
        f"{members.ONE}/owner",
        members.hand_over,
        who=ADMIN,
        permission=GIVE,
        again=members.again,
        cost=SLOW,
    ),
    staff("GET", roles.PATH, roles.index, GIVE),
    staff("GET", roles.NEW, roles.new_form, GIVE),
    staff("POST", roles.NEW, roles.create, GIVE, roles.new_again),
    staff("GET", roles.ONE, roles.form, GIVE),
    staff("POST", roles.ONE, roles.save, GIVE, roles.again),
    staff("POST", f"{roles.ONE}/remove", roles.remove, GIVE, roles.again),
    staff("GET", inviting.PATH, inviting.index, inviting.INVITES),
    staff("POST", inviting.PATH, inviting.create, inviting.INVITES, inviting.again),
    staff("POST", f"{inviting.ONE}/withdraw", inviting.withdraw, inviting.INVITES),
    staff("GET", identity.PATH, identity.index, IDENTITY),
    PageRoute("POST", f"{identity.PATH}/check", identity.check, who=ADMIN, permission=IDENTITY, cost=SLOW),
    staff("POST", f"{identity.PATH}/read", identity.read, IDENTITY),
    staff("POST", f"{identity.PATH}/runs/{{id}}/approve", identity.approve, IDENTITY, identity.again),
    staff("POST", f"{identity.PATH}/runs/{{id}}/refuse", identity.refuse, IDENTITY, identity.again),
    *(
        route
        for one in (identity.PROVIDER, identity.DIRECTORY)
        for route in (
            staff("GET", one.path, one.form, IDENTITY),
            staff("POST", one.path, one.save, IDENTITY, one.again),
            staff("POST", f"{one.path}/remove", one.remove, IDENTITY, one.again),
        )
    ),
    staff("GET", hooks.PATH, hooks.index, hooks.HOOKS),
    staff("POST", hooks.NEW, hooks.create, hooks.HOOKS, hooks.again),
    staff("GET", hooks.ONE, hooks.show, hooks.HOOKS),
    staff("POST", hooks.ONE, hooks.save, hooks.HOOKS, hooks.one_again),
    *(
        staff("POST", f"{hooks.ONE}/{act}", do, hooks.HOOKS, hooks.one_again)
        for act, do in (("switch", hooks.switch), ("token", hooks.renew), ("end", hooks.end))
    ),
    staff("GET", hooks.PAYLOAD, hooks.payload, hooks.HOOKS),
    staff("POST", hooks_out.NEW, hooks_out.create, hooks.HOOKS, hooks.again),
    staff("GET", hooks_out.ONE, hooks_out.show, hooks.HOOKS),
    staff("POST", hooks_out.ONE, hooks_out.save, hooks.HOOKS, hooks_out.again),
    *(
        staff("POST", f"{hooks_out.ONE}/{act}", do, hooks.HOOKS, hooks_out.again)
        for act, do in (
            *(("switch", hooks_out.switch), ("secret", hooks_out.renew), ("test", hooks_out.test)),
            *(("replay", hooks_out.replay_failed), ("end", hooks_out.end)),
        )
    ),
    staff("POST", hooks_out.REPLAY, hooks_out.replay, hooks.HOOKS),
    staff("GET", scim.PATH, scim.index, IDENTITY),
    staff("POST", scim.PATH, scim.save, IDENTITY, scim.save_again),
    staff("POST", scim.TOKEN, scim.make, IDENTITY, scim.again),
    staff("POST", f"{scim.TOKEN}/{{id}}/end", scim.end, IDENTITY, scim.again),
    staff("GET", settings.PATH, settings.form, SETTINGS),
    staff("POST", settings.PATH, settings.save, SETTINGS, settings.again),
    staff("GET", theme.PATH, theme.form, SETTINGS),
    PageRoute(
        "POST",
        theme.PATH,
        theme.save,
        who=ADMIN,
        permission=SETTINGS,
        again=theme.again,
        uploads=True,
        file_bytes_max=logo.BYTES_MAX,
        cost=SLOW,
    ),
    staff("GET", domains.PATH, domains.form, SETTINGS),
    staff("POST", domains.PATH, domains.claim, SETTINGS, domains.again),
    PageRoute(
        "POST", f"{domains.PATH}/check", domains.check, who=ADMIN, permission=SETTINGS, again=domains.again, cost=SLOW
    ),
    staff("POST", f"{domains.PATH}/remove", domains.remove, SETTINGS, domains.again),
    staff("GET", rules.PATH, rules.index, RULES),
    staff("GET", rules.NEW, rules.new_form, RULES),
    staff("POST", rules.NEW, rules.add, RULES, rules.again),
    staff("GET", rules.ONE, rules.form, RULES),
    staff("POST", rules.ONE, rules.save, RULES, rules.again),
    staff("POST", f"{rules.ONE}/remove", rules.remove, RULES, rules.again),
    staff("POST", f"{rules.ONE}/up", rules.move_up, RULES),
    staff("GET", automation.PATH, automation.index, AUTOMATE),
    staff("GET", automation.NEW, automation.new_form, AUTOMATE),
    PageRoute(
        "POST",
        automation.NEW,
        automation.create,
        who=ADMIN,
        permission=AUTOMATE,
        again=automation.new_again,
        cost=SLOW,
    ),
    staff("GET", automation.ONE, automation.show, AUTOMATE),
    PageRoute(
        "POST", automation.ONE, automation.save, who=ADMIN, permission=AUTOMATE, again=automation.again, cost=SLOW
    ),
    staff("POST", f"{automation.ONE}/switch", automation.switch, AUTOMATE, automation.again),
    staff("POST", f"{automation.ONE}/remove", automation.remove, AUTOMATE),
    staff("POST", f"{automation.ONE}/versions/{{version}}/restore", automation.restore, AUTOMATE, automation.again),
    staff("GET", export.PATH, export.index, Permission.COMPLIANCE),
    staff("POST", export.PATH, export.ask, Permission.COMPLIANCE, export.again),
    staff("GET", f"{export.PATH}/{{id}}", export.save, Permission.COMPLIANCE),
    staff("GET", closing.PATH, closing.index, OWNER),
    staff("POST", closing.PATH, closing.announce, OWNER, closing.again),
    staff("POST", f"{closing.PATH}/off", closing.call_off, OWNER, closing.again),
    staff("GET", audit.PATH, audit.index, LOG),
    staff("GET", retention.PATH, retention.form, SETTINGS),
    staff("POST", retention.PATH, retention.save, SETTINGS, retention.again),
    staff("GET", retention.OF_ROOM, retention.form_of_room, SETTINGS),
    staff("POST", retention.OF_ROOM, retention.save_of_room, SETTINGS, retention.again_of_room),
    staff("GET", holds.PATH, holds.index, COMPLIANCE),
    staff("POST", holds.PATH, holds.place, COMPLIANCE, holds.again),
    staff("POST", holds.END, holds.end, COMPLIANCE, holds.again),
    staff("GET", search.PATH, search.form, COMPLIANCE),
    staff("POST", search.PATH, search.search, COMPLIANCE, search.again),
    staff("POST", search.EXPORT, search.export, COMPLIANCE, search.again),
]
