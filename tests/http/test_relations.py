"""Follow, ask, block, mute, feature: over HTTP, each with effect from the next request on."""

import time

import pytest
import shapes
from client import Person, Server, eventually

from chirrup.mastodon.entities import Account, FamiliarFollowers, MutedAccount, Relationship

RELATIONS = [
    "note",
    "remove_from_followers",
    "follow",
    "unfollow",
    "block",
    "unblock",
    "mute",
    "unmute",
    "endorse",
    "unendorse",
    "pin",
    "unpin",
]


def relate(person: Person, verb: str, other: Person, **body) -> Relationship:
    return shapes.decode(person.post(f"/api/v1/accounts/{other.id}/{verb}", **body), Relationship)


def relation(person: Person, other: Person) -> Relationship:
    found = shapes.decode(
        person.get("/api/v1/accounts/relationships", **{"id[]": other.id, "with_suspended": "true"}),
        list[Relationship],
    )
    assert [one.id for one in found] == [other.id]
    return found[0]


def ids(person: Person, path: str, **query) -> list[str]:
    return [one["id"] for one in person.walk(path, **query)]


def account(person: Person, other: Person) -> Account:
    return shapes.decode(person.get(f"/api/v1/accounts/{other.id}"), Account)


@pytest.fixture
def eve(server: Server) -> Person:
    return server.person()


def test_a_follow_shows_at_once_from_both_ends(ann, bob):
    made = relate(ann, "follow", bob)

    assert (made.following, made.showing_reblogs, made.notifying, made.requested) == (True, True, False, False)
    assert relation(bob, ann).followed_by
    assert ids(ann, f"/api/v1/accounts/{bob.id}/followers") == [ann.id]
    assert ids(ann, f"/api/v1/accounts/{ann.id}/following") == [bob.id]
    assert (account(ann, bob).followers_count, account(ann, ann).following_count) == (1, 1)


def test_a_follow_and_its_end_count_once_however_often_they_are_sent(ann, bob):
    for _ in range(2):
        relate(ann, "follow", bob)
    assert account(ann, bob).followers_count == 1

    for _ in range(2):
        assert not relate(ann, "unfollow", bob).following
    assert (account(ann, bob).followers_count, account(ann, ann).following_count) == (0, 0)
    assert ids(ann, f"/api/v1/accounts/{bob.id}/followers") == []


def test_a_second_follow_changes_only_the_options_it_names(ann, bob):
    relate(ann, "follow", bob, reblogs=False, notify=True, languages=["en", "de"])

    changed = relate(ann, "follow", bob, notify=False)

    assert (changed.showing_reblogs, changed.notifying, changed.languages) == (False, False, ["en", "de"])
    assert relate(ann, "follow", bob, languages=[]).languages is None


@pytest.mark.parametrize("languages", [["x" * 30], ["en"] * 101, ["not a code"], ["<b>"]])
def test_languages_that_are_none_are_refused(ann, bob, languages):
    assert ann.post(f"/api/v1/accounts/{bob.id}/follow", languages=languages).status_code == 422


@pytest.mark.parametrize("verb", ["follow", "block", "mute"])
def test_nobody_does_this_to_themselves(ann, verb):
    assert ann.post(f"/api/v1/accounts/{ann.id}/{verb}").status_code == 403


def test_a_locked_account_is_asked_and_decides(server, ann, bob, eve):
    bob.patch("/api/v1/accounts/update_credentials", locked=True)

    assert relate(ann, "follow", bob).requested
    assert relate(eve, "follow", bob).requested

    assert account(ann, bob).followers_count == 0
    assert relation(bob, ann).requested_by
    assert ids(bob, "/api/v1/follow_requests") == [eve.id, ann.id]
    assert bob.get("/api/v1/accounts/verify_credentials").json()["source"]["follow_requests_count"] == 2

    accepted = shapes.decode(bob.post(f"/api/v1/follow_requests/{ann.id}/authorize"), Relationship)
    rejected = shapes.decode(bob.post(f"/api/v1/follow_requests/{eve.id}/reject"), Relationship)

    assert (accepted.followed_by, accepted.requested_by) == (True, False)
    assert (rejected.followed_by, rejected.requested_by) == (False, False)
    assert relation(ann, bob).following
    assert not relation(eve, bob).requested
    assert account(ann, bob).followers_count == 1
    assert ids(bob, "/api/v1/follow_requests") == []


