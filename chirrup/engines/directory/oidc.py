"""A provider of OpenID Connect: Core 1.0, Discovery 1.0, Back-Channel Logout 1.0, with PKCE (RFC 7636)."""

from collections.abc import Collection
from typing import Any

from ...errors import NotProven, Refused
from ...ports import OutgoingHttp
from ...ports.directory import Attempt, Finding
from ...types.directory import Oidc, Person
from . import oidc_check
from .oidc_remote import About, OAuthAnswer, Remote, Tokens, address_of, decoded
from .oidc_tokens import check_login, check_logout, claims_of, subject_of, text_in


class OidcProvider:
    def __init__(self, settings: Oidc, secret: str, outgoing: OutgoingHttp, trusted: Collection[str]) -> None:
        self._settings = settings
        self._remote = Remote(settings, secret, outgoing, trusted)

    async def begin(self, attempt: Attempt) -> str:
        return address_of(self._settings, await self._remote.about(), attempt)

    async def finish(self, attempt: Attempt, code: str, issuer: str) -> Person:
        if issuer and issuer != self._settings.issuer:
            raise NotProven("this answer is from another provider, {issuer!r}", issuer=issuer[:100])
        about = await self._remote.about()
        answer = await self._remote.redeem(about, attempt, code)
        if answer.status != 200:
            told = decoded(answer, OAuthAnswer)
            if told.error == "invalid_grant":
                raise NotProven("the login took too long, or was used already")
            raise Refused(f"it does not say who logged in: {told.error} {told.error_description}".strip())
        tokens = decoded(answer, Tokens)
        claims = claims_of(tokens.id_token, await self._remote.key(tokens.id_token), self._settings)
        check_login(claims, attempt.nonce)
        return self._person(await self._more(about, claims, tokens.access_token) | claims)

    async def logged_out(self, token: str) -> str:
        claims = claims_of(token, await self._remote.key(token), self._settings)
        check_logout(claims)
        return subject_of(claims)

    async def check(self, redirect_uri: str) -> list[Finding]:
        return await oidc_check.check(self._remote, redirect_uri)

    async def _more(self, about: About, claims: dict[str, Any], access_token: str) -> dict[str, Any]:
        """What the token does not say. An address is verified by whoever names it, so both come from one place."""
        chosen = self._settings
        wanted = {"email", "name", chosen.username, chosen.groups, chosen.directory_id}
        if wanted <= claims.keys() or not about.userinfo_endpoint or not access_token:
            return {}
        told = await self._remote.user_info(about, access_token, claims["sub"])
        if "email" in claims:
            told.pop("email_verified", None)
        return told

    def _person(self, claims: dict[str, Any]) -> Person:
        groups = claims.get(self._settings.groups, [])
        elsewhere = claims.get("_claim_names")  # Core 1.0, 5.6.2: Entra's, where there are too many for a token
        is_elsewhere = isinstance(elsewhere, dict) and self._settings.groups in elsewhere
        return Person(
            issuer=self._settings.issuer,
            subject=claims["sub"],
            username=text_in(claims, self._settings.username),
            name=text_in(claims, "name"),
            email=text_in(claims, "email"),
            email_verified=claims.get("email_verified") is True,
            directory_id=text_in(claims, self._settings.directory_id),
            groups=None if is_elsewhere else tuple(map(str, groups if isinstance(groups, list) else [groups])),
        )
