"""Streams over WebSocket: events, their readers and order, and refusals."""

import asyncio
from typing import Any

import aiohttp
import pytest
from engines import eventually
from stream.town import Socket, Town, update

from chirrup.access import logins, tokens
from chirrup.ids import ID_MAX
from chirrup.social import accounts, follows, lists, notification_policies, polls, posts, reactions
from chirrup.stream.streams import NAMES
from chirrup.types import Draft, PollDraft, Post, Span, Treatment, Visibility

pytestmark = pytest.mark.slow


async def test_a_follower_is_told_of_a_post_its_edit_and_its_deletion(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    socket = await town.listen(bob)

    post = await town.say(ann, "hello #town")
    made = await socket.next()
    await town.write(posts.edit, ann, post.id, Draft(text="hello again"))
    edited = await socket.next()
    await town.write(posts.delete, ann, post.id)
    deleted = await socket.next()

    assert [one["stream"] for one in (made, edited, deleted)] == [["user"]] * 3
    assert [one["event"] for one in (made, edited, deleted)] == ["update", "status.update", "delete"]
    assert made["payload"]["id"] == str(post.id)
    assert "#<span>town</span>" in made["payload"]["content"]
    assert edited["payload"]["content"] == "<p>hello again</p>"
    assert str(deleted["payload"]) == str(post.id)


async def test_what_is_sent_is_what_the_api_shows(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    token = await town.token(bob)
    socket = await town.socket(token, stream="user")

    post = await town.say(ann, "hello", summary="greeting", poll=PollDraft(["yes", "no"], 3600))
    sent = (await socket.next())["payload"]

    url = f"http://127.0.0.1:{town.port}/api/v1/statuses/{post.id}"
    async with town.session.get(url, headers={"Authorization": f"Bearer {token}"}) as shown:
        assert sent == await shown.json()


async def test_authors_posts_come_in_the_order_they_were_made(town: Town):
    ann, bob, eve = await town.people("ann", "bob", "eve")
    for author in (ann, bob):
        await town.write(follows.follow, eve, author)
    socket = await town.listen(eve)

    async def talk(author: int) -> list[Post]:
        return [await town.say(author, f"{n}") for n in range(20)]

    said = [post for posts in await asyncio.gather(talk(ann), talk(bob)) for post in posts]
    got = [await socket.next() for _ in said]

    assert {int(one["payload"]["id"]) for one in got} == {post.id for post in said}
    for author in (ann, bob):
        ids = [int(one["payload"]["id"]) for one in got if one["payload"]["account"]["id"] == str(author)]
        assert ids == sorted(ids)


async def test_a_reply_never_comes_before_what_it_answers(town: Town):
    ann, bob, eve = await town.people("ann", "bob", "eve")
    for author in (ann, bob):
        await town.write(follows.follow, eve, author)
    socket = await town.listen(eve)

    for _ in range(20):
        post = await town.say(ann)
        reply = await town.say(bob, "@ann", reply_to_id=post.id)

        assert [await socket.event(), await socket.event()] == [update(post), update(reply)]


async def test_one_connection_carries_many_streams_and_each_event_names_its_own(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    list_id = (await town.write(lists.create, bob, lists.ListChange(title="friends"))).id
    await town.write(lists.add, bob, list_id, [ann])
    socket = await town.listen(bob)
    for more in ({"stream": "public"}, {"stream": "hashtag", "tag": "Tea"}, {"stream": "list", "list": str(list_id)}):
        await socket.ask(**more)
    await _obeyed(socket)

    post = await town.say(ann, "have some #tea")
    got = [await socket.next() for _ in range(4)]

    assert {one["payload"]["id"] for one in got} == {str(post.id)}
    streams = [["hashtag", "Tea"], ["list", str(list_id)], ["public"], ["user"]]
    assert sorted(one["stream"] for one in got) == streams

    for less in ({"stream": "public"}, {"stream": "hashtag", "tag": "Tea"}):
        await socket.ask("unsubscribe", **less)
    await _obeyed(socket)
    await town.say(ann, "more #tea")
    assert sorted([(await socket.next())["stream"] for _ in range(2)]) == [["list", str(list_id)], ["user"]]
    await town.settled()
    await _obeyed(socket)  # and nothing else came before this


async def test_every_stream_of_the_documentation_is_joined_and_left(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    list_id = (await town.write(lists.create, bob, lists.ListChange(title="friends"))).id
    await town.write(lists.add, bob, list_id, [ann])
    await town.settled()
    socket = await town.socket(await town.token(bob))
    more = {
        "hashtag": {"tag": "tea"},
        "hashtag:local": {"tag": "tea"},
        "list": {"list": str(list_id)},
        "track": {"track": "tea"},
    }
    for name in sorted(NAMES):
        await socket.ask(stream=name, **more.get(name, {}))
    await _obeyed(socket)

    await town.say(ann, "#tea")
    shown = [await socket.next() for _ in range(7)]
    await town.say(ann, "@bob psst", visibility=Visibility.DIRECT)
    told = [await socket.next() for _ in range(5)]

    tea, listed = ["tea"], [str(list_id)]
    streams = [
        ["hashtag", *tea],
        ["hashtag:local", *tea],
        ["list", *listed],
        ["public"],
        ["public:local"],
        ["track", "tea"],
        ["user"],
    ]
    assert sorted(one["stream"] for one in shown) == streams and {one["event"] for one in shown} == {"update"}
    assert sorted((one["stream"], one["event"]) for one in told) == [
        (["direct"], "conversation"),
        (["list", *listed], "update"),
        (["user"], "notification"),
        (["user"], "update"),
        (["user:notification"], "notification"),
    ]
    for name in sorted(NAMES):
        await socket.ask("unsubscribe", stream=name, **more.get(name, {}))
    await _obeyed(socket)
    await town.say(ann, "#tea @bob")
    await town.settled()
    await _obeyed(socket)  # and nothing came before this


async def test_a_stream_asked_for_twice_tells_once(town: Town):
    (ann,) = await town.people("ann")
    socket = await town.listen(ann)
    await socket.ask(stream="user")
    await _obeyed(socket)

    said = [await town.say(ann, f"{n}") for n in range(2)]

    assert [await socket.event() for _ in range(2)] == [update(post) for post in said]


async def test_a_wrong_command_is_answered_on_the_socket_which_goes_on(town: Town):
    (ann,) = await town.people("ann")
    socket = await town.listen(ann)

    for command, status in (
        ({"stream": "hashtag"}, 400),
        ({"stream": "hashtag:local", "tag": ""}, 400),
        ({"stream": "list"}, 400),
        ({"stream": "list", "list": "x"}, 404),
        ({"stream": "list", "list": 77}, 404),
        ({"stream": "cinema"}, 400),
        ({"type": "shout", "stream": "user"}, 400),
        ({"stream": 7}, 400),
        ({}, 400),
    ):
        asked: dict[str, Any] = {"type": "subscribe", **command}
        await socket.ask(**asked)
        answer = await socket.next()
        assert answer["status"] == status, command
        assert answer["error"]
    for text in ("", "{", "[]", "null", '{"type":"subscribe","stream":"\\ud800"}', "9" * 5000):
        await socket.opened.send_str(text)
        assert (await socket.next())["status"] == 400, text
    await socket.opened.send_bytes(b"\xff\xfe")
    assert (await socket.next())["status"] == 400

    post = await town.say(ann)
    assert await socket.event() == update(post)


async def test_a_command_may_say_null_for_what_its_stream_does_not_need(town: Town):
    """Some clients send JSON with every field."""
    (ann,) = await town.people("ann")
    socket = await town.listen(ann, "direct")

    await socket.ask(stream="user", tag=None, list=None)
    await socket.ask("unsubscribe", stream="direct", tag=None, list=None)
    await _obeyed(socket)

    post = await town.say(ann)
    assert await socket.event() == update(post)


async def test_a_wrong_stream_in_the_address_is_answered_on_the_socket(town: Town):
    socket = await town.socket(stream="hashtag")

    assert (await socket.next())["status"] == 400


async def test_what_is_wrong_is_said_in_the_language_in_which_the_socket_was_opened(town: Town):
    socket = await town.socket(stream="hashtag", lang="de")
    await socket.next()

    await socket.ask("shout", stream="public")
    assert (await socket.next())["error"] == "type muss subscribe oder unsubscribe sein, angegeben ist 'shout'"
    await socket.opened.send_str('{"type": "subscribe", "stream": []}')
    assert (await socket.next())["error"] == "Erwartet ist `str`, angegeben ist `array`, bei `$.stream`"


async def test_a_list_of_somebody_else_is_not_found(town: Town):
    ann, bob = await town.people("ann", "bob")
    made = await town.write(lists.create, ann, lists.ListChange(title="friends"))
    socket = await town.listen(bob)

    await socket.ask(stream="list", list=str(made.id))

    assert (await socket.next())["status"] == 404


async def test_a_token_may_come_in_a_header_the_query_or_as_the_protocol(town: Town):
    (ann,) = await town.people("ann")
    token = await town.token(ann)
    ways: list[dict[str, Any]] = [
        {"headers": {"Authorization": f"Bearer {token}"}},
        {"params": {"access_token": token}},
        {"protocols": [token]},
    ]
    for how in ways:
        async with town.session.ws_connect(town.url, **how) as opened:
            assert opened.protocol == (token if "protocols" in how else None)
            await opened.send_json({"type": "subscribe", "stream": "user"})
            post = await town.say(ann, str(how))
            assert str(post.id) in await opened.receive_str(timeout=10)


async def test_without_the_right_token_nothing_is_opened(town: Town):
    (ann,) = await town.people("ann")
    revoked, narrow, nobodys = await town.token(ann), await town.token(ann, "read:accounts"), await town.token(0)
    account_id = (await town.read(tokens.find, revoked)).account_id
    await town.write(logins.end_all_access, account_id, keep=(await town.read(tokens.find, narrow)).token_id)

    for query in (
        {"stream": "user"},
        {"stream": "user", "access_token": "x"},
        {"access_token": "x"},
        {"stream": "public", "access_token": revoked},
        {"stream": "user", "access_token": narrow},
        {"stream": "public", "access_token": narrow},
        {"stream": "user:notification", "access_token": narrow},
        {"stream": "user", "access_token": nobodys},
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await town.socket(**query)
        assert refused.value.status == 401, query


@pytest.mark.parametrize(("origin", "status"), [("https://evil.example", 403), ("null", 403), ("", 401)])
async def test_a_cookie_opens_nothing(town: Town, origin: str, status: int):
    (ann,) = await town.people("ann")
    headers = {"Cookie": f"session={await town.token(ann)}"} | ({"Origin": origin} if origin else {})

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await town.session.ws_connect(f"{town.url}?stream=user", headers=headers)
    answer = await town.session.get(f"{town.url}/user", headers=headers)

    assert refused.value.status == answer.status == status


async def test_notifications_come_if_the_token_covers_them(town: Town):
    ann, bob = await town.people("ann", "bob")
    both = await town.listen(ann)
    posts_only = await town.socket(await town.token(ann, "read:statuses"), stream="user")
    told_only = await town.socket(await town.token(ann, "read:notifications"), stream="user:notification")
    post = await town.say(ann)
    assert await both.event() == await posts_only.event() == update(post)

    await town.write(reactions.favourite, bob, post.id)
    for socket in (both, told_only):
        notification = await socket.next()
        assert (notification["event"], notification["payload"]["type"]) == ("notification", "favourite")
        assert notification["payload"]["status"]["favourites_count"] == 1

    last = await town.say(ann)
    assert await posts_only.event() == await both.event() == update(last)


async def test_a_reader_hears_when_what_was_held_back_is_merged(town: Town):
    ann, bob = await town.people("ann", "bob")
    told = await town.socket(await town.token(ann, "read:notifications"), stream="user:notification")
    both = await town.listen(ann)
    wanted = notification_policies.Change(not_following=Treatment.FILTER)
    await town.write(notification_policies.change, ann, wanted)
    await town.say(bob, "@ann hello")

    async def request() -> int:
        span = Span(before=ID_MAX, limit=1)
        found = (await town.engines.db.read(notification_policies.page, ann, span)).items
        return found[0].id if found else 0

    await eventually(request)
    await town.write(notification_policies.accept, ann, [await request()])

    for socket in (told, both):
        assert (await socket.next())["event"] == "notifications_merged"  # and no notification before it


async def test_direct_posts_make_a_conversation(town: Town):
    ann, bob, eve = await town.people("ann", "bob", "eve")
    sockets = [await town.listen(one, "direct") for one in (ann, bob, eve)]

    for words in ("@bob psst", "@bob once more", "@eve you too"):
        post = await town.say(ann, words, visibility=Visibility.DIRECT)
        reader = sockets[2 if "@eve" in words else 1]
        got = await reader.next()
        assert got["event"] == "conversation"
        assert got["payload"]["last_status"]["id"] == str(post.id)
        assert got["payload"]["unread"] is True


async def test_the_public_streams_carry_what_the_public_timeline_shows(town: Town):
    ann, bob = await town.people("ann", "bob")
    sockets = [await town.socket(stream=name) for name in ("public", "public:local")]
    silent = [await town.socket(stream=name) for name in ("public:remote", "public:media", "public:remote:media")]

    first = await town.say(ann, "hello")
    await town.say(bob, "@ann hello", reply_to_id=first.id)
    await town.say(ann, "quietly", visibility=Visibility.UNLISTED)
    await town.say(ann, "to friends", visibility=Visibility.FOLLOWERS)
    await town.write(reactions.boost, bob, first.id)
    own = await town.say(ann, "hello, still", reply_to_id=first.id)
    await town.settled()
    last = await town.say(ann, "bye")

    for socket in sockets:
        assert [await socket.event() for _ in range(3)] == [update(post) for post in (first, own, last)]
    await town.settled()
    for socket in silent:
        await _obeyed(socket)


async def test_no_reader_gets_posts_that_it_may_not_see_or_does_not_want(town: Town):
    ann, bob, muting, blocked, stranger = await town.people("ann", "bob", "muting", "blocked", "stranger")
    for reader in (bob, muting, blocked):
        await town.write(follows.follow, reader, ann)
    await town.write(follows.mute, muting, ann)
    await town.write(follows.block, ann, blocked)
    friend = await town.listen(bob)
    others = [
        await town.listen(reader, stream, **more)
        for reader in (muting, blocked)
        for stream, more in (("user", {}), ("public", {}), ("hashtag", {"tag": "tea"}))
    ] + [await town.listen(stranger)]

    public = await town.say(ann, "#tea for all")
    private = await town.say(ann, "#tea for friends", visibility=Visibility.FOLLOWERS)
    await town.write(posts.edit, ann, public.id, Draft(text="#tea for you"))
    got = [await friend.event() for _ in range(3)]  # before the deletion: of a deleted post, only the deletion is sent
    await town.write(posts.delete, ann, public.id)
    got.append(await friend.event())
    await town.settled()

    assert got == [update(public), update(private), ("status.update", str(public.id)), ("delete", str(public.id))]
    for socket in others:
        await _obeyed(socket)


async def test_what_a_post_replies_to_is_told_to_those_who_see_it(town: Town):
    ann, bob, carla, dora, eve = await town.people("ann", "bob", "carla", "dora", "eve")
    for one in (bob, carla):
        await town.write(follows.follow, one, ann)
    await town.write(follows.block, ann, eve)
    sockets = {one: await town.listen(one, "hashtag", tag="here") for one in (ann, bob, carla, dora, eve)}
    sockets[0] = await town.socket(stream="hashtag", tag="here")
    sees = {"public": {ann, bob, carla, dora, 0}, "private": {ann, bob, carla}}

    for kind, those in sees.items():
        parent = await town.say(ann, "hello", visibility=kind)
        await town.say(bob, "#here", visibility="public", reply_to_id=parent.id)

        for viewer, socket in sockets.items():
            shown = (await socket.next())["payload"]
            parent_ids = (str(parent.id), str(ann)) if viewer in those else (None, None)
            assert (shown["in_reply_to_id"], shown["in_reply_to_account_id"]) == parent_ids, (kind, viewer)


async def test_a_removed_follower_is_told_nothing_more(town: Town):
    ann, bob = await town.people("ann", "bob")
    await town.write(follows.follow, bob, ann)
    socket = await town.listen(bob)
    post = await town.say(ann, "to friends", visibility=Visibility.FOLLOWERS)
    assert await socket.event() == update(post)

    await town.write(follows.remove_follower, ann, bob)
    await town.settled()
    await town.write(posts.edit, ann, post.id, Draft(text="to friends, really"))
    await town.settled()
    await town.write(posts.delete, ann, post.id)
    await town.settled()

    await _obeyed(socket)


async def test_each_viewer_sees_their_own_marks(town: Town):
    ann, bob, eve, zoe = await town.people("ann", "bob", "eve", "zoe")
    for reader in (bob, eve, zoe):
        await town.write(follows.follow, reader, ann)
    post = await town.say(ann, "tea?", poll=PollDraft(["yes", "no"], 3600))
    await town.write(reactions.favourite, bob, post.id)
    await town.write(reactions.bookmark, eve, post.id)
    await town.write(reactions.pin, ann, post.id)
    await town.settled()
    sockets = {name: await town.listen(id) for name, id in zip("abez", (ann, bob, eve, zoe), strict=True)}
    nobody = await town.socket(stream="public")

    poll = await town.read(polls.get, zoe, post.poll_id)
    await town.write(polls.vote, zoe, poll, [1])
    shown = {name: (await socket.next())["payload"] for name, socket in sockets.items()}
    anonymous = (await nobody.next())["payload"]

    def marks(status: dict[str, Any]) -> tuple[Any, ...]:
        return tuple(status.get(mark) for mark in ("favourited", "bookmarked", "pinned"))

    assert marks(shown["a"]) == (False, False, True)
    assert marks(shown["b"]) == (True, False, None)
    assert marks(shown["e"]) == (False, True, None)
    assert marks(shown["z"]) == (False, False, None)
    assert marks(anonymous) == (None, None, None)
    assert [shown[name]["poll"]["own_votes"] for name in "abez"] == [[], [], [], [1]]
    assert "own_votes" not in anonymous["poll"]
    assert anonymous["poll"]["votes_count"] == 1


async def test_a_boost_shows_what_the_viewer_did_with_the_original(town: Town):
    ann, bob, eve, zoe = await town.people("ann", "bob", "eve", "zoe")
    for reader in (eve, zoe):
        await town.write(follows.follow, reader, bob)
    post = await town.say(ann)
    await town.write(reactions.favourite, eve, post.id)
    await town.settled()
    sockets = [await town.listen(reader) for reader in (eve, zoe)]

    await town.write(reactions.boost, bob, post.id)

    assert [(await socket.next())["payload"]["reblog"]["favourited"] for socket in sockets] == [True, False]


async def test_streams_close_when_access_ends(town: Town):
    (ann,) = await town.people("ann")
    first, second = await town.token(ann), await town.token(ann)
    ended = [
        await town.socket(first, stream="user"),
        await town.socket(first, stream="public"),
        await town.socket(first),
    ]
    kept = await town.socket(second, stream="user")

    await town.write(tokens.end, ann, 0, (await town.read(tokens.find, first)).token_id)
    for socket in ended:
        assert await socket.end() == 1008
    post = await town.say(ann)
    assert await kept.event() == update(post)

    await town.write(accounts.suspend, ann)
    assert await kept.end() == 1008


async def test_an_apps_own_stream_closes_with_its_token(town: Town):
    token = await town.token(0)
    socket = await town.socket(token, stream="public")

    viewer = await town.read(tokens.find, token)
    await town.write(tokens.end, 0, viewer.app_id, viewer.token_id)

    assert await socket.end() == 1008


async def test_a_token_that_ended_a_moment_ago_opens_nothing(town: Town):
    (ann,) = await town.people("ann")
    token = await town.token(ann)
    await town.socket(token)  # known now, and believed for a second

    await town.write(tokens.end, ann, 0, (await town.read(tokens.find, token)).token_id)
    await town.settled()

    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await town.socket(token)
    assert refused.value.status == 401


async def test_health_is_told_without_a_token(town: Town):
    async with town.session.get(f"{town.url}/health") as answer:
        assert (answer.status, await answer.text()) == (200, "OK")


async def _obeyed(socket: Socket) -> None:
    """Checks that all earlier commands were executed, and that no event came."""
    await socket.ask("unsubscribe", stream="nothing of the kind")
    assert (await socket.next())["status"] == 400
