"""Logging in at a company's provider: who becomes whom, what is refused, what goes on without it."""

import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from client import Person, Server
from identity_provider import CLIENT, LOGOUT, Provider, by_another, by_secret, key, provider, unsigned
from visitor import Visitor, forms
from walls import organisation

from chirrup.orgs.scim import tokens
from chirrup.ports import Tx

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def acme() -> Iterator[Provider]:
    with provider() as one:
        yield one


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, acme: Provider) -> Iterator[Server]:
    env = {
        "CHIRRUP_OIDC": json.dumps(acme.settings | {"roles": {"bosses": "admin", "helpers": "moderator"}}),
        "CHIRRUP_IDENTITY_HOSTS": f"127.0.0.1:{acme.port}",
        "CHIRRUP_SCIM": json.dumps({"subject": "externalId"}),
    }
    with Server(tmp_path_factory.mktemp("sso") / "data", env=env) as town:
        yield town


@pytest.fixture(scope="module")
def site(town: Server) -> Server:
    return organisation(town)


def log_in(town: Server, acme: Provider, **claims: Any) -> tuple[Visitor, requests.Response]:
    """A browser in which whoever has these claims has logged in, and the page where it is then."""
    acme.claims = claims
    visitor = Visitor(town.url)
    return visitor, visitor.get("/login/oidc?return_to=/settings")


def token_of(town: Server, visitor: Visitor) -> Person:
    """A token that the account gives to an app, as in any Mastodon client: through the authorize page."""
    app = requests.post(
        f"{town.url}/api/v1/apps",
        json={"client_name": "app", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read write"},
        timeout=10,
    ).json()
    asked = f"client_id={app['client_id']}&redirect_uri=urn:ietf:wg:oauth:2.0:oob&response_type=code&scope=read+write"
    shown = visitor.get(f"/oauth/authorize?{asked}")
    consent = forms(shown)[0]
    page = visitor.session.post(consent.url, data=consent.fields | {"decision": "allow"}, timeout=10)
    form = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(page.url).query)["code"][0],
        "client_id": app["client_id"],
        "client_secret": app["client_secret"],
        "redirect_uri": "urn:ietf:wg:oauth:2.0:oob",
    }
    return Person(town, requests.post(f"{town.url}/oauth/token", data=form, timeout=10).json()["access_token"])


def me(person: Person) -> dict[str, Any]:
    return person.get("/api/v1/accounts/verify_credentials").json()


def test_whom_a_directory_made_by_scim_comes_into_that_account(town: Server, acme: Provider):
    _, token = town.do(lambda engines: engines.db.write(tokens.make, 0, 0, "Okta"))
    asked = {"headers": {"Authorization": f"Bearer {token}"}, "json": {"userName": "made.first", "externalId": "77"}}
    assert requests.post(f"{town.url}/scim/v2/Users", timeout=30, **asked).status_code == 201

    visitor, page = log_in(town, acme, sub="77", preferred_username="other")

    assert page.status_code == 200
    assert me(token_of(town, visitor))["username"] == "made_first"


def test_who_has_no_password_here_logs_in_again_where_others_are_asked_for_it(town: Server, acme: Provider):
    page = "/settings/app-passwords"
    visitor, _ = log_in(town, acme, sub="grace", preferred_username="grace", email="grace@example.com")
    assert "You have just logged in" in visitor.get(page).text
    fresh = visitor.send(page, made_of(visitor, page) | {"app_password_name": "script", "scope": "read"})
    assert fresh.status_code == 200 and "script" in fresh.text

    town.do(lambda engines: engines.db.write(_an_hour_later))

    shown = visitor.get(page).text
    assert "Log in again" in shown and 'name="password"' not in shown
    late = visitor.send(page, made_of(visitor, page) | {"app_password_name": "other", "scope": "read"})
    assert late.status_code == 422 and "Log in again first" in late.text
    again = re.findall(r'/login/oidc[^"]*', visitor.get(f"/login?again=1&return_to={page}").text)[0].replace(
        "&amp;", "&"
    )
    assert "prompt=login" in visitor.get(again, allow_redirects=False).headers["Location"]
    assert "You have just logged in" in visitor.get(again).text


