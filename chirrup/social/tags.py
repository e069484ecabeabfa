"""Hashtags: used, followed and featured. Rows are in store/tags.py and store/chosen_tags.py.

Each organisation has its own tags: org_id is that of the account or the site.

Only public posts count, so that tags reveal nothing of other posts.
"""

from collections import Counter
from collections.abc import Collection

import msgspec

from .. import events
from ..access.visibility import may_see_account
from ..errors import Invalid, NotFound
from ..events import Signal, TagFollowsChanged
from ..ids import ID_MAX, bucket_of, ms_of, text_key
from ..ports import Tx
from ..store import chosen_tags as chosen
from ..store import posts
from ..store import tags as rows
from ..times import DAY_MS
from ..types import FeaturedTag, Post, Span, Tag, TagUse, Visibility
from ..wording import N_
from . import accounts
from .text import extract, hashtag_key

NAME_CHARS_MAX = 500  # a post cannot have a longer one
FOLLOWED_MAX = 200  # each costs a query when a home timeline is rebuilt
FEATURED_MAX = 10  # Mastodon's
HISTORY_DAYS = 7
SUGGESTIONS = 10


class Shown(Tag, frozen=True):
    """A tag as a viewer sees it."""

    history: list[TagUse] = []  # of HISTORY_DAYS, newest first
    following: bool = False
    featuring: bool = False


def name_of(raw: str) -> str:
    """The hashtag without #, or "" if raw is none."""
    raw = raw.removeprefix("#")
    if len(raw) > NAME_CHARS_MAX:
        return ""
    found = extract("#" + raw).hashtags
    return raw if found and found[0].value == raw else ""


def key_of(org_id: int, name: str) -> str:
    """The key of a hashtag in the store: its normal form in the organisation."""
    return text_key(org_id, hashtag_key(name))


def _required(org_id: int, raw: str) -> tuple[str, str]:
    """(name, its key). Raises NotFound: no hashtag."""
    name = name_of(raw)
    if not name:
        raise NotFound("tag", raw[:40])
    return name, key_of(org_id, name)


def get(tx: Tx, viewer_id: int, raw: str, org_id: int = 0) -> Shown:
    """Raises NotFound: not a hashtag. One that nobody has used yet is valid."""
    name, key = _required(org_id, raw)
    tag = rows.find(tx, [key]).get(key) or Tag(key, name, 0)
    return shown(tx, viewer_id, [tag])[0]


def shown(tx: Tx, viewer_id: int, tags: Collection[Tag]) -> list[Shown]:
    """tags with their uses and the viewer's follows, in their order. Two queries, whatever len(tags)."""
    keys = [tag.tag for tag in tags]
    today = tx.now_ms // DAY_MS
    days = range(today, today - HISTORY_DAYS, -1)
    uses = rows.uses(tx, keys, since_day=days[-1])
    following, featuring = chosen.chosen_among(tx, viewer_id, keys) if viewer_id else (set(), set())
    found: list[Shown] = []
    for tag in tags:
        by_day = {use.day: use for use in uses.get(tag.tag, [])}
        history = [by_day.get(day) or TagUse(day, 0, 0) for day in days]
        found.append(Shown(tag.tag, tag.name, tag.id, history, tag.tag in following, tag.tag in featuring))
    return found


def without_uses(tag: Shown) -> Shown:
    """For a guest, who does not see what others say."""
    return msgspec.structs.replace(tag, history=[TagUse(one.day, 0, 0) for one in tag.history])


# following


def follow(tx: Tx, account_id: int, raw: str, org_id: int = 0) -> None:
    """Show public posts with the tag in account_id's home timeline from now on. Harmless when repeated.

    Raises NotFound: no hashtag; Invalid: FOLLOWED_MAX are followed.
    """
    name, key = _required(org_id, raw)
    before = rows.followed_by(tx, account_id)
    if len(before) >= FOLLOWED_MAX and key not in before:
        why = N_("is one too many: at most {most} can be followed; unfollow one first")
        raise Invalid("tag", "too_many", why, most=FOLLOWED_MAX)
    rows.add(tx, key, name)
    if chosen.follow(tx, account_id, key, name):
        tx.emit(TagFollowsChanged(account_id))


def unfollow(tx: Tx, account_id: int, raw: str, org_id: int = 0) -> None:
    """Harmless when repeated. Raises NotFound: no hashtag."""
    if chosen.unfollow(tx, account_id, _required(org_id, raw)[1]):
        tx.emit(TagFollowsChanged(account_id))


def followed(tx: Tx, account_id: int, span: Span) -> tuple[list[Shown], list[int]]:
    """(tags, newest follow first; ids for paging)."""
    found = chosen.followed(tx, account_id, span)
    known = rows.find(tx, {tag for _, tag in found})
    return shown(tx, account_id, [known[tag] for _, tag in found]), [id for id, _ in found]


