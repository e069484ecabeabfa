"""Run a server: serve, demo. Make what it serves: migrate, load."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..config import Role
from ..errors import SettingsError
from .common import COMMON, Common, console, opened_database


def serve(
    *,
    role: Annotated[Role | None, Parameter(help="What of it this process does (default: all).")] = None,
    host: Annotated[str | None, Parameter(help="Address to listen on (default: 127.0.0.1).")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on (default: 3000).")] = None,
    url: Annotated[str | None, Parameter(help="How people reach it, such as https://town.example.")] = None,
    broker: Annotated[str | None, Parameter(help="redis://… for timelines and streams (default: in memory).")] = None,
    common: Common = COMMON,
) -> None:
    """Run the server. It makes a database if there is none. Ctrl-C stops it, and nothing is lost."""
    from ..app import serve as run

    run(common.settings(role=role, host=host, port=port, url=url, broker=broker), console)


def demo(*, port: int = 3000, common: Common = COMMON) -> None:
    """Run a server with invented people, follows, threads and boosts, to look around. It has its own data."""
    from .. import demo as show
    from ..app import serve as run

    settings = common.settings(port=port, data=common.data or Path("data-demo"), kit_page=True)
    with opened_database(settings, new=True) as db:
        show.fill(db, console)
    run(settings, console)


def migrate(
    *,
    citus: Annotated[bool, Parameter(help="Spread the tables over the nodes of Citus: docs/operate/citus.md.")] = False,
    common: Common = COMMON,
) -> None:
    """Bring the database's schema up to date. `serve` does it too; run it first when several servers share one."""
    from ..store import distribute, migrations

    settings = common.settings()
    if citus and settings.database_url.startswith("sqlite:"):
        raise SettingsError("SQLite is one file: --citus is for a database at postgresql://…")
    with opened_database(settings, new=True) as db:
        console.print(f"The schema is at version {db.write_now(migrations.version)}.")
        if citus:
            spread = distribute.distribute(db)
            where = f"{spread.workers} workers" if spread.workers else "the coordinator alone, as there are no workers"
            console.print(f"{len(spread.tables)} tables were spread now, over {where}.")


def load(
    *,
    accounts: Annotated[
        int, Parameter(help="How many accounts to make (0: as many as the files need; a million with --synthetic).")
    ] = 0,
    follows: Annotated[
        Path | None, Parameter(help="A graph: lines of two numbers, who follows whom; .gz or plain.")
    ] = None,
    posts: Annotated[Path | None, Parameter(help="Messages, one a line, .gz or plain.")] = None,
    synthetic: Annotated[bool, Parameter(help="Invent what no file gives: follows and posts.")] = False,
    follows_each: Annotated[int, Parameter(help="Of invented accounts, on average.")] = 100,
    seed: Annotated[int, Parameter(help="The same seed invents the same.")] = 1,
    common: Common = COMMON,
) -> None:
    """Fill the database from files, or with invented people. For trying out and measuring: docs/operate/million.md.

    It may be stopped at any moment: the same command goes on where it was.

    Accounts are named u0, u1, … with the password `chirrup-load`; posts are spread over the last 30 days.
    """
    from .. import load as loading

    with opened_database(common.settings(), new=True) as db:
        loading.run(db, loading.Plan(accounts, follows, posts, synthetic, follows_each, seed), console)
