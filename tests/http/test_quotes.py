"""Quotes: who may quote what, what each viewer is shown of it, and taking it back.

https://docs.joinmastodon.org/client/quotes/
"""

from typing import Any

import pytest
from client import Person, Server, eventually
from shapes import decode
from world import png

from chirrup.mastodon.entities import Status

STATUSES = "/api/v1/statuses"
OPEN = {"automatic": ["public"], "manual": [], "current_user": "automatic"}


def shown(person: Person, id: str) -> dict[str, Any]:
    answer = person.get(f"{STATUSES}/{id}")
    decode(answer, Status)
    return answer.json()


def state(person: Person, id: str) -> tuple[str, str | None]:
    """(state, the id of what is shown) of the quote in post id."""
    quote = shown(person, id)["quote"]
    return quote["state"], quote["quoted_status"] and quote["quoted_status"]["id"]


def quote(person: Person, id: str, text: str = "see this", **more: Any) -> dict[str, Any]:
    return person.say(text, quoted_status_id=id, **more)


def told(person: Person, kind: str) -> list[str]:
    return [one["status"]["id"] for one in person.get("/api/v1/notifications", types=[kind]).json()]


def test_a_quote_has_what_it_quotes_in_it(server: Server, ann: Person, bob: Person):
    said = ann.say("hello <world>")

    made = quote(bob, said["id"])

    assert (made["quote"]["state"], made["quote"]["quoted_status"]["content"]) == ("accepted", said["content"])
    assert made["quote"]["quoted_status"]["account"]["id"] == ann.id
    assert made["quote"]["quoted_status"]["quote"] is None
    url = said["url"]
    assert made["content"] == (
        f'<p class="quote-inline">RE: <a href="{url}">{url.split("://")[1]}</a></p><p>see this</p>'
    )
    assert quote(bob, said["id"], f"see {url}")["content"].count(url) == 1
    assert quote(bob, said["id"], "")["quote"]["state"] == "accepted"
    assert made["quote_approval"] == OPEN
    for viewer in (ann, bob, server.person(), server.anyone()):
        assert state(viewer, made["id"]) == ("accepted", said["id"])
    assert shown(ann, said["id"])["quotes_count"] == 3
    assert [one["id"] for one in ann.walk(f"{STATUSES}/{said['id']}/quotes", limit=1)][-1] == made["id"]
    eventually(lambda: made["id"] in told(ann, "quote"))
    boost = ann.post(f"{STATUSES}/{made['id']}/reblog").json()
    assert (boost["quote"], boost["reblog"]["quote"]["quoted_status"]["id"]) == (None, said["id"])


def test_a_quote_of_a_quote_is_only_named(ann: Person, bob: Person):
    first = ann.say("first")["id"]
    second = quote(bob, first)["id"]

    third = quote(ann, second)

    inner = third["quote"]["quoted_status"]
    assert (inner["id"], inner["quote"]) == (second, {"state": "accepted", "quoted_status_id": first})
    ann.delete(f"{STATUSES}/{first}")
    inner = shown(bob, third["id"])["quote"]["quoted_status"]
    assert inner["quote"] == {"state": "deleted", "quoted_status_id": None}
    assert first not in bob.get(f"{STATUSES}/{third['id']}").text


def test_a_boost_that_is_quoted_is_what_it_boosts(server: Server, ann: Person, bob: Person):
    said = ann.say("hello")["id"]
    boost = server.person().post(f"{STATUSES}/{said}/reblog").json()["id"]

    assert quote(bob, boost)["quote"]["quoted_status"]["id"] == said


# who may


def approval(person: Person, id: str) -> str:
    return shown(person, id)["quote_approval"]["current_user"]


@pytest.mark.parametrize(
    ("policy", "visibility", "automatic", "may"),
    [
        ("public", "public", ["public"], {"author", "follower", "stranger"}),
        ("public", "unlisted", ["public"], {"author", "follower", "stranger"}),
        ("followers", "public", ["followers"], {"author", "follower"}),
        ("nobody", "public", [], {"author"}),
        ("public", "private", [], {"author"}),
        ("public", "direct", [], set()),
    ],
)
def test_the_policy_says_who_may_quote(
    server: Server, ann: Person, bob: Person, policy: str, visibility: str, automatic: list[str], may: set[str]
):
    stranger = server.person()
    bob.follow(ann)
    said = ann.say("hello", quote_approval_policy=policy, visibility=visibility)

    assert said["quote_approval"]["automatic"] == automatic
    for name, person in (("author", ann), ("follower", bob), ("stranger", stranger)):
        answer = person.post(STATUSES, status="so", quoted_status_id=said["id"])
        assert answer.status_code == (200 if name in may else 404), answer.text
        if person.get(f"{STATUSES}/{said['id']}").ok:
            assert approval(person, said["id"]) == ("automatic" if name in may else "denied")
    if visibility == "public":
        assert approval(server.anyone(), said["id"]) == "denied"


