"""Polls: who may vote, and what each viewer sees."""

import pytest
from client import Person, eventually


def ask(person: Person, *options: str, multiple: bool = False, hide_totals: bool = False, **more) -> dict:
    poll = {
        "options": list(options or ("yes", "no", "perhaps")),
        "expires_in": 3600,
        "multiple": multiple,
        "hide_totals": hide_totals,
    }
    return person.say("well?", poll=poll, **more)["poll"]


def vote(person: Person, poll: dict, *choices: object):
    return person.post(f"/api/v1/polls/{poll['id']}/votes", choices=list(choices))


def test_a_new_poll_shows_its_options_without_votes(ann):
    poll = ask(ann)

    assert [option["title"] for option in poll["options"]] == ["yes", "no", "perhaps"]
    assert [option["votes_count"] for option in poll["options"]] == [0, 0, 0]
    assert (poll["expired"], poll["multiple"], poll["votes_count"]) == (False, False, 0)
    assert poll["expires_at"].endswith("Z")


def test_a_vote_is_counted_and_shown_to_the_voter_as_theirs(ann, bob, server):
    poll = ask(ann)

    voted = vote(bob, poll, 1).json()

    assert (voted["voted"], voted["own_votes"], voted["votes_count"]) == (True, [1], 1)
    assert [option["votes_count"] for option in voted["options"]] == [0, 1, 0]
    by_ann = ann.get(f"/api/v1/polls/{poll['id']}").json()
    assert (by_ann["votes_count"], by_ann["own_votes"]) == (1, [])
    by_anybody = server.anyone().get(f"/api/v1/polls/{poll['id']}").json()
    assert by_anybody["votes_count"] == 1
    assert "voted" not in by_anybody


@pytest.mark.parametrize(
    "sent", [{"json": {"choices": ["2"]}}, {"data": {"choices[]": "2"}}, {"json": {"choices": [2]}}]
)
def test_choices_come_as_numbers_or_text_as_json_or_form(ann, bob, sent):
    poll = ask(ann)

    assert bob.call("POST", f"/api/v1/polls/{poll['id']}/votes", **sent).json()["own_votes"] == [2]


def test_several_choices_count_as_one_voter(ann, bob):
    poll = ask(ann, multiple=True)

    voted = vote(bob, poll, 0, 2).json()

    assert (voted["own_votes"], voted["votes_count"], voted["voters_count"]) == ([0, 2], 2, 1)


def test_nobody_votes_twice(ann, bob):
    poll = ask(ann, multiple=True)
    vote(bob, poll, 0)

    again = vote(bob, poll, 1)

    assert (again.status_code, again.json()) == (
        422,
        {"error": "Validation failed: You have already voted on this poll"},
    )
    assert ann.get(f"/api/v1/polls/{poll['id']}").json()["votes_count"] == 1


@pytest.mark.parametrize(
    ("choices", "why"),
    [
        ([0, 1], "You have already voted on this poll"),
        ([3], "The chosen vote option does not exist"),
        ([-1], "The chosen vote option does not exist"),
        ([2**70], ""),
        ([], "The chosen vote option does not exist"),
        (["x"], ""),
        ([1.5], ""),
        ([None], ""),
    ],
)
def test_choices_that_cannot_be_are_refused(ann, bob, choices, why):
    refused = vote(bob, ask(ann), *choices)

    assert refused.status_code == 422
    assert why in refused.json()["error"]


def test_the_same_choice_twice_is_one(ann, bob):
    assert vote(bob, ask(ann), 1, 1).json()["votes_count"] == 1


def test_nobody_votes_on_their_own_poll(ann):
    assert vote(ann, ask(ann), 0).status_code == 422


def test_hidden_totals_stay_hidden_while_the_poll_is_open(ann, bob):
    poll = ask(ann, hide_totals=True)

    voted = vote(bob, poll, 0).json()

    assert [option["votes_count"] for option in voted["options"]] == [None, None, None]


def test_a_poll_is_seen_by_those_who_see_its_post(ann, bob, server):
    eve = server.person()
    bob.follow(ann)
    poll = ask(ann, visibility="private")
    missing = eve.get("/api/v1/polls/1")

    assert bob.get(f"/api/v1/polls/{poll['id']}").ok
    assert vote(bob, poll, 0).ok
    for answer in (
        eve.get(f"/api/v1/polls/{poll['id']}"),
        vote(eve, poll, 0),
        server.anyone().get(f"/api/v1/polls/{poll['id']}"),
    ):
        assert (answer.status_code, answer.content) == (404, missing.content)


def test_a_poll_goes_with_its_post(ann, bob):
    post = ann.say("well?", poll={"options": ["a", "b"], "expires_in": 3600})

    ann.delete(f"/api/v1/statuses/{post['id']}")

    assert bob.get(f"/api/v1/polls/{post['poll']['id']}").status_code == 404
    assert vote(bob, post["poll"], 0).status_code == 404


def test_changing_the_options_begins_a_poll_anew(ann, bob):
    post = ann.say("well?", poll={"options": ["a", "b"], "expires_in": 3600})
    vote(bob, post["poll"], 0)
    path = f"/api/v1/statuses/{post['id']}"

    same = ann.put(path, status="well??", poll={"options": ["a", "b"], "expires_in": 3600}).json()["poll"]
    other = ann.put(path, status="well??", poll={"options": ["a", "c"], "expires_in": 3600}).json()["poll"]

    assert (same["id"], same["votes_count"]) == (post["poll"]["id"], 1)
    assert (other["id"], other["votes_count"], other["options"][1]["title"]) == (same["id"], 0, "c")


@pytest.mark.parametrize(
    "wrong",
    [
        {"options": ["a"]},
        {"options": ["a", "a"]},
        {"options": ["a", ""]},
        {"options": ["a", "x" * 51]},
        {"options": ["a", "b", "c", "d", "e"]},
        {"options": ["a", "b"], "expires_in": 10},
        {"options": ["a", "b"], "expires_in": 10**9},
    ],
)
def test_polls_out_of_bounds_are_refused(ann, wrong):
    assert ann.post("/api/v1/statuses", status="?", poll={"expires_in": 3600} | wrong).status_code == 422


def test_a_vote_shows_at_once_in_the_post(ann, bob):
    post = ann.say("well?", poll={"options": ["a", "b"], "expires_in": 3600})
    vote(bob, post["poll"], 1)

    eventually(lambda: bob.get(f"/api/v1/statuses/{post['id']}").json()["poll"]["own_votes"] == [1], within_s=1)
