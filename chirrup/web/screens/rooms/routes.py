"""The pages below /rooms."""

from ...page_route import PageRoute
from . import rooms
from .rooms import NEW, ONE, PATH

ROUTES: list[PageRoute] = [
    PageRoute("GET", PATH, rooms.index),
    PageRoute("GET", NEW, rooms.new_form),
    PageRoute("POST", NEW, rooms.create, again=rooms.new_again),
    PageRoute("GET", ONE, rooms.show),
    PageRoute("POST", ONE, rooms.save, again=rooms.again, uploads=True),
    PageRoute("POST", f"{ONE}/add", rooms.add, again=rooms.again),
    PageRoute("POST", f"{ONE}/people", rooms.people, again=rooms.again),
    PageRoute("POST", f"{ONE}/prefs", rooms.prefer, again=rooms.again),
    PageRoute("POST", f"{ONE}/archive", rooms.archive, again=rooms.again),
    PageRoute("POST", f"{ONE}/join", rooms.join, again=rooms.again),
    PageRoute("POST", f"{ONE}/leave", rooms.leave, again=rooms.again),
]
