"""One request for a page on its way through a handler: who asks, what was sent, the engines; and what comes back."""

import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from markupsafe import Markup

from ..access import browsers, sessions
from ..access.passwords import Passwords
from ..access.signing import Signer
from ..access.sites import Site
from ..http import call
from ..types import Account, Viewer
from .forms import Fields
from .pages import Pages
from .views import Views

T = TypeVar("T")


class Services(call.Services, frozen=True, kw_only=True):
    """What every request for a page may use; made once by server.py."""

    views: Views
    pages: Pages
    signer: Signer


class Call(call.Call):
    """See routes.py for how a handler gets it."""

    __slots__ = (
        "_csrf",
        "address",
        "browser",
        "cookie",
        "form",
        "is_htmx",
        "is_popup",
        "is_read",
        "is_renewed",
        "me",
        "method",
        "path",
        "query",
        "unknown",
        "unread",
    )
    services: Services

    NOBODY = "Log in first."  # which becomes the login form

    def __init__(
        self,
        services: Services,
        *,
        viewer: Viewer,
        site: Site,
        me: Account | None,
        unread: int = 0,
        cookie: str,
        browser: str = "",
        method: str,
        path: str,
        query_string: str,
        query: Fields,
        headers: Any,
        ip: str,
        is_popup: bool = False,
    ) -> None:
        super().__init__(services, viewer=viewer, site=site, headers=headers, ip=ip, url=site.base_url + path)
        self.me = me
        self.unread = unread  # alerts not seen yet
        self.cookie = cookie  # of a session, or of a visitor; "" until a form needs one
        self._csrf = ""
        self.unknown = False  # somebody may be logged in, but was not looked up
        self.is_renewed = False  # the cookie is to be sent again
        self.method = method
        self.browser = browser  # the cookie of one in which somebody has logged in before (access/browsers.py)
        self.path = path
        self.address = quote(path, safe="/@") + (f"?{query_string}" if query_string else "")
        self.query = query
        self.form = Fields()  # of a POST
        self.is_read = False  # its body cannot be read again
        self.is_htmx = headers.get("hx-request") == "true"
        self.is_popup = is_popup  # its page is in a window that an app has opened

    @property
    def views(self) -> Views:
        return self.services.views.at(self.site)

    @property
    def passwords(self) -> Passwords:
        return self.services.passwords

    def remember_browser(self, account_id: int) -> None:
        """account_id has logged in with it."""
        self.browser = browsers.remember(self.services.signer, self.browser, account_id)

    def csrf_token(self) -> str:
        """For the forms on the page that is being made; a visitor without a cookie gets one with it."""
        if not self._csrf:
            self.cookie = self.cookie or sessions.visitor()
            self._csrf = sessions.csrf_token(self.cookie)
        return self._csrf

    def _token(self) -> Markup:
        """The field that every form of ours carries."""
        return Markup(f'<input type="hidden" name="csrf" value="{self.csrf_token()}">')

    def html(self, template: str, values: Mapping[str, Any]) -> str:
        """A template with its values, and with what every page may use."""
        common = {
            "site": self.site,
            "me": self.views.person(self.me) if self.me else None,
            "unread": badge(self.unread),
            "token": self._token,
            "path": self.path,
            "here": self.path + self._part(),
            "now_ms": int(time.time() * 1000),
            "notice": "",
            "indexed": False,
            "unknown": self.unknown,
        }
        return self.services.pages.render(template, common | dict(values))

    def _part(self) -> str:
        """Which part of a list this page is, for forms that lead back to it."""
        asked = {name: self.query.text(name) for name in ("before", "to")}
        part = urlencode({name: id for name, id in asked.items() if id.isascii() and id.isdigit()})
        return part and f"?{part}"

    def return_to(self, default: str) -> str:
        """Where the form says to go afterwards, if that is here."""
        asked = self.form.text("return_to") or self.query.text("return_to")
        return asked if is_own(asked) else default


def badge(unread: int) -> str:
    """What stands beside "Alerts"; "" where there is nothing new."""
    return "99+" if unread > 99 else str(unread or "")


def is_own(address: str) -> bool:
    """A path on this server, whatever a browser makes of it: one slash first, no backslash, printable ASCII."""
    if not (address.startswith("/") and address.isascii() and address.isprintable()) or len(address) > 2000:
        return False
    if address.startswith("//") or "\\" in address or " " in address:
        return False
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc


class Page(msgspec.Struct):
    """A template with its values."""

    template: str
    values: dict[str, Any] = {}
    indexed: bool = False  # search engines may keep it: then they may keep every post that it shows
    status: int = 200
    headers: dict[str, str] = {}
    form_targets: str = "'self'"  # where its forms may lead, redirects included: CSP's form-action


class Go(msgspec.Struct):
    """See other. to: a path of ours, or the redirect URI of an app. cookie: None leaves it, "" removes it."""

    to: str
    cookie: str | None = None


class Resume(msgspec.Struct):
    """Somebody has logged in, whose form was sent when their session had ended (kept.py)."""

    cookie: str
    kept: str


class Events(msgspec.Struct):
    """Server-sent events for as long as the browser listens."""

    chunks: AsyncGenerator[bytes]
