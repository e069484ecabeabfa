"""The server's description of itself, and that it is true."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
import requests
import shapes
from client import Person, Server, eventually
from world import name_of

from chirrup import __version__
from chirrup.http.arguments import Arguments
from chirrup.mastodon.api_versions import API_VERSION, VERSIONS
from chirrup.mastodon.server_entities import (
    ExtendedDescription,
    Health,
    Instance,
    Links,
    NodeInfo,
    PrivacyPolicy,
    Rule,
    TermsOfService,
    V1Instance,
    WeekActivity,
)
from chirrup.mastodon.wellknown import Jrd
from chirrup.programs import ROUTES


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with settings of its own."""
    folder: Path = tmp_path_factory.mktemp("village")
    file = folder / "chirrup.toml"
    file.write_text(
        'title = "Village"\ndescription = "Bread & <b>butter</b>"\ncontact_email = "mayor@village.example"\n'
        'languages = ["de", "en"]\nrules = ["Be kind, always.", {text = "No spam.", hint = "Nor chains.", '
        'translations = {de = {text = "Kein Spam."}, fr = {text = "Pas de spam.", hint = "Ni de chaînes."}}}]\n'
        'contact_account = "mayor"\n'
        'registrations = "closed"\npost_chars_max = 20\n'
    )
    papers = folder / "papers"
    papers.mkdir()
    (papers / "about.txt").write_text("Our <village>.\n\nSee https://town.example")
    (papers / "privacy.html").write_text("<h3>Privacy</h3>")
    for date in ("2020-01-31", "2021-01-31", "4000-01-31", "2021-31-01"):
        (papers / f"terms-{date}.txt").write_text(f"Terms of {date}")
    env = {"CHIRRUP_CONFIG": str(file), "CHIRRUP_DOCUMENTS": str(papers)}
    server = Server(folder / "data", env=env).start()
    yield server
    server.stop()


def test_both_descriptions_name_the_address_and_where_to_listen(server: Server):
    host = server.url.removeprefix("http://")
    first = shapes.decode(server.anyone().get("/api/v1/instance"), V1Instance)
    second = shapes.decode(server.anyone().get("/api/v2/instance"), Instance)

    assert (first.uri, second.domain) == (host, host)
    assert first.urls.streaming_api == second.configuration.urls.streaming == f"ws://{host}"
    assert requests.get(second.thumbnail.url, timeout=10).ok
    assert requests.get(second.configuration.urls.about, timeout=10).ok
    assert f"Chirrup {__version__}" in first.version == second.version


def test_nothing_is_promised_that_is_not_there(server: Server):
    """The number that is told, and the table of what each stands for, against the tables of routes."""
    there = {name_of(route): Arguments(route.handler) for route in ROUTES}

    def has(method: str, path: str, field: str = "") -> bool:
        taken = there.get(f"{method} {path}")
        kinds = (taken.query, taken.body) if taken else ()
        fields = {one.encode_name for kind in kinds if kind for one in msgspec.structs.fields(kind)}
        return bool(taken) and (not field or field in fields)

    missing = {number: [one for one in version.needs if not has(*one.split())] for number, version in VERSIONS.items()}

    assert list(VERSIONS) == list(range(1, 11))
    assert {number for number, needs in missing.items() if not needs} >= set(range(1, API_VERSION + 1)), missing
    assert server.anyone().get("/api/v2/instance").json()["api_versions"] == {"mastodon": API_VERSION}


