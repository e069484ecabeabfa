"""Collections: made, filled, changed, left; who is shown what of them. https://docs.joinmastodon.org/methods/collections/"""

from typing import Any

import pytest
from client import Person, Server, eventually
from shapes import decode
from visitor import Visitor, logged_in

from chirrup.mastodon import entities
from chirrup.mastodon.collection_entities import Collections, WrappedCollection, WrappedCollectionItem
from chirrup.mastodon.collections import CollectionWithAccounts

pytestmark = pytest.mark.slow
PATH = "/api/v1/collections"
ABSENT = "117000000000000001"


@pytest.fixture
def found(server: Server) -> list[Person]:
    """People who want to be found."""
    return [server.person(discoverable=True) for _ in range(3)]


def make(person: Person, *members: Person, **more: Any) -> dict[str, Any]:
    made = person.post(PATH, name="Good ones", account_ids=[one.id for one in members], **more)
    return decode(made, WrappedCollection) and made.json()["collection"]


def shown(viewer: Person, collection: dict[str, Any]) -> list[str]:
    """The accounts in it that the viewer is shown, in their order."""
    answer = viewer.get(f"{PATH}/{collection['id']}")
    whole = decode(answer, CollectionWithAccounts)
    ids = [one.account_id for one in whole.collection.items]
    assert [one.id for one in whole.accounts] == [whole.collection.account_id, *ids]
    assert whole.collection.item_count == len(ids)
    return ids


def told(person: Person, kind: str) -> list[dict[str, Any]]:
    return person.get("/api/v1/notifications", **{"types[]": kind}).json()


def test_one_is_made_filled_changed_left_and_deleted(server: Server, ann: Person, found: list[Person]):
    bob, carla, dora = found
    made = make(ann, bob, description="1 < 2", language="en", tag_name="#Birds", sensitive=True)
    path = f"{PATH}/{made['id']}"

    assert made["url"] == made["uri"] == f"{server.url}/collections/{made['id']}"
    assert made["tag"] == {"name": "Birds", "url": f"{server.url}/tags/birds"}
    assert (made["name"], made["description"], made["language"]) == ("Good ones", "1 &lt; 2", "en")
    assert (made["local"], made["sensitive"], made["discoverable"]) == (True, True, True)
    assert made["created_at"] == made["updated_at"]
    added = decode(ann.post(f"{path}/items", account_id=carla.id), WrappedCollectionItem).collection_item
    assert (added.account_id, added.state) == (carla.id, "accepted")
    assert shown(server.anyone(), made) == shown(bob, made) == shown(ann, made) == [bob.id, carla.id]

    note = eventually(lambda: told(carla, "added_to_collection"))[0]
    assert (note["account"]["id"], note["collection"]["id"]) == (ann.id, made["id"])
    assert note == carla.get(f"/api/v1/notifications/{note['id']}").json()
    (group,) = carla.get("/api/v2/notifications").json()["notification_groups"]
    assert (group["type"], group["collection"]) == ("added_to_collection", note["collection"])
    assert "fallback" not in note and "fallback" not in group
    old = {"supported_types[]": ["follow"]}
    ids = note["id"], group["group_key"]
    asked = [f"/api/v1/notifications/{ids[0]}", f"/api/v2/notifications/{ids[1]}", "/api/v2/notifications"]
    in_one, *in_groups = [carla.get(one, **old).json() for one in asked]
    words = [in_one["fallback"], *(one["notification_groups"][0]["fallback"] for one in in_groups)]
    assert words == 3 * [carla.get("/api/v1/notifications", **old).json()[0]["fallback"]]
    assert words[0]["title"] == f"{ann.name} added you to a collection" and made["url"] in words[0]["details"]
    changed = ann.patch(path, name="Better ones", tag_name="", discoverable=False)
    assert decode(changed, WrappedCollection).collection.name == "Better ones"
    assert (changed.json()["collection"]["tag"], changed.json()["collection"]["description"]) == (None, "1 &lt; 2")
    again = eventually(lambda: told(carla, "collection_update"))[0]
    decode(carla.get("/api/v1/notifications"), list[entities.Notification])
    assert again["collection"]["name"] == "Better ones"

    # in which it is, an account learns even if the owner's profile does not show it
    owns = f"/api/v1/accounts/{ann.id}/collections"
    assert decode(bob.get(owns), Collections).collections == []
    assert [one.id for one in decode(ann.get(owns), Collections).collections] == [made["id"]]
    inside = f"/api/v1/accounts/{carla.id}/in_collections"
    assert [one.id for one in decode(carla.get(inside), Collections).collections] == [made["id"]]
    assert bob.get(inside).status_code == 403

    assert carla.post(f"{path}/items/{added.id}/revoke").json() == {}
    assert shown(ann, made) == shown(carla, made) == [bob.id]
    assert carla.get(inside).json() == {"collections": []}
    eventually(lambda: not told(carla, "added_to_collection") and not told(carla, "collection_update"))
    refused = ann.post(f"{path}/items", account_id=carla.id)  # for good
    assert (refused.status_code, refused.json()["error"]) == (
        422,
        "Validation failed: Account has already been taken",
    )
    assert ann.delete(f"{path}/items/{added.id}").status_code == 404
    item = ann.get(path).json()["collection"]["items"][0]["id"]
    assert ann.delete(f"{path}/items/{item}").json() == {} == ann.delete(path).json()
    assert ann.get(path).status_code == dora.get(path).status_code == 404
    eventually(lambda: not told(bob, "added_to_collection"))


