"""Files that browsers, crawlers and password managers request by themselves; and windows that apps open."""

import urllib.robotparser

import pytest
import requests
from visitor import Visitor, forms, logged_in

APP = {"client_name": "Phone", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob https://app.example/done", "scopes": "read"}


def test_there_is_an_icon_for_what_is_no_page(server):
    answer = requests.get(f"{server.url}/favicon.ico", timeout=10)

    assert answer.ok
    assert "icon" in answer.headers["Content-Type"]
    assert answer.content[:4] == b"\0\0\1\0"  # an ICO
    assert "max-age" in answer.headers["Cache-Control"]


def test_crawlers_are_told_what_there_is_for_them(server, ann):
    answer = requests.get(f"{server.url}/robots.txt", timeout=10)
    assert answer.headers["Content-Type"].startswith("text/plain")
    rules = urllib.robotparser.RobotFileParser()
    rules.parse(answer.text.splitlines())

    for path in ("/", "/about", "/public", f"/@{ann.name}", f"/@{ann.name}/123", "/tags/bread", "/media/files/1/a.png"):
        assert rules.can_fetch("Crawler", path)
    for path in ("/api/v1/timelines/public", "/oauth/authorize", "/search?q=a", "/settings", "/login", "/home"):
        assert not rules.can_fetch("Crawler", path)


def test_password_managers_are_led_to_where_the_password_is_changed(server, anns):
    """https://w3c.github.io/webappsec-change-password-url/"""
    answer = requests.get(f"{server.url}/.well-known/change-password", timeout=10, allow_redirects=False)
    assert answer.status_code in (302, 303, 307)
    assert 'type="password"' in anns.session.get(answer.headers["Location"], timeout=10).text

    sure = requests.get(
        f"{server.url}/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200", timeout=10
    )
    assert sure.status_code == 404


# windows


def ways(session: requests.Session, answer: requests.Response) -> list[requests.Response]:
    return [*answer.history, answer]


def test_a_window_that_an_app_has_opened_stays_its_own_until_it_is_back(server, ann):
    """Cross-Origin-Opener-Policy on any step would separate it from the app, which would never get the code."""
    visitor, answers = Visitor(server.url), []
    app = server.anyone().post("/api/v1/apps", **APP).json()
    for uri in APP["redirect_uris"].split():
        asked = {"client_id": app["client_id"], "redirect_uri": uri, "response_type": "code", "scope": "read"}
        page = visitor.get("/oauth/authorize", params=asked | {"force_login": "true"})
        answers += ways(visitor.session, page)
        (login,) = forms(page)
        answers.append(visitor.send(login.url, login.fields | {"email": ann.name, "password": "wrong"}))
        consent = visitor.session.post(login.url, data=login.fields | {"email": ann.name, "password": "password"})
        answers += ways(visitor.session, consent)
        for form in forms(consent):
            answers.append(visitor.send(form.url, form.fields))
            answers.append(visitor.send(form.url, form.fields | {"csrf": "wrong"}))
            if "native" in answers[-2].headers["Location"]:
                answers.append(visitor.get(answers[-2].headers["Location"]))
    for path in (
        *("/oauth/authorize", "/oauth/authorize?client_id=x", "/oauth/authorize/native?code=x", "/login?again=1"),
        *("/oauth/nowhere", "/sign-up?return_to=/oauth/authorize"),
    ):
        answers += ways(visitor.session, visitor.get(path))
        answers.append(Visitor(server.url).get(path, allow_redirects=False))
        answers.append(visitor.session.delete(server.url + path, timeout=10))
    answers.append(visitor.send("/sign-up", {"csrf": visitor.csrf("/settings")}))

    for answer in answers:
        assert "Cross-Origin-Opener-Policy" not in answer.headers, (answer.request.method, answer.url)
    assert visitor.get("/home").headers["Cross-Origin-Opener-Policy"] == "same-origin"


def code_for(visitor: Visitor, server, ann) -> str:
    app = server.anyone().post("/api/v1/apps", **APP).json()
    uri = APP["redirect_uris"].split()[0]
    asked = {"client_id": app["client_id"], "redirect_uri": uri, "response_type": "code", "scope": "read"}
    form = forms(visitor.get("/oauth/authorize", params=asked))[0]
    return visitor.send(form.url, form.fields).headers["Location"].partition("code=")[2]


def test_only_a_code_that_was_given_to_whoever_asks_is_shown(server, ann, bob):
    visitor, other = logged_in(server, ann), logged_in(server, bob)
    code, theirs = code_for(visitor, server, ann), code_for(other, server, bob)

    shown = visitor.get(f"/oauth/authorize/native?code={code}")
    assert shown.ok
    assert code in shown.text
    for browser, text in (
        *((visitor, theirs), (other, code), (Visitor(server.url), code), (visitor, code[:-1] + "_")),
        *((visitor, "Call+0800+000000+to+unlock"), (visitor, ""), (visitor, "%00"), (visitor, "a" * 5000)),
    ):
        answer = browser.get(f"/oauth/authorize/native?code={text}")
        assert answer.status_code == 404
        assert not text or text.split("+")[0] not in answer.text
    refused = visitor.get("/oauth/authorize/native?error=access_denied&error_description=Call")
    assert refused.ok
    assert "Call" not in refused.text


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico", "/.well-known/change-password"])
def test_they_are_there_for_heads_too(server, path):
    assert requests.head(server.url + path, timeout=10, allow_redirects=False).status_code in (200, 302)