def test_the_limits_told_are_those_enforced(server: Server, ann: Person):
    configuration = shapes.decode(server.anyone().get("/api/v2/instance"), Instance).configuration

    chars, options = configuration.statuses.max_characters, configuration.polls.max_options
    poll = {"expires_in": configuration.polls.min_expiration}
    assert ann.say("x" * chars)
    assert ann.post("/api/v1/statuses", status="x" * (chars + 1)).status_code == 422
    longest = ["x" * (configuration.polls.max_characters_per_option - 1) + str(n) for n in range(options)]
    assert ann.say("?", poll=poll | {"options": longest})
    for bad in (
        {"options": [*longest, "one more"]},
        {"options": ["x" + longest[0], "b"]},
        {"options": ["a", "b"], "expires_in": 1},
    ):
        assert ann.post("/api/v1/statuses", status="?", poll=poll | bad).status_code == 422
    update = "/api/v1/accounts/update_credentials"
    limits = configuration.accounts
    for key, most in (("display_name", limits.max_display_name_length), ("note", limits.max_note_length)):
        assert ann.patch(update, **{key: "x" * most}).ok
        assert ann.patch(update, **{key: "x" * (most + 1)}).status_code == 422
    field = {"name": "n" * limits.profile_field_name_limit, "value": "v" * limits.profile_field_value_limit}
    assert ann.patch(update, fields_attributes=[field] * limits.max_profile_fields).ok
    assert ann.patch(update, fields_attributes=[field] * (limits.max_profile_fields + 1)).status_code == 422


def test_settings_are_told(village: Server):
    first = shapes.decode(village.anyone().get("/api/v1/instance"), V1Instance)
    second = shapes.decode(village.anyone().get("/api/v2/instance"), Instance)

    assert (first.title, second.title, second.contact.email) == ("Village", "Village", "mayor@village.example")
    assert (first.short_description, second.description) == ("Bread & <b>butter</b>", "Bread & <b>butter</b>")
    assert first.description == "Bread &amp; &lt;b&gt;butter&lt;/b&gt;"
    assert (first.languages, second.configuration.statuses.max_characters) == (["de", "en"], 20)
    assert (first.registrations, second.registrations.enabled) == (False, False)
    assert [rule.text for rule in second.rules] == ["Be kind, always.", "No spam."]
    assert shapes.decode(village.anyone().get("/api/v1/instance/rules"), list[Rule]) == second.rules == first.rules
    kind, spam = village.anyone().get("/api/v1/instance/rules").json()
    assert (kind["hint"], kind["translations"], spam["hint"]) == ("", {}, "Nor chains.")
    german, french = ({"text": "Kein Spam.", "hint": ""}, {"text": "Pas de spam.", "hint": "Ni de chaînes."})
    assert spam["translations"] == {"de": german, "fr": french}


def test_documents_are_told_to_apps_and_on_a_page(village: Server):
    asked, path = village.anyone(), "/api/v1/instance"
    told = shapes.decode(asked.get(f"{path}/extended_description"), ExtendedDescription)
    assert told.content.startswith("<p>Our &lt;village&gt;.</p><p>See <a href=")
    assert told.updated_at and told.updated_at > "2026"
    assert shapes.decode(asked.get(f"{path}/privacy_policy"), PrivacyPolicy).content == "<h3>Privacy</h3>"
    terms = shapes.decode(asked.get(f"{path}/terms_of_service"), TermsOfService)
    assert (terms.effective_date, terms.effective, terms.succeeded_by) == ("2021-01-31", True, "4000-01-31")
    assert terms.content == "<p>Terms of 2021-01-31</p>"
    for date, successor in (("2020-01-31", "2021-01-31"), ("4000-01-31", None)):
        one = shapes.decode(asked.get(f"{path}/terms_of_service/{date}"), TermsOfService)
        assert (one.effective_date, one.effective, one.succeeded_by) == (date, False, successor)
    for other in ("2019-01-01", "2021-31-01", "today", "..%2Fabout", "x" * 5000):
        assert asked.get(f"{path}/terms_of_service/{other}").status_code == 404
    urls = asked.get("/api/v2/instance").json()["configuration"]["urls"]
    page = requests.get(urls["terms_of_service"], timeout=10).text
    assert urls["privacy_policy"].startswith(f"{village.url}/about#")
    for part in ("Our &lt;village&gt;", "<h3>Privacy</h3>", "Terms of 2021", "Nor chains.", 'id="terms"'):
        assert part in page


def test_who_may_be_written_to_is_told(village: Server):
    asked = village.anyone()
    assert asked.get("/api/v2/instance").json()["contact"]["account"] is None  # nobody has the name yet
    village.command("user", "create", "mayor", "--email", "m@example.com", "--password", "password")

    account = asked.get("/api/v2/instance").json()["contact"]["account"]
    assert account["username"] == "mayor"
    assert asked.get("/api/v1/instance").json()["contact_account"] == account


