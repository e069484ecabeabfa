"""`chirrup role`: the roles that a site makes for itself, beside moderator, admin and owner."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import NotFound, SettingsError
from .common import COMMON, Common, console, opened_database, org_at

commands = cyclopts.App(
    name="role",
    help="""Roles of a site's own: a name, and what who has it may do. Give one by `chirrup user role`.

    Permissions are words like invite_guests or manage_rooms; `chirrup role permissions` lists them.""",
)

Host = Annotated[str, Parameter(help="Of the organisation at this host (default: the server's own network).")]


@commands.command
def permissions() -> None:
    """List the words for what a role may do."""
    from ..orgs import roles

    console.print("\n".join(roles.words(one) for one in roles.GIVABLE), highlight=False)


@commands.command(name="list")
def list_(*, host: Host = "", common: Common = COMMON) -> None:
    """List the roles: the three that every site has, and its own."""
    from ..orgs import roles

    table = Table("role", "may")
    with opened_database(common.settings()) as db:
        for one in db.write_now(roles.every, org_at(db, host)):
            table.add_row(escape(one.name), roles.words(one.permissions))
    console.print(table)


@commands.command
def create(name: str, *permissions: str, host: Host = "", common: Common = COMMON) -> None:
    """Make a role NAME that may do all of PERMISSIONS."""
    from ..orgs import roles

    with opened_database(common.settings()) as db:
        made = db.write_now(roles.create, org_at(db, host), 0, name, roles.permissions_of(permissions))
    console.print(f"There is a role {made.name} now: {roles.words(made.permissions) or 'it may do nothing more'}.")


@commands.command
def change(name: str, *permissions: str, host: Host = "", common: Common = COMMON) -> None:
    """From now on whoever has the role NAME may do PERMISSIONS, and nothing else."""
    from ..orgs import roles

    with opened_database(common.settings()) as db:
        try:
            db.write_now(roles.change, org_at(db, host), 0, name, roles.permissions_of(permissions))
        except NotFound as error:
            raise _unknown(name) from error
    console.print(f"Whoever is {name} may do this now: {', '.join(permissions) or 'nothing more'}.", highlight=False)


@commands.command
def delete(name: str, *, host: Host = "", common: Common = COMMON) -> None:
    """There is no role NAME any more. Nobody may have it."""
    from ..orgs import roles

    with opened_database(common.settings()) as db:
        try:
            db.write_now(roles.delete, org_at(db, host), 0, name)
        except NotFound as error:
            raise _unknown(name) from error
    console.print(f"There is no role {name} any more.", highlight=False)


def _unknown(name: str) -> SettingsError:
    return SettingsError(f"the site has made no role {name!r}; `chirrup role list` shows those there are")
