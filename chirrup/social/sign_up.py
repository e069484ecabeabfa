"""Sign up: the one way in, for programs and for pages. Accounts made by an administrator: accounts.create()."""

import asyncio
from collections.abc import Callable, Collection
from typing import TypeVar

import msgspec

from ..access import addresses, domains, emails, limits
from ..access.caller import Caller
from ..access.passwords import Passwords
from ..errors import Invalid, InvalidSignUp, NotAllowed, too_long
from ..events import SignedUp
from ..ports import Tx
from ..types import User
from . import accounts, bans, text

REASON_CHARS_MAX = 500
T = TypeVar("T")


class Wanted(msgspec.Struct, frozen=True):
    username: str
    email: str
    password: str
    locale: str = "en"
    reason: str = ""  # why they want to come in, where staff decide that
    app_id: int = 0  # with which they sign up; 0: on a page


async def sign_up(
    caller: Caller,
    passwords: Passwords,
    wanted: Wanted,
    enter: Callable[[Tx, User], T],
    *,
    wrong: Collection[Invalid] = (),
    admit: Callable[[Tx, accounts.SignUp], accounts.SignUp] | None = None,
) -> T:
    """What enter makes for the new account, in the transaction that makes the account: a session or a token.

    Where addresses are to be confirmed, the account may be used once that is done; where staff let people in, once they
    have done so.
    wrong: what the edge has found by itself. admit: what lets them in, whatever the site says about sign-ups; it counts
    itself how many come (orgs/invitations.py).
    Raises NotAllowed: no new accounts are taken, or none from this address; TooMany; InvalidSignUp: all that is wrong.
    """
    if not (admit or caller.site.registrations):
        raise NotAllowed("this server takes no new accounts")
    address = emails.key_of(wanted.email)[: accounts.EMAIL_CHARS_MAX]
    rules = () if admit else limits.SIGN_UP
    by_domain = caller.site.by_domain and not admit  # then the address must be shown, whatever the server asks for
    await caller.throttle(rules, address=address)
    try:
        password_hash = await asyncio.to_thread(hashed, caller, passwords, wanted, wrong)
        account = accounts.SignUp(
            wanted.username,
            wanted.email,
            password_hash,
            locale=wanted.locale[:16],
            confirmed=not (caller.settings.must_confirm or by_domain),
            org_id=caller.site.org_id,
            pending=caller.site.approval,
            reason=text.clean(wanted.reason).strip(),
            ip=addresses.known(caller.ip),
            app_id=wanted.app_id,
        )
        return await caller.write(_create, account, enter, admit or (_of_domain if by_domain else None))
    except bans.Banned:
        await caller.write(bans.count_try, caller.site.org_id, wanted.email, addresses.known(caller.ip))
        raise
    except Invalid:
        await caller.give_back(rules, address=address)
        raise


def confirm_again(tx: Tx, account_id: int, email: str = "") -> None:
    """emails.ask_again(), where the organisation has not banned the address. Raises as that; Invalid.

    Who was let in for an address of the organisation's domain, and has not shown it, may have another one of these.
    """
    if email:
        user = accounts.user(tx, account_id)
        bans.check_email(tx, user.org_id, email)
        if not user.confirmed_ms and domains.proved(tx, user.org_id, user.email):
            domains.check(tx, user.org_id, email)
    emails.ask_again(tx, account_id, email)


def want_address(tx: Tx, account_id: int, email: str, password_hash: str) -> None:
    """emails.change_wanted(), likewise. Raises Invalid."""
    bans.check_email(tx, accounts.user(tx, account_id).org_id, email)
    emails.change_wanted(tx, account_id, email, password_hash)


def hashed(caller: Caller, passwords: Passwords, wanted: Wanted, wrong: Collection[Invalid] = ()) -> str:
    """The password as it is kept. Takes a while. Raises InvalidSignUp."""
    problems = accounts.check_username(wanted.username) + accounts.check_email(wanted.email)
    try:
        personal = (wanted.username, wanted.email, caller.site.domain, caller.site.title)
        passwords.check(wanted.password, personal=personal)
    except Invalid as problem:
        problems.append(problem)
    if len(wanted.reason) > REASON_CHARS_MAX:
        problems.append(too_long("reason", REASON_CHARS_MAX, len(wanted.reason)))
    problems += wrong
    if problems:
        raise InvalidSignUp(problems)
    return passwords.hash(wanted.password)


def _create(
    tx: Tx,
    wanted: accounts.SignUp,
    enter: Callable[[Tx, User], T],
    admit: Callable[[Tx, accounts.SignUp], accounts.SignUp] | None,
) -> T:
    waits = bans.check_sign_up(tx, wanted.org_id, wanted.email, wanted.ip)
    wanted = msgspec.structs.replace(wanted, pending=wanted.pending or waits)
    if admit:
        wanted = admit(tx, wanted)
    account = accounts.create(tx, wanted, tells_addresses=wanted.proven)
    tx.emit(SignedUp(account.id))
    return enter(tx, accounts.user(tx, account.id))


def _of_domain(tx: Tx, wanted: accounts.SignUp) -> accounts.SignUp:
    """Raises InvalidSignUp: the address is of no domain of the organisation's."""
    try:
        domains.check(tx, wanted.org_id, wanted.email)
    except Invalid as problem:
        raise InvalidSignUp([problem]) from problem
    return wanted