def test_nobody_accepts_their_own_request_or_one_that_was_not_made(ann, bob, eve):
    bob.patch("/api/v1/accounts/update_credentials", locked=True)
    relate(ann, "follow", bob)

    for person, about in ((ann, ann), (ann, bob), (eve, ann), (bob, eve)):
        for answer in ("authorize", "reject"):
            assert person.post(f"/api/v1/follow_requests/{about.id}/{answer}").status_code == 404
    assert relation(ann, bob).requested


def test_a_follow_request_gives_no_access_and_can_be_taken_back(ann, bob):
    bob.patch("/api/v1/accounts/update_credentials", locked=True)
    post = bob.say("for followers", visibility="private")
    relate(ann, "follow", bob)

    assert ann.get(f"/api/v1/statuses/{post['id']}").status_code == 404
    assert not relate(ann, "unfollow", bob).requested
    assert ids(bob, "/api/v1/follow_requests") == []


def test_a_removed_follower_follows_no_longer(ann, bob):
    relate(ann, "follow", bob)
    post = bob.say("for followers", visibility="private")
    assert ann.get(f"/api/v1/statuses/{post['id']}").ok

    removed = relate(bob, "remove_from_followers", ann)

    assert not removed.followed_by
    assert not relation(ann, bob).following
    assert ann.get(f"/api/v1/statuses/{post['id']}").status_code == 404
    assert account(ann, bob).followers_count == 0


def test_a_block_ends_follows_and_hides_from_the_next_request_on(ann, bob):
    relate(ann, "follow", bob)
    relate(bob, "follow", ann)
    post = bob.say("seen before")

    made = relate(bob, "block", ann)

    assert (made.blocking, made.following, made.followed_by) == (True, False, False)
    assert relation(ann, bob).blocked_by
    assert ann.get(f"/api/v1/statuses/{post['id']}").status_code == 404
    assert ann.get(f"/api/v1/accounts/{bob.id}/statuses").json() == []
    assert ann.get(f"/api/v1/accounts/{bob.id}/followers").json() == []
    assert ann.post(f"/api/v1/accounts/{bob.id}/follow").status_code == 404
    assert post["id"] not in [one["id"] for one in ann.home()]
    assert (account(bob, ann).followers_count, account(bob, bob).followers_count) == (0, 0)
    assert ids(bob, "/api/v1/blocks") == [ann.id]

    assert not relate(bob, "unblock", ann).blocking
    assert ann.get(f"/api/v1/statuses/{post['id']}").ok
    assert ids(bob, "/api/v1/blocks") == []


def test_a_block_takes_a_request_away(ann, bob):
    bob.patch("/api/v1/accounts/update_credentials", locked=True)
    relate(ann, "follow", bob)

    relate(bob, "block", ann)

    assert ids(bob, "/api/v1/follow_requests") == []
    assert not relation(ann, bob).requested


def test_blocked_accounts_are_in_no_list_their_blocker_reads(ann, bob, eve):
    for follower in (ann, eve):
        relate(follower, "follow", bob)
    assert ids(eve, f"/api/v1/accounts/{bob.id}/followers") == [eve.id, ann.id]

    relate(eve, "block", ann)

    assert ids(eve, f"/api/v1/accounts/{bob.id}/followers") == [eve.id]
    assert ids(bob, f"/api/v1/accounts/{bob.id}/followers") == [eve.id, ann.id]


def test_a_mute_hides_posts_and_says_so(ann, bob):
    relate(ann, "follow", bob)
    post = bob.say("too loud")

    made = relate(ann, "mute", bob)

    assert (made.muting, made.muting_notifications, made.following, made.muting_expires_at) == (True, True, True, None)
    assert post["id"] not in [one["id"] for one in ann.home()]
    muted = shapes.decode(ann.get("/api/v1/mutes"), list[MutedAccount])
    assert [(one.id, one.mute_expires_at) for one in muted] == [(bob.id, None)]

    assert not relate(ann, "unmute", bob).muting
    eventually(lambda: post["id"] in [one["id"] for one in ann.home()])
    assert ann.get("/api/v1/mutes").json() == []


