"""Every page in both themes, on a phone and on a desktop: axe-core finds no accessibility problem."""

import io
import re
from importlib.resources import files
from typing import Any

import pytest
import requests
from browser import somebody
from client import Person, Server, eventually
from docket import Docket, warned
from mail_folder import newest, path_in
from PIL import Image
from playwright.async_api import Browser, Page
from visitor import logged_in

from chirrup.access import signing
from chirrup.access.mail_addresses import MailAddresses, Stop, Stops
from chirrup.config import Settings
from chirrup.http.route import ANYONE
from chirrup.social import staff
from chirrup.types import Role
from chirrup.web.routes import POST_PATH, ROUTES
from chirrup.web.screens.reading import feeds

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OF_THE_LOOK = ["color-contrast", "target-size"]  # of these, what theme and size can change
RUN = """async (rules) => {
    const found = await axe.run({ runOnly: rules, resultTypes: ["violations"] });
    const wrong = found.violations.flatMap((rule) =>
        rule.nodes.map((node) => `${rule.id}: ${node.target} ${node.any[0]?.message ?? node.html}`));
    const parts = (color) => color.match(/[\\d.]+/g).map(Number);
    const light = (color) => parts(color).slice(0, 3)
        .map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const behind = (one) => {
        const color = getComputedStyle(one).backgroundColor;
        return (parts(color)[3] ?? 1) ? color : behind(one.parentElement);
    };
    const fields = "textarea, select, input:not([type=hidden], [type=checkbox], [type=radio], [type=file], .unseen)";
    for (const one of document.querySelectorAll(fields)) {
        const [line, ground] = [getComputedStyle(one).borderTopColor, behind(one.parentElement)].map(light);
        const [low, high] = [Math.min(line, ground), Math.max(line, ground)];
        if ((high + 0.05) / (low + 0.05) < 3) wrong.push(`border: ${one.name} has less than 3:1`); // WCAG 1.4.11
    }
    return wrong;
}"""
PHONE, DESK = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
LOOKS = [("light", PHONE), ("dark", DESK)]  # no colour depends on the size
ALL_LOOKS = [*LOOKS, ("dark", PHONE), ("light", DESK)]
FILES = ["/settings/data/{name}", "/settings/data/archives/{id}", "/settings/data/imports/{id}/failed.csv"]
FEEDS = [path.format(form) for path in feeds.PATHS for form in feeds.TYPES]
LEFT_OUT = ["/home/live", "/oauth/authorize", *FILES, *FEEDS]