def made_of(visitor: Visitor, page: str) -> dict[str, str]:
    return next(one for one in forms(visitor.get(page)) if one.url.endswith(page)).fields


def _an_hour_later(tx: Tx) -> None:
    tx.run("UPDATE sessions SET created_ms = created_ms - 3600000")


def test_a_person_logs_in_and_stays_the_same_whatever_else_changes(town: Server, acme: Provider):
    login = requests.get(f"{town.url}/login?return_to=/settings", timeout=10).text
    assert 'href="/login/oidc?return_to=/settings"' in login.replace("%2F", "/") and "Log in with Acme" in login

    visitor, page = log_in(town, acme, sub="ann-1", preferred_username="Ann.Ábc", name="Ann Abc", groups=["bosses"])
    assert (page.status_code, urlsplit(page.url).path) == (200, "/settings")
    first = token_of(town, visitor)
    known = me(first)
    assert (known["username"], known["display_name"], known["role"]["name"]) == ("Ann_Abc", "Ann Abc", "Admin")

    # another name, another address, other groups: the same account, with the role of now
    acme.more = {"email": "new@acme.example", "email_verified": True, "groups": ["helpers"]}
    again = me(token_of(town, log_in(town, acme, sub="ann-1", preferred_username="anna", name="Anna")[0]))
    acme.more = {}
    assert (again["id"], again["username"], again["role"]["name"]) == (known["id"], "Ann_Abc", "Moderator")

    # a name that is taken gets a number; one that is reserved, too
    for sub, name in (("ann-2", "ann_abc"), ("root", "root")):
        other = me(token_of(town, log_in(town, acme, sub=sub, preferred_username=name)[0]))
        assert other["username"] == f"{name}2"


def test_an_address_joins_no_account_whose_domain_is_not_the_organisations(town: Server, acme: Provider):
    bob = town.person("bob")

    _, page = log_in(town, acme, sub="b", preferred_username="bob", email="bob@example.com", email_verified=True)
    assert page.status_code == 200
    found = town.anyone().get("/api/v1/accounts/lookup", acct="bob2").json()

    assert found["id"] != bob.id
    assert me(bob)["id"] == bob.id


def test_two_logins_at_once_make_one_account(town: Server, acme: Provider):
    acme.claims = {"sub": "twin", "preferred_username": "twin"}
    with ThreadPoolExecutor(6) as pool:
        pages = list(pool.map(lambda _: Visitor(town.url).get("/login/oidc"), range(6)))

    assert {page.status_code for page in pages} == {200}
    assert town.anyone().get("/api/v1/accounts/lookup", acct="twin").ok
    assert town.anyone().get("/api/v1/accounts/lookup", acct="twin2").status_code == 404


NOW = int(time.time())
FORGED = {
    "no signature": lambda acme, claims: unsigned(claims),
    "the client's secret as the key": lambda acme, claims: by_secret(claims),
    "another key of the same name": by_another("first"),
    "an unknown key": by_another("stranger"),
    "another audience": lambda acme, claims: acme.sign(claims | {"aud": "other"}),
    "given to another client": lambda acme, claims: acme.sign(claims | {"aud": [CLIENT, "other"], "azp": "other"}),
    "another issuer": lambda acme, claims: acme.sign(claims | {"iss": "https://evil.example"}),
    "another nonce": lambda acme, claims: acme.sign(claims | {"nonce": "other"}),
    "no nonce": lambda acme, claims: acme.sign({k: v for k, v in claims.items() if k != "nonce"}),
    "expired": lambda acme, claims: acme.sign(claims | {"exp": NOW - 70}),
    "never expires": lambda acme, claims: acme.sign({k: v for k, v in claims.items() if k != "exp"}),
    "from the future": lambda acme, claims: acme.sign(claims | {"iat": NOW + 900}),
    "nobody": lambda acme, claims: acme.sign(claims | {"sub": ""}),
    "no text": lambda acme, claims: acme.sign(claims | {"sub": 7}),
    "no token": lambda acme, claims: "a.b.c",
}


