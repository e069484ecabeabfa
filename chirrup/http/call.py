"""One request on its way through a handler: who asks, what with, and the engines."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from ..access import limits
from ..access.limits import Limit
from ..access.passwords import Passwords
from ..config import Settings
from ..errors import Unauthorised
from ..ports import Database, Engines
from ..social.media import Addresses
from ..social.usage import Usage
from ..types import Viewer
from .auth import Authenticator
from .render import Renderer

T = TypeVar("T")


class Services(msgspec.Struct, frozen=True):
    """What every request may use; made once by app.py."""

    engines: Engines
    settings: Settings
    render: Renderer
    auth: Authenticator
    passwords: Passwords
    addresses: Addresses
    usage: Usage = msgspec.field(default_factory=Usage)


class Call:
    """See routes.py for how a handler gets it. Handlers read from and write to the database through it."""

    __slots__ = ("headers", "ip", "params", "services", "token", "url", "viewer")

    def __init__(
        self,
        services: Services,
        *,
        viewer: Viewer,
        token: str = "",
        headers: Mapping[str, str],
        ip: str = "",
        url: str = "",
        params: dict[str, Any] | None = None,
    ) -> None:
        self.services = services
        self.viewer = viewer
        self.token = token  # the secret the request came with
        self.headers = headers
        self.ip = ip
        self.url = url  # of this resource, without query
        self.params = params or {}  # the query, nested

    @property
    def db(self) -> Database:
        return self.services.engines.db

    @property
    def engines(self) -> Engines:
        return self.services.engines

    @property
    def settings(self) -> Settings:
        return self.services.settings

    @property
    def render(self) -> Renderer:
        return self.services.render

    @property
    def viewer_id(self) -> int:
        """0 when nobody in particular asks."""
        return self.viewer.account_id

    @property
    def account_id(self) -> int:
        """Who acts. Raises Unauthorised: the token is an app's, not a person's."""
        if not self.viewer.account_id:
            raise Unauthorised("This method requires an authenticated user")
        return self.viewer.account_id

    async def throttle(self, rules: tuple[Limit, ...], **by: str) -> None:
        """Raises TooMany. Test servers count nothing."""
        if not self.settings.testing:
            await limits.check(self.engines.limits, rules, ip=self.ip, **by)

    async def read(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        return await self.services.engines.db.read(operation, *args, **kwargs)

    async def write(self, operation: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        return await self.services.engines.db.write(operation, *args, **kwargs)


class Reply(msgspec.Struct):
    """An answer that is more than a body: a status, headers, or ready bytes."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = {}
    media_type: str = "application/json; charset=utf-8"
