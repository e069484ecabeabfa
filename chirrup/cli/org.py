"""`chirrup org`: organisations, each a site of its own."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import NotFound, SettingsError
from .common import COMMON, Common, console, date, opened_database

commands = cyclopts.App(name="org", help="Organisations: sites of their own, each behind a wall.")


@commands.command(name="create")
def create_org(
    name: str,
    *,
    host: Annotated[str, Parameter(help="Where its people find it, such as social.acme.example.")],
    title: Annotated[str, Parameter(help="What its pages and apps call it (default: NAME).")] = "",
    closed: Annotated[bool, Parameter(help="Nothing is shown there without a login.")] = False,
    common: Common = COMMON,
) -> None:
    """Make an organisation NAME. It has a site of its own at --host, with its own names, posts and searches.

    Nobody sees anything of another organisation, nor of the server's own network. Let your web server send requests for
    the host here, with their Host header. Make the first account with `chirrup user create ann@HOST --admin`.

    All processes of the server must run a version of Chirrup that knows organisations.
    """
    from ..access import sites
    from ..orgs import organisations

    settings = common.settings()
    own = sites.own(settings)
    with opened_database(settings, new=True) as db:
        made = db.write_now(organisations.create, name, host, title=title, closed=closed, own_host=own.domain.lower())
    url = sites.of_org(settings, made).base_url
    console.print(f"{made.name} is at {url}{', closed' if closed else ''}.", highlight=False, soft_wrap=True)
    console.print(f"Next: chirrup user create ann@{made.host} --email … --admin", highlight=False, soft_wrap=True)


@commands.command(name="list")
def list_orgs(*, common: Common = COMMON) -> None:
    """List the organisations, the oldest first: name, host, since when, open or closed."""
    from ..ids import ms_of
    from ..orgs import organisations

    table = Table("name", "host", "title", "since", "state")
    with opened_database(common.settings()) as db:
        for one in db.write_now(organisations.every):
            state = "closed" if one.closed else ""
            table.add_row(one.name, one.host, escape(one.title), date(ms_of(one.id)), state)
    console.print(table)


@commands.command(name="close")
def close_org(name: str, *, undo: bool = False, common: Common = COMMON) -> None:
    """Close organisation NAME: it shows nothing without a login, and nobody can sign up there. --undo opens it again.

    Nobody is logged out and nothing is deleted. All processes know it within a second.
    """
    from ..orgs import organisations

    with opened_database(common.settings()) as db:
        try:
            db.write_now(organisations.close, name, closed=not undo)
        except NotFound as error:
            raise SettingsError(
                f"there is no organisation {name!r}; `chirrup org list` shows those there are"
            ) from error
    console.print(f"{name} is {'open' if undo else 'closed'}.", highlight=False)