def test_what_is_not_there_is_refused_like_what_is_hidden(ann: Person, bob: Person):
    hidden = ann.say("secret", visibility="private")["id"]
    ann.post(f"/api/v1/accounts/{bob.id}/block")
    blocked = ann.say("hello")["id"]

    answers = [bob.post(STATUSES, status="so", quoted_status_id=id) for id in (hidden, blocked, "1")]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    assert len({answer.text for answer in answers}) == 1


def test_a_private_post_is_quoted_by_its_author_for_no_more_people(server: Server, ann: Person, bob: Person):
    said = ann.say("for friends", visibility="private")["id"]
    bob.follow(ann)

    made = [quote(ann, said, visibility=kind)["visibility"] for kind in ("public", "unlisted", "private", "direct")]

    assert made == ["private", "private", "private", "direct"]
    assert server.person().get(f"{STATUSES}/{said}/quotes").status_code == 404
    assert bob.get(f"{STATUSES}/{said}").json()["quotes_count"] == 0


def test_nobody_is_quoted_behind_their_back(ann: Person, bob: Person):
    said = ann.say("hello")["id"]

    refused = bob.post(STATUSES, status="so", quoted_status_id=said, visibility="direct")

    assert refused.status_code == 422
    assert quote(bob, said, f"@{ann.name} so", visibility="direct")["visibility"] == "direct"


def test_a_quote_has_no_media_and_no_poll(ann: Person, bob: Person):
    said = ann.say("hello")["id"]
    media = bob.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()["id"]
    poll = {"options": ["a", "b"], "expires_in": 3600}

    for more in ({"media_ids": [media]}, {"poll": poll}):
        assert bob.post(STATUSES, status="so", quoted_status_id=said, **more).status_code == 422
        made = quote(bob, said)["id"]
        assert bob.put(f"{STATUSES}/{made}", status="so", **more).status_code == 422


def test_an_edit_keeps_the_quote_and_those_who_quoted_hear_of_one(ann: Person, bob: Person):
    said, other = ann.say("hello")["id"], ann.say("other")["id"]
    made = quote(bob, said)["id"]

    edited = bob.put(f"{STATUSES}/{made}", status="so", quoted_status_id=other).json()
    assert edited["quote"]["quoted_status"]["id"] == said
    assert bob.put(f"{STATUSES}/{made}", status="").ok
    versions = bob.get(f"{STATUSES}/{made}/history").json()
    assert [one["quote"]["quoted_status"]["id"] for one in versions] == [said] * 3
    assert "quote" not in bob.get(f"{STATUSES}/{said}/history").json()[0]
    ann.put(f"{STATUSES}/{said}", status="hello again", quote_approval_policy="nobody")

    eventually(lambda: told(bob, "quoted_update") == [made])
    assert shown(bob, made)["quote"]["quoted_status"]["content"] == "<p>hello again</p>"
    assert approval(bob, said) == "denied"


def test_the_default_and_the_policy_of_a_post_can_be_changed(ann: Person, bob: Person):
    said = ann.say("hello")["id"]
    assert ann.get("/api/v1/preferences").json()["posting:default:quote_policy"] == "public"
    changed = ann.patch("/api/v1/accounts/update_credentials", source={"quote_policy": "nobody"}).json()
    assert changed["source"]["quote_policy"] == "nobody"
    assert ann.get("/api/v1/preferences").json()["posting:default:quote_policy"] == "nobody"
    assert ann.patch("/api/v1/accounts/update_credentials", source={"quote_policy": "x"}).status_code == 422
    assert approval(bob, ann.say("mine")["id"]) == "denied"
    made = quote(bob, said)["id"]

    path = f"{STATUSES}/{said}/interaction_policy"
    answer = ann.put(path, quote_approval_policy="followers")
    assert answer.json()["quote_approval"] == OPEN | {"automatic": ["followers"]}
    assert approval(bob, said) == "denied"
    assert state(bob, made) == ("accepted", said)  # what there is stays
    assert ann.put(path, quote_approval_policy="x").status_code == 422
    assert bob.put(path, quote_approval_policy="public").status_code == 404
    assert ann.say("x", quote_approval_policy="public")["quote_approval"] == OPEN
    assert ann.post(STATUSES, status="x", quote_approval_policy="x").status_code == 422


# taking back


def test_a_quote_that_is_taken_back_shows_nothing_more(server: Server, ann: Person, bob: Person):
    said, carla = ann.say("hello"), server.person()
    made = quote(bob, said["id"])["id"]
    path = f"{STATUSES}/{said['id']}/quotes/{made}/revoke"
    assert bob.post(path).status_code == carla.post(path).status_code == 403
    assert ann.post(f"{STATUSES}/{said['id']}/quotes/{said['id']}/revoke").status_code == 404

    for _ in range(2):
        assert ann.post(path).json()["quote"] == {"state": "revoked", "quoted_status": None}

    for viewer in (ann, bob, carla, server.anyone()):
        assert state(viewer, made) == ("revoked", None)
        assert said["id"] not in viewer.get(f"{STATUSES}/{made}").text
    assert shown(ann, said["id"])["quotes_count"] == 0
    assert ann.get(f"{STATUSES}/{said['id']}/quotes").json() == []
    bob.delete(f"{STATUSES}/{made}")
    assert shown(ann, said["id"])["quotes_count"] == 0


