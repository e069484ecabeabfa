"""`chirrup member`: who is a member of an organisation, and what each may do. Browsers have it at /org/members."""

from typing import Annotated

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..ports import Tx
from .common import COMMON, Common, console, date, opened_database, org_at
from .user import find

commands = cyclopts.App(
    name="member",
    help="""Members: who joins, stops being one, comes back, and what they may do.

    NAME is ann, or ann@social.acme.example for a member of the organisation at that host.

    Somebody leaves the company: `chirrup member deactivate ann`. They are logged out everywhere at once; what they
    said stays, and so does their name. `chirrup user suspend` is for people who break the rules: it hides what they
    said.""",
)
STEP = 200


@commands.command(name="list")
def list_(
    *,
    words: Annotated[str, Parameter(help="In the name or the address.")] = "",
    state: Annotated[str, Parameter(help="active, pending, disabled, suspended or deactivated.")] = "",
    role: Annotated[str, Parameter(help="moderator, admin, owner or one of the site's own.")] = "",
    host: Annotated[str, Parameter(help="Of the organisation at this host (default: the server's own network).")] = "",
    common: Common = COMMON,
) -> None:
    """List the members, the newest first: name, address, since when, role, state."""
    from ..ids import ID_MAX, ms_of
    from ..orgs import members
    from ..types import AccountKind, Span

    table = Table("name", "e-mail", "since", "role", "state")
    with opened_database(common.settings()) as db:
        org_id, before = org_at(db, host), ID_MAX
        while found := db.write_now(
            members.find, org_id, Span(before=before, limit=STEP), words=words, role=role or None, state=state
        ):
            for account, user in found:
                of_kind = "guest" if account.kind == AccountKind.GUEST else escape(user.role)
                names = f"@{account.username}", escape(user.email), date(ms_of(account.id))
                table.add_row(*names, of_kind, members.state_of((account, user)))
            before = found[-1][0].id
    console.print(table)


@commands.command
def add(
    name: str,
    email: str,
    *,
    display_name: str = "",
    role: Annotated[str, Parameter(help="moderator, admin, owner or one of the site's own.")] = "",
    common: Common = COMMON,
) -> None:
    """Make a member NAME, whose address EMAIL is known to be theirs.

    They have no password: they log in at the company's provider, or choose one at /forgot, by a mail to EMAIL.
    `chirrup org invite` sends an invitation instead, and lets them choose their name.
    """
    from ..access import sites
    from ..orgs import members
    from ..social import staff

    settings = common.settings()
    username, _, host = name.removeprefix("@").partition("@")
    with opened_database(settings) as db:
        org_id = org_at(db, host)

        def operation(tx: Tx) -> str:
            made = members.join(tx, org_id, members.Joining(username, email, display_name=display_name))
            if role:
                staff.give_role(tx, made.id, role)
            return made.username

        made, site = db.write_now(operation), db.write_now(sites.at, settings, org_id)
    console.print(
        f"@{made} is a member. Without a provider they choose a password at {site.base_url}/forgot",
        highlight=False,
        soft_wrap=True,
    )


@commands.command
def deactivate(name: str, *, common: Common = COMMON) -> None:
    """Member NAME is one no longer: logged out everywhere at once, and nobody can log in.

    Name and posts stay; a room that only they managed is somebody else's. `chirrup member reactivate` brings them back.
    """
    from ..orgs import members

    with opened_database(common.settings()) as db:
        db.write_now(members.deactivate, find(db, name))
    console.print(f"@{name} is deactivated.", highlight=False)


@commands.command
def reactivate(name: str, *, common: Common = COMMON) -> None:
    """NAME is a member again, with the role and the password of before."""
    from ..orgs import members

    with opened_database(common.settings()) as db:
        db.write_now(members.reactivate, find(db, name))
    console.print(f"@{name} is a member again.", highlight=False)


@commands.command(name="role")
def role_(name: str, role: str, *, common: Common = COMMON) -> None:
    """Say what member NAME may do from now on. ROLE: moderator, admin, owner, none, or one of `chirrup role list`."""
    from ..social import staff

    with opened_database(common.settings()) as db:
        db.write_now(staff.give_role, find(db, name), "" if role == "none" else role)
    console.print(f"@{name} has {'no role' if role == 'none' else f'the role {role}'} now.", highlight=False)


@commands.command
def guest(name: str, *, undo: bool = False, common: Common = COMMON) -> None:
    """Make member NAME a guest, who sees the rooms that they are in and nothing else. --undo makes them a member."""
    from ..orgs import members

    with opened_database(common.settings()) as db:
        db.write_now(members.set_guest, find(db, name), 0, guest=not undo)
    console.print(f"@{name} is a {'member' if undo else 'guest'}.", highlight=False)


@commands.command
def rooms(
    name: str,
    *,
    to: Annotated[str, Parameter(help="The member who manages them from now on, and is in them.")] = "",
    common: Common = COMMON,
) -> None:
    """List the rooms that member NAME manages. --to hands them all on, and NAME stays in them as others do."""
    from ..orgs import rooms

    with opened_database(common.settings()) as db:
        account_id = find(db, name)
        if to:
            found = db.write_now(rooms.hand_over_to, account_id, find(db, to))
        else:
            found = db.write_now(rooms.managed_by, account_id)
    for one in found:
        console.print(f"@{one.username}", highlight=False)
    if to:
        console.print(f"@{to} manages {len(found)} {'room' if len(found) == 1 else 'rooms'} of @{name} now.")


@commands.command(name="hand-over")
def hand_over(owner: str, name: str, *, common: Common = COMMON) -> None:
    """Member NAME is the owner instead of OWNER, who has no role any more."""
    from ..social import staff

    with opened_database(common.settings()) as db:
        db.write_now(staff.hand_over, find(db, owner), find(db, name))
    console.print(f"@{name} is the owner now; @{owner} has no role.", highlight=False)
