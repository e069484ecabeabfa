"""The parts of posts that are the same for all who see them, kept once they are rendered: until the post changes, the
emoji in it, or the addresses of its media.
"""

from collections.abc import Callable, Collection

from ..access.sites import Site
from ..access.visibility import OPEN, Seen
from ..social.media_addresses import STEP_MS
from ..social.shown import Kept
from ..types import Post

Turn = tuple[int, int]  # (step, the site's media epoch): with each the addresses of private media change
Version = tuple[int, Turn | None]  # (changed_ms, None: its media are for everybody, or there are none)
# The third: the version of the emoji it shows; None: it has no shortcodes. The fourth: the collections that it links
# to. The last: the media epoch of its audience.
KeptPost = tuple[Version, bytes, int | None, tuple[int, ...], int]


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
            current = kept and kept[0] == ((post.changed_ms, None) if post.media_ids == "[]" else self._version(post))
            if kept and current and (kept[2] is None or kept[2] == self._drawn()):
                self.parts[post.id] = kept[1]
                if kept[3]:
                    self.linked[post.id] = kept[3]
                if kept[0][1]:
                    self._private.append((post, kept[4]))
            else:
                self.missing.append(post)
        return self.missing

    def ended(self, seen: Seen) -> list[Post]:
        """Those found in the cache with addresses that have ended."""
        return [post for post, media_epoch in self._private if media_epoch != seen.media_epoch_of(post)]

    def keep(self, post: Post, part: bytes, drawn: int | None, linked: tuple[int, ...], media_epoch: int) -> None:
        self.parts[post.id] = part
        if linked:
            self.linked[post.id] = linked
        self._kept.keep(post.id, (self._version(post), part, drawn, linked, media_epoch))

    def _version(self, post: Post) -> Version:
        private = post.media_ids != "[]" and (self._closed or post.visibility not in OPEN)
        return (post.changed_ms, self._turn if private else None)
