"""Logging in with a password of the company's LDAP directory, on the form that everybody has."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import servers
from client import Server
from ldap_server import Slapd, person
from visitor import Visitor

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def slapd(slapd_path: Path) -> Iterator[Slapd]:
    with servers.running(Slapd) as one:
        one.stop()
        one.load(person("ann", "secret", displayName="Ann Abc") + "\n" + person("boss", "secret"))
        one.start()
        yield one


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, slapd: Slapd) -> Iterator[Server]:
    env = {"CHIRRUP_LDAP": json.dumps(slapd.settings | {"only": True}), "CHIRRUP_IDENTITY_HOSTS": ",".join(slapd.hosts)}
    with Server(tmp_path_factory.mktemp("ldap") / "data", env=env) as town:
        yield town


def test_people_of_the_directory_come_in_and_only_owners_have_passwords_of_ours(town: Server, slapd: Slapd):
    create = ("user", "create", "boss", "--email", "boss@example.com", "--password", "password", "--role")
    town.command(*create, "owner")
    town.command(*[word.replace("boss", "clerk") for word in create], "admin")

    ann = Visitor(town.url)
    assert ann.log_in("ann", "secret").status_code == 303 and ann.is_logged_in
    shown = town.anyone().get("/api/v1/accounts/lookup", acct="ann").json()
    assert shown["display_name"] == "Ann Abc"
    for name, password in (("ann", "password"), ("ann", ""), ("*", "secret"), ("nobody", "secret"), ("", "")):
        refused = Visitor(town.url).log_in(name, password)
        assert refused.status_code == 422 and "Invalid e-mail address or password" in refused.text

    # the boss of the directory is not the owner of the same name here
    other = Visitor(town.url)
    assert other.log_in("boss", "secret").status_code == 303
    assert town.anyone().get("/api/v1/accounts/lookup", acct="boss2").ok

    clerk = Visitor(town.url).log_in("clerk@example.com")
    assert clerk.status_code == 403 and "only owners" in clerk.text
    assert requests.post(f"{town.url}/api/v1/accounts", timeout=10).status_code in (401, 403)
    assert town.anyone().get("/api/v2/instance").json()["registrations"]["enabled"] is False
    assert "Sign up" not in Visitor(town.url).get("/login").text

    slapd.stop()
    try:
        away = Visitor(town.url).log_in("ann", "secret")
        assert away.status_code == 503 and "does not answer now" in away.text
        assert Visitor(town.url).log_in("boss@example.com").status_code == 303
        assert ann.is_logged_in
    finally:
        slapd.start()
