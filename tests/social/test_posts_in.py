"""Posts brought in from archives: at their dates, in their threads, for no more people than there, and once."""

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import films
import msgspec
import pytest
from databases import Clock
from engines import eventually
from kit import TOWN, people, settle
from kit import work_off as work_off_all
from social.test_old_posts import tarred, zipped
from world import png

from chirrup.access import sites
from chirrup.errors import Invalid, NotFound
from chirrup.ids import ID_MAX
from chirrup.ports import Engines
from chirrup.social import accounts, follows, leaving, notifications, posts, threads, uploads
from chirrup.social.portability import archives, imports, posts_in
from chirrup.store import media as media_rows
from chirrup.store import outbox, outbox_partitions
from chirrup.store import posts as post_rows
from chirrup.store import tags as tag_rows
from chirrup.timelines import pull, read
from chirrup.times import iso
from chirrup.types import Draft, Import, NotificationKind, Post, Span, Visibility
from chirrup.workers.jobs import Jobs
from chirrup.workers.kinds import kinds

URL = "https://town.example"
MB = 1024 * 1024
HUGE = 3 * MB
FAR = "https://far.example/users/ann"
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
SETTINGS = msgspec.structs.replace(TOWN, data=Path(tempfile.gettempdir()), media_bytes_max=MB, film_bytes_max=HUGE - 1)
ALL = Span(before=ID_MAX, limit=400)
TO: dict[str, tuple[list[str], list[str]]] = {
    "public": ([PUBLIC], [f"{FAR}/followers"]),
    "unlisted": ([f"{FAR}/followers"], [PUBLIC]),
    "private": ([f"{FAR}/followers"], []),
    "direct": (["https://far.example/users/bob"], []),
}


def note(n: int, content: str, to: str = "public", **more: Any) -> dict[str, Any]:
    to_, cc = TO[to]
    published = f"2019-01-{n:02d}T12:00:00Z"
    object = {"id": f"{FAR}/statuses/{n}", "type": "Note", "published": published, "to": to_, "cc": cc}
    object |= {"content": content} | more
    return {"id": f"{object['id']}/activity", "type": "Create", "published": published, "to": to_, "cc": cc} | {
        "object": object
    }


def outbox_of(*activities: Any) -> str:
    return json.dumps({"@context": ["x", {}], "type": "OrderedCollection", "orderedItems": activities})


def mastodon(*activities: Any, **files: bytes) -> io.BytesIO:
    return zipped(
        {"outbox.json": outbox_of(*activities)} | {f"media_attachments/{one}": data for one, data in files.items()}
    )


def picture(file: str, **more: Any) -> dict[str, Any]:
    return {"type": "Document", "mediaType": "image/png", "url": f"/media_attachments/{file}"} | more


async def work_off(engines: Engines) -> None:
    await work_off_all(engines, kinds(SETTINGS))


async def begin(engines: Engines, who: int, file: io.BytesIO, audience: str = "") -> Import:
    return await posts_in.begin(engines, who, file, posts_in.Where(URL, SETTINGS.data), audience=audience)


async def bring(engines: Engines, who: int, file: io.BytesIO, audience: str = "") -> Import:
    """The import after a worker has worked on it."""
    one = await begin(engines, who, file, audience)
    await work_off(engines)
    return await engines.db.read(imports.get, who, one.id)


async def failed(engines: Engines, who: int, one: Import) -> list[str]:
    return [row.problem for row in await engines.db.read(imports.failures, who, one.id, 0)]


async def is_through(engines: Engines, who: int, id: int) -> bool:
    return bool((await engines.db.read(imports.get, who, id)).ended_ms)


async def said(engines: Engines, who: int) -> list[Post]:
    """Oldest first."""
    found = await engines.db.read(post_rows.by_ids, await engines.db.read(post_rows.ids_by_author, who, ALL))
    return [found[id] for id in sorted(found)]


