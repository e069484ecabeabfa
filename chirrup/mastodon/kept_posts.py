"""The parts of posts that are the same for all who see them, kept once they are rendered: until the post changes, the
emoji in it, or the addresses of its media.
"""

from collections.abc import Callable, Collection
from typing import NamedTuple

from ..access.sites import Site
from ..access.visibility import OPEN, Seen
from ..social.media_addresses import STEP_MS
from ..social.shown import Kept
from ..types import Post

Turn = tuple[int, int]  # (step, the site's media epoch): with each the addresses of private media change


class Apart(NamedTuple):
    """What a part depends on beside the post."""

    turn: Turn | None  # None: its media are for everybody, or there are none
    drawn: int | None  # the version of the emoji it shows; None: it has no shortcodes
    linked: tuple[int, ...]  # the collections that it links to
    media_epoch: int  # of its audience


KeptPost = tuple[int, bytes, Apart | None]  # (the post's changed_ms, its part, None: that depends on nothing else)


class FixedParts:
    """The fixed parts of a page's posts: post id -> `{…,`. The live part without its first brace must follow."""

    def __init__(self, kept: Kept[KeptPost], now_ms: int, drawn: Callable[[], int], site: Site) -> None:
        """drawn: the version of the emoji that are shown now."""
        self.parts: dict[int, bytes] = {}
        self.linked: dict[int, tuple[int, ...]] = {}  # by post: the collections that it links to
        self.missing: list[Post] = []
        self._private: list[tuple[Post, int]] = []  # with the media epoch of what is in the cache
        self._kept, self._closed, self._drawn = kept, site.closed, drawn
        self._turn = now_ms // STEP_MS, site.media_epoch

    def find(self, found: Collection[Post]) -> list[Post]:
        """Those of found that are not in the cache."""
        for post in found:
            kept = self._kept.get(post.id)
            if kept and kept[0] == post.changed_ms and (kept[2] is None or self._still(post, kept[2])):
                self.parts[post.id] = kept[1]
            else:
                self.missing.append(post)
        return self.missing

    def _still(self, post: Post, apart: Apart) -> bool:
        if apart.turn != self._turn_of(post) or not (apart.drawn is None or apart.drawn == self._drawn()):
            return False
        if apart.linked:
            self.linked[post.id] = apart.linked
        if apart.turn:
            self._private.append((post, apart.media_epoch))
        return True

    def ended(self, seen: Seen) -> list[Post]:
        """Those found in the cache with addresses that have ended."""
        return [post for post, media_epoch in self._private if media_epoch != seen.media_epoch_of(post)]

    def keep(self, post: Post, part: bytes, drawn: int | None, linked: tuple[int, ...], media_epoch: int) -> None:
        self.parts[post.id] = part
        if linked:
            self.linked[post.id] = linked
        depends = drawn is not None or linked or post.media_ids != "[]"
        apart = Apart(self._turn_of(post), drawn, linked, media_epoch) if depends else None
        self._kept.keep(post.id, (post.changed_ms, part, apart))

    def _turn_of(self, post: Post) -> Turn | None:
        private = post.media_ids != "[]" and (self._closed or post.visibility not in OPEN)
        return self._turn if private else None
