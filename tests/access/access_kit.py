"""Accounts and apps for tests of access."""

import base64
import hashlib

import msgspec

from chirrup.access import codes
from chirrup.access.passwords import Passwords
from chirrup.events import AccessEnded
from chirrup.store import accounts, outbox
from chirrup.types import Account, User

URI = "https://app.example/callback"
VERIFIER = "a-verifier-of-at-least-forty-three-letters.~_"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()

passwords = Passwords(testing=True)


def insert_person(tx, name: str = "ann", **changes) -> int:
    """An account that may log in as name@town.example with the password `secret of <name>`; changes: of its User."""
    id = tx.new_id(len(name) * 100)
    accounts.insert(tx, Account(id, name, "", "", "[]", "", "", "", 0, 0, 1, 0, 1, tx.now_ms, 0))
    accounts.claim_name(tx, name, id)
    accounts.claim_email(tx, f"{name}@town.example", id)
    user = User(
        account_id=id,
        email=f"{name}@town.example",
        password_hash=passwords.hash(f"secret of {name}"),
        role="",
        confirmed_ms=tx.now_ms,
        approved=1,
        disabled=0,
        locale="en",
        post_visibility="public",
        post_sensitive=0,
        post_language="",
    )
    accounts.insert_user(tx, msgspec.structs.replace(user, **changes))
    return id


async def agreed(db, account_id: int, client, **changes) -> str:
    """A code for an app, after consent."""
    parameters = {"client_id": client.app.client_id, "redirect_uri": URI, "response_type": "code"} | changes
    return await db.write(codes.issue, account_id, await db.read(lambda tx: codes.ask(tx, **parameters)))


async def redeem(db, client, code, *, redirect_uri=URI, verifier=""):
    return await db.write(codes.redeem, client, code, redirect_uri=redirect_uri, verifier=verifier)


async def ended(db) -> list[AccessEnded]:
    """The AccessEnded events, oldest first."""
    leased = await db.write(outbox.lease, 100)
    return [each.event for each in leased if isinstance(each.event, AccessEnded)]