async def test_posts_come_in_at_their_dates_with_threads_media_and_audience(engines: Engines):
    db = engines.db
    ann, bob = await people(db, "ann", "bob")
    await db.write(follows.follow, bob, ann, notify=True)
    now = await db.write(posts.publish, ann, Draft(text="now"))
    await settle(engines)
    assert await read.home(engines, bob, ALL) == [now.id]  # it is warm
    told = [one.id for one in (await db.read(notifications.page, bob, ALL, list(NotificationKind))).items]
    card = '<p><a href="https://far.example/@bob" class="u-url mention">@<span>bob</span></a> #birds</p>'
    mention = {"type": "Mention", "href": "https://far.example/@bob", "name": "@bob@far.example"}
    file = mastodon(
        note(2, "<p>a reply</p>", inReplyTo=f"{FAR}/statuses/1"),  # before what it answers
        note(1, card, tag=[mention], sensitive=True, summary="look", contentMap={"de": card}),
        note(3, "<p>quiet</p>", "unlisted", attachment=[picture("a.png", name="a field", focalPoint=[0.5, -0.25])]),
        note(4, "<p>for followers</p>", "private", inReplyTo="https://far.example/users/bob/statuses/9"),
        note(5, "<p>@bob psst</p>", "direct"),
        note(6, "<p>which?</p>", type="Question", oneOf=[{"type": "Note", "name": "a"}, {"type": "Note", "name": "b"}]),
        {"type": "Announce", "object": "https://far.example/1", "published": "2019-01-07T12:00:00Z"},
        **{"a.png": png()},
    )

    one = await bring(engines, ann, file)

    assert (one.total, one.done, one.failed, one.stage, one.problem) == (6, 6, 0, "ended", "")
    first, reply, quiet, few, direct, poll, last = await said(engines, ann)
    assert last == now
    dates = [iso(post.created_ms) for post in (first, reply, quiet, few, direct, poll)]
    assert dates == [f"2019-01-0{n}T12:00:00.000Z" for n in range(1, 7)]
    assert (first.text, first.summary, first.sensitive, first.language) == ("@bob@far.example #birds", "look", 1, "de")
    assert [post.visibility for post in (first, quiet, few, direct)] == ["public", "unlisted", "private", "direct"]
    assert {post.mentions for post in (first, direct)} == {"[]"}
    assert (reply.reply_to_id, reply.root_id, few.reply_to_id) == (first.id, first.id, 0)
    assert (await db.read(threads.context, ann, first.id)).below == [reply.id]
    assert (await db.read(post_rows.counts, [first.id]))[first.id].replies == 1
    assert poll.text == "which?\n- a\n- b"
    (shown,) = (await db.read(media_rows.by_ids, quiet.media)).values()
    assert shown.description == "a field" and shown.post_id == quiet.id and '"focus"' in shown.meta
    assert await db.read(tag_rows.posts_with, "birds", ALL) == [first.id]
    with pytest.raises(NotFound):
        await db.read(posts.get, bob, direct.id)  # who is called bob here is another
    assert (await db.read(accounts.get, ann, ann)).id == ann

    events = await db.write(outbox.lease, 100)
    assert [type(leased.event).__name__ for leased in events] == ["PostsImported"]
    await db.write(outbox.give_back, [leased.id for leased in events])
    await settle(engines)
    visible = [now.id, poll.id, few.id, quiet.id, reply.id, first.id]
    assert await read.home(engines, bob, ALL) == visible
    assert (await db.read(pull.account, bob, ann, ALL)).items == visible
    assert [one.id for one in (await db.read(notifications.page, bob, ALL, list(NotificationKind))).items] == told
    assert engines.blobs.get(one.file_key) is None


