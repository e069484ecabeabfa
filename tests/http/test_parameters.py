"""Parameters as clients send them: in query or body with any method; flags, nulls and lists in any spelling."""

import re

import pytest

STATUSES = "/api/v1/statuses"
FALSE = ["false", "False", "FALSE", "f", "F", "0", "off", "OFF"]


@pytest.mark.parametrize("sent", [*FALSE, "true", "True", "1", "t", "on", "yes", "no", "Off", "perhaps", " "])
def test_a_flag_is_false_for_some_words_and_true_for_all_others(ann, sent: str):
    meant = sent not in FALSE
    for how in ({"data": {"status": "hi", "sensitive": sent}}, {"json": {"status": "hi", "sensitive": sent}}):
        assert ann.call("POST", STATUSES, **how).json()["sensitive"] is meant
    ann.say("hello")

    assert (ann.get("/api/v1/timelines/public", remote=sent).json() == []) is meant
    poll = {"poll[options][]": ["a", "b"], "poll[expires_in]": "600", "poll[multiple]": sent, "status": "?"}
    assert ann.call("POST", STATUSES, data=poll).json()["poll"]["multiple"] is meant


def test_a_flag_in_json_is_what_it_is_and_an_empty_one_is_not_given(ann):
    for sent, meant in ((True, True), (False, False), (None, False), ("", False), (1, True), (0, False)):
        assert ann.say("hi", sensitive=sent)["sensitive"] is meant


@pytest.mark.parametrize("word", ["on", "t", "yes", "1", "TRUE"])
def test_an_agreement_may_be_any_word_that_is_not_a_no(server, word: str):
    app = server.person()
    form = {"username": f"a{app.id}", "email": f"a{app.id}@example.com", "password": "password", "locale": "en"}

    assert app.call("POST", "/api/v1/accounts", data=form | {"agreement": "off"}).status_code == 422
    assert app.call("POST", "/api/v1/accounts", data=form | {"agreement": word}).status_code == 200


def test_null_means_not_given(server, ann, bob):
    poll = {"options": ["a", "b"], "expires_in": 600, "multiple": None, "hide_totals": None}
    nothing = dict.fromkeys(("spoiler_text", "visibility", "language", "in_reply_to_id", "media_ids", "scheduled_at"))
    assert ann.say("?", poll=poll, media_attributes=None, **nothing)["poll"]["multiple"] is False
    post = ann.say("hi", poll=None)
    assert ann.put(f"{STATUSES}/{post['id']}", status="ho", media_attributes=None).ok

    assert ann.post(f"/api/v1/accounts/{bob.id}/mute", notifications=None, duration=None).json()["muting_notifications"]
    assert ann.post(f"/api/v1/accounts/{bob.id}/note", comment=None).json()["note"] == ""
    assert ann.post(f"/api/v1/accounts/{bob.id}/follow", reblogs=None, notify=None, languages=None).ok
    new = {"client_name": "app", "redirect_uris": "urn:ietf:wg:oauth:2.0:oob", "scopes": None, "website": None}
    app = server.anyone().post("/api/v1/apps", **new).json()
    assert app["scopes"] == ["read"]
    asked = {"grant_type": "client_credentials", "scope": None, "redirect_uri": None, "code": None}
    known = {key: app[key] for key in ("client_id", "client_secret")}
    assert server.anyone().post("/oauth/token", **asked, **known).json()["scope"] == "read"
    assert ann.patch("/api/v1/accounts/update_credentials", source={"privacy": None}, fields_attributes=None).ok


NOT_ONES_OWN = {"id": "1", "account_id": "1", "account": {"id": "1"}, "owner_id": "1", "org_id": 7, "application": "1"}
NOT_ONES_OWN |= {"created_at": "2000-01-01T00:00:00Z", "favourites_count": 9, "role": "owner", "admin": True}
NOT_ONES_OWN |= {"approved": True, "confirmed": True, "uri": "https://evil.example/1", "url": "https://evil.example/1"}


def test_what_is_not_ones_own_to_say_is_not_listened_to(server, ann, bob):
    for path, form in (
        (STATUSES, {"status": "hi"}),
        ("/api/chirrup/v1/drafts", {"status": "hi"}),
        ("/api/v1/lists", {"title": "friends"}),
        ("/api/v2/filters", {"title": "weather", "context": ["home"]}),
        ("/api/v1/featured_tags", {"name": "birds"}),
        ("/api/v1/reports", {"target_account_id": ann.id, "action_taken": True} | {"account_id": bob.id}),
    ):
        given = NOT_ONES_OWN | form
        made = ann.post(path, **given)
        assert made.ok, made.text
        told = made.json()
        assert told["id"] != "1" and "evil.example" not in made.text and "2000-01-01" not in made.text
        assert told.get("account", {}).get("id", ann.id) == ann.id
        assert told.get("favourites_count", 0) == 0
    name = f"new{ann.id}"
    form = {"username": name, "email": f"{name}@example.com", "password": "password", "agreement": "1", "locale": "en"}
    signed_up = ann.post("/api/v1/accounts", **NOT_ONES_OWN | form)
    role = bob.get("/api/v1/accounts/verify_credentials").json()["role"]
    token = {"Authorization": f"Bearer {signed_up.json()['access_token']}"}
    assert bob.call("GET", "/api/v1/accounts/verify_credentials", headers=token).json()["role"] == role