def test_a_mute_may_leave_notifications_alone(ann, bob):
    assert not relate(ann, "mute", bob, notifications=False).muting_notifications
    assert relate(ann, "mute", bob, notifications="true").muting_notifications


def test_a_mute_for_one_second_ends_by_itself(ann, bob):
    relate(ann, "follow", bob)
    made = relate(ann, "mute", bob, duration=1)
    post = bob.say("quiet for a moment")

    assert made.muting_expires_at
    assert ann.get("/api/v1/mutes").json()[0]["mute_expires_at"] == made.muting_expires_at
    assert post["id"] not in [one["id"] for one in ann.home()]
    eventually(lambda: not relation(ann, bob).muting, within_s=5)
    assert ann.get("/api/v1/mutes").json() == []
    eventually(lambda: post["id"] in [one["id"] for one in ann.home()])


def test_a_mute_for_ages_is_no_error(ann, bob):
    assert relate(ann, "mute", bob, duration=2**62).muting_expires_at > time.strftime("%Y-%m-%d")


def test_a_note_is_for_its_author_alone(ann, bob, eve):
    assert relate(ann, "note", bob, comment="  owes me a book ").note == "owes me a book"

    assert relation(ann, bob).note == "owes me a book"
    assert relation(eve, bob).note == relation(bob, ann).note == ""
    assert ann.post(f"/api/v1/accounts/{bob.id}/note", comment="x" * 2001).status_code == 422
    assert len(relate(ann, "note", bob, comment="x" * 2000).note) == 2000
    assert relate(ann, "note", bob).note == ""


@pytest.mark.parametrize(("do", "undo"), [("endorse", "unendorse"), ("pin", "unpin")])
def test_featured_accounts_are_followed_ones_and_end_with_the_follow(ann, bob, eve, do, undo):
    assert ann.post(f"/api/v1/accounts/{bob.id}/{do}").status_code == 422
    for other in (bob, eve):
        relate(ann, "follow", other)
        assert relate(ann, do, other).endorsed

    assert ids(ann, "/api/v1/endorsements", limit=1) == [eve.id, bob.id]
    assert ids(bob, f"/api/v1/accounts/{ann.id}/endorsements") == [eve.id, bob.id]

    assert not relate(ann, undo, bob).endorsed
    relate(ann, "unfollow", eve)
    assert ann.get("/api/v1/endorsements").json() == []


def test_familiar_followers_are_followed_by_both(server, ann, bob, eve):
    friend, private, stranger = (server.person() for _ in range(3))
    private.patch("/api/v1/accounts/update_credentials", hide_collections=True)
    for one in (friend, private):
        relate(ann, "follow", one)
    for one in (friend, private, stranger, ann):
        relate(one, "follow", bob)

    found = shapes.decode(
        ann.get("/api/v1/accounts/familiar_followers", **{"id[]": [bob.id, eve.id]}), list[FamiliarFollowers]
    )

    assert {one.id: [a.id for a in one.accounts] for one in found} == {bob.id: [friend.id], eve.id: []}


def test_hidden_networks_are_shown_to_their_owner_alone(server, ann, bob):
    relate(ann, "follow", bob)
    relate(bob, "follow", ann)
    bob.patch("/api/v1/accounts/update_credentials", hide_collections=True)

    for what in ("followers", "following"):
        path = f"/api/v1/accounts/{bob.id}/{what}"
        assert ann.get(path).json() == server.anyone().get(path).json() == []
        assert ids(bob, path) == [ann.id]


def test_relationships_of_suspended_accounts_come_when_asked_for(server, ann, bob):
    server.command("user", "suspend", bob.name)

    path = "/api/v1/accounts/relationships"
    assert ann.get(path, **{"id[]": bob.id}).json() == []
    assert [one["id"] for one in ann.get(path, **{"id[]": bob.id, "with_suspended": "1"}).json()] == [bob.id]


def test_relationships_keep_the_order_and_leave_out_unknown_ids(ann, bob, eve):
    found = ann.get("/api/v1/accounts/relationships", **{"id[]": [eve.id, "1", bob.id, ann.id, eve.id]}).json()

    assert [one["id"] for one in found] == [eve.id, bob.id, ann.id]
    assert ann.get("/api/v1/accounts/relationships", id=bob.id).json()[0]["id"] == bob.id
    assert ann.get("/api/v1/accounts/relationships").json() == []


