"""Which rules and tracks a post concerns: its words are looked up once, however many rules and tracks there are.

A sign is what a post can be found by: a word as search has it, " #tag", " @name", " in:<room id>", " from:<author id>".
A part is one sign or several side by side, with a space at each end: " site is down ", " #ops ", " 東 京 ". Whoever
seeks posts names parts; each is found where it stands in the post's signs, which have spaces between them, too. So a
word is never found inside of another one. docs/decisions/0090-rules-and-tracks.md compares this with an automaton.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from itertools import groupby
from typing import Generic, NamedTuple, TypeVar

from ..errors import Invalid
from ..social.text import extract
from ..types import Post
from ..wording import N_
from ..words import Phrase, fold, is_spaceless, words

T = TypeVar("T")

PHRASES_MAX = 400  # of one track, as Twitter's filter had it
PHRASE_CHARS_MAX = 60  # likewise
RUN_MAX = 4  # characters of a script without spaces that are looked up together

Parts = tuple[str, ...]  # all of them must be in a post; (): every post will do


class Sought(NamedTuple, Generic[T]):
    """What is looked for in posts: one of the alternatives must be there."""

    by: T
    alternatives: Collection[Parts]


class Signs:
    """The signs of one post."""

    def __init__(self, post: Post) -> None:
        text = f"{post.summary} {post.text}" if post.summary else post.text
        self._runs: list[Phrase] = []  # of scripts without spaces
        if text.isascii():
            self.all = words(text)
        else:
            self.all = words(text)
            self._runs = _runs(self.all)
        if post.tags != "[]":
            self.all += [f"#{fold(tag)}" for tag in post.tag_names]
        if post.mentions != "[]":
            self.all += [f"@{fold(one.username)}" for one in post.mentioned]
        if post.audience_id:
            self.all.append(f"in:{post.audience_id}")
        self.all.append(f"from:{post.author_id}")
        self._text = ""

    def keys(self, lengths: Collection[int]) -> list[str]:
        """By which parts are found: the signs, and those in a row in runs, as many as lengths say."""
        if not self._runs:
            return self.all
        return self.all + [key for run in self._runs for length in lengths if length > 1 for key in _grams(run, length)]

    def have(self, part: str) -> bool:
        self._text = self._text or f" {' '.join(self.all)} "
        return part in self._text

    def have_all(self, parts: Parts) -> bool:
        return all(map(self.have, parts))


class Matcher(Generic[T]):
    """All that is looked for in one organisation, made ready. Several threads may ask it."""

    def __init__(self, sought: Iterable[Sought[T]]) -> None:
        self._by_key: dict[str, list[tuple[Parts, T]]] = {}
        self._always: list[T] = []
        self._lengths = set[int]()  # of runs, as _keys() has them
        load = Counter[str]()  # a part is found by that of its keys which finds the fewest others
        for one in sought:
            for parts in one.alternatives:
                if not parts:
                    self._always.append(one.by)
                    continue
                keys = [(key, length) for part in parts for length, found in [_keys(part)] for key in found]
                key, length = min(keys, key=lambda one: (load[one[0]], -len(one[0])))
                self._lengths.add(length)
                load[key] += 1
                self._by_key.setdefault(key, []).append((parts, one.by))
        self._keys = frozenset(self._by_key)

    def find(self, post: Post) -> list[T]:
        """Who looks for this post, each once."""
        return self.find_by(Signs(post))

    def find_by(self, signs: Signs) -> list[T]:
        """The same, for whoever has the signs."""
        keys = self._keys.intersection(signs.keys(self._lengths))
        if not keys:
            return list(self._always) if self._always else []
        found = dict.fromkeys(self._always)
        for key in keys:
            for parts, by in self._by_key[key]:
                if by not in found and signs.have_all(parts):
                    found[by] = None
        return list(found)


def _keys(part: str) -> tuple[int, list[str]]:
    """(length of a run, or 1; the keys). A post that has the part has all of these: see Signs.keys()."""
    found = part.split()
    if len(found) > 1 and all(map(is_spaceless, found)):
        length = min(len(found), RUN_MAX)
        return length, _grams(found, length)
    return 1, found


def _runs(signs: list[str]) -> list[Phrase]:
    """Where characters of scripts without spaces stand side by side."""
    return [run for spaceless, some in groupby(signs, is_spaceless) if spaceless and len(run := list(some)) > 1]


def _grams(run: Phrase, length: int) -> list[str]:
    return ["".join(run[at : at + length]) for at in range(len(run) - length + 1)]


def phrase(text: str) -> str:
    """The part that finds these words side by side; "": there is no word in text."""
    found = words(text)
    return f" {' '.join(found)} " if found else ""


def tag(name: str) -> str:
    return f" #{fold(name.removeprefix('#'))} "


def mention(username: str) -> str:
    return f" @{fold(username.removeprefix('@'))} "


def in_room(room_id: int) -> str:
    return f" in:{room_id} "


def by_author(account_id: int) -> str:
    return f" from:{account_id} "


def track(terms: str) -> list[Parts]:
    """The alternatives of a track, as Twitter's filter had them: a comma is "or", a space is "and" in any order.

    "#tag" and "@name" find tags and mentions only; a word finds these, too, and the words of links.
    Raises Invalid (terms).
    """
    alternatives: list[Parts] = []
    for said in terms.split(","):
        if len(said.strip()) > PHRASE_CHARS_MAX:
            why = N_("has a phrase of {length} characters, at most {most} may stand between two commas")
            raise Invalid("terms", "too_long", why, length=len(said.strip()), most=PHRASE_CHARS_MAX)
        if parts := tuple(part for word in said.split() if (part := _tracked(word))):
            alternatives.append(parts)
    if not alternatives:
        raise Invalid("terms", "blank", "must have at least one word, #tag or @name")
    if len(alternatives) > PHRASES_MAX:
        why = N_("must have at most {most} phrases, has {count}")
        raise Invalid("terms", "too_long", why, most=PHRASES_MAX, count=len(alternatives))
    return alternatives


def _tracked(word: str) -> str:
    named = extract(word)
    if named.hashtags and named.hashtags[0].end == len(word):
        return tag(word)
    if named.mentions and named.mentions[0].end == len(word):
        return mention(named.mentions[0].value)
    return phrase(word)
