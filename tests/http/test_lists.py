"""Lists: their settings, members and posts."""

import pytest
from client import Person, eventually


def make(person: Person, title: str = "Friends", *members: Person, **rules) -> str:
    """The id of a new list with members. person follows them from now on."""
    made = person.post("/api/v1/lists", title=title, **rules)
    assert made.ok, made.text
    for member in members:
        person.follow(member)
    if members:
        assert put_on(person, made.json()["id"], *members).json() == {}
    return made.json()["id"]


def put_on(person: Person, list_id: str, *members: Person):
    return person.post(f"/api/v1/lists/{list_id}/accounts", account_ids=[member.id for member in members])


def on(person: Person, list_id: str, **query) -> list[str]:
    found = person.get(f"/api/v1/lists/{list_id}/accounts", **query)
    assert found.ok, found.text
    return [one["id"] for one in found.json()]


def read(person: Person, list_id: str, **query) -> list[str]:
    found = person.get(f"/api/v1/timelines/list/{list_id}", **query)
    assert found.ok, found.text
    return [one["id"] for one in found.json()]


def home(person: Person) -> list[str]:
    return [one["id"] for one in person.home()]


def test_a_list_is_made_shown_changed_and_deleted(ann):
    made = ann.post("/api/v1/lists", title=" Friends ").json()
    assert made == {"id": made["id"], "title": "Friends", "replies_policy": "list", "exclusive": False}
    other = ann.call("POST", "/api/v1/lists", data={"title": "B", "replies_policy": "none", "exclusive": "true"}).json()
    assert (other["replies_policy"], other["exclusive"]) == ("none", True)
    path = f"/api/v1/lists/{made['id']}"

    assert ann.get("/api/v1/lists").json() == [made, other]
    assert ann.get(path).json() == made
    assert ann.put(path, title="Family").json() == made | {"title": "Family"}
    changed = ann.put(path, replies_policy="followed", exclusive=True).json()
    assert changed == made | {"title": "Family", "replies_policy": "followed", "exclusive": True}

    assert ann.delete(path).json() == {}
    assert ann.get(path).status_code == 404
    assert ann.delete(path).status_code == 404
    assert ann.get("/api/v1/lists").json() == [other]


@pytest.mark.parametrize(
    "wrong", [{}, {"title": ""}, {"title": "  "}, {"title": "x" * 257}, {"title": "a", "replies_policy": "some"}]
)
def test_lists_out_of_bounds_are_refused(ann, wrong):
    assert ann.post("/api/v1/lists", **wrong).status_code == 422
    if wrong:
        assert ann.put(f"/api/v1/lists/{make(ann)}", **wrong).status_code == 422


def test_fifty_lists_and_no_more(ann):
    for n in range(50):
        assert ann.post("/api/v1/lists", title=f"{n}").ok

    assert ann.post("/api/v1/lists", title="one more").status_code == 422


def test_a_list_is_its_owners_alone(ann, bob):
    bob.follow(ann)
    mine = make(ann, "Friends", bob)
    missing = bob.get("/api/v1/lists/1")
    path = f"/api/v1/lists/{mine}"

    for answer in (
        bob.get(path),
        bob.put(path, title="mine"),
        bob.delete(path),
        bob.get(f"{path}/accounts"),
        put_on(bob, mine, ann),
        bob.delete(f"{path}/accounts", account_ids=[bob.id]),
        bob.get(f"/api/v1/timelines/list/{mine}"),
    ):
        assert (answer.status_code, answer.content) == (404, missing.content)
    assert bob.get(f"/api/v1/accounts/{bob.id}/lists").json() == []
    assert on(ann, mine) == [bob.id]


# members


def test_a_list_takes_an_account_right_after_the_follow_and_not_before(ann, bob, server):
    mine, other = make(ann), server.person()

    assert put_on(ann, mine, bob).status_code == 404
    ann.follow(bob)
    assert put_on(ann, mine, bob, other).status_code == 404
    assert on(ann, mine) == []
    assert put_on(ann, mine, bob).json() == {}
    assert put_on(ann, mine, bob).status_code == 422
    assert [one["id"] for one in ann.get(f"/api/v1/accounts/{bob.id}/lists").json()] == [mine]

    assert ann.delete(f"/api/v1/lists/{mine}/accounts", account_ids=[bob.id, other.id]).json() == {}
    assert on(ann, mine) == []
    assert ann.get(f"/api/v1/accounts/{bob.id}/lists").json() == []


def test_members_are_listed_in_the_order_of_adding(ann, server):
    members = [server.person() for _ in range(3)]
    mine = make(ann)
    for member in members[::-1]:
        ann.follow(member)
    for member in members:
        put_on(ann, mine, member)
    newest_first = [member.id for member in members[::-1]]

    assert [one["id"] for one in ann.walk(f"/api/v1/lists/{mine}/accounts", limit=1)] == newest_first
    everybody = ann.get(f"/api/v1/lists/{mine}/accounts", limit=0)
    assert [one["id"] for one in everybody.json()] == newest_first
    assert "Link" not in everybody.headers


