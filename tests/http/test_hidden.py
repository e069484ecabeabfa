"""Hidden posts leave no trace: same answers, no counts, no gaps, nothing cached for the wrong viewer."""

import re
from typing import Any

import pytest
import requests
from client import Person, Server, eventually
from visitor import logged_in
from world import name_of

from chirrup.programs import ROUTES

pytestmark = pytest.mark.slow

STATUSES = "/api/v1/statuses"


def test_a_mention_is_hidden_from_an_account_that_its_author_blocks(server, ann, bob):
    ann.post(f"/api/v1/accounts/{bob.id}/block")
    for visibility in ("public", "direct"):
        post = ann.say(f"about @{bob.name}", visibility=visibility)

        assert bob.get(f"{STATUSES}/{post['id']}").status_code == 404
    ann.follow(server.person())  # something that is told after it
    assert bob.get("/api/v1/notifications").json() == []
    assert bob.get("/api/v1/conversations").json() == []


# threads and counts


def counts(server: Server, id: str) -> tuple[int, ...]:
    post = server.anyone().get(f"{STATUSES}/{id}").json()
    return tuple(post[f"{what}_count"] for what in ("replies", "reblogs", "favourites"))


def test_a_thread_has_no_trace_of_hidden_replies(server, ann, bob):
    """Replies below a hidden reply are shown in their place all the same."""
    root = ann.say("root")["id"]
    first = bob.say("first", in_reply_to_id=root)["id"]
    private = bob.say("private", in_reply_to_id=root, visibility="private")["id"]
    bob.say(f"@{ann.name} direct", in_reply_to_id=first, visibility="direct")
    below = bob.say("below", in_reply_to_id=private, visibility="public")["id"]
    second = ann.say("second", in_reply_to_id=root)["id"]
    stranger = server.person()

    for viewer in (stranger, server.anyone()):
        shown = viewer.get(f"{STATUSES}/{root}/context")
        assert [post["id"] for post in shown.json()["descendants"]] == [first, below, second]
        assert [post["id"] for post in viewer.get(f"{STATUSES}/{below}/context").json()["ancestors"]] == [root]
        assert counts(server, root) == (2, 0, 0)
        assert counts(server, first) == (0, 0, 0)
    assert len(bob.get(f"{STATUSES}/{root}/context").json()["descendants"]) == 5


@pytest.mark.parametrize("fate", ["private", "direct", "deleted", "of somebody who blocks", "suspended"])
def test_a_reply_to_a_hidden_post_is_shown_as_one_to_none(server, ann, bob, fate: str):
    """The parent's id would reveal that it exists, and its author. Viewers who may see it get it, in a boost too."""
    word, stranger, friend = f"needle{ann.id}", server.person(), server.person()
    visibility = fate if fate in ("private", "direct") else "public"
    parent = ann.say(f"{word} @{bob.name} @{friend.name}", visibility=visibility, spoiler_text=word)
    for one in (bob, friend):
        one.follow(ann)
    reply = bob.say("well said", in_reply_to_id=parent["id"], visibility="public")
    boost = server.person().post(f"{STATUSES}/{reply['id']}/reblog").json()
    assert boost["reblog"]["in_reply_to_id"] == (parent["id"] if visibility == "public" else None)
    for viewer in (bob, friend, ann):  # warm for those who may, before a stranger asks
        shown = viewer.get(f"{STATUSES}/{reply['id']}").json()
        assert (shown["in_reply_to_id"], shown["in_reply_to_account_id"]) == (parent["id"], ann.id)
    if fate == "deleted":
        ann.delete(f"{STATUSES}/{parent['id']}")
    elif fate == "suspended":
        assert server.admin().post(f"/api/v1/admin/accounts/{ann.id}/action", type="suspend").ok
    elif fate != visibility:
        ann.post(f"/api/v1/accounts/{stranger.id}/block")

    browser = logged_in(server, stranger)
    for path in (
        *(f"{STATUSES}/{reply['id']}", f"{STATUSES}?id[]={reply['id']}", f"{STATUSES}/{boost['id']}"),
        *(f"{STATUSES}/{reply['id']}/context", f"/api/v1/accounts/{bob.id}/statuses"),
        *(f"/@{bob.name}/{reply['id']}", f"/@{bob.name}/with_replies"),
    ):
        answer = stranger.get(path) if path.startswith("/api") else browser.get(path)
        assert answer.ok
        assert word not in answer.text
        assert parent["id"] not in answer.text, path
        assert ann.id not in answer.text, path
    shown = stranger.get(f"{STATUSES}/{reply['id']}").json()
    assert (shown["in_reply_to_id"], shown["in_reply_to_account_id"]) == (None, None)
    assert stranger.get(f"{STATUSES}/{reply['id']}/context").json() == {"ancestors": [], "descendants": []}
    if fate in ("private", "direct"):
        assert friend.get(f"{STATUSES}/{boost['id']}").json()["reblog"]["in_reply_to_id"] == parent["id"]
        assert f"/@{ann.name}/{parent['id']}" in logged_in(server, friend).get(f"/@{bob.name}/{reply['id']}").text


