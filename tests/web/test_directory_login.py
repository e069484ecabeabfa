"""Logging in with a password of the company's LDAP directory, on the form that everybody has."""

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import servers
from client import Server
from ldap_server import Slapd, dn_of, person
from visitor import Visitor, forms

from chirrup.access import second_factor, signing, totp
from chirrup.config import Settings

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


def test_commands_say_what_is_well_and_what_would_happen(town: Server, slapd: Slapd):
    assert Visitor(town.url).log_in("ann", "secret").status_code == 303

    told = town.command("identity", "check")
    assert "2 people may come in" in told and "bad" not in told
    told = town.command("identity", "sync", "--dry-run")
    assert "2 people are there" in told and "0 would be deactivated" in told

    slapd.delete(dn_of("ann"))
    try:
        told = town.command("identity", "sync", "--dry-run")
        assert "1 would be deactivated: @ann" in told and "an owner would be asked first" in told
        told = town.command("identity", "sync")
        run = re.search(r"chirrup identity approve (\d+)", told)
        assert run and "so nothing was done" in told
        assert run[1] in town.command("identity", "runs")
        visitor = Visitor(town.url)
        town.command("identity", "approve", run[1])
        town.command("identity", "sync")
        assert visitor.log_in("ann", "secret").status_code == 422
        assert town.anyone().get("/api/v1/accounts/lookup", acct="ann").ok  # what was said stays
    finally:
        slapd.stop()
    with pytest.raises(subprocess.CalledProcessError) as failed:
        town.command("identity", "check")
    assert failed.value.returncode == 1
    assert "this machine may connect to it" in failed.value.stdout
    slapd.start()


def test_a_second_factor_is_asked_for_after_the_directory_too(town: Server):
    assert Visitor(town.url).log_in("boss", "secret").status_code == 303
    id = int(town.anyone().get("/api/v1/accounts/lookup", acct="boss2").json()["id"])
    signer, salt = signing.signer(Settings(data=town.data)), second_factor.new_salt()
    code = totp.code_at(second_factor.key_of(signer, id, salt), int(time.time() * 1000) // totp.STEP_MS)
    on = lambda engines: engines.db.write(second_factor.turn_on, signer, id, salt=salt, code=code)  # noqa: E731
    recovery = town.do(on)

    visitor = Visitor(town.url)
    asked = visitor.log_in("boss", "secret")
    assert asked.status_code == 200 and "Your code" in asked.text and not visitor.is_logged_in
    fields = forms(asked)[0].fields
    assert visitor.send("/login/code", fields | {"code": "000000"}).status_code in (403, 422)
    assert visitor.send("/login/code", fields | {"code": recovery[0], "by": ""}).status_code == 422  # as if by password
    assert visitor.send("/login/code", fields | {"code": recovery[0]}).status_code == 303
    assert visitor.is_logged_in
