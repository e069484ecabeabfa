"""What an account wants to be told: held back, dropped or told, by who caused it; and what becomes of requests."""

from collections.abc import Callable

import pytest
from counting import CountingTx
from databases import Clock
from kit import people, settle, work_off

from chirrup.errors import NotFound
from chirrup.events import Favourited, Signal, unpack
from chirrup.ids import ID_MAX
from chirrup.ports import Database, Engines, Tx
from chirrup.social import accounts, follows, moderation, notification_policies, notifications, posts, reactions
from chirrup.social.accounts import ProfileChange, SignUp
from chirrup.social.notification_policies import AT_ONCE, NEW_MS, STEP, Change
from chirrup.types import Draft, NotificationKind, Role, Span, Treatment

FIRST = Span(before=ID_MAX, limit=40)
FILTER, DROP = Treatment.FILTER, Treatment.DROP


async def told(db: Database, account_id: int, *, held: bool = False) -> list[int]:
    """Who caused account_id's notifications, the newest first."""
    kinds = set(NotificationKind)
    found = await db.read(notifications.page, account_id, FIRST, kinds, include_held=held)
    return [one.from_id for one in found.items]


async def requests(db: Database, account_id: int) -> list[tuple[int, int, int]]:
    """(who, how many, the last post)."""
    found = await db.read(notification_policies.page, account_id, FIRST)
    return [(one.from_id, one.notifications, one.last_post_id) for one in found.items]


async def say(engines: Engines, author: int, text: str, **more: object) -> int:
    post = await engines.db.write(posts.publish, author, Draft(text=text, **more))  # type: ignore[arg-type]
    await settle(engines)
    return post.id


async def wants(engines: Engines, account_id: int, **policy: Treatment) -> None:
    await engines.db.write(notification_policies.change, account_id, Change(**policy))


def silence(tx: Tx, account_id: int) -> None:
    moderation.act(tx, 0, account_id, moderation.Decision("silence"))


Meet = Callable[[Tx, int, int], object]  # (tx, recipient, sender)
CASES: dict[str, tuple[Meet, Meet, str]] = {  # what applies to the sender, what does not, the visibility
    "not_following": (lambda tx, to, by: follows.follow(tx, by, to), lambda tx, to, by: follows.follow(tx, to, by), ""),
    "not_followers": (lambda tx, to, by: follows.follow(tx, to, by), lambda tx, to, by: follows.follow(tx, by, to), ""),
    "bots": (
        lambda tx, to, by: accounts.change_profile(tx, by, ProfileChange(bot=True)),
        lambda tx, to, by: None,
        "",
    ),
    "limited_accounts": (lambda tx, to, by: silence(tx, by), lambda tx, to, by: None, ""),
    "private_mentions": (
        lambda tx, to, by: follows.follow(tx, by, to),
        lambda tx, to, by: follows.follow(tx, to, by),
        "direct",
    ),
}


@pytest.mark.parametrize("treatment", [FILTER, DROP])
@pytest.mark.parametrize("case", CASES)
async def test_what_the_policy_is_about_is_held_or_dropped(engines: Engines, case: str, treatment: Treatment):
    to, stray, friend = await people(engines.db, "ann", "stray", "friend")
    applies, does_not, visibility = CASES[case]
    await engines.db.write(applies, to, stray)
    await engines.db.write(does_not, to, friend)
    await settle(engines)
    await engines.db.write(notifications.clear, to)
    await wants(engines, to, **{case: treatment})

    post = await say(engines, stray, "@ann hello", visibility=visibility)
    await say(engines, friend, "@ann hello", visibility=visibility)

    assert await told(engines.db, to) == [friend]
    assert await told(engines.db, to, held=True) == ([friend, stray] if treatment == FILTER else [friend])
    assert await requests(engines.db, to) == ([(stray, 1, post)] if treatment == FILTER else [])
    count = await engines.db.read(notifications.count_unread, to, set(NotificationKind), most=9)
    assert count == 1


async def test_silenced_accounts_are_held_back_from_all_but_their_followers(engines: Engines):
    ann, bob, loud = await people(engines.db, "ann", "bob", "loud")
    await engines.db.write(follows.follow, bob, loud)
    await engines.db.write(silence, loud)

    post = await say(engines, loud, "@ann @bob hello")

    assert (await told(engines.db, ann), await told(engines.db, bob)) == ([], [loud])
    assert (await requests(engines.db, ann), await requests(engines.db, bob)) == ([(loud, 1, post)], [])
    await wants(engines, ann, limited_accounts=Treatment.ACCEPT)
    await say(engines, loud, "@ann and again")
    assert await told(engines.db, ann) == [loud]


async def test_an_account_is_new_for_thirty_days(engines: Engines, clock: Clock):
    ann, old = await people(engines.db, "ann", "old")
    clock.pass_ms(NEW_MS)
    (new,) = await people(engines.db, "new")
    await wants(engines, ann, new_accounts=FILTER)

    for who in (old, new):
        await say(engines, who, "@ann hello")

    assert await told(engines.db, ann) == [old]


async def test_answers_to_ones_own_direct_posts_always_get_through(engines: Engines):
    ann, bob = await people(engines.db, "ann", "bob")
    await wants(engines, ann, private_mentions=DROP)
    asked = await say(engines, ann, "@bob may I ask?", visibility="direct")
    public = await say(engines, ann, "hello all")

    first = await say(engines, bob, "@ann yes", visibility="direct", reply_to_id=asked)
    await say(engines, bob, "@ann and more", visibility="direct", reply_to_id=first)
    await say(engines, bob, "@ann psst", visibility="direct", reply_to_id=public)

    assert len(await told(engines.db, ann)) == 2