class Town:
    """Ann, whose pages have everything that pages can have, and a follow request. She looks after the site, too."""

    def __init__(self, server: Server) -> None:
        self.ann, self.bob, self.eve = (
            server.person(display_name=f"{n} 🐦", note="at https://example.org #birds") for n in "ABC"
        )
        self.ann.follow(self.bob)
        self.ann.patch(
            "/api/v1/accounts/update_credentials",
            locked=True,
            fields_attributes=[{"name": "Web", "value": "https://example.org"}],
        )
        self.eve.follow(self.ann)
        self.tag = f"tag{self.ann.id}"
        media = [picture(self.bob, description=words) for words in ("a teal field", "")]
        post = self.bob.say(f"@{self.ann.name} look https://example.org/ #{self.tag}", media_ids=[media[0]])
        self.bob.say("which?", poll={"options": ["a", "b"], "expires_in": 3600}, visibility="unlisted")
        self.bob.say("not for all", spoiler_text="spoilers", visibility="private")
        self.bob.say("sensitive", media_ids=[media[1]], sensitive=True)
        self.bob.say("\n".join(f"line {n}" for n in range(40)))
        self.eve.say("https://a.example/one\nhttps://b.example/two\nhttps://c.example/three")
        for words in ("see this", "and this"):
            self.bob.say(words, quoted_status_id=post["id"])
        for n in range(2):
            server.command("announce", "publish", f"https://a.example/{n}\nhttps://b.example/{n}\nhttps://c.example")
        self.own = self.ann.say(f"mine #{self.tag}", in_reply_to_id=post["id"])["id"]
        self.quoting = self.bob.say("she says", quoted_status_id=self.own)["id"]
        voted = self.ann.say("and now?", poll={"options": ["a", "b"], "expires_in": 3600})
        self.bob.post(f"/api/v1/polls/{voted['poll']['id']}/votes", choices=[0])
        self.ann.put(f"/api/v1/statuses/{self.own}", status=f"mine, mended #{self.tag}")
        for mark in ("favourite", "reblog"):
            self.bob.post(f"/api/v1/statuses/{self.own}/{mark}")
            self.ann.post(f"/api/v1/statuses/{post['id']}/{mark}")
        recommended = {"name": "Birds", "description": "They sing", "tag_name": "birds", "account_ids": [self.ann.id]}
        collection = self.bob.post("/api/v1/collections", **recommended).json()["collection"]
        self.collection = f"/collections/{collection['id']}"
        self.ann.post(f"/api/v1/statuses/{post['id']}/bookmark")
        self.ann.post(f"/api/v1/statuses/{self.own}/pin")
        eventually(lambda: len(self.ann.get("/api/v1/notifications").json()) >= 4)
        self.room = self.ann.post("/api/chirrup/v1/rooms", name=f"r{self.own[-9:]}", title="Den", closed=True).json()[
            "id"
        ]
        self.ann.post(f"/api/chirrup/v1/rooms/{self.room}/members", account_id=self.bob.id)
        self.eve.post(f"/api/chirrup/v1/rooms/{self.room}/join")
        boss = server.admin()
        self.strike = warned(boss, self.ann)
        server.do(lambda engines: engines.db.write(staff.give_role, int(self.ann.id), Role.OWNER))
        self.docket = Docket(server, boss)
        self.addresses = MailAddresses(signing.signer(Settings(data=server.data)), "localhost", 0)
        org = "/api/chirrup/v1/org"
        boss.post(f"{org}/roles", name="Keeper", permissions=["manage_rooms"])
        rule = {"name": "Down", "text": 'when post if text has "down" do reply "Who looks?"'}
        self.rule = boss.post("/api/chirrup/v1/rules", **rule).json()["id"]
        hooks = "/api/chirrup/v1/hooks"
        heard = {"name": "CI", "url": "https://ci.example", "events": ["post.published"]}
        self.heard = boss.post(f"{hooks}/out", **heard).json()["id"]
        speaks = boss.post(f"{hooks}/in", name="Alerts").json()
        requests.post(speaks["url"], json={"text": "line\n" * 300}, timeout=10)
        self.speaks = f"/org/hooks/in/{speaks['id']}"
        self.came = boss.get(f"{hooks}/in/{speaks['id']}/payloads").json()[0]["id"]
        self.invite = boss.post(f"{org}/invites", uses=2).json()["url"].removeprefix(server.url)
        browser = logged_in(server, self.bob)
        browser.post("/forgot", csrf_from="/forgot", email=f"{self.bob.name}@example.com")
        address = f"new{self.bob.name}@example.com"
        browser.post("/settings/email", csrf_from="/settings/access", email=address, password="password")
        sent = {"reset": f"{self.bob.name}@example.com", "confirm": address}
        self.links = {page: path_in(newest(server, to)[1]) for page, to in sent.items()}

    def paths(self, *, known: bool) -> list[str]:
        """Every page of the table."""
        values = {"handle": f"@{self.ann.name}", "id": self.own, "name": self.tag}
        links = {f"/{one}/{{secret}}": path for one, path in self.links.items()}
        links |= {"/invite/{secret}": self.invite, "/org/roles/{name}": "/org/roles/Keeper"}
        links["/org/members/{name}"] = f"/org/members/{self.bob.name}"
        stop = Stop(int(self.ann.id), Stops.ROOM, int(self.room))
        links["/mail/stop/{secret}"] = f"/mail/stop/{self.addresses.stop(stop)}"
        links["/first/{secret}"] = "/first/of-a-server-that-has-an-owner"
        links[f"{POST_PATH}/unquote"] = f"/@{self.ann.name}/{self.own}/unquote?quote={self.quoting}"
        links |= {"/{handle}/report": f"/@{self.bob.name}/report?post={self.quoting}"}
        links |= {"/settings/filters/post": f"/settings/filters/post?post={self.quoting}"}
        links["/disputes/strikes/{id}"] = f"/disputes/strikes/{self.strike}"
        links["/collections/{id}"] = self.collection
        links["/org/automation/{id}"] = f"/org/automation/{self.rule}"
        links |= {"/org/hooks/in/{id}": self.speaks, "/org/hooks/out/{id}": f"/org/hooks/out/{self.heard}"}
        links["/org/hooks/in/{id}/payloads/{payload}"] = f"{self.speaks}/payloads/{self.came}"
        links["/rooms/{id}"] = f"/rooms/{self.room}"
        links["/org/retention/rooms/{id}"] = f"/org/retention/rooms/{self.room}"
        routes = [
            one for one in ROUTES if one.method == "GET" and (known or one.who == ANYONE) and one.path not in LEFT_OUT
        ]
        paths = [
            links.get(one.path) or re.sub(r"\{(\w+)\}", lambda match: values[match[1]], self.docket.path(one.path))
            for one in routes
        ]
        more = ["/nope/nope/nope", f"/search?q={self.tag}", "/search?q=nothing_is_so", "/tags/nothing_is_so"]
        return list(dict.fromkeys([*paths, *more, f"/@{self.bob.name}"] + (["/login?again=1"] if known else ["/ui"])))