def test_forged_and_foreign_tokens_are_refused_in_words(town: Server, acme: Provider):
    said = {}
    for name, forge in FORGED.items():
        acme.forge = forge
        visitor, page = log_in(town, acme, sub="forged")
        assert page.status_code == 401, name
        assert "Acme could not log you in: " in page.text, name
        assert not visitor.is_logged_in
        said[name] = page.text.partition("could not log you in: ")[2].partition("<")[0]
    assert len(set(said.values())) > 9, said

    # clocks may differ by a minute
    acme.forge = lambda acme, claims: acme.sign(claims | {"exp": int(time.time()) - 30, "iat": int(time.time()) + 30})
    assert log_in(town, acme, sub="late")[1].status_code == 200
    acme.forge = lambda acme, claims: acme.sign(claims)


def test_a_state_is_for_one_browser_and_one_login(town: Server, acme: Provider):
    acme.claims = {"sub": "stated"}
    visitor = Visitor(town.url)
    to = visitor.get("/login/oidc", allow_redirects=False).headers["Location"]
    back = requests.get(to, allow_redirects=False, timeout=10).headers["Location"].removeprefix(town.url)

    other = Visitor(town.url)
    other.get("/login")
    assert other.get(back).status_code == 401 and not other.is_logged_in
    assert Visitor(town.url).get(back).status_code == 401
    changed = back.replace("state=", "state=x")
    assert visitor.get(changed).status_code == 401
    assert visitor.get(f"{back}&iss=https://evil.example".replace("iss=http%3A", "x=")).status_code == 401
    to = visitor.get("/login/oidc", allow_redirects=False).headers["Location"]
    back = requests.get(to, allow_redirects=False, timeout=10).headers["Location"].removeprefix(town.url)
    assert visitor.get(back).status_code == 200 and visitor.is_logged_in
    assert visitor.get(back, allow_redirects=False).status_code == 401  # its cookie is another one now
    assert visitor.is_logged_in
    assert Visitor(town.url).get("/login/oidc/back?error=access_denied&state=x").status_code == 401


def test_a_provider_that_is_gone_logs_nobody_out(town: Server, acme: Provider):
    visitor, _ = log_in(town, acme, sub="stays")
    acme.stop()
    try:
        assert visitor.is_logged_in
        refused = Visitor(town.url).get("/login/oidc", allow_redirects=False)
        assert refused.status_code == 303  # what it says of itself is known; the browser finds out
        person = town.person()
        assert Visitor(town.url).log_in(person.name).status_code == 303
    finally:
        acme.start()


IDENTITY = "/api/chirrup/v1/org/identity"


def test_who_logs_out_there_is_logged_out_here(town: Server, acme: Provider):
    visitor, _ = log_in(town, acme, sub="leaver", preferred_username="leaver")
    app, other = token_of(town, visitor), log_in(town, acme, sub="other")[0]
    assert me(app)["username"] == "leaver"
    send = lambda token: requests.post(f"{town.url}{IDENTITY}/logout", data={"logout_token": token}, timeout=10)  # noqa: E731

    now = int(time.time())
    bare = {"iss": acme.issuer, "aud": CLIENT, "iat": now, "sub": "leaver"}
    wrong = [
        acme.sign(bare),  # no logout token
        acme.logout_token("leaver", nonce="x"),
        acme.logout_token("leaver", aud="other"),
        acme.logout_token("leaver", iat=now - 400, exp=now + 9),
        acme.logout_token(""),
        by_another("first")(
            acme, {"iss": acme.issuer, "aud": CLIENT, "iat": now, "sub": "leaver", "events": {LOGOUT: {}}}
        ),
        unsigned({"iss": acme.issuer, "aud": CLIENT, "iat": now, "sub": "leaver", "events": {LOGOUT: {}}}),
        "",
    ]
    for token in wrong:
        refused = send(token)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_request"), refused.text
    assert visitor.is_logged_in and me(app)["username"] == "leaver"
    assert send(acme.logout_token("nobody")).status_code == 200

    assert send(acme.logout_token("leaver")).status_code == 200

    assert not visitor.is_logged_in
    assert app.get("/api/v1/accounts/verify_credentials").status_code == 401
    assert other.is_logged_in


