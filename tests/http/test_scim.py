"""SCIM 2.0: all checks of scim2-tester, what becomes of users and groups, and the wall between organisations."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from client import Server
from walls import organisation

from chirrup.ids import ID_MAX
from chirrup.orgs.directory import entering
from chirrup.orgs.scim import tokens
from chirrup.social import audit
from chirrup.store import follows, orgs
from chirrup.types import Span
from chirrup.types.directory import Oidc, Person

pytestmark = pytest.mark.slow
IDENTITY, ISSUER = "/api/chirrup/v1/org/identity", "https://nowhere.invalid"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("scim") / "data") as town:
        yield town


@pytest.fixture(scope="module")
def acme(town: Server) -> Server:
    return organisation(town)


def org_of(server: Server) -> int:
    host = server.url.removeprefix("http://")
    return server.do(lambda engines: engines.db.read(orgs.id_by_host, host))


class Directory:
    """Of the organisation at this server's host. Each answer must be what SCIM says it is."""

    def __init__(self, server: Server) -> None:
        self.org_id = org_of(server)
        made = server.do(lambda engines: engines.db.write(tokens.make, self.org_id, 0, "Entra"))
        self.token_id, self.token = made[0].id, made[1]
        self.http = httpx2.Client(
            base_url=f"{server.url}/scim/v2", headers={"Authorization": f"Bearer {self.token}"}, timeout=30
        )

    def ask(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        answer = self.http.request(method, path, **more)
        assert answer.status_code == status, answer.text
        assert not answer.content or answer.headers["Content-Type"] == "application/scim+json"
        return answer.json() if answer.content else None

    def join(self, user_name: str, **more: Any) -> Any:
        return self.ask("POST", "/Users", 201, json={"userName": user_name, **more})

    def patch(self, path: str, *operations: dict[str, Any], status: int = 204) -> Any:
        return self.ask("PATCH", path, status, json={"schemas": [PATCH], "Operations": operations})

    def found(self, filter: str, kind: str = "Users") -> list[str]:
        found = self.ask("GET", f"/{kind}", params={"filter": filter})
        assert found["totalResults"] == len(found.get("Resources", []))
        return [one["userName" if kind == "Users" else "displayName"] for one in found.get("Resources", [])]


def test_all_checks_of_scim2_tester_pass(town: Server):
    # Here, because each process of tests imports all files, and this takes 5 s.
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_tester import Status, check_server

    with Directory(town).http as client:
        results = check_server(SyncSCIMClient(client))

    passed = [one for one in results if one.status == Status.SUCCESS]
    assert [(one.title, one.reason) for one in results if one not in passed] == []
    assert len(passed) >= 135


def test_users_of_the_directory_are_members_with_its_names_and_end_with_it(acme: Server):
    directory, boss = Directory(acme), acme.admin()

    ann = directory.join(
        "Ann.Lee@acme.example",
        displayName="Ann Lee",
        externalId="7",
        emails=[{"value": "ann@acme.example", "primary": True}],
    )
    other = directory.join("ann_lee", name={"givenName": "Other", "familyName": "Ann"}, active=False)

    def account(name: str) -> Any:
        return boss.get("/api/v1/accounts/lookup", acct=name).json()

    assert account("Ann_Lee")["display_name"] == "Ann Lee"
    assert account("ann_lee2")["display_name"] == "Other Ann"
    admin_view = boss.get(f"/api/v1/admin/accounts/{account('Ann_Lee')['id']}").json()
    assert admin_view["email"] == "ann@acme.example"

    directory.patch(
        f"/Users/{ann['id']}",
        {"op": "replace", "path": "displayName", "value": "Ann Fox"},
        {"op": "replace", "path": "emails[primary eq true].value", "value": "fox@acme.example"},
    )
    assert account("Ann_Lee")["display_name"] == "Ann Fox"
    assert boss.get(f"/api/v1/admin/accounts/{account('Ann_Lee')['id']}").json()["email"] == "fox@acme.example"
    directory.patch(f"/Users/{ann['id']}", {"op": "replace", "value": {"active": False}})
    directory.patch(f"/Users/{other['id']}", {"op": "Replace", "path": "active", "value": "True"})
    log = acme.do(lambda engines: engines.db.read(audit.page, directory.org_id, Span(ID_MAX, limit=20)))
    acts = [(one.action, one.target_name) for one in log if one.target_kind == "account" and one.actor_id == 0]
    assert acts[:2] == [("reactivate", "ann_lee2"), ("deactivate", "Ann_Lee")]

    directory.ask("DELETE", f"/Users/{ann['id']}", 204)
    directory.ask("GET", f"/Users/{ann['id']}", 404)
    assert account("Ann_Lee")["display_name"] == "Ann Fox"
    again = directory.join("ann.lee@acme.example", emails=[{"value": "FOX@acme.example"}])
    assert again["id"] != ann["id"]
    assert account("Ann_Lee")["id"] == admin_view["id"]
    assert boss.get("/api/v1/accounts/lookup", acct="ann_lee3").status_code == 404


def test_groups_of_the_directory_are_closed_rooms_with_its_users_in_them(acme: Server):
    directory, boss = Directory(acme), acme.admin()
    people = [directory.join(f"{name}@rooms.example") for name in ("gina", "hans", "iris")]
    members = [{"value": one["id"]} for one in people]

    group = directory.ask("POST", "/Groups", 201, json={"displayName": "Sales & Co", "members": members[:2]})
    again = directory.ask("POST", "/Groups", 201, json={"displayName": "Sales & Co"})

    def room(name: str) -> tuple[str, set[str]]:
        found = boss.get("/api/v1/accounts/lookup", acct=name).json()
        assert (found["group"], found["locked"]) == (True, True)

        def read(engines: Any) -> Any:
            return engines.db.read(follows.followers, int(found["id"]), Span(ID_MAX, limit=20))

        ids = [id for _, id in acme.do(read)]
        return found["display_name"], {boss.get(f"/api/v1/accounts/{id}").json()["username"] for id in ids}

    assert room("Sales_Co") == ("Sales & Co", {"gina", "hans"})
    assert room("Sales_Co2") == ("Sales & Co", set())
    directory.patch(
        f"/Groups/{group['id']}",
        {"op": "add", "path": "members", "value": [members[2]]},
        {"op": "remove", "path": f'members[value eq "{people[0]["id"]}"]'},
        {"op": "replace", "path": "displayName", "value": "Sales"},
    )
    assert room("Sales_Co") == ("Sales", {"hans", "iris"})
    assert directory.found('displayName eq "sales"', "Groups") == ["Sales"]
    directory.ask("DELETE", f"/Groups/{group['id']}", 204)
    directory.ask("DELETE", f"/Groups/{again['id']}", 204)
    assert room("Sales_Co") == ("Sales", set())


def test_groups_give_roles_and_who_is_described_is_who_logs_in(acme: Server):
    directory, boss = Directory(acme), acme.admin()
    set_to = {"issuer": ISSUER, "client_id": "x"}
    roles = {"Bosses": "moderator", "Helpers": "moderator"}
    assert boss.patch(IDENTITY, scim={"roles": {"x": "owner"}}).status_code == 403
    assert boss.patch(IDENTITY, scim={"roles": {"x": "king"}}).status_code == 422
    assert boss.patch(IDENTITY, scim={"subject": "name"}).status_code == 422
    people = {name: directory.join(name, externalId=f"sub {name}") for name in ("rita", "rolf", "rosa")}
    group = directory.ask(
        "POST", "/Groups", 201, json={"displayName": "bosses", "members": [{"value": people["rita"]["id"]}]}
    )

    def role(name: str) -> str:
        return boss.get(f"/api/chirrup/v1/org/members/{account_id(name)}").json()["role"]

    def account_id(name: str) -> int:
        return int(boss.get("/api/v1/accounts/lookup", acct=name).json()["id"])

    def enter(name: str, subject: str) -> int:
        one = Person(ISSUER, subject, username=name, directory_id=subject)
        more = {"proves_addresses": True, "scim_subject": "externalId"}
        given = (entering.enter, directory.org_id, one, Oidc(**set_to))
        return acme.do(lambda engines: engines.db.write(*given, **more))

    assert role("rita") == ""
    shown = boss.patch(IDENTITY, scim={"roles": roles, "subject": "externalId"}, oidc=set_to).json()
    assert shown["scim"] == {"roles": roles, "subject": "externalId"}
    assert role("rita") == "moderator"  # at once
    assert boss.patch(f"/api/chirrup/v1/org/members/{account_id('rosa')}", role="moderator").ok
    both = [{"value": people[name]["id"]} for name in ("rolf", "rosa")]
    path = f"/Groups/{group['id']}"
    directory.patch(path, {"op": "replace", "path": "members", "value": both})
    assert [role(name) for name in people] == ["", "moderator", "moderator"]  # what a person gave stays
    directory.patch(path, {"op": "replace", "path": "displayName", "value": "Others"})
    assert role("rolf") == ""
    directory.patch(path, {"op": "replace", "path": "displayName", "value": "Helpers"})
    directory.ask("DELETE", f"/Users/{people['rolf']['id']}", 204)
    assert [role(name) for name in ("rolf", "rosa")] == ["", "moderator"]
    directory.ask("DELETE", path, 204)
    assert role("rosa") == "moderator"

    assert enter("rita", "sub rita") == account_id("rita")
    assert enter("rita", "sub rita") == account_id("rita")
    before = enter("early", "sub early")
    directory.join("early.bird", externalId="sub early")
    assert account_id("early") == before
    assert boss.get("/api/v1/accounts/lookup", acct="early_bird").status_code == 404
    directory.join("twin1", externalId="sub twin")
    directory.join("twin2", externalId="sub twin")
    assert enter("twin", "sub twin") not in (account_id("twin1"), account_id("twin2"))  # in doubt it is nobody's


def test_nobody_with_a_role_is_described_or_entered_by_an_address_that_is_not_proved(acme: Server):
    directory, boss, ann = Directory(acme), acme.admin(), acme.person()
    emails = [boss.get(f"/api/v1/admin/accounts/{one.id}").json()["email"] for one in (boss, ann)]
    user = {"userName": "boss@x.example", "emails": [{"value": emails[0]}], "active": False}

    refused = directory.ask("POST", "/Users", 409, json=user)
    assert "prove first that its domain is yours" in refused["detail"]
    directory.join("ann@x.example", externalId="ann's", emails=[{"value": emails[1]}])
    given = (
        directory.org_id,
        Person(ISSUER, "ann's", username="a", directory_id="ann's"),
        Oidc(issuer=ISSUER, client_id="x"),
    )
    more = {"proves_addresses": True, "scim_subject": "externalId"}

    entered = acme.do(lambda engines: engines.db.write(entering.enter, *given, **more))

    assert entered != int(ann.id)  # she has a password of her own


def test_staff_make_and_end_tokens_which_are_shown_once_with_what_goes_wrong(acme: Server):
    boss, helper, path = acme.admin(), acme.person(), f"{IDENTITY}/scim_tokens"
    boss.patch(IDENTITY, oidc={"issuer": ISSUER, "client_id": "x", "name": "Acme"}, scim={})
    assert boss.post(path, name=" ").status_code == 422
    made = boss.post(path, name="Okta").json()

    assert "a second account when they log in at Acme" in made["warning"]
    listed = boss.get(path).json()[-1]
    assert (listed["name"], listed["last_used_at"], "token" in listed) == ("Okta", None, False)
    ask = {"Authorization": f"Bearer {made['token']}"}
    users = f"{acme.url}/scim/v2/Users?count=0"
    assert httpx2.get(users, headers=ask).status_code == 200
    assert boss.get(path).json()[-1]["last_used_at"]
    assert {one.status_code for one in (helper.get(path), helper.post(path, name="x"))} == {403}
    assert boss.delete(f"{path}/{made['id']}").json() == {}
    assert boss.delete(f"{path}/{made['id']}").status_code == 404
    assert httpx2.get(users, headers=ask).status_code == 401
    acts = [(one["action"], one["target"], one["account_id"]) for one in boss.get("/api/chirrup/v1/org/audit").json()]
    assert acts[:2] == [("remove", "Okta", boss.id), ("add", "Okta", boss.id)]

    (told,) = [one for one in boss.post(f"{IDENTITY}/check").json() if one["directory"] == "SCIM"]
    assert "second account" in told["what"] and "prove the domain" in told["to_do"]
    boss.patch(IDENTITY, scim={"subject": "externalId"})
    assert boss.post(path, name="Okta").json()["warning"] == ""


def test_filters_pages_and_versions_are_as_advertised(acme: Server):
    directory = Directory(acme)
    names = [f"user{n}@filters.example" for n in range(5)]
    made = [directory.join(name, externalId=f"x{n}", nickName="Filter") for n, name in enumerate(names)]

    assert directory.found('userName eq "USER3@filters.example"') == [names[3]]
    assert directory.found('externalId eq "x2"') == [names[2]]
    assert directory.found('externalId eq "X2"') == []
    assert directory.found(f'id eq "{made[1]["id"]}"') == [names[1]]
    assert directory.found('nickName eq "filter" and userName sw "user1"') == [names[1]]
    assert directory.found('userName co "nobody"') == []
    paged = [
        directory.ask("GET", "/Users", params={"startIndex": at, "count": 2, "filter": 'nickName eq "Filter"'})
        for at in (1, 3, 5)
    ]
    assert [[one["userName"] for one in page.get("Resources", [])] for page in paged] == [
        names[:2],
        names[2:4],
        names[4:],
    ]
    assert {page["totalResults"] for page in paged} == {5}
    whole = directory.ask("GET", "/Users", params={"count": 3})
    assert (len(whole["Resources"]), whole["totalResults"] >= 5) == (3, True)
    newest = directory.ask(
        "GET", "/Users", params={"filter": 'nickName eq "Filter"', "sortBy": "userName", "sortOrder": "descending"}
    )
    assert [one["userName"] for one in newest["Resources"]] == names[::-1]

    path, version = f"/Users/{made[0]['id']}", made[0]["meta"]["version"]
    directory.ask("GET", path, 304, headers={"If-None-Match": version})
    changed = {"userName": names[0], "nickName": "Other"}
    after = directory.ask("PUT", path, json=changed, headers={"If-Match": version})
    assert after["meta"]["version"] != version
    refused = directory.ask("PUT", path, 412, json=changed, headers={"If-Match": version})
    assert refused["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    conflict = directory.ask("POST", "/Users", 409, json={"userName": names[1].upper()})
    assert conflict["scimType"] == "uniqueness"
    for bad in ({"emails": [{"value": "no address"}]}, {"emails": [{"value": "a b@c.example"}]}, {"active": "perhaps"}):
        assert directory.ask("POST", "/Users", 400, json={"userName": "bad", **bad})["status"] == "400"
    assert directory.ask("GET", "/Users", 400, params={"filter": "userName what"})["scimType"] == "invalidFilter"
    directory.ask("POST", "/Bulk", 501, json={"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]})
    directory.ask("POST", "/Users", 415, content=b"userName=ann", headers={"Content-Type": "text/plain"})
    directory.ask("POST", "/Users", 400, content=b"{", headers={"Content-Type": "application/json"})
    config = directory.ask("GET", "/ServiceProviderConfig")
    assert [config[name]["supported"] for name in ("patch", "filter", "sort", "etag", "bulk", "changePassword")] == [
        *4 * [True],
        *2 * [False],
    ]


def test_a_token_opens_its_own_organisation_and_nothing_after_its_end(town: Server, acme: Server):
    here, there = Directory(town), Directory(acme)
    mine, theirs = here.join("mine@wall.example"), there.join("theirs@wall.example")
    group = there.ask("POST", "/Groups", 201, json={"displayName": "Theirs", "members": [{"value": theirs["id"]}]})

    for path in (f"/Users/{theirs['id']}", f"/Groups/{group['id']}"):
        for method, body in (("GET", None), ("PUT", {"userName": "x", "displayName": "x"}), ("DELETE", None)):
            here.ask(method, path, 404, json=body)
        here.patch(path, {"op": "replace", "path": "displayName", "value": "x"}, status=404)
    assert here.found('userName eq "theirs@wall.example"') == []
    assert here.found('userName sw "theirs"') == []
    assert here.found('displayName sw "Their"', "Groups") == []
    assert there.ask("GET", f"/Users/{theirs['id']}")["userName"] == "theirs@wall.example"
    for token in (there.token, "nonsense", f"000{'a' * 43}"):
        refused = here.http.get("/Users", headers={"Authorization": f"Bearer {token}"})
        assert (refused.status_code, "detail" in refused.json()) == (401, True)
        assert "Bearer" in refused.headers["WWW-Authenticate"]
    assert here.http.get("/Users", headers={"Authorization": f"Bearer {town.person().token}"}).status_code == 401
    assert town.anyone().get("/scim/v2/Users").status_code == 401
    assert town.anyone().get("/api/v1/accounts/verify_credentials").status_code == 401

    town.do(lambda engines: engines.db.write(tokens.end, 0, 0, here.token_id))
    assert here.http.get(f"/Users/{mine['id']}").status_code == 401
