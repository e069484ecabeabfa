"""What the headers of a browser say (its cookies, which site a form was sent from), and addresses in headers."""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from ..access.sites import Site
from ..errors import Forbidden

_COOKIE = re.compile(r"[A-Za-z0-9_-]{43,46}")  # of a visitor or a session: access/sessions.py, access/secret.py


def cookie_of(header: str, name: str, form: re.Pattern[str] = _COOKIE) -> str:
    """The cookie of this name, if it has our form; the last one of several.

    Not with http.cookies: before Python 3.11.10 that takes seconds for 60 kB of backslashes (CVE-2024-7592).
    """
    for pair in reversed(header.split(";")):
        key, _, value = pair.partition("=")
        if key.strip() == name:
            return value.strip() if form.fullmatch(value.strip()) else ""
    return ""


def check_origin(headers: Mapping[str, str], site: Site) -> None:
    """Raises Forbidden: the form was sent from a page of another site."""
    origin, host = headers.get("origin"), headers.get("host", "")
    if origin is None:
        ours = headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")
    else:
        scheme = urlsplit(site.base_url).scheme
        ours = origin.casefold() in (site.base_url.casefold(), f"{scheme}://{host}".casefold())
    if not ours:
        raise Forbidden("This form was sent from another site. Open the page here and try again.")


def location(to: str) -> str:
    """An address for a header: what no address may have is written with a percent sign (RFC 3986, 2.1)."""
    return quote(to, safe="%/:?#[]@!$&'()*+,;=")
