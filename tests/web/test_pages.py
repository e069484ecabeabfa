"""Using the pages without scripts."""

import io
import re

import pytest
from client import eventually
from PIL import Image
from visitor import Visitor, forms, logged_in


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, "PNG")
    return out.getvalue()


def statuses(person) -> list[dict]:
    return person.get(f"/api/v1/accounts/{person.id}/statuses").json()


def test_somebody_signs_up_and_is_home_at_once(visitor):
    answer = visitor.post(
        "/sign-up", csrf_from="/sign-up", username="newcomer", email="newcomer@example.com", password="a good long one"
    )

    assert (answer.status_code, answer.headers["Location"]) == (303, "/home")
    assert "@newcomer" in visitor.get("/@newcomer").text
    assert visitor.is_logged_in


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("username", "", "Can&#39;t be blank"),
        ("username", "no spaces", "Must contain only letters"),
        ("username", "admin", "Is reserved"),
        ("username", "{taken}", "Has already been taken"),
        ("email", "nonsense", "Is not a valid e-mail address"),
        ("password", "", "Can&#39;t be blank"),
        ("password", "x" * 129, "Is too long"),
    ],
)
def test_a_sign_up_form_comes_back_with_what_is_wrong(visitor, ann, field, value, said):
    good = {"username": f"x{ann.name}", "email": "x@y.example", "password": "a good long one"}

    answer = visitor.post("/sign-up", csrf_from="/sign-up", **good | {field: value.format(taken=ann.name)})

    assert answer.status_code == 422
    assert re.findall(r'class="problem" id="(\w+)-problem">([^<]*)', answer.text)[0][0] == field
    assert said in answer.text
    assert "a good long one" not in answer.text
    assert not visitor.is_logged_in


def test_login_takes_address_username_and_handle(server, ann):
    for name in (f"{ann.name}@example.com", ann.name, f"@{ann.name}", f" {ann.name.upper()} "):
        assert Visitor(server.url).log_in(name).status_code == 303, name
    for name in ("", "@", "nobody@example.com", f"{ann.name}@elsewhere.example"):
        assert Visitor(server.url).log_in(name).status_code == 422, name


def test_a_post_with_warning_pictures_and_language_is_written(anns, ann):
    files = {"picture0": ("a.png", png(), "image/png"), "picture2": ("b.png", png(), "image/png")}
    fields = {"csrf": anns.csrf("/home"), "text": "two fields", "summary": "teal", "language": "en"}
    fields |= {"description0": "the first", "visibility": "unlisted", "return_to": "/home"}

    answer = anns.send("/compose", fields, files=files)

    assert answer.status_code == 303
    (status,) = statuses(ann)
    assert (status["spoiler_text"], status["visibility"], status["language"]) == ("teal", "unlisted", "en")
    assert [one["description"] for one in status["media_attachments"]] == ["the first", None]
    page = anns.get(f"/@{ann.name}/{status['id']}").text
    for address in re.findall(r'href="(/media/[^"]+)"', page):
        assert anns.get(address).headers["Content-Type"] == "image/png"


def test_a_picture_that_is_none_is_refused_in_words_and_nothing_typed_is_lost(anns, ann):
    fields = {"csrf": anns.csrf("/home"), "text": "kept <words>"}

    answer = anns.send("/compose", fields, files={"picture0": ("a.png", b"<svg onload=alert(1)>", "image/png")})

    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert ">kept &lt;words&gt;</textarea>" in answer.text
    assert statuses(ann) == []


def test_too_long_a_post_comes_back(anns, ann):
    answer = anns.post("/compose", text="x" * 501)

    assert answer.status_code == 422
    assert "must have at most 500 characters" in answer.text.replace("Text", "")
    assert statuses(ann) == []


def test_what_one_has_just_said_or_whom_one_has_just_followed_is_at_home(anns, bob):
    said = bob.say("said before")
    for n in range(5):
        anns.get("/home")
        anns.post("/compose", csrf_from="/home", text=f"number {n}")
        assert f"number {n}" in anns.get("/home").text

    anns.post(f"/@{bob.name}/follow", csrf_from="/home")
    assert f'data-key="{said["id"]}"' in anns.get("/home").text
    anns.post(f"/@{bob.name}/mute", csrf_from="/home")
    assert f'data-key="{said["id"]}"' not in anns.get("/home").text


