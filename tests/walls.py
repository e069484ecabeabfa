"""Two organisations on one server, for tests that ask at the site of one for what is the other's.

A word of its own stands in every text of each. What is asked is made from the tables of routes.
"""

import contextlib
import re
import secrets
from collections.abc import Generator
from copy import copy
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import requests
from client import Person, Server, eventually
from elsewhere import make_card
from mail_folder import newest, path_in
from visitor import Visitor, code_shown_at, logged_in
from world import png

from chirrup.ports import Engines
from chirrup.social import announcements, emojis, mails_in
from chirrup.store import orgs
from chirrup.types import Announcement, Emoji, MailIn

V1 = "/api/v1"
ABSENT = "1"  # no id of anything
URN = "urn:ietf:wg:oauth:2.0:oob"
# of paths whose ids are another section's
SECTIONS = {"sites": "logos", "tag": "tags", "links": "cards", "files": "media", "profiles": "accounts"}


def section_of(path: str) -> str:
    """What the first id in it is of; "": there is none."""
    return next(iter(re.findall(r"/(filters/statuses|\w+)/\{", path)), "")


class Site:
    """One side of the wall: ann, who has said and made a bit of everything; bob, who follows her; an administrator."""

    def __init__(self, server: Server) -> None:
        self.server, self.word, self.tag = server, f"canary{secrets.token_hex(5)}", f"tag{secrets.token_hex(5)}"
        word, tag = self.word, self.tag
        self.ann, self.bob = server.person(f"ann{word[-4:]}"), server.person()
        self.bob.follow(self.ann)
        self.ann.follow(self.bob)
        self.ann.patch(
            f"{V1}/accounts/update_credentials",
            display_name=f"Ann {word}",
            note=word,
            fields_attributes=[{"name": word, "value": word}],
            discoverable=True,
            indexable=True,
        )
        media = self.picture(self.ann)
        kinds = ("public", "unlisted", "private", "direct")
        text = f"{word} #{tag} @{self.bob.name}"
        said = {kind: self.ann.say(text, spoiler_text=word, visibility=kind)["id"] for kind in kinds}
        self.ann.say(word, media_ids=[media["id"]])
        poll = self.ann.say(word, poll={"options": [word, "no"], "expires_in": 3600})
        reply = self.bob.say(f"{word} too", in_reply_to_id=said["public"])
        for verb in ("favourite", "reblog", "bookmark", "pin"):
            self.ann.post(f"{V1}/statuses/{said['public']}/{verb}")
            self.bob.post(f"{V1}/statuses/{said['public']}/{verb}")
        listed = self.ann.post(f"{V1}/lists", title=word).json()
        self.ann.post(f"{V1}/lists/{listed['id']}/accounts", account_ids=[self.bob.id])
        featured = self.ann.post(f"{V1}/featured_tags", name=tag).json()
        self.ann.post(f"{V1}/tags/{tag}/follow")
        keyword = self.ann.post(f"{V1}/filters", phrase=word, context=["home"]).json()
        filtered = self.ann.get("/api/v2/filters").json()[0]
        kept = self.ann.post(f"/api/v2/filters/{filtered['id']}/statuses", status_id=said["public"]).json()
        room = self.ann.post("/api/chirrup/v1/rooms", name=f"r{word[-9:]}", title=word, note=word, closed=True).json()
        self.room = room["name"]
        in_room = self.ann.say(f"@{self.room} {word}", media_ids=[self.picture(self.ann)["id"]])
        draft = self.ann.post("/api/chirrup/v1/drafts", status=word).json()
        scheduled = self.ann.say(word, scheduled_at="4000-01-01")
        eventually(lambda: self.bob.get(f"{V1}/notifications").json() and self.bob.get(f"{V1}/conversations").json())
        eventually(lambda: word in self.bob.get("/api/v2/search", q=word).text)
        self.ann.patch("/api/v2/notifications/policy", for_not_following="filter")
        server.person().say(f"{word} @{self.ann.name}")
        held = eventually(lambda: self.ann.get(f"{V1}/notifications/requests").json())[0]
        emoji, announced = server.do(self._with_emoji_and_announcement)
        linking = self.ann.say(f"http://{word}.example/", visibility="private")["id"]
        card = server.do(lambda engines: make_card(engines, int(linking), word, image=png()))
        self.files = {"emojis": emoji.key.replace("/", ""), "cards": card.image_key.replace("/", "")}
        self.files |= dict.fromkeys(("files", "profiles"), media["url"].rsplit("/", 1)[1])
        self.files["sites"] = "0123456789abcdef.png"  # no organisation has a logo
        self.file = media["url"].removeprefix(server.url)
        self.list = listed["id"]
        collected = self.bob.post(f"{V1}/collections", name=word, description=word, account_ids=[self.ann.id]).json()
        self.item = collected["collection"]["items"][0]["id"]
        self.ids = {
            "statuses": [*said.values(), poll["id"], reply["id"], in_room["id"]],
            "accounts": [self.ann.id, self.bob.id, room["id"]],
            "rooms": [room["id"]],
            "follow_requests": [self.bob.id],
            "suggestions": [self.ann.id],
            "polls": [poll["poll"]["id"]],
            "media": [media["id"]],
            "lists": [listed["id"]],
            "collections": [collected["collection"]["id"]],
            "list": [listed["id"]],
            "featured_tags": [featured["id"]],
            "filters": [filtered["id"], keyword["id"]],  # of a keyword where the path is of before 4.0
            "keywords": [keyword["id"]],
            "filters/statuses": [kept["id"]],
            "drafts": [draft["id"]],
            "scheduled_statuses": [scheduled["id"]],
            "conversations": [self.bob.get(f"{V1}/conversations").json()[0]["id"]],
            "requests": [held["id"]],
            "emojis": [str(emoji.id)],
            "cards": [str(card.id)],
            "announcements": [str(announced.id)],
            "notifications": [self.bob.get(f"{V1}/notifications").json()[0]["id"]],
        }
        self.secrets = self._links()
        self.admin = server.admin()
        invite = self.admin.post("/api/chirrup/v1/org/invites").json()
        self.ids["invites"], self.secrets["/invite/{secret}"] = [invite["id"]], invite["url"].rsplit("/", 1)[1]
        self.ids["reports"] = [self.bob.post(f"{V1}/reports", account_id=self.ann.id, comment=word).json()["id"]]
        self.admin.post(f"{V1}/admin/accounts/{self.ann.id}/action", type="none", text=word)
        self.ids["strikes"] = [self.ann.get("/api/chirrup/v1/strikes").json()[0]["id"]]
        self.ids["appeals"] = self.ids["strikes"]
        self.ann.post(f"/api/chirrup/v1/strikes/{self.ids['strikes'][0]}/appeal", text=word)
        self._ban()
        self.ids["held"] = self.ids["mails"] = [str(server.do(self._with_held_mail).id)]
        self.app = Person(server, server._make_app_token())  # pyright: ignore[reportPrivateUsage]
        self.client = server.anyone().post(f"{V1}/apps", client_name=word, redirect_uris=URN, scopes="read").json()
        self.before = self.state()

    async def _with_emoji_and_announcement(self, engines: Engines) -> tuple[Emoji, Announcement]:
        org_id = await engines.db.read(orgs.id_by_host, self.server.url.removeprefix("http://"))
        emoji = await emojis.add(engines, org_id, png(), emojis.Wanted(self.word, self.word))
        announced = await engines.db.write(announcements.announce, org_id, announcements.Wanted(self.word))
        return emoji, announced

    async def _with_held_mail(self, engines: Engines) -> MailIn:
        org_id = await engines.db.read(orgs.id_by_host, self.server.url.removeprefix("http://"))
        arrived = mails_in.Arrived(int(self.ann.id), org_id, self.word, f"{self.word}@example.com", "", self.word, "")
        return await engines.db.write(mails_in.hold, arrived, self.word, self.word.encode())

    def _links(self) -> dict[str, str]:
        """The secrets of links that are under way to ann, by the address of their page."""
        address = f"{self.ann.name}@example.com"
        browser = logged_in(self.server, self.ann)
        browser.post("/forgot", csrf_from="/forgot", email=address)
        asked = {"email": f"new{self.word}@example.com", "password": "password"}
        browser.post("/settings/email", csrf_from="/settings/access", **asked)
        sent = {to: newest(self.server, to)[1] for to in (address, asked["email"])}
        return {
            f"/{kind}/{{secret}}": secret for kind, secret in (path_in(text).split("/")[1:] for text in sent.values())
        }

    def _ban(self) -> None:
        """The word stands in all that this site's staff keep out."""
        banned = {"domain": f"{self.word}.example", "email": f"{self.word}@x.example", "ip": "192.0.2.7"}
        banned |= {"severity": "noop", "private_comment": self.word, "comment": self.word}
        for kind in ("domain_block", "domain_allow", "email_domain_block", "ip_block", "canonical_email_block"):
            severity = {"severity": "sign_up_block"} if kind == "ip_block" else {}
            made = self.admin.post(f"{V1}/admin/{kind}s", **(banned | severity)).json()
            self.ids[f"{kind}s"] = [made["id"]]

    def picture(self, person: Person) -> dict[str, Any]:
        files = {"file": ("a.png", png())}
        return person.call("POST", "/api/v2/media", files=files, data={"description": self.word}).json()

    @property
    def credentials(self) -> dict[str, str]:
        return {name: self.client[name] for name in ("client_id", "client_secret")}

    @property
    def asks_for_a_code(self) -> dict[str, str]:
        """What an app of this site sends people to /oauth/authorize with."""
        return {"client_id": self.client["client_id"], "redirect_uri": URN, "response_type": "code", "scope": "read"}

    def code(self) -> str:
        """What ann is shown once she has let the app in."""
        address = f"{self.server.url}/oauth/authorize?{urlencode(self.asks_for_a_code)}"
        return code_shown_at(address, self.ann.name)

    def addresses(self, path: str) -> list[tuple[str, str]]:
        """(the address with what is this site's in it, the same with what never was) for a route with an id in it."""
        if path.startswith("/media/"):
            path = path.replace("{name}", self.files[section_of(path)])
        section = section_of(path)
        if SECTIONS.get(section, section) == "tags":
            return [(re.sub(r"\{\w+\}", self.tag, path), "")]
        ids = self.ids.get(SECTIONS.get(section, section), [self.ann.id])
        path = path.replace("{group_key}", "ungrouped-{id}").replace("{name}", "👍").replace("{item_id}", self.item)
        return [(path.replace("{id}", id), path.replace("{id}", ABSENT)) for id in ids]

    def pages(self, path: str) -> list[tuple[str, str]]:
        """The same for a page. What never was is not told for hashtags, of which there are all."""
        handle, nobody = f"@{self.ann.name}", "@nobody_at_all"
        if "{name}" in path:
            return [(path.replace("{name}", self.tag), "")]
        if "{secret}" in path:
            dead = f"000{'y' * 43}"  # of the first run: it has people who look after it
            return [(path.replace("{secret}", self.secrets.get(path, dead)), path.replace("{secret}", "x" * 46))]
        section = section_of(path) if path.startswith(("/admin/", "/collections/", "/disputes/")) else "statuses"
        ids = self.ids[section] if "{id}" in path else [ABSENT]
        filled = [(path.replace("{id}", id), path.replace("{id}", ABSENT)) for id in ids]
        return [(one.replace("{handle}", handle), other.replace("{handle}", nobody)) for one, other in filled]

    def told_in(self, answer: requests.Response, asked: str = "") -> bool:
        """Is there anything of this site's in it? asked: an id that was asked with, and comes back at times."""
        return any(told in answer.text for told in (self.word, self.ann.id, self.bob.id) if told != asked)

    def state(self) -> dict[str, Any]:
        """What others could change, as ann sees it."""
        ids, marked = self.ids, ("favourited_by", "reblogged_by")
        lists = [f"statuses/{id}/{mark}" for id in ids["statuses"] for mark in marked]
        lists += [f"accounts/{self.ann.id}/{who}" for who in ("followers", "following")]
        lists += [f"lists/{self.list}/accounts", "lists", "bookmarks", "favourites", "blocks", "mutes"]
        found = {path: [one["id"] for one in self.ann.get(f"{V1}/{path}").json()] for path in lists}
        return found | {id: self._post(id) for id in ids["statuses"]}

    def _post(self, id: str) -> tuple[str, ...]:
        post = self.ann.get(f"{V1}/statuses/{id}").json()
        counts = ("replies_count", "reblogs_count", "favourites_count", "content", "edited_at", "poll")
        return tuple(str(post[name]) for name in counts)


@contextlib.contextmanager
def two_sites(folder: Path, engines: dict[str, str]) -> Generator[tuple[Site, Site]]:
    """The server's own network, and an organisation: one process, two hosts. engines: settings."""
    with Server(folder / "data", env=engines) as town:
        yield Site(town), Site(organisation(town))


def organisation(town: Server) -> Server:
    """The same process, asked at the host of an organisation that is made now."""
    acme = copy(town)
    acme.url = town.url.replace("127.0.0.1", "localhost")
    acme._app_token = ""  # pyright: ignore[reportPrivateUsage]
    town.command("org", "create", "acme", "--host", acme.url.removeprefix("http://"), "--title", "Acme")
    return acme


def asked_by(here: Site) -> list[Person]:
    return [here.server.anyone(), here.bob, here.app, here.admin]


def visitors(here: Site) -> list[Visitor]:
    return [Visitor(here.server.url), logged_in(here.server, here.bob), logged_in(here.server, here.admin)]
