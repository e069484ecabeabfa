"""Members, roles, app passwords and sessions over Chirrup's own API."""

import base64
from collections.abc import Iterator

import pytest
import requests
from client import ALL_SCOPES, Person, Server, eventually
from visitor import logged_in
from walls import organisation
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from chirrup.social import staff
from chirrup.types import Role

pytestmark = pytest.mark.slow
V1 = "/api/chirrup/v1"
ORG = f"{V1}/org"
MEMBERS, ROLES, PASSWORDS = f"{ORG}/members", f"{ORG}/roles", f"{V1}/app_passwords"
ME = "/api/v1/accounts/verify_credentials"


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> Iterator[Server]:
    """An organisation on a server that counts tries."""
    with Server(tmp_path_factory.mktemp("members") / "data", env=engines) as town:
        yield organisation(town)


@pytest.fixture(scope="module")
def boss(acme: Server) -> Person:
    return owner(acme)


def owner(acme: Server) -> Person:
    made = acme.admin()
    acme.do(lambda engines: engines.db.write(staff.give_role, int(made.id), Role.OWNER))
    return made


def basic(server: Server, name: str, password: str, path: str = ME) -> requests.Response:
    told = base64.b64encode(f"{name}:{password}".encode()).decode()
    return requests.get(server.url + path, headers={"Authorization": f"Basic {told}"}, timeout=10)


def test_members_are_listed_found_and_change_their_role(acme: Server, boss: Person):
    ann, bob = acme.person(display_name="Ann Smith_%"), acme.person()
    made = boss.post(ROLES, name="Keeper", permissions=["manage_rooms", "invite_guests"])
    assert made.json() | {"id": ""} == {
        "id": "",
        "name": "Keeper",
        "permissions": ["invite_guests", "manage_rooms"],
        "fixed": False,
    }
    assert [one["name"] for one in boss.get(ROLES).json()] == ["Moderator", "Admin", "Owner", "Keeper"]

    assert {ann.id, bob.id, boss.id} <= {one["id"] for one in boss.walk(MEMBERS, limit=1)}
    for words in ("smith_%", "SMITH", ann.name[:6], f"{ann.name}@example.com"):
        assert ann.id in [one["id"] for one in boss.get(MEMBERS, q=words).json()], words
    assert boss.get(MEMBERS, q="x%").json() == boss.get(MEMBERS, role="Keeper").json() == []
    assert boss.get(MEMBERS, state="nonsense").status_code == 422

    kept = boss.patch(f"{MEMBERS}/{ann.id}", role="Keeper").json()
    assert (kept["role"], kept["state"], kept["compliance"]) == ("Keeper", "active", False)
    assert [one["id"] for one in boss.get(MEMBERS, role="Keeper").json()] == [ann.id]
    seen = ann.get(ME).json()["role"]
    assert (seen["name"], seen["permissions"], seen["highlighted"]) == ("Keeper", "0", False), "Mastodon's bits only"
    assert boss.patch(f"{MEMBERS}/{ann.id}", role="Nonsense").status_code == 422
    assert boss.delete(f"{ROLES}/Keeper").status_code == 403
    assert boss.patch(f"{ROLES}/Keeper", permissions=["view_audit_log"]).json()["permissions"] == ["view_audit_log"]
    auditor = _as(acme, ann, "admin:read")
    eventually(lambda: auditor.get(f"{V1}/org/audit").ok, within_s=3)
    assert boss.patch(f"{MEMBERS}/{ann.id}", role="").json()["role"] == ""
    assert boss.delete(f"{ROLES}/Keeper").json() == {}
    assert boss.delete(f"{ROLES}/Keeper").status_code == 404
    acts = [(one["action"], one["target"]) for one in boss.get(f"{V1}/org/audit").json()]
    assert {("add", "Keeper"), ("give role", ann.name), ("take role", ann.name), ("remove", "Keeper")} <= set(acts)


