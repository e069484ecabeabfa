"""Posts for later, as apps ask for them. https://docs.joinmastodon.org/methods/scheduled_statuses/"""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import requests
from client import Person
from world import png

from chirrup.times import iso

STATUSES, SCHEDULED = "/api/v1/statuses", "/api/v1/scheduled_statuses"
YEAR_4000 = "4000-01-01T12:13:14.567Z"


def later(person: Person, text: str = "later", when: str = YEAR_4000, **more: Any) -> dict[str, Any]:
    made = person.post(STATUSES, status=text, scheduled_at=when, **more)
    assert made.ok, made.text
    return made.json()


def in_(**span: float) -> str:
    return iso(int((datetime.now(UTC) + timedelta(**span)).timestamp() * 1000))


def test_the_answer_has_what_was_asked(ann):
    parent = ann.say("hello")
    media = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png())}, data={"description": "red"}).json()

    made = later(ann, "look", media_ids=[media["id"]], in_reply_to_id=parent["id"], sensitive=True, language="de")
    poll = later(
        ann, "which?", poll={"options": ["a", "b"], "expires_in": 3600}, spoiler_text="hm", visibility="direct"
    )

    assert made["scheduled_at"] == YEAR_4000
    assert made["params"] == {
        "text": "look",
        "poll": None,
        "media_ids": [media["id"]],
        "sensitive": True,
        "spoiler_text": None,
        "visibility": "public",
        "in_reply_to_id": int(parent["id"]),
        "language": "de",
        "application_id": made["params"]["application_id"],
        "scheduled_at": None,
        "idempotency": None,
        "with_rate_limit": False,
        "quoted_status_id": None,
        "quote_approval_policy": "public",
    }
    assert [(one["id"], one["description"]) for one in made["media_attachments"]] == [(media["id"], "red")]
    assert requests.get(made["media_attachments"][0]["url"], timeout=10).ok
    assert poll["params"]["poll"] == {
        "options": ["a", "b"],
        "expires_in": 3600,
        "multiple": False,
        "hide_totals": False,
    }
    assert (poll["params"]["spoiler_text"], poll["params"]["visibility"]) == ("hm", "direct")
    assert poll["media_attachments"] == []
    assert set(made) == {"id", "scheduled_at", "params", "media_attachments"}
    assert ann.get(f"{SCHEDULED}/{made['id']}").json()["params"] == made["params"]
    assert [one["id"] for one in ann.home()] == [parent["id"]]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("4000-01-01T12:13:14.567+02:00", "4000-01-01T10:13:14.567Z"),
        ("4000-01-01T12:13:14.567", "4000-01-01T12:13:14.567Z"),
        ("4000-01-01T12:13:14.567891-05:30", "4000-01-01T17:43:14.568Z"),
        ("4000-01-01T12:13:14Z", "4000-01-01T12:13:14.000Z"),
        ("4000-01-01 12:13", "4000-01-01T12:13:00.000Z"),
        ("4000-01-01", "4000-01-01T00:00:00.000Z"),
        (datetime(4000, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))).isoformat(), "4000-01-01T00:00:00.000Z"),
    ],
)
def test_a_date_comes_back_to_the_millisecond_with_a_zone_or_without(ann, sent: str, told: str):
    assert later(ann, when=sent)["scheduled_at"] == told
    made = ann.call("POST", STATUSES, data={"status": "as a form", "scheduled_at": sent})
    assert made.json()["scheduled_at"] == told, made.text


@pytest.mark.parametrize(
    "sent", ["banana", "2030", "2030-13-01", "9999-12-31T23:59:59-10:00", "0001-01-01T00:00+10:00"]
)
def test_what_is_no_date_is_an_invalid_record(ann, sent: str):
    for refused in (
        ann.post(STATUSES, status="not yet", scheduled_at=sent),
        ann.put(f"{SCHEDULED}/{later(ann)['id']}", scheduled_at=sent),
    ):
        assert (refused.status_code, refused.json()) == (422, {"error": "Record invalid"})
    assert ann.home() == []