async def test_moderators_get_through_and_news_that_was_asked_for(engines: Engines):
    (ann,) = await people(engines.db, "ann")
    boss, helper = [
        (await engines.db.write(accounts.create, SignUp(role, f"{role}@example.com", "-", role=role))).id
        for role in (Role.OWNER, Role.MODERATOR)
    ]
    (paper,) = await people(engines.db, "paper")
    await engines.db.write(follows.follow, ann, paper, notify=True)
    await wants(engines, ann, not_following=DROP, not_followers=DROP, new_accounts=DROP)

    await say(engines, boss, "@ann a word")
    await say(engines, helper, "@ann another")
    await say(engines, paper, "news")

    assert await told(engines.db, ann) == [paper, helper, boss]


async def test_what_is_held_is_told_to_no_stream_and_taken_back_when_undone(engines: Engines):
    ann, bob = await people(engines.db, "ann", "bob")
    mine = await say(engines, ann, "mine")
    await wants(engines, ann, not_following=FILTER)
    heard: list[Signal] = []
    listening = await engines.broker.listen([f"user:{ann}"], lambda _, message: heard.append(unpack(message)))

    await engines.db.write(reactions.favourite, bob, mine)
    await engines.db.write(follows.follow, bob, ann)
    await settle(engines)
    held = await requests(engines.db, ann)
    await engines.db.write(reactions.unfavourite, bob, mine)
    await settle(engines)
    left = await requests(engines.db, ann)
    await engines.db.write(follows.unfollow, bob, ann)
    await settle(engines)
    await listening.stop()

    assert (held, left, await requests(engines.db, ann)) == ([(bob, 2, mine)], [(bob, 1, mine)], [])
    assert [one for one in heard if one.kind == "notification"] == []


async def test_a_request_that_is_accepted_is_merged_and_its_account_gets_through(engines: Engines):
    ann, bob, carla = await people(engines.db, "ann", "bob", "carla")
    await wants(engines, ann, not_following=FILTER)
    for who in (bob, carla):
        await say(engines, who, "@ann hello")
    heard: list[str] = []
    listening = await engines.broker.listen([f"user:{ann}"], lambda _, message: heard.append(unpack(message).kind))
    (of_carla, of_bob) = (await engines.db.read(notification_policies.page, ann, FIRST)).items

    await engines.db.write(notification_policies.accept, carla, [of_bob.id])  # not hers
    await engines.db.write(notification_policies.accept, ann, [of_bob.id, 1])

    assert await told(engines.db, ann) == [bob]
    assert await engines.db.read(notification_policies.merged, ann)
    with pytest.raises(NotFound):
        await engines.db.read(notification_policies.request, ann, of_bob.id)
    await say(engines, bob, "@ann again")
    await say(engines, carla, "@ann again")
    assert await told(engines.db, ann) == [bob, bob]
    assert [who for who, *_ in await requests(engines.db, ann)] == [carla]
    assert (await engines.db.read(notification_policies.get, ann)).notifications == 2
    await listening.stop()
    assert heard.count("notifications_merged") == 1
    await engines.db.write(notification_policies.dismiss, ann, [of_carla.id])
    assert await told(engines.db, ann, held=True) == [bob, bob]
    assert await requests(engines.db, ann) == []


async def test_much_is_merged_by_a_job(engines: Engines):
    ann, bob = await people(engines.db, "ann", "bob")
    many = STEP + AT_ONCE

    def hold(tx: Tx) -> None:
        for n in range(many):
            notification_policies.hold(tx, ann, NotificationKind.MENTION, bob, n + 1)

    await engines.db.write(hold)
    ((_, held, _),) = await requests(engines.db, ann)
    (one,) = (await engines.db.read(notification_policies.page, ann, FIRST)).items

    await engines.db.write(notification_policies.accept, ann, [one.id])

    assert held == many
    assert not await engines.db.read(notification_policies.merged, ann)
    assert await requests(engines.db, ann) == []
    await work_off(engines)
    assert await engines.db.read(notification_policies.merged, ann)

    def left(tx: Tx) -> int:
        return notification_policies.rows.merge(tx, ann, bob, many)

    assert await engines.db.write(left) == 0


async def test_a_notification_costs_no_query_more_with_the_default_policy(engines: Engines):
    ann, bob = await people(engines.db, "ann", "bob")
    mine = (await engines.db.write(posts.publish, ann, Draft(text="mine"))).id

    def cost(tx: Tx, post: int, who: int) -> int:
        reactions.favourite(tx, who, post)
        counted: dict[str, int] = {}

        class Asked(dict[str, int]):
            def __missing__(self, key: str) -> int:
                return 0

        counted = Asked()
        notifications.on_favourited(CountingTx(tx, counted), Favourited(who, post))  # type: ignore[arg-type]
        return sum(counted.values())

    default = await engines.db.write(cost, mine, bob)
    await wants(engines, ann, bots=FILTER)
    (carla,) = await people(engines.db, "carla")

    assert default <= 7  # the post, the mark, the recipient's standing and the sender's, its turn, the group, the row
    assert await engines.db.write(cost, mine, carla) > default
