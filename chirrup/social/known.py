"""What was read or made before, and is kept in memory by ids. Nothing has to be invalidated: each goes by a version."""

from typing import TypeVar

from ..types import App, Card, Post
from . import announcements
from .matching import Matcher
from .shortcodes import emoji_sets

KEPT = 20_000  # things of each kind
CARDS_KEPT = 2000  # 44 MB where a hostile page fills each
KEYWORDS_KEPT = 200_000  # of all matchers together, 60 MB where each account has many; the others are small

T = TypeVar("T")


class Kept(dict[int, T]):
    """Things by id, up to a number of them: the oldest are forgotten."""

    def __init__(self, most: int = KEPT) -> None:
        super().__init__()
        self._most = most

    def keep(self, id: int, thing: T) -> None:
        if len(self) >= self._most:
            for oldest in list(self)[: self._most // 10]:
                self.pop(oldest, None)
        self[id] = thing


class Matchers(dict[int, tuple[int, Matcher]]):
    """By account, with the version of its filters. All are forgotten where they have become too many."""

    _keywords = 0

    def keep(self, account_id: int, version: int, matcher: Matcher) -> None:
        if self._keywords + matcher.size > KEYWORDS_KEPT:
            self.clear()
            self._keywords = 0
        self._keywords += matcher.size
        self[account_id] = version, matcher


class Known:
    """One per process."""

    def __init__(self) -> None:
        self.posts = Kept[Post]()  # read again where their version has changed
        self.apps = Kept[App]()  # which never change
        self.cards = Kept[Card](CARDS_KEPT)  # likewise
        self.texts = Kept[tuple[int, str]]()  # of posts, with their version, as filters look through them
        self.matchers = Matchers()
        self.emojis = emoji_sets()  # by organisation, as the next
        self.announcements = announcements.kept()
