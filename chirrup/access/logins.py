"""Logging in, in three steps, because hashing must not keep a transaction open:

    login = await db.read(logins.look_up, email=…)
    ok = await asyncio.to_thread(passwords.matches, login.password_hash, password)
    cookie = await db.write(logins.open_session, login, user_agent)      # if ok, else wrong()

An account with a second factor needs a proof of that, too (second_factor.py): without one nothing opens.

Also changes of passwords, and what they end.
"""

import msgspec

from ..errors import Forbidden, Unauthorised
from ..events import AccessEnded
from ..ids import text_key
from ..ports import Tx
from ..store import accounts, hooks_in, invites, mail_prefs, scim
from ..store import sessions as session_rows
from ..store import tokens as token_rows
from ..types import Role, Standing, Token
from . import emails, links, passkeys, second_factor, sessions, tokens
from .passkeys import Answer
from .second_factor import Proof


class Login(msgspec.Struct, frozen=True):
    """The account whose password is to be checked. account_id 0 and hash "": no account has that name."""

    account_id: int = 0
    password_hash: str = ""


def look_up(tx: Tx, *, email: str = "", username: str = "", org_id: int = 0) -> Login:
    """By one of the two, in its normal form (emails.key_of, text.username_key)."""
    if not (email or username).isprintable():  # PostgreSQL takes no NUL
        return Login()
    id = _by_email(tx, org_id, email) if email else _by_name(tx, org_id, username)
    user = accounts.user(tx, id) if id else None
    return Login(user.account_id, user.password_hash) if user else Login()


def _by_email(tx: Tx, org_id: int, email: str) -> int:
    return accounts.id_by_email(tx, text_key(org_id, email))


def _by_name(tx: Tx, org_id: int, username: str) -> int:
    key = text_key(org_id, username)
    return accounts.ids_by_names(tx, [key]).get(key, 0)


def of_account(tx: Tx, account_id: int) -> Login:
    """The login of an account, to ask a person who is logged in for the password again."""
    user = accounts.user(tx, account_id)
    return Login(user.account_id, user.password_hash) if user else Login()


def wrong() -> Unauthorised:
    """The same answer for a wrong password and for an unknown name."""
    return Unauthorised("Invalid e-mail address or password.")


def rehash(tx: Tx, login: Login, rehashed: str) -> Login:
    """Store the same password in another form, from Passwords.rehashed(). The login as it is then.

    Raises Unauthorised: the password has changed meanwhile.
    """
    _claim(tx, login, rehashed)
    return Login(login.account_id, rehashed)


def open_session(
    tx: Tx, login: Login, user_agent: str = "", *, proof: Proof | None = None, owners_only: bool = False
) -> str:
    """Log in and return the cookie. Who is disabled or suspended gets one, too: to see why, and to appeal.

    owners_only: others log in where a directory knows them (Site.owners_only).
    Raises Unauthorised (the password has changed meanwhile), Forbidden (unconfirmed, deleted, no owner …),
    SecondFactorWanted (no proof, or not a right one).
    """
    _admit(tx, login, proof, even_limited=True, owners_only=owners_only)
    return sessions.start(tx, login.account_id, user_agent)


def open_by_passkey(tx: Tx, answer: Answer, user_agent: str = "", *, owners_only: bool = False) -> str:
    """Log in without a password: a passkey is two factors in one.

    Raises WrongPasskey (used already), and as open_session().
    """
    passkeys.use(tx, answer)
    _check_standing(tx, answer.account_id, even_limited=True, owners_only=owners_only)
    return sessions.start(tx, answer.account_id, user_agent)


def open_for(tx: Tx, account_id: int, user_agent: str = "") -> str:
    """Log in without a password of ours: a directory has said who it is.

    Raises Forbidden (deactivated, deleted …), SecondFactorWanted: the account has one here; open_session() follows.
    """
    _check_standing(tx, account_id, even_limited=True)
    second_factor.demand(tx, account_id, None)
    return sessions.start(tx, account_id, user_agent)


