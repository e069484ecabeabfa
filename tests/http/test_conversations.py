"""Threads of direct posts, as each participant sees them."""

import pytest
from client import Person, eventually


def tell(person: Person, text: str, *others: Person, **more) -> dict:
    return person.say(f"{' '.join('@' + other.name for other in others)} {text}", visibility="direct", **more)


def conversations(person: Person, **query) -> list[dict]:
    found = person.get("/api/v1/conversations", **query)
    assert found.ok, found.text
    return found.json()


def last_posts(person: Person, **query) -> list[str]:
    return [one["last_status"]["id"] for one in conversations(person, **query)]


def test_both_sides_have_the_conversation_unread_where_it_came_in(ann, bob, server):
    post = tell(ann, "hello", bob)

    eventually(lambda: last_posts(bob) == [post["id"]])
    mine, theirs = conversations(ann)[0], conversations(bob)[0]
    assert (mine["unread"], [one["id"] for one in mine["accounts"]]) == (False, [bob.id])
    assert (theirs["unread"], [one["id"] for one in theirs["accounts"]]) == (True, [ann.id])
    assert conversations(server.person()) == []


def test_answers_stay_in_one_conversation_and_bring_it_to_the_front(ann, bob, server):
    eve = server.person()
    first = tell(ann, "hello", bob)
    tell(ann, "hi", eve)
    eventually(lambda: len(conversations(ann)) == 2)

    answer = tell(bob, "yes?", ann, in_reply_to_id=first["id"])

    eventually(lambda: last_posts(ann)[:1] == [answer["id"]])
    assert len(conversations(ann)) == 2
    assert conversations(ann)[0]["unread"] is True
    eventually(lambda: last_posts(bob) == [answer["id"]])
    assert conversations(bob)[0]["unread"] is False


def test_reading_and_deleting_are_for_oneself(ann, bob):
    post = tell(ann, "hello", bob)
    eventually(lambda: last_posts(bob) == [post["id"]] == last_posts(ann))
    path = f"/api/v1/conversations/{conversations(bob)[0]['id']}"

    read = bob.post(f"{path}/read").json()
    assert (read["unread"], read["last_status"]["id"]) == (False, post["id"])
    assert conversations(bob)[0]["unread"] is False

    assert bob.delete(path).json() == {}
    assert bob.delete(path).status_code == 404
    assert conversations(bob) == []
    assert last_posts(ann) == [post["id"]]
    assert bob.get(f"/api/v1/statuses/{post['id']}").ok

    answer = tell(ann, "still there?", bob, in_reply_to_id=post["id"])
    eventually(lambda: last_posts(bob) == [answer["id"]])


def test_conversations_of_others_are_not_found(ann, bob, server):
    tell(ann, "hello", bob)
    eventually(lambda: conversations(bob))
    theirs, missing = conversations(bob)[0]["id"], ann.delete("/api/v1/conversations/1")

    for answer in (
        ann.delete(f"/api/v1/conversations/{theirs}"),
        ann.post(f"/api/v1/conversations/{theirs}/read"),
        server.person().delete(f"/api/v1/conversations/{theirs}"),
    ):
        assert (answer.status_code, answer.content) == (404, missing.content)
    assert conversations(bob)[0]["unread"] is True


def test_when_the_last_post_is_deleted_the_one_before_is_the_last(ann, bob):
    first = tell(ann, "hello", bob)
    second = tell(ann, "oh no", bob, in_reply_to_id=first["id"])
    eventually(lambda: last_posts(bob) == [second["id"]])

    ann.delete(f"/api/v1/statuses/{second['id']}")
    eventually(lambda: last_posts(bob) == [first["id"]])

    ann.delete(f"/api/v1/statuses/{first['id']}")
    eventually(lambda: conversations(bob) == [] == conversations(ann))


@pytest.mark.parametrize("how", ["block", "edit"])
def test_a_conversation_with_a_hidden_last_post_is_not_shown(ann, bob, how):
    post = tell(ann, "hello", bob)
    eventually(lambda: last_posts(bob) == [post["id"]])

    if how == "block":
        ann.post(f"/api/v1/accounts/{bob.id}/block")
    else:
        ann.put(f"/api/v1/statuses/{post['id']}", status="hello")

    assert conversations(bob) == []


def test_pages_follow_one_another_the_latest_first(ann, server):
    posts = [tell(ann, "hello", server.person())["id"] for _ in range(3)]
    eventually(lambda: last_posts(ann) == posts[::-1])

    walked = ann.walk("/api/v1/conversations", limit=1)

    assert [one["last_status"]["id"] for one in walked] == posts[::-1]
    assert last_posts(ann, min_id=posts[0], limit=1) == [posts[1]]
    assert last_posts(ann, since_id=posts[0], limit=1) == [posts[2]]
