"""The pages of what people must acknowledge and decide."""

from ...page_route import PageRoute
from . import acks, approvals

ROUTES: list[PageRoute] = [
    PageRoute("GET", acks.PATH, acks.waiting),
    PageRoute("GET", acks.ASKED, acks.asked),
    PageRoute("GET", acks.ONE, acks.show),
    PageRoute("POST", acks.ONE, acks.ask, again=acks.again),
    PageRoute("GET", approvals.PATH, approvals.index),
    PageRoute("GET", approvals.NEW, approvals.new_form),
    PageRoute("POST", approvals.NEW, approvals.create, again=approvals.new_again),
    PageRoute("GET", approvals.ONE, approvals.show),
]
