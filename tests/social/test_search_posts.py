"""Search for posts: whose, by whom, and the meaning of operators. The same on every engine."""

from datetime import UTC, datetime

import pytest
from databases import Clock
from kit import people

from chirrup.ids import ID_MAX, bucket_of
from chirrup.ports import Database, Tx
from chirrup.social import accounts, follows, polls, posts, reactions, search
from chirrup.store import media as media_rows
from chirrup.store import polls as poll_rows
from chirrup.types import Draft, Media, PollDraft, Post, Span, Visibility

PUBLIC, UNLISTED, FOLLOWERS, DIRECT = Visibility


def publish(tx: Tx, author: int, text: str, visibility: str = PUBLIC, **more) -> Post:
    return posts.publish(tx, author, Draft(text=text, visibility=visibility, **more))


def found(tx: Tx, viewer: int, typed: str, limit: int = 40) -> list[int]:
    query = search.parse(tx, viewer, typed, "example.com")
    return search.find_posts(tx, viewer, query, Span(before=ID_MAX, limit=limit)).items


def vote(tx: Tx, account_id: int, post: Post) -> None:
    polls.vote(tx, account_id, poll_rows.by_ids(tx, [post.poll_id])[post.poll_id], [0])


DEEDS = {
    "favourite": lambda tx, who, post: reactions.favourite(tx, who, post.id),
    "boost": lambda tx, who, post: reactions.boost(tx, who, post.id),
    "bookmark": lambda tx, who, post: reactions.bookmark(tx, who, post.id),
    "vote": vote,
    "answer": lambda tx, who, post: publish(tx, who, "well", DIRECT, reply_to_id=post.id),
}


@pytest.mark.parametrize("visibility", [PUBLIC, UNLISTED, FOLLOWERS])
@pytest.mark.parametrize("willing", [True, False])
async def test_others_posts_are_found_when_public_by_willing_authors_or_by_those_who_did_something_with_them(
    db: Database, visibility: str, willing: bool
):
    ann, bob, *doers = await people(db, "ann", "bob", *DEEDS)

    def arrange(tx: Tx) -> Post:
        accounts.change_profile(tx, ann, accounts.ProfileChange(indexable=willing))
        for one in (bob, *doers):
            follows.follow(tx, one, ann)
        return publish(tx, ann, "a heron", visibility, poll=PollDraft(["a", "b"], 3600))

    post = await db.write(arrange)
    able = [(who, deed) for who, deed in zip(doers, DEEDS, strict=True) if (visibility, deed) != (FOLLOWERS, "boost")]

    def act(tx: Tx) -> None:
        for who, deed in able:
            DEEDS[deed](tx, who, post)

    to_all = visibility == PUBLIC and willing
    for who, _ in able:
        assert await db.read(found, who, "heron") == ([post.id] if to_all else [])
    await db.write(act)
    for who, _ in [(ann, ""), *able]:
        assert await db.read(found, who, "heron") == [post.id]
    assert await db.read(found, bob, "heron") == ([post.id] if to_all else [])
    assert await db.read(found, 0, "heron") == []


async def test_who_is_mentioned_finds_it_until_the_author_blocks_or_is_suspended(db: Database):
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    await db.write(accounts.change_profile, ann, accounts.ProfileChange(indexable=False))
    said = [(await db.write(publish, ann, "a heron @bob", visibility)).id for visibility in Visibility]

    assert await db.read(found, bob, "heron") == said[::-1]
    assert await db.read(found, eve, "heron") == await db.read(found, eve, "in:library") == []
    await db.write(posts.edit, ann, said[3], Draft(text="a heron"))
    assert await db.read(found, bob, "heron") == said[2::-1]
    await db.write(follows.block, ann, bob)
    assert await db.read(found, bob, "heron") == []
    assert await db.read(found, ann, "heron") == said[::-1]
    await db.write(accounts.suspend, ann)
    assert await db.read(found, eve, "heron") == []


@pytest.mark.parametrize("hidden", [UNLISTED, FOLLOWERS, DIRECT, "unwilling", "suspended", "muted"])
async def test_however_many_others_may_not_find_the_search_goes_on(db: Database, clock: Clock, hidden: str):
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    visibility = hidden if hidden in tuple(Visibility) else PUBLIC

    def arrange(tx: Tx) -> list[int]:
        accounts.change_profile(tx, bob, accounts.ProfileChange(indexable=hidden != "unwilling"))
        first = publish(tx, ann, "a heron").id
        for n in range(700):
            publish(tx, bob, f"heron {n}", visibility)
        return [publish(tx, ann, "the heron").id, first]

    wanted = await db.write(arrange)
    if hidden == "muted":
        await db.write(follows.mute, eve, bob)
    if hidden == "suspended":
        await db.write(accounts.suspend, bob)

    for typed in ("heron", "after:2000-01-01", "-stork"):
        assert await db.read(found, eve, typed, 2) == wanted
        assert await db.read(found, eve, typed, 40) == wanted


# operators

