"""The site of a Host header, on every database; and no code takes it from the settings instead."""

import re
from pathlib import Path

import pytest

import chirrup
from chirrup.access.sites import Sites, own
from chirrup.config import Settings
from chirrup.errors import Unavailable
from chirrup.http.at_site import find_site
from chirrup.http.route import Route
from chirrup.ports import Database, Tx
from chirrup.store import orgs
from chirrup.types import Org

TOWN = Settings(url="https://town.example", title="Town", contact_email="ann@town.example", rules=("Be kind.",))
ACME = Org(id=77 << 28, name="acme", title="Acme", host="social.acme.example", closed=0)


def found_acme(tx: Tx) -> None:
    assert orgs.insert(tx, ACME)
    assert orgs.claim_host(tx, ACME.host, ACME.id)


async def test_the_own_host_is_known_without_a_look_up(db: Database):
    sites = Sites(TOWN, db)

    for host in ("town.example", "Town.Example", "town.example:443", ""):
        assert sites.known(host) is sites.own
    assert sites.known("social.acme.example") is None


async def test_a_host_of_an_organisation_is_its_site(db: Database):
    await db.write(found_acme)
    sites = Sites(TOWN, db)

    for host in ("social.acme.example", "SOCIAL.acme.example:443"):
        site = await sites.find(host)
        assert (site.org_id, site.domain, site.title) == (ACME.id, "social.acme.example", "Acme")
        assert (site.base_url, site.streaming_url) == ("https://social.acme.example", "wss://social.acme.example")
        assert (site.contact_email, site.rules, site.closed) == ("", (), False)
        assert sites.known(host) is site


@pytest.mark.parametrize(
    "host", ["127.0.0.1:3000", "localhost", "acme.example", "[::1]:3000", "x" * 5000, "\xff\0", "é"]
)
async def test_any_other_host_is_the_servers_own_network(db: Database, host: str):
    await db.write(found_acme)
    sites = Sites(TOWN, db)

    assert await sites.find(host) is sites.own


async def test_that_an_organisation_closes_is_seen_a_second_later(db: Database, monkeypatch: pytest.MonkeyPatch):
    await db.write(found_acme)
    sites = Sites(TOWN, db)
    assert not (await sites.find(ACME.host)).closed

    await db.write(orgs.set_closed, ACME.id, closed=True)
    monkeypatch.setattr("chirrup.access.sites.FRESH_S", 0)
    sites = Sites(TOWN, db)

    assert (await sites.find(ACME.host)).closed
    assert not (await sites.find(ACME.host)).registrations


async def test_a_probe_is_answered_at_any_host_even_when_the_database_is_away(db: Database):
    sites = Sites(TOWN, db)
    db.close()

    assert await find_site(sites, "nobody.example", Route("GET", "/health", print, any_site=True)) is sites.own
    for other in (Route("GET", "/api/v1/instance", print), None):
        assert isinstance(await find_site(sites, "nobody.example", other), Unavailable)


def test_nobody_asks_the_settings_what_only_the_site_knows():
    asked = re.compile(
        r"(?<!site\.)settings\.(base_url|domain|title|description|contact_email|registrations|rules|streaming_url)\b"
    )
    package = Path(chirrup.__file__).parent
    wrong = [
        f"{file.relative_to(package)}:{number}: {line.strip()}"
        for file in sorted(package.rglob("*.py"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if asked.search(line) and file != package / "access/sites.py"
    ]

    assert wrong == [], "ask the site: call.site, or access/sites.own(settings)"
    assert [one.text for one in own(TOWN).rules] == ["Be kind."]
