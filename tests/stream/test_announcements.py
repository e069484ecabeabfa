"""Announcements on streams: all people of the organisation are told, and nobody else."""

from typing import Any

import msgspec
from stream.town import Town

from chirrup.mastodon.announcement_entities import Announcement, ReactionCount
from chirrup.social import announcements
from chirrup.social.announcements import Wanted
from chirrup.social.shortcodes import EMPTY


def without_stream(sent: dict[str, Any]) -> tuple[str, Any]:
    assert sent["stream"] == ["user"]
    return sent["event"], sent["payload"]


async def test_what_is_announced_reacted_to_and_ended_comes_to_user_streams(town: Town):
    ann, bob = await town.people("ann", "bob")
    socket, other, alerts = await town.listen(ann), await town.listen(bob), await town.listen(bob, "user:notification")
    lines = await town.events("user", await town.token(ann))

    await town.write(announcements.announce, 1 << 16, Wanted("of others"))
    one = await town.write(announcements.announce, 0, Wanted("hello @bob"))
    kind, payload = without_stream(await socket.next())
    told = msgspec.convert(payload, Announcement)
    assert (kind, told.id, told.reactions, told.mentions[0].username) == ("announcement", str(one.id), [], "bob")
    assert "read" not in payload and without_stream(await other.next()) == (kind, payload)
    assert (await lines.line(), await lines.line()) == ("", "event: announcement")

    await town.write(announcements.react, 0, ann, one.id, "👍", EMPTY)
    kind, payload = without_stream(await socket.next())
    assert (kind, payload) == ("announcement.reaction", {"name": "👍", "count": 1, "announcement_id": str(one.id)})
    assert msgspec.convert(payload, ReactionCount) and without_stream(await other.next()) == (kind, payload)
    await town.write(announcements.take_back, 0, ann, one.id, "👍")
    assert without_stream(await socket.next())[1]["count"] == 0
    await other.next()

    await town.write(announcements.end, 0, one.id)
    for each in (socket, other):
        sent = await each.next()
        assert (sent["event"], str(sent["payload"])) == ("announcement.delete", str(one.id))
    post = await town.say(ann, "hello @bob")
    kind, payload = without_stream(await other.next())
    assert kind == "notification" and payload["status"]["id"] == str(post.id)
    assert (await alerts.next())["event"] == "notification"  # and nothing before it
