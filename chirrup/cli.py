"""The command line: `chirrup --help`. Errors are sentences; the exit status is 1 when one was printed."""

import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import cyclopts
from cyclopts import Parameter
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from . import __version__
from .config import Role, Settings, load
from .errors import ChirrupError
from .ports import Database

console = Console()
complain = Console(stderr=True)


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Settings that every command takes. Each can also come from CHIRRUP_… in the environment or a TOML file."""

    data: Annotated[Path | None, Parameter(help="Folder for the database and uploads (default: data).")] = None
    database: Annotated[str | None, Parameter(help="sqlite:PATH or postgresql://… (default: sqlite in --data).")] = None
    config: Annotated[Path | None, Parameter(help="A TOML file with settings.")] = None

    def settings(self, **more: Any) -> Settings:
        return load({"data": self.data, "database": self.database, **more}, file=self.config)


COMMON = Common()


@Parameter(name="*")
@dataclass(frozen=True)
class Secret:
    """A password, from where others do not see it; asked for where none of these is given."""

    password_stdin: Annotated[bool, Parameter(help="Read the password from standard input: its first line.")] = False
    password_file: Annotated[Path | None, Parameter(help="Read the password from this file: its first line.")] = None
    password: Annotated[
        str | None, Parameter(help="The password itself. Everybody on this machine can see it while the command runs.")
    ] = None

    def read(self) -> str:
        """Raises SettingsError: given twice or not at all."""
        from .errors import SettingsError

        if sum((self.password_stdin, self.password_file is not None, self.password is not None)) > 1:
            raise SettingsError("give the password once: --password-stdin, --password-file or --password")
        if self.password is not None:
            return self.password
        try:
            if self.password_file:
                with self.password_file.open(encoding="utf-8") as file:
                    return file.readline().rstrip("\r\n")
            if self.password_stdin:
                return sys.stdin.readline().rstrip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"cannot read the password: {error}") from error
        if not sys.stdin.isatty():
            raise SettingsError("there is nobody to ask for the password: give it with --password-stdin")
        return _ask()


def _ask() -> str:
    """A password typed twice without being shown. Raises SettingsError."""
    from getpass import getpass

    from .errors import SettingsError

    first = getpass("Password: ", stream=sys.stderr)
    if getpass("The same again: ", stream=sys.stderr) != first:
        raise SettingsError("the two passwords differ; nothing was changed")
    return first


SECRET = Secret()

app = cyclopts.App(
    name="chirrup",
    version=__version__,
    help="""A social messaging server. Start it with `chirrup serve`, then open http://127.0.0.1:3000.

    Everything has a default. Change it on the command line, by CHIRRUP_HOST, CHIRRUP_DATABASE, … or in a TOML file.""",
)
mail = app.command(cyclopts.App(name="mail", help="See whether mails can be sent."))
user = app.command(
    cyclopts.App(
        name="user",
        help="""Make, list, suspend users; log them out; give them a new password.

        NAME is ann, or ann@social.acme.example for an account of the organisation at that host.""",
    )
)

org = app.command(cyclopts.App(name="org", help="Organisations: sites of their own, each behind a wall."))


@contextmanager
def _database(settings: Settings, *, new: bool = False):
    """new: it is made where there is none. Raises SettingsError."""
    from . import folder
    from .app import open_database

    if not new:
        folder.expect_database(settings)
    db = open_database(settings)
    try:
        yield db
    finally:
        db.close()


@app.command
def serve(
    *,
    role: Annotated[Role | None, Parameter(help="What of it this process does (default: all).")] = None,
    host: Annotated[str | None, Parameter(help="Address to listen on (default: 127.0.0.1).")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on (default: 3000).")] = None,
    url: Annotated[str | None, Parameter(help="How people reach it, such as https://town.example.")] = None,
    broker: Annotated[str | None, Parameter(help="redis://… for timelines and streams (default: in memory).")] = None,
    common: Common = COMMON,
) -> None:
    """Run the server. Makes the database when there is none; Ctrl-C stops it, losing nothing."""
    from .app import serve as run

    run(common.settings(role=role, host=host, port=port, url=url, broker=broker), console)


@app.command
def migrate(
    *,
    citus: Annotated[bool, Parameter(help="Spread the tables over the nodes of Citus: docs/operate/citus.md.")] = False,
    common: Common = COMMON,
) -> None:
    """Bring the database's schema up to date. `serve` does it too; run it first when several servers share one."""
    from .errors import SettingsError
    from .store import distribute, migrations

    settings = common.settings()
    if citus and settings.database_url.startswith("sqlite:"):
        raise SettingsError("SQLite is one file: --citus is for a database at postgresql://…")
    with _database(settings, new=True) as db:
        console.print(f"The schema is at version {db.write_now(migrations.version)}.")
        if citus:
            spread = distribute.distribute(db)
            where = f"{spread.workers} workers" if spread.workers else "the coordinator alone, as there are no workers"
            console.print(f"{len(spread.tables)} tables were spread now, over {where}.")