NOON = int(datetime(2027, 3, 10, 12, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 24 * 3600 * 1000


async def stocked(db: Database, clock: Clock) -> tuple[dict[str, int], int]:
    """(name -> post, the searcher). Ann's posts on five days, on the last day also Bob's and Eve's."""
    clock.now_ms = NOON - DAY_MS
    ann, bob, eve = await people(db, "ann", "bob", "eve")
    made: dict[str, int] = {}

    def say(tx: Tx, name: str, author: int, text: str, **more) -> None:
        clock.pass_ms(1)
        made[name] = publish(tx, author, text, **more).id

    def show(tx: Tx, name: str, kind: str) -> None:
        media = Media(tx.new_id(bucket_of(ann)), ann, 0, kind, "x/y", "", "", "", "{}", "", 1)
        media_rows.insert(tx, media)
        say(tx, name, ann, f"see {name}", media_ids=(media.id,))

    await db.write(say, "plain", ann, "a black cat and a dog", language="en")
    clock.now_ms = NOON
    await db.write(say, "turned", ann, "the cat is black, don't wake it", language="en-GB")
    await db.write(say, "poll", ann, "which cat?", poll=PollDraft(["a", "b"], 3600), language="de")
    await db.write(say, "link", ann, "HTTPS://example.com/cat", language="")
    clock.now_ms = NOON + DAY_MS
    for kind in ("image", "video", "gifv", "audio"):
        await db.write(show, kind, kind)
    await db.write(say, "reply", ann, "an answer", reply_to_id=made["plain"])
    await db.write(say, "warned", ann, "blood", summary="careful")
    clock.now_ms = NOON + 2 * DAY_MS
    await db.write(say, "bobs", bob, "cat and dog", visibility=UNLISTED)
    await db.write(say, "mine", eve, "my own cat", visibility=FOLLOWERS)
    await db.write(reactions.favourite, eve, made["bobs"])
    return made, eve


ALL = "plain turned poll link image video gifv audio reply warned bobs mine"
OPERATORS = {
    "cat": "plain turned poll link bobs mine",
    "cat -dog": "turned poll link mine",
    "-dog": "turned poll link image video gifv audio reply warned mine",
    "cat -black -own": "poll link bobs",
    '"black cat"': "plain",
    "“black cat”": "plain",
    'cat -"black cat"': "turned poll link bobs mine",
    '"cat dog"': "",
    '"black cat" dog': "plain",
    '"don\'t wake"': "turned",
    "cat -don't": "plain poll link bobs mine",
    "from:me": "mine",
    "FROM:Me": "mine",
    "from:me cat": "mine",
    "from:me dog": "",
    "from:ann": "plain turned poll link image video gifv audio reply warned",
    "from:@ann@example.com black": "plain turned",
    "from:bob from:me": "bobs mine",
    "-from:ann": "bobs mine",
    "cat -from:ann -from:me": "bobs",
    "from:nobody": "",
    "from:ann@elsewhere.example": "",
    "cat -from:nobody": "plain turned poll link bobs mine",
    "has:media": "image video gifv audio",
    "-has:media from:ann": "plain turned poll link reply warned",
    "has:image": "image",
    "has:video": "video gifv",
    "has:audio": "audio",
    "has:media -has:image": "video gifv audio",
    "has:poll": "poll",
    "has:poll -has:poll": "",
    "has:embed": "link",
    "has:link cat": "link",
    "is:reply": "reply",
    "-is:reply is:sensitive": "warned",
    "is:sensitive": "warned",
    "language:en": "plain turned",
    "language:EN-gb": "turned",
    "language:en language:de": "plain turned poll",
    "cat -language:en": "poll link bobs mine",
    "before:2027-03-10": "plain",
    "after:2027-03-10": "image video gifv audio reply warned bobs mine",
    "during:2027-03-10": "turned poll link",
    "during:2027-3-9": "plain",
    "-during:2027-03-10 cat": "plain bobs mine",
    "after:2027-03-09 before:2027-03-11 cat": "turned poll link",
    "-before:2027-03-12": "bobs mine",
    "-after:2027-03-09": "plain",
    "before:0001-01-01": "",
    "after:9999-12-31": "",
    "in:library": "bobs mine",
    "cat in:library": "bobs mine",
    "cat -in:library": "plain turned poll link",
    "cat in:public": "plain turned poll link",
    "cat -in:public": "bobs mine",
    "in:all": ALL,
    "in:all has:poll cat -dog from:ann during:2027-03-10 language:de": "poll",
    # no operators: words
    "has:wings": "",
    "example.com": "link",
    "https://example.com/cat": "link",
    "before:noon": "",
    "before:2027-02-30": "",
    "+cat": "plain turned poll link bobs mine",
    # nothing to search for
    "": "",
    '"': "",
    "-": "",
    '- "" ?!': "",
    "from:": "",
}


async def test_operators(db: Database, clock: Clock):
    made, eve = await stocked(db, clock)
    names = {id: name for name, id in made.items()}

    for typed, expected in OPERATORS.items():
        ids = await db.read(found, eve, typed)

        assert [names[id] for id in ids] == expected.split()[::-1], typed


async def test_a_day_begins_and_ends_at_midnight_utc(db: Database, clock: Clock):
    (ann,) = await people(db, "ann")
    midnight = NOON + DAY_MS // 2
    made = []
    for clock.now_ms in (midnight - 1, midnight):
        made.append((await db.write(publish, ann, "late")).id)

    assert await db.read(found, ann, "during:2027-03-10") == await db.read(found, ann, "before:2027-03-11") == made[:1]
    assert await db.read(found, ann, "during:2027-03-11") == await db.read(found, ann, "after:2027-03-10") == made[1:]
