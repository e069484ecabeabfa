"""The pages of the second factor: setting it up, the second step of a login, turning it off."""

import re
import time
from base64 import b32decode
from collections.abc import Iterator

import pytest
import requests
from client import Person, Server, eventually
from mail_folder import mails
from visitor import Visitor, forms

from chirrup.access import totp

pytestmark = pytest.mark.slow

PAGE = "/settings/second-factor"


class Owner:
    """An account, its browser, its authenticator app and its recovery codes."""

    def __init__(self, server: Server, name: str, browser: Visitor, password: str = "password") -> None:
        self.server, self.name, self.browser, self.password = server, name, browser, password
        self.key, self.codes = b"", list[str]()

    def code(self, *, steps: int = 0) -> str:
        """Of the step that was current when the factor was set up; each step's once."""
        return totp.code_at(self.key, self.step + steps)

    def turn_on(self, *, path: str = PAGE) -> requests.Response:
        form = next(one for one in forms(self.browser.get(path)) if one.url.endswith("/on"))
        found = re.search(r"otpauth://totp/[^\"]+secret=(\w+)", form.inside)
        assert found and "<svg" in form.inside
        self.key = b32decode(found[1])
        self.step = int(time.time() * 1000) // totp.STEP_MS
        page = self.browser.send(form.url, form.fields | {"password": self.password, "code": self.code()})
        self.codes = re.findall(r"<code>([\w-]{14})</code>", page.text)
        return page

    def change(self, what: str, **fields: str) -> requests.Response:
        return self.browser.post(f"{PAGE}/{what}", csrf_from=PAGE, **fields)


@pytest.fixture
def owner(server: Server, ann: Person, anns: Visitor) -> Owner:
    return Owner(server, ann.name, anns)


def second_step(page: requests.Response, visitor: Visitor, code: str, **changed: str) -> requests.Response:
    (form,) = forms(page)
    assert form.url.endswith("/login/code"), page.text[:2000]
    return visitor.send(form.url, form.fields | {"code": code} | changed)


def test_a_login_asks_for_a_code_and_goes_on_where_it_was_to_lead(owner: Owner, server: Server):
    assert owner.turn_on().status_code == 200
    assert len(owner.codes) == 10
    other = Visitor(server.url)
    asked = other.log_in(owner.name, return_to="/bookmarks")
    assert not other.is_logged_in

    wrong = second_step(asked, other, owner.codes[0][:-1])
    assert (wrong.status_code, other.is_logged_in) == (403, False)
    right = second_step(wrong, other, owner.code(steps=1))

    assert (right.status_code, right.headers["Location"]) == (303, "/bookmarks")
    assert other.is_logged_in
    again = Visitor(server.url)
    assert second_step(again.log_in(owner.name), again, owner.code(steps=1)).status_code == 403
    assert second_step(again.log_in(owner.name), again, owner.codes[0]).status_code == 303
    subjects = ["A recovery code was used", "A second factor is on"]
    eventually(lambda: sorted(subject for subject, _ in mails(server, f"{owner.name}@example.com")) == subjects)
    assert "the second factor was turned on" in server.log()


def test_the_second_step_is_for_the_browser_that_knew_the_password(owner: Owner, server: Server, bob: Person):
    owner.turn_on()
    knows, other = Visitor(server.url), Visitor(server.url)
    asked = knows.log_in(owner.name)
    other.csrf("/login")

    stolen = second_step(asked, other, owner.codes[0], csrf=other.csrf("/login"))
    assert (stolen.status_code, other.is_logged_in) == (422, False)
    for changed in ({"account": bob.id}, {"until": "99999999999"}, {"proof": "0" * 32}, {"account": ""}, {"until": ""}):
        assert second_step(asked, knows, owner.codes[0], **changed).status_code == 422, changed
    assert second_step(asked, knows, owner.codes[0], until="soon").status_code == 404
    new = {"old": "password", "new": "another password"}
    assert owner.browser.post("/settings/password", csrf_from="/settings/access", **new).status_code == 303
    assert second_step(asked, knows, owner.codes[0]).status_code == 422


