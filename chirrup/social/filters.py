"""Filters: words and posts that somebody does not want to read, where, and what is done with what has them.

Rows are in store/filters.py. matching.py finds what they match; shown.py has it beside the posts.
"""

from collections.abc import Iterable

import msgspec

from ..access import visibility
from ..errors import Invalid, NotFound
from ..events import FiltersChanged, Signal
from ..ids import bucket_of
from ..ports import Tx
from ..store import accounts
from ..store import filters as rows
from ..types import Filter, FilterAction, FilterKeyword, FilterPost
from .filter_changes import (
    CONTEXTS,
    POSTS_MAX,
    TITLE_CHARS_MAX,
    Checked,
    FilterChange,
    KeywordChange,
    Whole,
    check,
    check_count,
)

__all__ = ["CONTEXTS", "TITLE_CHARS_MAX", "FilterChange", "KeywordChange", "Whole"]

FILTERS_MAX = 100


def owned(tx: Tx, account_id: int) -> list[Whole]:
    """All of the account's, the first made first. Three queries."""
    filters, keywords, posts = tx.together(
        lambda: rows.of_account(tx, account_id),
        lambda: rows.keywords(tx, account_id),
        lambda: rows.posts(tx, account_id),
    )
    found = {one.id: Whole(one, [], []) for one in filters}
    for one in keywords:
        found[one.filter_id].keywords.append(one)
    for one in posts:
        found[one.filter_id].posts.append(one)
    return list(found.values())


def get(tx: Tx, account_id: int, id: int) -> Whole:
    """Raises NotFound: absent or another's."""
    return _among(owned(tx, account_id), id)


def create(tx: Tx, account_id: int, wanted: FilterChange) -> Whole:
    """Raises InvalidFields: all that is wrong; Invalid: too many; NotFound: a keyword that is to be changed."""
    before = _owned_in_turn(tx, account_id)
    if len(before) >= FILTERS_MAX:
        raise Invalid("filter", "too_many", "is one too many: you can have at most {most} filters", most=FILTERS_MAX)
    new = Filter(tx.new_id(bucket_of(account_id)), account_id, "", "[]", FilterAction.WARN, 0)
    wanted = msgspec.structs.replace(wanted, title=wanted.title or "", contexts=wanted.contexts or ())
    checked = check(tx, before, Whole(new, [], []), wanted)
    rows.insert(tx, checked.filter)
    return _written(tx, checked)


def change(tx: Tx, account_id: int, id: int, wanted: FilterChange) -> Whole:
    """Raises NotFound: the filter, or one of its keywords that is to be changed; InvalidFields, Invalid as create()."""
    before = _owned_in_turn(tx, account_id)
    checked = check(tx, before, _among(before, id), wanted)
    rows.update(tx, checked.filter)
    return _written(tx, checked)


def _written(tx: Tx, checked: Checked) -> Whole:
    one = checked.filter
    rows.delete_keywords(tx, one.account_id, checked.removed)
    rows.update_keywords(tx, checked.changed)
    rows.insert_keywords(tx, checked.made)
    _tell(tx, one.account_id)
    return get(tx, one.account_id, one.id)


def delete(tx: Tx, account_id: int, id: int) -> None:
    """Raises NotFound."""
    _among(_owned_in_turn(tx, account_id), id)
    rows.delete(tx, account_id, id)
    _tell(tx, account_id)


# keywords


def keyword(tx: Tx, account_id: int, id: int) -> tuple[Whole, FilterKeyword]:
    """A keyword and its filter. Raises NotFound: absent or another's."""
    return _with_keyword(owned(tx, account_id), id)


def add_keyword(tx: Tx, account_id: int, filter_id: int, wanted: KeywordChange) -> FilterKeyword:
    """Raises NotFound: the filter; Invalid."""
    return change(tx, account_id, filter_id, FilterChange(keywords=[wanted])).keywords[-1]


def change_keyword(tx: Tx, account_id: int, wanted: KeywordChange) -> FilterKeyword:
    """Raises NotFound; Invalid."""
    one, _ = keyword(tx, account_id, wanted.id)
    after = change(tx, account_id, one.filter.id, FilterChange(keywords=[wanted]))
    return _with_keyword([after], wanted.id)[1]


def remove_keyword(tx: Tx, account_id: int, id: int) -> None:
    """Raises NotFound."""
    _with_keyword(_owned_in_turn(tx, account_id), id)
    rows.delete_keywords(tx, account_id, [id])
    _tell(tx, account_id)


# posts


def post(tx: Tx, account_id: int, id: int) -> FilterPost:
    """Raises NotFound: absent or another's."""
    return _with_post(owned(tx, account_id), id)


def add_post(tx: Tx, account_id: int, filter_id: int, post_id: int) -> FilterPost:
    """Raises NotFound: the filter, or a post that the account may not see; Invalid: there already, or too many."""
    before = _owned_in_turn(tx, account_id)
    one = _among(before, filter_id)
    if not visibility.see_one(tx, account_id, post_id):
        raise NotFound("post", post_id)
    if any(there.post_id == post_id for there in one.posts):
        raise Invalid("status", "taken", "has already been taken")
    check_count("statuses", sum(len(other.posts) for other in before) + 1, POSTS_MAX)
    made = FilterPost(tx.new_id(bucket_of(account_id)), account_id, filter_id, post_id)
    rows.insert_post(tx, made)
    _tell(tx, account_id)
    return made


def remove_post(tx: Tx, account_id: int, id: int) -> None:
    """id: of the FilterPost. Raises NotFound."""
    _with_post(_owned_in_turn(tx, account_id), id)
    rows.delete_post(tx, account_id, id)
    _tell(tx, account_id)


# what all changes have in common


def _owned_in_turn(tx: Tx, account_id: int) -> list[Whole]:
    """owned(), while nobody else changes them: so limits hold, and each row has an id of its own."""
    accounts.user(tx, account_id, in_turn=True)
    return owned(tx, account_id)


def _tell(tx: Tx, account_id: int) -> None:
    """From now on pages and streams of the account go by what its filters are now."""
    some = rows.of_account(tx, account_id)
    rows.set_version(tx, account_id, tx.new_id(bucket_of(account_id)) if some else 0)
    tx.emit(FiltersChanged(account_id))


def on_changed(tx: Tx, event: FiltersChanged) -> list[tuple[str, Signal]]:
    version = rows.versions(tx, [event.of]).get(event.of, 0)
    return [(f"user:{event.of}", Signal("filters_changed", version, event.of))]


def _among(owned: Iterable[Whole], id: int) -> Whole:
    found = next((one for one in owned if one.filter.id == id), None)
    if found is None:
        raise NotFound("filter", id)
    return found


def _with_keyword(owned: Iterable[Whole], id: int) -> tuple[Whole, FilterKeyword]:
    found = next(((one, keyword) for one in owned for keyword in one.keywords if keyword.id == id), None)
    if found is None:
        raise NotFound("keyword", id)
    return found


def _with_post(owned: Iterable[Whole], id: int) -> FilterPost:
    found = next((post for one in owned for post in one.posts if post.id == id), None)
    if found is None:
        raise NotFound("post", id)
    return found