def test_only_the_owner_changes_it_and_only_itself_takes_an_account_out(ann: Person, found: list[Person]):
    bob, carla, _ = found
    made = make(ann, bob)
    path, item = f"{PATH}/{made['id']}", made["items"][0]["id"]

    refusals = [
        carla.patch(path, name="mine"),
        carla.delete(path),
        carla.post(f"{path}/items", account_id=carla.id),
        bob.delete(f"{path}/items/{item}"),
        carla.post(f"{path}/items/{item}/revoke"),
        ann.post(f"{path}/items/{item}/revoke"),
    ]

    for answer in refusals:
        assert (answer.status_code, answer.json()) == (403, {"error": "This action is not allowed"})
    assert shown(ann, made) == [bob.id]


def test_what_cannot_be_is_refused_with_what_was_expected(ann: Person, server: Server, found: list[Person]):
    made = make(ann, found[0])
    items = f"{PATH}/{made['id']}/items"
    wrong = ann.post(PATH, name="x" * 41, description="y" * 101, language="xx-what", tag_name="no tag").json()["error"]

    assert wrong["error"].startswith("Validation failed: Name is too long (maximum is 40 characters), ")
    assert wrong["details"]["name"] == [
        {"error": "ERR_TOO_LONG", "description": "is too long (maximum is 40 characters)"}
    ]
    assert wrong["details"].keys() == {"name", "description", "language", "tag_name"}
    assert ann.post(PATH).json()["error"]["details"]["name"][0]["error"] == "ERR_BLANK"
    assert ann.patch(f"{PATH}/{made['id']}", name=" ").status_code == 422
    assert ann.post(items).json() == {"error": "`account_id` parameter is missing"}
    assert ann.post(items, account_id=found[0].id).status_code == 422
    for _ in range(9):
        make(ann)
    assert ann.post(PATH, name="eleventh").status_code == 422
    assert ann.get(f"/api/v1/accounts/{ann.id}/collections").json()["collections"][9]["id"] == made["id"]
    page = ann.get(f"/api/v1/accounts/{ann.id}/collections", limit=4, offset=4)
    assert len(page.json()["collections"]) == 4
    assert [ann.get(page.links[rel]["url"]).json()["collections"][-1]["id"] for rel in ("next",)] == [made["id"]]
    assert "prev" not in ann.get(page.links["prev"]["url"]).links
    role = ann.get("/api/v1/accounts/verify_credentials").json()["role"]
    assert role["collection_limit"] == 10