def test_a_date_must_be_five_minutes_ahead(ann):
    for when in ("1990-01-01", in_(seconds=0), in_(minutes=4.9)):
        refused = ann.post(STATUSES, status="not yet", scheduled_at=when)
        assert refused.status_code == 422
        assert refused.json()["error"] == "Validation failed: Scheduled at The scheduled date must be in the future"
    later(ann, when=in_(minutes=5.2))
    assert ann.home() == []
    assert ann.say("now", scheduled_at=None)["content"] == ann.say("now", scheduled_at="")["content"] == "<p>now</p>"


def test_what_cannot_be_posted_is_refused_at_once(ann, bob):
    theirs = bob.call("POST", "/api/v2/media", files={"file": ("a.png", png())}).json()["id"]
    secret = bob.say("mine", visibility="private")["id"]
    for status, asked in (
        (422, {"status": "x" * 501}),
        (422, {"status": ""}),
        (422, {"status": "x", "media_ids": [theirs]}),
        (422, {"status": "x", "poll": {"options": ["a"], "expires_in": 3600}}),
        (422, {"status": f"@{bob.name}", "allowed_mentions": []}),
        (404, {"status": "x", "in_reply_to_id": secret}),
    ):
        refused = ann.post(STATUSES, scheduled_at=YEAR_4000, **asked)
        assert refused.status_code == status, refused.text
    assert ann.get(SCHEDULED).json() == []


def test_one_key_schedules_one_post(ann):
    def ask(key: str, when: str = YEAR_4000) -> requests.Response:
        headers = {"Idempotency-Key": key}
        return ann.call("POST", STATUSES, json={"status": "later", "scheduled_at": when}, headers=headers)

    first, again = ask("k"), ask("k")

    assert first.json() == again.json()
    assert ask("k", "4000-01-02").status_code == 422
    assert ann.call("POST", STATUSES, json={"status": "later"}, headers={"Idempotency-Key": "k"}).status_code == 422
    assert ask("other").json()["id"] != first.json()["id"]
    assert len(ann.get(SCHEDULED).json()) == 2


def test_the_list_has_pages_and_is_ones_own(ann, bob):
    ids = [later(ann, f"post {n}")["id"] for n in range(5)][::-1]
    later(bob)

    assert [one["id"] for one in ann.get(SCHEDULED).json()] == ids
    assert [one["id"] for one in ann.walk(SCHEDULED, limit=2)] == ids
    assert [one["id"] for one in ann.get(SCHEDULED, min_id=ids[3], limit=2).json()] == ids[1:3]
    for answer in (
        bob.get(f"{SCHEDULED}/{ids[0]}"),
        bob.put(f"{SCHEDULED}/{ids[0]}", scheduled_at="4000-01-02"),
        bob.delete(f"{SCHEDULED}/{ids[0]}"),
        bob.get(f"{STATUSES}/{ids[0]}"),
        ann.get(f"{STATUSES}/{ids[0]}"),
    ):
        assert (answer.status_code, answer.json()) == (404, {"error": "Record not found"})
    assert ann.server.anyone().get(SCHEDULED).status_code == 401


def test_a_date_is_changed_and_a_post_taken_back(ann):
    made = later(ann)
    path = f"{SCHEDULED}/{made['id']}"

    assert ann.put(path, scheduled_at="4000-02-02T00:00:00.001Z").json() == made | {
        "scheduled_at": "4000-02-02T00:00:00.001Z"
    }
    assert ann.put(path).json()["scheduled_at"] == "4000-02-02T00:00:00.001Z"
    refused = ann.put(path, scheduled_at=in_(minutes=1))
    assert (refused.status_code, refused.json()["error"]) == (
        422,
        "Validation failed: Scheduled at The scheduled date must be in the future",
    )
    assert ann.delete(path).json() == {}
    assert ann.get(path).status_code == ann.delete(path).status_code == 404
    assert ann.get(SCHEDULED).json() == []


def test_no_more_than_25_a_day(ann):
    for _ in range(25):
        later(ann)

    refused = ann.post(STATUSES, status="one more", scheduled_at="4000-01-01T23:59:59.999Z")

    assert refused.status_code == 422
    assert "exceeded the limit of 25 scheduled posts" in refused.json()["error"]
    later(ann, when="4000-01-02")
