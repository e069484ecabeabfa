"""What is to become of a filter: checked whole, before anything of it is written (filters.py)."""

from collections.abc import Collection, Iterable, Sequence

import msgspec

from ..errors import Invalid, InvalidFields, NotFound, not_among, too_long
from ..ids import bucket_of
from ..ports import Tx
from ..types import Filter, FilterAction, FilterKeyword, FilterPost
from ..wording import N_
from . import text

CONTEXTS = ("home", "notifications", "public", "thread", "account")  # home: lists too; account: a profile's posts
KEYWORDS_MAX = POSTS_MAX = 1000  # in all filters of an account together
TITLE_CHARS_MAX = 256  # Mastodon's
KEYWORD_CHARS_MAX = 512
LASTS_S_MAX = 100 * 366 * 24 * 3600


class Whole(msgspec.Struct, frozen=True):
    """A filter with all that is in it, the first added first."""

    filter: Filter
    keywords: list[FilterKeyword]
    posts: list[FilterPost]


class KeywordChange(msgspec.Struct, frozen=True):
    """None: leave it as it is; a new one is for whole words."""

    id: int = 0  # 0: a new one
    keyword: str | None = None
    whole_word: bool | None = None
    remove: bool = False


class FilterChange(msgspec.Struct, frozen=True):
    """None: leave it as it is; a new filter warns."""

    title: str | None = None
    contexts: Sequence[str] | None = None
    action: str | None = None
    lasts_s: int | msgspec.UnsetType | None = msgspec.UNSET  # from now on; UNSET: leave it as it is; None: for ever
    keywords: Sequence[KeywordChange] = ()


class Checked(msgspec.Struct, frozen=True):
    """What is to be written."""

    filter: Filter
    made: list[FilterKeyword]
    changed: list[FilterKeyword]
    removed: list[int]


def check(tx: Tx, owned: Iterable[Whole], before: Whole, wanted: FilterChange) -> Checked:
    """owned: all filters of the account, as they are.

    Raises InvalidFields: all that is wrong; Invalid: too many keywords; NotFound: one that is to be changed.
    """
    problems: list[Invalid] = []
    filter = _filter(tx, before.filter, wanted, problems)
    there = {keyword.id: keyword for keyword in before.keywords}
    if unknown := {change.id for change in wanted.keywords} - there.keys() - {0}:
        raise NotFound("keyword", min(unknown))
    removed = [change.id for change in wanted.keywords if change.id and change.remove]
    kept = [change for change in wanted.keywords if not change.remove]
    changed = [_keyword(there[one.id], one, problems) for one in kept if one.id]
    made = [_keyword(_new(tx, filter), one, problems) for one in kept if not one.id]
    if problems:
        raise InvalidFields(problems)
    check_count("keywords", sum(len(one.keywords) for one in owned) + len(made) - len(removed), KEYWORDS_MAX)
    return Checked(filter, made, changed, removed)


def check_count(field: str, count: int, most: int) -> None:
    if count > most:
        raise Invalid(field, "too_many", "are too many: all your filters together can have {most}", most=most)


def _filter(tx: Tx, before: Filter, wanted: FilterChange, problems: list[Invalid]) -> Filter:
    title, contexts, action, expires_ms = before.title, before.contexts, before.action, before.expires_ms
    if wanted.title is not None:
        title = _words(wanted.title, "title", TITLE_CHARS_MAX, problems)
    if wanted.contexts is not None:
        contexts = msgspec.json.encode(_contexts(wanted.contexts, problems)).decode()
    if wanted.action is not None:
        action = wanted.action
        if action not in set(FilterAction):
            problems.append(not_among("filter_action", FilterAction, action))
    if wanted.lasts_s is not msgspec.UNSET:
        expires_ms = _ends(tx, wanted.lasts_s, problems)
    return msgspec.structs.replace(before, title=title, contexts=contexts, action=action, expires_ms=expires_ms)


def _contexts(raw: Collection[str], problems: list[Invalid]) -> list[str]:
    wanted = [name for one in dict.fromkeys(raw) if (name := one.strip())]
    if not wanted:
        problems.append(Invalid("context", "blank", "can't be blank"))
    if not wanted or not set(wanted).issubset(CONTEXTS):
        got = next((one for one in wanted if one not in CONTEXTS), "none")
        known = ", ".join(CONTEXTS)
        problems.append(
            Invalid("context", "unknown", "must be some of {known}; got {got!r}", known=known, got=got[:40])
        )
    return wanted


def _ends(tx: Tx, lasts_s: int | None, problems: list[Invalid]) -> int:
    if lasts_s is None:
        return 0
    if not 0 <= lasts_s <= LASTS_S_MAX:
        why = N_("must be 0 to {most} seconds from now, is {got}")
        problems.append(Invalid("expires_in", "out_of_range", why, most=LASTS_S_MAX, got=lasts_s))
    return tx.now_ms + lasts_s * 1000


def _new(tx: Tx, filter: Filter) -> FilterKeyword:
    return FilterKeyword(tx.new_id(bucket_of(filter.account_id)), filter.account_id, filter.id, "", 1)


def _keyword(before: FilterKeyword, wanted: KeywordChange, problems: list[Invalid]) -> FilterKeyword:
    words = before.keyword
    if wanted.keyword is not None or not words:
        words = _words(wanted.keyword or "", "keyword", KEYWORD_CHARS_MAX, problems)
    whole = before.whole_word if wanted.whole_word is None else int(wanted.whole_word)
    return msgspec.structs.replace(before, keyword=words, whole_word=whole)


def _words(raw: str, field: str, most: int, problems: list[Invalid]) -> str:
    """One line of text."""
    try:
        words = text.clean(raw, field).replace("\n", " ")
    except Invalid as problem:
        problems.append(problem)
        return raw
    if not words:
        problems.append(Invalid(field, "blank", "can't be blank"))
    elif len(words) > most:
        problems.append(too_long(field, most, len(words)))
    return words
