"""Tokens of a provider: whose signature they have, and whether they are for us and for now.

joserfc checks signatures. What a token says is checked here, because each refusal has words of its own.
"""

import base64
import time
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from ...errors import NotProven
from ...types.directory import Oidc

SKEW_S = 60  # between the provider's clock and ours
LOGOUT_S = 300  # the age of a logout token
TEXT_CHARS_MAX = 255  # OpenID Connect Core 1.0, 2: of a subject
# Signatures with a public key. HS256 and its like would make the client's secret a key, and `none` is none.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
KINDS = {"R": "RSA", "P": "RSA", "ES": "EC", "Ed": "OKP"}  # how an algorithm begins -> the kind of its keys
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
CLOCKS = "look at the clocks of both servers"


def keys_of(told: list[dict[str, Any]]) -> list[Key]:
    """Those of a JWK set that signatures are checked with. Secrets are no such keys, whatever they are called."""
    keys: list[Key] = []
    for one in told:
        if one.get("kty") in KINDS.values() and one.get("use", "sig") == "sig":
            try:
                keys.append(JWKRegistry.import_key(one))
            except (JoseError, ValueError, TypeError):  # of a kind that is not known here
                continue
    return keys


def fitting(keys: list[Key], token: str) -> Key | None:
    """The key that the token names; if it names none, the only one of its kind. Raises NotProven."""
    head = _head(token)
    if kid := head.get("kid"):
        return next((key for key in keys if key.kid == kid), None)
    kind = KINDS.get(head["alg"][:2]) or KINDS[head["alg"][:1]]
    same = [key for key in keys if key.key_type == kind]
    return same[0] if len(same) == 1 else None


def _head(token: str) -> dict[str, Any]:
    """Not checked yet."""
    part = token.split(".", 1)[0]
    try:
        head = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise NotProven("its token cannot be read") from error
    if not isinstance(head, dict) or head.get("alg") not in ALGORITHMS:
        signed = head.get("alg") if isinstance(head, dict) else None
        raise NotProven("its token is signed with {alg!r}, which is not taken", alg=str(signed)[:40])
    return head


def claims_of(token: str, key: Key | None, settings: Oidc) -> dict[str, Any]:
    """What the token says, which the provider has signed for us, and not for another time. Raises NotProven."""
    if key is None:
        raise NotProven("its token is signed with a key that it does not show")
    try:
        claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, TypeError) as error:
        raise NotProven("its token is not signed as it must be: {why}", why=str(error)[:200]) from error
    if claims.get("iss") != settings.issuer:
        raise NotProven("its token is from another issuer, {issuer!r}", issuer=str(claims.get("iss"))[:100])
    audience = claims.get("aud")
    if settings.client_id not in (audience if isinstance(audience, list) else [audience]):
        raise NotProven("its token is for another client, {client!r}", client=str(audience)[:100])
    if claims.get("azp", settings.client_id) != settings.client_id:
        raise NotProven("its token was given to another client, {client!r}", client=str(claims["azp"])[:100])
    if not _is_time(claims.get("iat")):
        raise NotProven("its token does not say when it was made")
    if any(not _is_time(claims.get(name, 0)) or claims.get(name, 0) > time.time() + SKEW_S for name in ("iat", "nbf")):
        raise NotProven(f"its token is from the future: {CLOCKS}")
    if "exp" in claims and not (_is_time(claims["exp"]) and claims["exp"] > time.time() - SKEW_S):
        raise NotProven(f"its token has expired: {CLOCKS}")
    subject_of(claims)
    return claims


def check_login(claims: dict[str, Any], nonce: str) -> None:
    """Raises NotProven: it is no ID token of this login."""
    if claims.get("nonce") != nonce:
        raise NotProven("its token is for another login")
    if "exp" not in claims:
        raise NotProven("its token does not say when it expires")


def check_logout(claims: dict[str, Any]) -> None:
    """Raises NotProven: it is no logout token (Back-Channel Logout 1.0, 2.6), or an old one."""
    events = claims.get("events")
    if not isinstance(events, dict) or LOGOUT not in events or "nonce" in claims:
        raise NotProven("this is no logout token")
    if claims["iat"] < time.time() - LOGOUT_S:
        raise NotProven(f"its token has expired: {CLOCKS}")


def subject_of(claims: dict[str, Any]) -> str:
    """Raises NotProven."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= TEXT_CHARS_MAX or not subject.isprintable():
        raise NotProven("its token does not say who it is about")
    return subject


def text_in(claims: dict[str, Any], name: str) -> str:
    """ "": it is not there, or no text."""
    value = claims.get(name)
    return value.strip()[:TEXT_CHARS_MAX] if isinstance(value, str) and value.isprintable() else ""


def _is_time(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
