"""The table of reactions: what follows from each event. With the tables of routes it lists all that can happen.

reactions.py runs them.
"""

import msgspec

from .. import events
from ..access import acts, barred
from ..actions import acknowledgements, approvals, watch
from ..actions.hooks_out import listening, telling
from ..actions.rules import runs as rule_runs
from ..errors import Refused
from ..events import Event, Signal
from ..ports import Engines, Tx
from ..social import (
    announcements,
    cards,
    collections,
    conversations,
    files,
    filters,
    mails,
    notification_policies,
    notifications,
    push_subscriptions,
    reactions,
    search,
    tags,
)
from ..social import follows as social_follows
from ..store import jobs
from ..store.jobs import Job
from ..timelines import fanout, imported, late
from ..types import Visibility
from . import reply_order
from .reactions import Again, Failure, Published, Reaction, Reactions, Signals, alone

DROP_STALE = "drop_stale"  # kind of jobs
STEP = 100  # accounts handled until other events get their turn


async def deliver(engines: Engines, event: events.PostPublished) -> Event | None:
    await reply_order.let_parent_pass(engines, event)
    return await spread(engines, events.PostSpreading(event.of, event.post_id, "update", fanout.START))


async def announce_edit(
    engines: Engines, event: events.PostEdited | events.PostChanged | events.PollVoted
) -> Event | None:
    return await spread(engines, events.PostSpreading(event.of, event.post_id, "status.update", fanout.START))


async def announce_deletion(engines: Engines, event: events.PostDeleted) -> Event | None:
    return await spread(engines, events.PostSpreading(event.of, event.post_id, "delete", fanout.START))


async def spread(engines: Engines, event: events.PostSpreading) -> Event | None:
    cursor = await fanout.deliver(engines, event.post_id, event.kind, event.cursor)
    return cursor and events.PostSpreading(event.of, event.post_id, event.kind, cursor)


async def delete_files(engines: Engines, event: events.PostDeleted | events.PicturesReplaced) -> None:
    await files.delete(engines.blobs, event.media_keys)


async def drop_stale(engines: Engines, event: Event) -> None:
    await acts.drop(engines.timelines, await engines.db.read(acts.stale, [event]))


def drop_stale_again(tx: Tx, event: Event) -> Signals:
    """Later once more: see timelines/late.py. Once a second at most for the same event."""
    body = events.encode(event).decode()
    due_ms = tx.now_ms + late.STRAGGLERS_MS
    jobs.enqueue(tx, DROP_STALE, of=event.of, key=f"{due_ms // 1000} {body}", payload=body, due_ms=due_ms + 1000)
    return []


async def delete_boosts(engines: Engines, event: events.BoostedDeleted) -> Event | None:
    """One transaction for each boost, because each has another author."""
    found = await engines.db.read(reactions.boosts_left, event.post_id, STEP)
    for boost_id, booster in found:
        await engines.db.write(reactions.end_boost, event.post_id, boost_id, booster)
    return event if len(found) == STEP else None


async def accept_waiting(engines: Engines, event: events.Unlocked) -> Event | None:
    waiting = await engines.db.read(social_follows.waiting, event.of, STEP)
    for follower in waiting:
        await engines.db.write(social_follows.accept_waiting, event.of, follower)
    return event if len(waiting) == STEP else None


async def close_streams(engines: Engines, event: events.AccessEnded) -> None:
    await engines.broker.publish([f"user:{event.of}"], Signal("end", 0, event.of, event.token_ids).packed)


async def tell_of_bans(engines: Engines, event: events.BansChanged) -> None:
    """Every process reads them again."""
    await engines.broker.publish([barred.CHANNEL], Signal("bans", event.of, 0).packed)


async def read_rules(engines: Engines, event: events.RulesChanged) -> None:
    """This process knows them at once, the others hear of it."""
    await watch.of(engines.db).load_of(event.of)
    await watch.tell(engines.broker, event.of)


def _concerns_rules(published: Published) -> object:
    return watch.of(published.db).rules(published.post)


def _tells_somebody(published: Published) -> object:
    return published.watchers or published.post.boost_of_id or published.post.mentioned or published.post.quote_of_id


def _is_direct(published: Published) -> bool:
    return published.post.visibility == Visibility.DIRECT


def _uses_tags(published: Published) -> object:
    return published.post.tag_names


def _is_in_a_room(published: Published) -> object:
    return published.post.audience_id


def _links_a_page(published: Published) -> object:
    return published.post.link


def _is_heard(published: Published) -> bool:
    return listening.concerns(published.db, published.post)


