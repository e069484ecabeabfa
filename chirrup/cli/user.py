"""`chirrup user`: accounts and who logs in to them."""

from typing import Annotated, Any, Literal

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import SettingsError
from ..ports import Database
from .audit import who
from .common import COMMON, SECRET, Common, Secret, console, date, opened_database, org_at

StaffRole = Literal["moderator", "admin", "owner"]

commands = cyclopts.App(
    name="user",
    help="""Make, list, suspend users; log them out; give them a new password.

    NAME is ann, or ann@social.acme.example for an account of the organisation at that host.""",
)


@commands.command
def create(
    name: str,
    *,
    email: Annotated[str, Parameter(help="To log in with; nothing is sent there.")],
    admin: Annotated[bool, Parameter(help="The same as --role admin: may use all of /api/v1/admin/*.")] = False,
    role: Annotated[StaffRole | None, Parameter(help="Who looks after the server; see chirrup user role.")] = None,
    token: Annotated[str, Parameter(help='Also make a token with these scopes ("read write …") and print it.')] = "",
    secret: Secret = SECRET,
    common: Common = COMMON,
) -> None:
    """Make an account NAME with its user. With --token, the access token is the only line printed on stdout.

    The password, of 8 to 128 characters, is asked for, unless it is given.
    """
    from .. import folder
    from ..access import passwords, sites
    from ..social import accounts
    from ..types import Role

    settings = common.settings()
    name, _, host = name.partition("@")
    own = sites.own(settings)
    personal = (name, email, host or own.domain, own.title)
    hashed = passwords.Passwords(testing=settings.testing).hash(secret.read(), personal=personal)
    given = Role(role or ("admin" if admin else ""))
    with opened_database(settings, new=True) as db:
        org_id = org_at(db, host)
        account = db.write_now(accounts.create, accounts.SignUp(name, email, hashed, role=given, org_id=org_id))
        if token:
            print(db.write_now(_issue_token, account.id, token, org_id))
        else:
            file = folder.sqlite_file(settings)
            where = file.resolve() if file else "PostgreSQL"
            console.print(f"@{account.username} can log in with {email}. The account is in {where}.", soft_wrap=True)


def _issue_token(tx: Any, account_id: int, asked: str, org_id: int) -> str:
    from ..access import apps, scopes, tokens

    wanted = scopes.tidy(asked)
    made, _ = apps.register(tx, "chirrup command line", ["urn:ietf:wg:oauth:2.0:oob"], wanted, "", org_id=org_id)
    return tokens.issue(tx, account_id, made.id, wanted)[1]


@commands.command(name="role")
def role_(name: str, role: str, *, common: Common = COMMON) -> None:
    """Say what account NAME may do, beside what everybody may, from now on.

    ROLE: moderator, admin, owner, none, or one of `chirrup role list`. A moderator handles reports and accounts. An
    admin may do all that there is. Everybody acts on those below: an owner on admins, too. The last owner stays one.
    """
    from ..social import staff

    with opened_database(common.settings()) as db:
        db.write_now(staff.give_role, find(db, name), "" if role == "none" else role)
    console.print(f"@{name} is {'an account like others' if role == 'none' else role} now.", highlight=False)


@commands.command(name="list")
def list_(*, limit: int = 50, common: Common = COMMON) -> None:
    """List the newest accounts, with role and state."""
    from ..ids import ID_MAX, ms_of
    from ..store import accounts as rows

    table = Table("name", "e-mail", "since", "state")
    with opened_database(common.settings()) as db:
        for account in db.write_now(rows.page, before=ID_MAX, limit=limit):
            person = db.write_now(rows.user, account.id)
            state = ["suspended"] if account.suspended_ms else []
            state += [person.role] if person and person.role else []
            table.add_row(
                f"@{account.username}", person.email if person else "", date(ms_of(account.id)), ", ".join(state)
            )
    console.print(table)


@commands.command
def suspend(name: str, *, undo: bool = False, common: Common = COMMON) -> None:
    """Hide account NAME with all its posts, and log it out everywhere. --undo brings it back within thirty days.

    After thirty days its posts and files are deleted.
    """
    from ..social import moderation

    with opened_database(common.settings()) as db:
        id, org_id = find(db, name), org_at(db, name.removeprefix("@").partition("@")[2])
        if undo:
            db.write_now(moderation.undo, 0, id, "unsuspend", org_id=org_id)
        else:
            db.write_now(moderation.act, 0, id, moderation.Decision("suspend"), org_id=org_id)
    console.print(f"@{name} is {'back' if undo else 'suspended'}.")


@commands.command
def logout(
    name: str = "",
    *,
    everybody: Annotated[bool, Parameter(help="All accounts and all apps.")] = False,
    common: Common = COMMON,
) -> None:
    """Log account NAME out everywhere: sessions, apps and tokens end. --everybody: all accounts.

    A restored database has sessions that ended after the copy was made. `chirrup backup` makes copies in which nobody
    is logged in; other tools do not. After a restore with another tool, run this with --everybody.
    """
    from ..access import logins
    from ..backup import make

    if bool(name) == everybody:
        raise SettingsError("expected one of: an account's name, or --everybody")
    with opened_database(common.settings()) as db:
        if everybody:
            console.print(f"{make.log_everybody_out(db, console):,} accounts are logged out everywhere, and all apps.")
        else:
            db.write_now(logins.end_all_access, find(db, name))
            console.print(f"@{name} is logged out everywhere.")


@commands.command
def history(name: str, *, common: Common = COMMON) -> None:
    """List what staff did to account NAME, the oldest first. `chirrup audit` lists all that staff did."""
    from ..social import audit
    from ..store import accounts

    table = Table("when", "who", "did", "why")
    with opened_database(common.settings()) as db:
        org_id = org_at(db, name.removeprefix("@").partition("@")[2])
        entries = db.write_now(audit.about, org_id, find(db, name), 1000)[::-1]
        actors = db.write_now(accounts.by_ids, {entry.actor_id for entry in entries} - {0})
        for one in entries:
            table.add_row(date(one.at_ms), who(actors, one.actor_id), one.action, escape(one.words))
    console.print(table)


@commands.command(name="reset-password")
def reset_password(name: str, *, secret: Secret = SECRET, common: Common = COMMON) -> None:
    """Give account NAME a new password, and log it out everywhere. Without options it asks for the password."""
    from ..access import logins, passwords

    settings = common.settings()
    hashed = passwords.Passwords(testing=settings.testing).hash(secret.read())
    with opened_database(settings) as db:
        db.write_now(logins.set_password, find(db, name), hashed)
    console.print(f"@{name} has a new password.")


@commands.command(name="end-second-factor")
def end_second_factor(name: str, *, common: Common = COMMON) -> None:
    """Turn off the second factor of account NAME. For an owner who has lost both the app and the recovery codes.

    Make sure who asks you: afterwards the password alone is enough to log in. The owner gets a mail about it.
    """
    from ..access import second_factor

    with opened_database(common.settings()) as db:
        was_on = db.write_now(second_factor.turn_off, find(db, name), by_operator=True)
    console.print(f"@{name} has no second factor {'now: the password is enough' if was_on else 'on'}.")


def find(db: Database, name: str) -> int:
    from ..social import accounts
    from ..store import accounts as rows

    username, _, host = name.removeprefix("@").partition("@")
    key = accounts.name_key(org_at(db, host), username)
    id = db.write_now(rows.ids_by_names, [key]).get(key)
    if not id:
        raise SettingsError(f"there is no account {name!r}; `chirrup user list` shows those there are")
    return id
