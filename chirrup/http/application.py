"""The application for the API, pages and streams: finds a request's endpoint, or answers 404, 405 or OPTIONS itself."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from traceback import format_exc
from typing import Any

from ..access.sites import Sites
from ..errors import NotFound
from . import problems
from .answer import PREFLIGHT, Answer, to_programs
from .at_site import SITE, find_site, host_of, unless_barred
from .language import language_in
from .problems import Words
from .request import Request
from .router import FOUND, Endpoint, Router

Refuse = Callable[[Any, int], Answer]


class Application:
    """refuse(scope, status): the page for people that says 404 or 405. words: the body of an error for programs.

    sites: looks up the site of a Host. running: a context manager that is open while the application serves.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        refuse: Refuse,
        words: Words,
        sites: Sites,
        running: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self.router = Router(endpoints)
        self._refuse, self._words, self._sites, self._running = refuse, words, sites, running

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        endpoints, values = scope.get(FOUND) or self.router.find(scope["path"])
        endpoint = endpoints.get(scope.get("method", "WEBSOCKET"))
        host = host_of(scope)
        route = endpoint.route if endpoint else None
        site = self._sites.known(host) or await find_site(self._sites, host, route)
        limited = self._sites.barred.any or isinstance(site, Exception) or site.settings.ip_ranges
        scope[SITE] = unless_barred(self._sites, site, scope, route) if limited else site
        if endpoint:
            scope["route"] = endpoint.route
            scope["path_params"] = self.router.parameters(endpoint.route, values) if values else {}
            return await endpoint(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close"})  # not accepted yet, so uvicorn answers 403
        await self._answer(scope, endpoints)(scope, receive, send)

    def _answer(self, scope: Any, endpoints: Mapping[str, Endpoint]) -> Answer:
        """404, 405, or the answer to OPTIONS.

        Every path that begins like one for programs gets the same CORS headers, even where nothing is there: after a
        refused preflight, a browser hides the answer from the client.
        """
        is_for_programs = self.router.is_for_programs(scope["path"])
        allowed = ", ".join(sorted({*endpoints, "OPTIONS"} - {"WEBSOCKET"}))
        if scope["method"] == "OPTIONS" and is_for_programs:
            return Answer(204, to_programs(PREFLIGHT))
        if scope["method"] == "OPTIONS" and endpoints:
            return Answer(204, [(b"allow", allowed.encode())])
        if endpoints:
            scope["route"] = next(iter(endpoints.values())).route  # any route of this path, for metrics and log
        if is_for_programs:
            error = problems.NoMethod("This method is not allowed here") if endpoints else NotFound()
            language = language_in(scope, Request(scope, None).headers)
            status, own, body = problems.answer(error, self._words, language)
            answer = Answer(status, to_programs(own), body)
        else:
            answer = self._refuse(scope, 405 if endpoints else 404)
        if endpoints:
            answer.headers.append((b"allow", allowed.encode()))
        return answer

    async def _live(self, receive: Any, send: Any) -> None:
        """https://asgi.readthedocs.io/en/latest/specs/lifespan.html"""
        await receive()
        about = "startup"
        try:
            async with self._running():
                await send({"type": "lifespan.startup.complete"})
                about = "shutdown"
                await receive()
        except BaseException:
            await send({"type": f"lifespan.{about}.failed", "message": format_exc()})
            raise
        await send({"type": "lifespan.shutdown.complete"})