def outside(server: Server, ann: Person, post: str, tag: str) -> dict[str, Any]:
    """All counts that a viewer without a login can see."""
    nobody = server.anyone()
    account = nobody.get(f"/api/v1/accounts/{ann.id}").json()
    return {
        "post": counts(server, post),
        "reblogged_by": nobody.get(f"{STATUSES}/{post}/reblogged_by").json(),
        "account": {key: account[key] for key in ("statuses_count", "last_status_at")},
        "tag": nobody.get(f"/api/v1/tags/{tag}").json()["history"],
        "featured": nobody.get(f"/api/v1/accounts/{ann.id}/featured_tags").json(),
        "found": nobody.get("/api/v2/search", q=tag, type="hashtags").json()["hashtags"],
        "timeline": [one["id"] for one in nobody.get(f"/api/v1/timelines/tag/{tag}").json()],
        "directory": [one["statuses_count"] for one in nobody.get("/api/v1/directory").json() if one["id"] == ann.id],
    }


def test_no_count_moves_for_what_is_hidden(server, ann, bob):
    tag = f"tag{ann.id}"
    post = ann.say(f"#{tag}")["id"]
    assert ann.post("/api/v1/featured_tags", name=tag).ok
    eventually(lambda: server.anyone().get(f"/api/v1/tags/{tag}").json()["history"][0]["uses"] == "1")
    before = outside(server, ann, post, tag)

    bob.follow(ann)
    for visibility in ("private", "direct"):
        ann.say(f"#{tag} @{bob.name}", visibility=visibility, in_reply_to_id=post)
        made = bob.say(f"#{tag} @{ann.name}", visibility=visibility, in_reply_to_id=post)
        ann.post(f"{STATUSES}/{made['id']}/favourite")
        bob.delete(f"{STATUSES}/{made['id']}")
    assert bob.post(f"{STATUSES}/{post}/reblog", visibility="private").ok
    ann.say(f"#{tag}new", visibility="private")
    marker = ann.say("something to wait for", visibility="private")
    eventually(lambda: marker["id"] in [one["id"] for one in bob.home()])

    assert outside(server, ann, post, tag) == before
    bob.post(f"{STATUSES}/{post}/unreblog")
    assert outside(server, ann, post, tag) == before


def test_a_booster_for_followers_only_is_shown_to_them_only(server, ann, bob):
    carla, post = server.person(), ann.say("hello")["id"]
    carla.follow(bob)
    bob.post(f"{STATUSES}/{post}/reblog", visibility="private")
    for _ in range(3):
        server.person().post(f"{STATUSES}/{post}/reblog")
    path = f"{STATUSES}/{post}/reblogged_by"

    assert bob.id not in [one["id"] for one in server.anyone().walk(path, limit=1)]
    assert len(server.anyone().walk(path, limit=1)) == 3
    assert bob.id in [one["id"] for one in carla.walk(path, limit=1)]
    assert bob.get(f"{STATUSES}/{post}").json()["reblogged"] is True
    page = requests.get(f"{server.url}/@{ann.name}/{post}/boosts", timeout=10)
    assert page.ok
    assert bob.name not in page.text


