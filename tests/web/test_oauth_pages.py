"""Login and consent for apps, like in the test suites of clients: forms, redirects, cookies."""

import base64
import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from browser import somebody
from playwright.async_api import Browser, expect
from visitor import Visitor, forms

OOB = "urn:ietf:wg:oauth:2.0:oob"
CALLBACK = "https://app.example/callback?kept=1"


def register(server, *uris: str, scopes: str = "read write:statuses") -> dict:
    made = requests.post(
        f"{server.url}/api/v1/apps",
        json={"client_name": "<b>App</b>", "redirect_uris": list(uris), "scopes": scopes},
        timeout=10,
    )
    assert made.ok, made.text
    return made.json()


def asked(app: dict, uri: str, **more: str) -> dict[str, str]:
    return {"client_id": app["client_id"], "redirect_uri": uri, "response_type": "code", "scope": "read"} | more


def walk(visitor: Visitor, parameters: dict[str, str], name: str, *, answer: int = 0) -> requests.Response:
    """Open the consent page, log in, press its first button (answer: another one). The answer, without redirects."""
    page = visitor.get("/oauth/authorize", params=parameters)
    (login,) = forms(page)
    assert len(re.findall('type="password"', login.inside)) == 1
    page = visitor.session.post(login.url, data=login.fields | {"email": name, "password": "password"}, timeout=10)
    consent = forms(page)[answer]
    return visitor.send(consent.url, consent.fields)


def redeem(server, app: dict, code: str, uri: str, **more: str) -> requests.Response:
    form = {
        "grant_type": "authorization_code",
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "code": code,
        "redirect_uri": uri,
    }
    return requests.post(f"{server.url}/oauth/token", data=form | more, timeout=10)


def test_a_person_lets_an_app_in(server, visitor, ann):
    app = register(server, CALLBACK)

    done = walk(visitor, asked(app, CALLBACK, state="s t&=é"), ann.name)

    assert done.status_code == 303
    assert done.headers["Location"].startswith("https://app.example/callback?kept=1&code=")
    answer = parse_qs(urlsplit(done.headers["Location"]).query)
    assert answer["state"] == ["s t&=é"]
    token = redeem(server, app, answer["code"][0], CALLBACK).json()
    me = requests.get(
        f"{server.url}/api/v1/accounts/verify_credentials",
        headers={"Authorization": f"Bearer {token['access_token']}"},
        timeout=10,
    )
    assert (me.json()["username"], token["scope"]) == (ann.name, "read")


def test_an_app_without_an_address_gets_a_page_with_the_code_in_its_address(server, visitor, ann):
    app = register(server, OOB)

    done = walk(visitor, asked(app, OOB), ann.name)
    page = visitor.get(done.headers["Location"])

    code = parse_qs(urlsplit(page.url).query)["code"][0]
    assert f"<code>{code}</code>" in page.text
    assert redeem(server, app, code, OOB).ok


def test_who_refuses_is_sent_back_without_a_code(server, visitor, ann):
    app = register(server, CALLBACK)

    done = walk(visitor, asked(app, CALLBACK, state="s"), ann.name, answer=1)

    assert done.headers["Location"] == "https://app.example/callback?kept=1&error=access_denied&state=s"


def test_the_challenge_goes_through_the_forms(server, visitor, ann):
    app = register(server, CALLBACK)
    verifier = "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()

    done = walk(visitor, asked(app, CALLBACK, code_challenge=challenge, code_challenge_method="S256"), ann.name)

    code = parse_qs(urlsplit(done.headers["Location"]).query)["code"][0]
    assert redeem(server, app, code, CALLBACK).status_code == 400
    done = walk(
        Visitor(server.url), asked(app, CALLBACK, code_challenge=challenge, code_challenge_method="S256"), ann.name
    )
    code = parse_qs(urlsplit(done.headers["Location"]).query)["code"][0]
    assert redeem(server, app, code, CALLBACK, code_verifier=verifier).ok


