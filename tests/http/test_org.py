"""GET and PATCH /api/chirrup/v1/org: what an organisation has chosen, at its host, and the server's own network."""

from collections.abc import Iterator

import pytest
from client import Server, eventually
from walls import organisation

from chirrup.config import Settings
from chirrup.orgs import settings

pytestmark = pytest.mark.slow
ORG = "/api/chirrup/v1/org"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, engines: dict[str, str]) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("org") / "data", env=engines | {"CHIRRUP_TITLE": "Town"}) as town:
        yield town


def test_staff_choose_and_all_see_it_in_the_next_answer(town: Server):
    for server, fixed in ((town, ["title", "media_bytes_max", "film_bytes_max"]), (organisation(town), [])):
        boss, anyone = server.admin(), server.anyone()
        rules = [
            {"id": "1", "text": "Be kind.", "hint": "", "translations": {"de": {"text": "Seid nett.", "hint": ""}}}
        ]
        wanted = {"description": "By the sea.", "rules": rules, "languages": ["fr", "de"], "post_chars_max": 600}

        before = boss.get(ORG).json()
        after = boss.patch(
            ORG, **wanted | {"rules": [{name: one for name, one in rules[0].items() if name != "id"}]}
        ).json()

        assert after == before | wanted
        assert (after["fixed"], after["host"]) == (fixed, server.url.removeprefix("http://"))
        shown = anyone.get("/api/v2/instance").json()
        assert (shown["description"], shown["languages"]) == ("By the sea.", ["fr", "de"])
        assert shown["rules"][0]["translations"] == rules[0]["translations"]
        assert boss.say("x" * 600)["id"]
        assert "By the sea." in anyone.get("/about").text
        noted = boss.get("/api/chirrup/v1/org/audit").json()[0]
        assert (noted["action"], noted["account_id"]) == ("change settings", boss.id)


def test_what_is_wrong_is_told_by_field_and_nothing_is_changed(town: Server):
    boss = town.admin()
    before = boss.get(ORG).json()

    refused = boss.patch(f"{ORG}?lang=en", title="City", description="fine", post_chars_max=1)

    assert refused.status_code == 422
    assert {name: one[0]["error"] for name, one in refused.json()["details"].items()} == {
        "title": "fixed",
        "post_chars_max": "out_of_range",
    }
    assert "start it again" in refused.json()["error"]
    assert boss.get(ORG).json() == before
    assert town.person().get(ORG).status_code == 403
    assert town.anyone().get(ORG).status_code == 401


def test_the_own_network_is_closed_and_opened_by_its_staff(town: Server):
    boss, visitor = town.admin(), town.anyone()
    public = "/api/v1/timelines/public"

    boss.patch(ORG, closed=True)
    assert visitor.get(public).status_code == 401
    assert visitor.call("GET", "/", allow_redirects=False).headers["Location"].startswith("/login")
    assert visitor.get("/api/v2/instance").json()["registrations"]["enabled"] is False
    assert boss.get(public).ok

    boss.patch(ORG, closed=False)
    assert visitor.get(public).ok


def test_another_process_sees_it_within_a_second(town: Server):
    """A command writes to the database; the server hears nothing of it."""
    town.do(lambda engines: engines.db.write(settings.change, Settings(), 0, 0, {"description": "By hand."}))

    eventually(lambda: town.anyone().get("/api/v2/instance").json()["description"] == "By hand.", within_s=2)