@app.command
def doctor(*, common: Common = COMMON) -> None:
    """Check versions, settings, disk and engines; say what to do about what is wrong."""
    from . import doctor as checks

    if not checks.examine(common.settings(), console):
        raise SystemExit(1)


@app.command
def redate(
    *,
    stopped: Annotated[bool, Parameter(help="All servers are stopped. With SQLite that is seen.")] = False,
    common: Common = COMMON,
) -> None:
    """Bring back what a wrong clock dated into the future. Set the clock right and stop the server first.

    An id is always later than all before it. So after a clock was far ahead, all that is said is dated into the future
    until that time has come; `chirrup doctor` tells of it. Ids of the future change, and keep their order.
    """
    from . import redate as dates

    dates.run(common.settings(), console, stopped=stopped)


@app.command
def recount(*, common: Common = COMMON) -> None:
    """Compare every counter with a count of its rows, and put right what is off, while the server runs.

    Followers, followees, posts; replies, boosts, favourites; votes; hashtags. `chirrup doctor` looks at the newest of
    them. Pins and boosts of deleted posts are taken away. It may be stopped at any moment, and run again.
    """
    from . import recount as counts

    counts.run(common.settings(), console)


@app.command
def failed(*, retry: bool = False, limit: int = 50, common: Common = COMMON) -> None:
    """What followed from a post, a follow, … and failed again and again: show it, oldest first, with the reasons.

    --retry has those shown tried anew, by the server that runs or the next one. What waits for a newer version of
    Chirrup, which knows its kind, is shown too, and acted on by itself once that runs.
    """
    from .ids import ms_of
    from .store import outbox

    table = Table("id", "since", "what", "why")
    with _database(common.settings()) as db:
        shown = db.write_now(outbox.failures, limit)
        for one in [*shown, *db.write_now(outbox.newer, limit)]:
            table.add_row(str(one.id), _date(ms_of(one.id)), escape(one.body[:200]), escape(one.reason))
        if retry:
            db.write_now(outbox.put_back, [one.id for one in shown])
    console.print(table)


