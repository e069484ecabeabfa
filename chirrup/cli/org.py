"""`chirrup org`: organisations, each a site of its own."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import NotFound, SettingsError
from ..ports import Database
from ..types import Org
from .common import COMMON, Common, console, date, opened_database, org_at

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
    the host here, with their Host header. The link that is printed makes its first owner, and so does
    `chirrup setup --host HOST`.

    All processes of the server must run a version of Chirrup that knows organisations.
    """
    from ..access import sites
    from ..orgs import first_run, organisations

    settings = common.settings()
    own = sites.own(settings)
    with opened_database(settings, new=True) as db:
        made = db.write_now(organisations.create, name, host, title=title, closed=closed, own_host=own.domain.lower())
        first = first_run.path(db.write_now(first_run.offer, made.id))
    url = sites.of_org(settings, made).base_url
    console.print(f"{made.name} is at {url}{', closed' if closed else ''}.", highlight=False, soft_wrap=True)
    console.print(f"Its first owner begins here, once, within a week: {url}{first}", highlight=False, soft_wrap=True)
    console.print(f"Or on the command line: chirrup setup --host {made.host}", highlight=False, soft_wrap=True)


@commands.command(name="list")
def list_orgs(*, common: Common = COMMON) -> None:
    """List the organisations, the oldest first: name, host, since when, open or closed."""
    from ..ids import ms_of
    from ..orgs import organisations

    table = Table("name", "host", "title", "since", "state")
    with opened_database(common.settings()) as db:
        for one in db.write_now(organisations.every):
            state = "closed" if one.closed else ""
            state = f"closes on {date(one.closing_ms)}" if one.closing_ms else state
            state = "being deleted" if one.ended_ms else state
            table.add_row(one.name, one.host, escape(one.title), date(ms_of(one.id)), state)
    console.print(table)


@commands.command
def invite(
    email: str = "",
    *,
    role: Annotated[str, Parameter(help="That they have then: moderator, admin, owner or one of the site's own.")] = "",
    uses: Annotated[int, Parameter(help="How many may come by the link.")] = 1,
    days: Annotated[int, Parameter(help="For how long.")] = 7,
    host: Annotated[str, Parameter(help="Of the organisation at this host (default: the server's own network).")] = "",
    common: Common = COMMON,
) -> None:
    """Invite people to a site, also where nobody else can sign up: a mail to EMAIL, or a link that is printed."""
    from ..access import sites
    from ..orgs import invitations
    from .common import org_at

    settings = common.settings()
    with opened_database(settings) as db:
        org_id = org_at(db, host)
        wanted = invitations.Inviting(email, role=role, uses=uses, days=days)
        _, text = db.write_now(invitations.create, org_id, 0, wanted)
        site = db.write_now(sites.at, settings, org_id)
    console.print(
        f"{site.base_url}/invite/{text}" if text else f"A mail goes to {email}.", soft_wrap=True, highlight=False
    )


@commands.command(name="networks")
def networks_of_org(
    *ranges: str,
    host: Annotated[str, Parameter(help="Of the organisation at this host (default: the server's own network).")] = "",
    common: Common = COMMON,
) -> None:
    """Let a site be used only from RANGES, like 192.0.2.0/24; without any, from everywhere. For who is locked out.

    All processes know it within a second.
    """
    from ..orgs import settings as chosen
    from .common import org_at

    settings = common.settings()
    with opened_database(settings) as db:
        db.write_now(chosen.change, settings, org_at(db, host), 0, {"ip_ranges": ranges})
    console.print(f"It may be used from {', '.join(ranges) or 'everywhere'}.", highlight=False)


@commands.command(name="close")
def close_org(name: str, *, undo: bool = False, common: Common = COMMON) -> None:
    """Close organisation NAME: it shows nothing without a login, and nobody can sign up there. --undo opens it again.

    Nobody is logged out and nothing is deleted. All processes know it within a second.
    """
    from ..orgs import organisations

    with opened_database(common.settings()) as db:
        db.write_now(organisations.close, _named(db, name).name, closed=not undo)
    console.print(f"{name} is {'open' if undo else 'closed'}.", highlight=False)


@commands.command(name="delete")
def delete_org(
    name: str,
    *,
    days: Annotated[int, Parameter(help="From now until it closes. 0: at once.")] = 14,
    words: Annotated[str, Parameter(help="What else its people are told.")] = "",
    undo: Annotated[bool, Parameter(negative=(), help="Call it off, before the day has come.")] = False,
    common: Common = COMMON,
) -> None:
    """Close organisation NAME for good. On the day a worker deletes all that it has, and its host is free again.

    Its people are told now: by an announcement in every app, on its pages, by mail. Until the day they can take along
    what is theirs, and you can write `chirrup org export`. While anything is on hold there, nothing is deleted.
    """
    from ..orgs import closing
    from ..times import DAY_MS

    settings = common.settings()
    with opened_database(settings) as db:
        org = _named(db, name)
        if undo:
            db.write_now(closing.call_off, org.id, 0)
            console.print(f"{name} does not close.", highlight=False)
            return
        db.write_now(lambda tx: closing.announce(tx, settings, org.id, 0, tx.now_ms + days * DAY_MS, words, least_ms=0))
        found = db.write_now(closing.state, org.id)
    console.print(
        f"{name} closes on {date(found.closing_ms)}; `chirrup org delete {name} --undo` calls it off.", soft_wrap=True
    )
    if found.waits_for:
        console.print(f"Nothing is deleted before its holds have ended: there are {len(found.waits_for)}.")