def picture(person: Person, **fields: str) -> str:
    out = io.BytesIO()
    Image.new("RGB", (90, 60), "teal").save(out, "PNG")
    sent = {"file": ("a.png", out.getvalue(), "image/png")}
    return person.call("POST", "/api/v2/media", files=sent, data=fields).json()["id"]


@pytest.fixture(scope="module")
def town(server: Server) -> Town:
    return Town(server)


async def opened(chromium: Browser, server: Server, person: Person | None = None) -> Page:
    """A page of somebody's browser that has axe-core in each document."""
    watched = await somebody(chromium, server.url)
    await watched.context.add_init_script(AXE)  # sent once, not for each document
    if person:
        visitor = logged_in(server, person)
        await watched.context.add_cookies([{"name": "chirrup", "value": visitor.cookie, "url": server.url}])
    page = await watched.page()
    await page.emulate_media(reduced_motion="reduce")
    return page


async def wrongs(page: Page, looks: list[tuple[Any, Any]]) -> list[str]:
    """The problems that axe-core finds on the present page, in each theme and size."""
    found = []
    for n, (theme, size) in enumerate(looks):
        await page.emulate_media(color_scheme=theme)
        await page.set_viewport_size(size)
        problems = await page.evaluate(RUN, OF_THE_LOOK if n else RULES)
        found += [f"{page.url} {theme} {size['width']} {one}" for one in problems]
    return found


@pytest.mark.parametrize("known", [False, True])
async def test_no_page_has_an_accessibility_problem(chromium: Browser, server: Server, town: Town, known: bool):
    page = await opened(chromium, server, town.ann if known else None)
    found = []

    looks = LOOKS
    for path in town.paths(known=known):
        await page.goto(path)
        found += await wrongs(page, looks)
        looks = looks[::-1]  # the next page begins with the look that this one ended with

    assert found == [], "\n".join(found)


async def test_pages_of_who_is_suspended_have_no_accessibility_problem(chromium: Browser, server: Server, town: Town):
    docket = town.docket
    docket.boss.post(f"/api/v1/admin/accounts/{docket.bad.id}/action", type="suspend", report_id=docket.report)
    page = await opened(chromium, server, docket.bad)
    found = []

    for what in (0, 1):
        await page.goto("/disputes/strikes")
        found += await wrongs(page, LOOKS)
        await page.locator(".things a").nth(what).click()
        found += await wrongs(page, LOOKS)

    assert found == [], "\n".join(found)


async def test_menus_and_dialogs_have_no_accessibility_problem(chromium: Browser, server: Server, town: Town):
    page = await opened(chromium, server, town.ann)
    found = []

    for path in ("/home", f"/@{town.bob.name}", "/compose"):
        await page.goto(path)
        await page.evaluate("document.querySelectorAll('details:not(.more)').forEach((one) => one.open = true)")
        await page.evaluate("document.querySelectorAll('.tool input').forEach((one) => one.checked = true)")
        found += await wrongs(page, ALL_LOOKS)
    await page.goto("/home")
    await page.locator("details.more > summary").first.click()
    found += [one for one in await wrongs(page, ALL_LOOKS) if "obscured" not in one]  # a menu covers what is below it
    await page.goto("/compose")
    await page.get_by_role("button", name="Post", exact=True).click()  # an empty post, which is refused
    found += await wrongs(page, ALL_LOOKS)

    assert found == [], "\n".join(found)