@app.command
def jobs(
    ids: Annotated[
        list[int] | None, Parameter(negative=(), help="Jobs to show, each with all that is known of it.")
    ] = None,
    /,
    *,
    kind: Annotated[str, Parameter(help="Only of this kind.")] = "",
    state: Annotated[Literal["waiting", "running", "set-aside"] | None, Parameter(help="Only in this state.")] = None,
    retry: Annotated[
        bool, Parameter(negative=(), help="Have them tried anew, at once and with all their tries.")
    ] = False,
    drop: Annotated[bool, Parameter(negative=(), help="Have them never done.")] = False,
    limit: Annotated[int, Parameter(help="At most so many, the oldest first.")] = 20,
    common: Common = COMMON,
) -> None:
    """What waits to be done outside or later: mails, webhooks, timed work, reactions that failed. Alone: how many.

    A job that fails is tried again by the schedule of its kind, and is set aside after its last try. Once what was
    wrong is mended: chirrup jobs --state set-aside --retry, or by id. --retry and --drop without ids mean those set
    aside, unless --state says otherwise. Jobs that run are left alone.
    """
    from . import jobs as work
    from .errors import SettingsError
    from .store import jobs as rows

    if retry and drop:
        raise SettingsError("expected one of --retry and --drop")
    if (retry or drop) and not ids and state is None:
        state = "set-aside"
    with _database(common.settings()) as db:
        if not ids and not kind and state is None:
            return work.count(db, console)
        found = work.find(db, ids or [], kind=kind, state=(state or "").replace("-", "_"), limit=limit)
        if retry or drop:
            changed = db.write_now(rows.retry if retry else rows.drop, [one.id for one in found])
            console.print(f"{changed:,} jobs {'are tried anew' if retry else 'were dropped'}.")
        elif len(found) == 1 and ids:
            work.show_one(found[0], console)
        else:
            work.show(found, console, limit=limit)


@app.command
def backup(to: Path, *, common: Common = COMMON) -> None:
    """Copy the database and the uploads to the new folder TO, while the server runs."""
    from . import backup as copy

    copy.make(common.settings(), to, console)