def test_null_where_something_is_needed_is_refused(ann):
    for path, body in (
        ("/api/v1/notifications/dismiss", {"id": None}),
        ("/api/v1/markers", {"home": {"last_read_id": None}}),
    ):
        assert ann.post(path, **body).status_code == 422


def test_json_may_have_the_names_of_a_form(ann, bob):
    post = ann.say("?", **{"poll[options][]": ["a", "b"], "poll[expires_in]": 600, "poll[multiple]": True})
    assert [one["title"] for one in post["poll"]["options"]] == ["a", "b"]
    assert post["poll"]["multiple"] is True
    refused = ann.post(STATUSES, status="a", **{"media_ids[]": ["117000000000000001"]})
    assert refused.status_code == 422
    assert "uploads" in refused.json()["error"]
    made = ann.post("/api/v1/lists", title="friends").json()["id"]
    ann.follow(bob)
    assert ann.post(f"/api/v1/lists/{made}/accounts", **{"account_ids[]": [bob.id]}).ok
    assert [one["id"] for one in ann.get(f"/api/v1/lists/{made}/accounts").json()] == [bob.id]


def test_lists_may_have_numbers_in_their_brackets_and_empty_values(ann):
    options = {"poll[options][0]": "a", "poll[options][1]": "b", "poll[options][2]": "", "poll[expires_in]": "600"}
    post = ann.call("POST", STATUSES, data={"status": "?", "media_ids[]": ""} | options).json()

    assert [one["title"] for one in post["poll"]["options"]] == ["a", "b"]


@pytest.mark.parametrize("options", [[], None, [""], ["", " "], ["one"], ["one", ""]])
def test_a_poll_needs_options(ann, options):
    refused = ann.post(STATUSES, status="?", poll={"options": options, "expires_in": 600})

    assert refused.status_code == 422
    assert "options" in refused.json()["error"]
    assert ann.get(f"/api/v1/accounts/{ann.id}/statuses").json() == []


@pytest.mark.parametrize("limit", ["abc", "", "1.5", "٣", "--1", "null", "-", "1e3", "[]"])
def test_a_limit_that_is_no_number_is_ignored(ann, limit: str):
    ann.say("one"), ann.say("two")

    for path in (f"/api/v1/accounts/{ann.id}/statuses", "/api/v1/timelines/home", "/api/v1/notifications"):
        assert ann.get(path, limit=limit).ok
    assert len(ann.get("/api/v1/timelines/home", limit=limit).json()) == 2
    assert len(ann.get("/api/v1/timelines/home", limit="9" * 30).json()) == 2
    assert len(ann.get("/api/v1/timelines/home", limit="-" + "9" * 30).json()) == 1


def test_a_get_is_asked_with_a_body_as_well_as_with_a_query(server, ann, bob):
    carla = server.person()
    for one, other in ((ann, bob), (bob, carla)):
        one.follow(other)
    for how in ({"json": {"id": [carla.id]}}, {"json": {"id": int(carla.id)}}, {"data": {"id[]": carla.id}}):
        found = ann.call("GET", "/api/v1/accounts/familiar_followers", **how).json()
        assert [one["id"] for one in found[0]["accounts"]] == [bob.id]
    posts = [bob.say(f"{n}")["id"] for n in range(4)]

    path = f"/api/v1/accounts/{bob.id}/statuses"
    page = ann.call("GET", path, params={"exclude_replies": "true"}, json={"limit": 2, "max_id": int(posts[3])})
    assert [one["id"] for one in page.json()] == [posts[2], posts[1]]
    assert re.search(r"<[^>]+exclude_replies=true&limit=2&max_id=\d+>; rel=\"next\"", page.headers["Link"])
    assert ann.call("GET", path, data="hello", headers={"Content-Type": "text/plain"}).ok
    assert ann.call("GET", path, data="{", headers={"Content-Type": "application/json"}).status_code == 400


def test_a_delete_is_asked_with_a_body_as_well_as_with_a_query(ann, bob):
    ann.follow(bob)
    made = ann.post("/api/v1/lists", title="friends").json()["id"]
    path = f"/api/v1/lists/{made}/accounts"
    for how in (
        {"json": {"account_ids": [bob.id]}},
        {"data": {"account_ids[]": bob.id}},
        {"params": {"account_ids[]": bob.id}},
    ):
        ann.post(path, account_ids=[bob.id])
        assert ann.call("DELETE", path, **how).ok
        assert ann.get(path).json() == []


def test_a_list_asked_with_nested_parameters_links_to_its_other_pages(ann):
    for n in range(3):
        ann.say(f"{n}")

    page = ann.get("/api/v1/timelines/home?limit=2&a[b]=c&a[d][]=e&x[][y]=z")

    assert page.ok
    assert "a%5Bb%5D=c&a%5Bd%5D%5B%5D=e&x%5B%5D%5By%5D=z" in page.headers["Link"]
    assert len(ann.get(page.links["next"]["url"]).json()) == 1
