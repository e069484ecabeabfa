"""The pages /org/identity: a provider and a directory are set, tried, removed; owners decide about a reading."""

import re
from collections.abc import Iterator

import pytest
import requests
from client import Server
from visitor import Visitor, forms, logged_in

from chirrup.ids import bucket_of
from chirrup.ports import Tx
from chirrup.store import directory_runs
from chirrup.types.directory import DirectoryRun

pytestmark = pytest.mark.slow
PATH = "/org/identity"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("identity") / "data") as town:
        yield town


def send(desk: Visitor, page: str, action: str = "", **fields: str) -> requests.Response:
    form = next(one for one in forms(desk.get(page)) if one.url == desk.url + (action or page))
    return desk.send(action or page, form.fields | fields)


def asks(tx: Tx) -> int:
    run = DirectoryRun(tx.new_id(bucket_of(0)), 0, "ldap", "waits", people=6, members=9, gone=3, read_ms=tx.now_ms)
    assert directory_runs.insert(tx, run)
    return run.id


def test_a_provider_is_set_tried_and_removed(town: Server):
    desk, admin = logged_in(town, town.admin()), town.admin()
    good = {"oidc_issuer": "https://nowhere.invalid", "oidc_client_id": "chirrup", "oidc_name": "Acme"}
    good |= {"oidc_roles": "helpers = moderator\ncn=a,ou=b = moderator", "oidc_scopes": "openid email"}

    wrong = send(desk, f"{PATH}/oidc", **good | {"oidc_issuer": "gopher://x", "oidc_client_secret": "very secret"})
    assert wrong.status_code == 422 and "The provider must have an address that begins with https://" in wrong.text
    assert "gopher://x" in wrong.text and "very secret" not in wrong.text
    refused = send(desk, f"{PATH}/oidc", **good | {"oidc_roles": "all = owner"})
    assert refused.status_code == 403 and "all = owner" in refused.text

    saved = send(desk, f"{PATH}/oidc", **good | {"oidc_client_secret": "very secret"})
    assert saved.headers["Location"] == f"{PATH}?saved=1"
    assert "Log in with Acme" in Visitor(town.url).get("/login").text
    page = desk.get(f"{PATH}/oidc").text
    assert "cn=a,ou=b = moderator" in page and "One is kept" in page and "very secret" not in page
    shown = admin.get(f"/api/chirrup/v1{PATH}").json()["oidc"]
    assert shown["roles"] == {"helpers": "moderator", "cn=a,ou=b": "moderator"}
    assert shown["scopes"] == ["openid", "email"]
    tried = send(desk, PATH, f"{PATH}/check").text
    assert "there is no host nowhere.invalid" in tried and "look at the name in the issuer" in tried

    assert send(desk, f"{PATH}/oidc", f"{PATH}/oidc/remove").status_code == 303
    assert "Log in with" not in Visitor(town.url).get("/login").text
    helper = logged_in(town, town.person())
    assert {helper.get(path).status_code for path in (PATH, f"{PATH}/oidc", f"{PATH}/ldap")} == {403}


def test_tokens_for_scim_are_made_shown_once_and_ended_and_groups_give_roles(town: Server):
    desk, path = logged_in(town, town.admin()), f"{PATH}/scim"
    blank = send(desk, path, f"{path}/tokens", scim_name=" ")
    assert blank.status_code == 422 and "The name of the directory can&#39;t be blank" in blank.text
    made = send(desk, path, f"{path}/tokens", scim_name="Okta")
    secret = re.findall(r"<code>([^<]+)</code>", made.text)[0]
    assert "never again" in made.text and secret not in desk.get(path).text
    asked = {"headers": {"Authorization": f"Bearer {secret}"}, "timeout": 10}
    assert requests.get(f"{town.url}/scim/v2/Users", **asked).ok  # pyright: ignore[reportArgumentType]

    refused = send(desk, path, scim_roles="all = owner", scim_subject="externalId")
    assert refused.status_code == 403 and "all = owner" in refused.text
    assert send(desk, path, scim_roles="all = moderator", scim_subject="name").status_code == 422
    assert send(desk, path, scim_roles="all = moderator", scim_subject="userName").status_code == 303
    assert "all = moderator" in desk.get(path).text
    end = next(form for form in forms(desk.get(path)) if form.url.endswith("/end"))
    assert desk.send(end.url.removeprefix(desk.url), end.fields).status_code == 303
    assert "Okta" not in desk.get(path).text
    assert logged_in(town, town.person()).get(path).status_code == 403


def test_a_directory_is_set_and_an_owner_decides_who_goes(town: Server):
    desk = logged_in(town, town.admin())
    good = {"ldap_url": "ldaps://nowhere.invalid", "ldap_bind_dn": "cn=x", "ldap_base": "dc=x", "ldap_trust_mail": "1"}
    assert send(desk, f"{PATH}/ldap", **good).status_code == 422  # a filter is needed
    good |= {"ldap_filter": "(uid=*)", "ldap_login": "uid", "ldap_key": "entryUUID"}
    assert send(desk, f"{PATH}/ldap", **good | {"ldap_ca": "/etc/passwd"}).status_code == 422
    assert send(desk, f"{PATH}/ldap", **good | {"ldap_bind_password": "secret"}).status_code == 303
    assert send(desk, PATH, f"{PATH}/check").text.count("there is no host nowhere.invalid") == 1

    run = town.do(lambda engines: engines.db.write(asks))
    page = desk.get(PATH).text
    assert "3 of the 9 people" in page and "An owner decides" in page
    boss = town.person()
    town.command("user", "role", boss.name, "owner")
    owner = logged_in(town, boss)
    assert send(owner, PATH, f"{PATH}/runs/{run}/approve").headers["Location"] == f"{PATH}?read=1"
    assert "3 of the 9 people" not in owner.get(PATH).text
    late = owner.post(f"{PATH}/runs/{run}/refuse", csrf_from=f"{PATH}/oidc")
    assert late.status_code == 403 and "waits for nobody any more" in late.text
    run = town.do(lambda engines: engines.db.write(asks))
    assert owner.post(f"{PATH}/runs/{run}/refuse", csrf_from=f"{PATH}/oidc").status_code == 303
    assert owner.post(f"{PATH}/read", csrf_from=f"{PATH}/oidc").status_code == 303
    assert send(desk, f"{PATH}/ldap", f"{PATH}/ldap/remove").status_code == 303
