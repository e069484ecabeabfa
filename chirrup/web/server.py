"""Endpoints for pages, one for each route: read cookie and form, call the handler, send HTML. Errors are pages."""

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

import msgspec
import structlog

from ..access import browsers, limits, sessions
from ..access.sessions import Visit
from ..access.sites import Site
from ..errors import ChirrupError, Forbidden, NotAllowed, NotFound, Unauthorised
from ..http import call
from ..http.answer import Answer, ChunksAnswer, FileAnswer, encoded
from ..http.at_site import site_of
from ..http.files import FilePart
from ..http.request import Request
from ..http.route import ADMIN, ANYONE, FREE
from ..http.router import Endpoint
from ..ports import Tx
from ..social import accounts
from ..social.shown import Known
from ..types import ANYBODY, Account, Viewer
from . import compression, files, forms, kept, pages, problems
from .call import Call, Download, Events, Go, Page, Resume, Sent, Services, is_own
from .headers import check_origin, cookie_of, location
from .routes import ROUTES, SHOWROOM, PageRoute, form_at
from .screens.entry import login
from .screens.posts.typed import PICTURES_MAX
from .screens.reading.notifications import count_unread
from .screens.settings import moving, strikes
from .views import Views

log = structlog.get_logger()

FORM_BYTES_MAX = 128 * 1024 * 1024  # of a form with files: read up to this to keep its text, even if files are dropped
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; form-action {form_targets}; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
EMBEDDED_CSP = (  # a page without scripts and forms, in a frame of any site
    "default-src 'none'; style-src 'self'; img-src 'self' data:; media-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors *"
)
HTML = "text/html; charset=utf-8"


