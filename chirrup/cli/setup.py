"""`chirrup setup`: the first run, on the command line."""

import sys
from typing import Annotated

from cyclopts import Parameter

from ..errors import SettingsError
from ..types import SiteKind
from .common import COMMON, SECRET, Common, Secret, console, opened_database, org_at

KINDS = {
    "town": "everybody may read, and whoever wants to signs up",
    "company": "nothing is shown without a login, and people come by invitation",
    "me": "everybody may read; nobody else signs up",
}


def setup(
    *,
    kind: Annotated[SiteKind | None, Parameter(help="What it will be: a town, a company, or for just me.")] = None,
    title: Annotated[str | None, Parameter(help="What pages and apps call it.")] = None,
    name: Annotated[str | None, Parameter(help="Your username: the first owner.")] = None,
    email: Annotated[str | None, Parameter(help="Your e-mail address.")] = None,
    link: Annotated[bool, Parameter(help="Print a link instead, to do it once in a browser within a week.")] = False,
    host: Annotated[str, Parameter(help="Of an organisation; else it is the server's own network.")] = "",
    secret: Secret = SECRET,
    common: Common = COMMON,
) -> None:
    """Begin: what this place is, what it is called, and its first owner. Asks for what is not given, in a terminal.

    It can be done once. Whoever is an owner makes others owners, and changes all of it in a browser at /org/settings.
    """
    from ..access import passwords, sites
    from ..orgs import first_run

    settings = common.settings()
    with opened_database(settings, new=True) as db:
        org_id = org_at(db, host)
        site = db.write_now(sites.at, settings, org_id)
        if not db.write_now(first_run.is_fresh, org_id):
            raise SettingsError(f"somebody looks after {site.domain} already: an owner changes it at /org/settings")
        if link:
            print(site.base_url + first_run.path(db.write_now(first_run.offer, org_id)))
            return
        kind = kind or _asked_kind()
        title = _asked(f"What is it called? [{site.title}]", "--title") if title is None else title
        name = name or _asked("Your username:", "--name")
        email = email or _asked("Your e-mail address:", "--email")
        personal = (name, email, site.domain, title)
        hashed = passwords.Passwords(testing=settings.testing).hash(secret.read(), personal=personal)
        owner = first_run.FirstOwner(kind, title, name.removeprefix("@"), email, hashed)
        made = db.write_now(first_run.found, settings, org_id, owner)
    console.print(f"@{made.username} looks after {site.base_url} now. Log in there with {email}.", soft_wrap=True)


def _asked_kind() -> SiteKind:
    """Raises SettingsError."""
    if sys.stdin.isatty():
        for one, words in KINDS.items():
            console.print(f"  {one}: {words}", highlight=False)
    answer = _asked("What will it be: town, company or me?", "--kind").lower()
    for one in ("town", "company", "me"):
        if answer == one:
            return one
    raise SettingsError(f"expected town, company or me; got {answer[:20]!r}")


def _asked(question: str, option: str) -> str:
    """Raises SettingsError: nobody can be asked."""
    if not sys.stdin.isatty():
        raise SettingsError(f"there is nobody to ask: give {option}")
    print(question, end=" ", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip()