def test_suspended_followers_are_not_shown(server, ann, bob, eve):
    for one in (bob, eve):
        relate(one, "follow", ann)
    server.command("user", "suspend", bob.name)

    assert ids(ann, f"/api/v1/accounts/{ann.id}/followers") == [eve.id]


def test_a_walk_through_followers_has_each_once_while_others_arrive(server, ann):
    people = [server.person() for _ in range(7)]
    for person in people:
        relate(person, "follow", ann)
    path = f"/api/v1/accounts/{ann.id}/followers"

    first = ann.get(path, limit=3)
    relate(server.person(), "follow", ann)
    rest = ann.walk(first.links["next"]["url"])

    assert [one["id"] for one in first.json() + rest] == [person.id for person in reversed(people)]
    assert len(ann.get(first.links["prev"]["url"]).json()) == 1


@pytest.mark.parametrize("path", ["blocks", "mutes", "endorsements", "follow_requests"])
def test_lists_of_ones_own_page_by_link_in_the_order_of_adding(server, ann, path):
    people = [server.person() for _ in range(5)]
    if path == "follow_requests":
        ann.patch("/api/v1/accounts/update_credentials", locked=True)
    for person in (people[2], people[0], people[4], people[1], people[3]):
        if path == "follow_requests":
            relate(person, "follow", ann)
        elif path == "endorsements":
            relate(ann, "follow", person)
            relate(ann, "endorse", person)
        else:
            relate(ann, path[:-1], person)

    assert ids(ann, f"/api/v1/{path}", limit=2) == [people[n].id for n in (3, 1, 4, 0, 2)]


@pytest.mark.parametrize("limit", ["-1", "0", "1000000000", "abc", "", "9" * 40])
@pytest.mark.parametrize("path", ["blocks", "mutes", "follow_requests", "endorsements", "accounts/{id}/followers"])
def test_any_limit_is_answered_or_refused_with_a_reason(ann, path, limit):
    answer = ann.get(f"/api/v1/{path.format(id=ann.id)}", limit=limit)

    assert answer.status_code in (200, 400)
    for key in ("max_id", "min_id", "since_id"):
        assert ann.get(f"/api/v1/{path.format(id=ann.id)}", **{key: "garbage"}).status_code == 400
        assert ann.get(f"/api/v1/{path.format(id=ann.id)}", **{key: "9" * 30}).status_code == 200


@pytest.mark.parametrize("id", ["undefined", "null", "-1", str(2**64), "٣", "..%2F", "9" * 10_000, "123"])
def test_nothing_is_done_to_ids_that_nobody_has(ann, id):
    for verb in RELATIONS:
        assert ann.post(f"/api/v1/accounts/{id}/{verb}").status_code == 404
    for what in ("", "/followers", "/following", "/endorsements", "/identity_proofs"):
        assert ann.get(f"/api/v1/accounts/{id}{what}").status_code == 404
    for verb in ("authorize", "reject"):
        assert ann.post(f"/api/v1/follow_requests/{id}/{verb}").status_code == 404


def test_a_token_is_needed_to_change_and_to_read_ones_own(server, ann):
    nobody = server.anyone()

    for verb in RELATIONS:
        assert nobody.post(f"/api/v1/accounts/{ann.id}/{verb}").status_code == 401
    for path in ("blocks", "mutes", "follow_requests", "endorsements", "accounts/relationships"):
        assert nobody.get(f"/api/v1/{path}").status_code == 401
    for what in ("followers", "following", "endorsements"):
        assert nobody.get(f"/api/v1/accounts/{ann.id}/{what}").status_code == 200


@pytest.mark.parametrize("send", ["json", "data", "multipart"])
def test_a_mute_is_read_as_form_multipart_and_json(ann, bob, send):
    body = {"notifications": "false", "duration": "3600"}
    options = {"files": {k: (None, v) for k, v in body.items()}} if send == "multipart" else {send: body}

    made = ann.call("POST", f"/api/v1/accounts/{bob.id}/mute", **options).json()

    assert (made["muting"], made["muting_notifications"]) == (True, False)
    assert made["muting_expires_at"]


def test_identity_proofs_are_none(ann, bob):
    assert ann.get(f"/api/v1/accounts/{bob.id}/identity_proofs").json() == []
