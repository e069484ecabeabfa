"""What people do about what they are logged in with: app passwords, browsers, apps. Their organisation's log has it.

Whoever gets hold of an account makes a way in, or shuts the owner out: afterwards the log tells when.
"""

from ..access import app_passwords, sessions, tokens
from ..ports import Tx
from ..store import accounts as rows
from ..types import Token, Viewer
from . import audit


def make_app_password(
    tx: Tx, account_id: int, name: str, granted: str, *, by: Viewer | None = None
) -> tuple[Token, str]:
    """As app_passwords.make()."""
    made, text = app_passwords.make(tx, account_id, name, granted, by=by)
    note(tx, account_id, "make app password", f"{made.name}: {made.scopes}")
    return made, text


def end_app_password(tx: Tx, account_id: int, id: str) -> None:
    """As app_passwords.end()."""
    name = next((one.name for one in app_passwords.of_account(tx, account_id) if one.id == id), "")
    app_passwords.end(tx, account_id, id)
    note(tx, account_id, "end app password", name)


def end_session(tx: Tx, account_id: int, session_id: str) -> None:
    """As sessions.end_known()."""
    sessions.end_known(tx, account_id, session_id)
    note(tx, account_id, "end session")


def end_other_sessions(tx: Tx, account_id: int, *, keep: str) -> None:
    """All of the account's but keep."""
    sessions.end_all(tx, account_id, keep=keep)
    note(tx, account_id, "end other sessions")


def revoke_app(tx: Tx, account_id: int, app_id: int) -> None:
    """As tokens.revoke_app()."""
    name = next((app.name for app, _ in tokens.let_in(tx, account_id) if app.id == app_id), "")
    tokens.revoke_app(tx, account_id, app_id)
    if name:
        note(tx, account_id, "revoke app", name)


def note(tx: Tx, account_id: int, action: str, words: str = "") -> None:
    if account := rows.by_id(tx, account_id):
        audit.note(tx, account.org_id, account_id, action, "account", account_id, account.username, words)