def test_an_organisation_sets_its_own_provider_and_its_secret_is_never_shown(
    town: Server, site: Server, acme: Provider
):
    boss, helper = site.admin(), site.person()
    wanted = acme.settings | {"client_secret": "wrong", "roles": {"helpers": "moderator"}}
    assert boss.patch(IDENTITY, oidc=wanted | {"roles": {"x": "owner"}}).status_code == 403
    assert boss.patch(IDENTITY, oidc=wanted | {"roles": {"x": "king"}}).status_code == 422
    assert boss.patch(IDENTITY, oidc=wanted | {"issuer": "file:///etc/passwd"}).status_code == 422
    assert (
        boss.patch(IDENTITY, ldap={"url": "ldaps://x", "bind_dn": "", "base": "b", "ca": "/etc/passwd"}).status_code
        == 422
    )
    assert helper.patch(IDENTITY, oidc=wanted).status_code == 403
    assert boss.get(IDENTITY).json()["oidc"] is None

    shown = boss.patch(IDENTITY, oidc=wanted).json()
    assert shown["oidc"]["has_secret"] is True and "wrong" not in json.dumps(shown)
    assert shown["redirect_uri"] == f"{site.url}/login/oidc/back"
    told = [one for one in boss.post(f"{IDENTITY}/check").json() if one["to_do"]]
    assert ["refuses this client" in one["what"] for one in told] == [True], told
    assert boss.patch(IDENTITY, oidc=wanted | {"client_secret": acme.secret}).ok
    assert boss.patch(IDENTITY, oidc={name: wanted[name] for name in ("issuer", "client_id", "name")}).ok  # kept
    assert [one for one in boss.post(f"{IDENTITY}/check").json() if one["to_do"]] == []
    rows = town.do(lambda engines: engines.db.read(lambda tx: tx.all("SELECT settings FROM orgs")))
    assert acme.secret not in str(rows) and "sealed:" in str(rows)

    # its people are not those of the server's own network, though the provider calls them the same
    visitor, page = log_in(site, acme, sub="ann-1", preferred_username="Ann")
    assert page.status_code == 200 and visitor.is_logged_in
    ids = [one.anyone().get("/api/v1/accounts/lookup", acct="ann_abc").status_code for one in (town, site)]
    assert ids == [200, 404]

    # a new key is read once; keys that nobody has do not make it read again and again
    acme.key = key("second")
    acme.asked.clear()
    assert log_in(site, acme, sub="ann-1")[1].status_code == 200
    acme.forge = by_another("stranger")
    assert [log_in(site, acme, sub="ann-1")[1].status_code for _ in range(3)] == [401] * 3
    assert acme.asked.count("/jwks") == 1
    acme.forge = lambda acme, claims: acme.sign(claims)

    acme.known_redirects = {"https://elsewhere.example"}
    (wrong,) = [one for one in boss.post(f"{IDENTITY}/check").json() if one["to_do"]]
    acme.known_redirects = set()
    assert f"add {site.url}/login/oidc/back" in wrong["to_do"]
    assert boss.delete(f"{IDENTITY}/oidc").json()["oidc"] is None
    assert Visitor(site.url).get("/login/oidc").status_code == 404

    own = town.admin().get(IDENTITY).json()
    assert own["fixed"] == ["oidc", "scim"] and acme.secret not in json.dumps(own)
    assert town.admin().delete(f"{IDENTITY}/oidc").status_code == 422


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"issuer": "https://nowhere.invalid"}, "there is no host"),
        ({"issuer": "http://127.0.0.1:1"}, "not https"),
        ({"issuer": "https://127.0.0.1"}, "not public"),
        ({"issuer": "http://127.0.0.1:{port}/x"}, "answers 404"),
        ({"issuer": "http://127.0.0.1:{port}/"}, "calls itself"),
        ({"scopes": ["openid"], "rooms": {"sales": "shop"}}, "leads to the room 'shop'"),
    ],
)
def test_what_is_wrong_is_told_in_words(site: Server, acme: Provider, change: dict[str, Any], words: str):
    boss = site.admin()
    told = {name: one.format(port=acme.port) if isinstance(one, str) else one for name, one in change.items()}
    assert boss.patch(IDENTITY, oidc=acme.settings | told).ok

    wrong = [one for one in boss.post(f"{IDENTITY}/check").json() if one["to_do"]]

    assert words in wrong[0]["what"] and len(wrong) == 1, wrong
