"""Parses a search for posts: words, "phrases", and operators as Mastodon documents them.

    cat -dog "black cat"      has:media has:image has:video has:audio has:poll has:embed has:link
    from:me from:name         is:reply is:sensitive     language:de
    before:2026-01-31 after:2026-01-01 during:2026-01-15     in:library in:public in:all

A minus negates any of them. Days are in UTC; before and after exclude the day itself. Several from: or language: mean
any of them. All other text is words. Engines only look up words: engines/search.
"""

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, date, datetime

import msgspec

from ..errors import NotFound
from ..ids import ID_MAX, first_at
from ..ports import Tx
from ..times import DAY_MS
from ..types import Struct
from .accounts import by_acct

CHARS_MAX = 500  # of a search; the rest is ignored
QUOTES = str.maketrans("“”„‟«»", '""""""')  # quotation marks of phones and other languages

HAS = {name: name for name in ("media", "poll", "link")} | {"embed": "link"}
KINDS = {"image": {"image"}, "video": {"video", "gifv"}, "audio": {"audio"}}  # of media
IS = ("reply", "sensitive")
IN = ("library", "public")

_PART = re.compile(r'([-+]?)(?:(\w+):)?(?:"([^"]*)"?|(\S+))')
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")


class Query(Struct, frozen=True):
    """All fields must hold."""

    words: str = ""  # all of them, in any order
    phrases: tuple[str, ...] = ()  # each exactly
    without: tuple[str, ...] = ()  # words and phrases that must not occur
    conditions: dict[str, bool] = {}  # as in store/search.fitting
    kinds: dict[str, bool] = {}  # key of KINDS -> with or without media of this kind
    authors: frozenset[int] | None = None  # None: any
    not_authors: frozenset[int] = frozenset()
    languages: frozenset[str] = frozenset()  # empty: all
    not_languages: frozenset[str] = frozenset()
    before: int = ID_MAX  # ids strictly between
    after: int = 0
    not_between: tuple[tuple[int, int], ...] = ()  # (first, end) of excluded ids
    empty: bool = True  # no conditions at all

    @property
    def worded(self) -> bool:
        """Whether there is a word to look up."""
        return bool(self.words or self.phrases)

    def by(self, author_id: int) -> "Query":
        """The same query for this author's posts only."""
        authors = frozenset({author_id}) if self.authors is None else self.authors & {author_id}
        return msgspec.structs.replace(self, authors=authors)

    def wants_media(self, kinds: Collection[str]) -> bool:
        """Whether a post with media of these kinds matches."""
        return all(holds != KINDS[kind].isdisjoint(kinds) for kind, holds in self.kinds.items())

    def wants(self, id: int, author_id: int, language: str) -> bool:
        """The conditions that SQL does not check."""
        if author_id in self.not_authors or (self.authors is not None and author_id not in self.authors):
            return False
        if self.languages and not _speaks(language, self.languages):
            return False
        return not _speaks(language, self.not_languages) and not any(low <= id < end for low, end in self.not_between)


def _speaks(language: str, wanted: frozenset[str]) -> bool:
    """en matches en-GB too; en-GB matches only itself."""
    parts = language.lower().split("-")
    return any("-".join(parts[: n + 1]) in wanted for n in range(len(parts)))


def parse(tx: Tx, viewer_id: int, typed: str, domain: str, org_id: int = 0) -> Query:
    """Never fails: text that is no operator is words. from: with an unknown account finds nothing."""

    def account(name: str) -> int:
        with suppress(NotFound):
            if name.lower() == "me" and viewer_id:
                return viewer_id
            return by_acct(tx, name, domain, org_id, viewer_id=viewer_id).id
        return 0

    return read(typed, account)


def read(typed: str, account: Callable[[str], int]) -> Query:
    """parse() with account(name), which returns an account id; 0: unknown."""
    words: list[str] = []
    phrases: list[str] = []
    without: list[str] = []
    query = Query()
    for sign, name, quoted, bare in _PART.findall(typed.translate(QUOTES)):
        holds, value = sign != "-", bare or quoted
        if name and (after := _operator(query, name.lower(), value, holds, account)):
            query = msgspec.structs.replace(after, empty=False)
            continue
        text = f"{name} {value}".strip() if name else value
        if not any(char.isalnum() or char == "_" for char in text):
            continue
        if not holds:
            without.append(text)
        elif bare:
            words.append(text)
        else:
            phrases.append(text)
    return msgspec.structs.replace(
        query,
        words=" ".join(words),
        phrases=tuple(phrases),
        without=tuple(without),
        empty=query.empty and not (words or phrases or without),
    )


def _operator(query: Query, name: str, value: str, holds: bool, account: Callable[[str], int]) -> Query | None:
    """query with the operator added; None: not an operator."""
    change, key = msgspec.structs.replace, value.lower()
    if name == "has" and key in KINDS:
        return _with(query, "kinds", key, holds)
    condition = {"has": HAS.get(key), "is": key if key in IS else None, "in": key if key in IN else None}.get(name)
    if condition:
        return _with(query, "conditions", condition, holds)
    if name == "in" and key == "all" and holds:
        return query
    if name == "from" and value:
        found = account(value)
        if not holds:
            return change(query, not_authors=query.not_authors | {found})
        return change(query, authors=(query.authors or frozenset()) | ({found} - {0}))
    if name == "language" and _LANGUAGE.fullmatch(key):
        kind = "languages" if holds else "not_languages"
        return change(query, **{kind: getattr(query, kind) | {key}})
    day = _day_ms(value) if name in ("before", "after", "during") else None
    return None if day is None else _dated(query, name, _id_at(day), _id_at(day + DAY_MS), holds)


def _with(query: Query, field: str, name: str, holds: bool) -> Query:
    known = getattr(query, field)
    if known.get(name, holds) != holds:
        return msgspec.structs.replace(query, before=0)  # a contradiction, so nothing matches
    return msgspec.structs.replace(query, **{field: known | {name: holds}})


def _dated(query: Query, name: str, low: int, end: int, holds: bool) -> Query:
    """low, end: the first id of the day and of the next day."""
    if name == "during" and not holds:
        return msgspec.structs.replace(query, not_between=(*query.not_between, (low, end)))
    before = {"before": low, "during": end}.get(name, ID_MAX) if holds else end if name == "after" else ID_MAX
    after = {"after": end - 1, "during": low - 1}.get(name, 0) if holds else low - 1 if name == "before" else 0
    return msgspec.structs.replace(query, before=min(query.before, before), after=max(query.after, after))


def _day_ms(value: str) -> int | None:
    with suppress(ValueError):
        if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", value, re.ASCII):
            day = date(*map(int, value.split("-")))
            return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    return None


def _id_at(ms: int) -> int:
    """The first id of this time, limited to valid ids."""
    return max(0, min(first_at(ms), ID_MAX))
