"""Sessions of the built-in pages: a cookie stands for a login. Rows are in store/sessions.py.

The cookie never opens /api, which needs a token. Forms carry csrf_token(cookie) in a hidden field.
"""

import hashlib
import hmac
import re
import secrets

import msgspec

from ..errors import Forbidden, NotFound, Unauthorised
from ..events import AccessEnded
from ..ports import Tx
from ..store import sessions as rows
from ..store import tokens as token_rows
from ..types import AccountKind, Session, Viewer
from . import codes, scopes, secret, tokens

LIFE_MS = 30 * 24 * 60 * 60 * 1000  # after the last visit
STALE_MS = 24 * 60 * 60 * 1000  # a visit is stored once a day, not at every click
FRESH_MS = 10 * 60 * 1000
USER_AGENT_CHARS_MAX = 200
SIGN_BYTES = 16
TOKEN = re.compile("[0-9a-f]{64}")


class Visit(msgspec.Struct, frozen=True):
    """The viewer of a request. stale: call extend() in a transaction of its own, and send the cookie again.

    limited: staff have closed or suspended the account; it may only see why, and appeal.
    """

    viewer: Viewer
    stale: bool
    limited: bool = False


def start(tx: Tx, account_id: int, user_agent: str = "") -> str:
    """A new session; its secret is the cookie. Only after the password was checked: see logins.open_session()."""
    text = secret.new(account_id)
    shown = "".join(c for c in user_agent if c.isprintable())[:USER_AGENT_CHARS_MAX]
    rows.insert(tx, Session(secret.digest(text), account_id, tx.now_ms, tx.now_ms, tx.now_ms + LIFE_MS, shown))
    return text


def find(tx: Tx, text: str, org_id: int = 0, *, even_limited: bool = False) -> Visit:
    """Who sent this cookie; the viewer may do all that the account may.

    Raises Unauthorised (unknown, ended, expired, of another site), Forbidden (unapproved …; disabled or suspended,
    unless even_limited).
    """
    found = rows.find(tx, *secret.locate(text))
    if found is None or found[1].org_id != org_id:
        raise Unauthorised("Your session has ended. Log in again.")
    session, standing = found
    tokens.admit(standing, even_limited=even_limited)
    viewer = Viewer(
        session.account_id,
        scopes.ALL,
        token_id=session.id,
        role=standing.role,
        org_id=org_id,
        is_guest=standing.kind == AccountKind.GUEST,
        compliance=bool(standing.compliance_by_id),
    )
    stale = session.seen_ms + STALE_MS <= tx.now_ms
    return Visit(viewer, stale=stale, limited=tokens.is_limited(standing))


def extend(tx: Tx, text: str) -> None:
    """The session was used today: it lives LIFE_MS from now."""
    rows.extend(tx, *secret.locate(text), expires_ms=tx.now_ms + LIFE_MS)


def of_account(tx: Tx, account_id: int) -> list[Session]:
    """The account's sessions, last used first."""
    return rows.of_account(tx, account_id)


def is_fresh(tx: Tx, account_id: int, session_id: str) -> bool:
    """Whether this session began a moment ago: who is there has just shown who they are."""
    began = next((one.created_ms for one in rows.of_account(tx, account_id) if one.id == session_id), 0)
    return tx.now_ms < began + FRESH_MS


def end(tx: Tx, account_id: int, session_id: str) -> None:
    """Log out. session_id: Viewer.token_id, or another session of the account. May be repeated."""
    if rows.delete(tx, account_id, session_id):
        tx.emit(AccessEnded(account_id, [session_id]))


def end_known(tx: Tx, account_id: int, session_id: str) -> None:
    """end() for who is told whether it was there. Raises NotFound: the account has none with this id."""
    if session_id not in {one.id for one in rows.of_account(tx, account_id)}:
        raise NotFound("session", session_id)
    end(tx, account_id, session_id)


def end_all(tx: Tx, account_id: int, *, keep: str = "") -> None:
    """End all sessions of the account except the id keep. Tokens stay: see logins.end_all_access()."""
    ended = rows.delete_of_account(tx, account_id, keep=keep)
    if ended:
        tx.emit(AccessEnded(account_id, ended))


def visitor() -> str:
    """A cookie for a visitor without a login, so that the login form has a csrf_token too."""
    return secrets.token_urlsafe(32)


def csrf_token(cookie: str) -> str:
    """The token in forms shown to the holder of this cookie; different each time. It reveals nothing about the cookie.

    It is a random mask, and the cookie's signature xor the mask. Pages are compressed, so a constant signature could be
    guessed letter by letter from the size of the page (BREACH).
    """
    mask = secrets.token_bytes(SIGN_BYTES)
    return (mask + _under(mask, _sign(cookie))).hex()


def _sign(cookie: str) -> bytes:
    return bytes.fromhex(form_token(cookie, "csrf"))[:SIGN_BYTES]


def _under(mask: bytes, sign: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(mask, sign, strict=True))


def form_token(cookie: str, purpose: str) -> str:
    """A form's proof that a page of ours was shown to the holder of this cookie for this purpose."""
    return hmac.new(cookie.encode("utf-8", "replace"), purpose.encode(), hashlib.sha256).hexdigest()


def check_csrf(cookie: str, sent: str) -> None:
    """Raises Forbidden: the form is not ours, or belongs to another session."""
    token = bytes.fromhex(sent) if TOKEN.fullmatch(sent) else bytes(2 * SIGN_BYTES)
    if not cookie or not hmac.compare_digest(_under(token[:SIGN_BYTES], token[SIGN_BYTES:]), _sign(cookie)):
        raise Forbidden(
            "This page is older than your login, so nothing was done. Reload it, or send what stands here again."
        )


def sweep(tx: Tx) -> int:
    """Delete expired sessions, links and codes; returns how many. For a timer, a few times an hour."""
    return (
        rows.delete_expired(tx)
        + rows.delete_links_expired(tx)
        + token_rows.delete_codes_expired(tx, tx.now_ms - codes.REPLAY_MS)
    )
