"""Authorization codes: what an app asks for, the code it gets, the token it makes of it (RFC 6749, 7636, 9700)."""

import base64
import hashlib
import hmac
import re

import msgspec

from ..errors import NotFound, OAuthError
from ..ids import bucket_of
from ..ports import Tx
from ..store import tokens as rows
from ..types import App, Code, Token
from . import apps, redirects, scopes, secret, tokens
from .apps import Client

LIFE_MS = 10 * 60 * 1000  # RFC 6749, 4.1.2: at most ten minutes
REPLAY_MS = 24 * 60 * 60 * 1000  # how long after that a second use still ends the token made by the first

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of a SHA-256
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, 4.1


class Asked(msgspec.Struct, frozen=True):
    """A request to /oauth/authorize that has been checked; what the consent page shows and then grants."""

    app: App
    redirect_uri: str
    scopes: str
    challenge: str  # PKCE S256, "" for none
    state: str


def ask(
    tx: Tx,
    *,
    client_id: str,
    redirect_uri: str,
    response_type: str,
    scope: str = "",
    state: str = "",
    code_challenge: str = "",
    code_challenge_method: str = "",
) -> Asked:
    """Check what an app asks for; parameters as they came, "" for those that did not.

    Raises OAuthError. Show it on a page: anybody can register an app, so redirecting errors to its URI would make
    this server a tool for sending people to places of a stranger's choice (RFC 9700, 4.11.2).
    """
    app = apps.find(tx, client_id)
    if not redirects.is_registered(redirect_uri, app.redirect_uris.split("\n")):
        raise OAuthError(
            "invalid_request", "The redirect URI included is not valid: it must be one that the app has registered."
        )
    if response_type != "code":
        raise OAuthError("unsupported_response_type")
    _check_challenge(app, code_challenge, code_challenge_method)
    return Asked(app, redirect_uri, scopes.grantable(app, scope), code_challenge, state)


def _check_challenge(app: App, challenge: str, method: str) -> None:
    if not challenge and not method:
        if not app.secret_hash:
            raise OAuthError("invalid_request", "An app without a secret must send a code_challenge (PKCE, S256).")
    elif method != "S256":
        raise OAuthError("invalid_request", "The code_challenge_method must be S256.")
    elif not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "The code_challenge must be 43 letters: BASE64URL(SHA256(code_verifier)).")


def issue(tx: Tx, account_id: int, asked: Asked) -> str:
    """The code that says: account_id agreed to this."""
    text = secret.new(account_id)
    code = Code(
        id=secret.digest(text),
        account_id=account_id,
        app_id=asked.app.id,
        scopes=asked.scopes,
        redirect_uri=asked.redirect_uri,
        challenge=asked.challenge,
        expires_ms=tx.now_ms + LIFE_MS,
        used_ms=0,
        token_id="",
    )
    rows.insert_code(tx, code)
    return text


def check_shown(tx: Tx, account_id: int, text: str) -> None:
    """Raises NotFound: account_id has no such code to type into an app that cannot be redirected to."""
    code = rows.code(tx, *secret.locate(text))
    if code is None or code.account_id != account_id or code.redirect_uri != redirects.OUT_OF_BAND:
        raise NotFound("code")
    if code.used_ms or code.expires_ms <= tx.now_ms:
        raise NotFound("code")


def redeem(
    tx: Tx, client: Client, text: str, *, redirect_uri: str, verifier: str = ""
) -> tuple[Token, str] | OAuthError:
    """The token for a code, and its secret. One attempt: whatever the outcome, the code is used up.

    A refusal is returned, not raised, because what is raised rolls back: the code must stay used, and when it comes
    a second time, the token made from it the first time must stay dead.
    """
    bucket, id = secret.locate(text)
    code = rows.use_code(tx, bucket, id)
    if code is None:
        used = rows.code(tx, bucket, id)
        if used and used.token_id:
            tokens.end(tx, used.account_id, used.app_id, used.token_id)
        return OAuthError("invalid_grant")
    if code.app_id != client.app.id or code.redirect_uri != redirect_uri or code.expires_ms <= tx.now_ms:
        return OAuthError("invalid_grant")
    if not _proves(verifier, code.challenge):
        return OAuthError("invalid_grant")
    if not client.proven and not code.challenge:
        return OAuthError("invalid_client")
    token, token_text = tokens.issue(tx, code.account_id, code.app_id, code.scopes)
    rows.bind_code(tx, bucket_of(code.account_id), code.id, token.id)
    return token, token_text


def _proves(verifier: str, challenge: str) -> bool:
    """A challenge needs its verifier; without one, a verifier means that somebody took the challenge out."""
    if not challenge:
        return not verifier
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