@pytest.mark.parametrize(
    "uri",
    [
        "https://app.example/callback",
        "https://app.example/callback?kept=1&more=2",
        "https://app.example/callback/x?kept=1",
        "https://app.example@evil.example/callback?kept=1",
        "https://evil.example/",
        "http://app.example/callback?kept=1",
        "javascript:alert(1)",
        "//app.example/callback?kept=1",
        "",
    ],
)
def test_a_wrong_redirect_uri_gets_a_page_and_no_redirect(server, anns, uri):
    app = register(server, CALLBACK)
    sent = asked(app, uri)

    for answer in (
        anns.get("/oauth/authorize", params=sent, allow_redirects=False),
        anns.post("/oauth/authorize", decision="allow", **sent),
        Visitor(server.url).get("/oauth/authorize", params=sent, allow_redirects=False),
    ):
        assert answer.status_code == 400
        assert "Location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "to_do"),
    [
        ({"client_id": "nobody"}, "Take this server out of the app, and log in there anew."),
        ({"client_id": ""}, "Take this server out of the app, and log in there anew."),
        ({"response_type": "token"}, "try a newer version of it, or tell those who make it"),
        ({"scope": "write:follows"}, "Take this server out of the app, and log in there anew."),
        ({"scope": "nonsense"}, "Take this server out of the app, and log in there anew."),
        (
            {"code_challenge": "x" * 43, "code_challenge_method": "plain"},
            "try a newer version of it, or tell those who make it",
        ),
    ],
)
def test_what_an_app_may_not_ask_gets_a_page_that_says_what_to_do(server, anns, changed, to_do):
    app = register(server, CALLBACK)

    answer = anns.get("/oauth/authorize", params=asked(app, CALLBACK) | changed, allow_redirects=False)

    assert answer.status_code == 400
    assert to_do in answer.text
    assert "Location" not in answer.headers


def test_consent_needs_a_clear_yes_and_its_token(server, anns):
    app = register(server, CALLBACK)
    sent = asked(app, CALLBACK)

    assert anns.post("/oauth/authorize", **sent).status_code == 403
    assert anns.post("/oauth/authorize", decision="maybe", **sent).status_code == 403
    assert anns.send("/oauth/authorize", sent | {"decision": "allow"}).status_code == 403


def test_the_consent_page_lets_its_form_lead_to_the_app_and_names_it_safely(server, anns):
    app = register(server, CALLBACK)

    page = anns.get("/oauth/authorize", params=asked(app, CALLBACK))

    assert "form-action 'self' https:;" in page.headers["Content-Security-Policy"]
    assert "&lt;b&gt;App&lt;/b&gt;" in page.text
    assert "<b>App" not in page.text
    assert "app.example" in page.text


def test_an_app_can_ask_for_another_login(server, anns, bob):
    app = register(server, CALLBACK)

    page = anns.get("/oauth/authorize", params=asked(app, CALLBACK, force_login="true"))
    (login,) = forms(page)
    page = anns.session.post(login.url, data=login.fields | {"email": bob.name, "password": "password"}, timeout=10)

    assert f"@{bob.name}" in page.text
    assert "decision" in forms(page)[0].fields


class App(BaseHTTPRequestHandler):
    """An app that takes the code at one address and redirects the browser to another."""

    def do_GET(self) -> None:
        arrived = self.path.startswith("/done")
        self.send_response(200 if arrived else 302)
        if not arrived:
            self.send_header("Location", f"http://localhost:{self.server.server_port}/done")  # pyright: ignore
        self.end_headers()
        self.wfile.write(b"arrived")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def app_port() -> Iterator[int]:
    with HTTPServer(("127.0.0.1", 0), App) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


async def test_a_real_browser_follows_consent_to_the_app(chromium: Browser, server, ann, app_port):
    """Chromium checks every redirect after a form against the policy's form-action, also the app's own."""
    callback = f"http://127.0.0.1:{app_port}/callback"
    app = register(server, callback)
    watched = await somebody(chromium, server.url)
    page = await watched.page()

    await page.goto(f"/oauth/authorize?{urlencode(asked(app, callback))}")
    await expect(page.get_by_text("<b>App</b>")).to_be_visible()
    await page.get_by_label("E-mail address or username").fill(ann.name)
    await page.get_by_label("Password").fill("password")
    await page.get_by_role("button", name="Log in").click()
    await page.get_by_role("button", name="Authorise").click()

    await expect(page.get_by_text("arrived")).to_be_visible()
    assert [wrong for wrong in watched.wrongs if "favicon" not in wrong] == []