def test_what_was_typed_when_the_session_ended_is_there_after_both_steps(owner: Owner, server: Server):
    owner.turn_on()
    stale = Visitor(server.url)
    kept = stale.send("/compose", {"csrf": stale.csrf("/login"), "text": "half a thought"})
    (login,) = forms(kept)

    asked = stale.send(login.url, login.fields | {"email": owner.name, "password": "password"})
    page = second_step(second_step(asked, stale, "123"), stale, owner.codes[0])

    assert "half a thought" in page.text and "You are logged in again" in page.text


def test_apps_are_let_in_after_the_code_and_never_by_the_password_alone(owner: Owner, server: Server):
    known = requests.post(
        f"{server.url}/api/v1/apps", {"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}, timeout=10
    ).json()
    app = {name: known[name] for name in ("client_id", "client_secret")}
    fields = {"grant_type": "password", "username": f"{owner.name}@example.com", "password": "password", **app}
    assert requests.post(f"{server.url}/oauth/token", fields, timeout=10).ok
    owner.turn_on()

    refused = requests.post(f"{server.url}/oauth/token", fields, timeout=10)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert "second factor" in refused.json()["error_description"]
    path = f"/oauth/authorize?client_id={app['client_id']}&response_type=code&redirect_uri={known['redirect_uri']}"
    visitor = Visitor(server.url)
    (login,) = forms(visitor.get(path))
    asked = visitor.send(login.url, login.fields | {"email": owner.name, "password": "password"})
    assert "Location" not in asked.headers
    right = second_step(asked, visitor, owner.code(steps=1))
    assert right.headers["Location"].startswith("/oauth/authorize?client_id=")


def test_each_change_asks_for_the_password_and_for_a_code(owner: Owner, server: Server):
    page = owner.browser.get(PAGE)
    (form,) = [one for one in forms(page) if one.url.endswith("/on")]
    for wrong in ({"password": "no", "code": "1"}, {"password": "password", "code": "000"}):
        refused = owner.browser.send(form.url, form.fields | wrong)
        assert refused.status_code in (403, 422)
        assert form.fields["salt"] in refused.text  # the app has its key by now
    assert owner.browser.send(form.url, form.fields | {"salt": "x", "password": "password"}).status_code == 400
    owner.turn_on()

    for what in ("codes", "off"):
        for wrong in ({"password": "no", "code": owner.codes[0]}, {"password": "password", "code": "000000"}, {}):
            assert owner.change(what, **wrong).status_code in (403, 422), (what, wrong)
    assert owner.browser.send(form.url, form.fields | {"password": "password", "code": owner.code()}).status_code == 403
    for path in ("/settings/leave", "/settings/move"):
        assert owner.browser.post(path, csrf_from=path, password="password").status_code == 403
    made = owner.change("codes", password="password", code=owner.code(steps=1))
    new = re.findall(r"<code>([\w-]{14})</code>", made.text)
    assert len(new) == 10 and not set(new) & set(owner.codes)
    assert owner.change("off", password="password", code=owner.codes[0]).status_code == 403
    assert owner.change("off", password="password", code=new[0]).status_code == 303
    assert Visitor(server.url).log_in(owner.name).status_code == 303


def test_an_operator_turns_it_off_for_somebody_who_has_lost_the_telephone(owner: Owner, server: Server):
    owner.turn_on()
    assert "the password is enough" in server.command("user", "end-second-factor", owner.name)

    assert Visitor(server.url).log_in(owner.name).status_code == 303
    assert "has no second factor on" in server.command("user", "end-second-factor", owner.name)


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that counts."""
    with Server(tmp_path_factory.mktemp("strict") / "data", env={"CHIRRUP_TESTING": "0"}) as server:
        yield server


def test_ten_wrong_codes_close_it_but_not_to_a_browser_that_is_known(strict: Server):
    strict.command("user", "create", "ann", "--email", "ann@example.com", "--password", "correct horse")
    browser = Visitor(strict.url)
    assert browser.log_in("ann", "correct horse").status_code == 303
    owner = Owner(strict, "ann", browser, "correct horse")
    owner.turn_on()
    thief = Visitor(strict.url)
    asked = thief.log_in("ann", "correct horse")

    tries = [second_step(asked, thief, "000000").status_code for _ in range(11)]

    assert tries == [403] * 10 + [429]
    assert second_step(asked, thief, owner.codes[0]).status_code == 429
    again = browser.log_in("ann", "correct horse")
    assert second_step(again, browser, owner.codes[0]).status_code == 303
