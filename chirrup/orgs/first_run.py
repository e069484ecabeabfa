"""The first run of a site: its first owner, what it is called, and what kind of place it is. Once, by whoever has the
machine: a link that the server prints when it starts, or `chirrup setup`. Why: docs/decisions/0063-first-run.md.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ..access import secret, sites
from ..access.caller import Caller
from ..access.passwords import Passwords
from ..config import Settings
from ..errors import Forbidden, Invalid, InvalidFields, NotFound
from ..ports import Tx
from ..social import accounts, sign_up
from ..store import members
from ..store import orgs as rows
from ..store import sessions as link_rows
from ..types import Account, Role, User
from . import settings as chosen

FIRST = "first"  # the purpose of the link
LIFE_MS = 7 * 24 * 3600 * 1000
CHOICES: dict[str, dict[str, Any]] = {  # kind -> what is chosen for it; each can be changed at any time
    "town": {"closed": False, "registrations": "open"},
    "company": {"closed": True, "registrations": "invitation"},
    "me": {"closed": False, "registrations": "closed"},
}
T = TypeVar("T")


class Taken(Forbidden):
    """There are people who look after the site already."""

    code = "taken"


class FirstOwner(msgspec.Struct, frozen=True):
    kind: str
    title: str  # "": as it is
    username: str
    email: str
    password_hash: str


def is_fresh(tx: Tx, org_id: int) -> bool:
    """Nobody looks after it yet."""
    return not members.staff(tx, org_id, 1)


def offer(tx: Tx, org_id: int) -> str:
    """The secret of a link that makes the first owner, beside those of before. "": somebody looks after it."""
    if not is_fresh(tx, org_id):
        return ""
    text = secret.new(org_id)
    expires_ms = tx.now_ms + LIFE_MS
    link_rows.insert_link(tx, secret.digest(text), org_id, purpose=FIRST, email="", expires_ms=expires_ms)
    return text


def path(text: str) -> str:
    """Of the page that the link leads to."""
    return f"/first/{text}"


def check(tx: Tx, text: str, org_id: int) -> None:
    """Raises NotFound: the link is dead, another site's, or no longer needed."""
    bucket, id = secret.locate(text)
    if link_rows.owner_of_link(tx, bucket, id, FIRST) != org_id or not is_fresh(tx, org_id):
        raise NotFound("link")


async def begin(
    caller: Caller, passwords: Passwords, text: str, wanted: FirstOwner, password: str, enter: Callable[[Tx, User], T]
) -> T:
    """Uses the link up. What enter makes for the new owner, in the transaction that makes the account.

    wanted: without password_hash. Raises NotFound (the link); InvalidFields: all that is wrong with the account.
    """
    given = sign_up.Wanted(wanted.username, wanted.email, password)
    hashed = await asyncio.to_thread(sign_up.hashed, caller, passwords, given)
    owner = msgspec.structs.replace(wanted, password_hash=hashed)
    return await caller.write(_begin, caller.settings, caller.site.org_id, text, owner, enter)


def _begin(tx: Tx, settings: Settings, org_id: int, text: str, wanted: FirstOwner, enter: Callable[[Tx, User], T]) -> T:
    check(tx, text, org_id)
    account = found(tx, settings, org_id, wanted)
    return enter(tx, accounts.user(tx, account.id))


def found(tx: Tx, settings: Settings, org_id: int, wanted: FirstOwner) -> Account:
    """The first owner, whose address needs no confirmation. Raises Taken, InvalidFields."""
    if wanted.kind not in CHOICES:
        raise Invalid("kind", "unknown", "must be one of {known}", known=", ".join(CHOICES))
    if not org_id:
        rows.put_own(tx)
    rows.lock(tx, org_id)  # of two at once the second finds an owner
    if not is_fresh(tx, org_id):
        raise Taken("Somebody looks after this site already. `chirrup user role` makes others owners.")
    fixed = {} if org_id else sites.said(settings)
    choice = CHOICES[wanted.kind] | ({"title": wanted.title} if wanted.title.strip() else {})
    problems = list[Invalid]()
    try:
        chosen.change(tx, settings, org_id, 0, {name: one for name, one in choice.items() if name not in fixed})
    except InvalidFields as error:
        problems += error.problems
    owner = accounts.SignUp(wanted.username, wanted.email, wanted.password_hash, role=Role.OWNER, org_id=org_id)
    try:
        account = accounts.create(tx, owner)
    except InvalidFields as error:
        raise InvalidFields([*problems, *error.problems]) from error
    if problems:
        raise InvalidFields(problems)
    link_rows.delete_links_of_account(tx, org_id, FIRST)
    return account
