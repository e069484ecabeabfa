"""Administration: who may use it, its immediate effects, and its log."""

import pytest
import requests
import shapes
from client import ALL_SCOPES, Person, Server, eventually

from chirrup.access.roles import Permission
from chirrup.http.route import ADMIN
from chirrup.mastodon.server_entities import AdminAccount
from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow

ADMIN_ROUTES = [route for route in ROUTES if route.who == ADMIN]
LIST = "/api/v1/admin/accounts"


@pytest.fixture(scope="module")
def boss(server: Server) -> Person:
    return server.admin()


def made(server: Server, name: str, *, scopes: str, admin: bool = False) -> Person:
    """An account with a token of these scopes."""
    mail = ["--email", f"{name}@example.com", "--password", "password", "--token", scopes]
    person = Person(server, server.command("user", "create", name, *mail, *(["--admin"] if admin else [])))
    person.name = name
    return person


def shown(boss: Person, person: Person) -> AdminAccount:
    return shapes.decode(boss.get(f"{LIST}/{person.id}"), AdminAccount)


def listed(boss: Person, path: str = LIST, **query) -> list[str]:
    return [one.id for one in shapes.decode(boss.get(path, **query), list[AdminAccount])]


def act(boss: Person, person: Person, kind: str, **body) -> requests.Response:
    return boss.post(f"{LIST}/{person.id}/action", type=kind, **body)


def test_every_route_under_admin_is_for_administrators():
    own = "/api/chirrup/v1/"
    theirs = {route.path for route in ADMIN_ROUTES}
    assert {route.path for route in ROUTES if "/admin/" in route.path} <= theirs
    assert all("/admin/" in path or path.startswith(own) for path in theirs)
    assert all(route.scope.startswith("admin:") and route.permission for route in ADMIN_ROUTES)


def test_nobody_else_gets_anywhere(server, ann, boss):
    anyone = server.anyone()
    pretender = made(server, f"pretender_{ann.id[-6:]}", scopes=ALL_SCOPES)
    narrow = made(server, f"narrow_{ann.id[-6:]}", scopes="read write follow", admin=True)
    reader = made(server, f"reader_{ann.id[-6:]}", scopes="admin:read", admin=True)
    before = shown(boss, ann)
    assert ann.post("/api/v1/reports", account_id=ann.id).ok
    ids = {"accounts": ann.id, "reports": boss.get("/api/v1/admin/reports", account_id=ann.id).json()[0]["id"]}
    banned = {"domain": "x.example", "email": "x@x.example", "ip": "192.0.2.1", "severity": "noop"}
    for kind in ("domain_blocks", "domain_allows", "email_domain_blocks", "ip_blocks", "canonical_email_blocks"):
        severity = {"severity": "sign_up_block"} if kind == "ip_blocks" else {}
        ids[kind] = boss.post(f"/api/v1/admin/{kind}", **(banned | severity)).json()["id"]

    for route in ADMIN_ROUTES:
        path = route.path.replace("{id}", ids.get(route.path.split("/")[4], ann.id))
        assert anyone.call(route.method, path).status_code == 401, path
        assert ann.call(route.method, path).status_code == 403, path
        assert pretender.call(route.method, path).json() == {"error": "This action is not allowed"}, path
        assert narrow.call(route.method, path).json() == {"error": "This action is outside the authorized scopes"}, path
        reads = route.method == "GET" or route.scope.startswith("admin:read")
        answered = (
            (200, 422) if "/admin/" in path else (200, 403, 404, 422)
        )  # ours: some need a right that is given apart
        assert reader.call(route.method, path).status_code in (answered if reads else (403,)), path
        missing = pretender.call(route.method, route.path.replace("{id}", "garbage"), json={"type": 7})
        assert missing.status_code == 403, "refused before anything is looked at"
    assert shown(boss, ann) == before