def _as(server: Server, person: Person, scopes: str) -> Person:
    """The person with a token of these scopes."""
    app = {"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": scopes}
    client = requests.post(f"{server.url}/api/v1/apps", json=app, timeout=10).json()
    form = {name: client[name] for name in ("client_id", "client_secret")} | {"scope": scopes}
    form |= {"grant_type": "password", "username": f"{person.name}@example.com", "password": "password"}
    return Person(server, requests.post(f"{server.url}/oauth/token", data=form, timeout=10).json()["access_token"])


def test_nobody_promotes_themselves_or_acts_on_who_may_as_much(acme: Server, boss: Person):
    """M1: each act by each who may not, and nothing has changed."""
    ann, moderator, admin = acme.person(), acme.person(), acme.admin()
    boss.patch(f"{MEMBERS}/{moderator.id}", role="moderator")
    moderator = _as(acme, moderator, ALL_SCOPES)
    stranger = acme.person()
    before = boss.get(MEMBERS, limit=200).json(), boss.get(ROLES).json()

    for who, known in ((acme.anyone(), 401), (_as(acme, stranger, ALL_SCOPES), 403)):
        for method, path in (
            ("GET", MEMBERS),
            ("PATCH", f"{MEMBERS}/{ann.id}"),
            ("POST", f"{MEMBERS}/{ann.id}/deactivate"),
            ("DELETE", f"{MEMBERS}/{ann.id}/sessions"),
            ("POST", ROLES),
            ("POST", f"{MEMBERS}/{ann.id}/hand_over"),
        ):
            assert who.call(method, path, json={}).status_code == known, path
    for who, target, role in (
        (moderator, ann, "moderator"),  # has no manage_roles
        (moderator, boss, ""),
        (admin, admin, "owner"),
        (admin, ann, "owner"),
        (admin, ann, "admin"),
        (admin, boss, ""),
        (boss, boss, ""),
    ):
        assert who.patch(f"{MEMBERS}/{target.id}", role=role).status_code == 403, (who.name, role)
    for who, target in ((moderator, admin), (admin, boss), (admin, admin), (boss, boss)):
        for act in ("deactivate", "reactivate"):
            assert who.post(f"{MEMBERS}/{target.id}/{act}").status_code == 403
        if who is not target:
            assert who.get(f"{MEMBERS}/{target.id}/sessions").status_code == 403
            assert who.delete(f"{MEMBERS}/{target.id}/sessions").status_code == 403
    assert admin.post(f"{MEMBERS}/{ann.id}/hand_over").status_code == 403
    assert admin.patch(f"{MEMBERS}/{ann.id}", compliance=True).status_code == 403
    assert boss.patch(f"{MEMBERS}/{boss.id}", compliance=True).status_code == 403
    assert admin.post(ROLES, name="Mine", permissions=["administrator"]).status_code == 422
    assert (boss.get(MEMBERS, limit=200).json(), boss.get(ROLES).json()) == before


def test_who_is_deactivated_is_out_at_once_and_comes_back(acme: Server, boss: Person):
    ann, bob = acme.person(), acme.person()
    bob.follow(ann)
    said = ann.say("I was here")["id"]
    browser = logged_in(acme, ann)
    app_password = ann.post(PASSWORDS, name="script", scopes=["read"]).json()["password"]
    assert basic(acme, ann.name, app_password).ok
    address = f"ws://{acme.url.removeprefix('http://')}/api/v1/streaming?stream=user&access_token={ann.token}"

    with connect(address) as stream:
        assert boss.post(f"{MEMBERS}/{ann.id}/deactivate").json()["state"] == "deactivated"
        assert ann.get(ME).status_code == 401
        assert basic(acme, ann.name, app_password).status_code == 401
        assert not browser.is_logged_in
        with pytest.raises(ConnectionClosed):
            stream.recv(timeout=5)
    refused = browser.log_in(ann.name)
    assert refused.status_code == 403
    assert "deactivated" in refused.text
    assert bob.get(f"/api/v1/statuses/{said}").json()["account"]["acct"] == ann.name
    assert ann.id in [one["id"] for one in boss.get(MEMBERS, state="deactivated").json()]
    assert ann.id not in [one["id"] for one in boss.get(MEMBERS, state="active", limit=200).json()]

    back = boss.post(f"{MEMBERS}/{ann.id}/reactivate").json()
    assert (back["state"], back["deactivated_at"]) == ("active", None)
    assert browser.log_in(ann.name).status_code == 303
    assert ann.get(ME).status_code == 401, "what was ended stays so"


