"""Posts: publish, edit, delete, and read one by one.

Rows are in store/posts.py. Delivery starts from the events: timelines/fanout.py.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping

import msgspec

from ..access import visibility
from ..errors import Invalid, NotFound
from ..events import BoostedDeleted, PicturesReplaced, PostChanged, PostDeleted, PostEdited, PostPublished, Unboosted
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import held_content, threads
from ..store import media as media_rows
from ..store import posts as rows
from ..store import reactions as reaction_rows
from ..store import rooms as room_rows
from ..types import Draft, Post, PostVersion, Span, Visibility
from . import holds, in_rooms, languages, links, media, polls, quotes, tags, text
from .composing import (
    TEXT_CHARS_MAX,
    as_json,
    check_attached,
    check_playable,
    checked_text,
    compose,
    media_taken,
    mentioned,
    policy,
    tag_names,
)

VERSIONS_KEPT = 100  # newest earlier versions of an edited post, beside the first: docs/decisions/0021-edits.md
COUNTED = (Visibility.PUBLIC, Visibility.UNLISTED)  # posts that public counters include


def publish(tx: Tx, author: int, draft: Draft, *, domain: str = "", chars_max: int = TEXT_CHARS_MAX) -> Post:
    """Store one post and announce it; home timelines follow from the event.

    draft.text: plain text, at most chars_max graphemes with its summary, a URL counting as 23.
    draft.language: an unknown code counts as not given. domain: this server's, so that @name@domain is a local account.
    If draft.idempotency_key was used before, returns the post made with it.
    Raises Invalid (text, media, poll, visibility, key used for another post), NotFound (reply_to_id: absent, or
    hidden from author), MentionsUnexpected, TooWide.
    """
    digest = digest_of(draft) if draft.idempotency_key else ""
    user = account_rows.author(tx, author)
    if draft.idempotency_key and (first := first_made(tx, author, draft.idempotency_key, digest)):
        return _again(tx, first)

    post = compose(tx, author, user, draft, domain=domain, chars_max=chars_max)
    insert(tx, post)
    _attach(tx, post, draft.media_ids)
    if draft.poll:
        polls.create(tx, post, draft.poll)
    if draft.idempotency_key:
        rows.insert_key(tx, author, draft.idempotency_key, post.id, digest)
    return post


def insert(tx: Tx, post: Post) -> None:
    """Write a finished post, count it, index it for search, announce it."""
    write(tx, post)
    tx.emit(PostPublished(post.author_id, post.id, post.reply_to_id, post.reply_to_author_id))


def write(tx: Tx, post: Post) -> None:
    """insert() without announcing it."""
    rows.insert(tx, post)
    index(tx, post)
    if post.visibility in COUNTED:
        account_rows.add_counts(tx, post.author_id, posts=1, last_post_ms=post.created_ms)
    if post.reply_to_id:
        threads.insert(tx, post)
        if post.visibility in COUNTED:
            rows.add_counts(tx, post.reply_to_id, replies=1)
    if post.audience_id:
        room_rows.add_post(tx, post.audience_id, post.id)
    if post.quote_of_id:
        quotes.add(tx, post)
    if post.tags != "[]":
        tags.add(tx, post)


def index(tx: Tx, post: Post) -> None:
    """Index its words for search."""
    if not post.boost_of_id:
        tx.search.index_post(tx, post.id, post.author_id, _searched(post), org_id=post.org_id)


def index_all(tx: Tx, found: Iterable[Post]) -> None:
    """index() of many posts, none of which is in the index."""
    said = (post for post in found if not post.boost_of_id)
    tx.search.index_posts(tx, [(post.id, post.author_id, _searched(post), post.org_id) for post in said])


def _searched(post: Post) -> str:
    return f"{post.summary}\n{post.text}"


def digest_of(draft: Draft, kept_until_ms: int | None = None) -> str:
    """What is equal for two requests that ask for the same. kept_until_ms: of a draft (0), or a post for later."""
    asked = draft if kept_until_ms is None else (draft, kept_until_ms)
    return hashlib.sha256(msgspec.json.encode(asked)).hexdigest()


def first_made(tx: Tx, author: int, key: str, digest: str) -> int:
    """The id of what this key made before, 0 for nothing. Raises Invalid: for something else."""
    post_id, first_digest = rows.by_key(tx, author, key) or (0, digest)
    if first_digest != digest:
        raise Invalid("Idempotency-Key", "used", "was used before for a different post; use a new key for a new post")
    return post_id


def _again(tx: Tx, post_id: int) -> Post:
    post = rows.by_id(tx, post_id)
    if post is None:
        raise NotFound("post", post_id)
    return post


def _attach(tx: Tx, post: Post, media_ids: Collection[int]) -> None:
    if not media_ids:
        return
    attached = media_rows.attach(tx, post.author_id, media_ids, post.id)
    if len(attached) != len(set(media_ids)):
        raise media_taken()
    check_playable(attached)


def edit(
    tx: Tx,
    author: int,
    id: int,
    draft: Draft,
    *,
    domain: str = "",
    chars_max: int = TEXT_CHARS_MAX,
    media_changes: Mapping[int, media.Change] | None = None,
) -> Post:
    """Replace text, summary, media, language and poll. The old version goes into the history, which keeps the first one
    and the newest VERSIONS_KEPT.

    media_changes: media id -> new description or focus. If nothing differs, nothing is written or announced. An account
    that is no longer mentioned can no longer see a direct post. Raises as publish(), and NotFound unless the author's.
    """
    before = own(tx, author, id)
    check_attached(draft, quotes=bool(before.quote_of_id))
    draft = msgspec.structs.replace(draft, quote_of_id=before.quote_of_id)  # which an edit cannot change
    words, summary, found = checked_text(draft, chars_max)
    in_rooms.check_edit(tx, before)
    after = msgspec.structs.replace(
        before,
        text=words,
        summary=summary,
        sensitive=int(draft.sensitive or bool(summary)),
        language=languages.code_of(draft.language) or before.language,
        mentions=_mentions(tx, before, found, domain) if words != before.text else before.mentions,
        tags=tag_names(found),
        media_ids=as_json(list(draft.media_ids)),
        quote_policy=policy(draft.quote_policy, before.visibility) if draft.quote_policy else before.quote_policy,
    )
    link = links.first(found.urls, domain, before.org_id) if words != before.text else before.link
    after = msgspec.structs.replace(after, link=link, card_id=before.card_id if link == before.link else 0)
    earlier = _version(tx, before)
    poll_id, is_other_poll = polls.change(tx, after, draft.poll)
    after = msgspec.structs.replace(after, poll_id=poll_id)
    _attach(tx, after, draft.media_ids)
    files = media_rows.by_ids(tx, media_changes or ())
    changed = [media.change(tx, author, one, wanted, post_id=id) for one, wanted in (media_changes or {}).items()]
    if after == before and not is_other_poll and all(files[one.id] == one for one in changed):
        return before

    after = msgspec.structs.replace(
        after,
        changed_ms=max(tx.now_ms, before.changed_ms + 1),
        edited_ms=max(tx.now_ms, earlier.at_ms + 1),
    )
    rows.insert_version(tx, earlier)
    if not holds.is_held(tx, before):
        rows.trim_versions(tx, id, VERSIONS_KEPT)
    if not rows.update(tx, after):  # deleted meanwhile
        raise NotFound("post", id)
    if after.reply_to_id:
        threads.update(tx, after)
    tags.change(tx, before, after)
    tx.search.remove_post(tx, id)
    index(tx, after)
    tx.emit(PostEdited(author, id, before.link if before.link != after.link else ""))
    return after


def _mentions(tx: Tx, before: Post, found: text.Extracted, domain: str) -> str:
    named = in_rooms.edited(tx, before, mentioned(tx, before.author_id, found, domain, before.org_id))
    return as_json(named)


def _version(tx: Tx, post: Post) -> PostVersion:
    """The present version of the post, for its history."""
    files = media_rows.by_ids(tx, post.media)
    return PostVersion(
        post_id=post.id,
        at_ms=post.edited_ms or post.created_ms,
        text=post.text,
        summary=post.summary,
        sensitive=post.sensitive,
        media_ids=post.media_ids,
        poll_options=as_json(polls.titles(tx, post.poll_id) if post.poll_id else []),
        descriptions=as_json([files[one].description if one in files else "" for one in post.media]),
    )


def own(tx: Tx, author: int, id: int) -> Post:
    """A post of author's that is no boost. Raises NotFound."""
    post = own_or_boost(tx, author, id)
    if post.boost_of_id:
        raise NotFound("post", id)
    return post


