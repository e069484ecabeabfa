"""What an organisation chooses: checked, kept, and what the server's settings say about its own network comes first."""

from typing import Any

import msgspec
import pytest

from chirrup.access import sites
from chirrup.access.sites import Site, Sites
from chirrup.config import Settings
from chirrup.errors import InvalidFields, NotFound
from chirrup.orgs import organisations, settings
from chirrup.orgs.settings import MB
from chirrup.ports import Database, Tx
from chirrup.social import audit, uploads
from chirrup.types import Org, Rule, RuleWords, Span

TOWN = Settings(url="https://town.example", title="Town", languages=("de", "en"), rules=("Be kind.",))


def changed(tx: Tx, org_id: int, **wanted: Any) -> Site:
    settings.change(tx, TOWN, org_id, 0, wanted)
    return sites.at(tx, TOWN, org_id)


def wrong(tx: Tx, org_id: int, **wanted: Any) -> dict[str, str]:
    with pytest.raises(InvalidFields) as refused:
        settings.change(tx, TOWN, org_id, 0, wanted)
    return {one.field: one.rule for one in refused.value.problems}


async def acme(db: Database) -> Org:
    return await db.write(organisations.create, "acme", "social.acme.example", title="Acme")


async def test_an_organisation_has_what_it_has_chosen_and_what_the_server_says_for_all(db: Database):
    org = await acme(db)
    before = await db.read(sites.at, TOWN, org.id)
    rule = Rule("Speak up.", "Everybody may.", {"de": RuleWords("Sagt es.")})

    after = await db.write(changed, org.id, title=" Acme  Inc ", rules=(rule,), languages=("fr",), closed=True)
    again = await db.write(changed, org.id, closed=False, post_chars_max=600)

    assert (before.title, before.languages, before.rules, before.registrations) == ("Acme", ("de", "en"), (), True)
    rule = msgspec.structs.replace(rule, id=1)
    assert (after.title, after.rules, after.languages, after.closed) == ("Acme Inc", (rule,), ("fr",), True)
    assert not after.registrations
    assert (again.title, again.rules, again.closed, again.post_chars_max) == ("Acme Inc", (rule,), False, 600)
    noted = await db.read(audit.page, org.id, Span(before=2**62))
    assert [(one.action, one.words) for one in noted] == [
        ("change settings", "closed, post_chars_max"),
        ("change settings", "title, rules, languages, closed"),
    ]


async def test_what_is_uploaded_is_no_larger_than_the_organisation_wants_and_the_server_allows(db: Database):
    org = await acme(db)
    before = await db.read(sites.at, TOWN, org.id)
    smaller = msgspec.structs.replace(TOWN, media_bytes_max=2 * MB)

    for name, size in (("media_bytes_max", 17 * MB), ("media_bytes_max", 0), ("film_bytes_max", 5)):
        assert await db.write(wrong, org.id, **{name: size}) == {name: "out_of_range"}
    after = await db.write(changed, org.id, media_bytes_max=3 * MB, film_bytes_max=0)

    assert (before.media_bytes_max, before.film_bytes_max) == (TOWN.media_bytes_max, TOWN.film_bytes_max)
    assert (after.media_bytes_max, after.film_bytes_max) == (3 * MB, 0)
    assert (await db.read(sites.at, smaller, org.id)).media_bytes_max == 2 * MB
    assert await db.write(wrong, 0, media_bytes_max=3 * MB) == {"media_bytes_max": "fixed"}
    assert uploads.rules(TOWN, after).bytes_max == 3 * MB


async def test_a_rule_keeps_its_id_wherever_it_stands_and_nobody_else_gets_it(db: Database):
    org = await acme(db)
    kind, spam, quiet = (Rule(text) for text in ("Be kind.", "No spam.", "Be quiet."))

    first = await db.write(changed, org.id, rules=(kind, spam, quiet))
    turned = await db.write(changed, org.id, rules=(quiet, Rule("Be kind to all.", id=1)))  # one without its id
    later = await db.write(changed, org.id, rules=(*turned.rules, spam))

    assert [one.id for one in first.rules] == [1, 2, 3]
    assert [(one.id, one.text) for one in turned.rules] == [(3, "Be quiet."), (1, "Be kind to all.")]
    assert [one.id for one in later.rules] == [3, 1, 4]
    for wrong_ids in ((Rule("a", id=2),), (Rule("a", id=1), Rule("b", id=1))):
        assert (await db.write(wrong, org.id, rules=wrong_ids)).keys() == {"rules"}
    own = await db.read(sites.at, msgspec.structs.replace(TOWN, rules=("a", Rule("b", id=7), "c")), 0)
    assert [one.id for one in own.rules] == [8, 7, 9]


async def test_what_the_server_says_about_its_own_network_cannot_be_chosen(db: Database):
    before = await db.read(sites.at, TOWN, 0)

    found = await db.write(wrong, 0, title="City", description="x" * 501)
    after = await db.write(changed, 0, title="Town", description="By the sea.", contact_account="@ann")

    assert found == {"title": "fixed", "description": "too_long"}
    assert (before.description, after.description, after.title) == ("A place to talk.", "By the sea.", "Town")
    assert after.contact_account == "ann"
    assert [one.text for one in after.rules] == ["Be kind."]
    assert await db.read(organisations.every) == []


async def test_bad_values_are_refused_all_at_once_and_nothing_is_changed(db: Database):
    org = await acme(db)
    bad = {
        "title": " ",
        "contact_email": "ann",
        "contact_account": "ann@elsewhere",
        "languages": ("en", "klingon"),
        "rules": (Rule("x" * 301),),
        "post_chars_max": 49,
    }

    found = await db.write(wrong, org.id, **bad, description="fine")

    assert found.keys() == bad.keys()
    assert (await db.read(sites.at, TOWN, org.id)).description == "A place to talk."
    for more in ({"languages": ()}, {"rules": (Rule("a"),) * 51}, {"rules": (Rule("a", "", {"xx-": RuleWords("b")}),)}):
        assert await db.write(wrong, org.id, **more)
    with pytest.raises(NotFound):
        await db.write(settings.change, TOWN, 77 << 28, 0, {"title": "Nobody"})


async def test_a_process_sees_a_change_at_once_and_without_a_look_up_by_requests(db: Database):
    org, sites_ = await acme(db), Sites(TOWN, db)
    own, host = sites_.own, await sites_.find("social.acme.example")
    await sites_.load()
    assert sites_.own is own, "nothing was chosen: renderers keep what they have"

    for site in (own, host):
        await db.write(settings.change, TOWN, site.org_id, 0, {"description": "new"})
        assert (await sites_.renewed(site)).description == "new"

    assert sites_.known("town.example") is sites_.own
    assert sites_.known("social.acme.example")
    assert sites_.own.description == "new"
    assert org.id == host.org_id
