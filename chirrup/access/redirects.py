"""Redirect URIs of apps: which may be registered, and which one a request names (RFC 9700, 2.1; RFC 8252, 7)."""

import re
from collections.abc import Collection
from urllib.parse import urlencode, urlsplit

from ..errors import Invalid

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"  # shows the code on a page, for the person to copy
URI_CHARS_MAX = 2000
URIS_MAX = 20

# With these schemes a browser runs or shows the content instead of giving the code to an app.
_REFUSED_SCHEMES = re.compile(
    "about|blob|chrome|content|data|file|filesystem|ftp|intent|jar|javascript|livescript|mailto|mhtml|mocha|resource"
    "|sms|tel|urn|vbscript|view-source|ws|wss"
)
_URI = re.compile(r"""([A-Za-z][A-Za-z0-9+.-]{0,63}):[^\x00-\x20\x7f-\U0010ffff"<>\\^`{|}#]+""")
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]))(?::[0-9]{1,5})?((?:[/?].*)?)", re.ASCII)


def check(uris: Collection[str]) -> None:
    """Raises Invalid: too many, too long, or a URI that may not be redirected to."""
    if not 1 <= len(uris) <= URIS_MAX:
        raise Invalid("redirect_uris", "too_many", "must be 1 to {most} URIs, are {has}", most=URIS_MAX, has=len(uris))
    for uri in uris:
        if uri != OUT_OF_BAND:
            _check(uri)


def _check(uri: str) -> None:
    field, rule = "redirect_uris", "invalid"
    if len(uri) > URI_CHARS_MAX:
        raise Invalid(field, rule, "must have at most {most} characters, has {has}", most=URI_CHARS_MAX, has=len(uri))
    form = _URI.fullmatch(uri)
    scheme = form[1].lower() if form else ""
    if _REFUSED_SCHEMES.fullmatch(scheme):
        raise Invalid(field, rule, "must use https, http or an app's own scheme; got {scheme}:", scheme=scheme)
    # Mastodon's words; also for a fragment, spaces and characters beyond ASCII
    if not form or (scheme in ("http", "https") and not _has_plain_host(uri)):
        raise Invalid(field, rule, "must be an absolute URI.")


def _has_plain_host(uri: str) -> bool:
    try:
        parts = urlsplit(uri)
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:  # not a valid port or IPv6 address
        return False


def is_registered(uri: str, registered: Collection[str]) -> bool:
    """Whether uri is exactly one of registered. Only the port of http://127.0.0.1 and http://[::1] may differ."""
    if uri in registered:
        return True
    asked = _without_loopback_port(uri)
    return bool(asked) and any(_without_loopback_port(known) == asked for known in registered)


def _without_loopback_port(uri: str) -> tuple[str, str] | None:
    form = _LOOPBACK.fullmatch(uri)
    return (form[1], form[2]) if form else None


def answer(redirect_uri: str, **params: str) -> str:
    """redirect_uri with params (code, state, error …) in its query, without empty ones."""
    query = urlencode({name: value for name, value in params.items() if value})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{query}" if query else redirect_uri
