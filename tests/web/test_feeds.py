"""Feeds: of an account and a hashtag for everybody, of a room for one member; read by feedparser, as readers do."""

from collections.abc import Iterator
from typing import Any

import feedparser
import pytest
import requests
from client import Person, Server
from visitor import logged_in

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("feeds") / "data") as town:
        yield town


def read(url: str) -> Any:
    answer = requests.get(url, timeout=10)
    assert answer.ok, answer.text
    found = feedparser.parse(answer.content)
    assert not found.bozo, found.bozo_exception
    return found


def test_a_feed_has_what_everybody_may_see(town: Server):
    ann, bob = town.person(display_name="Ann & <Co>"), town.person()
    for text, more in [
        ("Bread & cake #bakery <b>", {}),
        ("A secret", {"spoiler_text": "About bread"}),
        ("low", {"visibility": "unlisted"}),
        ("for few", {"visibility": "private"}),
        (f"@{bob.name} aside", {"visibility": "direct"}),
    ]:
        ann.say(text, **more)
    ann.post(f"/api/v1/statuses/{bob.say('from bob #bakery')['id']}/reblog")
    page = f"{town.url}/@{ann.name}"
    assert (
        f'type="application/atom+xml" title="Ann &amp; &lt;Co&gt;" href="/@{ann.name}/feed.atom"'
        in requests.get(page).text
    )

    for form in ("atom", "rss"):
        found = read(f"{page}/feed.{form}")
        assert [one.title for one in found.entries] == ["About bread", "Bread & cake #bakery <b>"]
        assert found.feed.title == f"Ann & <Co> (@{ann.name}@{town.url.split('//')[1]})"
        newest, oldest = found.entries
        assert (
            oldest.link.startswith(page)
            and f"{town.url}/tags/bakery" in oldest.summary
            and "secret" not in newest.summary
        )
        tagged = read(f"{town.url}/tags/bakery/feed.{form}")
        assert {one.title for one in tagged.entries} == {"from bob #bakery", "Bread & cake #bakery <b>"}
    first = requests.get(f"{page}/feed.atom", timeout=10)
    again = requests.get(f"{page}/feed.atom", headers={"If-None-Match": first.headers["ETag"]}, timeout=10)
    assert (first.headers["Content-Type"], again.status_code, again.content) == (
        "application/atom+xml; charset=utf-8",
        304,
        b"",
    )
    safe = ("default-src 'none'; sandbox", "noindex", "nosniff")
    names = ("Content-Security-Policy", "X-Robots-Tag", "X-Content-Type-Options")
    assert tuple(first.headers[name] for name in names) == safe
    ann.say("News")
    assert requests.get(f"{page}/feed.atom", headers={"If-None-Match": first.headers["ETag"]}, timeout=10).ok
    assert requests.get(f"{town.url}/@nobody_here/feed.rss", timeout=10).status_code == 404


def test_the_address_of_a_rooms_feed_is_one_members_and_dies_with_the_membership(town: Server):
    ann, bob, eve = town.person(), town.person(), town.person()
    room = ann.post("/api/chirrup/v1/rooms", name=f"den{ann.id[-6:]}", closed=True).json()
    at = f"/api/chirrup/v1/rooms/{room['id']}"
    ann.post(f"{at}/members", account_id=bob.id)
    ann.say(f"@{room['name']} between us")
    feed = bob.get(f"{at}/feed").json()

    for url in feed.values():
        assert [one.title for one in read(url).entries] == [f"@{room['name']} between us"]
    path = feed["atom"].removeprefix(town.url)
    assert path.removesuffix(".atom") in logged_in(town, bob).get(f"/rooms/{room['id']}").text
    parts = path.split("/")
    forged = ["/".join([*parts[:3], eve.id, *parts[4:]]), "/".join([*parts[:2], ann.id, *parts[3:]])]
    forged += [path.replace(parts[4], parts[4][::-1]), path.replace(parts[3], "x"), f"/@{room['name']}/feed.atom"]
    assert [requests.get(town.url + one, timeout=10).status_code for one in forged] == [404] * 5
    assert eve.get(f"{at}/feed").status_code == 404
    assert gone(ann, f"{at}/members/{bob.id}", feed["atom"]) == 404


def gone(ann: Person, member: str, url: str) -> int:
    """The answer once the member is out."""
    assert ann.delete(member).ok
    return requests.get(url, timeout=10).status_code
