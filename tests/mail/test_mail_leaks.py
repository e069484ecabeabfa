"""No mail has a word that its reader may not see: every visibility, for everybody who may want it, changes meanwhile.

Each post has a word of its own, a canary. Whoever gets a mail with it must be let through by the oracle at that moment.
"""

from email.message import EmailMessage
from typing import Any

import pytest
from databases import Clock
from kit import TOWN, people, settle, work_off
from mail_server import read

from chirrup.access import visibility
from chirrup.orgs import members, rooms
from chirrup.ports import Engines
from chirrup.social import accounts, follows, mail_prefs, posts
from chirrup.social.accounts import SignUp
from chirrup.social.mail_prefs import Change
from chirrup.store import jobs, orgs, room_mails
from chirrup.times import DAY_MS
from chirrup.types import Draft, Org, Post
from chirrup.workers.kinds import kinds

ACME = Org(7 << 12 | 9, "acme", "Acme", "social.acme.example", 0)
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
KINDS = kinds(TOWN)
NAMES = ["bob", "blocked", "blocker", "muter", "left", "stranger", "gone", "bounced", "nobody"]
NOTHING = {"blocked", "blocker", "muter", "gone", "bounced", "nobody"}  # who gets no mail of ann's words at all
WHERE = {
    "public": {},
    "unlisted": {"visibility": "unlisted"},
    "private": {"visibility": "private"},
    "direct": {"visibility": "direct"},
    "closed": {"room": "den"},
    "open": {"room": "yard"},
}


