"""What guards logins: limits that hold, and answers that tell nothing (../shared/threats.md A12, A14)."""

import re
from collections.abc import Iterator

import pytest
from client import Server
from visitor import Visitor


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server as people run it: nothing about it knows of tests."""
    server = Server(tmp_path_factory.mktemp("strict") / "data", env={"CHIRRUP_TESTING": ""}).start()
    for name in ("ann", "bob"):
        server.command("user", "create", name, "--email", f"{name}@example.com", "--password", "correct horse")
    yield server
    server.stop()


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


def test_sign_ups_from_one_address_are_limited(strict):
    def sign_up(n: int) -> int:
        form = {"username": f"new{n}", "email": f"new{n}@example.com", "password": "correct horse"}
        headers = {"X-Forwarded-For": f"10.0.0.{n}"}
        visitor = Visitor(strict.url)
        return visitor.send("/sign-up", form | {"csrf": visitor.csrf("/sign-up")}, headers=headers).status_code

    assert [sign_up(n) for n in range(6)] == [303] * 5 + [429]
