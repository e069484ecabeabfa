"""A server with an object of every kind, for tests of the whole table of routes."""

import io
import re
from typing import Any

import requests
from client import Person, Server, eventually
from PIL import Image

from chirrup.http.route import Route


class World:
    """`user` owns one object of each kind; filled() puts their ids into a route's path."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.user, self.other, self.nobody = server.person(), server.person(), server.anyone()
        self.user.follow(self.other)
        self.user.post("/api/v1/tags/bread/feature")
        post = self.user.say("hello #there", poll={"options": ["a", "b"], "expires_in": 3600})
        made = {
            "accounts": self.other.id,
            "follow_requests": self.other.id,
            "suggestions": self.other.id,
            "statuses": post["id"],
            "polls": post["poll"]["id"],
            "media": self.picture()["id"],
            "lists": self._made("/api/v1/lists", title="friends"),
            "list": self._made("/api/v1/lists", title="others"),
            "collections": self.user.post("/api/v1/collections", name="good ones").json()["collection"]["id"],
            "scheduled_statuses": self._made("/api/v1/statuses", status="later", scheduled_at="4000-01-01"),
            "drafts": self._made("/api/chirrup/v1/drafts", status="unfinished"),
            "reports": self._made("/api/v1/reports", account_id=self.other.id),
            "featured_tags": self._made("/api/v1/featured_tags", name="there"),
            "v1/filters": self._made("/api/v1/filters", phrase="fog", context=["home"]),
            "filters": self._made("/api/v2/filters", title="weather", context=["home"]),
        }
        made["keywords"] = made["v1/filters"]
        made["filters/statuses"] = self._made(f"/api/v2/filters/{made['filters']}/statuses", status_id=post["id"])
        self.ids: dict[str, str] = {noun: id for noun, id in made.items() if id}
        self.other.post(f"/api/v1/statuses/{post['id']}/favourite")
        self.group_key = eventually(lambda: self.user.get("/api/v1/notifications").json())[0]["group_key"]

    def picture(self) -> dict[str, Any]:
        return self.user.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()

    def _made(self, path: str, **body: Any) -> str:
        answer = self.user.post(path, **body)
        return answer.json()["id"] if answer.ok else ""

    def id_for(self, path: str) -> str:
        """The id of an object for a path like `…/lists/{id…`; of a post, if the noun is unknown."""
        if "{group_key}" in path:
            return self.group_key
        before, noun = path.split("/{")[0].split("/")[-2:]
        return self.ids.get(f"{before}/{noun}") or self.ids.get(noun, self.ids["statuses"])

    def path(self, route: Route) -> str:
        return self.filled(route, self.id_for(route.path))

    def filled(self, route: Route, value: str) -> str:
        """The route's path with value as its first parameter, and valid values for the others."""
        path = re.sub(r"\{\w+\}", lambda _: value, route.path, count=1)
        return re.sub(r"\{\w+\}", "1", path)


def ask(person: Person, route: Route, path: str, **options: Any) -> requests.Response:
    """The smallest request for the route."""
    if route.method != "GET" and not options:
        options = {"json": {}}
    return person.call(route.method, path, allow_redirects=False, **options)


def name_of(route: Route) -> str:
    """For the ids of tests."""
    return f"{route.method} {route.path}"


def png() -> bytes:
    """A small picture."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return out.getvalue()
