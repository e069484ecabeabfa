"""Which filters a text matches: one pass over it for all keywords of an account, however many there are.

An automaton of Aho and Corasick reads each letter once, so no keyword and no text makes it slow; measured against one
regular expression for all keywords in docs/decisions/0040-filters.md.
"""

import unicodedata
from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import ahocorasick
import msgspec

from ..types import Filter
from .filter_changes import Whole

OCCURRENCES_MAX = (
    10_000  # of keywords that are looked at in one text: 1,000 letters have as many where all are the same
)


class Match(msgspec.Struct, frozen=True):
    """A filter that a post matches, and by what."""

    filter: Filter
    keywords: list[str]  # as they stand in the filter
    post_ids: list[int]


class _Keyword(NamedTuple):
    at: int  # in the order in which they were added
    filter_id: int
    words: str
    is_whole: bool


class _Sought:
    """What the automaton looks for: keywords that are the same when prepared."""

    def __init__(self, words: str) -> None:
        self.length = len(words)
        self.begins_word, self.ends_word = _is_of_word(words[0]), _is_of_word(words[-1])
        self.keywords: list[_Keyword] = []

    def stands_alone(self, text: str, start: int, end: int) -> bool:
        """There it is no part of a longer word. Beside an edge that is no part of a word, anything may stand."""
        if self.begins_word and start and _is_of_word(text[start - 1]):
            return False
        return not (self.ends_word and end < len(text) and _is_of_word(text[end]))


class Matcher:
    """The filters of one account, made ready. Several threads may ask it."""

    def __init__(self, owned: Iterable[Whole]) -> None:
        self._filters: dict[int, Filter] = {}
        self._of_posts: dict[int, list[int]] = {}  # filters by post
        sought: dict[str, _Sought] = {}
        for one in owned:
            self._filters[one.filter.id] = one.filter
            for post in one.posts:
                self._of_posts.setdefault(post.post_id, []).append(one.filter.id)
            for word in one.keywords:
                words = prepared([word.keyword])
                known = _Keyword(word.id, one.filter.id, word.keyword, bool(word.whole_word))
                sought.setdefault(words, _Sought(words)).keywords.append(known)
        self.size = len(sought) + len(self._of_posts) + 1
        self._automaton = _automaton(sought) if sought else None

    def matches(self, text: str, ids: Iterable[int], now_ms: int) -> list[Match]:
        """Filters in force, the first made first. text: prepared(); ids: of the post, and of what it boosts."""
        keywords = sorted(self._in(text))
        posts = [(filter_id, id) for id in ids for filter_id in self._of_posts.get(id, ())] if self._of_posts else []
        found = {one.filter_id: Match(self._filters[one.filter_id], [], []) for one in keywords}
        for one in keywords:
            found[one.filter_id].keywords.append(one.words)
        for filter_id, post_id in posts:
            found.setdefault(filter_id, Match(self._filters[filter_id], [], [])).post_ids.append(post_id)
        return [found[id] for id in sorted(found) if not 0 < found[id].filter.expires_ms <= now_ms]

    def _in(self, text: str) -> list[_Keyword]:
        alone, joined = set[_Sought](), set[_Sought]()
        if self._automaton is None:
            return []
        for last, one in islice(self._automaton.iter(text), OCCURRENCES_MAX):
            if one not in alone:
                (alone if one.stands_alone(text, last + 1 - one.length, last + 1) else joined).add(one)
        as_parts = [word for one in joined - alone for word in one.keywords if not word.is_whole]
        return [*(word for one in alone for word in one.keywords), *as_parts]


def prepared(parts: Iterable[str]) -> str:
    """Texts in which keywords are looked for, as one. Upper and lower case are the same."""
    return "\n".join(parts).casefold()


def _automaton(sought: dict[str, _Sought]) -> Any:
    made = ahocorasick.Automaton()
    for words, one in sought.items():
        made.add_word(words, one)
    made.make_automaton()
    return made


def _is_of_word(letter: str) -> bool:
    """Letters, marks, decimal digits, and what joins words, as `_`: what Mastodon's documentation names."""
    if letter.isascii():
        return letter.isalnum() or letter == "_"
    return unicodedata.category(letter) in _OF_WORDS


_OF_WORDS = frozenset(("Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Pc"))
