"""Posts that a viewer may see, with counts, marks, polls, files and authors; and accounts with their profiles.

Every edge asks here and renders the answer: mastodon/render.py, web/views.py. Functions take lists: forty posts cost
the queries of one. The queries for details run in one round with those of the oracle.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Protocol

import msgspec

from ..access import visibility
from ..access.sites import Site
from ..access.visibility import Found, Seen
from ..ports import Tx
from ..store import accounts, media, posts, reactions
from ..store import apps as app_rows
from ..store.blocks_and_mutes import Relations
from ..types import (
    Account,
    AccountState,
    App,
    Field,
    Media,
    Mention,
    Post,
    PostCounts,
    PostFlags,
    PostVersion,
    Presentation,
    Relationship,
)
from . import cards, filtered, mentions, polls
from . import posts as saying
from .account_lists import relationships
from .accounts import presentation_of
from .cards import ShownCard
from .known import Kept as Kept
from .known import Known as Known
from .matching import Match
from .polls import ShownPoll

UNCOUNTED = PostCounts(0)
UNFLAGGED = PostFlags()

_decode_fields = msgspec.json.Decoder(list[Field]).decode


class Excerpt(Protocol):
    """A page of a timeline that shows fewer posts than it has ids: timelines/once.py."""

    def beside(self, tx: Tx, found: Found) -> Found:
        """found, with the other posts that are needed to decide."""
        ...

    def shown(self, seen: Seen) -> Sequence[int]:
        """The ids to show, in their order, as far as they are in seen."""
        ...


class Details(msgspec.Struct, frozen=True):
    """Details that change only with the version of the post, so an edge may cache what it renders from them."""

    files: dict[int, Media]
    apps: dict[int, App]
    authors: dict[int, Account]  # of the posts, and of the posts that they reply to


NO_DETAILS = Details({}, {}, {})


class Shown(msgspec.Struct, frozen=True):
    """Posts that the viewer may see, with all that is shown of them."""

    seen: Seen
    entries: list[Post] = []  # the posts of the page, in order; boosted posts are in seen.posts
    counts: dict[int, PostCounts] = {}  # by post; absent: UNCOUNTED
    flags: dict[int, PostFlags] = {}  # by post; absent: UNFLAGGED
    polls: dict[int, ShownPoll] = {}  # by poll
    cards: dict[int, ShownCard] = {}  # by card
    details: Details = NO_DETAILS
    filtered: dict[int, list[Match]] = {}  # by entry or quoted post: what matches of the viewer's filters

    def original(self, entry: Post) -> Post:
        """The post that entry boosts, or entry itself."""
        return self.seen.posts[entry.boost_of_id] if entry.boost_of_id else entry


Detailed = Callable[[Collection[Post]], Collection[Post]]  # chooses the posts whose Details are needed


def _all(found: Collection[Post]) -> Collection[Post]:
    return found


def find(
    tx: Tx,
    viewer_id: int,
    ids: Collection[int],
    known: Known,
    *,
    excerpt: Excerpt | None = None,
    detailed: Detailed = _all,
) -> Shown:
    """Those of ids that the viewer may see, in their order. excerpt: of a timeline that shows fewer."""
    found = visibility.find(tx, ids, known.posts)
    if not found.posts:
        return Shown(Seen(viewer_id, {}, {}, Relations(viewer_id)))
    if excerpt:
        found = excerpt.beside(tx, found)
    for read in found:
        for id, post in read.items():
            if known.posts.get(id) is not post:
                known.posts.keep(id, post)
    seen, *parts = tx.together(
        lambda: visibility.judge(tx, viewer_id, found),
        *_questions(tx, viewer_id, _with_quoted(found.posts, found.quoted), known, detailed),
    )
    page = Shown(seen, _entries(seen, excerpt.shown(seen) if excerpt else ids), *parts)
    if not seen.filters_version:
        return page
    quoted = ((post, post) for post in seen.quoted.values())
    entries = [*((entry, page.original(entry)) for entry in page.entries), *quoted]
    matches = filtered.page(tx, viewer_id, seen.filters_version, entries, known)
    return msgspec.structs.replace(page, filtered=matches)


def of(
    tx: Tx,
    seen: Seen,
    ids: Iterable[int],
    known: Known,
    matches: dict[int, list[Match]],
    *,
    detailed: Detailed = _all,
) -> Shown:
    """As find(), for posts that the oracle has allowed already. matches: as in Shown.filtered."""
    shown = _with_quoted(seen.posts, seen.quoted)
    parts = tx.together(*_questions(tx, seen.viewer_id, shown, known, detailed))
    return Shown(seen, _entries(seen, ids), *parts, filtered=matches)


def _entries(seen: Seen, ids: Iterable[int]) -> list[Post]:
    return [post for id in ids if (post := seen.posts.get(id))]


def _with_quoted(found: dict[int, Post], quoted: dict[int, Post]) -> Collection[Post]:
    """These posts, and those that they quote: what those quote themselves is only named."""
    if not quoted:
        return found.values()
    return (
        found | {one.quote_of_id: quoted[one.quote_of_id] for one in found.values() if one.quote_of_id in quoted}
    ).values()


def _questions(
    tx: Tx, viewer_id: int, found: Collection[Post], known: Known, detailed: Detailed
) -> list[Callable[[], Any]]:
    """The queries for the fields of Shown, except seen and entries."""
    plain = [post for post in found if not post.boost_of_id]
    voting = [post.poll_id for post in plain if post.poll_id]
    linking = {post.card_id for post in plain if post.card_id}
    wanted = detailed(found)
    return [
        lambda: posts.counts(tx, [post.id for post in plain]),
        lambda: reactions.flags(tx, viewer_id, plain),
        lambda: polls.shown(tx, viewer_id, voting) if voting else {},
        lambda: cards.find(tx, linking, known) if linking else {},
        lambda: details(tx, wanted, known) if wanted else NO_DETAILS,
    ]


def details(tx: Tx, wanted: Collection[Post], known: Known) -> Details:
    ids = {id for post in wanted for id in post.media}
    people = ({post.author_id for post in wanted} | {post.reply_to_author_id for post in wanted}) - {0}
    files, apps, authors = tx.together(
        lambda: media.by_ids(tx, ids),
        lambda: _apps(tx, {post.app_id for post in wanted} - {0}, known),
        lambda: accounts.by_ids(tx, people),
    )
    return Details(files, apps, authors)


def _apps(tx: Tx, ids: set[int], known: Known) -> dict[int, App]:
    found = {id: app for id in ids if (app := known.apps.get(id))}
    if missing := ids - found.keys():
        read = app_rows.by_ids(tx, missing)
        for id, app in read.items():
            known.apps.keep(id, app)
        found |= read
    return found


class History(msgspec.Struct, frozen=True):
    """The versions of a post, oldest first, the current one last."""

    seen: Seen
    post: Post
    versions: list[PostVersion]
    files: dict[int, Media]  # of all versions


def history(tx: Tx, viewer_id: int, id: int) -> History:
    """At most the newest edits. Raises NotFound."""
    versions = saying.history(tx, viewer_id, id)
    files = media.by_ids(tx, {file for version in versions for file in version.media})
    seen = visibility.see(tx, viewer_id, [id])
    return History(seen, seen.posts[id], versions, files)


# people


def states(tx: Tx, ids: Collection[int]) -> dict[int, AccountState]:
    """The accounts among ids that exist, with versions and counters. One query."""
    return accounts.states(tx, ids)


def people(tx: Tx, viewer_id: int, ids: Collection[int]) -> list[tuple[Account, Relationship | None]]:
    """Those of ids that exist, in their order, with the viewer's relationship; None without a login."""
    found = accounts.by_ids(tx, ids)
    known = {tie.id: tie for tie in relationships(tx, viewer_id, ids)} if viewer_id else {}
    return [(found[id], known.get(id)) for id in ids if id in found]


