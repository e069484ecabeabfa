"""Hooks in: what other programs send to /hooks/in/… is said here by a bot, in the hook's own place, once."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from client import Person, Server
from standardwebhooks import Webhook
from walls import organisation

pytestmark = pytest.mark.slow
HOOKS, ROOMS = "/api/chirrup/v1/hooks/in", "/api/chirrup/v1/rooms"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("hooks") / "data", env=engines) as town:
        yield town


@pytest.fixture(scope="module")
def acme(town: Server) -> Server:
    return organisation(town)


@pytest.fixture(scope="module")
def boss(acme: Server) -> Person:
    return acme.admin()


@pytest.fixture(scope="module")
def ops(boss: Person) -> str:
    """A closed room."""
    return boss.post(ROOMS, name="ops", closed=True).json()["id"]


def made(boss: Person, **wanted: Any) -> dict[str, Any]:
    answer = boss.post(HOOKS, **wanted)
    assert answer.ok, answer.text
    return answer.json()


def send(hook: dict[str, Any], payload: Any = None, **more: Any) -> requests.Response:
    return requests.post(hook["url"], timeout=10, **({"json": payload} if payload is not None else {}), **more)


def said(boss: Person, hook: dict[str, Any]) -> list[dict[str, Any]]:
    """The newest first."""
    return boss.get(f"/api/v1/accounts/{hook['account_id']}/statuses").json()


def test_a_text_for_slack_is_said_in_the_room_by_a_bot_and_notifies_nobody(acme: Server, boss: Person, ops: str):
    ann = acme.person()
    boss.post(f"{ROOMS}/{ops}/members", account_id=ann.id)
    hook = made(boss, name="Deploys", format="slack", room_id=ops)

    answer = send(hook, {"text": f"<!channel> *v2* is <https://ci.example/7|out> <b>&amp;</b> @{ann.name}"})

    assert (answer.status_code, answer.text) == (200, "ok")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    (post,) = said(boss, hook)
    shown = "@channel v2 is out "
    assert post["content"].startswith(f"<p>{shown}")
    assert "&lt;b&gt;&amp;&lt;/b&gt;" in post["content"]
    assert post["account"] | {"acct": "deploys", "bot": True, "display_name": "Deploys"} == post["account"]
    assert (post["visibility"], [one["id"] for one in post["mentions"]]) == ("private", [ops])
    assert ann.get(f"/api/v1/statuses/{post['id']}").ok
    assert not acme.person().get(f"/api/v1/statuses/{post['id']}").ok
    assert ann.get("/api/v1/notifications").json() == []


def test_what_cannot_be_said_is_refused_in_words_and_kept_to_be_looked_at(acme: Server, boss: Person, ops: str):
    hook = made(boss, name="Bad input", format="slack", room_id=ops)
    json, form = {"Content-Type": "application/json"}, {"Content-Type": "application/x-www-form-urlencoded"}
    refused = [
        (send(hook, {}), 422),
        (send(hook, {"text": None, "blocks": None, "attachments": None}), 422),
        (send(hook, {"text": ["x"], "blocks": 7, "attachments": {"text": {}}}), 422),
        (send(hook, data="nothing", headers=json), 400),
        (send(hook, data="", headers=json), 400),
        (send(hook, data="payload=%7Bx", headers=form), 400),
        (send(hook, data="[" * 100_000, headers=json), 400),
        (send(hook, data=b'{"text":"\xff"}', headers=json), 400),
        (send(hook, data=b'{"text":"\\ud800 x"}', headers=json), 422),
        (send(hook, data=b'{"text":"a","text":"b"}', headers=json), 400),
        (send(hook, data=b"{" + b" " * 1024 * 1024 + b"}", headers=json), 413),
        (send(hook, files={"text": b"x"}), 400),
        (send(hook, {"text": "x", "channel": f"@{boss.name}"}), 403),
        (send(hook, {"text": "x", "username": boss.name}), 403),
    ]
    unreached = requests.post(hook["url"][:-3] + "xxx", json={"text": "x"}, timeout=10)

    assert [answer.status_code for answer, _ in refused] == [status for _, status in refused]
    assert all(len(answer.text) > 10 and answer.text[0] != "{" for answer, _ in refused)
    assert (unreached.status_code, unreached.json()) == (404, {"error": "There is no such thing here"})
    assert said(boss, hook) == []
    kept = boss.get(f"{HOOKS}/{hook['id']}/payloads").json()
    assert len(kept) == len(refused) - 1, "one that is larger than is read is not"
    assert kept[0]["outcome"].startswith("Refused: this hook speaks as @bad_input")
    assert json_of(kept[0]["body"]) == {"text": "x", "username": boss.name}


def json_of(text: str) -> Any:
    return requests.models.complexjson.loads(text)


def test_a_hook_is_its_organisations_and_who_may_not_make_one_is_told(
    town: Server, acme: Server, boss: Person, ops: str
):
    other, ann = town.admin(), acme.person()
    hook = made(boss, name="Ours", room_id=ops)
    elsewhere = requests.post(hook["url"].replace(acme.url, town.url), json={"text": "x"}, timeout=10)

    assert elsewhere.status_code == 404
    assert [other.get(f"{HOOKS}/{hook['id']}{more}").status_code for more in ("", "/payloads")] == [404, 404]
    assert other.delete(f"{HOOKS}/{hook['id']}").status_code == 404
    assert other.post(HOOKS, name="x", room_id=ops).status_code == 404
    assert acme.admin().post(HOOKS, name="x", room_id=ops).status_code == 404, "a closed room that they are not in"
    assert [ann.get(HOOKS).status_code, ann.post(HOOKS, name="x").status_code] == [403, 403]
    wrong = [
        boss.post(HOOKS, **{"name": "x", **one}).json()["details"].keys()
        for one in ({"name": " "}, {"format": "fax"}, {"visibility": "direct"}, {"username": boss.name})
    ]
    assert [list(one) for one in wrong] == [["name"], ["format"], ["visibility"], ["username"]]


def test_it_is_switched_off_gets_another_address_moves_and_ends(acme: Server, boss: Person, ops: str):
    lab = boss.post(ROOMS, name="lab", closed=True).json()["id"]
    hook = made(boss, name="Lab", format="slack", room_id=ops)
    path = f"{HOOKS}/{hook['id']}"

    boss.patch(path, off=True)
    off = send(hook, {"text": "off"})
    boss.patch(path, off=False, room_id=lab, name="Laboratory")
    renewed = boss.post(f"{path}/token").json()
    old, new = send(hook, {"text": "old"}), send(renewed, {"text": "x" * 400 + " https://long.example/" + "y" * 2000})

    assert (off.status_code, off.text) == (403, "this hook is switched off")
    assert (old.status_code, new.text) == (404, "ok")
    (post,) = said(boss, hook)
    assert [one["id"] for one in post["mentions"]] == [lab]
    assert post["account"]["display_name"] == "Laboratory"
    members = [one["id"] for one in boss.get(f"{ROOMS}/{ops}/members").json()]
    assert hook["account_id"] not in members
    boss.delete(f"{ROOMS}/{lab}/members/{hook['account_id']}")
    assert "not in its room any more" in send(renewed, {"text": "put out"}).text
    assert boss.delete(path).ok
    assert send(renewed, {"text": "ended"}).status_code == 404
    assert said(boss, hook)[0]["id"] == post["id"], "what it said stays"
    again = made(boss, name="Laboratory", username=post["account"]["acct"])
    assert again["account_id"] == hook["account_id"]


def alerts(*told: tuple[str, str]) -> dict[str, Any]:
    """(fingerprint, status) of each."""
    each = [{"status": status, "labels": {"alertname": one}, "fingerprint": one} for one, status in told]
    return {"version": "4", "groupKey": "g", "alerts": each}


def test_what_is_said_about_the_same_is_one_thread_and_a_delivery_is_said_once(acme: Server, boss: Person):
    hook = made(boss, name="Alerts")

    sent = [
        send(hook, alerts(("a", "firing"), ("b", "firing"))),
        send(hook, alerts(("a", "firing"), ("b", "firing"))),  # again, as its sender did not hear the answer
        send(hook, alerts(("a", "resolved"))),
        send(hook, alerts(("b", "resolved"), ("c", "firing"))),
        send(hook, alerts(("a", "firing"), ("b", "resolved"))),
    ]

    assert [answer.status_code for answer in sent] == [200] * 5
    assert [(len(answer.json()["posts"]), answer.json()["known"]) for answer in sent] == [
        (1, False),
        (1, True),
        (1, False),
        (2, False),
        (2, False),
    ]
    first, other = sent[0].json()["posts"][0], sent[3].json()["posts"][0]
    posts = {one["id"]: one["in_reply_to_id"] for one in said(boss, hook)}
    assert list(reversed(posts.values())) == [None, first, None, first, None, None], "over, and so begun anew"
    boss.delete(f"{HOOKS}/{hook['id']}")
    assert other in posts


def test_what_is_not_signed_with_its_secret_is_refused(acme: Server, boss: Person):
    hook = made(boss, name="Signed", format="standardwebhooks")
    assert hook["secret"].startswith("whsec_") and hook["signed"]
    body = json.dumps({"type": "order.paid", "data": {"description": "Two loaves"}})

    def signed(
        body: str, secret: str = hook["secret"], *, at: datetime | None = None, id: str = "msg_1"
    ) -> dict[str, str]:
        at = at or datetime.now(UTC)
        return {
            "webhook-id": id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(id, at, body),
        }

    late = datetime.now(UTC) - timedelta(minutes=6)
    other = "whsec_" + "A" * 44
    refused = [
        send(hook, data=body),
        send(hook, data=body, headers=signed(body) | {"webhook-id": "msg_2"}),
        send(hook, data=body.replace("Two", "Six"), headers=signed(body)),
        send(hook, data=body, headers=signed(body, at=late)),
        send(hook, data=body, headers=signed(body) | {"webhook-timestamp": "x"}),
        send(hook, data=body, headers=signed(body, other)),
        send(hook, data=body, headers={"x-gitlab-token": hook["secret"]}),
    ]
    rotated = signed(body) | {"webhook-signature": f"{Webhook(other).sign('msg_1', late, body)} v1a,x"}
    rotated["webhook-signature"] += " " + signed(body)["webhook-signature"]
    taken = [send(hook, data=body, headers=one) for one in (signed(body), rotated, signed(body))]

    assert [(one.status_code, len(one.json()["error"]) > 30) for one in refused] == [(401, True)] * len(refused)
    assert [(one.status_code, one.json()["known"]) for one in taken] == [(200, False), (200, True), (200, True)]
    assert [one["content"] for one in said(boss, hook)] == ["<p>order.paid<br />Two loaves</p>"]

    plain = made(boss, name="GitHub", format="github", secret="s3cret")
    ping = json.dumps({"zen": "Warm."})
    right = hmac.new(b"s3cret", ping.encode(), hashlib.sha256).hexdigest()
    for header, value, status in (
        ("X-Hub-Signature-256", f"sha256={right}", 200),
        ("X-Hub-Signature-256", f"sha256={right[:-1]}0" if right[-1] != "0" else "sha256=1", 401),
        ("X-Hub-Signature", "sha1=1", 401),
        ("X-Gitlab-Token", "s3cret", 200),
        ("Authorization", "Bearer s3cret", 200),
        ("Authorization", "Bearer other", 401),
    ):
        answer = send(plain, data=ping, headers={header: value, "X-GitHub-Event": "ping"})
        assert answer.status_code == status, (header, answer.text)


def test_a_payload_is_tried_in_another_format_and_with_a_mapping(acme: Server, boss: Person, ops: str):
    mapping = {"text": "{{ job.name }}: {{ job.state }}", "about": "job.id", "link": "job.url"}
    hook = made(boss, name="Jobs", room_id=ops)
    path = f"{HOOKS}/{hook['id']}"
    send(hook, {"job": {"id": 7, "name": "bake", "state": "done", "url": "https://ci.example/7"}})

    (kept,) = boss.get(f"{path}/payloads").json()
    tried = boss.post(f"{path}/try", payload_id=kept["id"], format="generic", mapping=mapping).json()
    saved = boss.patch(path, format="generic", mapping=mapping).json()
    send(hook, json_of(kept["body"]))
    send(hook, json_of(kept["body"]))

    assert tried == {"format": "generic", "texts": ["bake: done\nhttps://ci.example/7"]}
    assert (saved["mapping"], saved["format"]) == (mapping, "generic")
    newest, first, guessed = said(boss, hook)
    assert (newest["in_reply_to_id"], first["in_reply_to_id"]) == (first["id"], None)
    assert "bake: done" in first["content"] and "bake" in guessed["content"]
    for wrong in ({"mapping": {"to": "x"}}, {"mapping": {"text": "x", "ends": "y"}}, {"format": "fax"}):
        assert boss.patch(path, **wrong).status_code == 422
    other = acme.admin()
    assert [other.get(f"{path}{more}").status_code for more in ("", "/payloads")] == [200, 403]
    assert other.post(f"{path}/try", payload_id=kept["id"]).status_code == 403


def test_a_flood_is_refused_and_says_when_to_come_back(acme: Server, boss: Person):
    hook = made(boss, name="Flood", format="slack")

    answers = [send(hook, {"text": f"flood {n}"}) for n in range(62)]

    assert [one.status_code for one in answers] == [200] * 60 + [429] * 2
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 61
    assert "come back in" in answers[-1].text
    assert len(boss.get(f"{HOOKS}/{hook['id']}/payloads").json()) == 20