# boosts


def test_others_cannot_boost_what_is_not_for_all(server, ann, bob):
    bob.follow(ann)
    for visibility in ("private", "direct"):
        post = ann.say(f"@{bob.name} keep it here", visibility=visibility)["id"]
        own = ann.post(f"{STATUSES}/{post}/reblog")

        for id in (post, own.json().get("id", post)):
            refused = bob.post(f"{STATUSES}/{id}/reblog")
            assert refused.status_code == 422, refused.text
        assert own.status_code == (200 if visibility == "private" else 422)
        assert own.status_code == 422 or own.json()["visibility"] == "private"
    assert server.person().get(f"/api/v1/accounts/{ann.id}/statuses").json() == []


def test_a_deleted_post_takes_its_boosts_favourites_and_notifications_along(server, ann, bob):
    carla = server.person()
    carla.follow(bob)
    post = ann.say(f"hello @{carla.name}")["id"]
    boost = bob.post(f"{STATUSES}/{post}/reblog").json()["id"]
    for verb in ("favourite", "bookmark"):
        carla.post(f"{STATUSES}/{post}/{verb}")
    eventually(lambda: boost in [one["id"] for one in carla.home()])
    eventually(lambda: carla.get("/api/v1/notifications").json())

    ann.delete(f"{STATUSES}/{post}")

    assert carla.get(f"{STATUSES}/{boost}").status_code == 404
    assert carla.home() == []
    for path in ("notifications", "favourites", "bookmarks", f"accounts/{bob.id}/statuses"):
        assert carla.get(f"/api/v1/{path}").json() == []


# audiences that change


def test_an_account_no_longer_mentioned_after_an_edit_cannot_read_the_post(ann, bob):
    post = ann.say(f"@{bob.name} our secret", visibility="direct")["id"]
    paths = [f"{STATUSES}/{post}{part}" for part in ("", "/context", "/history")]
    assert all(bob.get(path).ok for path in paths)
    eventually(lambda: bob.get("/api/v1/notifications").json() and bob.get("/api/v1/conversations").json())

    assert ann.put(f"{STATUSES}/{post}", status="my secret").ok

    assert [bob.get(path).status_code for path in paths] == [404, 404, 404]
    for path in ("notifications", "conversations"):
        assert "secret" not in bob.get(f"/api/v1/{path}").text


def test_a_former_follower_cannot_read_from_the_next_request_on(ann, bob):
    post = ann.say("for followers needle" + ann.id, visibility="private")["id"]
    bob.follow(ann)
    assert bob.get(f"{STATUSES}/{post}").ok
    bob.post(f"{STATUSES}/{post}/favourite")

    ann.post(f"/api/v1/accounts/{bob.id}/remove_from_followers")

    assert bob.get(f"{STATUSES}/{post}").status_code == 404
    for path in ("timelines/home", "favourites", f"accounts/{ann.id}/statuses"):
        assert bob.get(f"/api/v1/{path}").json() == []


def test_a_follow_request_gives_no_access_to_either_side(server, ann):
    ann.patch("/api/v1/accounts/update_credentials", locked=True)
    post = ann.say("for followers", visibility="private")["id"]
    asker = server.person()
    assert asker.follow(ann)["requested"]

    for path in (f"/api/v1/follow_requests/{ann.id}/authorize", f"/api/v1/follow_requests/{asker.id}/authorize"):
        assert asker.post(path).status_code == 404
    assert not asker.get("/api/v1/accounts/relationships", **{"id[]": ann.id}).json()[0]["following"]
    assert asker.get(f"{STATUSES}/{post}").status_code == 404
    assert asker.home() == []
    assert asker.get(f"/api/v1/accounts/{ann.id}/statuses").json() == []


