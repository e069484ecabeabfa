"""Renders Mastodon's entities. Functions take lists: forty posts cost the queries of one.

Accounts: render_accounts.py. Posts, polls and media: render_posts.py. What belongs to a post: social/shown.py.
"""

from collections.abc import Collection, Mapping
from urllib.parse import quote

import msgspec

from ..ids import ms_of
from ..ports import Tx
from ..social import reports, strikes, tags, text
from ..social.notification_groups import Entry, key_of
from ..social.tellable import OFFICIAL
from ..times import day, iso
from ..types import ON_COLLECTIONS, Conversation, FeaturedTag, Notification, NotificationKind, NotificationRequest
from . import collection_entities, entities, notification_entities, render_collections
from .render_accounts import UNSET, Json
from .render_cards import history
from .render_posts import PostRenderer
from .told import own_report, warning

_ids = msgspec.json.Decoder(list[int]).decode


class Renderer(PostRenderer):
    """Functions over a transaction, for db.read. One per process, because it has the cached renderings."""

    def conversations(self, tx: Tx, viewer_id: int, found: Collection[Conversation]) -> list[entities.Conversation]:
        """The viewer's own conversations, in their order."""
        others = {one.id: _ids(one.participants) for one in found}
        people = self.accounts_by_id(tx, {id for ids in others.values() for id in ids})
        shown = self.statuses_by_id(tx, viewer_id, [one.last_post_id for one in found])
        return [
            entities.Conversation(
                id=str(one.id),
                unread=bool(one.unread),
                accounts=[people[id] for id in others[one.id] if id in people],
                last_status=shown.get(one.last_post_id),
            )
            for one in found
        ]

    def notifications(
        self,
        tx: Tx,
        viewer_id: int,
        told: Collection[Notification],
        supported: Collection[str] | None = None,
    ) -> list[entities.Notification]:
        """In their order. The caller must get them from social/notifications.py, which checks visibility.

        supported: the kinds that the app knows; of others there are words too. None: it did not say.
        """
        official = [one for one in told if one.kind in OFFICIAL]
        reported, warned = self._official(tx, official) if official else ({}, {})
        by_whom = self.accounts_by_id(tx, {one.from_id for one in told})
        collected = self._collected(tx, viewer_id, told)
        in_words = _in_words(told, collected, by_whom, supported)
        about = self.statuses_by_id(tx, viewer_id, {one.about_post_id for one in told if one.about_post_id})
        return [
            entities.Notification(
                id=str(one.id),
                type=one.kind,
                created_at=iso(ms_of(one.id)),
                group_key=key_of(one),
                account=by_whom[one.from_id],
                status=about[one.about_post_id] if one.about_post_id else UNSET,
                report=reported.get(one.id, UNSET),
                moderation_warning=warned.get(one.id, UNSET),
                collection=collected.get(one.id, UNSET),
                fallback=in_words.get(one.id, UNSET),
            )
            for one in told
        ]

    def _collected(
        self, tx: Tx, viewer_id: int, told: Collection[Notification]
    ) -> dict[int, collection_entities.Collection]:
        """The collections by the notification that tells of them. No query where none does."""
        about = {one.id: one.post_id for one in told if one.kind in ON_COLLECTIONS}
        shown = render_collections.by_ids(tx, self, viewer_id, about.values()) if about else {}
        return {id: shown[at] for id, at in about.items() if at in shown}

    def notification_groups(
        self,
        tx: Tx,
        viewer_id: int,
        found: Collection[Entry],
        oldest: Mapping[int, int] | None = None,
        *,
        partial: bool = False,
        supported: Collection[str] | None = None,
    ) -> notification_entities.GroupedNotificationsResults:
        """In their order, as social/notification_groups.py has found them.

        oldest: where they stand on a page, by Entry.at: the oldest member there, if that is not the same.
        partial: of each group the first account alone is told in full. supported: as in notifications().
        """
        named = {id: None for one in found for id in one.group.sample}  # in their order, each once
        full = {one.group.sample[0] for one in found} if partial else named.keys()
        about = {one.at.about_post_id: None for one in found if one.at.about_post_id}
        official = [one.at for one in found if one.at.kind in OFFICIAL]
        told = self._official(tx, official) if official else ({}, {})
        people, posts = self.accounts_by_id(tx, named), self.statuses_by_id(tx, viewer_id, about)
        alone = [one.at for one in found]
        collected = self._collected(tx, viewer_id, alone)
        in_words = _in_words(alone, collected, people, supported)
        return notification_entities.GroupedNotificationsResults(
            accounts=[people[id] for id in named if id in full and id in people],
            partial_accounts=[_partial(people[id]) for id in named if id not in full and id in people]
            if partial
            else UNSET,
            statuses=[posts[id] for id in about if id in posts],
            notification_groups=[_group(one, oldest, *told, collected, in_words) for one in found],
        )

    def _official(
        self, tx: Tx, told: Collection[Notification]
    ) -> tuple[dict[int, entities.Report], dict[int, entities.AccountWarning]]:
        """(reports, strikes) by the notification that tells of them."""
        about = {kind: {one.id: one.post_id for one in told if one.kind == kind} for kind in OFFICIAL}
        reported, warned = about[NotificationKind.REPORT], about[NotificationKind.WARNING]
        found, given = reports.by_ids(tx, reported.values()), strikes.by_ids(tx, warned.values())
        targets = self.accounts_by_id(tx, {one.target_id for one in (*found.values(), *given.values())})
        return (
            {id: own_report(found[at], targets[found[at].target_id]) for id, at in reported.items() if at in found},
            {id: warning(given[at], targets[given[at].target_id]) for id, at in warned.items() if at in given},
        )

    def notification_requests(
        self, tx: Tx, viewer_id: int, found: Collection[NotificationRequest]
    ) -> list[notification_entities.NotificationRequest]:
        """In their order."""
        people = self.accounts_by_id(tx, {one.from_id for one in found})
        last = self.statuses_by_id(tx, viewer_id, {one.last_post_id for one in found if one.last_post_id})
        return [
            notification_entities.NotificationRequest(
                id=str(one.id),
                created_at=iso(one.created_ms),
                updated_at=iso(one.changed_ms),
                notifications_count=str(one.notifications),
                account=people[one.from_id],
                last_status=last.get(one.last_post_id, UNSET),
            )
            for one in found
            if one.from_id in people
        ]

    def tag(self, one: tags.Shown, *, known: bool = True) -> entities.Tag:
        """known: the viewer is logged in."""
        return entities.Tag(
            id=str(one.id),
            name=one.name,
            url=self.tag_url(one.name),
            history=history(one.history),
            following=one.following if known else UNSET,
            featuring=one.featuring if known else UNSET,
        )

    def featured_tag(self, one: FeaturedTag, username: str) -> entities.FeaturedTag:
        return entities.FeaturedTag(
            id=str(one.id),
            name=one.name,
            url=f"{self.account_url(username)}/tagged/{quote(text.hashtag_key(one.name), safe='')}",
            statuses_count=str(one.posts),
            last_status_at=day(one.last_post_ms) if one.last_post_ms else None,
        )


