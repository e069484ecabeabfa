"""The pages below /org, and the one of the first run. Their navigation: places.py."""

from ....access.roles import Permission
from ....http.route import ADMIN, ANYONE, SLOW
from ....orgs import logo
from ...page_route import PageRoute, staff
from . import export, first, places, rules, settings, theme

SETTINGS, RULES = Permission.MANAGE_SETTINGS, Permission.MANAGE_RULES

ROUTES: list[PageRoute] = [
    PageRoute("GET", first.PATH, first.form, who=ANYONE, when_closed=True),
    PageRoute("POST", first.PATH, first.begin, who=ANYONE, again=first.again, cost=SLOW, when_closed=True),
    staff("GET", "/org", places.overview, places.MAY_ENTER),
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
    staff("GET", rules.PATH, rules.index, RULES),
    staff("GET", rules.NEW, rules.new_form, RULES),
    staff("POST", rules.NEW, rules.add, RULES, rules.again),
    staff("GET", rules.ONE, rules.form, RULES),
    staff("POST", rules.ONE, rules.save, RULES, rules.again),
    staff("POST", f"{rules.ONE}/remove", rules.remove, RULES, rules.again),
    staff("GET", export.PATH, export.index, Permission.COMPLIANCE),
    staff("POST", export.PATH, export.ask, Permission.COMPLIANCE, export.again),
    staff("GET", f"{export.PATH}/{{id}}", export.save, Permission.COMPLIANCE),
]
