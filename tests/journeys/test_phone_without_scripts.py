"""A small phone with the dark theme and without scripts: everything works except live posts."""

import io

from browser import somebody
from client import Person, Server
from PIL import Image
from playwright.async_api import Browser, Page, expect

PHONE = {
    "viewport": {"width": 320, "height": 640},
    "color_scheme": "dark",
    "java_script_enabled": False,
    "has_touch": True,
    "is_mobile": True,
}
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft" * 2


async def settled(page: Page) -> None:
    """The page fits the phone, without scrolling sideways (measured from outside, because the page runs no scripts)."""
    size = await page.context.new_cdp_session(page)
    metrics = await size.send("Page.getLayoutMetrics")
    assert metrics["cssContentSize"]["width"] <= 320, page.url


async def test_a_phone_without_scripts_does_everything(chromium: Browser, server: Server):
    ann: Person = server.person(display_name="Ann")
    bob: Person = server.person(display_name="B" * 30)
    ann.follow(bob)
    warned = bob.say(f"The butler did it. {LONG}", spoiler_text="Spoilers for the film")
    bob.say("@" + ann.name + " and the gardener knew", in_reply_to_id=warned["id"])
    watched = await somebody(chromium, server.url, **PHONE)
    page = await watched.page()

    await page.goto("/home")
    await expect(page).to_have_url(f"{server.url}/login?return_to=%2Fhome")
    await page.get_by_label("E-mail address or username").fill(ann.name)
    await page.get_by_label("Password").fill("password")
    await settled(page)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    await settled(page)

    post = page.locator("article.post", has_text="Spoilers for the film")
    await post.locator(".when a").click()
    butler = page.get_by_text("The butler did it.")
    await expect(butler).to_be_hidden()
    await page.get_by_text("Spoilers for the film").click()
    await expect(butler).to_be_visible()
    await expect(page.locator("article.post")).to_have_count(2)
    await settled(page)

    await page.locator("article.focus").get_by_role("button", name="Boost").click()
    await expect(page.locator("article.focus").get_by_role("button", name="Boost")).to_have_attribute(
        "aria-pressed", "true"
    )
    assert ann.get(f"/api/v1/statuses/{warned['id']}").json()["reblogged"]

    await page.get_by_role("link", name="Search").click()
    await page.get_by_label("Words, a name").fill("gardener knew")
    await page.get_by_role("button", name="Search").click()
    await expect(page.locator("article.post")).to_contain_text("and the gardener knew")
    await settled(page)

    await page.get_by_role("link", name="Profile").click()
    await settled(page)
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_label("Name", exact=True).fill("Ann of the Hill")
    await page.get_by_label("I decide who may follow me").check()
    await settled(page)
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved.")).to_be_visible()
    me = ann.get("/api/v1/accounts/verify_credentials").json()
    assert (me["display_name"], me["locked"]) == ("Ann of the Hill", True)

    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_role("main").get_by_role("link", name="Log in")).to_be_visible()
    await page.goto("/settings")
    await expect(page.get_by_role("heading", name="Log in")).to_be_visible()

    background = await page.locator("body").screenshot(type="png")
    assert _is_dark(background)
    assert watched.wrongs == []


def _is_dark(png: bytes) -> bool:
    corner = Image.open(io.BytesIO(png)).convert("L").getpixel((2, 2))
    return isinstance(corner, int) and corner < 60
