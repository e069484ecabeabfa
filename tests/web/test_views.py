"""A page of posts costs the queries of one post."""

from typing import Any

import pytest
from kit import person

from chirrup.access.signing import Signer
from chirrup.ports import Database, Tx
from chirrup.social import posts, reactions
from chirrup.social.media import Addresses
from chirrup.types import Draft, PollDraft
from chirrup.web.pages import ago, short, shorten
from chirrup.web.views import Views

VIEWS = Views("town.example", Addresses(Signer(b"secret")))


class Counting:
    """A transaction that counts its queries."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.queries = 0

    def __getattr__(self, name: str) -> Any:
        if name in ("all", "one"):
            self.queries += 1
        return getattr(self._tx, name)


def written(tx: Tx, n: int) -> tuple[int, list[int]]:
    """A viewer, and n posts by different people: polls, replies and boosts among them."""
    viewer = person(tx, "viewer")
    ids: list[int] = []
    for i in range(n):
        author = person(tx, f"author{i}")
        poll = PollDraft(["a", "b"], 3600) if i % 2 else None
        post = posts.publish(tx, author, Draft(text=f"post {i}", poll=poll, reply_to_id=ids[-1] if i % 3 else 0))
        ids.append(post.id)
        ids.append(reactions.boost(tx, viewer, post.id).id)
    return viewer, ids


async def test_forty_posts_cost_the_queries_of_four(db: Database):
    viewer, ids = await db.write(written, 20)

    def cost(tx: Tx, some: list[int]) -> tuple[int, int]:
        counting = Counting(tx)
        return len(VIEWS.shown(counting, viewer, some)), counting.queries  # pyright: ignore[reportArgumentType]

    few, many = await db.read(cost, ids[2:6]), await db.read(cost, ids)

    assert (few[0], many[0]) == (4, 40)
    assert many[1] <= few[1] <= 12  # few: one more for the names of those they reply to


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
