"""A week of a company of fifty: begun with one command, joined by login, directory and invitation, exported at the end.

Everything goes through a real server, as people do it: a browser, toot, Mastodon.py, and the directory's requests.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests
from browser import somebody
from client import Person, Server
from compat.test_toot import TOOT, Toot
from identity_provider import Provider, provider
from mastodon import Mastodon
from playwright.async_api import Browser, Page, expect
from visitor import Visitor, code_shown_at, forms
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from world import png

pytestmark = pytest.mark.slow
ORG, ROOMS = "/api/chirrup/v1/org", "/api/chirrup/v1/rooms"
SCOPES = ["read", "write", "follow", "admin:read", "admin:write"]
CROWD = [f"w{n}" for n in range(44)]  # and the owner, Ann, Bob, Carl, Dora, the guest: 50


class Acme(Server):
    """The organisation at its own host, on the server that a command has started."""

    def __init__(self, town: Server) -> None:
        vars(self).update(vars(town))
        self.town, self.host = town, f"localhost:{town.port}"
        self.url = f"http://{self.host}"


def made_by_a_command(town: Server) -> tuple[Acme, str]:
    """And the path where its first owner begins."""
    acme = Acme(town)
    said = town.command("org", "create", "acme", "--host", acme.host, "--title", "Acme", "--closed")
    (first,) = re.findall(r"(/first/\S+)", said)
    return acme, first


async def begin(page: Page, first: str) -> None:
    await page.goto(first)
    await page.get_by_label("A company").check()
    await page.get_by_label("Your username").fill("boss")
    await page.get_by_label("Your e-mail address").fill("boss@example.com")
    await page.get_by_label("Password").fill("password")
    await page.get_by_role("button", name="Begin").click()
    await expect(page.get_by_role("heading", name="What it is")).to_be_visible()


def owner_of(acme: Acme) -> Person:
    """In a program, with a code that the browser shows."""
    app = Mastodon.create_app("office", scopes=SCOPES, api_base_url=acme.url)
    api = Mastodon(*app, api_base_url=acme.url)
    code = code_shown_at(api.auth_request_url(scopes=SCOPES, allow_http=True), "boss")
    return Person(acme, api.log_in(code=code, scopes=SCOPES, allow_http=True))


def claims(name: str, *groups: str) -> dict[str, Any]:
    """What the provider says of the person."""
    email = {"email": f"{name}@acme.example", "email_verified": True}
    return {"sub": f"sub-{name}", "preferred_username": name, "name": name.title(), "groups": groups} | email


async def logged_in_there(page: Page, login: Provider, name: str) -> None:
    login.claims = claims(name)
    await page.context.clear_cookies()
    await page.goto("/login")
    await page.get_by_role("link", name="Log in with Acme").click()


def by_single_sign_on(acme: Acme, login: Provider, name: str, *groups: str) -> Visitor:
    """A browser in which the person has logged in at the company's provider."""
    login.claims = claims(name, *groups)
    visitor = Visitor(acme.url)
    assert visitor.get("/login/oidc").ok
    assert visitor.is_logged_in
    return visitor


def code_for(visitor: Visitor, address: str) -> str:
    """That an app gets when its person agrees, who is logged in already."""
    consent = forms(visitor.session.get(address, timeout=10))[0]
    page = visitor.session.post(consent.url, data=consent.fields | {"decision": "allow"}, timeout=10)
    return page.url.partition("code=")[2].partition("&")[0]


def in_mastodon_py(acme: Acme, visitor: Visitor) -> Mastodon:
    scopes = ["read", "write", "follow"]
    api = Mastodon(*Mastodon.create_app("program", scopes=scopes, api_base_url=acme.url), api_base_url=acme.url)
    code = code_for(visitor, api.auth_request_url(scopes=scopes, allow_http=True))
    api.log_in(code=code, scopes=scopes, allow_http=True)
    return api


