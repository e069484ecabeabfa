"""Holds: what nothing deletes for good. Whatever deletes text, versions or files asks here; docs/decisions/0067.

Holds are made and ended in orgs/holds.py. A deleted post that is held keeps its row's text, its versions, media and
poll, behind a tombstone, where only compliance looks.
"""

from collections.abc import Collection, Iterable

from ..ports import Tx
from ..store import holds as rows
from ..store import media as media_rows
from ..types import Account, Media, Post


def held_among(tx: Tx, posts: Iterable[Post]) -> set[int]:
    """The ids of those of posts that are held. One query, whatever their number."""
    subjects = {post.id: _subjects(post) for post in posts if not post.boost_of_id}
    if not subjects:
        return set()
    found = rows.of_subjects(tx, set[int]().union(*subjects.values()))
    return {
        post.id
        for post in posts
        if post.id in subjects
        for one in found
        if one.subject_id in subjects[post.id]
        and one.from_ms <= post.created_ms
        and (not one.until_ms or post.created_ms < one.until_ms)
    }


def is_held(tx: Tx, post: Post) -> bool:
    return bool(held_among(tx, [post]))


def is_account_held(tx: Tx, account: Account) -> bool:
    """Its deletion has to wait: there is a hold about it, or about all of its organisation."""
    return bool(rows.of_subjects(tx, {account.id, account.org_id}))


def _subjects(post: Post) -> set[int]:
    """The author, the organisation, and the room that it is in."""
    return {post.author_id, post.org_id, post.audience_id or post.author_id}


def keep(tx: Tx, post: Post) -> None:
    """The post, which is deleted, keeps what it said, and nobody is shown its files."""
    rows.keep_post(tx, post.author_id, post.id)
    media_rows.hide(
        tx, [one.id for one in media_rows.by_ids(tx, media_rows.of_post(tx, post.id)).values() if one.shown_by]
    )


def forget(tx: Tx, post: Post) -> None:
    rows.let_post_go(tx, post.author_id, post.id)


def take_back(tx: Tx, free: Collection[Media]) -> list[Media]:
    """Media of deleted posts that are held return to these. Returns the rest of free, which nobody needs."""
    posts = {one.post_id for one in free if one.post_id > 0}
    kept = rows.kept_among(tx, posts, {one.owner_id for one in free}) if posts else set[int]()
    media_rows.hide(tx, [one.id for one in free if one.post_id in kept])
    return [one for one in free if one.post_id not in kept]
