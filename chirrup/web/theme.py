"""The colours of an organisation, as a stylesheet that sets tokens of the kit anew."""

import hashlib
from functools import lru_cache

from ..access.sites import Site
from ..http.answer import Answer, encoded
from ..http.at_site import site_of
from ..http.request import Request
from ..orgs import colours

PATH = "/theme.css"


@lru_cache(1000)
def _css(accent: str, accent_dark: str) -> bytes:
    light = colours.accent(accent, "light")
    dark = colours.accent(accent_dark or colours.fitting(accent, "dark"), "dark")
    both = {
        "accent": (light.accent, dark.accent),
        "accent-strong": (light.strong, dark.strong),
        "accent-soft": (light.soft, dark.soft),
        "on-accent": (light.on, dark.on),
    }
    lines = "".join(f"  --{name}: light-dark({one}, {other});\n" for name, (one, other) in both.items())
    return f":root {{\n{lines}}}\n".encode()


def _of(site: Site) -> bytes:
    """Empty where no colour is chosen."""
    chosen = site.settings
    return _css(chosen.accent, chosen.accent_dark) if chosen.accent else b""


def _version(css: bytes) -> str:
    return hashlib.sha256(css).hexdigest()[:12]


def address(site: Site) -> str:
    """Of the stylesheet, which changes with the colours; "": the kit's own are used."""
    css = _of(site)
    return f"{PATH}?v={_version(css)}" if css else ""


def stylesheet(request: Request) -> Answer:
    """Raises Unavailable: which site this is cannot be looked up now."""
    css = _of(site_of(request.scope))
    is_this = request.scope["query_string"] == f"v={_version(css)}".encode()
    headers = {
        "Content-Type": "text/css; charset=utf-8",
        "Cache-Control": f"public, max-age={'31536000, immutable' if is_this else '60'}",
        "X-Content-Type-Options": "nosniff",
    }
    return Answer(200, encoded(headers), css)
