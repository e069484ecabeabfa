"""Writing in a real browser: focus and caret, time zones, and menus on a small screen."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from browser import Watched, somebody
from client import Person, Server
from playwright.async_api import Browser, Page, expect
from web.test_pages import png

PHONE = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
ZONE = "Asia/Kolkata"  # UTC+5:30, so it is not mistaken for a zone with full hours


async def open_page(chromium: Browser, server: Server, person: Person, path: str, **options) -> tuple[Watched, Page]:
    watched = await somebody(chromium, server.url, **options)
    page = await watched.page()
    await page.goto("/login")
    await page.get_by_label("E-mail address or username").fill(person.name)
    await page.get_by_label("Password").fill("password")
    await page.get_by_role("button", name="Log in").click()
    await page.goto(path)
    return watched, page


async def press(page: Page, button) -> None:
    """Press the button with the keyboard."""
    await button.focus()
    await expect(button).to_be_focused()
    async with page.expect_response(lambda answer: answer.request.method in ("POST", "GET")):
        await page.keyboard.press("Enter")
    await expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling, .htmx-added")).to_have_count(0)


async def test_the_focus_stays_where_it_was(chromium: Browser, server: Server, ann: Person, bob: Person):
    ann.follow(bob)
    poll = bob.say("Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    bob.call("POST", f"/api/v1/statuses/{poll['id']}/reblog")
    watched, page = await open_page(chromium, server, ann, f"/@{bob.name}")

    for name in ("Boost", "Favourite", "Bookmark"):
        for pressed in ("true", "false"):
            button = page.locator("article.post").last.get_by_role("button", name=name)
            await press(page, button)
            await expect(button).to_have_attribute("aria-pressed", pressed)
            await expect(button).to_be_focused()
    tie = page.locator("form.follow button")
    await press(page, tie)
    await expect(tie).to_have_text("Follow")
    await expect(tie).to_be_focused()

    await page.locator("article.post").last.get_by_label("Yes").check()
    await press(page, page.locator("article.post").last.get_by_role("button", name="Vote"))
    told = page.locator("article.post").last.get_by_text("1 person has voted")
    await expect(told).to_be_focused()
    assert watched.wrongs == []


async def test_of_a_list_that_grows_the_first_new_post_has_the_focus(chromium, server: Server, ann: Person):
    for n in range(23):
        ann.say(f"number {n}.")
    _, page = await open_page(chromium, server, ann, f"/@{ann.name}")

    await press(page, page.get_by_role("link", name="Show older"))

    await expect(page.locator("article.post")).to_have_count(23)
    assert await page.evaluate("document.activeElement.closest('article')?.textContent.includes('number 2.')")


async def test_a_reply_is_typed_behind_the_name_and_has_the_warning(chromium, server: Server, ann: Person, bob: Person):
    post = bob.say("the butler", spoiler_text="Spoilers <film>", sensitive=True)
    _, page = await open_page(chromium, server, ann, f"/@{bob.name}")

    await page.locator("article.post").get_by_role("link", name="Reply").click()
    await expect(page.get_by_label("Your reply")).to_be_focused()
    await page.keyboard.type("did it")

    await expect(page.get_by_label("Your reply")).to_have_value(f"@{bob.name} did it")
    await expect(page.get_by_label("Content warning")).to_have_value("Spoilers <film>")
    await page.goto(f"/@{bob.name}/{post['id']}")
    await expect(page.get_by_label("Your reply")).not_to_be_focused()  # the page must not scroll away from the reader
    await page.get_by_label("Your reply").focus()
    await page.keyboard.type("later")
    await expect(page.get_by_label("Your reply")).to_have_value(f"@{bob.name} later")


async def test_the_menu_of_the_last_post_comes_out_from_under_the_bar(chromium, server: Server, ann: Person):
    for n in range(6):
        ann.say(f"number {n}")
    for path in (f"/@{ann.name}", f"/@{ann.name}/{ann.say('alone')['id']}"):
        watched, page = await open_page(chromium, server, ann, path, **PHONE)
        last = page.locator("article.post").last

        await last.locator("summary[title=More]").click()
        delete = last.get_by_role("link", name="Delete")
        await expect(delete).to_be_in_viewport(ratio=1)
        box = await delete.bounding_box()
        assert box
        middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] - 3]
        found = await page.evaluate("([x, y]) => document.elementFromPoint(x, y).textContent", middle)
        assert found == "Delete", path
        assert watched.wrongs == []


@pytest.mark.parametrize("scripts", [True, False])
async def test_times_are_the_readers_own_or_say_what_they_are(
    chromium: Browser, server: Server, ann: Person, bob: Person, scripts: bool
):
    post = bob.say("Tea?", poll={"options": ["Yes", "No"], "expires_in": 86400})
    bob.put(f"/api/v1/statuses/{post['id']}", status="Tea!", poll={"options": ["Yes", "No"], "expires_in": 86400})
    shown = bob.get(f"/api/v1/statuses/{post['id']}").json()
    options = {"timezone_id": ZONE, "locale": "en-GB", "java_script_enabled": scripts}
    _, page = await open_page(chromium, server, ann, f"/@{bob.name}/{post['id']}", **options)

    for iso in (shown["created_at"], shown["edited_at"], shown["poll"]["expires_at"]):
        at = datetime.fromisoformat(iso)
        told = at.astimezone(ZoneInfo(ZONE)) if scripts else at
        zone = "" if scripts else " UTC"
        dated = re.compile(rf"{told.day} {told:%B} {told.year}\D+{told:%H:%M}{zone}$")
        await expect(page.locator(f'time[datetime^="{iso[:16]}"]').first).to_have_text(dated)


async def test_an_old_error_goes_when_the_next_thing_works(chromium: Browser, server: Server, ann: Person, bob: Person):
    poll = bob.say("Tea?", poll={"options": ["Yes", "No"], "expires_in": 3600})
    _, page = await open_page(chromium, server, ann, f"/@{bob.name}/{poll['id']}")

    await page.get_by_role("button", name="Vote").click()
    await expect(page.locator("#notice")).to_contain_text("Choose an answer first.")
    await page.get_by_label("Yes").check()
    await page.get_by_role("button", name="Vote").click()

    await expect(page.get_by_text("1 person has voted")).to_be_visible()
    await expect(page.locator("#notice")).to_be_empty()


async def test_a_picture_that_is_too_large_is_not_even_sent(chromium: Browser, server: Server, ann: Person):
    _, page = await open_page(chromium, server, ann, "/compose")
    await page.get_by_label("Add pictures").check()
    field = page.get_by_label("Picture 1", exact=True)
    await field.evaluate("field => field.dataset.bytesMax = '1048576'")

    await field.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png() + b"\0" * 1_500_000})
    assert await field.evaluate("field => field.validationMessage") == "At most 1 MB; this picture has 1.5 MB."
    await field.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": png()})

    assert await field.evaluate("field => field.checkValidity()")
    await expect(page.get_by_role("img", name="Picture 1: a.png")).to_be_visible()  # as it will look


async def test_what_was_refused_and_what_is_asked_has_the_focus(chromium, server: Server, ann: Person, bob: Person):
    problem = "p.problem"
    stranger = await (await somebody(chromium, server.url)).page()
    await stranger.goto("/login")
    await stranger.get_by_label("username").fill(ann.name)
    await stranger.get_by_label("Password").fill("wrong")
    await stranger.get_by_role("button", name="Log in").click()
    await expect(stranger.locator(problem)).to_be_focused()
    await stranger.goto("/sign-up")
    await stranger.get_by_label("Username").fill(ann.name)
    await stranger.get_by_label("E-mail").fill("x@example.com")
    await stranger.get_by_label("Password").fill("a good long one")
    await stranger.get_by_role("button", name="Sign up").click()
    await expect(stranger.get_by_label("Username")).to_be_focused()

    _, page = await open_page(chromium, server, ann, "/compose")
    await page.get_by_role("button", name="Post", exact=True).click()
    await expect(page.locator(problem)).to_be_focused()
    post = bob.say(f"@{ann.name} psst", visibility="direct")
    await page.goto(f"/@{bob.name}/{post['id']}")
    await page.get_by_role("button", name="Let more people see it").click()
    await expect(page.get_by_role("radio", checked=True)).to_be_focused()
