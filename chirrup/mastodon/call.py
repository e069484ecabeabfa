"""A request of the Mastodon API: with a renderer."""

from ..http import call
from ..http.call import Reply as Reply
from .render import Renderer


class Services(call.Services, frozen=True, kw_only=True):
    """What every request may use; made once by app.py."""

    render: Renderer


class Call(call.Call):
    """See routes.py for how a handler gets it."""

    __slots__ = ()
    services: Services

    @property
    def render(self) -> Renderer:
        return self.services.render.at(self.site)
