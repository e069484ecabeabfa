"""Drafts that every device of their author has, and none overwrites unseen."""

import requests
from client import Person
from world import png

DRAFTS, SCHEDULED, STATUSES = "/api/chirrup/v1/drafts", "/api/v1/scheduled_statuses", "/api/v1/statuses"


def draft(person: Person, text: str = "unfinished", **more):
    made = person.post(DRAFTS, status=text, **more)
    assert made.ok, made.text
    return made.json()


def test_a_draft_may_be_anything_and_comes_back_as_it_was_sent(ann):
    media = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()

    made = draft(ann, "x" * 3000, media_ids=[media["id"]], spoiler_text="hm", poll={"options": ["a"], "expires_in": 1})

    assert (made["version"], made["problem"], made["scheduled_at"]) == (1, None, None)
    assert (made["params"]["text"], made["params"]["spoiler_text"]) == ("x" * 3000, "hm")
    assert made["params"]["poll"] == {"options": ["a"], "expires_in": 1, "multiple": False, "hide_totals": False}
    assert [one["id"] for one in made["media_attachments"]] == [media["id"]]
    assert requests.get(made["media_attachments"][0]["url"], timeout=10).ok
    assert ann.get(f"{DRAFTS}/{made['id']}").json() == made
    assert draft(ann, "")["params"]["text"] == ""
    assert ann.post(DRAFTS, status="x" * 100_000).status_code == 422
    assert ann.get(SCHEDULED).json() == ann.home() == []


def test_a_draft_is_published_with_all_that_belongs_to_it(ann, bob):
    parent = bob.say("hello")
    media = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()
    made = draft(ann, "look", media_ids=[media["id"]], in_reply_to_id=parent["id"], visibility="unlisted")

    post = ann.post(f"{DRAFTS}/{made['id']}/publish").json()

    assert (post["content"], post["visibility"], post["in_reply_to_id"]) == ("<p>look</p>", "unlisted", parent["id"])
    assert [one["id"] for one in post["media_attachments"]] == [media["id"]]
    assert ann.home()[0]["id"] == post["id"]
    assert ann.get(f"{DRAFTS}/{made['id']}").status_code == 404
    assert ann.post(f"{DRAFTS}/{made['id']}/publish").status_code == 404


def test_what_cannot_be_published_stays_a_draft(ann):
    made = draft(ann, "x" * 501)

    refused = ann.post(f"{DRAFTS}/{made['id']}/publish")

    assert refused.status_code == 422
    assert ann.get(f"{DRAFTS}/{made['id']}").json() == made


def test_two_devices_do_not_overwrite_each_other(ann):
    made = draft(ann, "first")
    path = f"{DRAFTS}/{made['id']}"
    phone = ann.put(path, status="from the phone", version=made["version"]).json()
    assert (phone["version"], phone["params"]["text"]) == (2, "from the phone")

    refused = ann.put(path, status="from the desk", version=made["version"])

    assert refused.status_code == 409
    assert refused.json()["current"] == phone
    assert refused.json()["yours"]["text"] == "from the desk"
    assert ann.post(f"{path}/publish", version=made["version"]).status_code == 409
    assert ann.get(path).json() == phone
    assert ann.put(path, status="both", version=phone["version"]).json()["version"] == 3
    assert ann.put(path, status="without a version").status_code == 422


def test_a_draft_is_given_a_date_and_loses_it_again(ann):
    made = draft(ann, "later")
    path = f"{DRAFTS}/{made['id']}"

    dated = ann.put(path, status="later", scheduled_at="4000-01-01", version=1).json()
    assert dated["scheduled_at"] == ann.get(f"{SCHEDULED}/{made['id']}").json()["scheduled_at"]
    assert ann.get(DRAFTS).json() == []
    assert ann.put(path, status="x" * 501, scheduled_at="4000-01-01", version=2).status_code == 422
    assert ann.put(path, status="not yet", version=2).json()["scheduled_at"] is None
    assert ann.get(SCHEDULED).json() == []
    assert [one["id"] for one in ann.get(DRAFTS).json()] == [made["id"]]


def test_drafts_are_ones_own_have_pages_and_go(ann, bob):
    ids = [draft(ann, f"draft {n}")["id"] for n in range(5)][::-1]
    draft(bob)

    assert [one["id"] for one in ann.walk(DRAFTS, limit=2)] == ids
    path = f"{DRAFTS}/{ids[0]}"
    for answer in (
        bob.get(path),
        bob.put(path, status="mine", version=1),
        bob.delete(path),
        bob.post(f"{path}/publish"),
        ann.get(f"{SCHEDULED}/{ids[0]}"),
        ann.get(f"{STATUSES}/{ids[0]}"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})
    assert ann.delete(path).json() == {}
    assert [one["id"] for one in ann.get(DRAFTS).json()] == ids[1:]


def test_one_key_makes_one_draft(ann):
    def ask(**body) -> requests.Response:
        return ann.call("POST", DRAFTS, json=body, headers={"Idempotency-Key": "k"})

    assert ask(status="once").json() == ask(status="once").json()
    assert ask(status="other").status_code == 422
    assert ann.call("POST", STATUSES, json={"status": "once"}, headers={"Idempotency-Key": "k"}).status_code == 422
    assert len(ann.get(DRAFTS).json()) == 1
