"""Grouped notifications as apps get them: https://docs.joinmastodon.org/methods/grouped_notifications/"""

from typing import Any

import pytest
import shapes
from client import Person, Server, eventually

from chirrup.mastodon.entities import Account, Count
from chirrup.mastodon.notification_entities import GroupedNotificationsResults

V2 = "/api/v2/notifications"


def grouped(person: Person, **query: Any) -> GroupedNotificationsResults:
    return shapes.decode(person.get(V2, **query), GroupedNotificationsResults)


@pytest.fixture
def fans(server: Server, ann: Person) -> list[Person]:
    """Three people who favourited ann's post, one after the other; the last one boosted it and mentioned her, too."""
    post = ann.say("mine")
    fans = [server.person() for _ in range(3)]
    for number, fan in enumerate(fans, 1):
        fan.post(f"/api/v1/statuses/{post['id']}/favourite")
        eventually(lambda number=number: len(ann.get("/api/v1/notifications").json()) == number)
    fans[-1].post(f"/api/v1/statuses/{post['id']}/reblog")
    eventually(lambda: len(ann.get("/api/v1/notifications").json()) == 4)
    fans[-1].say(f"@{ann.name} well said")
    eventually(lambda: len(ann.get("/api/v1/notifications").json()) == 5)
    return fans


def test_each_group_tells_how_many_who_and_about_what(ann: Person, fans: list[Person]):
    found = grouped(ann)
    mention, boost, favourites = found.notification_groups
    singles = ann.get("/api/v1/notifications").json()

    assert [(one.type, one.notifications_count) for one in found.notification_groups] == [
        ("mention", 1),
        ("reblog", 1),
        ("favourite", 3),
    ]
    assert favourites.sample_account_ids == [fan.id for fan in reversed(fans)]
    assert mention.group_key == f"ungrouped-{mention.most_recent_notification_id}"
    assert [one["group_key"] for one in singles] == [
        mention.group_key,
        boost.group_key,
        *[favourites.group_key] * 3,
    ]
    newest = singles[2]
    assert favourites.most_recent_notification_id == favourites.page_max_id == newest["id"]
    assert favourites.latest_page_notification_at == newest["created_at"]
    assert {post.id for post in found.statuses} == {mention.status_id, favourites.status_id}
    assert boost.status_id == favourites.status_id
    assert sorted(one.id for one in found.accounts) == sorted(fan.id for fan in fans)


def test_accounts_may_be_told_in_part(ann: Person, fans: list[Person]):
    found = grouped(ann, expand_accounts="partial_avatars")

    assert [one.id for one in found.accounts] == [fans[-1].id]
    assert isinstance(found.partial_accounts, list)
    assert [one.id for one in found.partial_accounts] == [fans[1].id, fans[0].id]
    whole = {one["id"]: one for one in ann.get(V2).json()["accounts"]}
    for part in ann.get(V2, expand_accounts="partial_avatars").json()["partial_accounts"]:
        assert part.keys() == {"id", "acct", "locked", "bot", "url", "avatar", "avatar_static", "avatar_description"}
        assert part == {key: whole[part["id"]][key] for key in part}
    assert "partial_accounts" not in ann.get(V2).json()
    assert ann.get(V2, expand_accounts="none").status_code == 400


def test_kinds_are_grouped_as_the_client_can(ann: Person, fans: list[Person]):
    found = grouped(ann, **{"grouped_types[]": ["reblog", "follow"]}).notification_groups

    assert [(one.type, one.notifications_count) for one in found] == [
        ("mention", 1),
        ("reblog", 1),
        *[("favourite", 1)] * 3,
    ]
    assert all(one.group_key == f"ungrouped-{one.page_max_id}" for one in found[2:])
    assert [one.type for one in grouped(ann, **{"types[]": ["favourite", "unknown"]}).notification_groups] == [
        "favourite"
    ]
    assert grouped(ann, **{"types[]": "unknown"}).notification_groups == []
    assert [one.type for one in grouped(ann, **{"exclude_types[]": "mention"}).notification_groups] == [
        "reblog",
        "favourite",
    ]
    by_one = grouped(ann, account_id=fans[0].id).notification_groups
    assert [(one.type, one.notifications_count) for one in by_one] == [("favourite", 3)]
    single = shapes.decode(ann.get(f"{V2}/{found[-1].group_key}"), GroupedNotificationsResults)
    assert single.notification_groups[0].sample_account_ids == [fans[0].id]


def test_one_group_is_looked_at_and_dismissed(ann: Person, bob: Person, fans: list[Person]):
    key = grouped(ann).notification_groups[-1].group_key

    found = shapes.decode(ann.get(f"{V2}/{key}"), GroupedNotificationsResults)
    (group,) = found.notification_groups
    assert (group.group_key, group.notifications_count) == (key, 3)
    assert "page_min_id" not in ann.get(f"{V2}/{key}").json()["notification_groups"][0]
    named = shapes.decode(ann.get(f"{V2}/{key}/accounts"), list[Account])
    assert [one.id for one in named] == [fan.id for fan in reversed(fans)]
    assert [one["id"] for one in ann.walk(f"{V2}/{key}/accounts", limit=1)] == [one.id for one in named]
    for method, path in (("GET", key), ("GET", f"{key}/accounts"), ("POST", f"{key}/dismiss")):
        assert bob.call(method, f"{V2}/{path}").status_code == 404

    assert ann.post(f"{V2}/{key}/dismiss").json() == {}

    assert ann.get(f"{V2}/{key}").status_code == 404
    assert [one["type"] for one in ann.get("/api/v1/notifications").json()] == ["mention", "reblog"]


@pytest.mark.parametrize("key", ["x", "ungrouped-", "ungrouped-1", "favourite-1-1", "favourite-0-0", "follow-0-٣"])
def test_a_key_that_nothing_has_is_not_found(ann: Person, key: str):
    assert ann.get(f"{V2}/{key}").status_code == 404
    assert ann.get(f"{V2}/{key}/accounts").status_code == 404


def test_pages_follow_one_another(ann: Person, fans: list[Person]):
    first = ann.get(V2, limit=2)
    second = ann.get(first.links["next"]["url"])

    kinds = [one["type"] for page in (first, second) for one in page.json()["notification_groups"]]
    assert kinds == ["mention", "reblog", "favourite"]
    assert ann.get(second.links["prev"]["url"]).json()["notification_groups"] == first.json()["notification_groups"]
    oldest = first.json()["notification_groups"][-1]["page_min_id"]
    assert grouped(ann, max_id=oldest).notification_groups[0].type == "favourite"


def test_unread_are_the_groups_after_the_marker(ann: Person, fans: list[Person]):
    def count(**query: Any) -> int:
        return shapes.decode(ann.get(f"{V2}/unread_count", **query), Count).count

    assert (count(), count(limit=2), count(**{"grouped_types[]": "follow"})) == (3, 2, 5)
    assert count(**{"types[]": "favourite"}) == 1

    seen = ann.get("/api/v1/notifications").json()[1]["id"]
    ann.post("/api/v1/markers", notifications={"last_read_id": seen})

    assert count() == 1
