"""Digests come at the hour that was chosen, in the zone of their reader, say what is worth saying, or do not come."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from databases import Clock
from kit import TOWN, people, settle, work_off
from mail_server import read, text_of

from chirrup.orgs import rooms
from chirrup.ports import Engines
from chirrup.social import follows, mail_prefs, posts, reactions
from chirrup.social.mail_prefs import Change
from chirrup.store import jobs
from chirrup.times import DAY_MS
from chirrup.types import Draft, MailPrefs
from chirrup.workers.kinds import kinds

KINDS = kinds(TOWN)
HOUR_MS = 3600_000


def at(text: str, zone: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def test_hours_are_those_of_a_clock_on_the_wall():
    berlin, new_york = "Europe/Berlin", "America/New_York"
    daily = MailPrefs(1, digest="daily", digest_hour=2, zone=berlin)
    due = mail_prefs.digest_due_ms
    assert due(daily, at("2026-03-27 02:00", berlin)) == at("2026-03-28 02:00", berlin)
    assert due(daily, at("2026-03-28 12:00", berlin)) == at("2026-03-29 03:00", berlin)  # there is no 02:00 that day
    assert due(daily, at("2026-10-24 12:00", berlin)) == at("2026-10-25 02:00", berlin)  # which comes twice
    assert due(daily, at("2026-10-25 02:00", berlin)) == at("2026-10-26 02:00", berlin)
    weekly = MailPrefs(1, digest="weekly", digest_hour=8, zone=new_york)
    assert due(weekly, at("2026-11-30 08:00", new_york)) == at("2026-12-07 08:00", new_york)
    assert due(weekly, at("2026-11-30 07:59", new_york)) == at("2026-11-30 08:00", new_york)
    assert due(MailPrefs(1), 0) == 0

    night = MailPrefs(1, quiet_from=22 * 60 + 30, quiet_until=6 * 60, zone=berlin)
    until = mail_prefs.quiet_until_ms
    assert until(night, at("2026-12-01 22:29", berlin)) == until(night, at("2026-12-01 06:00", berlin)) == 0
    assert until(night, at("2026-12-01 22:30", berlin)) == at("2026-12-02 06:00", berlin)
    assert until(night, at("2026-12-01 00:00", berlin)) == at("2026-12-01 06:00", berlin)
    assert until(MailPrefs(1, quiet_from=5, quiet_until=5), 0) == 0
    gone = MailPrefs(1, zone="Atlantis/Capital", quiet_from=0, quiet_until=60)  # a zone that this machine lost
    assert until(gone, at("2026-12-01 00:30", "UTC")) == at("2026-12-01 01:00", "UTC")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_digest_says_what_was_missed_once_a_day_and_nothing_when_nothing_was(engines: Engines, clock: Clock):
    ann, bob, eve = await people(engines.db, "ann", "bob", "eve")
    mailer: Any = engines.mailer

    async def do(operation: Any, *args: Any, **more: Any) -> Any:
        return await engines.db.write(operation, *args, **more)

    async def say(author: int, text: str, **more: Any) -> Any:
        post = await do(posts.publish, author, Draft(text=text, **more))
        await settle(engines)
        return post

    async def mails() -> list[Any]:
        await settle(engines)
        mailer.sent.clear()
        await work_off(engines, KINDS)
        return [read(mail.data) for mail in mailer.sent]

    clock.now_ms = at("2027-02-02 12:00", "Asia/Tokyo")
    await do(mail_prefs.change, bob, Change(digest="daily", digest_hour=7, zone="Asia/Tokyo"))
    await do(mail_prefs.change, bob, Change(digest_hour=8))
    clock.now_ms = at("2027-02-03 08:00", "Asia/Tokyo")
    assert await mails() == []  # nothing happened

    room = await do(rooms.create, 0, ann, "bakers", rooms.RoomChange("The Bakers"))
    await do(rooms.add_member, room.id, bob)
    mine = await say(bob, "I bake")
    await say(ann, "@bob What do you bake?", reply_to_id=mine.id)
    await do(reactions.favourite, eve, mine.id)
    await do(follows.follow, eve, bob)
    flour = await say(ann, "@bakers Flour is here")
    for words in ("how much?", "ten bags", "thank you"):
        await say(eve, words, reply_to_id=flour.id)
    await say(ann, "@bakers nobody answers this")
    clock.now_ms = at("2027-02-04 07:59", "Asia/Tokyo")
    assert await mails() == []

    clock.now_ms = at("2027-02-04 08:00", "Asia/Tokyo")
    (mail,) = await mails()
    assert (mail["To"], mail["Subject"]) == ("bob@example.com", "Your day at Town")
    text = text_of(mail)
    assert "@ann: What do you bake?" in text
    assert "The Bakers: Flour is here (4 posts)" in text
    assert "Who is new\n- @eve\n" in text
    assert "1 favourite, 1 new follower" in text
    assert "nobody answers this" not in text
    assert len(text.splitlines()) < 30  # a screen
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    clock.pass_ms(HOUR_MS)
    assert await mails() == []
    clock.now_ms = at("2027-02-05 08:00", "Asia/Tokyo")
    assert await mails() == []  # nothing new

    await do(mail_prefs.change, bob, Change(digest="weekly"))
    await say(ann, "@bob again")
    clock.now_ms = at("2027-02-08 08:00", "Asia/Tokyo")  # a Monday
    assert [mail["Subject"] for mail in await mails()] == ["Your week at Town"]
    await do(mail_prefs.change, bob, Change(digest="none"))
    clock.pass_ms(8 * DAY_MS)
    assert await mails() == []
    assert await engines.db.read(lambda tx: jobs.page(tx, 9, kind=mail_prefs.DIGEST)) == []
