"""Authorization codes: what an app asks for, its code, and the token for that code (RFC 6749, 7636, 9700)."""

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
# for so long after the code's end, a second use still ends the token that the first use made
REPLAY_MS = 24 * 60 * 60 * 1000

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # base64url of a SHA-256
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636, 4.1


class Asked(msgspec.Struct, frozen=True):
    """A checked request to /oauth/authorize. The consent page shows it and then grants it."""

    app: App
    redirect_uri: str
    scopes: str
    challenge: str  # PKCE S256; "" for none
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
    org_id: int = 0,
) -> Asked:
    """Check what an app asks for. Parameters as they came; "" for absent ones.

    Raises OAuthError. Show the error on a page and do not redirect it: anybody can register an app, so a redirect would
    let a stranger use this server to send people anywhere (RFC 9700, 4.11.2).
    """
    app = apps.find(tx, client_id, org_id)
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
    """A code for what account_id has agreed to."""
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
    """Raises NotFound: account_id has no such code. For the page that shows a code to copy into an app."""
    code = rows.code(tx, *secret.locate(text))
    if code is None or code.account_id != account_id or code.redirect_uri != redirects.OUT_OF_BAND:
        raise NotFound("code")
    if code.used_ms or code.expires_ms <= tx.now_ms:
        raise NotFound("code")


def redeem(
    tx: Tx, client: Client, text: str, *, redirect_uri: str, verifier: str = ""
) -> tuple[Token, str] | OAuthError:
    """The token for a code, and the token's secret. The code is used up in any case.

    To another app, and so at another site, it is as if it had never been.

    A refusal is returned, not raised, because an exception rolls back. The code must stay used. When it comes a second
    time, the token of the first time must stay ended.
    """
    bucket, id = secret.locate(text)
    code = rows.use_code(tx, bucket, id, client.app.id)
    if code is None:
        used = rows.code(tx, bucket, id)
        if used and used.app_id == client.app.id and used.token_id:
            tokens.end(tx, used.account_id, used.app_id, used.token_id)
        return OAuthError("invalid_grant")
    if code.redirect_uri != redirect_uri or code.expires_ms <= tx.now_ms:
        return OAuthError("invalid_grant")
    if not _proves(verifier, code.challenge):
        return OAuthError("invalid_grant")
    if not client.proven and not code.challenge:
        return OAuthError("invalid_client")
    token, token_text = tokens.issue(tx, code.account_id, code.app_id, code.scopes)
    rows.bind_code(tx, bucket_of(code.account_id), code.id, token.id)
    return token, token_text


def _proves(verifier: str, challenge: str) -> bool:
    """Whether verifier fits challenge. A verifier without a challenge fails: an attacker removed the challenge."""
    if not challenge:
        return not verifier
    if not _VERIFIER.fullmatch(verifier):
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), challenge)
