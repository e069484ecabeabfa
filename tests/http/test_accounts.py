"""Accounts: found, shown, and changed by their owners."""

import io
import re

import pytest
import requests
import shapes
from client import Person, eventually
from PIL import Image
from visitor import Visitor

from chirrup.mastodon.entities import Account, CredentialAccount, Preferences

UPDATE = "/api/v1/accounts/update_credentials"


def update(person: Person, **body) -> CredentialAccount:
    return shapes.decode(person.patch(UPDATE, **body), CredentialAccount)


def picture(color: str, kind: str = "PNG", frames: int = 1) -> bytes:
    out = io.BytesIO()
    images = [Image.new("RGB", (50, 30), color if n == 0 else "white") for n in range(frames)]
    images[0].save(out, kind, **({"save_all": True, "append_images": images[1:]} if frames > 1 else {}))
    return out.getvalue()


def upload(person: Person, **files: bytes) -> requests.Response:
    """An upload as masto.js sends it, with a wrong name and type."""
    return person.call("PATCH", UPDATE, files={name: ("blob", data, "image/jpeg") for name, data in files.items()})


def middle(url: str) -> tuple[int, int, int]:
    image = Image.open(io.BytesIO(requests.get(url, timeout=10).content)).convert("RGB")
    return image.getpixel((image.width // 2, image.height // 2))  # pyright: ignore[reportReturnType]


# finding accounts


def test_an_account_is_shown_to_everybody(server, ann):
    found = shapes.decode(server.anyone().get(f"/api/v1/accounts/{ann.id}"), Account)

    assert (found.id, found.username, found.acct, found.display_name) == (ann.id, ann.name, ann.name, "")
    assert found.url == f"{server.url}/@{ann.name}"
    assert found.created_at.endswith("T00:00:00.000Z")
    assert requests.get(found.avatar, timeout=10).ok
    assert requests.get(found.header, timeout=10).ok


def test_several_come_in_the_order_asked_for(server, ann, bob):
    found = shapes.decode(server.anyone().get("/api/v1/accounts", **{"id[]": [bob.id, "7", ann.id]}), list[Account])

    assert [one.id for one in found] == [bob.id, ann.id]


def test_a_name_is_looked_up_in_any_case_with_and_without_the_host(server, ann):
    host = server.url.removeprefix("http://")

    for acct in (ann.name, ann.name.upper(), f"@{ann.name}", f"{ann.name}@{host}", f"@{ann.name}@{host.upper()}"):
        assert server.anyone().get("/api/v1/accounts/lookup", acct=acct).json()["id"] == ann.id, acct


@pytest.mark.parametrize("acct", ["nobody_at_all", "", "@", "{name}@elsewhere.example", "ａnn", "x" * 10_000])
def test_other_names_are_not_found(server, ann, acct):
    found = server.anyone().get("/api/v1/accounts/lookup", acct=acct.format(name=ann.name))

    assert (found.status_code, found.json()) == (404, {"error": "Record not found"})


@pytest.mark.parametrize("id", ["undefined", "null", "-1", str(2**64), "٣", "..%2F", "9" * 10_000, "1", "%00"])
def test_ids_that_nobody_has_are_not_found(server, id):
    found = server.anyone().get(f"/api/v1/accounts/{id}")

    assert (found.status_code, found.json()) == (404, {"error": "Record not found"})


def test_a_suspended_account_shows_its_name_alone(server, ann, bob):
    update(bob, display_name="Bob", note="my life", fields_attributes=[{"name": "a", "value": "b"}])
    bob.say("something")

    server.command("user", "suspend", bob.name)

    found = shapes.decode(ann.get(f"/api/v1/accounts/{bob.id}"), Account)
    assert (found.suspended, found.display_name, found.note, found.fields) == (True, "", "", [])
    assert found.statuses_count == 0
    assert ann.get(f"/api/v1/accounts/{bob.id}/statuses").json() == []


# one's own account


def test_ones_own_account_has_more_to_it(server, ann):
    found = shapes.decode(ann.get("/api/v1/accounts/verify_credentials"), CredentialAccount)

    assert (found.locked, found.source.privacy, found.source.sensitive, found.source.language) == (
        False,
        "public",
        False,
        None,
    )
    assert found.role.permissions == "0"
    assert server.anyone().get("/api/v1/accounts/verify_credentials").status_code == 401


def test_every_text_and_switch_can_be_changed(server, ann):
    made = update(
        ann,
        display_name="Ann 🐦",
        note="I sing.\nhttps://example.com",
        locked=True,
        bot=True,
        discoverable=False,
        hide_collections=True,
        indexable=False,
        fields_attributes=[{"name": "home", "value": "https://example.com"}, {"name": "", "value": ""}],
        source={"privacy": "unlisted", "sensitive": True, "language": "de"},
    )

    assert (made.display_name, made.source.note) == ("Ann 🐦", "I sing.\nhttps://example.com")
    assert "<a href=" in made.note
    assert (made.locked, made.bot, made.discoverable, made.hide_collections) == (True, True, False, True)
    assert (made.indexable, made.source.indexable, made.source.hide_collections) == (False, False, True)
    assert [(f.name, f.value) for f in made.source.fields] == [("home", "https://example.com")]
    assert "<a href=" in made.fields[0].value
    assert (made.source.privacy, made.source.sensitive, made.source.language) == ("unlisted", True, "de")
    assert made == shapes.decode(ann.get("/api/v1/accounts/verify_credentials"), CredentialAccount)
    assert server.anyone().get(f"/api/v1/accounts/{ann.id}").json()["display_name"] == "Ann 🐦"


def test_what_is_not_named_stays_and_empty_means_empty(ann):
    update(ann, display_name="Ann", note="I sing.", locked=True, fields_attributes=[{"name": "a", "value": "b"}])

    made = update(ann, note="")

    assert (made.display_name, made.note, made.locked, len(made.fields)) == ("Ann", "", True, 1)
    assert update(ann, fields_attributes=[]).fields == []


@pytest.mark.parametrize("how", ["json", "data", "multipart"])
def test_a_profile_is_read_as_form_multipart_and_json(ann, how):
    flat = {
        "display_name": "Ann",
        "locked": "true",
        "source[privacy]": "private",
        "fields_attributes[420][name]": "first",
        "fields_attributes[420][value]": "1",
        "fields_attributes[-7][name]": "second",
        "fields_attributes[-7][value]": "2",
    }
    nested = {
        "display_name": "Ann",
        "locked": "true",
        "source": {"privacy": "private"},
        "fields_attributes": {"420": {"name": "first", "value": "1"}, "-7": {"name": "second", "value": "2"}},
    }
    body = {
        "json": {"json": nested},
        "data": {"data": flat},
        "multipart": {"files": {k: (None, v) for k, v in flat.items()}},
    }

    made = shapes.decode(ann.call("PATCH", UPDATE, **body[how]), CredentialAccount)

    assert (made.display_name, made.locked, made.source.privacy) == ("Ann", True, "private")
    assert [(f.name, f.value) for f in made.source.fields] == [("first", "1"), ("second", "2")]


def test_a_list_of_fields_may_come_in_a_form(ann):
    form = [("fields_attributes[][name]", "a"), ("fields_attributes[][value]", "1"), ("fields_attributes[][name]", "b")]

    made = ann.call("PATCH", UPDATE, data=form).json()

    assert [(f["name"], f["value"]) for f in made["source"]["fields"]] == [("a", "1"), ("b", "")]


@pytest.mark.parametrize(
    "body",
    [
        {"display_name": "x" * 31},
        {"note": "x" * 501},
        {"fields_attributes": [{"name": str(n), "value": "v"} for n in range(5)]},
        {"fields_attributes": [{"name": "x" * 256, "value": "v"}]},
        {"fields_attributes": [{"name": "n", "value": "x" * 256}]},
        {"fields_attributes": "text"},
        {"source": {"privacy": "direct"}},
        {"source": {"privacy": "nonsense"}},
        {"source": {"language": "x" * 50}},
        {"source": []},
        {"locked": ["true"]},
        {"display_name": 7.5},
        {"note": "\ud800"},
        {"display_name": "a" + "\u0301" * 5000},
        {"avatar": "text"},
    ],
)
def test_what_is_too_long_or_of_another_kind_is_refused_and_changes_nothing(ann, body):
    before = ann.get("/api/v1/accounts/verify_credentials").json()

    refused = ann.patch(UPDATE, **{"display_name": "changed"} | body)

    assert refused.status_code in (400, 422), refused.text
    assert refused.json()["error"]
    assert ann.get("/api/v1/accounts/verify_credentials").json() == before


def test_the_longest_of_everything_is_kept(ann):
    made = update(
        ann,
        display_name="👨‍👩‍👧‍👦" * 15 + "ä" * 15,
        note="ä" * 500,
        fields_attributes=[{"name": "n" * 255, "value": "v" * 255}] * 4,
    )

    assert (len(made.source.note), len(made.source.fields), len(made.source.fields[3].value)) == (500, 4, 255)


def test_what_is_not_the_owners_to_change_stays(server, ann):
    before = ann.get("/api/v1/accounts/verify_credentials").json()

    after = ann.patch(
        UPDATE,
        id="1",
        username="other",
        acct="other",
        email="other@example.com",
        role={"id": "3", "permissions": "1"},
        admin=True,
        suspended=True,
        followers_count=1000,
        created_at="2000-01-01T00:00:00.000Z",
        account_id="1",
        disabled=1,
    ).json()

    assert after == before
    assert ann.get("/api/v1/admin/accounts").status_code != 200


def test_nobody_sees_a_mail_address_or_a_hash(server, ann):
    for path in ("accounts/verify_credentials", f"accounts/{ann.id}", "preferences"):
        text = ann.get(f"/api/v1/{path}").text
        assert "@example.com" not in text
        assert "argon2" not in text


def test_new_posts_follow_the_preferences(ann):
    update(ann, source={"privacy": "private", "sensitive": True, "language": "fr"})

    preferred = shapes.decode(ann.get("/api/v1/preferences"), Preferences)
    post = ann.say("bonjour")

    assert (preferred.default_visibility, preferred.default_sensitive, preferred.default_language) == (
        "private",
        True,
        "fr",
    )
    assert (post["visibility"], post["language"]) == ("private", "fr")


def test_scripts_in_a_profile_stay_text(ann):
    bad = "<script>alert(1)</script><img src=x onerror=alert(1)>"

    made = update(ann, note=bad, display_name="<b>x</b>", fields_attributes=[{"name": bad, "value": bad}])

    assert "<script" not in made.note
    assert "<img" not in made.note + made.fields[0].value


# pictures


def test_avatar_and_header_are_shown_and_replaced_ones_deleted(ann):
    first = shapes.decode(upload(ann, avatar=picture("red"), header=picture("lime")), CredentialAccount)
    assert middle(first.avatar)[0] > 200 and middle(first.header)[1] > 200
    assert first.avatar == first.avatar_static

    second = upload(ann, avatar=picture("blue")).json()

    assert middle(second["avatar"])[2] > 200
    assert second["header"] == first.header
    assert requests.get(first.avatar, timeout=10).status_code == 404
    name = first.avatar.rsplit("/", 1)[1]
    eventually(lambda: not (ann.server.data / "media" / name[:2] / name[2:4] / name[4:]).exists())
    assert requests.get(second["avatar"], timeout=10).ok


def test_an_avatar_that_moves_has_one_that_stands_still(ann):
    made = upload(ann, avatar=picture("red", "GIF", frames=3)).json()

    assert made["avatar"] != made["avatar_static"]
    assert middle(made["avatar_static"])[0] > 200


@pytest.mark.parametrize("name", ["avatar", "header"])
def test_pictures_can_be_taken_away(ann, name):
    before = ann.get("/api/v1/accounts/verify_credentials").json()
    url = upload(ann, **{name: picture("red")}).json()[name]
    assert url != before[name]

    for _ in range(2):
        after = shapes.decode(ann.delete(f"/api/v1/profile/{name}"), CredentialAccount)
        assert getattr(after, name) == before[name]
    assert requests.get(url, timeout=10).status_code == 404


@pytest.mark.parametrize("name", ["avatar", "header"])
@pytest.mark.parametrize("data", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_is_no_picture_is_refused_by_its_name(ann, name, data):
    before = ann.get("/api/v1/accounts/verify_credentials").json()

    refused = ann.call("PATCH", UPDATE, files={name: ("a.png", data, "image/png")}, data={"display_name": "changed"})

    assert refused.status_code == 422
    assert name in refused.json()["error"]
    assert ann.get("/api/v1/accounts/verify_credentials").json() == before


def test_pictures_whose_profile_is_refused_are_not_kept(ann):
    kept = ann.server.data / "media"
    before = set(kept.rglob("*.*"))

    refused = ann.call("PATCH", UPDATE, files={"header": ("a", picture("red"), "image/png")}, data={"note": "x" * 501})

    assert refused.status_code == 422
    assert {file for file in set(kept.rglob("*.*")) - before if file.is_file()} == set()


def test_changes_need_the_scope_and_a_person(server, ann):
    assert server.anyone().patch(UPDATE, note="x").status_code == 401
    reader = Person(
        server,
        server.command(
            "user",
            "create",
            f"r{ann.id[-6:]}",
            "--email",
            f"r{ann.id}@example.com",
            "--password",
            "password",
            "--token",
            "read",
        ),
    )
    assert reader.get("/api/v1/preferences").ok
    for answer in (reader.patch(UPDATE, note="x"), reader.delete("/api/v1/profile/avatar")):
        assert (answer.status_code, answer.json()["error"]) == (403, "This action is outside the authorized scopes")


def test_an_empty_sign_up_is_told_all_that_is_missing(server, ann):
    refused = ann.post("/api/v1/accounts")

    blank = {"error": "ERR_BLANK", "description": "can't be blank"}
    assert refused.status_code == 422
    assert refused.json()["details"] == {
        "username": [blank],
        "email": [blank, {"error": "ERR_INVALID", "description": "is invalid"}],
        "password": [blank],
        "agreement": [{"error": "ERR_ACCEPTED", "description": "must be accepted"}],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [("username", "a b"), ("username", "root"), ("username", ""), ("email", "nobody"), ("email", ""), ("password", "")],
)
def test_what_an_app_cannot_sign_up_with_the_page_refuses_too(server, ann, field, value):
    wanted = {"username": f"x{ann.id}", "email": f"x{ann.id}@example.com", "password": "password"} | {field: value}

    by_app = ann.post("/api/v1/accounts", **wanted, agreement=True)
    by_page = Visitor(server.url).post("/sign-up", csrf_from="/sign-up", **wanted)

    assert by_app.status_code == by_page.status_code == 422
    assert list(by_app.json()["details"]) == re.findall(r'id="(\w+)-problem"', by_page.text) == [field]


def test_an_app_is_told_where_to_ask_whose_token_it_holds(server, ann):
    metadata = requests.get(f"{server.url}/.well-known/oauth-authorization-server", timeout=10).json()
    update(ann, display_name="Ann")
    me = ann.get("/api/v1/accounts/verify_credentials").json()

    for ask in (ann.get, ann.post):
        claims = ask(metadata["userinfo_endpoint"]).json()
        assert (claims["iss"], claims["sub"]) == (metadata["issuer"], me["uri"])
        assert (claims["name"], claims["preferred_username"]) == ("Ann", me["username"])
        assert (claims["profile"], claims["picture"]) == (me["url"], me["avatar"])


# names that are refused


@pytest.mark.parametrize(
    "name", ["admin", "ADMIN", "Root", "support", "{ann}", "{ANN}", "ａｎｎ", "аnn", "a b", "a.b", "x" * 31, ""]
)
def test_reserved_equal_and_odd_names_are_refused(server, ann, name):
    name = name.format(ann=ann.name, ANN=ann.name.upper())
    body = {"username": name, "email": f"{ann.id}@example.org", "password": "password", "agreement": True}

    refused = ann.post("/api/v1/accounts", **body)

    assert refused.status_code == 422
    assert list(refused.json()["details"]) == ["username"]


def test_a_mention_in_a_profile_is_linked(server, ann, bob):
    domain = server.url.removeprefix("http://")
    fields = [{"name": "team", "value": f"@{bob.name.upper()}"}, {"name": "@x", "value": f"@{bob.name}@{domain}"}]
    note = f"With @{bob.name}, not @{bob.name}@remote.example, @nobody_{bob.name}\nx@{bob.name}"
    link = f'<a href="{server.url}/@{bob.name}" class="u-url mention">@<span>'

    own = ann.patch("/api/v1/accounts/update_credentials", note=note, fields_attributes=fields).json()

    shown = bob.get(f"/api/v1/accounts/{ann.id}").json()
    by_post = ann.say("hi")["account"]
    for one in (own, shown, by_post):
        assert one["note"].count(link) == one["note"].count("<a ") == 1
        assert [field["value"].count(link) for field in one["fields"]] == [1, 1]
    assert own["source"]["note"] == note
    assert own["source"]["fields"][0]["value"] == f"@{bob.name.upper()}"
    page = requests.get(f"{server.url}/@{ann.name}", timeout=10).text
    assert page.count(f'<a href="/@{bob.name}" class="u-url mention">') == 3


def test_a_taken_address_is_answered_like_a_free_one_and_a_taken_name_is_told(server, ann):
    form = {"password": "password", "agreement": True, "locale": "en"}
    taken, free = (
        ann.post("/api/v1/accounts", username=f"x{n}{ann.id}", email=email, **form)
        for n, email in enumerate((f"{ann.name}@example.com", f"free{ann.id}@example.com"))
    )

    assert (
        (taken.status_code, taken.json().keys()) == (free.status_code, free.json().keys()) == (200, taken.json().keys())
    )
    name = ann.post("/api/v1/accounts", username=ann.name, email=f"{ann.name}@example.com", **form)
    assert name.status_code == 422
    assert name.json()["details"].keys() == {"username"}
    assert name.json()["details"]["username"][0]["error"] == "ERR_TAKEN"
