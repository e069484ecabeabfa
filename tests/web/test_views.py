"""How pages show posts, times and numbers. The queries of a page: tests/test_query_counts.py."""

import pytest
from kit import person

from chirrup.access import sites
from chirrup.access.signing import Signer
from chirrup.config import Settings
from chirrup.ports import Database, Tx
from chirrup.social import posts
from chirrup.social.media_addresses import Addresses
from chirrup.types import Draft
from chirrup.web.kit.times import ago
from chirrup.web.pages import short, shorten
from chirrup.web.views import Views

VIEWS = Views(sites.own(Settings(url="https://town.example")), Addresses(Signer(b"secret")))


@pytest.mark.parametrize(
    ("text", "href"),
    [
        ("hello @viewer", "/@viewer"),
        ("hello @VIEWER@town.example", "/@viewer"),
        ("hello @viewer@else.example", None),
        ("hello @nobody", None),
        ("about #Birds", "/tags/birds"),
    ],
)
async def test_links_to_us_have_no_host(db: Database, text: str, href: str | None):
    def operation(tx: Tx) -> str:
        viewer = person(tx, "viewer")
        post = posts.publish(tx, viewer, Draft(text=text), domain="town.example")
        return str(VIEWS.one(tx, viewer, post.id).html)

    html = await db.write(operation)

    assert html.count("<a ") == bool(href)
    assert f'href="{href}"' in html or not href


def test_times_and_numbers_are_short():
    now = 1_800_000_000_000  # 15 January 2027
    minute, day = 60_000, 24 * 3600_000

    assert [ago(now - age, now) for age in (-5, 59_000, 5 * minute, 119 * minute, 25 * 60 * minute, 20 * day)] == [
        "now",
        "now",
        "5 min",
        "1 h",
        "14 Jan",
        "26 Dec 2026",
    ]
    assert [short(n) for n in (0, 999, 1000, 1999, 12_345, 2_500_000)] == ["0", "999", "1k", "1.9k", "12.3k", "2.5M"]
    assert shorten("a  b\nc", 10) == "a b c"
    assert shorten("x" * 20, 5) == "xxxx…"
