"""Policies and requests as apps get them: https://docs.joinmastodon.org/methods/notifications/#get-policy"""

import pytest
import shapes
from client import Person, Server, eventually

from chirrup.mastodon.entities import Empty, Status
from chirrup.mastodon.notification_entities import Merged, NotificationPolicy, NotificationRequest, V1NotificationPolicy

POLICY, REQUESTS = "/api/v2/notifications/policy", "/api/v1/notifications/requests"


def waiting(person: Person, **query: str) -> list[NotificationRequest]:
    return shapes.decode(person.get(REQUESTS, **query), list[NotificationRequest])


@pytest.fixture
def strangers(server: Server, ann: Person) -> list[Person]:
    """Two who mentioned ann, who wants no strangers, one after the other."""
    ann.patch(POLICY, for_not_following="filter")
    found = [server.person() for _ in range(2)]
    for number, person in enumerate(found, 1):
        person.say(f"@{ann.name} hello")
        eventually(lambda number=number: len(waiting(ann)) == number)
    return found


def test_a_policy_is_shown_and_changed_in_part(ann: Person):
    before = shapes.decode(ann.get(POLICY), NotificationPolicy)
    assert (before.for_not_following, before.for_private_mentions, before.for_limited_accounts) == (
        "accept",
        "accept",
        "filter",
    )
    changed = shapes.decode(ann.patch(POLICY, for_not_followers="drop", for_bots="filter"), NotificationPolicy)
    assert (changed.for_not_followers, changed.for_bots, changed.for_new_accounts) == ("drop", "filter", "accept")
    assert shapes.decode(ann.call("PUT", POLICY, data={"for_bots": "accept"}), NotificationPolicy).for_bots == "accept"
    refused = ann.patch(POLICY, for_new_accounts="perhaps")
    assert refused.status_code == 422
    assert "accept, filter, drop" in refused.json()["error"]
    assert shapes.decode(ann.get(POLICY), NotificationPolicy).for_not_followers == "drop"


def test_the_policy_of_before_is_the_same_in_other_words(ann: Person):
    v1 = "/api/v1/notifications/policy"
    ann.patch(POLICY, for_not_followers="drop")
    assert shapes.decode(ann.get(v1), V1NotificationPolicy).filter_not_followers is True

    changed = shapes.decode(ann.put(v1, filter_not_followers=False, filter_private_mentions=True), V1NotificationPolicy)

    assert (changed.filter_not_followers, changed.filter_private_mentions) == (False, True)
    now = shapes.decode(ann.get(POLICY), NotificationPolicy)
    assert (now.for_not_followers, now.for_private_mentions) == ("accept", "filter")


def test_strangers_wait_until_they_are_accepted(ann: Person, strangers: list[Person]):
    first, second = strangers
    newest, oldest = waiting(ann)
    assert (newest.account.id, newest.notifications_count) == (second.id, "1")
    assert first.name not in ann.get("/api/v1/notifications").text
    assert len(ann.get("/api/v1/notifications", include_filtered=True).json()) == 2
    assert ann.get("/api/v2/notifications").json()["notification_groups"] == []
    held = ann.get("/api/v2/notifications", include_filtered=True).json()["notification_groups"]
    assert [one["sample_account_ids"] for one in held] == [[second.id], [first.id]]
    assert ann.get("/api/v1/notifications/unread_count").json() == {"count": 0}
    assert isinstance(oldest.last_status, Status) and oldest.last_status.account.id == first.id
    summary = shapes.decode(ann.get(POLICY), NotificationPolicy).summary
    assert (summary.pending_requests_count, summary.pending_notifications_count) == (2, 2)
    assert shapes.decode(ann.get(f"{REQUESTS}/{oldest.id}"), NotificationRequest) == oldest

    shapes.decode(ann.post(f"{REQUESTS}/{oldest.id}/accept"), Empty)
    shapes.decode(ann.post(f"{REQUESTS}/{newest.id}/dismiss"), Empty)

    assert shapes.decode(ann.get(f"{REQUESTS}/merged"), Merged).merged is True
    assert [one["account"]["id"] for one in ann.get("/api/v1/notifications", include_filtered=True).json()] == [
        first.id
    ]
    assert waiting(ann) == []
    for id in (oldest.id, newest.id):
        for method, path in (("GET", ""), ("POST", "/accept"), ("POST", "/dismiss")):
            assert ann.call(method, f"{REQUESTS}/{id}{path}").status_code == 404


def test_many_are_accepted_and_dismissed_at_once(ann: Person, bob: Person, strangers: list[Person]):
    ids = [one.id for one in waiting(ann)]
    assert [one["id"] for one in ann.walk(REQUESTS, limit=1)] == ids
    for verb in ("accept", "dismiss"):
        assert bob.post(f"{REQUESTS}/{verb}", id=ids).json() == {}
        assert bob.post(f"{REQUESTS}/{ids[0]}/{verb}").status_code == 404
    assert len(waiting(ann)) == 2

    assert ann.call("POST", f"{REQUESTS}/accept", data={"id[]": ids[:1]}).json() == {}
    assert ann.post(f"{REQUESTS}/dismiss", id=[*ids, "117000000000000001"]).json() == {}

    assert waiting(ann) == []
    assert len(ann.get("/api/v1/notifications").json()) == 1


def test_a_request_shows_no_post_that_is_hidden_now(ann: Person, bob: Person):
    ann.patch(POLICY, for_not_following="filter")
    post = bob.say(f"@{ann.name} secret", visibility="direct")
    (one,) = eventually(lambda: waiting(ann))
    assert isinstance(one.last_status, Status) and one.last_status.id == post["id"]

    bob.put(f"/api/v1/statuses/{post['id']}", status="secret")

    (after,) = waiting(ann)
    assert "last_status" not in ann.get(f"{REQUESTS}/{after.id}").json()
    assert "secret" not in ann.get("/api/v1/notifications", include_filtered=True).text
    ann.post(f"/api/v1/accounts/{bob.id}/block")
    assert waiting(ann) == []
    assert ann.get(f"{REQUESTS}/{after.id}").status_code == 404
