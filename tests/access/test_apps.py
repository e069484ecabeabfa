import pytest
from access_kit import URI

from chirrup.access import apps, redirects
from chirrup.errors import Invalid, NotFound, OAuthError


async def test_an_app_is_known_by_its_id_and_proven_by_its_secret(db):
    app, secret = await db.write(apps.register, " My  App ", f"{URI}\nmyapp://done", "read push", "https://app.example")

    assert (app.name, app.redirect_uris, app.scopes) == ("My App", f"{URI}\nmyapp://done", "read push")
    assert await db.read(apps.get, app.id) == app
    assert secret not in str(app)
    assert (await db.read(apps.identify, app.client_id, secret)).proven
    assert not (await db.read(apps.identify, app.client_id)).proven


@pytest.mark.parametrize("client_id", ["", "x", "a" * 43, "\x00" * 43, "a" * 10_000, "' OR 1=1 --"])
async def test_an_unknown_client_is_refused(db, client_id):
    with pytest.raises(OAuthError) as refusal:
        await db.read(apps.identify, client_id, "secret")
    assert refusal.value.error == "invalid_client"


@pytest.mark.parametrize("wrong", ["x", "\x00", "é", "\ud800"])
async def test_a_wrong_secret_is_refused_not_ignored(db, client, wrong):
    with pytest.raises(OAuthError) as refusal:
        await db.read(apps.identify, client.app.client_id, wrong)
    assert refusal.value.error == "invalid_client"


async def test_an_app_without_a_secret_cannot_be_proven(db):
    app, secret = await db.write(apps.register, "Page", URI, public=True)

    assert secret == ""
    assert not (await db.read(apps.identify, app.client_id, "")).proven
    with pytest.raises(OAuthError):
        await db.read(apps.identify, app.client_id, "anything")


async def test_the_scopes_default_to_read_and_an_unknown_app_is_not_found(db):
    assert (await db.write(apps.register, "App", URI))[0].scopes == "read"
    with pytest.raises(NotFound):
        await db.read(apps.get, 4711)


@pytest.mark.parametrize(
    "uri",
    [
        "urn:ietf:wg:oauth:2.0:oob",
        "https://app.example",
        "https://app.example:8443/a/b?c=d",
        "http://app.example/callback",
        "http://127.0.0.1:4000/callback",
        "http://[::1]/callback",
        "http://localhost:8080/",
        "tusky://oauth",
        "com.example.app:/callback",
        "ivory-app://",
    ],
)
async def test_web_pages_loopback_and_native_apps_may_be_redirected_to(db, uri):
    app, _ = await db.write(apps.register, "App", [uri])
    assert app.redirect_uris == uri


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "data:text/html,hello",
        "file:///etc/passwd",
        "vbscript:x",
        "view-source:https://app.example",
        "blob:https://app.example/1",
        "urn:ietf:wg:oauth:2.0:oob:auto",
        "/callback",
        "//app.example/callback",
        "app.example",
        "https:",
        "https://",
        "https:///callback",
        "https:app.example",
        "https://user@app.example/",
        "https://app.example@evil.example/",
        "https://app.example:port/",
        "https://app.example:99999/",
        "https://app.example/#fragment",
        "https://app.example/\\evil",
        "https://app.example/a b",
        "https://app.example/\x00",
        "https://äpp.example/",
        "https://app.example/" + "a" * 2000,
        "",
    ],
)
async def test_other_redirect_uris_are_refused(db, uri):
    with pytest.raises(Invalid) as refusal:
        await db.write(apps.register, "App", [uri])
    assert refusal.value.field == "redirect_uris"


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("client_name", {"name": ""}),
        ("client_name", {"name": " \n"}),
        ("client_name", {"name": "x" * 10_000}),
        ("client_name", {"name": "a\x00b"}),
        ("client_name", {"name": "a\ud800b"}),
        ("redirect_uris", {"redirect_uris": ""}),
        ("redirect_uris", {"redirect_uris": [f"https://app.example/{n}" for n in range(1000)]}),
        ("scopes", {"asked_scopes": "read everything"}),
        ("website", {"website": "javascript:alert(1)"}),
        ("website", {"website": "app.example"}),
        ("website", {"website": "https://[x"}),
        ("website", {"website": "https://app.example/" + "a" * 2000}),
    ],
)
async def test_what_is_wrong_with_an_app_is_named(db, field, given):
    with pytest.raises(Invalid) as refusal:
        await db.write(apps.register, **({"name": "App", "redirect_uris": URI} | given))
    assert refusal.value.field == field


@pytest.mark.parametrize(
    "asked",
    [
        "https://app.example/callback/",
        "https://app.example/callback/more",
        "https://app.example/Callback",
        "https://app.example/callback?x=1",
        "https://app.example/callback#x",
        "https://app.example/%63allback",
        "https://app.example/x/%2e%2e/callback",
        "https://app.example/x/../callback",
        "https://app.example:443/callback",
        "https://APP.example/callback",
        "https://sub.app.example/callback",
        "https://app.example@evil.example/callback",
        "https://app.example.evil.example/callback",
        "http://app.example/callback",
        " https://app.example/callback",
        "https://app.example/callback\n",
        "",
    ],
)
def test_a_redirect_uri_must_match_to_the_letter(asked):
    assert redirects.is_registered(URI, [URI])
    assert not redirects.is_registered(asked, [URI])


@pytest.mark.parametrize(
    ("asked", "known", "expected"),
    [
        ("http://127.0.0.1:51234/done", "http://127.0.0.1/done", True),
        ("http://127.0.0.1/done", "http://127.0.0.1:80/done", True),
        ("http://[::1]:51234/done?a=b", "http://[::1]:1/done?a=b", True),
        ("http://127.0.0.1:51234", "http://127.0.0.1", True),
        ("http://127.0.0.1:51234/other", "http://127.0.0.1/done", False),
        ("http://127.0.0.1:1@evil.example/done", "http://127.0.0.1/done", False),
        ("http://127.0.0.1:1.evil.example/done", "http://127.0.0.1/done", False),
        ("http://127.0.0.1:/done", "http://127.0.0.1/done", False),
        ("http://127.0.0.2:1/done", "http://127.0.0.1/done", False),
        ("http://[::1]:1/done", "http://127.0.0.1/done", False),
        ("https://127.0.0.1:2/done", "https://127.0.0.1:1/done", False),
        ("http://localhost:2/done", "http://localhost:1/done", False),
        ("http://app.example:2/done", "http://app.example:1/done", False),
    ],
)
def test_only_the_port_of_a_loopback_address_may_differ(asked, known, expected):
    assert redirects.is_registered(asked, [known]) is expected


def test_the_answer_is_added_to_the_redirect_uri():
    assert (
        redirects.answer("https://a.example/x", code="c", state="a b&c") == "https://a.example/x?code=c&state=a+b%26c"
    )
    assert redirects.answer("https://a.example/x?y=1", code="c", state="") == "https://a.example/x?y=1&code=c"
    assert redirects.answer("tusky://oauth", error="access_denied") == "tusky://oauth?error=access_denied"
