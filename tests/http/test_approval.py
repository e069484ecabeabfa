"""Sign-up where staff let people in: what new accounts may do until then, and who sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import shapes
from client import Person, Server, eventually
from mail_folder import newest
from visitor import Visitor

from chirrup.mastodon.entities import Notification
from chirrup.mastodon.server_entities import AdminAccount, Instance, V1Instance

V1 = "/api/v1"
ACCOUNTS = f"{V1}/admin/accounts"


@pytest.fixture(scope="module")
def club(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets people in one by one."""
    folder: Path = tmp_path_factory.mktemp("club")
    server = Server(folder / "data", env={"CHIRRUP_REGISTRATIONS": "approval"}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def boss(club: Server) -> Person:
    return club.admin()


def sign_up(club: Server, name: str, **more: str) -> Person:
    app = Person(club, club._make_app_token())  # pyright: ignore[reportPrivateUsage]
    form = {"username": name, "email": f"{name}@example.com", "password": "password", "agreement": "true"}
    answer = app.post(f"{V1}/accounts", **form, **more)
    assert answer.ok, answer.text
    person = Person(club, answer.json()["access_token"])
    person.name = name
    return person


def waiting(boss: Person) -> dict[str, AdminAccount]:
    """By name."""
    found = shapes.decode(boss.get(ACCOUNTS, pending="true"), list[AdminAccount])
    return {one.username: one for one in found}


def told(boss: Person) -> list[str]:
    found = shapes.decode(boss.get(f"{V1}/notifications", types=["admin.sign_up"]), list[Notification])
    assert {one.type for one in found} <= {"admin.sign_up"}
    return [one.account.id for one in found]


def test_the_instance_says_that_people_are_let_in(club: Server):
    assert shapes.decode(club.anyone().get("/api/v2/instance"), Instance).registrations.approval_required is True
    old = shapes.decode(club.anyone().get(f"{V1}/instance"), V1Instance)
    assert (old.registrations, old.approval_required) == (True, True)


def test_a_new_account_does_nothing_and_is_seen_by_staff_alone_until_it_is_let_in(club: Server, boss: Person):
    helper, mallory = club.admin(), sign_up(club, "mallory", reason="I like <birds>")
    one = waiting(boss)["mallory"]
    assert (one.approved, one.confirmed, one.invite_request) == (False, True, "I like <birds>")
    assert one.ip == "127.0.0.1"
    assert [seen.ip for seen in one.ips] == ["127.0.0.1"]
    assert one.created_by_application_id
    assert mallory.get(f"{V1}/accounts/verify_credentials").json() == {
        "error": "Your login is currently pending approval"
    }
    eventually(lambda: one.id in told(boss))
    eventually(lambda: one.id in told(helper))
    sign_up(club, "nelly")
    both = {one.id, waiting(boss)["nelly"].id}
    eventually(lambda: both <= set(told(boss)))
    groups = boss.get("/api/v2/notifications", types=["admin.sign_up"]).json()["notification_groups"]
    (group,) = [group for group in groups if both <= set(group["sample_account_ids"])]
    assert boss.get(f"/api/v2/notifications/{group['group_key']}/accounts").ok

    def shown_to(person: Person) -> list[bool]:
        asked = {"q": "mallory", "resolve": "false"}
        return [
            person.get(f"{V1}/accounts/{one.id}").ok,
            person.get(f"{V1}/accounts/lookup", acct="mallory").ok,
            person.get(f"{V1}/accounts/{one.id}/statuses").ok,
            person.post(f"{V1}/accounts/{one.id}/follow").ok,
            one.id in person.get(f"{V1}/directory", limit=80).text,
            one.id in person.get("/api/v2/search", **asked).text,
            Visitor(club.url).get("/@mallory").ok,
        ]

    assert shown_to(helper) == [False] * 7
    let_in = shapes.decode(boss.post(f"{ACCOUNTS}/{one.id}/approve"), AdminAccount)

    assert let_in.approved is True
    assert "mallory" not in waiting(boss)
    assert mallory.get(f"{V1}/accounts/verify_credentials").json()["id"] == one.id
    eventually(lambda: all(shown_to(helper)))
    assert told(mallory) == []
    assert boss.post(f"{ACCOUNTS}/{one.id}/approve").status_code == 403
    assert boss.post(f"{ACCOUNTS}/{one.id}/reject").status_code == 403
    assert newest(club, "mallory@example.com")[0] == "Welcome to Chirrup"


def test_who_is_turned_away_leaves_nothing_behind(club: Server, boss: Person):
    oscar = sign_up(club, "oscar")
    id = waiting(boss)["oscar"].id
    eventually(lambda: id in told(boss))

    gone = shapes.decode(boss.post(f"{ACCOUNTS}/{id}/reject"), AdminAccount)

    assert (gone.id, gone.invite_request) == (id, None)
    assert oscar.get(f"{V1}/accounts/verify_credentials").status_code == 401
    assert boss.get(f"{ACCOUNTS}/{id}").status_code == 404
    assert boss.post(f"{ACCOUNTS}/{id}/reject").status_code == 404
    assert id not in told(boss)
    assert boss.get("/api/v2/notifications").ok
    acts = boss.get("/api/chirrup/v1/org/audit").json()
    assert ("reject", "oscar") in [(one["action"], one["target"]) for one in acts]
    sign_up(club, "oscar")
    assert waiting(boss)["oscar"].id != id


def test_a_reason_has_an_end(club: Server):
    app = Person(club, club._make_app_token())  # pyright: ignore[reportPrivateUsage]
    form = {"username": "long", "email": "long@example.com", "password": "password", "agreement": "true"}

    refused = app.post(f"{V1}/accounts", **form, reason="x" * 501)

    assert refused.status_code == 422
    assert [one["error"] for one in refused.json()["details"]["reason"]] == ["ERR_TOO_LONG"]


def test_pages_ask_why_and_say_what_comes_next(club: Server, boss: Person):
    visitor = Visitor(club.url)
    assert 'name="reason"' in visitor.get("/sign-up").text
    form = {"username": "paula", "email": "paula@example.com", "password": "password", "reason": "To sing"}

    page = visitor.post("/sign-up", csrf_from="/sign-up", **form)

    assert page.status_code == 200
    assert "Your account is made" in page.text
    assert not visitor.is_logged_in
    one = waiting(boss)["paula"]
    assert (one.invite_request, one.ip) == ("To sing", "127.0.0.1")
    assert "pending approval" in visitor.log_in("paula").text
    boss.post(f"{ACCOUNTS}/{one.id}/approve")
    assert visitor.log_in("paula").status_code == 303
