"""A reader's place in a list: after visiting another page, or a reload, the same line is at the same pixel."""

import re
from collections.abc import Iterator

import pytest
from browser import Watched, somebody
from client import Person, Server, eventually
from playwright.async_api import Browser, Page, expect
from visitor import Visitor

pytestmark = pytest.mark.slow

POSTS = 70
PLACES = ["/home", "/public", "/@{ann}", "/tags/{tag}", "/bookmarks", "/notifications"]
LISTS = [*PLACES, "/@{ann}/with_replies", "/@{ann}/followers", "/@{ann}/{post}/favourites"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for these tests only, because other tests write public posts."""
    with Server(tmp_path_factory.mktemp("place") / "data") as server:
        yield server


@pytest.fixture(scope="module")
def crowd(server) -> tuple[Person, str, list[str]]:
    """Ann, with long lists: posts with one hashtag, bookmarks, alerts."""
    ann, fan = server.person(), server.person()
    tag = f"tag{ann.id}"
    posts = [ann.say(f"number {n}. {'word ' * (n % 7 * 12)} #{tag}")["id"] for n in range(POSTS)]
    for id in posts:
        ann.post(f"/api/v1/statuses/{id}/bookmark")
        fan.post(f"/api/v1/statuses/{id}/favourite")
    eventually(lambda: len(ann.walk("/api/v1/notifications")) >= POSTS)
    return ann, tag, posts


async def of(chromium: Browser, server, ann: Person) -> tuple[Watched, Page]:
    visitor = Visitor(server.url)
    visitor.log_in(ann.name)
    watched = await somebody(chromium, server.url, viewport={"width": 420, "height": 700})
    await watched.context.add_cookies([{"name": "chirrup", "value": visitor.cookie, "url": server.url}])
    return watched, await watched.page()


async def place(page: Page, number: int) -> tuple[float, int]:
    """(y position of the post or alert with this number, how many there are)."""
    await page.wait_for_load_state("load")
    here = page.locator("#posts > article", has_text=f"number {number}.")
    await expect(here).to_be_visible()
    top = await here.evaluate("(one) => one.getBoundingClientRect().top")
    return top, await page.locator("#posts > article").count()


async def read_on(page: Page, times: int) -> None:
    for n in range(times):
        await page.get_by_role("link", name="Show older").click()
        await expect(page.locator("#posts > article")).to_have_count(min(20 * (n + 2), POSTS))


@pytest.mark.parametrize("path", PLACES)
async def test_back_and_reload_lead_to_the_same_pixel(chromium: Browser, server, crowd, path: str):
    ann, tag, _ = crowd
    watched, page = await of(chromium, server, ann)
    await page.goto(path.format(ann=ann.name, tag=tag))
    await read_on(page, 2)
    post = page.locator("#posts > article", has_text="number 14.")
    await post.evaluate("(one) => scrollTo(0, scrollY + one.getBoundingClientRect().top - 123)")
    before = await place(page, 14)
    assert before == (pytest.approx(123, abs=1), 60)

    await page.reload()
    assert await place(page, 14) == before
    await post.locator(".when a, a.quote").first.click()
    await expect(page.locator("article.focus")).to_contain_text("number 14.")
    await page.go_back()
    assert await place(page, 14) == before
    await page.goto("/about")
    await page.go_back()
    assert await place(page, 14) == before

    assert (await page.context.request.get(page.url)).ok
    await read_on_from(page, 3)
    await page.reload()
    await expect(page.locator("#posts > article")).to_have_count(POSTS)
    await expect(page.get_by_role("link", name="Show older")).to_have_count(0)
    assert watched.wrongs == []


async def read_on_from(page: Page, pages: int) -> None:
    await page.get_by_role("link", name="Show older").click()
    await expect(page.locator("#posts > article")).to_have_count(min(20 * (pages + 1), POSTS))


async def test_what_is_new_moves_nothing(chromium: Browser, server, crowd):
    ann, bob = crowd[0], server.person()
    for n in range(30):
        bob.say(f"number {n}.", visibility="unlisted")
    bob.follow(ann)
    _, page = await of(chromium, server, bob)
    await page.goto("/home")
    await page.locator("#posts > article", has_text="number 15.").evaluate(
        "(one) => scrollTo(0, scrollY + one.getBoundingClientRect().top - 50)"
    )
    before, _ = await place(page, 15)
    await page.goto("/about")
    for n in range(30, 55):
        bob.say(f"number {n}.", visibility="unlisted")

    await page.go_back()

    assert (await place(page, 15))[0] == pytest.approx(before, abs=0.5)  # what came has no whole height
    await expect(page.locator("#posts > article").first).to_contain_text("number 54.")


@pytest.mark.parametrize("path", LISTS)
def test_an_address_with_an_end_shows_all_down_to_it(server, crowd, path: str):
    ann, tag, posts = crowd
    path = path.format(ann=ann.name, tag=tag, post=posts[0])
    visitor = Visitor(server.url)
    visitor.log_in(ann.name)

    def numbers(query: str) -> list[int]:
        page = visitor.get(path + query)
        assert page.status_code == 200, page.text
        return [int(n) for n in dict.fromkeys(re.findall(r"number (\d+)\.", page.text))]

    def next_page(query: str = "") -> str:
        found = re.search(r'class="older" href="\?before=(\d+)"', visitor.get(path + query).text)
        return found[1] if found else ""

    second = next_page()
    third = next_page(f"?before={second}") if second else ""
    if path.endswith(("followers", "favourites")):
        assert second == ""  # few
        assert visitor.get(f"{path}?to=0").text.count('class="names"') == visitor.get(path).text.count('class="names"')
        return
    assert numbers(f"?to={third}") == numbers("") + numbers(f"?before={second}")
    assert next_page(f"?to={third}") == third
    assert numbers(f"?before={second}&to={third}") == numbers(f"?before={second}")
    assert sorted(numbers("?to=0")) == list(range(POSTS))
    assert next_page("?to=0") == ""
    assert visitor.get(f"{path}?to=x").status_code == 404


def test_a_form_leads_back_to_the_same_part(server, crowd):
    ann, _, posts = crowd
    visitor = Visitor(server.url)
    visitor.log_in(ann.name)

    page = visitor.get(f"/home?before={posts[-1]}&to={posts[20]}").text

    assert f'name="return_to" value="/home?before={posts[-1]}&amp;to={posts[20]}#p{posts[30]}"' in page


async def test_after_a_logout_back_shows_nothing_of_it(chromium: Browser, server, crowd):
    ann = crowd[0]
    _, page = await of(chromium, server, ann)
    await page.goto("/home")
    await read_on(page, 1)
    await page.goto("/settings")
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("main").get_by_role("link", name="Log in")).to_be_visible()

    await page.go_back()
    await page.go_back()

    await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    assert "number" not in await page.content()