@app.command(name="load")
def load_(
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
    from . import load as loading

    with _database(common.settings(), new=True) as db:
        loading.run(db, loading.Plan(accounts, follows, posts, synthetic, follows_each, seed), console)


@app.command
def demo(*, port: int = 3000, common: Common = COMMON) -> None:
    """A small lively network to look at: people, follows, threads, boosts. Runs the server on data of its own."""
    from . import demo as show
    from .app import serve as run

    settings = common.settings(port=port, data=common.data or Path("data-demo"), kit_page=True)
    with _database(settings, new=True) as db:
        show.fill(db, console)
    run(settings, console)


@mail.command
def test(address: str, *, common: Common = COMMON) -> None:
    """Send a mail to ADDRESS, at once, and say what the mail server answers."""
    import asyncio
    import secrets
    import time

    from . import folder
    from .app import open_mailer
    from .mail import message

    settings = common.settings()
    folder.prepare(settings)
    head = message.letterhead(settings)
    mailer = open_mailer(settings)
    words = message.Words(
        f"A mail from {head.title}",
        (f"{head.url} can send you mail: this one was sent with `chirrup mail test`.",),
    )
    made = message.compose(head, address, words, id=f"test-{secrets.token_hex(8)}", now_ms=int(time.time() * 1000))
    asyncio.run(mailer.send(made))
    if settings.mail:
        console.print(f"The mail server took a mail for {address}.")
    else:
        console.print(
            f"The mail lies in {settings.data / 'mail' / made.id}.eml: no mail server is set.", soft_wrap=True
        )


@user.command
def create(
    name: str,
    *,
    email: Annotated[str, Parameter(help="To log in with; nothing is sent there.")],
    admin: Annotated[bool, Parameter(help="May use /api/v1/admin/* and see what administrators see.")] = False,
    token: Annotated[str, Parameter(help='Also make a token with these scopes ("read write …") and print it.')] = "",
    secret: Secret = SECRET,
    common: Common = COMMON,
) -> None:
    """Make an account NAME with its user. With --token, the access token is the only line printed on stdout.

    The password, of 8 to 128 characters, is asked for, unless it is given.
    """
    from . import folder
    from .access import passwords, sites
    from .social import accounts
    from .types import Role

    settings = common.settings()
    name, _, host = name.partition("@")
    own = sites.own(settings)
    personal = (name, email, host or own.domain, own.title)
    hashed = passwords.Passwords(testing=settings.testing).hash(secret.read(), personal=personal)
    role = Role.ADMIN if admin else Role.USER
    with _database(settings, new=True) as db:
        org_id = _org_at(db, host)
        account = db.write_now(accounts.create, accounts.SignUp(name, email, hashed, role=role, org_id=org_id))
        if token:
            print(db.write_now(_issue_token, account.id, token, org_id))
        else:
            file = folder.sqlite_file(settings)
            where = file.resolve() if file else "PostgreSQL"
            console.print(f"@{account.username} can log in with {email}. The account is in {where}.", soft_wrap=True)


def _issue_token(tx: Any, account_id: int, asked: str, org_id: int) -> str:
    from .access import apps, scopes, tokens

    wanted = scopes.tidy(asked)
    made, _ = apps.register(tx, "chirrup command line", ["urn:ietf:wg:oauth:2.0:oob"], wanted, "", org_id=org_id)
    return tokens.issue(tx, account_id, made.id, wanted)[1]


@user.command(name="list")
def list_(*, limit: int = 50, common: Common = COMMON) -> None:
    """The newest accounts with what they are."""
    from .ids import ID_MAX, ms_of
    from .store import accounts as rows

    table = Table("name", "e-mail", "since", "state")
    with _database(common.settings()) as db:
        for account in db.write_now(rows.page, before=ID_MAX, limit=limit):
            person = db.write_now(rows.user, account.id)
            state = ["suspended"] if account.suspended_ms else []
            state += [person.role] if person and person.role else []
            table.add_row(
                f"@{account.username}", person.email if person else "", _date(ms_of(account.id)), ", ".join(state)
            )
    console.print(table)


@user.command
def suspend(name: str, *, undo: bool = False, common: Common = COMMON) -> None:
    """Hide account NAME and all it said, and log it out everywhere. --undo brings it back."""
    from .access import logins
    from .social import accounts

    def operation(tx: Any, account_id: int) -> None:
        accounts.suspend(tx, account_id, suspended=not undo)
        if not undo:
            logins.end_all_access(tx, account_id)

    with _database(common.settings()) as db:
        db.write_now(operation, _find(db, name))
    console.print(f"@{name} is {'back' if undo else 'suspended'}.")


@user.command
def logout(
    name: str = "",
    *,
    everybody: Annotated[bool, Parameter(help="All accounts and all apps.")] = False,
    common: Common = COMMON,
) -> None:
    """Log account NAME out everywhere: sessions, apps, tokens. After PostgreSQL was restored: --everybody.

    A database that was restored brings back what had ended since. `chirrup backup` makes copies in which nobody is
    logged in; other tools do not.
    """
    from . import backup
    from .access import logins
    from .errors import SettingsError

    if bool(name) == everybody:
        raise SettingsError("expected one of: an account's name, or --everybody")
    with _database(common.settings()) as db:
        if everybody:
            console.print(
                f"{backup.log_everybody_out(db, console):,} accounts are logged out everywhere, and all apps."
            )
        else:
            db.write_now(logins.end_all_access, _find(db, name))
            console.print(f"@{name} is logged out everywhere.")


@user.command
def history(name: str, *, common: Common = COMMON) -> None:
    """What administrators did to account NAME over the API, oldest first."""
    from .ids import ms_of
    from .store import accounts, moderation

    table = Table("when", "who", "did", "why")
    with _database(common.settings()) as db:
        entries = db.write_now(moderation.log_of, _find(db, name))
        actors = db.write_now(accounts.by_ids, {entry.actor_id for entry in entries})
        for entry in entries:
            table.add_row(
                _date(ms_of(entry.id)), f"@{actors[entry.actor_id].username}", entry.action, escape(entry.words)
            )
    console.print(table)


@user.command(name="reset-password")
def reset_password(name: str, *, secret: Secret = SECRET, common: Common = COMMON) -> None:
    """Give account NAME a new password, which is asked for unless it is given; it is logged out everywhere."""
    from .access import logins, passwords

    settings = common.settings()
    hashed = passwords.Passwords(testing=settings.testing).hash(secret.read())
    with _database(settings) as db:
        db.write_now(logins.set_password, _find(db, name), hashed)
    console.print(f"@{name} has a new password.")


def _find(db: Database, name: str) -> int:
    from .errors import SettingsError
    from .social import accounts
    from .store import accounts as rows

    username, _, host = name.removeprefix("@").partition("@")
    key = accounts.name_key(_org_at(db, host), username)
    id = db.write_now(rows.ids_by_names, [key]).get(key)
    if not id:
        raise SettingsError(f"there is no account {name!r}; `chirrup user list` shows those there are")
    return id


def _org_at(db: Database, host: str) -> int:
    """The organisation at this host; 0: host is "". Raises SettingsError."""
    from .errors import SettingsError
    from .store import orgs

    id = db.write_now(orgs.id_by_host, host.lower()) if host else 0
    if host and not id:
        raise SettingsError(f"there is no organisation at {host!r}; `chirrup org list` shows those there are")
    return id


@org.command(name="create")
def create_org(
    name: str,
    *,
    host: Annotated[str, Parameter(help="Where its people find it, such as social.acme.example.")],
    title: Annotated[str, Parameter(help="What its pages and apps call it (default: NAME).")] = "",
    closed: Annotated[bool, Parameter(help="Nothing is shown there without a login.")] = False,
    common: Common = COMMON,
) -> None:
    """Make an organisation NAME with a site of its own at --host: names, posts and searches of its own.

    Nothing crosses between it and the server's own network, or another organisation. Let the web server send
    requests for the host here, with their Host; make the first account with `chirrup user create ann@HOST --admin`.

    All processes of the server must run a version of Chirrup that knows organisations.
    """
    from .access import sites
    from .orgs import organisations

    settings = common.settings()
    own = sites.own(settings)
    with _database(settings, new=True) as db:
        made = db.write_now(organisations.create, name, host, title=title, closed=closed, own_host=own.domain.lower())
    url = sites.of_org(settings, made).base_url
    console.print(f"{made.name} is at {url}{', closed' if closed else ''}.", highlight=False, soft_wrap=True)
    console.print(f"Next: chirrup user create ann@{made.host} --email … --admin", highlight=False, soft_wrap=True)


@org.command(name="list")
def list_orgs(*, common: Common = COMMON) -> None:
    """Every organisation, the oldest first: its name, its host, since when, whether it is closed."""
    from .ids import ms_of
    from .orgs import organisations

    table = Table("name", "host", "title", "since", "state")
    with _database(common.settings()) as db:
        for one in db.write_now(organisations.every):
            state = "closed" if one.closed else ""
            table.add_row(one.name, one.host, escape(one.title), _date(ms_of(one.id)), state)
    console.print(table)


@org.command(name="close")
def close_org(name: str, *, undo: bool = False, common: Common = COMMON) -> None:
    """From now on organisation NAME shows nothing without a login, and nobody signs up there. --undo opens it.

    Nobody is logged out and nothing is deleted. It takes a second to be seen everywhere.
    """
    from .errors import NotFound, SettingsError
    from .orgs import organisations

    with _database(common.settings()) as db:
        try:
            db.write_now(organisations.close, name, closed=not undo)
        except NotFound as error:
            raise SettingsError(
                f"there is no organisation {name!r}; `chirrup org list` shows those there are"
            ) from error
    console.print(f"{name} is {'open' if undo else 'closed'}.", highlight=False)


def _date(ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def main() -> None:
    """Run the command line; a ChirrupError is printed as a sentence."""
    try:
        app()
    except ChirrupError as error:
        complain.print(f"[bold red]chirrup:[/] {error.message}", highlight=False, soft_wrap=True)  # paths stay whole
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
