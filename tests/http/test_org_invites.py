"""Invitations: by link and by mail, for members and guests; used, withdrawn, over, of another organisation."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from client import Person, Server
from mail_folder import newest, path_in
from visitor import Visitor, forms
from walls import organisation

from chirrup.orgs import invitations
from chirrup.social import accounts, staff
from chirrup.store import rooms as room_rows
from chirrup.types import AccountKind, Role

pytestmark = pytest.mark.slow
ORG = "/api/chirrup/v1/org"
INVITES, MEMBERS, SIGN_UP = f"{ORG}/invites", f"{ORG}/members", "/api/chirrup/v1/accounts"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("invites") / "data", env=engines) as town:
        yield town


@pytest.fixture(scope="module")
def acme(town: Server) -> Server:
    """An organisation where nobody signs up."""
    acme = organisation(town)
    acme.admin().patch(ORG, registrations="invitation", closed=True)
    return acme


@pytest.fixture(scope="module")
def boss(acme: Server) -> Person:
    made = acme.admin()
    acme.do(lambda engines: engines.db.write(staff.give_role, int(made.id), Role.OWNER))
    return made


def invited(boss: Person, **wanted: Any) -> dict[str, Any]:
    made = boss.post(INVITES, **wanted)
    assert made.ok, made.text
    return made.json()


def code(invite: dict[str, Any]) -> str:
    return invite["url"].rsplit("/", 1)[1]


def come(acme: Server, secret: str, name: str, **more: str) -> requests.Response:
    """Through the page."""
    visitor = Visitor(acme.url)
    page = visitor.get(f"/invite/{secret}")
    assert page.ok, page.text
    (form,) = [one for one in forms(page) if one.url.endswith("/invite")]
    typed = {"username": name, "email": f"{name}@example.com", "password": "password"}
    return visitor.send(form.url, form.fields | typed | more)


def app_of(server: Server) -> Person:
    return Person(server, server._make_app_token())  # pyright: ignore[reportPrivateUsage]


def test_whoever_has_the_link_comes_in_as_often_as_it_may_be_used(acme: Server, boss: Person):
    assert 'action="/sign-up"' not in Visitor(acme.url).get("/sign-up").text
    invite = invited(boss, role="moderator", uses=3)
    assert (invite["state"], invite["used"], invite["invited_by"]) == ("open", 0, boss.id)
    assert invite["url"].startswith(f"{acme.url}/invite/")

    assert come(acme, code(invite), "ann").headers["Location"] == "/home"
    refused = come(acme, code(invite), "ann", email="other@example.com")
    assert (refused.status_code, "taken" in refused.text) == (422, True)
    assert 'value="ann"' in refused.text, "what was typed stays"
    assert "other@example.com" in refused.text
    with ThreadPoolExecutor(4) as pool:
        body = {"invite_code": code(invite), "password": "password", "agreement": True}
        app = app_of(acme)
        each = [body | {"username": f"bob{n}", "email": f"bob{n}@example.com"} for n in range(4)]
        ends = list(pool.map(lambda one: app.post(SIGN_UP, **one), each))
    assert sorted(one.status_code for one in ends) == [200, 200, 422, 422]
    token = next(one.json()["access_token"] for one in ends if one.ok)
    assert Person(acme, token).get("/api/v1/accounts/verify_credentials").json()["role"]["name"] == "Moderator"

    whole = boss.get(f"{INVITES}/{invite['id']}").json()
    assert (whole["state"], whole["used"], len(whole["came"])) == ("used", 3, 3)
    assert whole["came"][0]["username"] == "ann"
    assert Visitor(acme.url).get(f"/invite/{code(invite)}").status_code == 404
    assert "url" not in boss.get(INVITES).json()[0]


def test_an_invitation_for_an_address_goes_there_by_mail_and_proves_it(acme: Server, boss: Person):
    invite = invited(boss, email="Carla@example.com")
    assert invite["url"] is None
    link = path_in(newest(acme, "Carla@example.com")[1])

    made = come(acme, link.rsplit("/", 1)[1], "carla", email="somebody@example.com")

    assert made.headers["Location"] == "/home"
    found = boss.get(MEMBERS, q="carla").json()[0]
    assert (found["email"], found["state"]) == ("Carla@example.com", "active")


def test_a_command_invites_too(acme: Server):
    link = acme.command("org", "invite", "--role", "moderator", "--host", acme.url.removeprefix("http://"))

    assert come(acme, link.rsplit("/", 1)[1], "fritz").headers["Location"] == "/home"


def test_what_is_wrong_with_an_invitation_is_said(acme: Server, boss: Person, town: Server):
    for wrong in (
        {"uses": 0},
        {"uses": 1001},
        {"days": 0},
        {"days": 91},
        {"email": "nonsense"},
        {"email": "a@example.com", "uses": 2},
        {"role": "Nonsense"},
        {"guest": True},
        {"guest": True, "rooms": [boss.id]},
        {"rooms": ["1"]},
    ):
        answer = boss.post(INVITES, **wrong)
        assert answer.status_code == 422, (wrong, answer.text)
    assert boss.post(INVITES, role="owner").ok, "owners make owners"
    admin = acme.admin()
    assert admin.post(INVITES, role="admin").status_code == 403
    (member,) = (app_of(acme).post(SIGN_UP, **_body(code(invited(boss)), "dora")),)
    for method, path in (("GET", INVITES), ("POST", INVITES)):
        assert Person(acme, member.json()["access_token"]).call(method, path, json={}).status_code == 403


def _body(secret: str, name: str) -> dict[str, Any]:
    return {
        "invite_code": secret,
        "username": name,
        "email": f"{name}@example.com",
        "password": "password",
        "agreement": True,
    }


def test_a_dead_invitation_lets_nobody_in(acme: Server, boss: Person, town: Server):
    """Withdrawn; of another organisation; of somebody who may not invite any more; never made."""
    admin = acme.admin()
    withdrawn, theirs, foreign = invited(boss), invited(admin), invited(boss)
    assert boss.delete(f"{INVITES}/{withdrawn['id']}").json()["state"] == "withdrawn"
    boss.post(f"{MEMBERS}/{admin.id}/deactivate")

    for server, secret in (
        (acme, code(withdrawn)),
        (acme, code(theirs)),
        (town, code(foreign)),
        (acme, "x" * 46),
        (acme, "000" + "y" * 43),
        (acme, "%00"),
    ):
        assert Visitor(server.url).get(f"/invite/{secret}").status_code == 404
        refused = app_of(server).post(SIGN_UP, **_body(secret, "eve"))
        assert refused.status_code == 422, refused.text
        assert "no longer works" in refused.json()["error"]
    assert town.admin().get(f"{INVITES}/{foreign['id']}").status_code == 404
    assert boss.get(MEMBERS, q="eve").json() == []


def test_a_guest_is_in_the_rooms_of_the_invitation_and_may_become_a_member(acme: Server, boss: Person):
    room = acme.do(lambda engines: engines.db.write(_room, int(boss.id)))
    invite = invited(boss, guest=True, rooms=[str(room)])

    token = app_of(acme).post(SIGN_UP, **_body(code(invite), "gus")).json()["access_token"]

    gus = boss.get(MEMBERS, q="gus").json()[0]
    assert gus["guest"] is True
    guest = Person(acme, token)
    assert guest.get(f"/api/v1/accounts/{room}").ok
    hidden = boss.say("for members")["id"]
    assert guest.get(f"/api/v1/statuses/{hidden}").status_code == 404
    refused = boss.patch(f"{MEMBERS}/{gus['id']}", role="moderator")
    assert (refused.status_code, "make the guest a member first" in refused.text) == (403, True)
    assert boss.patch(f"{MEMBERS}/{gus['id']}", guest=False, role="moderator").json()["guest"] is False
    assert boss.patch(f"{MEMBERS}/{gus['id']}", guest=True).status_code == 403
    boss.patch(f"{MEMBERS}/{gus['id']}", role="")
    assert boss.patch(f"{MEMBERS}/{gus['id']}", guest=True).json()["guest"] is True


def _room(tx: Any, boss: int) -> int:
    room = accounts.create(
        tx, accounts.SignUp("kitchen", "", "", kind=AccountKind.ROOM, org_id=staff.person(tx, boss)[0].org_id)
    )
    room_rows.insert(tx, room_rows.Room(room.id, room.org_id, 0))
    return room.id


def test_there_are_a_hundred_invitations_a_day_at_most(acme: Server, boss: Person):
    had = len(boss.get(INVITES, limit=200).json())

    def fill(tx: Any) -> None:
        org_id = staff.person(tx, int(boss.id))[0].org_id
        for _ in range(invitations.A_DAY - had):
            invitations.create(tx, org_id, 0, invitations.Inviting())

    acme.do(lambda engines: engines.db.write(fill))
    refused = boss.post(INVITES)
    assert (refused.status_code, "go on tomorrow" in refused.text) == (403, True)
    assert re.search(r"\b100\b", refused.text)
