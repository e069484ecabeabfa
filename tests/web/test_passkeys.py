"""Passkeys in a browser: made in the settings, then in place of the password, and in place of a code."""

import json

import pytest
from browser import somebody
from client import Person, Server
from playwright.async_api import Browser, Page, expect
from visitor import Visitor, forms
from web.test_second_factor import Owner

pytestmark = pytest.mark.slow

PAGE = "/settings/passkeys"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory):
    """A server with a name: passkeys are not for numbers."""
    data = tmp_path_factory.mktemp("passkeys") / "data"
    server = Server(data)
    server.env["CHIRRUP_URL"] = server.url = f"http://localhost:{server.port}"
    with server:
        yield server


async def logs_in(page: Page, name: str) -> None:
    await page.goto("/login")
    await page.get_by_label("E-mail address or username").fill(name)
    await page.get_by_label("Password").fill("password")
    await page.get_by_role("button", name="Log in", exact=True).click()


async def test_a_device_makes_a_passkey_and_logs_in_with_it(chromium: Browser, town: Server):
    ann = town.person()
    watched = await somebody(chromium, town.url)
    page = await watched.page()
    session = await watched.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
    device |= {"isUserVerified": True, "automaticPresenceSimulation": True}
    await session.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    await logs_in(page, ann.name)
    await page.goto(PAGE)

    await page.get_by_label("Name for it").fill("My laptop")
    await page.get_by_label("Your password").first.fill("password")
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page.get_by_text("My laptop").first).to_be_visible()
    await page.get_by_label("Name for it").fill("My laptop again")
    await page.get_by_label("Your password").first.fill("password")
    await page.get_by_role("button", name="Make a passkey").click()
    await expect(page.get_by_text("This device has a passkey for you already.")).to_be_visible()
    await page.goto("/settings")
    await page.get_by_role("button", name="Log out").click()
    await page.goto("/login?return_to=/bookmarks")
    await page.get_by_role("button", name="Use a passkey").click()
    await page.wait_for_url("**/bookmarks")

    owner = Owner(town, ann.name, Visitor(town.url))
    owner.browser.log_in(ann.name)
    owner.turn_on()
    await page.goto("/login?again=1&return_to=/public")
    await page.get_by_label("E-mail address or username").fill(ann.name)
    await page.get_by_label("Password").fill("password")
    await page.get_by_role("button", name="Log in", exact=True).click()
    await page.get_by_role("button", name="Use a passkey instead").click()
    await page.wait_for_url("**/public")

    await page.goto(PAGE)
    await page.get_by_label("Your password").last.fill("password")
    await page.get_by_label("Code").last.fill(owner.codes[0])
    await page.get_by_role("button", name="Remove", exact=True).click()
    await expect(page.get_by_text("You have none.")).to_be_visible()
    assert watched.wrongs == []


def test_adding_and_removing_asks_for_the_password(server: Server, ann: Person, anns: Visitor):
    for form in forms(anns.get(PAGE)):
        if "/settings/passkeys" in form.url:
            for sent in ({}, {"password": "no"}, {"password": "password", "passkey": json.dumps({"id": "x"})}):
                assert anns.send(form.url, form.fields | {"passkey_name": "x"} | sent).status_code in (403, 422)
    assert Visitor(server.url).post("/login/passkey", csrf_from="/login", passkey="{}").status_code == 403