def in_toot(acme: Acme, visitor: Visitor, name: str, folder: Path) -> Toot:
    folder.mkdir()
    toot = Toot(acme, name, folder)
    words = [str(TOOT), "--no-color", "login", "--instance", acme.url]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=toot.env, **pipes) as login:
        assert login.stdin and login.stdout
        address = next(line.strip() for line in login.stdout if line.startswith(acme.url))
        said, _ = login.communicate(f"n\n{code_for(visitor, address)}\n", timeout=30)
    assert "Successfully logged in" in said
    return toot


def crowd_by_scim(acme: Acme) -> None:
    token = acme.town.command("org", "scim-token", "Entra", "--host", acme.host)
    scim = Person(acme, token)
    for name in CROWD:
        email = [{"value": f"{name}@acme.example", "primary": True}]
        answer = scim.post("/scim/v2/Users", userName=name, displayName=name.upper(), emails=email)
        assert answer.status_code == 201, answer.text


def guest_by_invitation(acme: Acme, link: str) -> Visitor:
    visitor = Visitor(acme.url)
    (form,) = [one for one in forms(visitor.get(link.removeprefix(acme.url))) if one.url.endswith("/invite")]
    typed = {"username": "gwen", "email": "gwen@partner.example", "password": "password"}
    assert visitor.send(form.url, form.fields | typed).headers["Location"] == "/home"
    return visitor


def is_shown(picture: str) -> bool:
    return requests.get(picture, timeout=10).ok


def words_of(toot: Toot, *command: str) -> str:
    return " ".join(toot(*command).split())


async def test_a_company_of_fifty_from_its_first_link_to_its_export(chromium: Browser, tmp_path: Path):
    with provider() as login:
        env = {"CHIRRUP_IDENTITY_HOSTS": f"127.0.0.1:{login.port}"}
        with Server(tmp_path / "data", env=env) as town:
            await week(chromium, login, *made_by_a_command(town), tmp_path)


