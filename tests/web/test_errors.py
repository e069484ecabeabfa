"""Error pages: with the site's navigation, and with something to do next."""

import re

import pytest
import requests
from client import Server
from servers import Postgres
from visitor import Visitor, logged_in

KNOWN = ["/home", "/public", "/search", "/compose", "/notifications", "/rooms", "/bookmarks", "/settings"]
STRANGERS = ["/public", "/search", "/login", "/sign-up"]


def navigation(page: requests.Response) -> list[str]:
    found = re.search(r'<nav class="nav".*?</nav>', page.text, re.DOTALL)
    places = re.findall(r'<li[^>]*><a href="([^"]+)"', found[0]) if found else []
    return list(dict.fromkeys(places))  # Write is there twice: for a phone and for a desk


def offered(page: requests.Response) -> dict[str, str]:
    """text -> target, of the page's own links."""
    main = page.text.partition("<main")[2].partition("</main>")[0]
    return {word: address for address, word in re.findall(r'<a class="button[^"]*" href="([^"]+)">([^<]+)</a>', main)}


@pytest.mark.parametrize("path", ["/@nobody_at_all", "/@x/1", "/nope", "/nope/nope/nope", "/home?before=x"])
def test_who_finds_nothing_is_led_on(server, ann, path):
    stranger = Visitor(server.url)
    known = logged_in(server, ann).get(path)

    assert known.status_code == 404
    assert [one for one in navigation(known) if not one.startswith("/@")] == KNOWN
    assert offered(known) == {"Search": "/search", "Go to the start page": "/"}
    if path != "/home?before=x":
        assert navigation(stranger.get(path)) == STRANGERS


def test_what_is_not_allowed_or_too_large_says_so_on_a_page_of_the_site(server, ann):
    visitor = logged_in(server, ann)
    foreign = visitor.send(
        "/@x/1/favourite", {"csrf": visitor.csrf("/home")}, headers={"Origin": "https://evil.example"}
    )
    large = visitor.send("/@x/1/favourite", {"csrf": "x" * 2_000_000})

    assert [foreign.status_code, large.status_code] == [403, 413]
    for page in (foreign, large):
        assert [one for one in navigation(page) if not one.startswith("/@")] == KNOWN
        assert "/" in offered(page).values() or 'name="csrf"' in page.text


def test_who_asks_too_often_can_try_again(tmp_path_factory: pytest.TempPathFactory):
    env = {"CHIRRUP_TESTING": "", "CHIRRUP_REQUESTS_PER_5_MIN": "20"}
    with Server(tmp_path_factory.mktemp("strict") / "data", env=env) as server:
        visitor = Visitor(server.url)
        page = next(page for _ in range(30) if (page := visitor.get("/tags/birds?before=5")).status_code == 429)

    assert int(page.headers["Retry-After"]) > 0
    assert navigation(page) == STRANGERS
    assert offered(page) == {"Try again": "/tags/birds?before=5", "Go to the start page": "/"}


def test_without_a_database_the_navigation_is_there(
    postgres: Postgres, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
):
    with Server(tmp_path_factory.mktemp("away") / "data", env={"CHIRRUP_DATABASE": postgres_url}) as server:
        visitor = logged_in(server, server.person())
        postgres.stop()
        try:
            pages = [visitor.get(path) for path in ("/home", "/nope/nope/nope")]
        finally:
            postgres.start()

    assert [page.status_code for page in pages] == [503, 404]
    assert [navigation(page) for page in pages] == [KNOWN] * 2
    assert offered(pages[0]) == {"Try again": "/home", "Go to the start page": "/"}
