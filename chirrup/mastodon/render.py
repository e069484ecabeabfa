"""Everything of ours as Mastodon's entities. Always lists: forty posts cost the queries of one.

Accounts: render_accounts.py. Posts, polls and media: render_posts.py. What is shown with what: social/shown.py.
"""

from collections.abc import Collection
from urllib.parse import quote

import msgspec

from ..ids import ms_of
from ..ports import Tx
from ..social import tags, text
from ..times import iso, iso_or_none
from ..types import Conversation, FeaturedTag, Notification
from . import entities
from .render_accounts import UNSET
from .render_posts import PostRenderer

_ids = msgspec.json.Decoder(list[int]).decode


class Renderer(PostRenderer):
    """Functions over a transaction, to be given to db.read. One per process: it holds the kept renderings."""

    def conversations(self, tx: Tx, viewer_id: int, found: Collection[Conversation]) -> list[entities.Conversation]:
        """The viewer's own, in their order."""
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

    def notifications(self, tx: Tx, viewer_id: int, told: Collection[Notification]) -> list[entities.Notification]:
        """In their order; the caller has asked social/notifications.py which ones the viewer may see."""
        by_whom = self.accounts_by_id(tx, {one.from_id for one in told})
        about = self.statuses_by_id(tx, viewer_id, {one.post_id for one in told if one.post_id})
        return [
            entities.Notification(
                id=str(one.id),
                type=one.kind,
                created_at=iso(ms_of(one.id)),
                group_key=f"ungrouped-{one.id}",
                account=by_whom[one.from_id],
                status=about[one.post_id] if one.post_id else UNSET,
            )
            for one in told
        ]

    def tag(self, one: tags.Shown, *, known: bool = True) -> entities.Tag:
        """known: somebody in particular looks."""
        return entities.Tag(
            id=str(one.id),
            name=one.name,
            url=self.tag_url(one.name),
            history=[
                entities.TagHistory(
                    day=str(use.day * tags.DAY_MS // 1000), uses=str(use.uses), accounts=str(use.accounts)
                )
                for use in one.history
            ],
            following=one.following if known else UNSET,
            featuring=one.featuring if known else UNSET,
        )

    def featured_tag(self, one: FeaturedTag, username: str) -> entities.FeaturedTag:
        return entities.FeaturedTag(
            id=str(one.id),
            name=one.name,
            url=f"{self.account_url(username)}/tagged/{quote(text.hashtag_key(one.name), safe='')}",
            statuses_count=one.posts,
            last_status_at=iso_or_none(one.last_post_ms),
        )