async def test_nothing_comes_twice_and_what_was_deleted_stays_so(engines: Engines):
    (ann,) = await people(engines.db, "ann")
    file = mastodon(note(1, "one"), note(2, "two", attachment=[picture("a.png")]), **{"a.png": png()})
    await bring(engines, ann, file)
    before = await said(engines, ann)
    await engines.db.write(posts.delete, ann, before[0].id)

    more = mastodon(note(1, "one"), note(2, "two"), note(3, "three", inReplyTo=f"{FAR}/statuses/2"), note(3, "again"))
    one = await bring(engines, ann, more)

    assert (one.done, one.failed) == (4, 0)
    after = await said(engines, ann)
    assert [post.text for post in after] == ["two", "three"] and after[0] == before[1]
    assert after[1].reply_to_id == after[0].id


async def test_posts_of_one_moment_get_ids_of_their_own(engines: Engines):
    (ann,) = await people(engines.db, "ann")
    many = [note(1, f"post {n}", id=f"{FAR}/statuses/9{n:02d}") for n in range(20)]

    await bring(engines, ann, mastodon(*many))

    found = await said(engines, ann)
    assert [post.text for post in found] == [f"post {n}" for n in range(20)]
    assert len({post.id for post in found}) == 20
    assert found[-1].created_ms - found[0].created_ms <= 2


async def test_what_cannot_be_brought_in_is_told(engines: Engines):
    ann, bob = await people(engines.db, "ann", "bob")
    await engines.db.write(follows.follow, bob, ann)
    await settle(engines)
    assert await read.home(engines, bob, ALL) == []  # it is warm
    far = {"published": "2999-01-01T00:00:00Z"}
    link = {"type": "Document", "url": "/media_attachments/../../../../etc/passwd"}

    one = await bring(
        engines,
        ann,
        mastodon(
            note(1, "", id="a"),
            note(2, "x" * 25_001, id="b"),
            note(3, "future", id="c", **far),
            note(4, "past", id="d", published="1999-12-31T23:59:59Z"),
            note(5, "no date", id="e", published="yesterday"),
            note(6, "pictures", attachment=[link, picture("none.png"), picture("text.png"), picture("huge.png")]),
            note(7, "five", attachment=[picture("a.png")] * 5),
            **{"a.png": png(), "text.png": b"no picture", "huge.png": png() + b"\0" * HUGE},
        ),
    )

    problems = await failed(engines, ann, one)
    assert (one.total, one.failed) == (7, 7)
    assert [problem.split(":")[0] for problem in problems[:2]] == [
        "has no date that can be read",
        "Is dated before the year 2000",
    ]
    assert "no words" in problems[2] and "25000 characters" in problems[3]
    assert problems[4].startswith(
        "it was brought in, but picture 1 is not in the archive; picture 2 is not in the archive; picture 3 "
    )
    assert "too large" in problems[4] and "it has 5 pictures, and can show 4" in problems[5]
    assert "future" in problems[6]
    came = await said(engines, ann)
    assert [(post.text, len(post.media)) for post in came] == [("pictures", 0), ("five", 4)]
    await settle(engines)
    assert await read.home(engines, bob, ALL) == [post.id for post in came[::-1]]


TWEETS = [
    {
        "tweet": {
            "id_str": "1002",
            "full_text": "and on &lt;3 https://t.co/abc https://t.co/pic",
            "created_at": "Wed Oct 10 20:19:25 +0000 2018",
            "lang": "en",
            "in_reply_to_status_id_str": "1001",
            "possibly_sensitive": True,
            "entities": {"urls": [{"url": "https://t.co/abc", "expanded_url": "https://example.org/a"}]},
            "extended_entities": {
                "media": [
                    {
                        "type": "photo",
                        "url": "https://t.co/pic",
                        "media_url_https": "https://pbs.twimg.com/media/Xy.png",
                    }
                ]
            },
        }
    },
    {"tweet": {"id_str": "1001", "full_text": "first", "created_at": "Wed Oct 10 20:19:25 +0000 2018", "lang": "und"}},
    {"tweet": {"id_str": "1003", "full_text": "RT @x: theirs", "created_at": "Wed Oct 10 20:19:26 +0000 2018"}},
]