class Town:
    """Ann says everything; all others want every mail that there is."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self.engines, self.db, self.clock = engines, engines.db, clock
        self.mailer: Any = engines.mailer
        self.said: dict[str, Post] = {}

    async def do(self, operation: Any, *args: Any, **more: Any) -> Any:
        return await self.db.write(operation, *args, **more)

    async def begin(self) -> None:
        do = self.do
        (self.ann,) = await people(self.db, "ann")
        self.ids = dict(zip(NAMES, await people(self.db, *NAMES), strict=True))
        self.ids["guest"] = (await do(accounts.create, SignUp("guest", "guest@example.com", "-"))).id
        await do(orgs.insert, ACME)
        self.ids["other"] = (await do(accounts.create, SignUp("bob", "bob@acme.example", "-", org_id=ACME.id))).id
        self.rooms = {}
        for name, closed in (("den", True), ("yard", False), ("hall", True)):
            self.rooms[name] = (await do(rooms.create, 0, self.ann, name, rooms.RoomChange(closed=closed))).id
        for name, id in self.ids.items():
            if name != "other":
                await do(follows.follow, id, self.ann)
                for room in ("den", "yard"):
                    await do(rooms.add_member, self.rooms[room], id)
            await do(mail_prefs.change, id, Change(mode="all", digest="daily"))
        await do(rooms.add_member, self.rooms["hall"], self.ids["guest"])
        for room in ("den", "yard"):
            await do(rooms.remove_member, self.rooms[room], self.ids["left"])
            await do(rooms.remove_member, self.rooms[room], self.ids["guest"])
        await do(members.set_guest, self.ids["guest"], 0, guest=True)
        await do(follows.block, self.ann, self.ids["blocked"])
        await do(follows.block, self.ids["blocker"], self.ann)
        await do(follows.mute, self.ids["muter"], self.ann)
        await do(members.deactivate, self.ids["gone"])
        for _ in range(3):
            await do(mail_prefs.bounced, self.ids["bounced"], hard=True, why="550")
        await do(mail_prefs.change, self.ids["nobody"], Change(mode="none", digest="none"))
        for id in self.ids.values():  # rows that should not be there must not matter
            await do(room_mails.add, id, list(self.rooms.values()))
        await settle(self.engines)
        await work_off(self.engines, KINDS)
        self.mailer.sent.clear()

    async def say(self, round: str, **more: Any) -> None:
        """Ann says something everywhere, and to everybody."""
        for where, how in WHERE.items():
            options = dict(how)
            room = options.pop("room", "")
            names = " ".join(f"@{name}" for name in (room, *self.ids) if name and name != "other")
            word = f"canary{round}{where}"
            draft = Draft(text=f"{names} {word}", **options, **more)
            self.said[word] = await self.do(posts.publish, self.ann, draft)

    async def mails(self) -> list[tuple[str, str]]:
        """(whose, all that it says) of those that are due."""
        await settle(self.engines)
        self.mailer.sent.clear()
        await work_off(self.engines, KINDS)
        addresses = {f"{name}@example.com": name for name in self.ids} | {"bob@acme.example": "other"}
        return [(addresses[mail.to], whole(read(mail.data))) for mail in self.mailer.sent]

    async def leaks(self, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """(whose, word) of what was mailed and must not be."""
        wrong = []
        for name, said in found:
            for word, post in self.said.items():
                if word in said:
                    seen = await self.db.read(visibility.see_one, self.ids[name], post.id)
                    if seen is None or word not in seen.text or name in NOTHING:
                        wrong.append((name, word))
        return wrong


def whole(mail: EmailMessage) -> str:
    """Headers and every part, decoded."""
    parts = [str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *parts])


@pytest.fixture
async def town(engines: Engines, clock: Clock) -> Town:
    town = Town(engines, clock)
    await town.begin()
    return town


async def test_no_mail_has_a_word_that_its_reader_may_not_see(town: Town):
    await town.say("first")
    found = await town.mails()

    assert await town.leaks(found) == []
    got = {
        name: {word for who, said in found for word in town.said if who == name and word in said} for name in town.ids
    }
    everywhere = {f"canaryfirst{where}" for where in WHERE}
    assert got["bob"] == everywhere  # so it was worth asking
    assert got["stranger"] == everywhere
    assert got["left"] == everywhere - {"canaryfirstclosed"}
    assert {name for name, words in got.items() if not words} >= NOTHING | {"other"}


async def test_what_changes_while_a_mail_waits_is_as_if_it_had_been_so_before(town: Town):
    ids = town.ids
    for name in ("bob", "stranger", "left"):
        await town.do(mail_prefs.change, ids[name], Change(quiet_from="00:00", quiet_until="23:59"))
    for round in ("deleted", "edited", "later"):
        await town.say(round)
    assert [name for name, _ in await town.mails() if name in ("bob", "stranger", "left")] == []

    for where in WHERE:
        await town.do(posts.delete, town.ann, town.said[f"canarydeleted{where}"].id)
        post = town.said[f"canaryedited{where}"]
        text = post.text.replace(f"canaryedited{where}", "nothing at all")
        await town.do(posts.edit, town.ann, post.id, Draft(text=text))
    await town.do(rooms.remove_member, town.rooms["den"], ids["bob"])
    await town.do(follows.block, town.ann, ids["stranger"])
    await town.do(members.deactivate, ids["left"])
    for name in ("bob", "stranger"):
        await town.do(mail_prefs.change, ids[name], Change(quiet_from="00:00", quiet_until="00:00"))
    town.clock.pass_ms(DAY_MS // 2)  # the quiet hours, as they were, are over
    waiting = await town.db.read(lambda tx: jobs.page(tx, 1000, kind="mail_told"))
    await town.do(jobs.retry, [one.id for one in waiting])
    found = await town.mails()

    assert await town.leaks(found) == []
    assert {name for name, _ in found} == {"bob"}
    said = "\n".join(said for _, said in found)
    assert "canarydeleted" not in said
    assert "canaryedited" not in said
    assert "canarylaterclosed" not in said
    assert "canarylateropen" in said


async def test_a_digest_has_only_what_may_be_seen_when_it_is_sent(town: Town):
    await town.say("first")
    for word, post in list(town.said.items()):  # so that a room's thread is worth telling
        town.said[f"{word}again"] = await town.do(
            posts.publish, town.ann, Draft(text=f"{word}again", reply_to_id=post.id, visibility=post.visibility)
        )
    await town.mails()
    await town.say("deleted")
    await town.mails()
    for where in WHERE:
        await town.do(posts.delete, town.ann, town.said[f"canarydeleted{where}"].id)
    await town.do(rooms.remove_member, town.rooms["den"], town.ids["stranger"])
    town.clock.pass_ms(DAY_MS)
    found = await town.mails()

    assert await town.leaks(found) == []
    digests = {name: said for name, said in found if "Your day at" in said}
    assert len(digests) == len(found)
    assert digests.keys() >= {"bob", "stranger"}
    assert not digests.keys() & {"gone", "bounced", "nobody"}
    assert "canaryfirstclosed" in digests["bob"]
    assert "canaryfirstclosed" not in digests["stranger"]
    assert "canarydeleted" not in "".join(digests.values())