def own_or_boost(tx: Tx, author: int, id: int) -> Post:
    """A post or boost of author's. Raises NotFound."""
    post = rows.by_id(tx, id)
    if post is None or post.author_id != author:
        raise NotFound("post", id)
    return post


def delete(tx: Tx, author: int, id: int, *, keep_media: bool = False) -> Post:
    """Delete a post or boost of author's and return it. It is hidden from the next request on. Raises NotFound.

    keep_media: keep the media for a day, so that a new version of the post can show them.
    """
    post = own_or_boost(tx, author, id)
    remove(tx, post, keep_media=keep_media)
    return post


def remove(tx: Tx, post: Post, *, keep_media: bool = False) -> None:
    """Delete a post or boost. The caller must have checked that it may. If it is held, its content is kept, unseen."""
    held = holds.is_held(tx, post)
    if not (held_content.hide(tx, post.id) if held else rows.delete(tx, post.id)):
        return
    if post.boost_of_id:
        reaction_rows.remove(tx, "boosts", post.author_id, post.boost_of_id)
        tx.emit(Unboosted(post.author_id, post.boost_of_id))
    else:
        quotes.remove(tx, post)
        reaction_rows.remove(tx, "pins", post.author_id, post.id)
        if reaction_rows.page_of_accounts(tx, "boosts", post.id, Span(before=ID_MAX, limit=1)):
            tx.emit(BoostedDeleted(post.author_id, post.id))
    if post.visibility in COUNTED:
        account_rows.add_counts(tx, post.author_id, posts=-1)
        account_rows.find_last_post(tx, post.author_id)
        if post.reply_to_id:
            rows.add_counts(tx, post.reply_to_id, replies=-1)
        if post.boost_of_id:
            rows.add_counts(tx, post.boost_of_id, boosts=-1)
    if post.reply_to_id:
        threads.update(tx, post, gone=True)
    if post.audience_id:
        room_rows.remove_post(tx, post.audience_id, post.id)
        reaction_rows.remove(tx, "pins", post.audience_id, post.id)
    if keep_media and post.media:
        media_rows.release(tx, post.media, post.id)
    if held:
        holds.keep(tx, post)
    files = [] if held else _delete_content(tx, post)
    if not post.boost_of_id:
        tx.search.remove_post(tx, post.id)
    tx.emit(PostDeleted(post.author_id, post.id, post.boost_of_id, files, post.link))


