"""A Call with a renderer, for handlers of the Mastodon API."""

from ..http import call
from ..http.call import Reply as Reply
from .render import Renderer


class Services(call.Services, frozen=True, kw_only=True):
    """What every request may use. app.py makes it once."""

    render: Renderer


class Call(call.Call):
    """The first argument of a handler: routes.py."""

    __slots__ = ()
    services: Services

    @property
    def render(self) -> Renderer:
        return self.services.render.at(self.site)
