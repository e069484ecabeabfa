"""`chirrup identity`: the directories where people are known: whether they work, what they change."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Column, Table

from ..access.sites import Site
from ..errors import SettingsError
from ..ports import Engines
from ..types.directory import DirectoryRun
from .common import COMMON, Common, console, date, org_at

T = TypeVar("T")
Host = Annotated[str, Parameter(help="Of the organisation at this host (default: the server's own network).")]
SHOWN = 20  # names

commands = cyclopts.App(name="identity", help="See whether single sign-on and directories work, and read a directory.")


@commands.command
def check(*, host: Host = "", common: Common = COMMON) -> None:
    """Ask the provider and the directory that are set, and say what is wrong and what helps. Nothing is changed.

    The exit status is 1 when something is wrong.
    """
    from ..orgs.directory import checking

    found = _with(common, host, lambda engines, site: checking.check(engines, site))
    if not found:
        raise SettingsError("no directory is set: docs/operate/identity.md says how")
    for one in found:
        console.print(f"[bold]{escape(one.name)}[/]", highlight=False)
        for told in one.findings:
            mark = "[red]bad[/] " if told.to_do else "[green]ok[/]  "
            console.print(f"{mark} {escape(told.what)}", highlight=False, soft_wrap=True)
            if told.to_do:
                console.print(f"     {escape(told.to_do)}", style="dim", highlight=False, soft_wrap=True)
    if any(told.to_do for one in found for told in one.findings):
        sys.exit(1)


@commands.command
def sync(
    *,
    dry_run: Annotated[bool, Parameter(help="Say what would be changed, and change nothing.")] = False,
    host: Host = "",
    common: Common = COMMON,
) -> None:
    """Read the LDAP directory now: who is there no more is deactivated, groups give roles and rooms.

    The server does it every 15 minutes. Where more than 10 % of the people are missing, nothing is done before an owner
    says yes, in a browser or with `chirrup identity approve`.
    """
    from ..orgs.directory import reading
    from ..store import accounts

    async def look(engines: Engines, site: Site) -> None:
        ldap = site.settings.ldap
        if ldap is None:
            raise SettingsError("no LDAP directory is set: docs/operate/identity.md says how")
        if not dry_run:
            _say(await reading.read(engines, site.org_id, ldap))
            return
        found = await reading.look(engines, site.org_id, ldap)
        groups = {"deactivated": found.gone, "let in again": found.back, "changed": [one for one, _ in found.changed]}
        console.print(f"{len(found.people):,} people are there; {found.members:,} of them have logged in.")
        for did, some in groups.items():
            names = await engines.db.read(accounts.by_ids, [one.account_id for one in some[:SHOWN]])
            shown = ", ".join(f"@{one.username}" for one in names.values()) + (" …" if len(some) > SHOWN else "")
            console.print(f"{len(some):,} would be {did}{': ' + shown if some else '.'}", highlight=False)
        if found.loses_many:
            console.print(f"That is more than {reading.PERCENT} %: an owner would be asked first.")

    _with(common, host, look)


@commands.command
def runs(*, host: Host = "", common: Common = COMMON) -> None:
    """List the last readings of the directory, the newest first."""
    from ..ids import ms_of
    from ..orgs.directory import reading

    table = Table(Column("run", min_width=18), "when", "state", "people", "gone", "back", "what is wrong")
    for one in _with(common, host, lambda engines, site: engines.db.read(reading.newest, site.org_id, 50)):
        counts = (str(one.people), str(one.gone), str(one.back))
        table.add_row(str(one.id), date(ms_of(one.id)), one.state, *counts, escape(one.words))
    console.print(table)


@commands.command
def approve(run: int, *, host: Host = "", common: Common = COMMON) -> None:
    """Say yes to a reading that waits: those who are gone are deactivated. `chirrup identity runs` lists them."""
    _decide(common, host, run, approved=True)
    console.print("They are deactivated as soon as the directory is read again, which the server does now.")


@commands.command
def refuse(run: int, *, host: Host = "", common: Common = COMMON) -> None:
    """Say no to a reading that waits: nobody is deactivated as long as the directory has lost the same people."""
    _decide(common, host, run, approved=False)
    console.print("Nobody is deactivated.")


def _decide(common: Common, host: str, run: int, *, approved: bool) -> None:
    from ..errors import NotFound
    from ..orgs.directory import reading

    async def decide(engines: Engines, site: Site) -> None:
        try:
            await engines.db.write(reading.decide, site.org_id, run, approved=approved)
        except NotFound as error:
            raise SettingsError(f"there is no reading {run}; `chirrup identity runs` shows those there are") from error

    _with(common, host, decide)


def _say(run: DirectoryRun) -> None:
    words = {
        "done": f"Done: {run.people:,} people are there, {run.gone:,} were deactivated, {run.back:,} let in again.",
        "failed": "Nothing was done.",
        "waits": f"{run.gone:,} of {run.members:,} people are missing, so nothing was done. If that is right: "
        f"chirrup identity approve {run.id}",
        "refused": f"{run.gone:,} of {run.members:,} people are missing, and an owner has said that they stay.",
        "approved": "It is being read.",
    }
    console.print(words[run.state], highlight=False, soft_wrap=True)
    if run.words:
        console.print(escape(run.words), highlight=False, soft_wrap=True)
    if run.state == "failed":
        sys.exit(1)


def _with(common: Common, host: str, work: Callable[[Engines, Site], Awaitable[T]]) -> T:
    """work, with the engines, at the site of the organisation. Raises SettingsError."""
    from .. import folder
    from ..access import sites
    from ..app import close_engines, open_engines

    settings = common.settings()
    folder.expect_database(settings)

    async def run() -> T:
        engines = open_engines(settings)
        try:
            site = await engines.db.read(sites.at, settings, org_at(engines.db, host))
            return await work(engines, site)
        finally:
            await close_engines(engines)

    return asyncio.run(run())
