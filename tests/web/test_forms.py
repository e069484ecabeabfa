"""Who may send a form, and the cookies and sessions of a login."""

import re

import pytest
import requests
from client import Server, eventually
from visitor import Visitor, logged_in


def wrote(person, words: str) -> bool:
    found = person.get(f"/api/v1/accounts/{person.id}/statuses").json()
    return any(words in status["content"] for status in found)


def is_shut_out(person) -> bool:
    """Whether the token is refused. Waits, because tokens are looked up once a second."""
    return person.get("/api/v1/accounts/verify_credentials").status_code == 401


def test_a_form_of_the_page_is_taken(anns, ann):
    answer = anns.post("/compose", csrf_from="/home", text="from a form")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/home")
    assert wrote(ann, "from a form")


@pytest.mark.parametrize("token", ["", "0" * 64, "é"])
def test_a_form_without_its_token_is_refused(anns, ann, token):
    answer = anns.send("/compose", {"text": "forged", "csrf": token})

    assert answer.status_code == 403
    assert not wrote(ann, "forged")


def test_a_form_with_the_token_of_another_session_is_refused(server, anns, ann, bob):
    of_bob = logged_in(server, bob).csrf("/home")

    answer = anns.send("/compose", {"text": "forged", "csrf": of_bob})

    assert answer.status_code == 403
    assert not wrote(ann, "forged")


@pytest.mark.parametrize(
    "origin", ["null", "https://evil.example", "http://127.0.0.1", "http://127.0.0.1.evil.example"]
)
def test_a_form_sent_from_another_origin_is_refused(anns, ann, origin):
    fields = {"text": "forged", "csrf": anns.csrf("/home")}

    answer = anns.send("/compose", fields, headers={"Origin": origin})

    assert answer.status_code == 403
    assert not wrote(ann, "forged")


def test_a_form_that_the_browser_calls_cross_site_is_refused(anns):
    fields = {"text": "forged", "csrf": anns.csrf("/home")}

    assert anns.send("/compose", fields, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/json", ""])
def test_what_is_no_form_is_refused(anns, kind):
    body = f"csrf={anns.csrf('/home')}&text=forged"

    assert anns.send("/compose", body, headers={"Content-Type": kind}).status_code == 403


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"csrf=%ff%fe", "application/x-www-form-urlencoded"),
        (b"a=b&" * 5000, "application/x-www-form-urlencoded"),
        (b"a=%00", "application/x-www-form-urlencoded"),
        (b"nonsense", "multipart/form-data"),
        (b"nonsense", "multipart/form-data; boundary=x"),
        (
            b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n\xff\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ],
)
def test_a_broken_form_is_refused_in_words(anns, body, kind):
    answer = anns.send("/compose", body, headers={"Content-Type": kind})

    assert answer.status_code in (400, 403)
    assert "</html>" in answer.text


def test_too_large_a_form_is_refused(anns):
    assert anns.send("/login", {"email": "x" * 1_000_000}).status_code == 413


def test_nothing_is_written_by_following_a_link(anns, ann):
    for path in ("/logout", "/settings/password", f"/@{ann.name}/follow"):
        assert anns.get(path, allow_redirects=False).status_code in (303, 404, 405)

    assert anns.is_logged_in


def test_the_cookie_opens_no_api(server, anns):
    answer = anns.get("/api/v1/accounts/verify_credentials")

    assert answer.status_code == 401


def test_the_cookie_is_for_the_server_alone_and_out_of_reach_of_scripts(visitor, ann):
    answer = visitor.log_in(ann.name)

    session, browser = ({part.strip().lower() for part in cookie.split(";")[1:]} for cookie in answer.cookies_set)
    assert session == {"path=/", "httponly", "samesite=lax", "max-age=2592000"}
    assert browser == {"path=/", "httponly", "samesite=lax", "max-age=31536000"}


def test_on_https_the_cookie_has_the_host_prefix_and_browsers_stay_on_https(tmp_path):
    server = Server(tmp_path / "data", env={"CHIRRUP_URL": "https://town.example"}).start()
    try:
        answer = requests.get(f"{server.url}/login", timeout=10)
    finally:
        server.stop()

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert re.fullmatch(
        r"__Host-chirrup=[\w-]{43}; Path=/; HttpOnly; SameSite=Lax; Secure", answer.headers["Set-Cookie"]
    )


def test_the_cookie_changes_at_login_and_again_at_the_next(visitor, ann):
    visitor.csrf("/login")
    cookies = [visitor.cookie]
    for _ in range(2):
        assert visitor.log_in(ann.name).status_code == 303
        cookies.append(visitor.cookie)

    assert len(set(cookies)) == 3
    visitor.session.cookies.set("chirrup", cookies[1])
    assert not visitor.is_logged_in, "the session before the second login goes on"


def test_after_logout_the_old_cookie_opens_nothing(server, anns):
    old = anns.cookie
    answer = anns.post("/logout")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert not anns.cookie

    other = Visitor(server.url)
    other.session.cookies.set("chirrup", old)
    assert not other.is_logged_in
    assert other.get("/home", allow_redirects=False).headers["Location"] == "/login?return_to=%2Fhome"


def test_a_new_password_logs_out_everything_else(server, anns, ann):
    elsewhere, old = logged_in(server, ann), anns.cookie

    wrong = anns.post("/settings/password", old="not it", new="correct horse battery")
    assert wrong.status_code == 422
    assert elsewhere.is_logged_in

    answer = anns.post("/settings/password", old="password", new="correct horse battery")
    assert answer.status_code == 303
    assert anns.is_logged_in
    assert anns.cookie != old
    assert not elsewhere.is_logged_in
    assert eventually(lambda: is_shut_out(ann), within_s=2)
    assert Visitor(server.url).log_in(ann.name).status_code == 422
    assert Visitor(server.url).log_in(ann.name, "correct horse battery").status_code == 303


def test_another_session_can_be_ended_but_not_another_persons(server, anns, ann, bob):
    elsewhere, of_bob = logged_in(server, ann), logged_in(server, bob)
    ids = re.findall(r'name="end" value="([0-9a-f]{64})"', anns.get("/settings/access").text)
    assert len(ids) == 1

    of_bob.post("/settings/sessions", end=ids[0])
    assert elsewhere.is_logged_in

    anns.post("/settings/sessions", end=ids[0])
    assert not elsewhere.is_logged_in
    assert anns.is_logged_in


def test_an_app_let_in_can_be_shut_out_again(anns, ann):
    page = anns.get("/settings/access").text
    app = re.search(r'name="revoke" value="(\d+)"', page)
    assert app

    anns.post("/settings/apps", revoke=app[1])

    assert eventually(lambda: is_shut_out(ann), within_s=2)
