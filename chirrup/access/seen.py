"""What the oracle answers: posts that a viewer gets to see, with all that is needed to show them (visibility.py)."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from ..store.blocks_and_mutes import Relations
from ..types import AccountState, Post, QuotePolicy, QuoteState, Visibility

OPEN = frozenset((Visibility.PUBLIC, Visibility.UNLISTED))  # for everybody whom the author does not block
# to look up a member of an enumeration takes as long as to compare with it
_BY_ALL, _BY_FOLLOWERS = QuotePolicy.PUBLIC, QuotePolicy.FOLLOWERS


class Seen(msgspec.Struct, frozen=True):
    """What a viewer gets to see, with all that is needed to show it."""

    viewer_id: int
    posts: dict[int, Post]  # those asked for that the viewer may see, and the originals of boosts among them
    accounts: dict[int, AccountState]  # their authors
    relations: (
        Relations  # of the viewer to the authors and those they address; follows only where they decide something
    )
    parents: frozenset[int] = frozenset()  # what posts reply to, where it was looked up and the viewer may see it
    quoted: dict[int, Post] = {}  # what they quote, and what that quotes, likewise
    hidden: frozenset[int] = frozenset()  # what they quote and the viewer may not see
    filters_version: int = 0  # of the viewer's filters; 0: there are none
    quiet: frozenset[int] = frozenset()  # those of the authors who are silenced, and whom the viewer does not follow
    sensitized: frozenset[int] = frozenset()  # authors whose posts staff marks as sensitive; not the viewer
    states: Mapping[int, AccountState] = {}  # of all who were asked about: `accounts`, rooms, authors of parents

    def parent_of(self, post: Post) -> tuple[int, int]:
        """(id, author) of what post replies to; zeros where that is hidden: its id would tell that it exists."""
        return (post.reply_to_id, post.reply_to_author_id) if post.reply_to_id in self.parents else (0, 0)

    def quote_of(self, post: Post) -> tuple[QuoteState, Post | None]:
        """(how it stands with what post quotes, which is shown; None: it is not shown, nor named)."""
        if post.quote_revoked_ms:
            return QuoteState.REVOKED, None
        quoted = self.quoted.get(post.quote_of_id)
        if quoted is None:
            return (QuoteState.HIDDEN if post.quote_of_id in self.hidden else QuoteState.DELETED), None
        if quoted.author_id in self.relations.blocking:
            return QuoteState.BLOCKED, quoted
        return (QuoteState.MUTED if quoted.author_id in self.relations.muting else QuoteState.ACCEPTED), quoted

    def media_epoch_of(self, post: Post) -> int:
        """Another each time that somebody may see post no more who could; for a post that not everybody may see."""
        audience = self.states.get(post.audience_id or post.author_id)
        return -1 if audience is None or audience.suspended_ms else audience.media_epoch

    def may_quote(self, post: Post) -> bool:
        """The viewer, who sees post, may quote it."""
        if not self.viewer_id:
            return False
        if post.visibility not in OPEN:
            return post.author_id == self.viewer_id and post.visibility != Visibility.DIRECT
        if post.quote_policy == _BY_ALL or post.author_id == self.viewer_id:
            return True
        return post.quote_policy == _BY_FOLLOWERS and post.author_id in self.relations.following

    def minds(self, post: Post) -> bool:
        """The viewer does not want post in lists, see Relations.minds; or its author is silenced, and meets followers
        only where nobody asked for them."""
        return post.author_id in self.quiet or self.relations.minds(post, self.posts.get(post.boost_of_id))

    @property
    def may_mind(self) -> bool:
        """There may be a post that the viewer minds."""
        return bool(self.quiet) or self.relations.is_averse

    def is_sensitive(self, post: Post) -> bool:
        """As its author marked it, or as staff marked the author: who sees none of it in their own posts."""
        return bool(post.sensitive) or post.author_id in self.sensitized


class Found(NamedTuple):
    """Posts by id, whoever may see them: for judge()."""

    posts: dict[int, Post]  # those asked for, and the originals of boosts among them
    parents: dict[int, Post]  # what they and what they quote reply to, where that is wanted
    quoted: dict[int, Post] = {}  # what they quote, and what that quotes, likewise
