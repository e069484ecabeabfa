"""A browser without scripts: follows redirects, keeps cookies, sends the forms of pages."""

import html
import re
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from client import Person, Server
from lean_http import Session

FORM = re.compile(r"<form\b([^>]*)>(.*?)</form>", re.DOTALL)
FIELD = re.compile(r"<input\b([^>]*)>")
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


def attributes(tag: str) -> dict[str, str]:
    return {name: html.unescape(value) for name, value in ATTRIBUTE.findall(tag)}


class Form:
    """One form of a page, with its hidden fields filled in."""

    def __init__(self, page: requests.Response, opening: str, inside: str) -> None:
        found = attributes(opening)
        self.url = urljoin(page.url, found.get("action", ""))
        self.inside = inside
        self.fields = {
            field["name"]: field.get("value", "")
            for field in map(attributes, FIELD.findall(inside))
            if field.get("type") == "hidden"
        }


def forms(page: requests.Response) -> list[Form]:
    return [Form(page, opening, inside) for opening, inside in FORM.findall(page.text)]


class Visitor:
    def __init__(self, url: str) -> None:
        self.url = url
        self.session = Session()

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=20, **options)

    def csrf(self, path: str = "/login") -> str:
        """The csrf token in the forms of this page."""
        page = self.get(path)
        found = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert found, page.text[:2000]
        return found[1]

    def post(self, path: str, *, csrf_from: str = "/settings", **fields: Any) -> requests.Response:
        """Send a form with these fields. The answer, without following redirects."""
        return self.send(path, {"csrf": self.csrf(csrf_from)} | fields)

    def send(self, path: str, fields: Any, **options: Any) -> requests.Response:
        return self.session.post(urljoin(self.url, path), data=fields, allow_redirects=False, timeout=20, **options)

    def log_in(self, name: str, password: str = "password", **fields: str) -> requests.Response:
        return self.post("/login", csrf_from="/login?again=1", email=name, password=password, **fields)

    @property
    def cookie(self) -> str:
        return self.session.cookies.get("chirrup") or ""

    @property
    def is_logged_in(self) -> bool:
        return self.get("/home", allow_redirects=False).status_code == 200


def logged_in(server: Server, person: Person) -> Visitor:
    """A browser in which the person is logged in."""
    visitor = Visitor(server.url)
    assert visitor.log_in(person.name).status_code == 303
    return visitor


def code_shown_at(address: str, name: str) -> str:
    """The code that a user gets to type into the app, after logging in at address and agreeing."""
    browser = Session()
    (login,) = forms(browser.get(address, timeout=10))
    fields = login.fields | {"email": f"{name}@example.com", "password": "password"}
    consent = forms(browser.post(login.url, data=fields, timeout=10))[0]
    page = browser.post(consent.url, data=consent.fields, timeout=10)
    return parse_qs(urlsplit(page.url).query)["code"][0]