@commands.command(name="export")
def export_org(
    name: str,
    to: Path,
    *,
    passwords: Annotated[
        bool, Parameter(negative=(), help="With the hashes of passwords: only for who runs the new server.")
    ] = False,
    common: Common = COMMON,
) -> None:
    """Write all that organisation NAME has to TO, while the server runs.

    TO is a new folder, or a new file if its name ends in .zip. All posts are in it, private mentions too: keep it as
    you keep the database. `chirrup org import` brings it into another server. Without --passwords people set new
    passwords there.
    """
    from rich.progress import DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn

    from .. import folder
    from ..app import open_blobs
    from ..orgs.export import write_file

    settings = common.settings()
    folder.prepare(settings)
    columns = SpinnerColumn(), TextColumn("writing"), DownloadColumn(), TransferSpeedColumn()
    with opened_database(settings) as db, Progress(*columns, console=console) as progress:
        org = _named(db, name)
        bar = progress.add_task("writing", total=None)
        about = write_file(db, open_blobs(settings), org, to, passwords=passwords, told=_adds(progress, bar))
    rows = sum(about.rows.values())
    console.print(f"{name} is in {to}: {rows:,} rows and {about.files:,} files.", highlight=False, soft_wrap=True)
    console.print("`chirrup org import` brings it into another server.", highlight=False, soft_wrap=True)


@commands.command(name="import")
def import_org(
    file: Path,
    *,
    host: Annotated[str, Parameter(help="Where its people find it here, such as social.acme.example.")],
    name: Annotated[str, Parameter(help="What commands call it here (default: as where it comes from).")] = "",
    common: Common = COMMON,
) -> None:
    """Bring the organisation in FILE, from `chirrup org export`, into this server. With SQLite, stop the server first.

    Its ids stay. Nothing is there before all is there; killed, it can be done again. The file may be anybody's: it is
    refused if anything in it reaches to others on this server.
    """
    from contextlib import nullcontext

    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from .. import bundle, folder
    from ..access import sites
    from ..app import open_blobs
    from ..orgs.imported import Import

    settings = common.settings()
    alone = folder.held(settings) if folder.sqlite_file(settings) else nullcontext()
    columns = TextColumn("checking"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    with bundle.Reader(file) as opened, alone, opened_database(settings, new=True) as db:
        own_host = sites.own(settings).domain.lower()
        bundle.expect_space(settings.data, opened.size_bytes)
        work = Import(db, open_blobs(settings), opened, host, name=name, own_host=own_host)
        with Progress(*columns, console=console) as progress:
            made = work.bring(_adds(progress, progress.add_task("checking", total=opened.size_bytes)))
    console.print(f"{made.name} is at {sites.of_org(settings, made).base_url}.", highlight=False, soft_wrap=True)
    console.print("People log in anew, and set up second factors and passkeys anew.", highlight=False, soft_wrap=True)


def _named(db: Database, name: str) -> Org:
    from ..orgs import organisations

    try:
        return db.write_now(organisations.named, name)
    except NotFound as error:
        raise SettingsError(f"there is no organisation {name!r}; `chirrup org list` shows those there are") from error


def _adds(progress: Any, bar: Any) -> Callable[[int], None]:
    return lambda size: progress.advance(bar, size)


@commands.command(name="scim-token")
def scim_token(
    name: Annotated[str, Parameter(help="Of the directory, such as Entra: it stands in the log and in lists.")],
    *,
    host: Annotated[str, Parameter(help="Of the organisation (default: the server's own network).")] = "",
    common: Common = COMMON,
) -> None:
    """Make a token with which the company's directory makes and ends members by SCIM 2.0. Only the token is printed.

    The directory is told this address and this token: https://HOST/scim/v2. See docs/operate/scim.md.
    """
    from ..access import sites
    from ..orgs.directory import checking
    from ..orgs.scim import tokens

    settings = common.settings()
    with opened_database(settings) as db:
        org_id = org_at(db, host)
        print(db.write_now(tokens.make, org_id, 0, name)[1])
        site = db.write_now(sites.at, settings, org_id)
        if wrong := db.write_now(checking.second_accounts, org_id, site.settings):
            print(f"Take care: {wrong.what}. What helps: {wrong.to_do}.", file=sys.stderr)


@commands.command(name="scim-tokens")
def scim_tokens(
    *,
    end: Annotated[int, Parameter(help="End the token with this number: it is refused from now on.")] = 0,
    host: Annotated[str, Parameter(help="Of the organisation (default: the server's own network).")] = "",
    common: Common = COMMON,
) -> None:
    """List the tokens of the company's directories: number, directory, since when, last use. --end ends one."""
    from ..orgs.scim import tokens

    table = Table("number", "directory", "since", "used")
    with opened_database(common.settings()) as db:
        org_id = org_at(db, host)
        if end:
            db.write_now(tokens.end, org_id, 0, end)
        for one in db.write_now(tokens.every, org_id):
            used = date(one.used_ms) if one.used_ms else "never"
            table.add_row(str(one.id), escape(one.name), date(one.created_ms), used)
    console.print(table)