def test_who_does_not_want_to_be_found_is_in_none(ann: Person, bob: Person, server: Server, found: list[Person]):
    carla, blocker, _ = found
    bob.patch("/api/v1/accounts/update_credentials", discoverable=False)
    assert carla.get(f"/api/v1/accounts/{carla.id}").json()["feature_approval"] == {
        "automatic": ["public"],
        "manual": [],
        "current_user": "automatic",
    }
    approval = ann.get(f"/api/v1/accounts/{bob.id}").json()["feature_approval"]
    assert approval == {"automatic": [], "manual": [], "current_user": "denied"}
    blocker.post(f"/api/v1/accounts/{ann.id}/block")
    made = make(ann, carla)
    path = f"{PATH}/{made['id']}/items"

    answers = [ann.post(path, account_id=id) for id in (bob.id, blocker.id, ABSENT)]
    whole = [ann.post(PATH, name="all or none", account_ids=[carla.id, id]) for id in (bob.id, blocker.id, ABSENT)]

    assert {(one.status_code, one.text) for one in (*answers, *whole)} == {(422, answers[0].text)}
    assert len(ann.get(f"/api/v1/accounts/{ann.id}/collections").json()["collections"]) == 1

    carla.patch("/api/v1/accounts/update_credentials", discoverable=False)
    assert shown(bob, made) == shown(server.anyone(), made) == []
    assert shown(ann, made) == shown(carla, made) == [carla.id]  # the owner may remove it, and it itself leave
    states = [viewer.get(f"{PATH}/{made['id']}").json()["collection"]["items"][0]["state"] for viewer in (ann, carla)]
    assert states == ["pending", "pending"]


def test_blocks_and_mutes_hide_it_and_who_is_in_it(ann: Person, bob: Person, server: Server, found: list[Person]):
    carla, dora, eve = found
    made, path = make(ann, carla, dora, eve), ""
    path = f"{PATH}/{made['id']}"
    bob.post(f"/api/v1/accounts/{carla.id}/mute")
    bob.post(f"/api/v1/accounts/{dora.id}/block")

    assert shown(bob, made) == [eve.id]
    assert shown(server.anyone(), made) == [carla.id, dora.id, eve.id]

    eve.post(f"/api/v1/accounts/{ann.id}/block")  # which takes it out
    eventually(lambda: shown(server.anyone(), made) == [carla.id, dora.id])
    eve.post(f"/api/v1/accounts/{ann.id}/unblock")
    assert shown(ann, made) == [carla.id, dora.id]
    assert eve.get(f"/api/v1/accounts/{eve.id}/in_collections").json() == {"collections": []}

    ann.post(f"/api/v1/accounts/{bob.id}/block")
    for method, end in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/items")):
        hidden, absent = [
            bob.call(method, f"{PATH}/{id}{end}", json={"name": "a", "account_id": carla.id})
            for id in (made["id"], ABSENT)
        ]
        assert (hidden.status_code, hidden.text) == (404, absent.text)
    assert bob.get(f"/api/v1/accounts/{ann.id}/collections").json() == {"collections": []}
    assert server.anyone().get(path).ok


def test_a_page_shows_it_and_lets_one_leave(ann: Person, bob: Person, server: Server, found: list[Person]):
    carla, dora, _ = found
    made = make(ann, carla, dora, description="<b>", tag_name="Birds")
    unlisted = make(ann, carla, discoverable=False)
    bob.post(f"/api/v1/accounts/{dora.id}/block")
    path = f"/collections/{made['id']}"
    stranger, bobs, carlas = Visitor(server.url), logged_in(server, bob), logged_in(server, carla)

    page = stranger.get(path).text
    assert f"@{carla.name}" in page and f"@{dora.name}" in page and "&lt;b&gt;" in page and "/tags/Birds" in page
    assert f"@{dora.name}" not in bobs.get(path).text
    profile = stranger.get(f"/@{ann.name}").text
    assert path in profile and unlisted["id"] not in profile
    eventually(lambda: path in carlas.get("/notifications").text)

    assert f"{path}/leave" not in bobs.get(path).text
    assert carlas.post(f"{path}/leave", csrf_from=path).headers["Location"] == path
    assert f"@{carla.name}" not in stranger.get(path).text
    ann.post(f"/api/v1/accounts/{bob.id}/block")
    assert bobs.get(path).status_code == stranger.get(f"/collections/{ABSENT}").status_code == 404


def test_a_report_may_name_collections(server: Server, ann: Person, bob: Person, admin: Person, found: list[Person]):
    made, other = make(ann), make(found[0])

    report = bob.post("/api/v1/reports", account_id=ann.id, collection_ids=[made["id"], other["id"], ABSENT])

    assert decode(report, entities.Report).collection_ids == [made["id"]]
    page = logged_in(server, admin).get(f"/admin/reports/{report.json()['id']}").text
    assert f'<a href="/collections/{made["id"]}"' in page and other["id"] not in page
