"""What the server says about itself, and that it is true."""

import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
import shapes
from client import Server, eventually

from chirrup import __version__
from chirrup.http.server_entities import (
    ExtendedDescription,
    Health,
    Instance,
    Links,
    NodeInfo,
    Rule,
    V1Instance,
)
from chirrup.http.wellknown import Jrd


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with settings of its own."""
    folder: Path = tmp_path_factory.mktemp("village")
    file = folder / "chirrup.toml"
    file.write_text(
        'title = "Village"\ndescription = "Bread & <b>butter</b>"\ncontact_email = "mayor@village.example"\n'
        'languages = ["de", "en"]\nrules = ["Be kind, always.", "No spam."]\n'
        "registrations = false\npost_chars_max = 20\n"
    )
    server = Server(folder / "data", env={"CHIRRUP_CONFIG": str(file)}).start()
    yield server
    server.stop()


def test_both_descriptions_name_the_address_and_where_to_listen(server):
    host = server.url.removeprefix("http://")
    first = shapes.decode(server.anyone().get("/api/v1/instance"), V1Instance)
    second = shapes.decode(server.anyone().get("/api/v2/instance"), Instance)

    assert (first.uri, second.domain) == (host, host)
    assert first.urls.streaming_api == second.configuration.urls.streaming == f"ws://{host}"
    assert requests.get(second.thumbnail.url, timeout=10).ok
    assert requests.get(second.configuration.urls.about, timeout=10).ok
    assert f"Chirrup {__version__}" in first.version == second.version


def test_nothing_is_promised_that_is_not_there(server):
    versions = server.anyone().get("/api/v2/instance").json()["api_versions"]

    for needs, path in (
        (2, "/api/v2/notifications/policy"),
        (7, "/api/v1/statuses/1/quotes"),
        (10, "/api/v1/collections/1"),
    ):
        known = path in server.anyone().get("/api/openapi.json").json()["paths"]
        assert versions["mastodon"] < needs or known
    assert "vapid" not in server.anyone().get("/api/v2/instance").json()["configuration"]


def test_the_limits_told_are_those_enforced(server, ann):
    told = shapes.decode(server.anyone().get("/api/v2/instance"), Instance).configuration

    chars, options = told.statuses.max_characters, told.polls.max_options
    poll = {"expires_in": told.polls.min_expiration}
    assert ann.say("x" * chars)
    assert ann.post("/api/v1/statuses", status="x" * (chars + 1)).status_code == 422
    longest = ["x" * (told.polls.max_characters_per_option - 1) + str(n) for n in range(options)]
    assert ann.say("?", poll=poll | {"options": longest})
    for bad in (
        {"options": [*longest, "one more"]},
        {"options": ["x" + longest[0], "b"]},
        {"options": ["a", "b"], "expires_in": 1},
    ):
        assert ann.post("/api/v1/statuses", status="?", poll=poll | bad).status_code == 422
    update = "/api/v1/accounts/update_credentials"
    limits = told.accounts
    for key, most in (("display_name", limits.max_display_name_length), ("note", limits.max_note_length)):
        assert ann.patch(update, **{key: "x" * most}).ok
        assert ann.patch(update, **{key: "x" * (most + 1)}).status_code == 422
    field = {"name": "n" * limits.profile_field_name_limit, "value": "v" * limits.profile_field_value_limit}
    assert ann.patch(update, fields_attributes=[field] * limits.max_profile_fields).ok
    assert ann.patch(update, fields_attributes=[field] * (limits.max_profile_fields + 1)).status_code == 422


def test_settings_are_told(village):
    first = shapes.decode(village.anyone().get("/api/v1/instance"), V1Instance)
    second = shapes.decode(village.anyone().get("/api/v2/instance"), Instance)

    assert (first.title, second.title, second.contact.email) == ("Village", "Village", "mayor@village.example")
    assert (first.short_description, second.description) == ("Bread & <b>butter</b>", "Bread & <b>butter</b>")
    assert first.description == "Bread &amp; &lt;b&gt;butter&lt;/b&gt;"
    assert (first.languages, second.configuration.statuses.max_characters) == (["de", "en"], 20)
    assert (first.registrations, second.registrations.enabled) == (False, False)
    assert [rule.text for rule in second.rules] == ["Be kind, always.", "No spam."]
    assert shapes.decode(village.anyone().get("/api/v1/instance/rules"), list[Rule]) == second.rules == first.rules


def test_the_numbers_follow_what_happens(tmp_path: Path):
    """On a server of its own: what was counted before is kept for a while, the longer the more there is to count."""
    with Server(tmp_path / "data") as server:

        def numbers() -> tuple[int, int]:
            stats = server.anyone().get("/api/v1/instance").json()["stats"]
            return stats["user_count"], stats["status_count"]

        assert numbers() == (0, 0)
        writer = server.person()
        writer.say("for all")
        writer.say("for one", visibility="direct")

        eventually(lambda: numbers() == (1, 1), within_s=20)
        assert server.anyone().get("/api/v2/instance").json()["usage"]["users"]["active_month"] == 1
