"""The directory and suggestions of accounts to follow."""

import pytest
import shapes
from client import Person, Server

from chirrup.mastodon.entities import Account, Suggestion


@pytest.fixture
def eve(server: Server) -> Person:
    return server.person()


def listed(person: Person, order: str, limit: int = 80, **query) -> list[str]:
    answer = person.get("/api/v1/directory", order=order, limit=limit, **query)
    return [one.id for one in shapes.decode(answer, list[Account])]


def everybody_listed(person: Person, order: str) -> list[str]:
    """All pages, because the server has accounts of other tests, too."""
    found: list[str] = []
    while page := listed(person, order, offset=len(found)):
        found += page
    return found


def suggested(person: Person) -> dict[str, str]:
    found = shapes.decode(person.get("/api/v2/suggestions", limit=80), list[Suggestion])
    assert [one["id"] for one in person.get("/api/v1/suggestions", limit=80).json()] == [
        one.account.id for one in found
    ]
    return {one.account.id: one.sources[0] for one in found}


def test_the_directory_has_the_newest_first(server, ann, bob, eve):
    assert listed(server.anyone(), "new", limit=3) == [eve.id, bob.id, ann.id]
    assert listed(server.anyone(), "new", limit=2, offset=1) == [bob.id, ann.id]


def test_the_directory_begins_with_the_latest_authors(server, ann, bob, eve):
    eve.say("first")
    ann.say("then me")
    bob.say("for few", visibility="private")

    for query in ({"order": "active"}, {}):
        found = server.anyone().get("/api/v1/directory", limit=2, **query).json()
        assert [one["id"] for one in found] == [ann.id, eve.id]
    whole = everybody_listed(server.anyone(), "active")
    assert whole.index(bob.id) > whole.index(eve.id)
    assert len(whole) == len(set(whole))


def test_an_account_that_is_not_discoverable_is_not_listed(server, ann, bob, eve):
    for person in (ann, bob, eve):
        person.say("hello")
    ann.patch("/api/v1/accounts/update_credentials", discoverable=False)
    server.command("user", "suspend", bob.name)

    for order in ("new", "active"):
        assert listed(server.anyone(), order, limit=1) == [eve.id]


def test_the_directory_leaves_out_who_is_blocked_or_muted(server, ann, bob, eve):
    ann.post(f"/api/v1/accounts/{bob.id}/block")
    ann.post(f"/api/v1/accounts/{eve.id}/mute")

    assert not {bob.id, eve.id} & set(listed(ann, "new"))
    assert ann.id not in listed(bob, "new")
    assert ann.id in listed(eve, "new")


@pytest.mark.parametrize("query", [{"order": "nonsense"}, {"offset": "abc"}, {"offset": "9" * 30}])
def test_odd_questions_to_the_directory_are_refused(ann, query):
    assert ann.get("/api/v1/directory", **query).status_code in (400, 422)


@pytest.mark.parametrize("query", [{"offset": "-1"}, {"offset": str(2**62)}, {"limit": "0"}, {"limit": str(10**9)}])
def test_too_large_limits_and_offsets_are_capped(ann, query):
    answer = ann.get("/api/v1/directory", **query)

    assert answer.status_code == 200
    assert len(answer.json()) <= 80


def test_friends_of_friends_are_suggested_those_first_whom_most_follow(server, ann, bob, eve):
    near, nearer = server.person(), server.person()
    for friend in (bob, eve):
        ann.follow(friend)
        friend.follow(nearer)
    bob.follow(near)
    bob.follow(ann)
    bob.follow(eve)

    found = suggested(ann)

    assert list(found)[:2] == [nearer.id, near.id]
    assert found[nearer.id] == found[near.id] == "friends_of_friends"
    assert not {ann.id, bob.id, eve.id} & found.keys()


def test_the_most_followed_who_speak_are_suggested_to_newcomers(server, ann, bob):
    for _ in range(3):
        server.person().follow(bob)
    bob.say("welcome")

    assert suggested(ann)[bob.id] == "most_followed"
    assert suggested(bob).get(bob.id) is None


def test_all_reasons_for_a_suggestion_are_told(ann, bob, eve):
    ann.follow(bob)
    bob.follow(eve)
    eve.say("hello")

    found = shapes.decode(ann.get("/api/v2/suggestions"), list[Suggestion])

    one = next(one for one in found if one.account.id == eve.id)
    assert (one.source, one.sources) == ("past_interactions", ["friends_of_friends", "most_followed"])


def test_followees_of_an_account_that_hides_its_network_are_not_suggested(server, ann, bob, eve):
    bob.patch("/api/v1/accounts/update_credentials", hide_collections=True)
    ann.follow(bob)
    bob.follow(eve)

    assert eve.id not in suggested(ann)


def test_a_suggestion_that_was_refused_does_not_come_back(server, ann, bob, eve):
    other = server.person()
    for one in (ann, other):
        one.follow(bob)
    bob.follow(eve)

    assert ann.delete(f"/api/v1/suggestions/{eve.id}").json() == {}

    assert eve.id not in suggested(ann)
    assert eve.id in suggested(other)
    assert ann.delete("/api/v1/suggestions/7").json() == {}


def test_nobody_is_suggested_who_was_asked_or_blocks(server, ann, bob, eve):
    blocker = server.person()
    eve.patch("/api/v1/accounts/update_credentials", locked=True)
    ann.follow(bob)
    for one in (eve, blocker):
        bob.follow(one)
    eve.post(f"/api/v1/follow_requests/{bob.id}/authorize")
    assert eve.id in suggested(ann)

    ann.follow(eve)
    blocker.post(f"/api/v1/accounts/{ann.id}/block")

    assert not {eve.id, blocker.id} & suggested(ann).keys()


def test_suggestions_are_for_people(server):
    assert server.anyone().get("/api/v2/suggestions").status_code == 401


def test_followees_take_no_place_among_suggestions(server, ann, bob, eve):
    """A followee follows many of the viewer's followees, and one more account."""
    many = [server.person() for _ in range(3)]
    for one in many:
        ann.follow(one)
        bob.follow(one)
    bob.follow(eve)
    ann.follow(bob)

    assert suggested(ann)[eve.id] == "friends_of_friends"
    assert not suggested(ann).keys() & {bob.id, *(one.id for one in many)}
