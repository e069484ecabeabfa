"""Subscriptions to push messages: https://docs.joinmastodon.org/methods/push/"""

from pathlib import Path
from typing import Any

import pytest
import requests
import shapes
from client import Person, Server
from push_service import App, b64, unb64

from chirrup.mastodon.entities import Empty
from chirrup.mastodon.notification_entities import WebPushSubscription
from chirrup.mastodon.server_entities import Application, Instance

PATH = "/api/v1/push/subscription"
URL = "https://push.example/one"


def subscribed(answer: requests.Response) -> WebPushSubscription:
    return shapes.decode(answer, WebPushSubscription)


def asked(app: App, **more: Any) -> dict[str, Any]:
    return {"subscription": app.subscription() | {"endpoint": URL}, **more}


def wanted(found: WebPushSubscription) -> set[str]:
    return {kind for kind in found.alerts.__struct_fields__ if getattr(found.alerts, kind)}


def test_an_app_subscribes_looks_changes_and_ends(ann: Person):
    app = App()
    assert ann.get(PATH).status_code == ann.put(PATH, data={}).status_code == 404
    assert shapes.decode(ann.delete(PATH), Empty)
    assert ann.get(PATH).json() == {"error": "Record not found"}

    made = subscribed(ann.post(PATH, **asked(app, data={"alerts": {"mention": True, "poll": "1", "follow": False}})))
    assert (made.endpoint, made.standard, made.policy, wanted(made)) == (URL, False, "all", {"mention", "poll"})
    assert subscribed(ann.get(PATH)) == made

    changed = subscribed(ann.put(PATH, data={"alerts": {"favourite": True, "unknown": True}, "policy": "followed"}))
    assert (changed.id, changed.policy, wanted(changed)) == (made.id, "followed", {"favourite"})
    assert subscribed(ann.put(PATH, policy="none")).policy == "none"

    again = subscribed(ann.post(PATH, **asked(App(), data={"alerts": {"admin.sign_up": True}})))
    assert again.id != made.id
    assert wanted(again) == {"sign_up"}
    assert subscribed(ann.get(PATH)) == again
    nested = {"alerts": {"poll": True, "admin": {"sign_up": True}}}  # as masto.js sends them
    as_masto = subscribed(ann.post(PATH, **asked(App(), data=nested, policy="followed")))
    assert (as_masto.policy, wanted(as_masto)) == ("followed", {"poll"})
    shapes.decode(ann.delete(PATH), Empty)
    assert ann.get(PATH).status_code == 404


@pytest.mark.parametrize("how", ["data", "files"], ids=["form", "multipart"])
def test_forms_are_taken_like_json(ann: Person, how: str):
    app = App()
    fields = {
        "subscription[endpoint]": URL,
        "subscription[keys][p256dh]": b64(unb64(app.key)) + "=",
        "subscription[keys][auth]": app.secret.replace("-", "+").replace("_", "/") + "==",
        "subscription[standard]": "true",
        "data[alerts][mention]": "true",
        "data[alerts][admin.report]": "on",
        "data[alerts][reblog]": "false",
        "data[policy]": "follower",
    }
    sent = fields if how == "data" else {name: (None, value) for name, value in fields.items()}

    made = subscribed(ann.call("POST", PATH, **{how: sent}))

    assert (made.standard, made.policy, wanted(made)) == (True, "follower", {"mention", "report"})


def test_each_token_has_its_own(server: Server, ann: Person):
    form = {"client_name": "other", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": "read push"}
    app = server.anyone().post("/api/v1/apps", **form).json()
    login = {"grant_type": "password", "username": f"{ann.name}@example.com", "password": "password"}
    login |= {name: app[name] for name in ("client_id", "client_secret")} | {"scope": "read push"}
    other = Person(server, server.anyone().post("/oauth/token", **login).json()["access_token"])
    first = subscribed(ann.post(PATH, **asked(App())))

    assert other.get(PATH).status_code == 404
    second = subscribed(other.post(PATH, **asked(App())))
    assert (subscribed(ann.get(PATH)), subscribed(other.get(PATH))) == (first, second)


APP = App()
WRONG = [
    *({"endpoint": url} for url in ("", "push.example", "ftp://push.example/", "https://a b/", "https://u:p@x/", 1)),
    *(
        {"endpoint": "https://push.example/" + "x" * 3000},
        {"endpoint": "https:///x"},
        {"endpoint": "https://é.example/"},
    ),
    *({"keys": {"p256dh": key, "auth": APP.secret}} for key in ("", "AAAA", APP.key[:-2], "B" + "A" * 86, "*" * 87)),
    *({"keys": {"p256dh": APP.key, "auth": secret}} for secret in ("", "AAAA", APP.secret + "AAAA", "ä")),
    *({"keys": {"p256dh": APP.key}}, {"keys": {}}, {"keys": None}),
]


@pytest.mark.parametrize("wrong", WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_what_is_no_subscription_is_refused(ann: Person, wrong: Any):
    answer = ann.post(PATH, subscription=APP.subscription() | {"endpoint": URL} | wrong)

    assert answer.status_code == 422
    assert answer.json()["error"]
    assert ann.get(PATH).status_code == 404


def test_what_is_no_policy_is_refused(ann: Person):
    assert ann.post(PATH, **asked(APP, data={"policy": "some"})).status_code == 422
    ann.post(PATH, **asked(APP))
    assert ann.put(PATH, data={"policy": "some"}).status_code == 422
    assert subscribed(ann.get(PATH)).policy == "all"


def test_one_key_is_told_everywhere_and_after_a_restart(tmp_path: Path):
    with Server(tmp_path / "data") as server:
        ann = server.person()
        key = subscribed(ann.post(PATH, **asked(APP))).server_key
        body = {"client_name": "x", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob"}
        assert len(unb64(key)) == 65
        assert server.anyone().post("/api/v1/apps", **body).json()["vapid_key"] == key
        assert shapes.decode(ann.get("/api/v1/apps/verify_credentials"), Application).vapid_key == key
        told = shapes.decode(server.anyone().get("/api/v2/instance"), Instance)
        assert told.configuration.vapid.public_key == key
        server.stop()
        server.start()
        assert subscribed(ann.get(PATH)).server_key == key
