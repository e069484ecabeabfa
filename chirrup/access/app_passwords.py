"""App passwords: secrets that the owner of an account makes by hand, for a script or an old program.

Each is a token with a name, so whatever ends tokens ends it. It comes as HTTP Basic, with the username, or as a token
does. The account's own password opens nothing but the pages.
"""

import base64
import unicodedata

from ..errors import Invalid, NotAllowed, NotFound, Unauthorised, not_among, too_long, too_many
from ..ports import Tx
from ..store import accounts
from ..types import Token, Viewer
from . import emails, scopes, tokens
from .tokens import Found

NAME_CHARS_MAX = 60
MOST = 100  # of an account


def make(tx: Tx, account_id: int, name: str, granted: str, *, by: Viewer | None = None) -> tuple[Token, str]:
    """A new one and its secret, which we do not keep. granted: a list of scopes.

    by: the app that makes it, within its own scopes, and with which it ends; None: the owner, after a proof.
    Raises Invalid; NotAllowed: an app password makes no other one.
    """
    if by and not by.app_id:
        raise NotAllowed("an app password makes no other one: use the page /settings/app-passwords")
    name = " ".join(name.split())
    if not name:
        raise Invalid("name", "blank", "can't be blank")
    if len(name) > NAME_CHARS_MAX:
        raise too_long("name", NAME_CHARS_MAX, len(name))
    if any(unicodedata.category(one) in ("Cc", "Cs") for one in name):
        raise Invalid("name", "not_text", "must not contain control characters")
    wanted = scopes.parse(granted)
    if not wanted:
        raise Invalid("scopes", "blank", "can't be blank")
    if by and not wanted <= by.scopes:
        raise not_among("scopes", sorted(by.scopes), granted)
    if len(of_account(tx, account_id)) >= MOST:
        raise too_many("app_passwords", MOST, MOST + 1)
    emails.access_changed(tx, account_id, emails.APP_PASSWORD)
    return tokens.issue(tx, account_id, by.app_id if by else 0, scopes.tidy(granted), name=name)


def of_account(tx: Tx, account_id: int) -> list[Token]:
    """The newest first."""
    return [one for one in tokens.of_account(tx, account_id) if one.name]


def end(tx: Tx, account_id: int, id: str) -> None:
    """Raises NotFound: the account has none with this id."""
    found = next((one for one in of_account(tx, account_id) if one.id == id), None)
    if found is None:
        raise NotFound("app password", id)
    tokens.end(tx, account_id, found.app_id, id)


def typed(credentials: str) -> tuple[str, str]:
    """(name, app password) of what follows "Basic". Raises Unauthorised."""
    try:
        name, found, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except ValueError:  # not base64, or not UTF-8
        name = found = secret = ""
    if not found:
        raise Unauthorised("The Authorization header must be 'Basic' and name:password in base64")
    return name, secret


def find(tx: Tx, name: str, text: str, org_id: int = 0, *, even_unconfirmed: bool = False) -> Found:
    """Who sent this name and app password. Raises as tokens.find(); Unauthorised says too that it is none."""
    try:
        found = tokens.look_up(tx, text, org_id, even_unconfirmed=even_unconfirmed)
    except Unauthorised:
        raise _wrong() from None
    account = accounts.by_id(tx, found.viewer.account_id) if found.is_app_password else None
    if account is None or account.username.casefold() != name.strip().removeprefix("@").partition("@")[0].casefold():
        raise _wrong()
    return found


def _wrong() -> Unauthorised:
    return Unauthorised(
        "This is no name with an app password of it. The password of the account itself is not accepted here: make an "
        "app password on the page /settings/app-passwords."
    )
