"""A login at a provider: what this browser begins with, and whether it is the one that comes back.

Nothing is stored. The state is signed for this browser's cookie; PKCE's verifier and the nonce are made of the state
and the server's secret, so that who reads addresses knows neither. After a login the cookie is another one: the state
that led to it is worth nothing then.
"""

import base64
import re
import secrets
import time

import msgspec

from ...access.signing import Signer
from ...access.sites import Site
from ...ports.directory import Attempt

LIFE_S = 15 * 60  # for a password, a second factor, a forgotten password there
BACK = "/login/oidc/back"
_STATE = re.compile(r"([\w-]{22}\.(\d{10})\.([\w-]*))\.([0-9a-f]{32})", re.ASCII)


def redirect_uri(site: Site) -> str:
    """To be named to the provider, letter by letter."""
    return f"{site.base_url}{BACK}"


def begin(signer: Signer, site: Site, cookie: str, return_to: str, *, again: bool = False) -> Attempt:
    """return_to: a path of ours, for afterwards. again: they are to be asked there even if they are logged in there."""
    place = base64.urlsafe_b64encode(return_to.encode()).decode().rstrip("=")
    text = f"{secrets.token_urlsafe(16)}.{int(time.time()) + LIFE_S}.{place}"
    attempt = _attempt(signer, site, cookie, f"{text}.{signer.sign(_said(site, cookie, text))}")
    return msgspec.structs.replace(attempt, again=again)


def resume(signer: Signer, site: Site, cookie: str, state: str) -> tuple[Attempt, str] | None:
    """(what this browser began with, where it wants to go). None: another browser began it, or it took too long."""
    found = _STATE.fullmatch(state)
    if not (found and cookie and signer.fits(_said(site, cookie, found[1]), found[4]) and time.time() < int(found[2])):
        return None
    place = base64.urlsafe_b64decode(found[3] + "=" * (-len(found[3]) % 4)).decode()
    return _attempt(signer, site, cookie, state), place


def _attempt(signer: Signer, site: Site, cookie: str, state: str) -> Attempt:
    key = lambda purpose: signer.key(f"{purpose} {site.org_id} {cookie} {state}").hex()  # noqa: E731
    return Attempt(redirect_uri(site), state, nonce=key("nonce"), verifier=key("verifier") + key("verifier too"))


def _said(site: Site, cookie: str, text: str) -> str:
    return f"login at a provider {site.org_id} {cookie} {text}"