async def week(chromium: Browser, login: Provider, acme: Acme, first: str, tmp_path: Path) -> None:
    # Monday: the owner begins, names the company's provider, opens rooms; people come
    watched = await somebody(chromium, acme.url)
    page = await watched.page()
    await begin(page, first)
    boss = owner_of(acme)
    chosen = boss.patch(f"{ORG}/identity", oidc=login.settings | {"roles": {"helpers": "moderator"}})
    assert chosen.ok, chosen.text
    stranger = acme.anyone()
    assert stranger.get("/api/v1/timelines/public").status_code == 401
    assert Visitor(acme.url).get("/public", allow_redirects=False).headers["Location"].startswith("/login")
    crowd_by_scim(acme)
    anns, carls, doras, _ = (by_single_sign_on(acme, login, name) for name in ("ann", "carl", "dora", "bob"))
    ann = in_toot(acme, anns, "ann", tmp_path / "ann")
    carl, dora = in_mastodon_py(acme, carls), in_mastodon_py(acme, doras)
    members = {one["username"]: one["id"] for one in boss.walk(f"{ORG}/members", limit=200)}
    assert len(members) == 49

    anns_own = Person(acme, ann.token)
    lab = anns_own.post(ROOMS, name="lab", title="The lab", closed=True).json()
    lounge = boss.post(ROOMS, name="lounge", title="The lounge").json()
    for name in ("bob", "carl"):
        assert anns_own.post(f"{ROOMS}/{lab['id']}/members", account_id=members[name]).ok
    invited = boss.post(f"{ORG}/invites", guest=True, rooms=[lounge["id"]])
    assert invited.ok, invited.text
    gwens = guest_by_invitation(acme, invited.json()["url"])
    gwen = in_mastodon_py(acme, gwens)

    # Tuesday: they talk, in rooms and outside, in whatever app they have
    assert ann("follow", "lounge")
    carl.account_follow(lounge["id"])
    picture = tmp_path / "plan.png"
    picture.write_bytes(png())
    plan = ann.post("@lab the plan of the canary", "--media", str(picture), "--description", "a plan")
    shown = carl.status(plan)
    assert (shown.visibility, shown.media_attachments[0].description) == ("private", "a plan")
    old_picture = shown.media_attachments[0].url
    assert is_shown(old_picture)
    answer = carl.status_reply(shown, "what does the canary eat?")
    assert [one["id"] for one in ann.json("timelines", "list", lab["id"], "--no-pager")] == [str(answer.id), plan]
    for outside in (dora, gwen):
        assert outside.search("canary", result_type="statuses").statuses == []
        assert outside.timeline_home() == []
    asked = gwen.status_post("@lounge cake on Friday?", poll=gwen.make_poll(["yes", "no"], 3600))
    assert "cake" in words_of(ann, "timelines", "list", lounge["id"], "--no-pager")
    ann("polls", "vote", str(asked.poll.id), "0")
    assert [one.votes_count for one in carl.poll(asked.poll.id).options] == [1, 0]
    assert gwen.account_search("dora") == []
    ann.post("a word for everybody")
    direct = ann.post("@dora only for you", "--visibility", "direct")

    # Wednesday: Ann leaves. Whatever she was logged in with ends
    await logged_in_there(page, login, "ann")
    await expect(page.get_by_role("heading", name="Home")).to_be_visible()
    assert watched.wrongs == []
    app_password = anns_own.post("/api/chirrup/v1/app_passwords", name="watch", scopes=["read"]).json()["password"]
    assert Person(acme, app_password).get("/api/v1/timelines/home").ok
    stream = f"{acme.url.replace('http', 'ws')}/api/v1/streaming?stream=user"
    with connect(stream, additional_headers={"Authorization": f"Bearer {ann.token}"}) as listening:
        gone = boss.post(f"{ORG}/members/{members['ann']}/deactivate")
        assert gone.json()["state"] == "deactivated"
        with pytest.raises(ConnectionClosed):
            while True:
                listening.recv(timeout=5)
    assert members["bob"] in [
        one["id"]
        for one in Person(acme, carl.access_token).get(f"{ROOMS}/{lab['id']}/members").json()
        if one["role"] == "manager"
    ]

    # Thursday: she reads nothing, wherever she asks
    carl.status_post("@lab the canary sings")
    for token in (ann.token, app_password):
        for path in (
            "/api/v1/timelines/home",
            f"/api/v1/statuses/{plan}",
            f"/api/v1/timelines/list/{lab['id']}",
            ROOMS,
        ):
            assert Person(acme, token).get(path).status_code == 401, path
    assert "canary" not in ann("timelines", "home", "--no-pager", fails=True)
    await page.goto("/home")
    await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    login.claims = claims("ann")
    refused = Visitor(acme.url).get("/login/oidc")
    assert not is_shown(old_picture)
    assert is_shown(carl.status(plan).media_attachments[0].url)
    assert (refused.status_code, "deactivated" in refused.text) == (403, True), refused.text
    assert carl.status(plan).account.username == "ann"  # what she said stays
    assert dora.status(direct).account.username == "ann"

    # Friday: an owner lets Bob see to the export, which another server takes
    assert boss.patch(f"{ORG}/members/{members['bob']}", compliance=True).json()["compliance"]
    await logged_in_there(page, login, "bob")
    await page.goto("/org/export")
    await page.get_by_role("button", name="Have it made").click()
    async with page.expect_download() as saved:
        await page.get_by_role("link", name="Save").click()
    file = tmp_path / "acme.zip"
    await (await saved.value).save_as(file)
    told = boss.get(f"{ORG}/audit").json()
    assert {"export", "save export", "deactivate"} <= {one["action"] for one in told}
    assert ("add", "lab", "@carl") in [(one["action"], one["target"], one["text"]) for one in told]

    moved = Server(tmp_path / "elsewhere")
    there = Acme(moved)
    moved.command("org", "import", str(file), "--host", there.host)
    moved.command("user", "reset-password", f"carl@{there.host}", "--password", "password")
    with moved:
        again = Visitor(there.url)
        again.log_in("carl")
        carl = in_mastodon_py(there, again)
        assert "the canary sings" in carl.timeline_list(lab["id"])[0].content
        assert carl.status(plan).account.username == "ann"
        assert is_shown(carl.status(plan).media_attachments[0].url)