def _delete_content(tx: Tx, post: Post) -> list[str]:
    """What a deleted post has beside its row: media, versions, poll. Returns the keys of the files, which go next."""
    files = delete_media(tx, post)
    if post.edited_ms:
        rows.delete_versions(tx, post.id)
    if post.poll_id:
        polls.delete(tx, post.poll_id)
    return files


def delete_media(tx: Tx, post: Post) -> list[str]:
    """Those that it shows, or showed before an edit, but those that were released. Returns the keys of their files."""
    media_ids = media_rows.of_post(tx, post.id) if post.edited_ms else post.media
    shown = [one for one in media_rows.by_ids(tx, media_ids).values() if one.shown_by == post.id]
    for one in shown:
        media_rows.delete(tx, one.id)
    return [key for one in shown for key in (one.key, one.preview_key) if key]


def let_go(tx: Tx, id: int) -> None:
    """Nothing holds the deleted post any more: what it said goes for good. May be repeated."""
    post = rows.tombstone(tx, id)
    if post and post.deleted_ms:
        files = _delete_content(tx, post)
        held_content.empty(tx, id)
        holds.forget(tx, post)
        if files:
            tx.emit(PicturesReplaced(post.author_id, files))


def mark_sensitive(tx: Tx, post: Post) -> None:
    """Staff do so: others see its pictures behind a warning. It is no edit of its author's."""
    if rows.mark_sensitive(tx, post.id):
        tx.emit(PostChanged(post.author_id, post.id))


def get(tx: Tx, viewer_id: int, id: int) -> Post:
    """The post. Raises NotFound: absent, or hidden from viewer_id."""
    post = visibility.see_one(tx, viewer_id, id)
    if post is None:
        raise NotFound("post", id)
    return post


def original(tx: Tx, viewer_id: int, id: int) -> Post:
    """The post; for a boost, the boosted post. Raises as get()."""
    post = get(tx, viewer_id, id)
    return get(tx, viewer_id, post.boost_of_id) if post.boost_of_id else post


def untold(tx: Tx, author: int, id: int, *, domain: str = "") -> list[str]:
    """Who is named in an own post in a closed room, and hears nothing of it because they are not there.

    Raises NotFound.
    """
    post = own(tx, author, id)
    if not post.audience_id or post.visibility != Visibility.FOLLOWERS:
        return []
    named = mentioned(tx, author, text.extract(post.text), domain, post.org_id)
    return [one.username for one in in_rooms.not_told(post, named)]


def history(tx: Tx, viewer_id: int, id: int) -> list[PostVersion]:
    """The versions of the post, oldest first, the current one last; at most the newest edits. Raises NotFound."""
    post = get(tx, viewer_id, id)
    return [*rows.versions(tx, id, VERSIONS_KEPT + 1), _version(tx, post)]
