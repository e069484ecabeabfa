"""Apps, tokens and sign-up. https://docs.joinmastodon.org/methods/oauth/ and /methods/apps/

The pages for login and consent are in web/.
"""

import asyncio
import base64
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from ..access import apps, codes, emails, limits, logins, scopes, tokens
from ..access.apps import Client
from ..errors import Forbidden, Invalid, InvalidSignUp, OAuthError, SecondFactorWanted
from ..http.route import ANYONE, APP, CLIENT, SLOW, Route
from ..ports import Tx
from ..social import accounts
from ..social import sign_up as signing_up
from ..social.sign_up import Wanted
from ..types import App, Token, User
from . import entities, server_entities
from .call import Call
from .entities import Empty
from .server_entities import Application, CredentialApplication, UserInfo


class NewApp(msgspec.Struct, kw_only=True):
    client_name: str = ""
    redirect_uris: str | list[str] = ""
    scopes: str = ""
    website: str | None = None


async def create_app(call: Call, body: NewApp) -> CredentialApplication:
    app, secret = await call.write(
        apps.register,
        body.client_name,
        body.redirect_uris,
        body.scopes or "read",
        body.website or "",
        org_id=call.site.org_id,
    )
    return CredentialApplication(
        **msgspec.structs.asdict(_application(call, app)),
        client_id=app.client_id,
        client_secret=secret,
        client_secret_expires_at=0,
    )


async def verify_app(call: Call) -> Application:
    return _application(call, await call.read(apps.get, call.viewer.app_id))


def _application(call: Call, app: App) -> Application:
    uris = app.redirect_uris.split("\n")
    return Application(
        id=str(app.id),
        name=app.name,
        website=app.website or None,
        scopes=app.scopes.split(),
        redirect_uri=app.redirect_uris,
        redirect_uris=uris,
        vapid_key=call.engines.pusher.public_key,
    )


class TokenRequest(msgspec.Struct, kw_only=True):
    grant_type: str = ""
    client_id: str = ""
    client_secret: str = ""
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    scope: str = ""
    username: str = ""
    password: str = ""


async def token(call: Call, body: TokenRequest) -> server_entities.Token:
    client = await _client(call, body.client_id, body.client_secret)
    if body.grant_type == "authorization_code":
        made = await call.write(
            codes.redeem, client, body.code, redirect_uri=body.redirect_uri, verifier=body.code_verifier
        )
        if isinstance(made, OAuthError):
            call.services.auth.forget()  # a code used twice ends the token it made
            raise made
    elif body.grant_type == "client_credentials":
        made = await call.write(tokens.issue_to_app, client, body.scope)
    elif body.grant_type == "password" and call.settings.testing:
        made = await _by_password(call, client, body)
    else:
        raise OAuthError("unsupported_grant_type")
    return _token(*made)


async def _by_password(call: Call, client: Client, body: TokenRequest) -> tuple[Token, str]:
    """Only for tests: Mastodon 4.4 dropped it, and RFC 9700 forbids it."""
    login = await call.read(logins.look_up, email=emails.key_of(body.username), org_id=call.site.org_id)
    if not await asyncio.to_thread(call.services.passwords.matches, login.password_hash, body.password):
        raise OAuthError("invalid_grant")
    granted = scopes.grantable(client.app, body.scope)
    try:
        return await call.write(logins.open_token, login, client.app.id, granted, owners_only=call.site.owners_only)
    except SecondFactorWanted as error:
        words = "This account has a second factor, so apps are let in on its page: use the authorization code grant."
        raise OAuthError("invalid_grant", words) from error


async def _client(call: Call, client_id: str, client_secret: str) -> Client:
    """The client, by the body or by HTTP Basic (RFC 6749, 2.3.1). Raises OAuthError."""
    kind, _, value = call.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return await call.read(apps.identify, client_id, client_secret, call.site.org_id)
    try:
        id, _, secret = base64.b64decode(value.strip(), validate=True).decode().partition(":")
        id, secret = (unquote_plus(part, errors="strict") for part in (id, secret))
        return await call.read(apps.identify, id, secret, call.site.org_id)
    except ValueError as error:  # neither base64 nor UTF-8
        raise OAuthError("invalid_client", challenge="Basic") from error
    except OAuthError as error:
        raise OAuthError(error.error, error.message, challenge="Basic") from error