def test_a_follow_button_brings_the_numbers_of_the_profile_along(anns, bob, server):
    server.person().follow(bob)
    page = anns.get(f"/@{bob.name}")
    form = next(form for form in forms(page) if "with_numbers" in form.fields)
    assert "<strong>1</strong> follower<" in page.text

    for verb, followers in (("follow", "2</strong> followers"), ("unfollow", "1</strong> follower")):
        part = anns.send(f"/@{bob.name}/{verb}", form.fields, headers={"HX-Request": "true"}).text
        assert 'id="numbers" hx-swap-oob="true"' in part
        assert f"<strong>{followers}<" in part
        assert f"<strong>{followers}<" in anns.get(f"/@{bob.name}").text
    token = {"csrf": form.fields["csrf"]}  # in a list of people are no numbers
    assert "numbers" not in anns.send(f"/@{bob.name}/follow", token, headers={"HX-Request": "true"}).text


def test_a_form_sent_twice_makes_one_post(anns, ann):
    page = anns.get("/home")
    form = next(one for one in forms(page) if one.url.endswith("/compose"))

    for _ in range(2):
        assert anns.send(form.url, form.fields | {"text": "once"}).status_code == 303

    assert [status["content"] for status in statuses(ann)] == ["<p>once</p>"]


def test_a_poll_is_made_and_voted_on(server, anns, ann, bob):
    fields = [
        ("csrf", anns.csrf("/home")),
        ("text", "Tea?"),
        ("option", "Yes"),
        ("option", "No"),
        ("open_for_s", "3600"),
    ]
    assert anns.send("/compose", fields).status_code == 303
    (status,) = statuses(ann)
    path = f"/@{ann.name}/{status['id']}"
    of_bob = logged_in(server, bob)
    assert 'type="radio"' in of_bob.get(path).text

    assert of_bob.post(f"{path}/vote").status_code == 422
    assert of_bob.post(f"{path}/vote", choice="1").status_code == 303

    assert re.findall(r'class="share">(\d+)%', of_bob.get(path).text) == ["0", "100"]
    assert of_bob.post(f"{path}/vote", choice="0").status_code == 422
    assert 'type="radio"' not in anns.get(path).text


def test_an_edit_keeps_pictures_and_poll(anns, ann):
    media = ann.call("POST", "/api/v2/media", files={"file": ("a.png", png(), "image/png")}).json()["id"]
    posts = [ann.say("pictrue", media_ids=[media]), ann.say("poll", poll={"options": ["a", "b"], "expires_in": 3600})]

    for post in posts:
        path = f"/@{ann.name}/{post['id']}/edit"
        assert post["content"].removeprefix("<p>").removesuffix("</p>") in anns.get(path).text
        assert anns.post(path, text="better").headers["Location"] == f"/@{ann.name}/{post['id']}"

    after = {status["id"]: status for status in statuses(ann)}
    assert [after[post["id"]]["content"] for post in posts] == ["<p>better</p>"] * 2
    assert [one["id"] for one in after[posts[0]["id"]]["media_attachments"]] == [media]
    assert after[posts[1]["id"]]["poll"]["id"] == posts[1]["poll"]["id"]


def test_a_deleted_post_is_gone_and_others_cannot_delete_it(server, anns, ann, bob):
    post = ann.say("soon gone")
    path = f"/@{ann.name}/{post['id']}"
    assert logged_in(server, bob).post(f"{path}/delete").status_code == 404
    assert anns.get(f"{path}/delete").status_code == 200

    assert anns.post(f"{path}/delete").headers["Location"] == f"/@{ann.name}"

    assert anns.get(path).status_code == 404


