"""Who gets a notification for what, and when it is hidden again."""

import pytest
from client import Person, eventually


def told(person: Person, **query) -> list[dict]:
    found = person.get("/api/v1/notifications", **query)
    assert found.ok, found.text
    return found.json()


def kinds(person: Person, **query) -> list[str]:
    return [one["type"] for one in told(person, **query)]


def wait_for(person: Person, *expected: str) -> list[dict]:
    """The notifications, newest first, once they are of the expected kinds."""
    eventually(lambda: kinds(person) == list(expected))
    return told(person)


@pytest.fixture
def busy(ann, bob):
    """ann has been followed, mentioned and favourited by bob, in that order."""
    post = ann.say("mine")
    bob.follow(ann)
    wait_for(ann, "follow")
    bob.say(f"@{ann.name} hello")
    wait_for(ann, "mention", "follow")
    bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    wait_for(ann, "favourite", "mention", "follow")
    return ann


def test_each_names_who_did_it_and_shows_the_post(busy, bob):
    favourite, mention, follow = told(busy)

    assert {one["account"]["id"] for one in (favourite, mention, follow)} == {bob.id}
    assert favourite["status"]["content"] == "<p>mine</p>"
    assert busy.name in mention["status"]["content"]
    assert "status" not in follow
    assert mention["group_key"] == f"ungrouped-{mention['id']}"
    assert favourite["group_key"].startswith("favourite-")
    assert favourite["created_at"].endswith("Z")
    assert busy.get(f"/api/v1/notifications/{mention['id']}").json() == mention


def test_they_can_be_chosen_by_kind_and_by_account(busy, bob, server):
    assert kinds(busy, **{"types[]": ["mention", "follow"]}) == ["mention", "follow"]
    assert kinds(busy, **{"exclude_types[]": ["mention", "poll"]}) == ["favourite", "follow"]
    assert kinds(busy, **{"types[]": ["mention"], "exclude_types[]": ["mention"]}) == []
    assert kinds(busy, **{"types[]": "admin.sign_up"}) == []
    assert kinds(busy, **{"types[]": ["mention", "of the future"]}) == ["mention"]
    assert len(told(busy, account_id=bob.id)) == 3
    assert told(busy, account_id=server.person().id) == []


def test_pages_follow_one_another(busy):
    assert [one["type"] for one in busy.walk("/api/v1/notifications", limit=1)] == ["favourite", "mention", "follow"]
    follow = told(busy)[-1]
    assert kinds(busy, min_id=follow["id"], limit=1) == ["mention"]
    assert kinds(busy, since_id=follow["id"], limit=1) == ["favourite"]


def test_one_or_all_can_be_dismissed(busy):
    favourite, mention, follow = told(busy)

    assert busy.post(f"/api/v1/notifications/{mention['id']}/dismiss").json() == {}
    assert busy.get(f"/api/v1/notifications/{mention['id']}").status_code == 404
    assert busy.post(f"/api/v1/notifications/{mention['id']}/dismiss").status_code == 404
    assert busy.post("/api/v1/notifications/dismiss", id=favourite["id"]).json() == {}
    assert [one["id"] for one in told(busy)] == [follow["id"]]
    assert busy.post("/api/v1/notifications/clear").json() == {}
    assert told(busy) == []


def test_they_are_their_owners_alone(busy, bob):
    mine = told(busy)[0]["id"]
    missing = bob.get("/api/v1/notifications/1")

    for answer in (bob.get(f"/api/v1/notifications/{mine}"), bob.post(f"/api/v1/notifications/{mine}/dismiss")):
        assert (answer.status_code, answer.content) == (404, missing.content)
    bob.post("/api/v1/notifications/clear")
    assert len(told(busy)) == 3


def test_unread_are_those_after_the_marker(busy):
    mention = told(busy)[1]
    count = "/api/v1/notifications/unread_count"
    assert busy.get(count).json() == {"count": 3}
    assert busy.get(count, limit=2).json() == {"count": 2}
    assert busy.get(count, **{"types[]": "follow"}).json() == {"count": 1}

    busy.post("/api/v1/markers", notifications={"last_read_id": mention["id"]})

    assert busy.get(count).json() == {"count": 1}


def test_what_a_blocked_or_muted_account_did_is_not_told(busy, bob):
    busy.post(f"/api/v1/accounts/{bob.id}/mute", notifications=False)
    assert len(told(busy)) == 3

    busy.post(f"/api/v1/accounts/{bob.id}/mute", notifications=True)
    assert told(busy) == []
    busy.post(f"/api/v1/accounts/{bob.id}/unmute")
    assert len(told(busy)) == 3

    busy.post(f"/api/v1/accounts/{bob.id}/block")
    assert told(busy) == []


def test_what_a_suspended_account_did_is_not_told(busy, bob, server):
    server.admin().post(f"/api/v1/admin/accounts/{bob.id}/action", type="suspend")

    assert told(busy) == []


def test_what_is_undone_is_not_told_any_more(busy, bob):
    favourite, mention, _ = told(busy)

    bob.post(f"/api/v1/statuses/{favourite['status']['id']}/unfavourite")
    bob.delete(f"/api/v1/statuses/{mention['status']['id']}")
    bob.post(f"/api/v1/accounts/{busy.id}/unfollow")

    eventually(lambda: told(busy) == [])


def test_no_notification_shows_a_post_that_is_hidden_now(ann, bob):
    post = bob.say(f"@{ann.name} secret", visibility="direct")
    mention = wait_for(ann, "mention")[0]

    bob.put(f"/api/v1/statuses/{post['id']}", status="secret")

    assert told(ann) == []
    assert ann.get(f"/api/v1/notifications/{mention['id']}").status_code == 404
    assert ann.get("/api/v1/notifications/unread_count").json() == {"count": 0}


@pytest.mark.parametrize("query", [{"max_id": "x"}, {"min_id": "-1"}])
def test_pages_that_cannot_be_are_refused(ann, query):
    assert ann.get("/api/v1/notifications", **query).status_code == 400


def test_limits_are_capped(ann):
    for limit in (0, -5, 10**9):
        assert ann.get("/api/v1/notifications", limit=limit).ok


# markers


def test_a_marker_says_how_far_was_read(ann):
    saved = ann.post("/api/v1/markers", home={"last_read_id": "123"}).json()["home"]
    assert (saved["last_read_id"], saved["version"]) == ("123", 1)
    assert saved["updated_at"].endswith("Z")

    again = ann.call("POST", "/api/v1/markers", data={"home[last_read_id]": "124"}).json()
    assert (again["home"]["last_read_id"], again["home"]["version"]) == ("124", 2)

    ann.post("/api/v1/markers", notifications={"last_read_id": "5"})
    both = ann.get("/api/v1/markers", **{"timeline[]": ["home", "notifications"]}).json()
    assert {name: one["last_read_id"] for name, one in both.items()} == {"home": "124", "notifications": "5"}
    assert ann.get("/api/v1/markers", **{"timeline[]": "home"}).json().keys() == {"home"}
    assert ann.get("/api/v1/markers").json() == {}


def test_markers_are_ones_own(ann, bob):
    ann.post("/api/v1/markers", home={"last_read_id": "123"})

    assert bob.get("/api/v1/markers", **{"timeline[]": "home"}).json() == {}


@pytest.mark.parametrize("id", ["x", "-1", str(2**63), None, {"a": 1}])
def test_markers_that_cannot_be_are_refused(ann, id):
    assert ann.post("/api/v1/markers", home={"last_read_id": id}).status_code == 422
