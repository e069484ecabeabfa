"""Who reacts to what: the second of the two tables that tell all that can happen (the first: mastodon/routes.py).

`writes`, and `of_post` with the event's post where it is still there, run together in one transaction and give the
signals to be sent once it is committed; not at all where `unless` says so. `then` run after it, and one of them may
leave a rest: an event to be handled in this one's place. All may run twice with the same event.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from .. import events
from ..access import acts
from ..events import Event, Signal
from ..ports import Engines, Tx
from ..social import conversations, notifications, reactions, search, tags
from ..social import follows as social_follows
from ..store import follows, posts
from ..timelines import fanout
from ..types import Post, Visibility
from . import reply_order

STEP = 100  # accounts acted for until others have their turn
Signals = list[tuple[str, Signal]]  # channel, what is told there


class Reaction(msgspec.Struct, frozen=True):
    unless: Callable[[Tx, Any], bool] | None = None  # a look that says: there is nothing to be written
    writes: tuple[Callable[[Tx, Any], Signals], ...] = ()
    of_post: tuple[Callable[[Tx, Post], Signals], ...] = ()
    then: tuple[Callable[[Engines, Any], Awaitable[Event | None]], ...] = ()


def _concerns_nobody(tx: Tx, event: events.PostPublished) -> bool:
    """Beyond whoever reads it: most posts. A look is read together with many others', a write is alone."""
    post, watchers = tx.together(
        lambda: posts.by_id(tx, event.post_id), lambda: follows.notified_followers(tx, event.of)
    )
    return post is None or not (
        watchers or post.boost_of_id or post.mentioned or post.tag_names or post.visibility == Visibility.DIRECT
    )


async def _deliver(engines: Engines, event: events.PostPublished) -> Event | None:
    await reply_order.let_parent_pass(engines, event)
    return await _spread(engines, events.PostSpreading(event.of, event.post_id, "update", fanout.START))


async def _announce_edit(engines: Engines, event: events.PostEdited | events.PollVoted) -> Event | None:
    return await _spread(engines, events.PostSpreading(event.of, event.post_id, "status.update", fanout.START))


async def _announce_deletion(engines: Engines, event: events.PostDeleted) -> Event | None:
    return await _spread(engines, events.PostSpreading(event.of, event.post_id, "delete", fanout.START))


async def _spread(engines: Engines, event: events.PostSpreading) -> Event | None:
    place = await fanout.deliver(engines, event.post_id, event.kind, event.place)
    return place and events.PostSpreading(event.of, event.post_id, event.kind, place)


async def _delete_files(engines: Engines, event: events.PostDeleted | events.PicturesReplaced) -> None:
    for key in event.media_keys:
        engines.blobs.delete(key)


async def _drop_stale(engines: Engines, event: Event) -> None:
    await acts.drop(engines.timelines, await engines.db.read(acts.stale, [event]))


async def _delete_boosts(engines: Engines, event: events.BoostedDeleted) -> Event | None:
    """In transactions of their own: each is its booster's."""
    found = await engines.db.read(reactions.boosts_left, event.post_id, STEP)
    for boost_id, booster in found:
        await engines.db.write(reactions.end_boost, event.post_id, boost_id, booster)
    return event if len(found) == STEP else None


async def _accept_waiting(engines: Engines, event: events.Unlocked) -> Event | None:
    waiting = await engines.db.read(social_follows.waiting, event.of, STEP)
    for follower in waiting:
        await engines.db.write(social_follows.accept_waiting, event.of, follower)
    return event if len(waiting) == STEP else None


async def _close_streams(engines: Engines, event: events.AccessEnded) -> None:
    await engines.broker.publish([f"user:{event.of}"], Signal("end", 0, event.of, event.token_ids).packed)


SUBSCRIBERS: dict[type[Event], Reaction] = {
    events.PostPublished: Reaction(
        unless=_concerns_nobody,
        of_post=(notifications.on_published, conversations.on_published, tags.on_published),
        then=(_deliver,),
    ),
    events.PostEdited: Reaction(
        of_post=(notifications.on_edited, conversations.on_published, tags.on_published),
        then=(_announce_edit,),
    ),
    events.PostSpreading: Reaction(then=(_spread,)),
    events.PostDeleted: Reaction(
        writes=(conversations.on_deleted, tags.on_deleted),
        then=(_announce_deletion, _delete_files),
    ),
    events.BoostedDeleted: Reaction(then=(_delete_boosts,)),
    events.Unlocked: Reaction(then=(_accept_waiting,)),
    events.Followed: Reaction(writes=(notifications.on_followed,), then=(_drop_stale,)),
    events.FollowChanged: Reaction(then=(_drop_stale,)),
    events.FollowRequested: Reaction(writes=(notifications.on_follow_requested,)),
    events.FollowAnswered: Reaction(writes=(notifications.on_follow_answered,)),
    events.Unfollowed: Reaction(writes=(notifications.on_unfollowed,), then=(_drop_stale,)),
    events.Blocked: Reaction(writes=(notifications.on_blocked,), then=(_drop_stale,)),
    events.Muted: Reaction(then=(_drop_stale,)),
    events.Favourited: Reaction(writes=(notifications.on_favourited,)),
    events.Unfavourited: Reaction(writes=(notifications.on_unfavourited,)),
    events.Unboosted: Reaction(writes=(notifications.on_unboosted,)),
    events.PollEnded: Reaction(writes=(notifications.on_poll_ended,), then=(_announce_edit,)),
    events.PollVoted: Reaction(then=(_announce_edit,)),
    events.ListChanged: Reaction(then=(_drop_stale,)),
    events.TagFollowsChanged: Reaction(then=(_drop_stale,)),
    events.AccountChanged: Reaction(writes=(search.on_account_changed,)),
    events.PicturesReplaced: Reaction(then=(_delete_files,)),
    events.AccessEnded: Reaction(then=(_close_streams,)),
}


async def handle(engines: Engines, event: Event) -> Event | None:
    """Let everybody who subscribed react to event. What is left of it, when it takes more than one turn."""
    reaction, rest = SUBSCRIBERS[type(event)], None
    if (reaction.writes or reaction.of_post) and not (
        reaction.unless and await engines.db.read(reaction.unless, event)
    ):
        for channel, signal in await engines.db.write(_write, reaction, event):
            await engines.broker.publish([channel], signal.packed)
    for react in reaction.then:
        rest = await react(engines, event) or rest
    return rest


def _write(tx: Tx, reaction: Reaction, event: Any) -> Signals:
    told = [signal for write in reaction.writes for signal in write(tx, event)]
    if reaction.of_post and (post := posts.by_id(tx, event.post_id)):
        told += [signal for write in reaction.of_post for signal in write(tx, post)]
    return told