class Profile(msgspec.Struct, frozen=True):
    """An account with all details of its profile."""

    account: Account
    state: AccountState
    role: str
    fields: list[Field]  # the table, as its owner typed it
    named: list[Mention]  # accounts that its texts mention
    presentation: Presentation


def profiles(tx: Tx, states: dict[int, AccountState], site: Site) -> dict[int, Profile]:
    """account id -> profile, for these accounts of the site."""
    if not states:
        return {}
    found, roles = tx.together(lambda: accounts.by_ids(tx, states.keys()), lambda: accounts.roles(tx, states.keys()))
    return _profiles(tx, found, states, roles, site)


def profile(tx: Tx, account: Account, site: Site) -> Profile:
    ids = [account.id]
    states, roles = tx.together(lambda: accounts.states(tx, ids), lambda: accounts.roles(tx, ids))
    return _profiles(tx, {account.id: account}, states, roles, site)[account.id]


def _profiles(
    tx: Tx, found: dict[int, Account], states: dict[int, AccountState], roles: dict[int, str], site: Site
) -> dict[int, Profile]:
    tables = {id: fields_of(account) for id, account in found.items()}
    texts = [words for id, one in found.items() for words in (one.note, *(field.value for field in tables[id]))]
    named = mentions.named_in_profiles(tx, texts, site.domain, site.org_id)
    return {
        id: Profile(one, states[id], roles.get(id, ""), tables[id], named, presentation_of(one))
        for id, one in found.items()
    }


def fields_of(account: Account) -> list[Field]:
    """The profile's table as its owner typed it."""
    return _decode_fields(account.fields)
