"""OAuth clients. Anybody can register one, so nothing in them can be trusted."""

import hmac
import re
import secrets
import unicodedata
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from ..errors import Invalid, NotFound, OAuthError
from ..ids import random_bucket
from ..ports import Tx
from ..store import apps as rows
from ..types import App
from . import redirects, scopes, secret

NAME_CHARS_MAX = 60
WEBSITE_CHARS_MAX = 2000
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{43}")


class Client(msgspec.Struct, frozen=True):
    """The client that calls the token endpoint. proven: it sent the right secret."""

    app: App
    proven: bool


def register(
    tx: Tx,
    name: str,
    redirect_uris: str | Sequence[str],
    asked_scopes: str = "",
    website: str = "",
    *,
    public: bool = False,
    org_id: int = 0,
) -> tuple[App, str]:
    """A new app and its client secret, which we do not keep.

    redirect_uris: a list, or text with one a line. public: no secret ("" comes back); it must then always use PKCE.
    org_id: of the site that it is for.
    Raises Invalid: name, redirect_uris, scopes or website.
    """
    name = " ".join(name.split())
    if not 1 <= len(name) <= NAME_CHARS_MAX:
        raise Invalid(
            "client_name", "too_long", "must have 1 to {most} characters, has {has}", most=NAME_CHARS_MAX, has=len(name)
        )
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in name):
        raise Invalid("client_name", "not_text", "must not contain control characters")
    uris = list(dict.fromkeys(redirect_uris.split() if isinstance(redirect_uris, str) else redirect_uris))
    redirects.check(uris)
    scopes.parse(asked_scopes)
    _check_website(website)

    client_secret = "" if public else secrets.token_urlsafe(32)
    app = App(
        id=tx.new_id(random_bucket()),
        client_id=secrets.token_urlsafe(32),
        secret_hash=secret.digest(client_secret) if client_secret else "",
        name=name,
        website=website,
        redirect_uris="\n".join(uris),
        scopes=scopes.tidy(asked_scopes),
        created_ms=tx.now_ms,
        org_id=org_id,
    )
    while not rows.insert(tx, app):  # another process drew the same id
        app = msgspec.structs.replace(app, id=tx.new_id(random_bucket()))
    return app, client_secret


def _check_website(website: str) -> None:
    if not website:
        return
    try:
        parts = urlsplit(website)
        good = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and website.isprintable() and " " not in website
        )
    except ValueError:  # not a valid port or IPv6 address
        good = False
    if not good or len(website) > WEBSITE_CHARS_MAX:
        raise Invalid(
            "website", "invalid", "must be an http or https URL of at most {most} characters", most=WEBSITE_CHARS_MAX
        )


def get(tx: Tx, id: int) -> App:
    """Raises NotFound."""
    app = rows.by_ids(tx, [id]).get(id)
    if app is None:
        raise NotFound("app", id)
    return app


def find(tx: Tx, client_id: str, org_id: int = 0) -> App:
    """Raises OAuthError invalid_client: nobody registered it at this site."""
    app = rows.by_client_id(tx, client_id) if _CLIENT_ID.fullmatch(client_id) else None
    if app is None or app.org_id != org_id:
        raise OAuthError("invalid_client")
    return app


def identify(tx: Tx, client_id: str, client_secret: str = "", org_id: int = 0) -> Client:
    """The client that asks for a token, with or without its secret.

    Raises OAuthError invalid_client: unknown, or the secret is wrong.
    """
    app = find(tx, client_id, org_id)
    if not client_secret:
        return Client(app, proven=False)
    if not hmac.compare_digest(secret.digest(client_secret), app.secret_hash):
        raise OAuthError("invalid_client")
    return Client(app, proven=True)
