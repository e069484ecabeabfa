"""What guards logins: limits that hold, and answers that tell nothing."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from client import Server
from requests.adapters import HTTPAdapter
from visitor import Visitor

PROXY, OTHER = "127.0.0.1", "127.0.0.2"  # what the first says of where a request comes from is believed


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as people run it: nothing about it knows of tests."""
    env = {"CHIRRUP_TESTING": "", "CHIRRUP_TRUSTED_PROXIES": PROXY}
    server = Server(tmp_path_factory.mktemp("strict") / "data", env=env).start()
    for name in ("ann", "bob"):
        server.command("user", "create", name, "--email", f"{name}@example.com", "--password", "correct horse")
    yield server
    server.stop()


class FromOther(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options, source_address=(OTHER, 0))  # pyright: ignore


def visitor_from(server: Server, ip: str, *, by: str = PROXY) -> Visitor:
    """Says to come from ip, in every way there is."""
    visitor = Visitor(server.url)
    if by == OTHER:
        visitor.session.mount("http://", FromOther())
    names = ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP")
    visitor.session.headers.update(dict.fromkeys(names, ip) | {"Forwarded": f"for={ip}"})
    return visitor


def without_tokens(page: str, name: str) -> str:
    return re.sub(r'value="[0-9a-f]{64}"', "", page).replace(name, "NAME")


def test_a_wrong_password_and_an_unknown_name_get_the_same_page(strict):
    known, unknown = (Visitor(strict.url).log_in(name, "wrong") for name in ("bob@example.com", "eve@example.com"))

    assert known.status_code == unknown.status_code == 422
    assert without_tokens(known.text, "bob@") == without_tokens(unknown.text, "eve@")
    assert known.headers.keys() == unknown.headers.keys()


def test_ten_wrong_passwords_close_one_account_by_whatever_name(strict):
    visitor = Visitor(strict.url)
    names = ["ann@example.com", "ANN@example.com", "ann", "@ann"]

    answers = [visitor.log_in(names[n % 4], "wrong") for n in range(11)]

    assert [answer.status_code for answer in answers[:10]] == [422] * 10
    assert answers[10].status_code == 429
    assert 1 <= int(answers[10].headers["Retry-After"]) <= 301
    assert visitor.log_in("ann@example.com", "correct horse").status_code == 429
    assert Visitor(strict.url).log_in("bob@example.com", "correct horse").status_code == 303


def test_wrong_passwords_close_an_account_to_all_addresses_and_an_address_to_all_accounts(strict):
    for net, name in (("10.1.0", "carla"), ("10.1.1", "x" * 300 + "{}")):  # nobody looks at what comes after 300
        tries = [visitor_from(strict, f"{net}.{n}").log_in(name.format(n), "wrong") for n in range(30)]
        assert [answer.status_code for answer in tries] == [422] * 10 + [429] * 20
        assert "Retry-After" in tries[-1].headers

    tries = [visitor_from(strict, "10.2.0.1").log_in(f"nobody{n}", "wrong") for n in range(30)]

    assert [answer.status_code for answer in tries] == [422] * 25 + [429] * 5


def test_an_address_is_believed_from_a_proxy_only(strict):
    tries = [visitor_from(strict, f"10.3.0.{n}", by=OTHER).log_in(f"noone{n}", "wrong") for n in range(30)]

    assert [answer.status_code for answer in tries] == [422] * 25 + [429] * 5


def test_a_wrong_password_and_an_unknown_name_cost_the_same(strict):
    """CPU time, in turn, and the least of each: what else the machine does makes a try dearer, never cheaper."""
    strict.command("user", "create", "dora", "--email", "dora@example.com", "--password", "correct horse")
    visitor_from(strict, "10.4.0.1").log_in("warm@example.com", "wrong")
    spent_s: dict[str, list[float]] = {"dora@example.com": [], "nobody@example.com": []}
    for n in range(10):
        for login, tries in spent_s.items():
            before = strict.cpu_s()
            assert visitor_from(strict, f"10.4.1.{n}").log_in(login, "wrong").status_code == 422
            tries.append(strict.cpu_s() - before)

    known, unknown = map(min, spent_s.values())
    assert abs(known - unknown) < 0.010, spent_s  # 10 ms cannot be told apart over a network


def test_ten_wrong_passwords_close_the_form_for_a_new_one(strict):
    strict.command("user", "create", "eva", "--email", "eva@example.com", "--password", "correct horse")
    visitor = visitor_from(strict, "10.5.0.1")
    assert visitor.log_in("eva", "correct horse").status_code == 303

    tries = [visitor.post("/settings/password", old="wrong", new="another long one") for _ in range(11)]

    assert [answer.status_code for answer in tries] == [422] * 10 + [429]
    assert visitor.is_logged_in


def test_apps_get_no_token_for_a_password_and_are_not_registered_without_end(strict):
    form = {"client_name": "App", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
    session = visitor_from(strict, "10.6.0.1").session
    apps = [session.post(f"{strict.url}/api/v1/apps", json=form) for _ in range(31)]
    assert [answer.status_code for answer in apps] == [200] * 30 + [429]

    asked = {name: apps[0].json()[name] for name in ("client_id", "client_secret")}
    asked |= {"username": "bob@example.com", "password": "correct horse"}
    for grant in ("password", "implicit", "refresh_token", ""):
        answer = session.post(f"{strict.url}/oauth/token", data=asked | {"grant_type": grant})
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_grant_type")


def test_sign_ups_from_one_address_are_limited(strict):
    def sign_up(n: int) -> int:
        form = {"username": f"new{n}", "email": f"new{n}@example.com", "password": "correct horse"}
        visitor = visitor_from(strict, f"10.0.0.{n}", by=OTHER)
        return visitor.send("/sign-up", form | {"csrf": visitor.csrf("/sign-up")}).status_code

    assert [sign_up(n) for n in range(6)] == [303] * 5 + [429]
