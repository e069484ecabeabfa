"""Logging in, in three steps, because hashing must not hold up a transaction:

    login = await db.read(logins.look_up, email=…)
    ok = await asyncio.to_thread(passwords.matches, login.password_hash, password)
    cookie = await db.write(logins.open_session, login, user_agent)      # if ok, else wrong()

Also what follows when a password changes.
"""

import msgspec

from ..errors import Unauthorised
from ..events import AccessEnded
from ..ports import Tx
from ..store import accounts
from ..store import sessions as session_rows
from ..store import tokens as token_rows
from ..types import Standing, Token
from . import links, sessions, tokens


class Login(msgspec.Struct, frozen=True):
    """Somebody whose password is to be checked; account_id 0 and hash "" when there is nobody of that name."""

    account_id: int = 0
    password_hash: str = ""


def look_up(tx: Tx, *, email: str = "", username: str = "") -> Login:
    """By one of the two, in its normal form (accounts.email_key, text.username_key)."""
    if not (email or username).isprintable():  # PostgreSQL takes no NUL
        return Login()
    id = accounts.id_by_email(tx, email) if email else accounts.ids_by_names(tx, [username]).get(username, 0)
    user = accounts.user(tx, id) if id else None
    return Login(user.account_id, user.password_hash) if user else Login()


def of_account(tx: Tx, account_id: int) -> Login:
    """For asking somebody who is logged in for the password again."""
    user = accounts.user(tx, account_id)
    return Login(user.account_id, user.password_hash) if user else Login()


def wrong() -> Unauthorised:
    """The one answer to a wrong password and to a name that nobody has."""
    return Unauthorised("Invalid e-mail address or password.")


def open_session(tx: Tx, login: Login, user_agent: str = "", *, rehashed: str = "") -> str:
    """Log in; the cookie. rehashed: from Passwords.rehashed, stored in passing.

    Raises Unauthorised (the password was changed meanwhile), Forbidden (disabled, suspended, unconfirmed …).
    """
    _claim(tx, login, rehashed)
    return sessions.start(tx, login.account_id, user_agent)


def open_token(tx: Tx, login: Login, app_id: int, granted: str) -> tuple[Token, str]:
    """The same for OAuth's password grant, which only test servers offer. Raises as open_session."""
    _claim(tx, login)
    return tokens.issue(tx, login.account_id, app_id, granted)


def _claim(tx: Tx, login: Login, rehashed: str = "") -> None:
    new_hash = rehashed or login.password_hash
    if not session_rows.change_password(tx, login.account_id, old_hash=login.password_hash, new_hash=new_hash):
        raise wrong()
    user, account = accounts.user(tx, login.account_id), accounts.by_id(tx, login.account_id)
    if user is None or account is None:
        raise wrong()
    tokens.admit(Standing(user.role, user.confirmed_ms, user.approved, user.disabled, account.suspended_ms))


def change_password(tx: Tx, login: Login, new_hash: str, *, keep: str = "") -> None:
    """New password for somebody who proved the old one; everything else that was logged in is logged out.

    keep: Viewer.token_id of the one who changes it. Raises Unauthorised: it was changed meanwhile.
    """
    if not session_rows.change_password(tx, login.account_id, old_hash=login.password_hash, new_hash=new_hash):
        raise wrong()
    end_all_access(tx, login.account_id, keep=keep)


def set_password(tx: Tx, account_id: int, new_hash: str) -> None:
    """New password by an administrator; everybody who was logged in is logged out."""
    session_rows.set_password(tx, account_id, new_hash)
    end_all_access(tx, account_id)


def end_all_access(tx: Tx, account_id: int, *, keep: str = "") -> None:
    """Every token, session, code and reset link of the account but the one with id keep. Role changes want this too."""
    session_rows.delete_links_of_account(tx, account_id, links.RESET)
    token_rows.delete_codes_of_account(tx, account_id)  # first: whoever exchanges one now ends before the next line
    ended = token_rows.delete_of_account(tx, account_id, keep=keep)
    ended += session_rows.delete_of_account(tx, account_id, keep=keep)
    if not keep:
        tx.emit(AccessEnded(account_id, []))
    elif ended:
        tx.emit(AccessEnded(account_id, ended))


def end_access_of_all(tx: Tx, first: int, last: int) -> int:
    """The same for everybody in buckets first to last, and for apps' own tokens; how many had any."""
    holders = token_rows.holders(tx, first, last) - {0}
    for account_id in holders:
        end_all_access(tx, account_id)
    token_rows.delete_of_apps(tx, first, last)
    return len(holders)


def reset_password(tx: Tx, link: str, new_hash: str) -> int:
    """New password by a link from links.ask_reset; the account. Raises Invalid: the link is dead."""
    account_id = links.follow(tx, link, links.RESET)
    set_password(tx, account_id, new_hash)
    return account_id