def test_a_deleted_post_is_quoted_no_more(ann: Person, bob: Person):
    said = ann.say("hello")["id"]
    made = quote(bob, said)["id"]

    ann.delete(f"{STATUSES}/{said}")

    assert state(bob, made) == ("deleted", None)
    assert said not in bob.get(f"{STATUSES}/{made}").text


def test_a_deleted_quote_counts_no_more(ann: Person, bob: Person):
    said = ann.say("hello")["id"]
    made = quote(bob, said)["id"]
    eventually(lambda: told(ann, "quote") == [made])

    bob.delete(f"{STATUSES}/{made}")

    assert shown(ann, said)["quotes_count"] == 0
    assert ann.get(f"{STATUSES}/{said}/quotes").json() == []
    assert told(ann, "quote") == []


# who is shown what


def test_a_quote_shows_nobody_what_they_may_not_see(server: Server, ann: Person, bob: Person):
    """Warm for those who may, before the others ask."""
    word = f"needle{ann.id}"
    parent = server.person().say("parent")["id"]
    said = ann.say(word, spoiler_text=word, in_reply_to_id=parent)["id"]
    made = quote(bob, said)["id"]
    people = {name: server.person() for name in ("stranger", "blocked", "blocks", "mutes")}
    assert state(people["blocked"], made) == ("accepted", said)
    ann.post(f"/api/v1/accounts/{people['blocked'].id}/block")
    people["blocks"].post(f"/api/v1/accounts/{ann.id}/block")
    people["mutes"].post(f"/api/v1/accounts/{ann.id}/mute")

    assert state(people["stranger"], made) == ("accepted", said)
    assert state(people["blocked"], made) == ("unauthorized", None)
    assert state(people["blocks"], made) == ("blocked_account", said)
    assert state(people["mutes"], made) == ("muted_account", said)
    for path in (f"{STATUSES}/{made}", f"{STATUSES}?id[]={made}", f"/api/v1/accounts/{bob.id}/statuses"):
        text = people["blocked"].get(path).text
        assert made in text
        assert not any(told in text for told in (word, said, ann.id, f"@{ann.name}")), path
    outer = quote(people["stranger"], made)["id"]
    inner = shown(people["blocked"], outer)["quote"]["quoted_status"]
    assert inner["quote"] == {"state": "unauthorized", "quoted_status_id": None}
    assert server.admin().post(f"/api/v1/admin/accounts/{ann.id}/action", type="suspend").ok
    assert state(people["stranger"], made) == ("unauthorized", None)
    assert word not in people["stranger"].get(f"{STATUSES}/{made}").text


def test_what_a_quoted_post_answers_is_told_only_to_those_who_see_it(server: Server, ann: Person, bob: Person):
    parent = ann.say(f"@{bob.name} psst", visibility="direct")["id"]
    said = bob.say("loud", in_reply_to_id=parent, visibility="public")["id"]
    made = quote(server.person(), said)["id"]

    assert shown(bob, made)["quote"]["quoted_status"]["in_reply_to_id"] == parent
    assert shown(server.person(), made)["quote"]["quoted_status"]["in_reply_to_id"] is None


def test_the_list_of_quotes_has_those_one_sees_and_wants(server: Server, ann: Person, bob: Person):
    said = ann.say("hello")["id"]
    others = [server.person() for _ in range(3)]
    public, private = quote(bob, said)["id"], quote(bob, said, visibility="private")["id"]
    ids = [quote(one, said)["id"] for one in others]
    ann.post(f"/api/v1/accounts/{others[0].id}/mute")
    ann.post(f"/api/v1/accounts/{others[1].id}/block")
    path = f"{STATUSES}/{said}/quotes"

    assert [one["id"] for one in ann.walk(path, limit=1)] == [ids[2], public]
    assert [one["id"] for one in bob.get(path).json()] == [*ids[::-1], private, public]
    assert shown(ann, said)["quotes_count"] == 4  # of what everybody may see
    assert server.anyone().get(path).status_code == 401


def test_a_scheduled_post_quotes_too(ann: Person, bob: Person):
    said = ann.say("hello")["id"]
    asked = {"status": "later", "scheduled_at": "4000-01-01", "quoted_status_id": said}

    params = bob.post(STATUSES, **asked).json()["params"]

    assert (params["quoted_status_id"], params["quote_approval_policy"]) == (said, "public")
    ann.put(f"{STATUSES}/{said}/interaction_policy", quote_approval_policy="nobody")
    assert bob.post(STATUSES, **asked).status_code == 404