@pytest.mark.parametrize("ended_by", ["unfollow", "remove_from_followers", "block", "be blocked"])
def test_whoever_is_not_followed_any_more_is_on_no_list(ann, bob, ended_by):
    mine = make(ann, "Friends", bob)

    if ended_by == "remove_from_followers":
        bob.post(f"/api/v1/accounts/{ann.id}/remove_from_followers")
    elif ended_by == "be blocked":
        bob.post(f"/api/v1/accounts/{ann.id}/block")
    else:
        ann.post(f"/api/v1/accounts/{bob.id}/{ended_by}")

    assert on(ann, mine) == []


def test_lists_of_others_keep_whom_one_does_not_follow_any_more(ann, bob, server):
    make(ann, "Friends", bob)
    eve = server.person()
    hers = make(eve, "Friends", bob)

    ann.post(f"/api/v1/accounts/{bob.id}/unfollow")

    assert on(eve, hers) == [bob.id]


@pytest.mark.parametrize("ids", [["x"], [-1], [2**64], "x", {"a": 1}])
def test_accounts_that_cannot_be_are_refused(ann, ids):
    mine = make(ann)

    assert ann.post(f"/api/v1/lists/{mine}/accounts", account_ids=ids).status_code == 422
    assert ann.delete(f"/api/v1/lists/{mine}/accounts", account_ids=ids).status_code == 422


def test_one_account_may_come_without_a_list_around_it(ann, bob):
    mine = make(ann)
    ann.follow(bob)

    assert ann.post(f"/api/v1/lists/{mine}/accounts", account_ids=bob.id).status_code == 200
    assert on(ann, mine) == [bob.id]
    assert ann.post(f"/api/v1/lists/{mine}/accounts", account_ids="1").status_code == 404  # nobody has that id


# reading


def test_a_list_shows_the_posts_of_its_members_old_and_new(ann, bob, server):
    before = bob.say("before")["id"]
    mine, other = make(ann, "Friends", bob), server.person()
    ann.follow(other)
    other.say("not on it")
    assert read(ann, mine) == [before]

    after = bob.say("after")["id"]

    eventually(lambda: read(ann, mine) == [after, before])
    assert read(ann, mine, limit=1, max_id=after) == [before]
    assert [one["id"] for one in ann.walk(f"/api/v1/timelines/list/{mine}", limit=1)] == [after, before]


def test_a_list_follows_its_members_and_the_readers_mutes(ann, bob, server):
    eve = server.person()
    posts = {person: person.say("hello")["id"] for person in (bob, eve)}
    mine = make(ann, "Friends", bob)
    assert read(ann, mine) == [posts[bob]]

    ann.follow(eve)
    put_on(ann, mine, eve)
    eventually(lambda: read(ann, mine) == [posts[eve], posts[bob]])

    ann.post(f"/api/v1/accounts/{bob.id}/mute")
    eventually(lambda: read(ann, mine) == [posts[eve]])

    ann.post(f"/api/v1/accounts/{eve.id}/unfollow")
    eventually(lambda: read(ann, mine) == [])


def test_replies_are_shown_as_the_list_says(ann, bob, server):
    member, followed, stranger = server.person(), server.person(), server.person()
    mine = make(ann, "Friends", bob, member)
    ann.follow(followed)
    said = {person: person.say("well?")["id"] for person in (member, followed, stranger)}
    replies = {p: bob.say("yes", in_reply_to_id=id)["id"] for p, id in said.items()}
    own = bob.say("also", in_reply_to_id=bob.say("myself")["id"])["id"]

    def shown() -> set[str]:
        return set(read(ann, mine)) & {own, *replies.values()}

    eventually(lambda: shown() == {own, replies[member]})
    ann.put(f"/api/v1/lists/{mine}", replies_policy="followed")
    eventually(lambda: shown() == {own, replies[member], replies[followed]})
    ann.put(f"/api/v1/lists/{mine}", replies_policy="none")
    eventually(lambda: shown() == {own})


def test_members_of_an_exclusive_list_are_not_at_home(ann, bob):
    mine = make(ann, "Friends", bob)
    post = bob.say("hello")["id"]
    eventually(lambda: post in home(ann))

    ann.put(f"/api/v1/lists/{mine}", exclusive=True)
    eventually(lambda: post not in home(ann))
    assert read(ann, mine) == [post]

    ann.delete(f"/api/v1/lists/{mine}")
    eventually(lambda: post in home(ann))


def test_a_list_shows_nothing_that_is_hidden_from_its_owner(ann, bob):
    mine = make(ann, "Friends", bob)
    shown = bob.say("for followers", visibility="private")["id"]
    bob.say("for nobody", visibility="direct")

    eventually(lambda: read(ann, mine) == [shown])