@pytest.mark.parametrize(
    ("act", "undo", "field"),
    [
        ("favourite", "unfavourite", "favourited"),
        ("boost", "unboost", "reblogged"),
        ("bookmark", "unbookmark", "bookmarked"),
        ("mute", "unmute", "muted"),
    ],
)
def test_what_one_does_with_a_post_can_be_undone(anns, ann, bob, act, undo, field):
    path = f"/@{bob.name}/{bob.say('nice weather')['id']}"
    id = path.rpartition("/")[2]

    answer = anns.post(f"{path}/{act}", return_to="/public#p1")
    assert answer.headers["Location"] == "/public#p1"
    assert ann.get(f"/api/v1/statuses/{id}").json()[field]
    token = {"csrf": anns.csrf("/home")}
    part = anns.session.post(f"{anns.url}{path}/{undo}", data=token, headers={"HX-Request": "true"}, timeout=10)
    assert not ann.get(f"/api/v1/statuses/{id}").json()[field]
    assert part.text.strip().startswith('<form class="acts"')


def test_an_error_answers_htmx_with_a_sentence(anns):
    answer = anns.send("/@x/5/favourite", {"csrf": anns.csrf("/home")}, headers={"HX-Request": "true"})

    assert answer.status_code == 404
    assert (
        answer.text == '<p class="problem" role="alert">It does not exist, is gone, or is not for everybody to see.</p>'
    )


def test_htmx_is_sent_to_the_login_page_when_the_session_has_ended(visitor):
    answer = visitor.get("/home", headers={"HX-Request": "true"}, allow_redirects=False)

    assert (answer.status_code, answer.headers["HX-Redirect"]) == (204, "/login?return_to=%2Fhome")


def test_a_locked_account_accepts_and_rejects_who_asks(server, anns, ann, bob):
    eve = server.person()
    ann.patch("/api/v1/accounts/update_credentials", locked=True)
    for asker in (bob, eve):
        assert logged_in(server, asker).post(f"/@{ann.name}/follow").status_code == 303

    page = anns.get("/follow-requests").text
    assert f"/@{bob.name}/accept" in page
    assert f"/@{eve.name}/reject" in page
    assert "2 people wait for your answer" in anns.get("/notifications").text
    anns.post(f"/@{bob.name}/accept")
    anns.post(f"/@{eve.name}/reject")

    assert [one["username"] for one in ann.get(f"/api/v1/accounts/{ann.id}/followers").json()] == [bob.name]
    assert anns.post(f"/@{eve.name}/accept").status_code == 404


def test_followers_are_listed_unless_their_owner_keeps_them_private(server, anns, ann, bob):
    bob.follow(ann)
    assert f"@{bob.name}" in anns.get(f"/@{ann.name}/followers").text

    anns.post("/settings", hide_network="1", display_name="Ann")

    assert "keeps this list private" in Visitor(server.url).get(f"/@{ann.name}/followers").text
    assert f"@{bob.name}" in anns.get(f"/@{ann.name}/followers").text


def test_settings_are_saved_and_what_is_wrong_comes_back(anns, ann):
    fields = [("csrf", anns.csrf("/settings")), ("display_name", "Ann <3"), ("note", "hello https://example.org")]
    fields += [("field_name", "Web"), ("field_value", "https://example.org/ann"), ("locked", "1")]
    files = {"avatar": ("a.png", png(), "image/png"), "header": ("h.png", png(), "image/png")}

    assert anns.send("/settings", fields, files=files).headers["Location"] == "/settings?saved=1"

    me = ann.get("/api/v1/accounts/verify_credentials").json()
    assert (me["display_name"], me["locked"], me["discoverable"]) == ("Ann <3", True, False)
    assert [field["name"] for field in me["fields"]] == ["Web"]
    assert "/media/profiles/" in me["avatar"]
    assert "/media/profiles/" in me["header"]
    page = anns.get(f"/@{ann.name}").text
    assert "Ann &lt;3" in page
    answer = anns.post("/settings", display_name="x" * 31, note="kept")
    assert answer.status_code == 422
    assert ">kept</textarea>" in answer.text
    assert anns.post("/settings/posting", visibility="private", language="de").status_code == 303
    assert '<option value="private" selected>' in anns.get("/compose").text
    assert anns.post("/settings/posting", visibility="direct").status_code == 422


