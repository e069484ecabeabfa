"""Search in whatever an organisation's people said, for the role COMPLIANCE. Each look is logged.

The posts are looked through by author; no index of words has what was edited or deleted. So an answer may have few
hits, or none, and the place where to go on.
"""

import unicodedata
from collections.abc import Collection
from functools import partial
from itertools import chain

import msgspec

from ..errors import Invalid, NotFound
from ..ids import ID_MAX, first_at
from ..ports import Database, Tx
from ..social import audit
from ..store import accounts as account_rows
from ..store import held_content
from ..store import holds as hold_rows
from ..store import media as media_rows
from ..store import polls as poll_rows
from ..store import posts as post_rows
from ..types import Account, Media, Post, PostVersion, Span

AUTHORS = 100  # whose posts are looked through together
READ = 500  # posts in one look
SEEN_MAX = 5000  # posts that are looked through for one answer
FOUND_MAX = 40  # in one answer


class Wanted(msgspec.Struct, frozen=True):
    """What is looked for: all of it must hold."""

    words: str = ""  # each of them, in one of the versions
    account_id: int = 0
    room_id: int = 0
    from_ms: int = 0
    until_ms: int = 0  # 0: no end

    def __str__(self) -> str:
        given = msgspec.structs.asdict(self).items()
        return " ".join(f"{name}={value}" for name, value in given if value)


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where to go on: among the authors older than author_id, or one of that step; after post_id."""

    author_id: int = ID_MAX
    post_id: int = 0


class Found(msgspec.Struct, frozen=True):
    """A post with all that is left of it, whoever it was for."""

    post: Post
    author: Account
    versions: list[PostVersion]  # the earlier ones, oldest first
    options: list[str]  # of its poll
    media: list[Media]  # of all versions


class Answer(msgspec.Struct, frozen=True):
    found: list[Found]
    next: Place | None  # None: that was all


async def search(db: Database, org_id: int, actor_id: int, wanted: Wanted, place: Place | None = None) -> Answer:
    """Logged first. By author, the newest account first; of each step of authors the oldest post first.

    Raises Invalid: there is nothing between these dates; NotFound: no such account.
    """
    await log_look(db, org_id, actor_id, wanted, "search", goes_on=place is not None)
    return await db.read_lagging(look, org_id, wanted, place or Place())


async def log_look(
    db: Database, org_id: int, actor_id: int, wanted: Wanted, action: str, *, goes_on: bool = False
) -> None:
    """Raises as search()."""
    if wanted.until_ms and wanted.until_ms <= wanted.from_ms:
        raise Invalid("until", "invalid", "must be later than the beginning")
    await db.write(_note, org_id, actor_id, wanted, action, goes_on)


def _note(tx: Tx, org_id: int, actor_id: int, wanted: Wanted, action: str, goes_on: bool) -> None:
    name = ""
    if wanted.account_id:
        account = account_rows.by_id(tx, wanted.account_id)
        if account is None or account.org_id != org_id:
            raise NotFound("account", wanted.account_id)
        name = account.username
    words = f"{wanted}, more" if goes_on else str(wanted)
    audit.note(tx, org_id, actor_id, action, "posts", wanted.account_id, name, words)


def look(tx: Tx, org_id: int, wanted: Wanted, place: Place) -> Answer:
    """One answer. Does not check who asks, and logs nothing."""
    found: list[Found] = []
    seen = 0
    while authors := _authors(tx, org_id, wanted, place.author_id):
        bounds = Span(
            before=first_at(wanted.until_ms) if wanted.until_ms else ID_MAX,
            after=max(place.post_id, first_at(wanted.from_ms) - 1),
            limit=READ,
        )
        ids = _said(tx, [*authors], bounds)
        seen += len(ids)
        posts = held_content.tombstones(tx, ids)
        for one in _whole(tx, [post for id in ids if _may_fit(post := posts[id], org_id, wanted)], authors):
            if _has_words(one, wanted.words):
                found.append(one)
                if len(found) == FOUND_MAX:
                    return Answer(found, Place(place.author_id, one.post.id))
        if len(ids) == READ:
            place = Place(place.author_id, ids[-1])
        elif wanted.account_id:
            return Answer(found, None)
        else:
            place = Place(min(authors))
        if seen >= SEEN_MAX:
            return Answer(found, place)
    return Answer(found, None)


def _authors(tx: Tx, org_id: int, wanted: Wanted, before: int) -> dict[int, Account]:
    if wanted.account_id:
        one = account_rows.by_id(tx, wanted.account_id)
        return {one.id: one} if one and one.org_id == org_id else {}
    return {one.id: one for one in account_rows.page(tx, before=before, limit=AUTHORS, org_id=org_id)}


def _said(tx: Tx, authors: Collection[int], bounds: Span) -> list[int]:
    """The oldest of their posts, and of the deleted ones that are held."""
    present, deleted = post_rows.oldest_by_authors(tx, authors, bounds), hold_rows.posts_of(tx, authors, bounds)
    return sorted({*present, *deleted})[:READ]


def _may_fit(post: Post, org_id: int, wanted: Wanted) -> bool:
    in_room = not wanted.room_id or post.audience_id == wanted.room_id
    return in_room and not post.boost_of_id and post.org_id == org_id


def _whole(tx: Tx, posts: list[Post], authors: dict[int, Account]) -> list[Found]:
    versions = _versions(tx, [post for post in posts if post.edited_ms])
    shown = {post.id: {*post.media, *(id for one in versions.get(post.id, []) for id in one.media)} for post in posts}
    media = media_rows.by_ids(tx, set[int]().union(*shown.values()))
    asked = {post.poll_id for post in posts} - {0}
    options = poll_rows.options(tx, asked) if asked else {}
    return [
        Found(
            post,
            authors[post.author_id],
            versions.get(post.id, []),
            [option.title for option in options.get(post.poll_id, [])],
            [media[id] for id in sorted(shown[post.id]) if id in media],
        )
        for post in posts
    ]


def _versions(tx: Tx, edited: list[Post]) -> dict[int, list[PostVersion]]:
    by_author: dict[int, list[int]] = {}
    for post in edited:
        by_author.setdefault(post.author_id, []).append(post.id)
    asked = [partial(held_content.versions_of, tx, author, ids) for author, ids in by_author.items()]
    found: dict[int, list[PostVersion]] = {}
    for one in chain.from_iterable(tx.together(*asked)):
        found.setdefault(one.post_id, []).append(one)
    return found


def _has_words(one: Found, words: str) -> bool:
    wanted = _folded(words).split()
    if not wanted:
        return True
    said = [one.post, *one.versions]
    texts = [f"{version.summary}\n{version.text}" for version in said]
    texts += ["\n".join(one.options), *(media.description for media in one.media)]
    texts += ["\n".join(version.described.values()) + version.poll_options for version in one.versions]
    return any(all(word in text for word in wanted) for text in map(_folded, texts))


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
