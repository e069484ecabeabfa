"""What handlers of programs get (Call) and may return (Reply)."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

import msgspec

from ..access.caller import Caller
from ..access.passwords import Passwords
from ..access.signing import Signer
from ..access.sites import Site, Sites
from ..config import Settings
from ..ports import Engines
from ..social.media_addresses import Addresses
from ..social.usage import Usage
from ..types import Viewer
from ..wording import Language
from .auth import Authenticator
from .health import Health
from .language import language_of

T = TypeVar("T")


class Services(msgspec.Struct, frozen=True):
    """What every request may use. app.py makes it once."""

    engines: Engines
    settings: Settings
    sites: Sites
    auth: Authenticator
    passwords: Passwords
    addresses: Addresses
    health: Health
    signer: Signer
    usage: Usage = msgspec.field(default_factory=Usage)


class Call(Caller):
    """The first argument of a handler; server.py makes one for each request."""

    __slots__ = ("headers", "params", "services", "token", "url")

    def __init__(
        self,
        services: Services,
        *,
        viewer: Viewer,
        site: Site,
        token: str = "",
        headers: Mapping[str, str],
        ip: str = "",
        url: str = "",
        params: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(services.engines, services.settings, viewer, ip, site)
        self.services = services
        self.token = token  # the bearer token that was sent, or ""
        self.headers = headers
        self.url = url  # of this resource, without query
        self.params = params or {}  # as they were sent, nested: the query, and the body if it was read

    @property
    def language(self) -> Language:
        """The one in which whoever asks is told what is wrong."""
        return language_of(self.params, self.headers, self.site)


class Result(msgspec.Struct):
    """A handler's result that makes its own Reply."""

    def reply(self, call: Call) -> "Reply":
        raise NotImplementedError


class Reply(Result):
    """A handler's result with a status or headers of its own."""

    body: Any = None  # encoded as JSON, unless it is bytes or a FilePart
    status: int = 200
    headers: dict[str, str] = {}
    media_type: str = "application/json; charset=utf-8"

    def reply(self, call: Call) -> "Reply":
        return self


class Progress(Result, Generic[T]):
    """A handler's result whose status says how far it is: 200 when it is done, another one before."""

    body: Any
    status: int

    def reply(self, call: Call) -> Reply:
        return Reply(self.body, self.status)
