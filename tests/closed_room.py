"""A closed room that is not listed, full of a word that nobody outside may read, and people of every kind outside."""

import re
import secrets
from typing import Any

from client import Person, Server, eventually
from visitor import Visitor, logged_in
from walls import ABSENT, section_of
from world import png

from chirrup.orgs import members
from chirrup.ports import Engines

V1, ROOMS = "/api/v1", "/api/chirrup/v1/rooms"
OUTSIDE = ("anonymous", "app", "stranger", "pending", "guest", "ex_member", "removed", "deactivated")
NEVER_INSIDE = (
    "anonymous",
    "app",
    "stranger",
    "pending",
    "guest",
    "deactivated",
)  # the last has no access, whatever it asks


class ClosedRoom:
    """boss manages it, mate is in it, and insider, who is a guest. stranger, ex_member, removed: follow boss; stranger
    manages another room. pending has asked to come in while it was listed. guest: is in another room of boss's.

    ex_member, removed and deactivated were in it, have marked what was said there, and have kept `addresses`.
    """

    def __init__(self, server: Server) -> None:
        self.server, self.tag = server, f"t{secrets.token_hex(5)}"
        self.word, self.name = f"canary{secrets.token_hex(6)}", f"r{secrets.token_hex(5)}"
        names = ("boss", "mate", "insider", *(one for one in OUTSIDE if one not in ("anonymous", "app")))
        self.people = {name: server.person() for name in names}
        self.boss, self.mate = self.people["boss"], self.people["mate"]
        self.outside = {"anonymous": server.anyone(), "app": Person(server, server._make_app_token())}  # pyright: ignore[reportPrivateUsage]
        self.outside = {name: self.people.get(name) or self.outside[name] for name in OUTSIDE}
        self.room = self._made(title=self.word, note=self.word, closed=True)
        assert self.people["pending"].post(f"{ROOMS}/{self.room['id']}/join").json()["requested"]
        assert self.boss.patch(f"{ROOMS}/{self.room['id']}", listed=False).ok
        self.other = self._made(closed=True)
        assert self.people["stranger"].post(ROOMS, name=f"r{secrets.token_hex(5)}", closed=True).ok
        for name in ("mate", "insider", "ex_member", "removed", "deactivated"):
            self._enter(self.room["id"], name)
        self._enter(self.other["id"], "guest")
        self.browsers = {
            name: logged_in(server, one) if one.id else Visitor(server.url)
            for name, one in self.outside.items()
            if name != "app"
        }
        self._speak()
        self._part()
        self.ids = {
            "statuses": self.said,
            "accounts": [self.room["id"]],
            "rooms": [self.room["id"]],
            "lists": [self.room["id"]],
            "list": [self.room["id"]],
            "polls": [self.poll],
            "media": self.media,
            "tag": [self.tag],
            "tags": [self.tag],
            "profiles": [self.room["id"]],
        }

    def _made(self, **how: Any) -> dict[str, Any]:
        name = self.name if "note" in how else f"r{secrets.token_hex(5)}"
        answer = self.boss.post(ROOMS, name=name, **how)
        assert answer.ok, answer.text
        return answer.json()

    def _enter(self, room_id: str, name: str) -> None:
        assert self.boss.post(f"{ROOMS}/{room_id}/members", account_id=self.people[name].id).ok

    def _picture(self, person: Person) -> str:
        sent = {"files": {"file": ("a.png", png())}, "data": {"description": self.word}}
        return person.call("POST", "/api/v2/media", **sent).json()["id"]

    def _speak(self) -> None:
        boss, mate = self.boss, self.mate
        named = " ".join(f"@{self.people[name].name}" for name in ("stranger", "guest", "ex_member", "removed"))
        text = f"@{self.name} #{self.tag} {self.word} {named}"
        self.hello = self._speak_elsewhere()
        asked = boss.say(text, spoiler_text=self.word, poll={"options": [self.word, "b"], "expires_in": 3600})
        seen = mate.say(text, media_ids=[self._picture(mate)], in_reply_to_id=asked["id"])
        below = mate.say(text, in_reply_to_id=self.hello)
        edited = boss.say(f"@{self.name} {self.word}", media_ids=[self._picture(boss)])
        boss.put(f"{V1}/statuses/{edited['id']}", status=f"@{self.name} {self.word} edited", media_ids=[])
        boss.say("aside", in_reply_to_id=self.hello)
        self.said, self.poll = [one["id"] for one in (asked, seen, below, edited)], asked["poll"]["id"]
        files = [one["media_attachments"][0] for one in (seen, edited)]
        self.media = [one["id"] for one in files]
        self.addresses = [one[name] for one in files for name in ("url", "preview_url")]
        boss.post(f"{ROOMS}/{self.room['id']}/posts/{asked['id']}/pin")
        for name in ("mate", "ex_member", "removed", "deactivated"):
            for verb in ("favourite", "bookmark"):
                assert self.people[name].post(f"{V1}/statuses/{asked['id']}/{verb}").ok
        lists = [f"{V1}/timelines/home", f"{V1}/timelines/list/{self.room['id']}", f"{V1}/notifications"]
        for name in ("ex_member", "removed"):
            person = self.people[name]
            eventually(lambda person=person: all(self.word in person.get(path).text for path in lists))

    def _speak_elsewhere(self) -> str:
        """What no guest sees: the stranger, and what they say."""
        stranger, self.abroad = self.people["stranger"], f"abroad{secrets.token_hex(6)}"
        stranger.patch(
            f"{V1}/accounts/update_credentials", note=self.abroad, display_name=self.abroad, discoverable=True
        )
        poll = {"options": [self.abroad, "b"], "expires_in": 3600}
        hello = stranger.say(f"hello all #{self.abroad} {self.abroad}", spoiler_text=self.abroad, poll=poll)
        self.outer = {
            "statuses": [hello["id"]],
            "accounts": [stranger.id],
            "polls": [hello["poll"]["id"]],
            "tag": [self.abroad],
            "profiles": [stranger.id],
        }
        return hello["id"]

    def _part(self) -> None:
        """Those who were in it go."""
        assert self.people["ex_member"].post(f"{ROOMS}/{self.room['id']}/leave").ok
        assert self.boss.delete(f"{ROOMS}/{self.room['id']}/members/{self.people['removed'].id}").ok
        for name in ("stranger", "ex_member", "removed"):
            self.people[name].follow(self.boss)

        async def make(engines: Engines) -> None:
            for name in ("guest", "insider"):
                await engines.db.write(members.set_guest, int(self.people[name].id), 0, guest=True)
            await engines.db.write(members.deactivate, int(self.people["deactivated"].id))

        self.server.do(make)

    def fresh(self) -> list[str]:
        """Addresses of a picture as it is shown to members now."""
        shown = self.mate.get(f"{V1}/statuses/{self.said[1]}").json()["media_attachments"][0]
        return [shown["url"], shown["preview_url"]]

    def paths(self, path: str, ids: dict[str, list[str]] | None = None) -> list[tuple[str, str]]:
        """(path with each thing that stands in the room, the same with what never was; "": there is no such).

        ids: of other things, by what a path says before them.
        """
        if "{" not in path:
            return [(path, "")]
        if path.startswith(("/@{", "/{handle}")):
            by = [(self.boss.name, self.said[0]), (self.mate.name, self.said[1]), (self.name, self.hello)]
            by = [(self.people["stranger"].name, self.hello)] if ids else by
            filled = [(re.sub(r"@?\{(handle|username|acct|name)\}", f"@{name}", path), id) for name, id in by]
            return [(re.sub(r"\{\w+\}", id, one), "") for one, id in filled]
        section = section_of(path)
        rest = path.replace("{name}", self.addresses[0].split("?")[0].rsplit("/", 1)[1]) if "/media/" in path else path
        return [
            (re.sub(r"\{\w+\}", one, rest), re.sub(r"\{\w+\}", ABSENT, rest) if one.isdigit() else "")
            for one in (ids or self.ids).get(section, [self.room["id"]])
        ]

    def told_in(self, text: str, asked: str = "") -> bool:
        """Is there anything of the room's in it? asked: what was asked with, and comes back at times."""
        return any(one in text.replace(asked, "") if asked else one in text for one in (self.word, self.name))
