"""What handlers of pages get (Call) and may return (Page, Go, Resume, Events, Sent, Download)."""

import time
from collections.abc import AsyncGenerator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from markupsafe import Markup

from ..access import browsers, sessions
from ..access.passwords import Passwords
from ..access.roles import ORGANISES
from ..access.sites import Site
from ..http import call
from ..http.files import FilePart
from ..http.route import NO_PERMISSION
from ..types import Account, Viewer
from ..wording import N_
from .forms import Fields
from .pages import Pages
from .views import Views

T = TypeVar("T")


class Services(call.Services, frozen=True, kw_only=True):
    """What every request for a page may use. server.py makes it once."""

    views: Views
    pages: Pages


class Call(call.Call):
    """The first argument of a handler: routes.py."""

    __slots__ = (
        "_csrf",
        "address",
        "browser",
        "cookie",
        "form",
        "is_embedded",
        "is_htmx",
        "is_limited",
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

    NOBODY = N_("Log in first.")  # server.py turns this error into the login form

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
        is_embedded: bool = False,
    ) -> None:
        super().__init__(services, viewer=viewer, site=site, headers=headers, ip=ip, url=site.base_url + path)
        self.me = me
        self.unread = unread  # notifications not seen yet
        self.cookie = cookie  # of a session or a visitor; "" until a form needs one
        self._csrf = ""
        self.is_limited = False  # the session's account is closed or suspended: Route.even_limited
        self.unknown = False  # the session was not looked up, so a user may be logged in
        self.is_renewed = False  # the cookie must be sent again
        self.method = method
        self.browser = browser  # the cookie of a browser in which an account has logged in (access/browsers.py)
        self.path = path
        self.address = quote(path, safe="/@") + (f"?{query_string}" if query_string else "")
        self.query = query
        self.form = Fields()  # of a POST
        self.is_read = False  # the body was read, and cannot be read again
        self.is_htmx = headers.get("hx-request") == "true"
        self.is_embedded = is_embedded  # it stands in a frame of another site: no cookie comes or goes
        self.is_popup = is_popup  # the page is in a window that an app has opened

    @property
    def views(self) -> Views:
        return self.services.views.at(self.site)

    @property
    def passwords(self) -> Passwords:
        return self.services.passwords

    def remember_browser(self, account_id: int) -> None:
        """Note that account_id has logged in with this browser."""
        self.browser = browsers.remember(self.services.signer, self.browser, account_id)

    def csrf_token(self) -> str:
        """The token for forms on this page. A visitor without a cookie gets one."""
        if not self._csrf:
            self.cookie = self.cookie or sessions.visitor()
            self._csrf = sessions.csrf_token(self.cookie)
        return self._csrf

    def _token(self) -> Markup:
        """The hidden field for every form."""
        return Markup(f'<input type="hidden" name="csrf" value="{self.csrf_token()}">')

    def html(self, template: str, values: Mapping[str, Any]) -> str:
        """A rendered template. values: its own, besides those of every page."""
        common = {
            "site": self.site,
            "me": self.views.person(self.me) if self.me else None,
            "is_limited": self.is_limited,
            "is_staff": self.may(NO_PERMISSION),
            "organises": self.may(ORGANISES),
            "is_guest": self.viewer.is_guest,
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
        """The query of this part of a list, for forms that lead back to it."""
        asked = {name: self.query.text(name) for name in ("before", "to")}
        part = urlencode({name: id for name, id in asked.items() if id.isascii() and id.isdigit()})
        return part and f"?{part}"

    def return_to(self, default: str) -> str:
        """The form's return address, if it is a path of ours; else default."""
        asked = self.form.text("return_to") or self.query.text("return_to")
        return asked if is_own(asked) else default


def badge(unread: int) -> str:
    """The count beside "Alerts"; "" if nothing is new."""
    return "99+" if unread > 99 else str(unread or "")


def is_own(address: str) -> bool:
    """Whether all browsers read it as a path on this server: one slash first, no backslash, printable ASCII."""
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
    indexed: bool = False  # search engines may keep it, and so every post that it shows
    status: int = 200
    headers: dict[str, str] = {}
    form_targets: str = "'self'"  # CSP's form-action: where its forms may lead, with redirects


class Go(msgspec.Struct):
    """A redirect (303). to: a path of ours, or the redirect URI of an app. cookie: None: no change; "": remove it."""

    to: str
    cookie: str | None = None


class Resume(msgspec.Struct):
    """After a login: handle the form that was sent when the session had ended (kept.py)."""

    cookie: str
    kept: str


class Events(msgspec.Struct):
    """Server-sent events, until the browser disconnects."""

    chunks: AsyncGenerator[bytes]


class Sent(msgspec.Struct):
    """A document for programs, which ask again with its etag."""

    body: bytes
    media_type: str
    etag: str


class Download(msgspec.Struct):
    """A file to save. name: ASCII, without quotes."""

    name: str
    media_type: str
    data: AsyncGenerator[bytes] | FilePart
