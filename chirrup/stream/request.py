"""A request for a stream: its token, and how it is refused before the stream opens.

A cookie never opens a stream, because a script on another site could use it.
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from ..access.sites import Site
from ..errors import Forbidden, Unauthorised
from ..http import problems
from ..http.answer import TO_PROGRAMS, encoded
from ..http.at_site import SITE, site_of
from ..http.language import language_of
from ..mastodon.problems import words
from ..wording import Language
from .protocols import EXTENSION, EventSender


class StreamRequest:
    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scope, self.receive, self.send = scope, receive, send
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        self.protocols: list[str] = scope.get("subprotocols", [])
        self.ip = scope["client"][0] if scope["client"] else ""

    @property
    def site(self) -> Site:
        """Raises Unavailable: it is not known now."""
        return site_of(self.scope)

    @property
    def language(self) -> Language:
        return language_of(self.query, self.headers, self.scope.get(SITE))

    @property
    def token(self) -> str:
        """The token from the header, the query or the WebSocket's protocol, as Mastodon's clients send it. "": none.

        Raises Unauthorised (not a Bearer header), Forbidden (a page of another site, with a cookie and no token).
        """
        if header := self.headers.get("authorization"):
            kind, _, token = header.partition(" ")
            if kind.lower() != "bearer" or not token.strip():
                raise Unauthorised("The Authorization header must be 'Bearer' and a token")
            return token.strip()
        token = self.query.get("access_token", "") or (self.protocols[0] if self.protocols else "")
        if not token and "cookie" in self.headers and self._is_foreign:
            raise Forbidden("A page of another site cannot use a login here: send a token")
        return token

    @property
    def _is_foreign(self) -> bool:
        origin = self.headers.get("origin", "")
        return bool(origin) and urlsplit(origin).netloc != self.headers.get("host", "")

    def open_sender(self) -> EventSender:
        """Call it after the request is accepted. See protocols.py."""
        return self.scope["extensions"][EXTENSION]()

    async def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send an ordinary response instead of a stream; also to a WebSocket request."""
        kind = "websocket.http.response" if self.scope["type"] == "websocket" else "http.response"
        start: Any = {"type": f"{kind}.start", "status": status, "headers": encoded(TO_PROGRAMS | headers)}
        rest: Any = {"type": f"{kind}.body", "body": body}
        await self.send(start)
        await self.send(rest)

    async def refuse(self, error: Exception) -> None:
        status, headers, body = problems.answer(error, words, self.language)
        await self.answer(status, {"Content-Type": "application/json; charset=utf-8"} | headers, body)
