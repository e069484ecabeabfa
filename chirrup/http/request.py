"""A request, read from ASGI."""

from collections.abc import AsyncIterator
from typing import Any

from ..errors import BadRequest
from ..ports import BODY_BYTES
from .problems import TooLarge
from .router import parts


class Request:
    __slots__ = ("_receive", "headers", "scope")

    def __init__(self, scope: Any, receive: Any) -> None:
        self.scope, self._receive = scope, receive
        # If a header comes twice, the first counts.
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(scope["headers"])}

    @property
    def ip(self) -> str:
        """ "": not known."""
        client = self.scope["client"]
        return client[0] if client else ""

    @property
    def path(self) -> str:
        """The path without empty parts, as the router reads it."""
        return "/" + "/".join(parts(self.scope["path"]))

    async def chunks(self, bytes_max: int) -> AsyncIterator[bytes]:
        """The body; can be read once. Raises TooLarge; BadRequest: the client disconnected."""
        size = int(self.headers.get("content-length", 0))
        if size > bytes_max:
            raise TooLarge("the body may have {most:,} bytes, has {has:,}", most=bytes_max, has=size)
        self.scope[BODY_BYTES], size, more = bytes_max, 0, True
        while more:
            event = await self._receive()
            if event["type"] != "http.request":
                raise BadRequest("the body did not arrive completely")
            size += len(event["body"])
            if size > bytes_max:
                raise TooLarge("the body may have {most:,} bytes, has more", most=bytes_max)
            yield event["body"]
            more = event["more_body"]