def test_an_app_has_no_rank(server):
    app = requests.post(
        f"{server.url}/api/v1/apps",
        json={"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "admin:read"},
        timeout=10,
    ).json()
    form = {key: app[key] for key in ("client_id", "client_secret")}
    form |= {"grant_type": "client_credentials", "scope": "admin:read"}
    token = requests.post(f"{server.url}/oauth/token", data=form, timeout=10).json()["access_token"]

    assert Person(server, token).get(LIST).status_code in (401, 403)


def test_an_account_shows_what_administrators_need(boss, ann):
    found = shown(boss, ann)

    assert (found.username, found.email, found.domain) == (ann.name, f"{ann.name}@example.com", None)
    assert (found.confirmed, found.approved, found.disabled, found.suspended) == (True, True, False, False)
    assert found.account.id == ann.id
    assert found.role.name == ""
    assert (shown(boss, boss).role.id, shown(boss, boss).role.name) == ("2", "Admin")
    assert int(shown(boss, boss).role.permissions) & Permission.MANAGE_USERS
    assert "password" not in boss.get(f"{LIST}/{ann.id}").text


@pytest.mark.parametrize("id", ["undefined", "-1", str(2**64), "1", "٣"])
def test_nothing_is_done_to_ids_that_nobody_has(boss, id):
    for route in ADMIN_ROUTES:
        if "{id" in route.path:
            answer = boss.call(route.method, route.path.replace("{id}", id), json={"type": "suspend"})
            missing = (404,) if "/admin/" in route.path else (403, 404)  # ours: as above
            assert answer.status_code in missing, route.path


def test_accounts_are_found_by_what_they_are(server, boss, ann, bob):
    act(boss, ann, "disable")
    act(boss, bob, "suspend")
    eve = server.person()

    for flag, mine, others in (
        ("disabled", ann, (bob, eve)),
        ("suspended", bob, (ann, eve)),
        ("active", eve, (ann, bob)),
    ):
        for found in (
            listed(boss, **{flag: "true"}, limit=200),
            listed(boss, "/api/v2/admin/accounts", status=flag, limit=200),
        ):
            assert mine.id in found
            assert not {one.id for one in others} & set(found)
    for query in ({"staff": "true"}, {"permissions": "staff"}, {"role_ids[]": "2"}):
        path = LIST if "staff" in query else "/api/v2/admin/accounts"
        found = listed(boss, path, limit=200, **query)
        assert boss.id in found
        assert eve.id not in found
    for query in ({"local": "true"}, {"limit": 200}, {"by_domain": server.url.removeprefix("http://")}):
        assert eve.id in listed(boss, **query)
    for query in (
        {"remote": "true"},
        {"by_domain": "x.example"},
        {"ip": "not an address"},
    ):
        assert listed(boss, **query) == []
    assert listed(boss, "/api/v2/admin/accounts", origin="remote") == []
    assert not {ann.id, bob.id, eve.id} & set(listed(boss, pending="true"))  # other tests' accounts may wait
    assert boss.get("/api/v2/admin/accounts", status="nonsense").status_code == 422


def test_accounts_are_found_by_name_and_address(boss, ann):
    ann.patch("/api/v1/accounts/update_credentials", display_name=f"Näme {ann.id}")

    for query in (
        {"username": ann.name},
        {"username": ann.name[:-1].upper()},
        {"display_name": f"Näme {ann.id}"},
        {"email": f"{ann.name}@EXAMPLE.com"},
        {"email": f"{ann.name}@example.com", "username": ann.name, "status": "active"},
    ):
        assert listed(boss, "/api/v2/admin/accounts", **query) == [ann.id], query
    for query in (
        {"username": "%"},
        {"username": "_"},
        {"email": "%"},
        {"email": "@example.com"},
        {"display_name": "'"},
    ):
        assert ann.id not in listed(boss, **query), query


def test_a_walk_has_each_account_once_newest_first(server, boss):
    people = [server.person().id for _ in range(5)]

    found = [one["id"] for one in boss.walk(LIST, limit=2)]

    assert found[:5] == people[::-1]
    assert len(found) == len(set(found))
    assert listed(boss, min_id=people[0], limit=2) == [people[2], people[1]]


def test_a_disabled_login_is_out_at_once_and_its_posts_stay(boss, ann, bob):
    post = ann.say("still here")

    assert act(boss, ann, "disable", text="lost laptop").json() == {}

    assert shown(boss, ann).disabled
    eventually(lambda: ann.get("/api/v1/accounts/verify_credentials").status_code == 401, within_s=1.5)
    assert bob.get(f"/api/v1/statuses/{post['id']}").ok
    assert not shapes.decode(boss.post(f"{LIST}/{ann.id}/enable"), AdminAccount).disabled
    assert boss.post(f"{LIST}/{ann.id}/enable").ok


def test_a_disabled_login_cannot_be_opened_again_until_enabled(server, boss, ann):
    app = requests.post(
        f"{server.url}/api/v1/apps",
        json={"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read"},
        timeout=10,
    ).json()
    form = {key: app[key] for key in ("client_id", "client_secret")}
    form |= {"grant_type": "password", "username": f"{ann.name}@example.com", "password": "password"}

    def log_in() -> bool:
        return requests.post(f"{server.url}/oauth/token", data=form, timeout=10).ok

    assert log_in()
    act(boss, ann, "disable")
    assert not log_in()
    boss.post(f"{LIST}/{ann.id}/enable")
    assert log_in()


def test_a_suspended_account_is_gone_from_everywhere_and_can_come_back(server, boss, ann, bob):
    bob.follow(ann)
    post = ann.say("before")
    assert post["id"] in [one["id"] for one in bob.home()]

    assert act(boss, ann, "suspend").json() == {}

    assert shown(boss, ann).suspended
    assert bob.get(f"/api/v1/statuses/{post['id']}").status_code == 404
    assert post["id"] not in [one["id"] for one in bob.home()]
    assert post["id"] not in [one["id"] for one in server.anyone().get("/api/v1/timelines/public").json()]
    eventually(lambda: ann.get("/api/v1/accounts/verify_credentials").status_code == 401, within_s=1.5)

    assert not shapes.decode(boss.post(f"{LIST}/{ann.id}/unsuspend"), AdminAccount).suspended
    assert bob.get(f"/api/v1/statuses/{post['id']}").ok
    assert boss.post(f"{LIST}/{ann.id}/unsuspend").status_code == 403


def test_what_this_server_cannot_do_is_refused_in_words(boss, ann):
    for kind in ("nonsense", "", "enable", "delete_statuses"):
        refused = act(boss, ann, kind)
        assert refused.status_code == 422
        assert "disable" in refused.json()["error"]
    assert boss.post(f"{LIST}/{ann.id}/action").status_code == 422
    for verb in ("approve", "reject", "unsuspend"):
        assert boss.post(f"{LIST}/{ann.id}/{verb}").status_code == 403, "there is nothing to undo"
    assert boss.delete(f"{LIST}/{ann.id}").status_code == 403, "it is not suspended"
    assert act(boss, ann, "none", report_id="1").status_code == 404
    assert act(boss, ann, "none", text="x" * 2001).status_code == 422


def test_nobody_acts_on_themselves_or_on_another_administrator(server, boss):
    other = server.admin()

    for target in (boss, other):
        for kind in ("none", "disable", "suspend"):
            assert act(boss, target, kind).status_code == 403
        assert boss.post(f"{LIST}/{target.id}/enable").status_code == 403
    assert other.get(LIST).ok


def test_every_act_is_written_down_and_refused_ones_are_not(server, boss, ann):
    act(boss, ann, "none", text="a first look")
    act(boss, ann, "suspend", text="spam")
    act(boss, ann, "nonsense")
    boss.post(f"{LIST}/{ann.id}/unsuspend")
    boss.post(f"{LIST}/{ann.id}/unsuspend")

    lines = [
        [cell.strip() for cell in line.split("│")[2:5]]
        for line in server.command("user", "history", ann.name).splitlines()
    ]
    by = f"@{boss.name}"
    assert [line for line in lines if line[:1] == [by]] == [
        [by, "none", "a first look"],
        [by, "suspend", "spam"],
        [by, "unsuspend", ""],
    ]