def twitter(name: str = "data/tweets.js", folder: str = "data/tweets_media") -> io.BytesIO:
    return zipped(
        {
            name: "window.YTD.tweets.part0 = " + json.dumps(TWEETS[:1]),
            name.replace(".js", "-part1.js"): "window.YTD.tweets.part1 = " + json.dumps(TWEETS[1:]),
            f"{folder}/1002-Xy.png": png(),
        }
    )


@pytest.mark.parametrize(("name", "folder"), [("data/tweets.js", "data/tweets_media"), ("tweet.js", "tweet_media")])
async def test_an_archive_of_twitter_comes_in_for_whom_its_owner_says(engines: Engines, name: str, folder: str):
    (ann,) = await people(engines.db, "ann")
    with pytest.raises(Invalid, match="protected"):
        await begin(engines, ann, twitter(name, folder))

    one = await bring(engines, ann, twitter(name, folder), "private")

    assert (one.total, one.done, one.failed) == (2, 2, 0)
    first, reply = await said(engines, ann)
    assert (first.text, first.language, first.visibility) == ("first", "", "private")
    assert reply.text == "and on <3 https://example.org/a"
    assert (reply.reply_to_id, reply.sensitive, reply.language, reply.visibility) == (first.id, 1, "en", "private")
    assert iso(first.created_ms) == "2018-10-10T20:19:25.000Z" and reply.created_ms == first.created_ms
    assert len(reply.media) == 1
    assert (await bring(engines, ann, twitter(name, folder), "public")).failed == 0  # nothing becomes public by it
    assert {post.visibility for post in await said(engines, ann)} == {"private"}


async def test_an_archive_of_this_server_comes_back(engines: Engines, clock: Clock):
    db = engines.db
    ann, bob = await people(db, "ann", "bob")
    words = "hello @bob #Birds\n\n<b> https://example.org/a_(b)"
    root = await db.write(posts.publish, ann, Draft(text=words, language="en", summary="look"))
    await db.write(posts.publish, ann, Draft(text="psst @bob", visibility=Visibility.DIRECT, reply_to_id=root.id))
    asked = await db.write(archives.ask, ann, base_url=URL)
    clock.pass_ms(1000)
    await work_off(engines)
    found = engines.blobs.get((await db.read(archives.get, ann, asked.id)).key)
    assert found

    assert (await bring(engines, ann, io.BytesIO(found[0]))).failed == 0
    assert len(await said(engines, ann)) == 2
    one = await bring(engines, bob, io.BytesIO(found[0]), "private")

    assert (one.done, one.failed) == (2, 0)
    copy, answer = await said(engines, bob)
    assert (copy.text, copy.summary, copy.language, copy.visibility) == (root.text, "look", "en", "private")
    assert (answer.visibility, answer.reply_to_id, answer.mentions) == ("direct", copy.id, "[]")


async def test_a_worker_that_is_killed_is_followed_by_one_that_goes_on(engines: Engines):
    (ann,) = await people(engines.db, "ann")
    file = mastodon(*[note(n, f"post {n}", attachment=[picture("a.png")]) for n in range(1, 6)], **{"a.png": png()})
    one = await begin(engines, ann, file)
    with pytest.raises(Invalid, match="not through"):
        await begin(engines, ann, file)

    class Killed(BaseException): ...

    def told(now: Import) -> None:
        if now.done == 2:
            raise Killed

    with pytest.raises(Killed):
        await posts_in.bring_in(engines, imports.Due(one.id, URL), uploads.rules(SETTINGS, sites.own(SETTINGS)), told)
    assert (await engines.db.read(imports.get, ann, one.id)).done == 2
    await work_off(engines)

    after = await engines.db.read(imports.get, ann, one.id)
    assert (after.done, after.failed, after.stage) == (5, 0, "ended")
    found = await said(engines, ann)
    assert [post.text for post in found] == [f"post {n}" for n in range(1, 6)]
    assert [len(post.media) for post in found] == [1] * 5


