"""What a provider of OpenID Connect is asked: about itself, its keys, who has logged in."""

import base64
import hashlib
import time
from collections.abc import Collection
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from joserfc.jwk import Key

from ...errors import NotProven, Refused, Unreachable
from ...ports import Fetched, OutgoingHttp
from ...ports.directory import Attempt
from ...types.directory import Oidc
from . import oidc_tokens

WITHIN_S = 5.0  # somebody waits before a browser
FRESH_S = 3600.0  # what it says of itself, and its keys
AGAIN_S = 60.0  # its keys are read again for one that is not known, so often at most
T = TypeVar("T")


class About(msgspec.Struct, frozen=True):
    """What a provider says of itself (Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] | None = None
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    scopes_supported: tuple[str, ...] = ()


class Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class OAuthAnswer(msgspec.Struct, frozen=True):
    """RFC 6749, 5.2."""

    error: str = ""
    error_description: str = ""


class Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class Remote:
    """One provider. Errors: Unreachable, Refused, NotProven (ports/directory.py)."""

    def __init__(self, settings: Oidc, secret: str, outgoing: OutgoingHttp, trusted: Collection[str]) -> None:
        self.settings = settings
        self._secret, self._outgoing, self._trusted = secret, outgoing, frozenset(trusted)
        self._about: tuple[float, About] | None = None
        self._keys: tuple[float, list[Key]] | None = None
        self._looked_at = -AGAIN_S  # for a key that was not among them

    async def about(self) -> About:
        """As it was last, while it is away."""
        if self._about and time.monotonic() < self._about[0] + FRESH_S:
            return self._about[1]
        try:
            about = await self.discover()
        except Unreachable:
            if self._about is None:
                raise
            return self._about[1]
        self._about = time.monotonic(), about
        return about

    async def discover(self) -> About:
        at = f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration"
        answer = await self.fetch(at)
        if answer.status != 200:
            raise Unreachable(f"{at} answers {answer.status}")
        about = decoded(answer, About)
        if about.issuer != self.settings.issuer:
            raise Refused(f"it calls itself {about.issuer[:200]!r}")
        self.check_secure(about.authorization_endpoint)
        return about

    async def key(self, token: str) -> Key | None:
        """That of the token. For one that is not known its keys are read again, but not again and again."""
        now = time.monotonic()
        read_at, keys = self._keys or (-FRESH_S, [])
        found = oidc_tokens.fitting(keys, token)
        is_new = found is None and now >= self._looked_at + AGAIN_S
        if now < read_at + FRESH_S and not is_new:
            return found
        if is_new and self._keys:
            self._looked_at = now
        keys = await self.read_keys(await self.about())
        self._keys = now, keys
        return oidc_tokens.fitting(keys, token)

    async def read_keys(self, about: About) -> list[Key]:
        answer = await self.fetch(about.jwks_uri)
        if answer.status != 200:
            raise Unreachable(f"{about.jwks_uri} answers {answer.status}")
        return oidc_tokens.keys_of(decoded(answer, Keys).keys)

    async def redeem(self, about: About, attempt: Attempt, code: str) -> Fetched:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": attempt.redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        id = self.settings.client_id
        if self._secret and "client_secret_basic" in about.token_endpoint_auth_methods_supported:
            pair = f"{quote(id, safe='')}:{quote(self._secret, safe='')}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": id} | ({"client_secret": self._secret} if self._secret else {})
        return await self.fetch(about.token_endpoint, method="POST", headers=headers, body=urlencode(form).encode())

    async def user_info(self, about: About, access_token: str, subject: str) -> dict[str, Any]:
        """What it tells of the subject beside the token."""
        answer = await self.fetch(about.userinfo_endpoint, headers={"Authorization": f"Bearer {access_token}"})
        if answer.status != 200:
            raise Unreachable(f"{about.userinfo_endpoint} answers {answer.status}")
        told = decoded(answer, dict[str, Any])
        if told.get("sub") != subject:  # Core 1.0, 5.3.2
            raise NotProven("it tells about somebody else than its token does")
        return told

    def check_secure(self, url: str) -> None:
        parts = urlsplit(url)
        is_trusted = not self._trusted.isdisjoint({parts.hostname or "", parts.netloc.lower()})
        if parts.scheme != "https" and not (parts.scheme == "http" and is_trusted):
            raise Refused(f"{url[:200]} is not https")

    async def fetch(self, url: str, **wanted: Any) -> Fetched:
        self.check_secure(url)
        return await self._outgoing.fetch(url, redirects=0, within_s=WITHIN_S, **wanted)


def decoded(answer: Fetched, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError as error:
        if answer.status >= 500:
            raise Unreachable(f"{answer.url} answers {answer.status}") from error
        raise Refused(f"{answer.url} does not answer as OpenID Connect has it ({answer.status}): {error}") from error


def address_of(settings: Oidc, about: About, attempt: Attempt, **more: str) -> str:
    """Where the browser goes."""
    asked = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": attempt.redirect_uri,
        "scope": " ".join(settings.scopes),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge_of(attempt.verifier),
        "code_challenge_method": "S256",
        **({"prompt": "login"} if attempt.again else {}),
        **more,
    }
    at = about.authorization_endpoint
    return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}"


def challenge_of(verifier: str) -> str:
    """RFC 7636, 4.2."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
