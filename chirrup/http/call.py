"""One request of a program on its way through a handler, and what comes back."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ..access.caller import Caller
from ..access.passwords import Passwords
from ..access.sites import Site, Sites
from ..config import Settings
from ..ports import Engines
from ..social.media import Addresses
from ..social.usage import Usage
from ..types import Viewer
from .auth import Authenticator
from .health import Health


class Services(msgspec.Struct, frozen=True):
    """What every request may use; made once by app.py."""

    engines: Engines
    settings: Settings
    sites: Sites
    auth: Authenticator
    passwords: Passwords
    addresses: Addresses
    health: Health
    usage: Usage = msgspec.field(default_factory=Usage)


class Call(Caller):
    """See routes.py for how a handler gets it."""

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
        self.token = token  # the secret the request came with
        self.headers = headers
        self.url = url  # of this resource, without query
        self.params = params or {}  # as they came, nested: of the query, and of the body where that was read


class Result(msgspec.Struct):
    """What a handler answers that says itself how it is put into an answer."""

    def reply(self, call: Call) -> "Reply":
        raise NotImplementedError


class Reply(Result):
    """An answer that is more than a body: a status, headers, or ready bytes."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = {}
    media_type: str = "application/json; charset=utf-8"

    def reply(self, call: Call) -> "Reply":
        return self