def _token(made: Token, secret: str) -> server_entities.Token:
    return server_entities.Token(
        access_token=secret, token_type="Bearer", scope=made.scopes, created_at=made.created_ms // 1000
    )


class RevokeRequest(msgspec.Struct, kw_only=True):
    client_id: str = ""
    client_secret: str = ""
    token: str = ""


async def revoke(call: Call, body: RevokeRequest) -> Empty:
    client = await _client(call, body.client_id, body.client_secret)
    if not client.proven and client.app.secret_hash:
        raise OAuthError("unauthorized_client")
    await call.write(tokens.revoke, client, body.token)
    call.services.auth.forget()
    return Empty()


async def userinfo(call: Call) -> UserInfo:
    """The claims of OpenID Connect Core 1.0, 5.3, for apps that only need to know who the user is."""
    account = msgspec.json.decode(await call.read(call.render.account, call.account_id), type=entities.Account)
    return UserInfo(
        iss=call.site.base_url,
        sub=account.uri,
        name=account.display_name,
        preferred_username=account.username,
        profile=account.url,
        picture=account.avatar,
    )


async def userinfo_by_post(call: Call) -> UserInfo:
    """OpenID Connect allows POST, too."""
    return await userinfo(call)


async def metadata(call: Call) -> dict[str, Any]:
    """RFC 8414."""
    base = call.site.base_url
    grants = ["authorization_code", "client_credentials"]
    return {
        "issuer": base,
        "service_documentation": "https://docs.joinmastodon.org/",
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "app_registration_endpoint": f"{base}/api/v1/apps",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "scopes_supported": sorted(scopes.ALL),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": [*grants, "password"] if call.settings.testing else grants,
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }


class SignUpRequest(msgspec.Struct, kw_only=True):
    username: str = ""
    email: str = ""
    password: str = ""
    agreement: bool = False
    locale: str = "en"
    reason: str = ""


async def sign_up(call: Call, body: SignUpRequest) -> server_entities.Token:
    """If addresses must be confirmed or staff let people in, the token works once that is done."""
    app_id = call.viewer.app_id
    wanted = Wanted(body.username, body.email, body.password, body.locale, body.reason, app_id)
    wrong: list[Invalid] = []
    if not body.email:
        wrong.append(Invalid("email", "invalid", "is invalid"))  # which Mastodon says besides
    if not body.agreement:
        wrong.append(Invalid("agreement", "accepted", "must be accepted"))

    def enter(tx: Tx, user: User) -> tuple[Token, str]:
        return tokens.issue(tx, user.account_id, app_id, apps.get(tx, app_id).scopes)

    return _token(*await signing_up.sign_up(call, call.services.passwords, wanted, enter, wrong=wrong))


class ResendBody(msgspec.Struct, kw_only=True):
    email: str = ""


async def resend_confirmation(call: Call, body: ResendBody) -> Empty:
    """email: the address to confirm instead. Test suites call it also for accounts with nothing to confirm."""
    if body.email and (wrong := accounts.check_email(body.email)):
        raise InvalidSignUp(wrong)
    user = await call.read(accounts.user, call.account_id)
    address = emails.key_of(body.email or user.email)
    await call.throttle(limits.CONFIRMATION, account=str(call.account_id), address=address)
    try:
        await call.write(signing_up.confirm_again, call.account_id, body.email)
    except Forbidden:
        if not call.settings.testing:
            raise
    return Empty()


ROUTES = [
    Route("POST", "/api/v1/apps", create_app, who=ANYONE, limits=limits.REGISTER_APP, when_closed=True),
    Route("GET", "/api/v1/apps/verify_credentials", verify_app, who=APP, when_closed=True),
    Route("POST", "/oauth/token", token, who=CLIENT, counted=False, cost=SLOW, limits=limits.TOKEN, when_closed=True),
    Route("POST", "/oauth/revoke", revoke, who=CLIENT, counted=False, when_closed=True),
    Route("GET", "/oauth/userinfo", userinfo, "profile", counted=False),
    Route("POST", "/oauth/userinfo", userinfo_by_post, "profile", counted=False),
    Route("GET", "/.well-known/oauth-authorization-server", metadata, who=ANYONE, counted=False, when_closed=True),
    Route("POST", "/api/v1/accounts", sign_up, "write:accounts", APP, cost=SLOW),
    Route("POST", "/api/v1/emails/confirmations", resend_confirmation, "write:accounts", even_unconfirmed=True),
]
