"""Edits: an edit without a change does nothing, every other one is in the history."""

import io

import pytest
from client import Person
from PIL import Image

POLL = {"options": ["a", "b"], "expires_in": 3600}


def picture(person: Person, description: str = "first") -> str:
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    form = {"data": {"description": description}, "files": {"file": ("a.png", out.getvalue())}}
    return person.call("POST", "/api/v2/media", **form).json()["id"]


def edit(person: Person, post: dict, **body) -> dict:
    answer = person.put(f"/api/v1/statuses/{post['id']}", **body)
    assert answer.ok, answer.text
    return answer.json()


def history(person: Person, post: dict) -> list[dict]:
    return person.get(f"/api/v1/statuses/{post['id']}/history").json()


BODIES = {
    "words": {"status": "hello #tag @nobody https://a.example/b"},
    "cleaned": {"status": "  hello\r\n\u0065\u0301 ", "spoiler_text": " w "},
    "everything": {"status": "x", "spoiler_text": "w", "sensitive": True, "language": "de"},
    "poll": {"status": "well?", "poll": POLL | {"multiple": True, "hide_totals": True}},
    "simple poll": {"status": "well?", "poll": POLL},
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_an_edit_that_changes_nothing_changes_nothing(ann, bob, body):
    post = ann.say(body["status"], **{name: value for name, value in body.items() if name != "status"})
    if post["poll"]:
        bob.post(f"/api/v1/polls/{post['poll']['id']}/votes", choices=[0])
    bob.post(f"/api/v1/statuses/{post['id']}/reblog")
    before = ann.get(f"/api/v1/statuses/{post['id']}").json()

    edited = [edit(ann, post, **body) for _ in range(2)]

    assert edited == [before, before]
    assert edited[0]["edited_at"] is None
    assert len(history(ann, post)) == 1


def test_pictures_as_before_change_nothing(ann):
    ids = [picture(ann), picture(ann, "second")]
    post = ann.say("look", media_ids=ids)

    same = edit(ann, post, status="look", media_ids=ids, media_attributes=[{"id": ids[0], "description": " first "}])
    turned = edit(ann, post, status="look", media_ids=ids[::-1])

    assert same["edited_at"] is None
    assert [one["description"] for one in turned["media_attachments"]] == ["second", "first"]
    assert len(history(ann, post)) == 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("status", "new"), ("spoiler_text", "w"), ("sensitive", True), ("language", "fr"), ("poll", POLL)],
)
def test_any_change_is_an_edit(ann, field, value):
    post = ann.say("old", language="en")

    edited = edit(ann, post, **({"status": "old"} | {field: value}))

    assert edited["edited_at"]
    assert [bool(one.get("poll")) for one in history(ann, post)] == [False, field == "poll"]
    assert edit(ann, post, **({"status": "old"} | {field: value}))["edited_at"] == edited["edited_at"]


def test_edits_in_one_moment_are_all_in_the_history(ann):
    post = ann.say("0")

    for n in range(1, 6):
        edit(ann, post, status=str(n))

    assert [one["content"] for one in history(ann, post)] == [f"<p>{n}</p>" for n in range(6)]
    times = [one["created_at"] for one in history(ann, post)]
    assert times == sorted(set(times))


def test_every_revision_has_the_descriptions_and_the_poll_of_its_time(ann):
    first, second = picture(ann), picture(ann, "second")
    post = ann.say("look", media_ids=[first])
    edit(ann, post, status="look", media_ids=[first], media_attributes=[{"id": first, "description": "better"}])
    edit(ann, post, status="look", media_ids=[second, first])
    edit(ann, post, status="look", poll=POLL)
    edit(ann, post, status="look", poll=POLL | {"options": ["a", "c"]})

    versions = history(ann, post)

    described = [[media["description"] for media in one["media_attachments"]] for one in versions]
    assert described == [["first"], ["better"], ["second", "better"], [], []]
    polls = [[option["title"] for option in one["poll"]["options"]] if one.get("poll") else None for one in versions]
    assert polls == [None, None, None, ["a", "b"], ["a", "c"]]


@pytest.mark.parametrize("other", [{"options": ["a", "c"]}, {"multiple": True}, {"options": ["b", "a"]}])
def test_another_poll_begins_anew_under_the_same_id(ann, bob, other):
    post = ann.say("well?", poll=POLL)
    path = f"/api/v1/polls/{post['poll']['id']}/votes"
    bob.post(path, choices=[0])

    edited = edit(ann, post, status="well?", poll=POLL | other)["poll"]

    assert edited["id"] == post["poll"]["id"]
    assert (edited["votes_count"], edited["voters_count"] or 0) == (0, 0)
    assert [one["votes_count"] for one in edited["options"]] == [0, 0]
    seen = bob.get(f"/api/v1/polls/{edited['id']}").json()
    assert (seen["voted"], seen["own_votes"]) == (False, [])
    choices = [0, 1] if other.get("multiple") else [1]
    assert bob.post(path, choices=choices).json()["own_votes"] == choices


def test_votes_stay_when_only_the_end_or_the_totals_change(ann, bob):
    post = ann.say("well?", poll=POLL)
    bob.post(f"/api/v1/polls/{post['poll']['id']}/votes", choices=[0])

    hidden = edit(ann, post, status="well?", poll=POLL | {"hide_totals": True})
    longer = edit(ann, post, status="well?", poll=POLL | {"hide_totals": True, "expires_in": 86400})
    shown = edit(ann, post, status="well?", poll=POLL | {"expires_in": 86400})

    assert [one["votes_count"] for one in hidden["poll"]["options"]] == [None, None]
    assert hidden["poll"]["expires_at"] == post["poll"]["expires_at"] < longer["poll"]["expires_at"]
    assert shown["poll"]["expires_at"] == longer["poll"]["expires_at"]
    assert [one["votes_count"] for one in shown["poll"]["options"]] == [1, 0]
    assert bob.get(f"/api/v1/polls/{post['poll']['id']}").json()["own_votes"] == [0]
    assert len(history(ann, post)) == 4


@pytest.mark.parametrize("wrong", [{"options": ["a"]}, {"options": ["a", "a"]}, {"expires_in": 10}])
def test_a_poll_that_cannot_be_leaves_the_one_there_is(ann, bob, wrong):
    post = ann.say("well?", poll=POLL)
    bob.post(f"/api/v1/polls/{post['poll']['id']}/votes", choices=[0])

    assert ann.put(f"/api/v1/statuses/{post['id']}", status="new", poll=POLL | wrong).status_code == 422

    seen = ann.get(f"/api/v1/statuses/{post['id']}").json()
    assert (seen["content"], seen["poll"]["votes_count"], seen["edited_at"]) == ("<p>well?</p>", 1, None)
