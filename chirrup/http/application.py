"""The application: finds the endpoint of a request, and answers what has none. One for the API, pages and streams."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from traceback import format_exc
from typing import Any

from ..errors import NotFound
from . import problems
from .answer import PREFLIGHT, Answer, to_programs
from .problems import Words
from .router import Endpoint, Router

Refuse = Callable[[Any, int], Answer]


class Application:
    """refuse: the page for people that says 404 or 405, by scope and status. words: what is said to programs.

    running: what is up while it serves.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        refuse: Refuse,
        words: Words,
        running: Callable[[], AbstractAsyncContextManager[None]],
    ) -> None:
        self.router = Router(endpoints)
        self._refuse, self._words, self._running = refuse, words, running

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            return await self._live(receive, send)
        endpoints, values = self.router.find(scope["path"])
        endpoint = endpoints.get(scope.get("method", "WEBSOCKET"))
        if endpoint:
            scope["route"] = endpoint.route
            scope["path_params"] = self.router.parameters(endpoint.route, values) if values else {}
            return await endpoint(scope, receive, send)
        if scope["type"] == "websocket":
            return await send({"type": "websocket.close"})  # before it is accepted: uvicorn says 403
        await self._answer(scope, endpoints)(scope, receive, send)

    def _answer(self, scope: Any, endpoints: Mapping[str, Endpoint]) -> Answer:
        """What pages of other sites may do is the same for all that begins as what is for programs.

        Whether or not something is there: a browser that was refused a preflight hides the answer from the client.
        """
        is_for_programs = self.router.is_for_programs(scope["path"])
        allowed = ", ".join(sorted({*endpoints, "OPTIONS"} - {"WEBSOCKET"}))
        if scope["method"] == "OPTIONS" and is_for_programs:
            return Answer(204, to_programs(PREFLIGHT))
        if scope["method"] == "OPTIONS" and endpoints:
            return Answer(204, [(b"allow", allowed.encode())])
        if endpoints:
            scope["route"] = next(iter(endpoints.values())).route  # a line of this path
        error = problems.NoMethod("This method is not allowed here") if endpoints else NotFound()
        status, _, body = problems.answer(error, self._words)
        answer = Answer(status, to_programs(), body) if is_for_programs else self._refuse(scope, status)
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
