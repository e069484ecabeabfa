"""What every handler gets: the viewer, the address and the engines. Each edge adds what the request contains."""

from typing import ParamSpec, TypeVar

from ..config import Settings
from ..errors import Unauthorised
from ..ids import text_key
from ..ports import Database, Engines, Operation
from ..types import Stranger, Viewer
from ..wording import N_
from . import limits
from .acts import Act
from .limits import Limit
from .roles import Permission
from .sites import Site

P = ParamSpec("P")
T = TypeVar("T")


class Caller:
    """Handlers use it to read from and write to the database."""

    __slots__ = ("engines", "ip", "settings", "site", "viewer")

    NOBODY = N_("This method requires an authenticated user")

    def __init__(self, engines: Engines, settings: Settings, viewer: Viewer, ip: str, site: Site) -> None:
        self.engines = engines
        self.settings = settings
        self.viewer = viewer
        self.ip = ip
        self.site = site

    @property
    def db(self) -> Database:
        return self.engines.db

    @property
    def viewer_id(self) -> int:
        """A Stranger, which is 0, when nobody in particular asks."""
        return self.viewer.account_id or Stranger(self.site.org_id)

    def may(self, needed: Permission) -> bool:
        """Whether the viewer has one of these permissions. None needed: staff of any kind."""
        return self.site.may(self.viewer, needed)

    @property
    def account_id(self) -> int:
        """The acting account. Raises Unauthorised when nobody is logged in."""
        if not self.viewer.account_id:
            raise Unauthorised(self.NOBODY)
        return self.viewer.account_id

    async def read(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        return await self.engines.db.read(operation, *args, **kwargs)

    async def browse(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """read() for public lists. Without a login the answer may be some seconds old."""
        if self.viewer.account_id:
            return await self.read(operation, *args, **kwargs)
        return await self.engines.db.read_lagging(operation, *args, **kwargs)

    async def write(self, operation: Operation[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run operation(tx, …). Once this returns, it is durable and visible everywhere, also in cached timelines."""
        act = Act(operation)
        result = await self.engines.db.write(act, *args, **kwargs)
        await act.show(self.engines.timelines)
        return result

    async def throttle(self, rules: tuple[Limit, ...], **by: str) -> None:
        """Count one try. Raises TooMany. Test servers count nothing."""
        if not self.settings.testing:
            await limits.check(self.engines.limits, rules, ip=self.ip, **self._counted(by))

    async def give_back(self, rules: tuple[Limit, ...], **by: str) -> None:
        """Take back what throttle() counted, because the try was right."""
        if not self.settings.testing:
            await limits.give_back(self.engines.limits, rules, ip=self.ip, **self._counted(by))

    def _counted(self, by: dict[str, str]) -> dict[str, str]:
        """A name or an address is counted in one organisation: it is another's there."""
        return {kind: text_key(self.site.org_id, key) for kind, key in by.items()}
