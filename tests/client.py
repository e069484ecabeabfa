"""A real server in its own process, and people who talk to it over HTTP."""

import asyncio
import itertools
import os
import re
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import forkserver
import pytest
import requests
from lean_http import Session
from servers import free_port

from chirrup.app import close_engines, open_engines
from chirrup.config import load
from chirrup.ports import Engines

T = TypeVar("T")
ALL_SCOPES = "read write follow push admin:read admin:write"
ROOT = Path(__file__).parent.parent


def eventually(look: Callable[[], T], *, within_s: float = 6) -> T:
    """Calls look() until its result is true, and returns that. For effects of the outbox."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"did not come true within {within_s} s: {found!r}")
        time.sleep(0.01)
    return found


class Server:
    """`chirrup serve` on a free port, in testing mode unless told otherwise."""

    def __init__(self, data: Path, *, env: dict[str, str] | None = None) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.env = os.environ | {"CHIRRUP_TESTING": "1", "CHIRRUP_DATA": str(data), "CHIRRUP_PORT": str(self.port)}
        self.env["CHIRRUP_LINK_CARDS"] = "never"  # nothing leaves this machine: elsewhere.py makes cards
        self.env |= env or {}
        self.process: forkserver.Process | None = None
        self.numbers = itertools.count(1)
        self._app_token = ""
        self._session = Session()

    def start(self) -> "Server":
        """Returns once it answers."""
        self.launch()
        return self.answered()

    def answered(self) -> "Server":
        """Returns once it answers."""
        eventually(self._answers, within_s=60)
        return self

    def launch(self) -> None:
        with (self.data.parent / f"{self.data.name}.log").open("ab") as log:
            self.process = forkserver.start("serve", env=self.env, out=log, err=log)

    def _answers(self) -> bool:
        assert self.process and self.process.poll() is None, self.log()
        try:
            return self._session.get(self.url + self._sign_of_life, timeout=2).ok
        except (requests.ConnectionError, requests.Timeout):
            return False

    @property
    def _sign_of_life(self) -> str:
        part = self.env.get("CHIRRUP_ROLE", "all") in ("stream", "worker")
        return "/health" if part else "/api/v1/timelines/public"

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(20)

    def __enter__(self) -> "Server":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)

    def log(self) -> str:
        with (self.data.parent / f"{self.data.name}.log").open() as file:
            return file.read(1_000_000)

    def cpu_s(self) -> float:
        """CPU time of all its threads so far, to the microsecond; /proc/<pid>/stat counts in steps of 10 ms."""
        assert self.process
        cpu_clock = (~self.process.pid << 3) | 2  # as Linux's clock_getcpuclockid(3) makes it
        return time.clock_gettime(cpu_clock)

    def command(self, *words: str) -> str:
        """Run `chirrup …` on the same data. Returns what it printed."""
        done = forkserver.run(*words, env=self.env)
        done.check_returncode()
        return done.stdout.strip()

    def do(self, work: Callable[[Engines], Awaitable[T]]) -> T:
        """What a command would do on the same data, but in this process, which takes a tenth of the time."""

        async def run() -> T:
            engines = open_engines(settings)
            try:
                return await work(engines)
            finally:
                await close_engines(engines)

        given = {
            "data": self.data,
            "database": self.env.get("CHIRRUP_DATABASE"),
            "broker": self.env.get("CHIRRUP_BROKER"),
        }
        settings = load({name: value for name, value in given.items() if value})
        return asyncio.run(run())

    def anyone(self) -> "Person":
        return Person(self, "")

    def person(self, name: str = "", **profile: Any) -> "Person":
        """A new account with a token for everything except administration."""
        name = name or f"p{next(self.numbers)}_{secrets.token_hex(3)}"
        if not self._app_token:
            self._app_token = self._make_app_token()
        form = {
            "username": name,
            "email": f"{name}@example.com",
            "password": "password",
            "agreement": "true",
            "locale": "en",
        }
        made = self._session.post(
            f"{self.url}/api/v1/accounts", json=form, headers={"Authorization": f"Bearer {self._app_token}"}, timeout=10
        )
        assert made.ok, made.text
        person = Person(self, made.json()["access_token"])
        person.name = name
        person.id = person.get("/api/v1/accounts/verify_credentials").json()["id"]
        if profile:
            person.patch("/api/v1/accounts/update_credentials", **profile)
        return person

    def _make_app_token(self) -> str:
        app = self._session.post(
            f"{self.url}/api/v1/apps",
            json={
                "client_name": "tests",
                "redirect_uris": "urn:ietf:wg:oauth:2.0:oob",
                "scopes": "read write follow push",
            },
            timeout=10,
        ).json()
        form = {
            "grant_type": "client_credentials",
            "client_id": app["client_id"],
            "client_secret": app["client_secret"],
            "scope": "read write follow push",
        }
        return self._session.post(f"{self.url}/oauth/token", data=form, timeout=10).json()["access_token"]

    def admin(self, name: str = "") -> "Person":
        name = name or f"a{secrets.token_hex(4)}"
        person = Person(
            self,
            self.command(
                "user",
                "create",
                name
                if self.url.startswith("http://127.")
                else f"{name}@{self.url.split('//')[1]}",  # an organisation's
                "--email",
                f"{name}@example.com",
                "--password",
                "password",
                "--admin",
                "--token",
                ALL_SCOPES,
            ),
        )
        person.name = name
        person.id = person.get("/api/v1/accounts/verify_credentials").json()["id"]
        return person


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all tests of a process. Each test makes its own accounts on it."""
    server = Server(tmp_path_factory.mktemp("server") / "data").start()
    try:
        yield server
    finally:
        server.stop()


class Person:
    """An account with a token ("": not logged in). Keyword arguments of writes are the JSON body."""

    def __init__(self, server: Server, token: str) -> None:
        self.server = server
        self.token = token
        self.name = ""
        self.id = ""
        self._session = Session()
        if token:
            self._session.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, params=query)

    def post(self, path: str, **body: Any) -> requests.Response:
        return self.call("POST", path, json=body)

    def put(self, path: str, **body: Any) -> requests.Response:
        return self.call("PUT", path, json=body)

    def patch(self, path: str, **body: Any) -> requests.Response:
        return self.call("PATCH", path, json=body)

    def delete(self, path: str, **body: Any) -> requests.Response:
        return self.call("DELETE", path, json=body)

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        url = path if path.startswith("http") else self.server.url + path
        return self._session.request(method, url, timeout=20, **options)

    # the most common requests, which must succeed

    def say(self, text: str, **more: Any) -> dict[str, Any]:
        made = self.post("/api/v1/statuses", status=text, **more)
        assert made.ok, made.text
        return made.json()

    def follow(self, other: "Person") -> dict[str, Any]:
        done = self.post(f"/api/v1/accounts/{other.id}/follow")
        assert done.ok, done.text
        return done.json()

    def home(self, **query: Any) -> list[dict[str, Any]]:
        found = self.get("/api/v1/timelines/home", **query)
        assert found.ok, found.text
        return found.json()

    def walk(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every item of a list, following rel=next."""
        items: list[dict[str, Any]] = []
        page = self.get(path, **query)
        while True:
            assert page.ok, page.text
            items += page.json()
            following = re.search(r'<([^>]+)>; rel="next"', page.headers.get("Link", ""))
            if not following or not page.json():
                return items
            page = self.get(following[1])