STALE = (  # less comes into timelines after these
    events.FollowChanged,
    events.Unfollowed,
    events.Blocked,
    events.Muted,
    events.ListChanged,
    events.TagFollowsChanged,
)
REACTIONS = (
    *(Reaction(kind, do) for kind in STALE for do in (drop_stale, drop_stale_again)),
    Reaction(events.PostPublished, notifications.on_published, of_post=True, when=_tells_somebody),
    Reaction(events.PostPublished, conversations.on_published, of_post=True, when=_is_direct),
    Reaction(events.PostPublished, mails.on_published, of_post=True, when=_is_in_a_room),
    Reaction(events.PostPublished, tags.on_published, of_post=True, when=_uses_tags),
    Reaction(events.PostPublished, cards.on_published, of_post=True, when=_links_a_page),
    Reaction(events.PostPublished, deliver),
    Reaction(events.PostPublished, telling.on_published, when=_is_heard),
    Reaction(events.PostPublished, rule_runs.on_published, when=_concerns_rules),
    Reaction(events.PostEdited, notifications.on_edited, of_post=True),
    Reaction(events.PostEdited, conversations.on_published, of_post=True),
    Reaction(events.PostEdited, tags.on_published, of_post=True),
    Reaction(events.PostEdited, cards.on_edited),
    Reaction(events.PostEdited, announce_edit),
    Reaction(events.PostEdited, telling.on_edited),
    Reaction(events.PostSpreading, spread),
    Reaction(events.PostDeleted, conversations.on_deleted),
    Reaction(events.PostDeleted, tags.on_deleted),
    Reaction(events.PostDeleted, approvals.on_deleted),
    Reaction(events.PostDeleted, cards.on_deleted),
    Reaction(events.PostDeleted, announce_deletion),
    Reaction(events.PostDeleted, delete_files),
    Reaction(events.PostDeleted, telling.on_deleted),
    Reaction(events.BoostedDeleted, delete_boosts),
    Reaction(events.Unlocked, accept_waiting),
    Reaction(events.Followed, notifications.on_followed),
    Reaction(events.Followed, drop_stale),
    Reaction(events.Followed, telling.on_followed),
    Reaction(events.FollowRequested, notifications.on_follow_requested),
    Reaction(events.FollowAnswered, notifications.on_follow_answered),
    Reaction(events.Unfollowed, notifications.on_unfollowed),
    Reaction(events.Unfollowed, telling.on_unfollowed),
    Reaction(events.Blocked, notifications.on_blocked),
    Reaction(events.Blocked, collections.on_blocked),
    Reaction(events.Favourited, notifications.on_favourited),
    Reaction(events.Favourited, acknowledgements.on_favourited),
    Reaction(events.AckAsked, acknowledgements.on_asked),
    Reaction(events.AckOver, acknowledgements.on_over),
    Reaction(events.ApprovalAsked, approvals.on_asked),
    Reaction(events.Unfavourited, notifications.on_unfavourited),
    Reaction(events.Unboosted, notifications.on_unboosted),
    Reaction(events.PollEnded, notifications.on_poll_ended),
    Reaction(events.PollEnded, approvals.on_voted),
    Reaction(events.PollEnded, announce_edit),
    Reaction(events.PollVoted, approvals.on_voted),
    Reaction(events.PollVoted, announce_edit),
    Reaction(events.PostChanged, announce_edit),
    Reaction(events.PostsImported, imported.drop_step),
    Reaction(events.Collected, notifications.on_collected),
    Reaction(events.Uncollected, notifications.on_uncollected),
    Reaction(events.CollectionChanged, notifications.on_collection_changed),
    Reaction(events.FiltersChanged, filters.on_changed),
    Reaction(events.AccountChanged, search.on_account_changed),
    Reaction(events.PicturesReplaced, delete_files),
    Reaction(events.NotificationsMerged, notification_policies.on_merged),
    Reaction(events.AnnouncementPublished, announcements.on_published),
    Reaction(events.AnnouncementEnded, announcements.on_ended),
    Reaction(events.AnnouncementReacted, announcements.on_reacted),
    Reaction(events.AccessEnded, push_subscriptions.on_access_ended),
    Reaction(events.AccessEnded, close_streams),
    Reaction(events.SignedUp, notifications.on_signed_up),
    Reaction(events.BansChanged, tell_of_bans),
    Reaction(events.RulesChanged, read_rules),
    Reaction(events.Reported, notifications.on_reported),
    Reaction(events.Warned, notifications.on_warned),
)

BY_EVENT = {kind: Reactions.of(one for one in REACTIONS if one.to is kind) for kind in {one.to for one in REACTIONS}}


async def handle(engines: Engines, event: Event) -> tuple[Event | None, list[Failure]]:
    """Run all reactions to event. (an event for the rest or None, the reactions that failed)."""
    return await BY_EVENT[type(event)].react(engines, event)


async def finish_drop(engines: Engines, job: Job, event: str) -> None:
    """The job of drop_stale_again()."""
    await drop_stale(engines, events.decode(event))


async def react_again(engines: Engines, job: Job, again: Again) -> None:
    """Run a reaction that failed again, alone and to its end. Raises Refused."""
    try:
        event = events.decode(again.event)
        reaction = BY_EVENT[type(event)].by_name[again.reaction]
    except (KeyError, msgspec.DecodeError) as error:
        raise Refused(f"only another version of Chirrup knows it: {error!r}") from error
    rest = await alone(engines, reaction, event)
    while rest:
        rest, failures = await handle(engines, rest)
        if failures:
            raise failures[0].error