def test_app_passwords_are_made_within_the_app_and_work_as_basic(acme: Server):
    ann = acme.person()
    for wrong in (
        {"name": "", "scopes": ["read"]},
        {"name": "x" * 61, "scopes": ["read"]},
        {"name": "x\u0007", "scopes": ["read"]},
        {"name": "x", "scopes": []},
        {"name": "x", "scopes": ["nonsense"]},
        {"name": "x", "scopes": ["admin:read"]},  # the app has it not
    ):
        assert ann.post(PASSWORDS, **wrong).status_code == 422, wrong

    made = ann.post(PASSWORDS, name=" My  script ", scopes=["read:accounts"]).json()
    secret = made.pop("password")
    assert (made["name"], made["scopes"], made["last_used_at"]) == ("My script", ["read:accounts"], None)
    assert ann.get(PASSWORDS).json() == [made]
    assert secret not in ann.get(PASSWORDS).text

    for name in (ann.name, ann.name.upper(), f"@{ann.name}"):
        assert basic(acme, name, secret).json()["id"] == ann.id
    assert ann.get(PASSWORDS).json()[0]["last_used_at"]
    assert Person(acme, secret).get(ME).ok
    assert basic(acme, ann.name, secret, "/api/v1/timelines/home").status_code == 403
    assert Person(acme, secret).post(PASSWORDS, name="child", scopes=["read:accounts"]).status_code == 403
    for name, password in ((ann.name, "password"), (ann.name, ann.token), ("nobody", secret), ("", secret), ("a", "")):
        refused = basic(acme, name, password)
        assert refused.status_code == 401
        assert "/settings/app-passwords" in refused.json()["error"]
    for text in ("Basic", "Basic ???", "Basic bm8=", "basic /w=="):
        answer = requests.get(acme.url + ME, headers={"Authorization": text}, timeout=10)
        assert answer.status_code == 401, text

    assert ann.delete(f"{PASSWORDS}/{made['id']}").json() == {}
    assert ann.delete(f"{PASSWORDS}/{made['id']}").status_code == 404
    assert basic(acme, ann.name, secret).status_code == 401


def test_ownership_is_handed_over_and_the_last_owner_stays(acme: Server, boss: Person):
    ann = acme.person()
    browser = logged_in(acme, boss)
    refused = browser.post("/settings/leave", csrf_from="/settings/leave", password="password")
    assert refused.status_code == 403
    assert "make another account an owner first" in refused.text
    second = owner(acme)
    assert second.patch(f"{MEMBERS}/{boss.id}", compliance=True).json()["compliance"] is True
    boss.patch(f"{MEMBERS}/{boss.id}", compliance=False)

    assert second.post(f"{MEMBERS}/{ann.id}/hand_over").json()["role"] == "owner"

    eventually(lambda: second.get(MEMBERS).status_code == 403, within_s=2)


def test_sessions_are_seen_and_ended_by_their_owner_and_by_who_looks_after_members(acme: Server, boss: Person):
    ann = acme.person()
    one, other = logged_in(acme, ann), logged_in(acme, ann)
    assert len(ann.get(f"{V1}/sessions").json()) == 2
    (first, second) = boss.get(f"{MEMBERS}/{ann.id}/sessions").json()

    assert ann.delete(f"{V1}/sessions/{first['id']}").json() == {}
    assert [each.is_logged_in for each in (one, other)].count(True) == 1
    assert boss.delete(f"{MEMBERS}/{ann.id}/sessions/{second['id']}").json() == {}
    assert not (one.is_logged_in or other.is_logged_in)
    assert ann.get(ME).ok
    assert boss.delete(f"{MEMBERS}/{ann.id}/sessions").json() == {}
    assert ann.get(ME).status_code == 401