# featuring


def feature(tx: Tx, account_id: int, raw: str, org_id: int = 0) -> FeaturedTag:
    """Harmless when repeated. Raises Invalid: not a hashtag, or FEATURED_MAX are featured already."""
    name = name_of(raw.strip())
    if not name:
        raise Invalid("tag", "invalid", 'must be a hashtag like "town", got {got!r}', got=raw[:40])
    key = key_of(org_id, name)
    before = chosen.featured(tx, account_id)
    for one in before:
        if one.tag == key:
            return one
    if len(before) >= FEATURED_MAX:
        why = N_("is one too many: at most {most} can be featured; remove one first")
        raise Invalid("tag", "too_many", why, most=FEATURED_MAX)
    rows.add(tx, key, name)
    authors = posts.authors(tx, rows.posts_near(tx, key, account_id))  # a deleted post counts until on_deleted()
    own = [ms_of(id) for id, author in authors.items() if author == account_id]
    id = tx.new_id(bucket_of(account_id))
    one = FeaturedTag(id, account_id, key, name, posts=len(own), last_post_ms=max(own, default=0))
    chosen.feature(tx, one)
    return one


def unfeature(tx: Tx, account_id: int, raw: str, org_id: int = 0) -> None:
    """Harmless when repeated. Raises NotFound: no hashtag."""
    chosen.unfeature(tx, account_id, _required(org_id, raw)[1])


def unfeature_by_id(tx: Tx, account_id: int, id: int) -> None:
    """Raises NotFound: account_id features no tag with this id."""
    for one in chosen.featured(tx, account_id):
        if one.id == id:
            chosen.unfeature(tx, account_id, one.tag)
            return
    raise NotFound("featured tag", id)


def featured(tx: Tx, viewer_id: int, account_id: int) -> list[FeaturedTag]:
    """The tags that account_id features, the first featured first. Raises NotFound: no such account."""
    account = accounts.get(tx, viewer_id, account_id)
    return chosen.featured(tx, account_id) if may_see_account(tx, viewer_id, account) else []


def suggestions(tx: Tx, account_id: int) -> list[Shown]:
    """The tags that account_id used most in its latest public posts and does not feature."""
    latest = posts.by_ids(tx, posts.ids_by_author(tx, account_id, Span(before=ID_MAX, limit=200))).values()
    used = Counter(key for post in latest if post.visibility == Visibility.PUBLIC for key in _names(post))
    used -= Counter({one.tag: used[one.tag] for one in chosen.featured(tx, account_id)})
    known = rows.find(tx, used.keys())
    return shown(tx, account_id, [known[key] for key, _ in used.most_common(SUGGESTIONS) if key in known])


# changes by posts: each has an effect once, even if its event comes twice


def add(tx: Tx, post: Post) -> None:
    """Add a public post to its tags. Harmless when repeated."""
    if post.visibility == Visibility.PUBLIC:
        for key, name in sorted(_names(post).items()):  # always in this order, so that transactions cannot deadlock
            rows.add(tx, key, name)
            if rows.add_post(tx, key, post.id):
                chosen.count_posts(tx, post.author_id, key, 1, last_post_ms=post.created_ms)


def change(tx: Tx, before: Post, after: Post) -> None:
    """Move an edited post from its old tags to its new ones."""
    if before.tags != after.tags:
        _remove(tx, before, sorted(_names(before).keys() - _names(after).keys()))
        add(tx, after)


def remove(tx: Tx, post: Post) -> None:
    """Take a post out of its tags. Harmless when repeated."""
    _remove(tx, post, _names(post).keys())


def on_published(tx: Tx, post: Post) -> list[tuple[str, Signal]]:
    """Count the uses of its tags. Not done when publishing, where authors would wait for others with the same tag."""
    if post.visibility == Visibility.PUBLIC:
        for key in sorted(_names(post)):
            if rows.mark_counted(tx, key, post.id):
                rows.count_use(tx, key, ms_of(post.id) // DAY_MS, post.author_id)
    return []


def on_deleted(tx: Tx, event: events.PostDeleted) -> list[tuple[str, Signal]]:
    post = posts.tombstone(tx, event.post_id)
    if post:
        remove(tx, post)
    return []


def _remove(tx: Tx, post: Post, keys: Collection[str]) -> None:
    for key in keys:
        if rows.remove_post(tx, key, post.id):
            chosen.count_posts(tx, post.author_id, key, -1)


def _names(post: Post) -> dict[str, str]:
    """key -> tag as written, for the post's tags."""
    return {key_of(post.org_id, name): name for name in post.tag_names}
