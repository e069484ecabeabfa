"""The streams of a room: its list, for who is in it, until they leave. Guests hear nothing of others."""

from stream.town import Town

from chirrup.orgs import rooms
from chirrup.social import accounts, follows
from chirrup.types import AccountKind


async def test_a_rooms_stream_is_for_its_members_until_they_leave(town: Town):
    ann, bob, guest = await town.people("ann", "bob", "guest")
    await town.write(accounts.set_kind, guest, AccountKind.GUEST)
    den = await town.write(rooms.create, 0, ann, "den", rooms.RoomChange(closed=True))
    for one in (bob, guest):
        await town.write(follows.join, one, den.id)
    await town.write(follows.follow, bob, ann)
    await town.settled()
    token, room = await town.token(bob), str(den.id)
    socket = await town.listen(bob, "user")
    await socket.ask(stream="list", list=room)
    theirs = await town.listen(guest, "user")
    await theirs.ask(stream="public")
    lines = await town.events("list", token, list=room)

    yard = await town.write(rooms.create, 0, ann, "yard", rooms.RoomChange())
    await town.write(follows.join, guest, yard.id)
    open_to_all = await town.say(ann, "@yard hello")
    assert await socket.event() == await theirs.event() == ("update", str(open_to_all.id))  # once: not as public
    first = await town.say(ann, "@den hello")
    assert await lines.event() == ("update", str(first.id))
    assert [await socket.event(), await socket.event()] == [("update", str(first.id))] * 2
    assert await theirs.event() == ("update", str(first.id))

    lines.drop()
    second = await town.say(bob, "@den and I", reply_to_id=first.id)
    assert await socket.event() == ("update", str(second.id))
    assert await socket.event() == ("update", str(second.id))
    again = await town.events("list", token, list=room, last=lines.last)
    assert await again.event() == ("update", str(second.id))

    await town.write(follows.unfollow, bob, den.id)
    await town.say(ann, "@den he is gone")
    aside = await town.say(ann, "hello world")
    fence = await town.say(ann, "@den bye")
    assert await socket.event() == ("update", str(aside.id))
    heard = [await theirs.event(), await theirs.event()]
    assert heard[-1] == ("update", str(fence.id))
    assert ("update", str(aside.id)) not in heard
