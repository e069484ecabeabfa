"""An owner's first day, and a moderator's, through the pages: the owner at a desk, the moderator on a phone."""

import re
import secrets
import zipfile
from pathlib import Path

import pytest
from browser import somebody
from client import Server
from journeys.test_week_of_a_company import begin
from playwright.async_api import Browser, Page, expect

pytestmark = pytest.mark.slow


async def place(page: Page, name: str) -> None:
    """By the menu to the organisation, and there to one of its places."""
    await page.goto("/org")
    await page.get_by_role("main").get_by_role("link", name=name, exact=True).last.click()
    await expect(page.locator("main h1")).to_be_visible()


async def press(page: Page, button: str) -> None:
    await page.get_by_role("main").get_by_role("button", name=button, exact=True).click()


async def test_an_owner_and_a_moderator_do_their_work_on_pages(chromium: Browser, server: Server, tmp_path: Path):
    name = f"office{secrets.token_hex(3)}"
    host = f"{name}.localhost:{server.port}"  # which a browser asks at loopback, whatever stands before it
    said = server.command("org", "create", name, "--host", host, "--title", "Office", "--closed")
    (first,) = re.findall(r"(/first/\S+)", said)
    phone = {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"}
    of_boss, of_mia = await somebody(chromium, f"http://{host}"), await somebody(chromium, f"http://{host}", **phone)
    boss, mia = await of_boss.page(), await of_mia.page()

    # The owner begins, and makes rules, a room, an invitation
    await begin(boss, first)
    await boss.get_by_role("navigation", name="Main").get_by_role("link", name="Organisation").click()
    await place(boss, "Rules")
    await boss.get_by_role("link", name="Add a rule").click()
    await boss.get_by_label("The rule", exact=True).fill("Be kind.")
    await press(boss, "Save")
    await expect(boss.get_by_role("main")).to_contain_text("1. Be kind.")
    await boss.get_by_role("navigation", name="Main").get_by_role("link", name="Rooms").click()
    await boss.get_by_role("link", name="Make a room").click()
    await boss.get_by_label("Short name").fill("lounge")
    await boss.get_by_label("Title").fill("The lounge")
    await press(boss, "Make the room")
    await expect(boss.locator("main h1")).to_contain_text("The lounge")
    await place(boss, "Invitations")
    await boss.get_by_label("The lounge").check()
    await press(boss, "Invite")
    link = await boss.locator("main code").inner_text()

    # Mia comes by it, and is in the room
    await mia.goto(link)
    await mia.get_by_label("Username").fill("mia")
    await mia.get_by_label("E-mail address").fill("mia@example.com")
    await mia.get_by_label("Password").fill("a password of several words")
    await press(mia, "Come in")
    await expect(mia.get_by_role("heading", name="Home")).to_be_visible()
    await mia.goto("/rooms")
    await expect(mia.get_by_role("main")).to_contain_text("you are in it")
    await mia.goto("/compose?text=@lounge%20")
    await mia.get_by_label("What is on your mind?").press_sequentially("cake at four")
    await press(mia, "Post")
    await boss.goto("/@lounge")
    await expect(boss.locator("article.post").first).to_contain_text("cake at four")

    # She gets a role, leave to search, and what is old goes after a year
    await place(boss, "Members")
    await boss.get_by_role("link", name="Look at @mia").click()
    await boss.get_by_label("What they may do").select_option("moderator")
    await press(boss, "Give this role")
    await expect(boss.locator("main .pill", has_text="moderator")).to_be_visible()
    await press(boss, "Let them search")
    await expect(boss.get_by_role("button", name="Take this back")).to_be_visible()
    await place(boss, "Retention")
    await boss.get_by_label("Posts", exact=True).fill("365")
    await press(boss, "Save")
    await expect(boss.get_by_label("Posts", exact=True)).to_have_value("365")

    # The moderator looks into a case: hold, search, export, log
    await mia.goto("/@mia")
    await mia.get_by_role("main").get_by_role("link", name="Organisation").click()
    await place(mia, "Holds")
    await mia.get_by_label("Name of the account or the room").fill("boss")
    await mia.get_by_label("Why").fill("A case")
    await press(mia, "Place the hold")
    await expect(mia.locator("main .things")).to_contain_text("A case")
    await place(mia, "Search")
    await mia.get_by_label("Words").fill("cake")
    await press(mia, "Search")
    await expect(mia.locator("main .things")).to_contain_text("cake at four")
    await place(mia, "Export")
    await press(mia, "Have it made")
    async with mia.expect_download() as saved:
        await mia.get_by_role("link", name="Save").click()
    file = tmp_path / "office.zip"
    await (await saved.value).save_as(file)
    with zipfile.ZipFile(file) as zipped:
        assert b"cake at four" in zipped.read("rows/posts.jsonl")
    await place(mia, "Log")
    await expect(mia.locator(".tabs [aria-current=page]")).to_be_in_viewport()
    for act in (
        "@mia saved the file",
        "@mia searched in whatever was said",
        "@boss gave a role to @mia",
        "the room lounge",
    ):
        await expect(mia.get_by_role("main")).to_contain_text(act)

    assert of_boss.wrongs == []
    assert of_mia.wrongs == []