def test_the_numbers_follow_what_happens(tmp_path: Path):
    """On a new server, because counts are cached: the more there is to count, the longer."""
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
        weeks = shapes.decode(server.anyone().get("/api/v1/instance/activity"), list[WeekActivity])
        assert [(one.statuses, one.logins, one.registrations) for one in weeks] == [("1", "1", "1"), *[("0",) * 3] * 11]
        begun = [int(one.week) for one in weeks]
        assert begun == [begun[0] - n * 7 * 86400 for n in range(12)]
        assert datetime.fromtimestamp(begun[0], UTC).strftime("%A %H:%M:%S") == "Monday 00:00:00"


def test_a_new_servers_extended_description_is_empty(server: Server):
    answer = server.anyone().get("/api/v1/instance/extended_description")

    assert shapes.decode(answer, ExtendedDescription)
    assert answer.json() == {"content": "", "updated_at": None}


def test_there_are_no_other_servers_and_no_translations(server: Server):
    assert server.anyone().get("/api/v1/instance/peers").json() == []
    assert server.anyone().get("/api/v1/instance/translation_languages").json() == {}


@pytest.mark.parametrize("path", ["domain_blocks", "privacy_policy", "terms_of_service"])
def test_what_is_not_there_is_not_found(server: Server, path: str):
    assert server.anyone().get(f"/api/v1/instance/{path}").status_code == 404


def test_health_is_green_while_all_is_well(server: Server):
    assert shapes.decode(server.anyone().get("/health"), Health).status == "OK"


def test_nodeinfo_is_found_and_names_the_software(server: Server):
    index = shapes.decode(server.anyone().get("/.well-known/nodeinfo"), Links)

    assert [link.rel.rsplit("/", 1)[1] for link in index.links] == ["2.0", "2.1"]
    for link, version in zip(index.links, ("2.0", "2.1"), strict=True):
        info = shapes.decode(requests.get(link.href, timeout=10), NodeInfo)
        assert (info.version, info.software.name, info.software.version) == (version, "chirrup", __version__)
        assert info.open_registrations
        assert info.usage.users.total >= info.usage.users.active_halfyear >= info.usage.users.active_month >= 0


def test_a_handle_leads_to_a_profile(server: Server, ann: Person):
    host = server.url.removeprefix("http://")
    resources = (f"acct:{ann.name}@{host}", f"{ann.name.upper()}@{host}", f"{server.url}/@{ann.name}")

    for resource in resources:
        answer = server.anyone().get("/.well-known/webfinger", resource=resource)
        found = shapes.decode(answer, Jrd)
        assert found.subject == f"acct:{ann.name}@{host}"
        assert found.links[0].href == f"{server.url}/@{ann.name}"
        assert answer.headers["Content-Type"].startswith("application/jrd+json")


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        ("", 400),
        ("acct:nobody_at_all@{host}", 404),
        ("acct:{name}@elsewhere.example", 404),
        ("acct:{name}", 404),
        ("https://elsewhere.example/@{name}", 404),
        ("acct:" + "x" * 5000, 404),
    ],
)
def test_other_handles_lead_nowhere(server: Server, ann: Person, resource: str, status: int):
    resource = resource.format(name=ann.name, host=server.url.removeprefix("http://"))

    assert server.anyone().get("/.well-known/webfinger", resource=resource).status_code == status


def test_a_suspended_handle_leads_nowhere(server: Server, ann: Person):
    server.command("user", "suspend", ann.name)

    resource = f"{server.url}/@{ann.name}"
    assert server.anyone().get("/.well-known/webfinger", resource=resource).status_code == 404


def test_host_meta_points_to_webfinger(server: Server, ann: Person):
    answer = server.anyone().get("/.well-known/host-meta")

    root = ElementTree.fromstring(answer.text)
    template = next(link.attrib["template"] for link in root if link.attrib["rel"] == "lrdd")
    host = server.url.removeprefix("http://")
    found = requests.get(template.replace("{uri}", f"acct:{ann.name}@{host}"), timeout=10)
    assert answer.headers["Content-Type"].startswith("application/xrd+xml")
    assert json.loads(found.content)["subject"].startswith(f"acct:{ann.name}@")