def test_a_suspended_author_is_gone_everywhere_and_comes_back(server, ann, bob):
    admin, carla = server.admin(), server.person()
    ann.patch("/api/v1/accounts/update_credentials", indexable=True)
    word = f"needle{ann.id}"
    bob.follow(ann)
    carla.follow(bob)
    post = ann.say(f"{word} #{word} @{carla.name}")["id"]
    reply = ann.say("below", in_reply_to_id=bob.say("root")["id"])
    boost = bob.post(f"{STATUSES}/{post}/reblog").json()["id"]
    carla.post(f"{STATUSES}/{post}/favourite")
    carla.post(f"{STATUSES}/{post}/bookmark")
    lists = [
        *("timelines/home", "timelines/public", f"timelines/tag/{word}", "favourites", "bookmarks", "notifications"),
        *(f"accounts/{ann.id}/statuses", f"accounts/{bob.id}/statuses", f"statuses/{reply['in_reply_to_id']}/context"),
        *(
            f"accounts/{bob.id}/followers",
            f"statuses?id[]={post}",
            f"accounts/search?q={ann.name}",
            "directory",
        ),
    ]

    def where() -> list[str]:
        """Lists with posts of ann's."""
        found = [path for path in lists if f'"id":"{ann.id}"' in carla.get(f"/api/v1/{path}").text]
        return found + ["search"] * (post in carla.get("/api/v2/search", q=word).text)

    ann.follow(bob)
    eventually(lambda: where() == [*lists, "search"], within_s=10)

    action = f"/api/v1/admin/accounts/{ann.id}"
    assert admin.post(f"{action}/action", type="suspend").ok

    eventually(lambda: where() == [], within_s=2)
    assert carla.get(f"{STATUSES}/{post}").status_code == 404
    assert carla.get(f"{STATUSES}/{boost}").status_code == 404
    assert ann.get("/api/v1/timelines/home").status_code in (401, 403)
    shown = carla.get(f"/api/v1/accounts/{ann.id}").json()
    assert (shown["suspended"], shown["note"], shown["statuses_count"]) == (True, "", 0)

    assert admin.post(f"{action}/unsuspend").ok
    assert carla.get(f"{STATUSES}/{post}").ok


# nothing is cached for the wrong viewer


def test_what_was_made_for_one_reader_is_given_to_no_other(server, ann, bob):
    """Each viewer reads first, then the others. In the second round renderings are cached."""
    blocked = server.person()
    ann.post(f"/api/v1/accounts/{blocked.id}/block")
    bob.follow(ann)
    ids = {v: ann.say(f"@{bob.name} {v}", visibility=v)["id"] for v in ("public", "private", "direct")}
    own = {"public": {"public"}, "friend": {"public", "private", "direct"}, "none": set()}
    viewers = [(ann, own["friend"]), (bob, own["friend"]), (server.anyone(), own["public"]), (blocked, own["none"])]
    bob.post(f"{STATUSES}/{ids['public']}/favourite")

    for _ in range(2):
        for viewer, seen in [*viewers, *viewers[::-1]]:
            for visibility, id in ids.items():
                assert viewer.get(f"{STATUSES}/{id}").ok == (visibility in seen)
            shown = viewer.get(STATUSES, **{"id[]": list(ids.values())})
            assert {post["visibility"] for post in shown.json()} == seen
            for post in shown.json():
                liked = viewer is bob and post["id"] == ids["public"]
                assert post.get("favourited") == (liked if viewer.token else None)
                assert ("pinned" in post) == (viewer is ann)


@pytest.mark.parametrize("route", [route for route in ROUTES if route.path.startswith("/api/")], ids=name_of)
def test_no_answer_may_be_kept_by_what_stands_between(server, ann, route):
    path = re.sub(r"\{\w+\}", ann.id, route.path)
    for person in (ann, server.anyone()):
        answer = person.call(route.method, path)

        assert answer.headers["Cache-Control"] == "private, no-store", answer.text
        assert answer.headers["Vary"].startswith("Authorization")