def open_token(tx: Tx, login: Login, app_id: int, granted: str, *, owners_only: bool = False) -> tuple[Token, str]:
    """The same for OAuth's password grant, which only test servers offer. It cannot ask for a second factor.

    Raises as open_session(), and Limited.
    """
    _admit(tx, login, owners_only=owners_only)
    return tokens.issue(tx, login.account_id, app_id, granted)


def _claim(tx: Tx, login: Login, new_hash: str) -> None:
    """Set the new hash; also locks the row, so that no other change comes in between."""
    if not session_rows.change_password(tx, login.account_id, old_hash=login.password_hash, new_hash=new_hash):
        raise wrong()


def _admit(
    tx: Tx, login: Login, proof: Proof | None = None, *, even_limited: bool = False, owners_only: bool = False
) -> None:
    _claim(tx, login, login.password_hash)
    _check_standing(tx, login.account_id, even_limited=even_limited, owners_only=owners_only)
    second_factor.demand(tx, login.account_id, proof)


def _check_standing(tx: Tx, account_id: int, *, even_limited: bool, owners_only: bool = False) -> None:
    user, account = accounts.user(tx, account_id), accounts.by_id(tx, account_id)
    if user is None or account is None:
        raise wrong()
    if owners_only and user.role != Role.OWNER:
        raise Forbidden("Here only owners log in with a password or a passkey: log in as the page says.")
    standing = Standing(
        user.role,
        user.confirmed_ms,
        user.approved,
        user.disabled,
        account.suspended_ms,
        deactivated_ms=user.deactivated_ms,
    )
    tokens.admit(standing, even_limited=even_limited and not user.gone_ms)


def change_password(tx: Tx, login: Login, new_hash: str, *, keep: str = "") -> None:
    """Set a new password after the old one was checked. All other logins of the account end.

    keep: Viewer.token_id of the login that changes it. Raises Unauthorised: the password has changed meanwhile.
    """
    _claim(tx, login, new_hash)
    emails.password_changed(tx, login.account_id)
    end_all_access(tx, login.account_id, keep=keep)


def set_password(tx: Tx, account_id: int, new_hash: str) -> None:
    """Set a new password without the old one. All logins of the account end, and its passkeys."""
    session_rows.set_password(tx, account_id, new_hash)
    passkeys.remove_all(tx, account_id)
    emails.password_changed(tx, account_id)
    end_all_access(tx, account_id)


def end_all_access(tx: Tx, account_id: int, *, keep: str = "") -> None:
    """End all tokens, sessions, codes, links and signed mail addresses of the account, except the id keep.

    For role changes too.
    """
    session_rows.delete_links_of_account(tx, account_id)
    token_rows.delete_codes_of_account(tx, account_id)  # first: whoever exchanges one now ends before the next line
    ended = token_rows.delete_of_account(tx, account_id, keep=keep)
    ended += session_rows.delete_of_account(tx, account_id, keep=keep)
    mail_prefs.end_addresses(tx, account_id)
    if not keep:
        tx.emit(AccessEnded(account_id, []))
    elif ended:
        tx.emit(AccessEnded(account_id, ended))


def end_access_of_all(tx: Tx, first: int, last: int) -> int:
    """The same for all accounts in buckets first to last, for apps' own tokens and for those of directories.
    Invitations are withdrawn, and hooks need another address.

    Returns how many accounts had any.
    """
    holders = token_rows.holders(tx, first, last) - {0}
    for account_id in holders:
        end_all_access(tx, account_id)
    token_rows.delete_of_apps(tx, first, last)
    scim.delete_tokens(tx, first, last)
    hooks_in.end_tokens(tx, first, last)
    invites.withdraw_all(tx, first, last)
    return len(holders)


def reset_password(tx: Tx, link: str, new_hash: str, org_id: int = 0) -> int:
    """Set a new password with a link of links.ask_reset(). Returns the account. Raises as links.follow()."""
    account_id = links.follow(tx, link, links.RESET, org_id=org_id).account_id
    set_password(tx, account_id, new_hash)
    return account_id