def test_pictures_whose_profile_is_refused_are_not_kept(server, anns):
    kept = {file for file in (server.data / "media").rglob("*.*") if file.is_file()}
    files = {"avatar": ("a.png", png(), "image/png"), "header": ("h.png", png(), "image/png")}
    fields = {"csrf": anns.csrf("/settings"), "display_name": "x" * 31}

    assert anns.send("/settings", fields, files=files).status_code == 422

    assert {file for file in (server.data / "media").rglob("*.*") if file.is_file()} == kept


def test_alerts_are_counted_until_they_are_looked_at(anns, ann, bob):
    post = ann.say("look at this")
    bob.post(f"/api/v1/statuses/{post['id']}/favourite")
    bob.say(f"@{ann.name} nice")
    badge = re.compile(r'class="badge"[^>]*>(\d*)<')

    assert eventually(lambda: badge.findall(anns.get("/home").text) == ["2"])
    page = anns.get("/notifications").text
    assert "favourited your post" in page
    assert f"@{bob.name}" in page
    assert badge.findall(anns.get("/home").text) == [""]


def test_search_finds_people_tags_and_posts(server, anns, ann, bob):
    post = bob.say("A nuthatch on the feeder #nuthatches")

    def found(words: str, visitor: Visitor = anns) -> str:
        return visitor.get("/search", params={"q": words}).text

    assert eventually(lambda: "on the feeder" in found("nuthatch feeder"))
    assert "on the feeder" in found(f"feeder from:{bob.name}")
    assert "on the feeder" not in found("feeder from:me")
    assert f'href="/@{bob.name}"' in found(bob.name)
    assert 'href="/tags/nuthatches"' in found("#nuthatch")
    assert "on the feeder" in anns.get("/tags/Nuthatches").text
    assert anns.get("/search", params={"q": post["url"]}).url == post["url"]
    assert "on the feeder" not in found("nuthatch feeder", Visitor(server.url))
    bob.patch("/api/v1/accounts/update_credentials", indexable=False)
    assert "on the feeder" not in found("nuthatch feeder")


def test_older_posts_are_on_the_next_page(anns, ann):
    for n in range(23):
        ann.say(f"number {n}.")
    page = anns.get("/home").text
    older = re.search(r'href="\?before=(\d+)"', page)
    assert older

    rest = anns.get("/home", params={"before": older[1]}).text

    told = [re.findall(r"number (\d+)\.", part) for part in (page, rest)]
    assert told == [[str(n) for n in range(22, 2, -1)], ["2", "1", "0"]]
    assert anns.get("/home", params={"before": "x"}).status_code == 404


def test_a_blocked_person_sees_and_writes_nothing(server, anns, ann, bob):
    post = ann.say("not for bob")
    of_bob = logged_in(server, bob)
    assert anns.post(f"/@{bob.name}/block").status_code == 303

    assert of_bob.get(f"/@{ann.name}/{post['id']}").status_code == 404
    assert "not for bob" not in of_bob.get(f"/@{ann.name}").text
    assert of_bob.post(f"/@{ann.name}/follow").status_code == 404
    assert of_bob.post("/compose", text="hello", reply_to=post["id"]).status_code == 404


@pytest.mark.parametrize("htmx", [False, True])
def test_a_mark_on_a_post_that_is_hidden_now_is_taken_back(anns, ann, bob, htmx):
    post = bob.say("harvest moon")
    ann.post(f"/api/v1/statuses/{post['id']}/favourite")
    bob.post(f"/api/v1/accounts/{ann.id}/block")
    fields = {"csrf": anns.csrf("/settings"), "return_to": f"/@{bob.name}/{post['id']}"}

    answer = anns.send(
        f"/@{bob.name}/{post['id']}/unfavourite", fields, headers={"HX-Request": "true"} if htmx else None
    )

    assert answer.status_code == (200 if htmx else 303)
    assert ("taken back" in answer.text) if htmx else answer.headers["Location"] == "/home"
    bob.post(f"/api/v1/accounts/{ann.id}/unblock")
    assert not ann.get(f"/api/v1/statuses/{post['id']}").json()["favourited"]