async def test_of_more_posts_with_one_date_than_have_room_then_the_last_are_told(
    engines: Engines, monkeypatch: pytest.MonkeyPatch
):
    (ann,) = await people(engines.db, "ann")
    monkeypatch.setattr(posts_in, "LOOK_MS", 1)
    monkeypatch.setattr(posts_in, "MOMENT_MS", 1)

    one = await bring(engines, ann, mastodon(*[note(1, f"post {n}", id=f"{FAR}/{n}") for n in range(18)]))

    assert (one.total, one.done, one.failed) == (18, 18, 2)
    assert "very many" in (await failed(engines, ann, one))[0]
    assert [post.text for post in await said(engines, ann)] == [f"post {n}" for n in range(16)]


@pytest.mark.parametrize(
    ("outbox", "said_"),
    [
        ("{}", "no list of posts"),
        (outbox_of(), "has no posts"),
        (outbox_of(note(1, "x"))[:-30], "ends before"),
        ("\xff", "no list"),
    ],
)
async def test_an_archive_that_cannot_be_read_ends_with_the_reason(engines: Engines, outbox: str, said_: str):
    (ann,) = await people(engines.db, "ann")

    one = await bring(engines, ann, zipped({"outbox.json": outbox}))

    assert one.stage == "ended" and said_ in one.problem
    assert await said(engines, ann) == []
    assert engines.blobs.get(one.file_key) is None


async def test_it_is_stopped_by_its_owner_and_goes_with_its_account(engines: Engines, clock: Clock):
    ann, bob = await people(engines.db, "ann", "bob")
    one = await begin(engines, ann, mastodon(note(1, "x")))
    await engines.db.write(imports.delete, ann, one.id)
    await work_off(engines)
    await settle(engines)
    assert await said(engines, ann) == [] and engines.blobs.get(one.file_key) is None

    two = await begin(engines, bob, mastodon(note(1, "x")))
    await engines.db.write(accounts.suspend, bob)
    while await engines.db.write(leaving.step, bob):
        pass
    await settle(engines)
    await work_off(engines)
    assert engines.blobs.get(two.file_key) is None


@pytest.mark.slow
async def test_a_film_of_twitter_is_written_anew_like_one_that_is_uploaded(
    engines: Engines, tmp_path: Path, ffmpeg_path: Path
):
    (ann,) = await people(engines.db, "ann")
    tweet = {"id_str": "7", "full_text": "see https://t.co/f", "created_at": "Wed Oct 10 20:19:25 +0000 2018"}
    tweet["extended_entities"] = {"media": [{"type": "video", "url": "https://t.co/f", "media_url_https": "x/y.jpg"}]}
    script = "window.YTD.tweets.part0 = " + json.dumps([{"tweet": tweet}])
    film = films.made(tmp_path / "a.mp4", *films.FILM)

    one = await begin(engines, ann, zipped({"tweets.js": script, "tweets_media/7-Ab_1.mp4": film}), "public")
    jobs = Jobs(engines, kinds(SETTINGS), lambda: outbox_partitions.ALL)  # the film's begins while this one waits
    jobs.start()
    await eventually(lambda: is_through(engines, ann, one.id), within_s=30)
    await jobs.stop()

    assert await failed(engines, ann, one) == []
    (post,) = await said(engines, ann)
    (shown,) = (await engines.db.read(media_rows.by_ids, post.media)).values()
    assert (post.text, shown.kind, shown.state) == ("see", "video", "ready")


async def test_a_tar_of_an_older_server_comes_in_with_its_pictures(engines: Engines):
    (ann,) = await people(engines.db, "ann")
    address = "files/109/original/d e.png"
    sent = note(1, "old", attachment=[{"type": "Document", "url": f"/prefix/media_attachments/{address}"}])
    file = tarred({"outbox.json": outbox_of(sent).encode(), f"media_attachments/{address}": png()})

    one = await bring(engines, ann, file)

    assert (one.done, one.failed) == (1, 0)
    (post,) = await said(engines, ann)
    assert len(post.media) == 1
