"""One browser with many tabs of the home page: it may have six connections to a server, and uses one."""

from typing import Any

import pytest
import pytest_asyncio
from browser import Watched, somebody
from client import Person, Server, eventually
from engines import eventually as becomes_true
from playwright.async_api import Browser, Page, Request, Route, expect
from visitor import Visitor

# In Playwright all tabs are visible; this lets a test hide one.
MAY_HIDE = """
    let hidden = false;
    Object.defineProperty(document, "hidden", { get: () => hidden });
    addEventListener("hide", () => { hidden = true; document.dispatchEvent(new Event("visibilitychange")); });
    addEventListener("show", () => { hidden = false; document.dispatchEvent(new Event("visibilitychange")); });
"""

# The events that this tab got, before the page handles them.
LETS_HEAR = """
    window.heard = [];
    window.EventSource = class extends EventSource {
        constructor(address) {
            super(address);
            this.addEventListener("post", ({ data }) => heard.push(data));
        }
    };
"""


class Tabs:
    """A browser with a login."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        self._open: set[Request] = set()
        watched.context.on("request", self._begun)
        watched.context.on("requestfinished", self._ended)
        watched.context.on("requestfailed", self._ended)

    def _begun(self, request: Request) -> None:
        if "/home/live" in request.url:
            self._open.add(request)

    def _ended(self, request: Request) -> None:
        self._open.discard(request)

    @property
    def streams(self) -> int:
        """How many are open now."""
        return sum(not request.frame.page.is_closed() for request in self._open)

    async def open(self, path: str = "/home") -> Page:
        page = await self.watched.page()
        await page.add_init_script(MAY_HIDE)
        await page.goto(path)
        return page


async def tabs_of(chromium: Browser, visitor: Visitor, **options: Any) -> Tabs:
    watched = await somebody(chromium, visitor.url, **options)
    await watched.context.add_cookies([{"name": "chirrup", "value": visitor.cookie, "url": visitor.url}])
    return Tabs(watched)


@pytest_asyncio.fixture(loop_scope="session")
async def tabs(chromium: Browser, anns: Visitor, ann: Person, bob: Person) -> Tabs:
    ann.follow(bob)
    bob.say("said before")
    return await tabs_of(chromium, anns)


def fresh(page: Page, number: int):
    return expect(page.get_by_role("button", name=f"Show {number} new post{'s' if number > 1 else ''}", exact=True))


async def test_eight_tabs_share_one_stream_and_another_takes_it_over(tabs: Tabs, ann: Person, bob: Person):
    pages = [await tabs.open() for _ in range(8)]

    post = bob.say("to all of them")
    for page in pages:
        await fresh(page, 1).to_be_visible()
    assert tabs.streams == 1

    await pages.pop().close()
    bob.say("after one was closed")
    for page in pages:
        await fresh(page, 2).to_be_visible()
    assert tabs.streams == 1

    await pages.pop(0).close()
    bob.delete(f"/api/v1/statuses/{post['id']}")
    bob.say(f"@{ann.name} a third")
    for page in pages:
        await fresh(page, 2).to_be_visible()
        await expect(page.locator(".badge")).to_have_text("1")
    await pages[0].get_by_role("button", name="Show 2 new posts").click()
    await expect(pages[0].locator("#posts article")).to_have_count(3)
    await pages[0].locator("#posts article").first.get_by_role("button", name="Favourite").click()
    await expect(pages[0].locator("#posts article").first.get_by_role("button", name="Favourite")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert tabs.watched.wrongs == []


async def test_a_tab_that_is_hidden_lets_go_and_misses_nothing(tabs: Tabs, bob: Person):
    page = await tabs.watched.page()
    await page.clock.install()
    await page.add_init_script(MAY_HIDE)
    posts = [bob.say(f"number {n}") for n in range(3)]
    await page.goto("/home")
    await expect(page.locator("#posts article")).to_have_count(4)
    async with tabs.watched.context.expect_event("requestfailed"):
        await page.evaluate("dispatchEvent(new Event('hide'))")
        await page.clock.fast_forward(31_000)
    assert tabs.streams == 0

    bob.delete(f"/api/v1/statuses/{posts[0]['id']}")
    bob.put(f"/api/v1/statuses/{posts[1]['id']}", status="number one, mended")
    bob.say("meanwhile")
    await page.evaluate("dispatchEvent(new Event('show'))")

    await fresh(page, 1).to_be_visible()
    await expect(page.locator("#posts article")).to_have_count(3)
    await expect(page.locator("#posts article").nth(1)).to_contain_text("number one, mended")
    bob.say("and live again")
    await fresh(page, 2).to_be_visible()
    assert tabs.streams == 1


async def test_who_was_away_for_more_than_a_page_is_led_to_the_newest(tabs: Tabs, ann: Person, bob: Person):
    page = await tabs.watched.page()
    await page.clock.install()
    await page.add_init_script(MAY_HIDE)
    await page.goto("/home")
    await expect(page.locator("#posts article")).to_have_count(1)
    async with tabs.watched.context.expect_event("requestfailed"):
        await page.evaluate("dispatchEvent(new Event('hide'))")
        await page.clock.fast_forward(31_000)
    for n in range(45):
        bob.say(f"number {n}")
    eventually(lambda: "number 44" in ann.home()[0]["content"])

    await page.evaluate("dispatchEvent(new Event('show'))")
    await page.get_by_role("button", name="new posts").click()

    await expect(page.locator("#posts article").first).to_contain_text("number 44")
    await expect(page.locator("#posts article").last).to_contain_text("number 25")


async def test_a_server_that_was_away_is_asked_what_was_missed(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
):
    server = Server(tmp_path_factory.mktemp("restarted") / "data").start()
    try:
        ann, bob = server.person(), server.person()
        ann.follow(bob)
        visitor = Visitor(server.url)
        visitor.log_in(ann.name)
        post = ann.say("soon to be gone")
        tabs = await tabs_of(chromium, visitor)
        first, second = await tabs.open(), await tabs.open()
        server.stop()
        server.start()
        ann.delete(f"/api/v1/statuses/{post['id']}")
        ann.say("nobody is told of what they said themselves")
        bob.say("the only one")

        for page in (first, second):
            await expect(page.locator("#posts article")).to_have_count(0, timeout=20_000)
            await fresh(page, 1).to_be_visible()
    finally:
        server.stop()


async def test_what_comes_while_the_page_is_read_again_is_newer_than_what_was_read(tabs: Tabs, bob: Person):
    post = bob.say("soon to be gone")
    page = await tabs.watched.page()
    await page.clock.install()
    await page.add_init_script(MAY_HIDE + LETS_HEAR)
    await page.goto("/home")
    await expect(page.locator("#posts article")).to_have_count(2)
    async with tabs.watched.context.expect_event("requestfailed"):
        await page.evaluate("dispatchEvent(new Event('hide'))")
        await page.clock.fast_forward(31_000)
    second = bob.say("gone even sooner")

    async def answer_late(route: Route) -> None:
        answer = await route.fetch()
        for one in (post, second):
            bob.delete(f"/api/v1/statuses/{one['id']}")
        bob.say("the last word")
        # wait_for_function() would ask a second time by eval(), which the page's policy forbids
        await becomes_true(lambda: page.evaluate("heard.some((one) => one.includes('the last word'))"))
        await route.fulfill(response=answer)

    await page.route("**/home", answer_late)
    await page.evaluate("dispatchEvent(new Event('show'))")

    await fresh(page, 1).to_be_visible()
    await expect(page.locator("#posts article")).to_have_count(1)
    await expect(page.locator("#arrivals")).to_contain_text("the last word")


async def test_an_alert_that_comes_while_the_stream_moves_is_counted(tabs: Tabs, ann: Person, bob: Person):
    first, second = await tabs.open(), await tabs.open()

    async def open_late(route: Route) -> None:
        if not ann.walk("/api/v1/notifications"):  # a stream that was refused at first is opened again
            bob.say(f"@{ann.name} nobody listens")
            eventually(lambda: ann.walk("/api/v1/notifications"))
        await route.continue_()

    await first.route("**/home/live?*", open_late)
    await second.close()

    await expect(first.locator(".badge")).to_have_text("1")