def _in_words(
    told: Collection[Notification],
    collected: Mapping[int, collection_entities.Collection],
    people: Mapping[int, Json],
    supported: Collection[str] | None,
) -> dict[int, collection_entities.NotificationFallback]:
    """By notification, where there are words for it."""
    if supported is None:
        return {}
    return {
        one.id: render_collections.in_words(one.kind, people[one.from_id], collected[one.id])
        for one in told
        if one.id in collected and one.from_id in people and one.kind not in supported
    }


_partial = msgspec.json.Decoder(notification_entities.PartialAccountWithAvatar).decode


def _group(
    one: Entry,
    oldest: Mapping[int, int] | None,
    reported: Mapping[int, entities.Report],
    warned: Mapping[int, entities.AccountWarning],
    collected: Mapping[int, collection_entities.Collection],
    in_words: Mapping[int, collection_entities.NotificationFallback],
) -> notification_entities.NotificationGroup:
    paged = oldest is not None
    return notification_entities.NotificationGroup(
        group_key=key_of(one.group.newest),
        notifications_count=one.group.members,
        type=one.at.kind,
        most_recent_notification_id=str(one.group.newest.id),
        page_min_id=str(oldest.get(one.at.id, one.at.id)) if paged else UNSET,
        page_max_id=str(one.at.id) if paged else UNSET,
        latest_page_notification_at=iso(ms_of(one.at.id)) if paged else UNSET,
        sample_account_ids=[str(id) for id in one.group.sample],
        status_id=str(one.at.about_post_id) if one.at.about_post_id else UNSET,
        report=reported.get(one.at.id, UNSET),
        moderation_warning=warned.get(one.at.id, UNSET),
        collection=collected.get(one.at.id, UNSET),
        fallback=in_words.get(one.at.id, UNSET),
    )
