"""How apps say who they are when they ask for a token: in the body, or by HTTP Basic (RFC 6749, 2.3.1)."""

import base64
from urllib.parse import quote

import pytest
import requests
from client import Server

GRANT = {"grant_type": "client_credentials", "scope": "read"}


@pytest.fixture(scope="module")
def app(server: Server):
    new = {"client_name": "tests", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write"}
    return server.anyone().post("/api/v1/apps", **new).json()


def ask(server: Server, path: str, header: str, **fields: str) -> requests.Response:
    return requests.post(server.url + path, data=fields, headers={"Authorization": header}, timeout=10)


def basic(id: str, secret: str, *, kind: str = "Basic") -> str:
    return f"{kind} {base64.b64encode(f'{id}:{secret}'.encode()).decode()}"


def escaped(text: str) -> str:
    """Every character of it."""
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_a_token_is_given_and_taken_back_by_http_basic(server, app):
    methods = server.anyone().get("/.well-known/oauth-authorization-server").json()
    assert "client_secret_basic" in methods["token_endpoint_auth_methods_supported"]
    id, secret = app["client_id"], app["client_secret"]
    for header in (
        *(basic(id, secret), basic(id, secret, kind="basic"), basic(id, secret, kind="BASIC")),
        *(basic(quote(id), quote(secret)), basic(escaped(id), escaped(secret))),
    ):
        made = ask(server, "/oauth/token", header, **GRANT)
        assert made.status_code == 200, made.text
        token = {"Authorization": f"Bearer {made.json()['access_token']}"}
        verify = f"{server.url}/api/v1/apps/verify_credentials"
        assert requests.get(verify, headers=token, timeout=10).ok

        assert ask(server, "/oauth/revoke", header, token=made.json()["access_token"]).status_code == 200
        assert requests.get(verify, headers=token, timeout=10).status_code == 401


def test_a_client_that_is_none_is_refused_and_told_how_to_say_who_it_is(server, app):
    id, secret = app["client_id"], app["client_secret"]
    for header in (
        *(
            basic(id, "wrong"),
            basic("unknown", secret),
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic Y2Fm6Q==",
        ),
        *(basic(f"{id}%FF", secret), basic("", ""), basic(id, secret + "%00")),
    ):
        for path in ("/oauth/token", "/oauth/revoke"):
            refused = ask(server, path, header, **GRANT)
            assert refused.status_code in (401, 403), (header, refused.text)
            assert refused.json()["error"] in ("invalid_client", "unauthorized_client")
            if refused.status_code == 401:
                assert refused.headers["WWW-Authenticate"].startswith("Basic ")
    plain = requests.post(f"{server.url}/oauth/token", data=GRANT | {"client_id": "unknown"}, timeout=10)
    assert plain.status_code == 401
    assert "WWW-Authenticate" not in plain.headers


def test_a_bearer_token_says_nothing_of_a_client(server, app):
    """Some clients send their token with every request."""
    known = {"client_id": app["client_id"], "client_secret": app["client_secret"]}

    assert ask(server, "/oauth/token", "Bearer long-gone", **GRANT, **known).status_code == 200
    assert ask(server, "/oauth/token", f"Bearer {server.person().token}", **GRANT).status_code == 401
