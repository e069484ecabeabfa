"""All ways to end access: the API refuses the token within a second, streams close within five."""

import base64
import hashlib
import time
from collections.abc import Callable

import pytest
import requests
from client import Person, Server, eventually
from visitor import Visitor, code_shown_at, logged_in
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

pytestmark = pytest.mark.slow

NATIVE = "urn:ietf:wg:oauth:2.0:oob"
VERIFIER = "v" * 43


class Access:
    """A person's token for an app, obtained like apps do."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.owner = server.person()
        app = requests.post(
            f"{server.url}/api/v1/apps",
            json={"client_name": "A", "redirect_uris": NATIVE, "scopes": "read"},
            timeout=10,
        ).json()
        self.app_id = app["id"]
        self.client = {"client_id": app["client_id"], "client_secret": app["client_secret"]}
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        asked = f"response_type=code&redirect_uri={NATIVE}&scope=read&code_challenge_method=S256"
        self.code = code_shown_at(
            f"{server.url}/oauth/authorize?{asked}&code_challenge={challenge}&client_id={app['client_id']}",
            self.owner.name,
        )
        self.token = self.redeem().json()["access_token"]

    def redeem(self) -> requests.Response:
        return self.post(
            "token", grant_type="authorization_code", code=self.code, redirect_uri=NATIVE, code_verifier=VERIFIER
        )

    def post(self, what: str, **fields: str) -> requests.Response:
        return requests.post(f"{self.server.url}/oauth/{what}", data=self.client | fields, timeout=10)

    def browser(self) -> Visitor:
        return logged_in(self.server, self.owner)

    def moderate(self, action: str) -> None:
        assert self.server.admin().post(f"/api/v1/admin/accounts/{self.owner.id}/action", type=action).ok

    def command(self, *words: str) -> None:
        self.server.command("user", words[0], self.owner.name, *words[1:])


ENDINGS: dict[str, Callable[[Access], object]] = {
    "the app gives it back": lambda one: one.post("revoke", token=one.token),
    "the code is used again": lambda one: one.redeem(),
    "the app is shut out": lambda one: one.browser().post("/settings/apps", revoke=one.app_id),
    "a new password": lambda one: one.browser().post("/settings/password", old="password", new="another long one"),
    "disabled": lambda one: one.moderate("disable"),
    "suspended": lambda one: one.moderate("suspend"),
    "a new password by command": lambda one: one.command("reset-password", "--password", "another long one"),
    "suspended by command": lambda one: one.command("suspend"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_when_access_ends_the_token_is_refused_at_once_and_streams_close(server: Server, ending: str):
    access = Access(server)
    holder = Person(server, access.token)
    address = f"127.0.0.1:{server.port}/api/v1/streaming"
    for_socket = f"ws://{address}?stream=user&access_token={access.token}"
    authorization = {"Authorization": f"Bearer {access.token}"}
    assert holder.get("/api/v1/timelines/home").ok
    with (
        connect(for_socket) as socket,
        requests.get(f"http://{address}/user", headers=authorization, stream=True, timeout=10) as events,
    ):
        lines = events.iter_lines()
        assert b":thump" in (next(lines), next(lines))

        ENDINGS[ending](access)

        ended = time.monotonic()
        eventually(lambda: holder.get("/api/v1/timelines/home").status_code in (401, 403), within_s=1.2)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)
        assert b"".join(lines) == b""
        assert time.monotonic() < ended + 5
    with pytest.raises(InvalidStatus) as refused:
        connect(for_socket)
    assert refused.value.response.status_code in (401, 403)


def test_nobody_ends_the_access_of_another_app(server: Server):
    one, other = Access(server), Access(server)
    holder = Person(server, one.token)

    assert other.post("revoke", token=one.token).status_code == 403
    assert other.post("revoke", token=one.token, client_secret="").status_code == 403
    assert other.post("revoke", token=one.token, client_secret="x" * 43).status_code == 401
    assert other.post("revoke", token="never given out").status_code == 200

    assert holder.get("/api/v1/timelines/home").ok