class Web:
    """All pages of a process."""

    def __init__(self, services: call.Services, known: Known) -> None:
        settings = services.settings
        views = Views(services.sites.own, services.addresses, known)
        shared = msgspec.structs.asdict(services)
        self.services = Services(**shared, views=views, pages=pages.Pages(settings))
        self.secure = services.sites.own.base_url.startswith("https:")
        self.cookie_name = "__Host-chirrup" if self.secure else "chirrup"
        self.browser_cookie_name = f"{self.cookie_name}-browser"
        self._safe = files.SAFE | ({"Strict-Transport-Security": "max-age=31536000"} if self.secure else {})

    def endpoints(self) -> list[Endpoint]:
        """One for each route of routes.py and files.py."""
        settings = self.services.settings
        routes = [*ROUTES, SHOWROOM] if settings.testing or settings.kit_page else ROUTES
        found: list[Endpoint] = [PageEndpoint(self, route) for route in routes]
        return found + [files.FileEndpoint(route, self.refuse) for route in files.ROUTES]

    def refuse(self, scope: Any, status: int) -> Answer:
        """The page for 404 (no such address) or 405 (no such method)."""
        return self._problem(self._stranger(Request(scope, None)), problems.of_status(status))

    async def answer(self, route: PageRoute, request: Request) -> Answer:
        call: Call | None = None
        try:
            call = await self._call(request, route)
            request.scope["account_id"] = call.viewer_id
            await self._count(call, route)
            closed = not call.viewer_id and (route.who != ANYONE or (call.site.closed and not route.when_closed))
            if closed and call.is_limited:
                return self._limited(call, route)
            if closed:
                raise Unauthorised("Log in first.")
            if call.viewer_id and not _is_for(route, call):
                raise NotAllowed("this page is for those who look after this server")
            if call.me and call.me.moved_to_id and route.who != ANYONE and not route.when_moved:
                if route.method == "GET":
                    return self._go(call, Go(moving.PATH))
                raise NotAllowed("this account has moved to another")
            if route.limits:
                await call.throttle(route.limits, account=str(call.viewer_id))
            if route.method == "POST":
                if not route.signed:
                    check_origin(request.headers, call.site)
                call.form = await self._form(route, request, call)
                call.form.check_size()
                if not route.signed:
                    sessions.check_csrf(call.cookie, call.form.text("csrf"))
            given = _given(route, request.scope["path_params"])
            sent, browser = call.cookie, call.browser
            result = await route.handler(call, **given)
            if isinstance(result, Resume):
                answer = await self._resume(request, result)
            else:
                answer = await self._answer(call, result, sent=sent)
            if call.browser != browser:
                self._remember(answer, call.browser)
            return answer
        except Exception as error:
            return await self._refused(request, call or self._stranger(request), route, error)

    def _limited(self, call: Call, route: PageRoute) -> Answer:
        """All that there is for an account that staff have closed or suspended is why they did, and the appeal."""
        if route.method == "GET" and not call.is_htmx:
            return self._go(call, Go(strikes.PATH))
        raise Forbidden("Your account is closed or suspended, so nothing was done.")

    async def _form(self, route: PageRoute, request: Request, call: Call, *, with_files: bool = True) -> forms.Fields:
        call.is_read = True
        bytes_max = FORM_BYTES_MAX if route.uploads else forms.READ_BYTES_MAX
        settings = self.services.settings
        most = route.file_bytes_max or max(settings.media_bytes_max, settings.film_bytes_max)
        most = most if with_files else 0
        return await forms.body(
            request,
            bytes_max,
            file_bytes_max=most,
            files_bytes_max=PICTURES_MAX * most,
            folder=settings.data,
        )

    async def _refused(self, request: Request, call: Call, route: PageRoute, error: Exception) -> Answer:
        """The error page, with the form that was sent, so that nothing typed is lost."""
        sent = call.cookie
        if route.method == "POST" and not call.is_read:
            await self._read_late(route, request, call)
        if isinstance(error, Unauthorised):
            return await self._ask_to_log_in(call, route, error)
        problem = problems.of(error)
        if call.is_htmx or not (call.form.sent() if route.method == "POST" else route.again):
            return self._problem(call, problem)
        page = await self._form_again(call, route, _given(route, request.scope["path_params"], raw=True), problem)
        return await self._answer(call, page, sent=sent)

    async def _read_late(self, route: PageRoute, request: Request, call: Call) -> None:
        """Read the texts of a form that was refused before it was read, unless another site sent it."""
        try:
            check_origin(request.headers, call.site)
            call.form = await self._form(route, request, call, with_files=False)
        except Exception:
            log.debug("a form that was refused could not be read", exc_info=True)

    async def _form_again(self, call: Call, route: PageRoute, given: dict[str, str], problem: problems.Problem) -> Page:
        if route.again and (route.who == ANYONE or _is_for(route, call)):
            try:
                page = await route.again(call, problem, **given)
                page.headers |= _retry_after(problem)
                return page
            except Exception as error:  # the database is away, or the subject of the form was deleted
                if not isinstance(error, ChirrupError):
                    log.error("a form could not be shown again", exc_info=error)
        page = kept.form_again(call, problem)
        page.headers |= _retry_after(problem)
        return page

    async def _resume(self, request: Request, resume: Resume) -> Answer:
        """Handle a form that was sent without a session, after the login."""
        form = kept.unpack(resume.kept)
        found = form_at(form.path) if form else None
        if form is None or found is None:
            return self._go(await self._call(request, None, resume.cookie), Go("/home", cookie=resume.cookie))
        route, parts = found
        call = await self._call(request, route, resume.cookie)
        given = _given(route, parts, raw=True)
        call.path, call.form, call.is_popup = form.path, forms.Fields(form.fields), route.popup
        said = "You are logged in again. Nothing has been sent yet."
        page = await self._form_again(call, route, given, problems.Problem(200, "You are logged in", ""))
        page.values |= {"notice": said, "message": said}
        return await self._answer(call, page, sent="")

    async def _call(self, request: Request, route: PageRoute | None, cookie: str = "") -> Call:
        """cookie: of a session that began with this request. Who is limited is a stranger to most routes."""
        site = site_of(request.scope)
        cookie = cookie or cookie_of(request.headers.get("cookie", ""), self.cookie_name)
        cookie = "" if route and route.embedded else cookie
        visit, me, unread = (
            await self.services.engines.db.read(_visit, cookie, site.org_id) if cookie else (None, None, 0)
        )
        limited = bool(visit and visit.limited)
        if limited and not (route and route.even_limited):
            visit, me, unread = None, None, 0
        call = self._new_call(request, site, cookie, visit.viewer if visit else ANYBODY, me, unread)
        call.is_limited = limited
        if visit and visit.stale:
            await self.services.engines.db.write(sessions.extend, cookie)
            call.is_renewed = True
        return call

    async def _count(self, call: Call, route: PageRoute) -> None:
        """Count the request towards its limits. Raises TooMany."""
        if route.counted:
            count, most = self.services.engines.limits, self.services.settings.request_limit
            await limits.check_request(count, most, ip=call.ip, account_id=call.viewer_id)

    def _stranger(self, request: Request) -> Call:
        """A call without a session: for when the database is away."""
        cookie = cookie_of(request.headers.get("cookie", ""), self.cookie_name)
        try:
            site = site_of(request.scope)
        except Exception:
            site = self.services.sites.own
        call = self._new_call(request, site, cookie, ANYBODY, None, 0)
        call.unknown = bool(cookie)
        return call

    def _new_call(
        self, request: Request, site: Site, cookie: str, viewer: Viewer, me: Account | None, unread: int
    ) -> Call:
        try:
            query = forms.query(request.scope["query_string"])
        except ChirrupError:
            query = forms.Fields()
        return Call(
            self.services,
            viewer=viewer,
            site=site,
            me=me,
            unread=unread,
            cookie=cookie,
            method=request.scope["method"],
            browser=cookie_of(request.headers.get("cookie", ""), self.browser_cookie_name, browsers.FORM),
            path=request.path,
            query_string=request.scope["query_string"].decode("latin-1"),
            query=query,
            headers=request.headers,
            ip=request.ip,
            is_popup=getattr(request.scope.get("route"), "popup", False),
            is_embedded=getattr(request.scope.get("route"), "embedded", False),
        )

    async def _answer(self, call: Call, result: Page | Go | Events | Sent | Download, *, sent: str) -> Answer:
        if isinstance(result, Events):
            headers = files.SAFE | {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
            headers["Content-Type"] = "text/event-stream; charset=utf-8"
            return ChunksAnswer(200, encoded(headers), result.chunks)
        if isinstance(result, Download):
            return self._download(result)
        if isinstance(result, Sent):
            return files.document(call.headers, self._safe, result.body, result.media_type, result.etag)
        if isinstance(result, Go):
            return self._go(call, result)
        html = call.html(result.template, {"indexed": result.indexed} | result.values)
        headers = self._headers(call, result.form_targets) | result.headers
        if call.is_embedded:
            headers["Content-Security-Policy"] = EMBEDDED_CSP
            for name in ("X-Frame-Options", "Cross-Origin-Opener-Policy"):
                headers.pop(name, None)
        if (call.cookie != sent or call.is_renewed) and not call.is_embedded:
            headers["Set-Cookie"] = self._set_cookie(call.cookie, keep=bool(call.viewer_id))
        return self._html(call, html, result.status, headers)

    def _download(self, file: Download) -> Answer:
        own = {
            "Cache-Control": "private, no-store",
            "Content-Type": file.media_type,
            "Content-Disposition": f'attachment; filename="{file.name}"',
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "Vary": "Cookie",
        }
        headers = encoded(self._safe | own)
        if isinstance(file.data, FilePart):
            return FileAnswer([*headers, (b"etag", f'"{file.name}"'.encode())], file.data)
        return ChunksAnswer(200, headers, file.data)

    def _html(self, call: Call, html: str, status: int, headers: dict[str, str]) -> Answer:
        data = html.encode()
        if len(data) >= compression.BYTES_MIN and compression.takes_gzip(call.headers.get("accept-encoding", "")):
            data = compression.packed(data)
            headers["Content-Encoding"] = "gzip"
        return Answer(status, encoded(headers), data)

    def _go(self, call: Call, go: Go) -> Answer:
        headers = self._headers(call) | {"HX-Redirect" if call.is_htmx else "Location": location(go.to)}
        if go.cookie is not None:
            headers["Set-Cookie"] = self._set_cookie(go.cookie, keep=True)
        return Answer(204 if call.is_htmx else 303, encoded(headers))

    async def _ask_to_log_in(self, call: Call, route: PageRoute, error: Unauthorised) -> Answer:
        if route.cost == FREE:  # a stream, which a script reads
            return self._problem(call, problems.of(error))
        if (kept.has_words(call.form) or call.form.text("choice")) and not call.is_htmx:  # "choice": a vote
            sent = call.cookie
            return await self._answer(
                call, login.login_with(call, kept.pack(call.path, call.form), call.form), sent=sent
            )
        back = call.address if route.method == "GET" else call.return_to("/home")
        return self._go(call, Go(f"/login?return_to={quote(back, safe='')}"))

    def _problem(self, call: Call, problem: problems.Problem) -> Answer:
        headers = self._headers(call) | _retry_after(problem)
        if call.is_htmx:
            return self._html(call, call.html("notice.html", {"message": problem.message}), problem.status, headers)
        waits = problem.status in (429, 500, 503) and call.method in ("GET", "HEAD")
        values = {
            "title": problem.title,
            "message": problem.message,
            "again": call.address if waits and is_own(call.address) else "",
            "asks": problem.status == 404,
        }
        return self._html(call, call.html("error.html", values), problem.status, headers)

    def _headers(self, call: Call, form_targets: str = "'self'") -> dict[str, str]:
        alone = {} if call.is_popup else {"Cross-Origin-Opener-Policy": "same-origin"}
        own = {
            "Content-Security-Policy": CSP.format(form_targets=form_targets),
            "Cache-Control": "private, no-store",
            "Content-Type": HTML,
            "Vary": "Cookie, HX-Request, Accept-Encoding",
        }
        return self._safe | alone | own

    def _remember(self, answer: Answer, browser: str) -> None:
        line = self._cookie_line(self.browser_cookie_name, browser, browsers.LIFE_S)
        answer.headers += encoded({"Set-Cookie": line})

    def _set_cookie(self, value: str, *, keep: bool) -> str:
        """keep: for the life of a session; False: until the browser is closed."""
        life_s = sessions.LIFE_MS // 1000 if value else 0
        return self._cookie_line(self.cookie_name, value, life_s if keep else None)

    def _cookie_line(self, name: str, value: str, life_s: int | None) -> str:
        """life_s: None: until the browser is closed."""
        return (
            f"{name}={value}; Path=/; HttpOnly; SameSite=Lax"
            + ("" if life_s is None else f"; Max-Age={life_s}")
            + ("; Secure" if self.secure else "")
        )


class PageEndpoint:
    """Answers the requests of one route."""

    def __init__(self, web: Web, route: PageRoute) -> None:
        self._web, self.route = web, route

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        answer = await self._web.answer(self.route, Request(scope, receive))
        await answer(scope, receive, send)


def _visit(tx: Tx, cookie: str, org_id: int) -> tuple[Visit | None, Account | None, int]:
    """(visit, account, unread notifications) for this cookie; no account if the session ended or it may not act."""
    try:
        visit = sessions.find(tx, cookie, org_id, even_limited=True)
    except (Unauthorised, Forbidden):
        return None, None, 0
    id = visit.viewer.account_id
    return visit, accounts.get(tx, id, id), count_unread(tx, id)


def _is_for(route: PageRoute, call: Call) -> bool:
    """Whether it is for the account that is logged in."""
    return bool(call.viewer_id) and (route.who != ADMIN or call.may(route.permission))


@cache
def _names(handler: Callable[..., Any]) -> list[str]:
    """The path parameters that the handler takes."""
    return list(inspect.signature(handler).parameters)[1:]


def _given(route: PageRoute, parts: Mapping[str, str], *, raw: bool = False) -> dict[str, str]:
    """The handler's path parameters. Raises NotFound, unless raw: handle is not @username."""
    given = {name: parts[name] for name in _names(route.handler)}
    if "handle" in given:
        given["handle"] = given["handle"].removeprefix("@") if raw else _username(given["handle"])
    return given


def _retry_after(problem: problems.Problem) -> dict[str, str]:
    return {"Retry-After": str(problem.retry_after_s)} if problem.retry_after_s else {}


def _username(handle: str) -> str:
    """Raises NotFound: the first part of the path is not @username."""
    if not handle.startswith("@") or len(handle) < 2:
        raise NotFound("page", handle[:40])
    return handle[1:]
