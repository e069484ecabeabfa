"""Hashtags: their uses, followed tags, featured tags."""

import re
import time

import pytest
import requests
from client import Person, eventually


@pytest.fixture
def tag(server) -> str:
    return f"Tag{next(server.numbers)}Ä"


def look(person: Person, tag: str) -> dict:
    found = person.get(f"/api/v1/tags/{tag}")
    assert found.ok, found.text
    return found.json()


def used(person: Person, tag: str) -> tuple[str, str]:
    """(uses, accounts) today."""
    today = look(person, tag)["history"][0]
    return today["uses"], today["accounts"]


def names(found: list[dict]) -> list[str]:
    return [one["name"] for one in found]


def test_a_tag_nobody_used_is_shown_with_an_empty_week(ann, server, tag):
    shown = look(ann, tag)

    assert (shown["name"], shown["following"], shown["featuring"]) == (tag, False, False)
    assert [(day["uses"], day["accounts"]) for day in shown["history"]] == [("0", "0")] * 7
    days = [int(day["day"]) for day in shown["history"]]
    assert days == [days[0] - n * 86400 for n in range(7)]
    assert days[0] in (int(time.time()) // 86400 * 86400, (int(time.time()) - 5) // 86400 * 86400)
    assert "following" not in look(server.anyone(), tag)


@pytest.mark.parametrize("name", ["no tag", "123", "%23", "a-b", "x" * 501, "a%00b"])
def test_what_is_no_hashtag_is_not_found(ann, name):
    assert ann.get(f"/api/v1/tags/{name}").status_code == 404
    assert ann.post(f"/api/v1/tags/{name}/follow").status_code == 404
    assert ann.post(f"/api/v1/tags/{name}/unfeature").status_code == 404


def test_uses_and_accounts_are_counted_by_day(ann, bob, tag):
    ann.say(f"one #{tag}")
    ann.say(f"two #{tag.lower()} #{tag.upper()}")
    bob.say(f"three #{tag}")

    eventually(lambda: used(ann, tag) == ("3", "2"))
    assert used(ann, tag.upper()) == ("3", "2")
    assert look(ann, tag.lower())["name"] == tag


def test_only_public_posts_count(ann, bob, tag):
    for visibility in ("unlisted", "private", "direct"):
        ann.say(f"@{bob.name} #{tag}", visibility=visibility)
    ann.say(f"#{tag}x")
    eventually(lambda: used(ann, f"{tag}x") == ("1", "1"))

    assert used(ann, tag) == ("0", "0")


def test_an_edit_counts_the_tags_it_adds(ann, tag):
    post = ann.say(f"#{tag}")
    eventually(lambda: used(ann, tag) == ("1", "1"))

    ann.put(f"/api/v1/statuses/{post['id']}", status=f"#{tag} #{tag}y")

    eventually(lambda: used(ann, f"{tag}y") == ("1", "1"))
    assert used(ann, tag) == ("1", "1")


# following


def test_posts_with_a_followed_tag_come_home(ann, bob, tag):
    followed = ann.post(f"/api/v1/tags/{tag}/follow").json()
    assert (followed["name"], followed["following"]) == (tag, True)
    ann.home()

    post = bob.say(f"hello #{tag}")
    eventually(lambda: post["id"] in [one["id"] for one in ann.home()])

    assert ann.post(f"/api/v1/tags/{tag}/unfollow").json()["following"] is False
    eventually(lambda: post["id"] not in [one["id"] for one in ann.home()])


def test_following_twice_is_harmless_and_so_is_unfollowing(ann, tag):
    for _ in range(2):
        assert ann.post(f"/api/v1/tags/{tag}/follow").json()["following"] is True
    assert names(ann.get("/api/v1/followed_tags").json()) == [tag]
    for _ in range(2):
        assert ann.post(f"/api/v1/tags/{tag}/unfollow").json()["following"] is False
    assert ann.get("/api/v1/followed_tags").json() == []


def test_followed_tags_are_listed_in_the_order_of_following(ann, tag):
    wanted = [f"{tag}{letter}" for letter in "bca"]
    for name in wanted:
        ann.post(f"/api/v1/tags/{name}/follow")

    assert names(ann.walk("/api/v1/followed_tags", limit=1)) == wanted[::-1]
    assert all(one["following"] for one in ann.get("/api/v1/followed_tags").json())


def test_so_many_tags_can_be_followed_and_no_more(ann, tag):
    for n in range(200):
        assert ann.post(f"/api/v1/tags/{tag}{n}/follow").ok

    assert ann.post(f"/api/v1/tags/{tag}more/follow").status_code == 422
    assert ann.post(f"/api/v1/tags/{tag}7/follow").ok


# featuring


def test_a_featured_tag_counts_its_owners_public_posts(ann, bob, tag):
    first = ann.say(f"#{tag}")
    ann.say(f"#{tag}", visibility="private")
    bob.say(f"#{tag}")
    eventually(lambda: used(ann, tag) == ("2", "2"))

    featured = ann.post("/api/v1/featured_tags", name=f"#{tag}").json()
    assert (featured["name"], featured["statuses_count"]) == (tag, "1")
    assert featured["last_status_at"] == first["created_at"][:10]

    def shown() -> dict:
        return bob.get(f"/api/v1/accounts/{ann.id}/featured_tags").json()[0]

    second = ann.say(f"#{tag}")
    eventually(lambda: shown()["statuses_count"] == "2")
    assert shown()["last_status_at"] == second["created_at"][:10]
    ann.delete(f"/api/v1/statuses/{second['id']}")
    eventually(lambda: shown()["statuses_count"] == "1")


def test_featured_tags_are_added_listed_and_removed(ann, bob, tag):
    first = ann.post("/api/v1/featured_tags", name=tag).json()
    assert ann.post("/api/v1/featured_tags", name=tag.upper()).json()["id"] == first["id"]
    assert ann.post(f"/api/v1/tags/{tag}b/feature").json()["featuring"] is True
    assert names(ann.get("/api/v1/featured_tags").json()) == [tag, f"{tag}b"]
    assert look(ann, tag)["featuring"] is True
    assert look(bob, tag)["featuring"] is False

    assert bob.delete(f"/api/v1/featured_tags/{first['id']}").status_code == 404
    assert ann.delete(f"/api/v1/featured_tags/{first['id']}").json() == {}
    assert ann.delete(f"/api/v1/featured_tags/{first['id']}").status_code == 404
    assert ann.post(f"/api/v1/tags/{tag}b/unfeature").json()["featuring"] is False
    assert ann.get("/api/v1/featured_tags").json() == []


def test_ten_tags_can_be_featured_and_no_more(ann, tag):
    for n in range(10):
        assert ann.post("/api/v1/featured_tags", name=f"{tag}{n}").ok

    assert ann.post("/api/v1/featured_tags", name=f"{tag}more").status_code == 422


@pytest.mark.parametrize("name", ["", "no tag", "123", "a b", "x" * 501, "<b>"])
def test_what_is_no_hashtag_is_not_featured(ann, name):
    refused = ann.post("/api/v1/featured_tags", name=name)

    assert (refused.status_code, refused.json()["error"]) == (422, "Validation failed: Tag is invalid")


def test_the_tags_used_most_are_suggested_unless_featured(ann, tag):
    ann.say(f"#{tag}a #{tag}b #{tag}c")
    ann.say(f"#{tag}b #{tag}c")
    ann.say(f"#{tag}c")
    ann.say(f"#{tag}d", visibility="private")
    eventually(lambda: used(ann, f"{tag}c") == ("3", "1"))
    ann.post("/api/v1/featured_tags", name=f"{tag}b")

    assert names(ann.get("/api/v1/featured_tags/suggestions").json()) == [f"{tag}c", f"{tag}a"]


def test_what_an_account_features_is_not_shown_to_those_it_blocks(ann, bob, tag, server):
    ann.post("/api/v1/featured_tags", name=tag)
    ann.post(f"/api/v1/accounts/{bob.id}/block")

    assert bob.get(f"/api/v1/accounts/{ann.id}/featured_tags").json() == []
    assert names(server.anyone().get(f"/api/v1/accounts/{ann.id}/featured_tags").json()) == [tag]
    assert bob.get("/api/v1/accounts/1/featured_tags").status_code == 404


def test_a_post_is_under_its_hashtags_from_the_next_request_on(ann, tag):
    for _ in range(20):
        post = ann.say(f"hello #{tag}")
        assert ann.get(f"/api/v1/timelines/tag/{tag}", limit=1).json()[0]["id"] == post["id"]

    ann.say(f"#{tag}_new")
    found = ann.get("/api/v2/search", q=f"#{tag}", type="hashtags").json()["hashtags"]
    assert [one["name"] for one in found] == [tag, f"{tag}_new"]


@pytest.mark.parametrize("written", ["Straße", "STRASSE", "ﬁn", "ＦＩＮ", "猫", "Ångström", "İstanbul", "ὈΔΥΣΣΕΎΣ"])
def test_a_hashtag_has_one_address_wherever_it_is_shown(ann, server, written):
    post = ann.say(f"on #{written}")
    found = ann.get(f"/api/v1/tags/{written}").json()

    href = re.findall('<a href="([^"]*)" class="mention hashtag"', post["content"])

    assert [post["tags"][0]["url"], found["url"]] == href * 2
    path = href[0].removeprefix(server.url)
    assert post["id"] in requests.get(server.url + path, timeout=10).text
    assert requests.get(f"{server.url}/tags/{written}", timeout=10).ok


def test_equal_hashtags_have_the_same_address(ann):
    urls = {ann.say(f"#{one}")["tags"][0]["url"] for one in ("Straße", "STRASSE", "strasse")}

    assert len(urls) == 1
