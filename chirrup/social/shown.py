"""What is shown to a viewer: the posts that they may see, with counts, marks, polls, files and authors; and people.

Every edge asks here and puts the answer into its own words: mastodon/render.py, web/views.py. Always lists: forty posts
cost the queries of one. All that belongs to posts is asked for beside the question who may see them, in one round.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any, Protocol, TypeVar

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
    Relationship,
)
from . import mentions, polls
from . import posts as saying
from .accounts import relationships
from .polls import ShownPoll

KEPT = 20_000  # things of each kind kept in memory
UNCOUNTED = PostCounts(0)
UNFLAGGED = PostFlags()

T = TypeVar("T")
_decode_fields = msgspec.json.Decoder(list[Field]).decode


class Kept(dict[int, T]):
    """Things by id, up to KEPT of them: the oldest are forgotten."""

    def keep(self, id: int, thing: T) -> None:
        if len(self) >= KEPT:
            for oldest in list(self)[: KEPT // 10]:
                self.pop(oldest, None)
        self[id] = thing


class Known:
    """What was read before. One per process."""

    def __init__(self) -> None:
        self.posts = Kept[Post]()  # read again where their version has changed
        self.apps = Kept[App]()  # which never change


class Excerpt(Protocol):
    """A page of a timeline, which shows fewer posts than it has ids: timelines/once.py."""

    def beside(self, tx: Tx, found: Found) -> Found:
        """found, with what else has to be judged."""
        ...

    def shown(self, seen: Seen) -> list[int]:
        """The ids of what is shown, in their order."""
        ...


class Details(msgspec.Struct, frozen=True):
    """What an edge may have kept, since it changes with the version of the post only, or never."""

    files: dict[int, Media]
    apps: dict[int, App]
    authors: dict[int, Account]  # also of what the posts reply to


NO_DETAILS = Details({}, {}, {})


class Shown(msgspec.Struct, frozen=True):
    """Posts that the viewer may see, and what is shown with them."""

    seen: Seen
    entries: list[Post] = []  # what stands on the page, in its order; what boosts among them boost is in seen.posts
    counts: dict[int, PostCounts] = {}  # by post; absent: UNCOUNTED
    flags: dict[int, PostFlags] = {}  # by post; absent: UNFLAGGED
    polls: dict[int, ShownPoll] = {}  # by poll
    details: Details = NO_DETAILS

    def original(self, entry: Post) -> Post:
        """What a boost boosts; any other post itself."""
        return self.seen.posts[entry.boost_of_id] if entry.boost_of_id else entry


Detailed = Callable[[Collection[Post]], Collection[Post]]  # those of some posts whose Details are wanted


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
    """Those of ids that the viewer may see, in their order. excerpt: of a timeline, that shows fewer."""
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
        *_questions(tx, viewer_id, found.posts.values(), known, detailed),
    )
    shown = excerpt.shown(seen) if excerpt else ids
    return Shown(seen, _entries(seen, shown), *parts)


def of(tx: Tx, seen: Seen, ids: Iterable[int], known: Known, *, detailed: Detailed = _all) -> Shown:
    """The same of posts that the oracle has let through already."""
    parts = tx.together(*_questions(tx, seen.viewer_id, seen.posts.values(), known, detailed))
    return Shown(seen, _entries(seen, ids), *parts)


def _entries(seen: Seen, ids: Iterable[int]) -> list[Post]:
    return [post for id in ids if (post := seen.posts.get(id))]


def _questions(
    tx: Tx, viewer_id: int, found: Collection[Post], known: Known, detailed: Detailed
) -> list[Callable[[], Any]]:
    """What Shown has beside seen and entries."""
    plain = [post for post in found if not post.boost_of_id]
    voting = [post.poll_id for post in plain if post.poll_id]
    wanted = detailed(found)
    return [
        lambda: posts.counts(tx, [post.id for post in plain]),
        lambda: reactions.flags(tx, viewer_id, plain),
        lambda: polls.shown(tx, viewer_id, voting) if voting else {},
        lambda: _details(tx, wanted, known) if wanted else NO_DETAILS,
    ]


def _details(tx: Tx, wanted: Collection[Post], known: Known) -> Details:
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
    """The states of a post, oldest first, the current one last."""

    post: Post
    versions: list[PostVersion]
    files: dict[int, Media]  # of all of them


def history(tx: Tx, viewer_id: int, id: int) -> History:
    """Of the edits the newest. Raises NotFound."""
    versions = saying.history(tx, viewer_id, id)
    files = media.by_ids(tx, {file for version in versions for file in version.media})
    return History(saying.get(tx, viewer_id, id), versions, files)


# people


def states(tx: Tx, ids: Collection[int]) -> dict[int, AccountState]:
    """The versions and counters of those accounts that exist. One query."""
    return accounts.states(tx, ids)


def people(tx: Tx, viewer_id: int, ids: Collection[int]) -> list[tuple[Account, Relationship | None]]:
    """Those of ids that exist, in their order, with how the viewer stands to them: None where nobody is logged in."""
    found = accounts.by_ids(tx, ids)
    known = {tie.id: tie for tie in relationships(tx, viewer_id, ids)} if viewer_id else {}
    return [(found[id], known.get(id)) for id in ids if id in found]


class Profile(msgspec.Struct, frozen=True):
    """An account with all that its profile shows."""

    account: Account
    state: AccountState
    role: str
    fields: list[Field]  # the table, as its owner typed it
    named: list[Mention]  # whom its texts mention


def profiles(tx: Tx, states: dict[int, AccountState], site: Site) -> dict[int, Profile]:
    """The profiles of these accounts of the site, by id."""
    if not states:
        return {}
    found, roles = tx.together(lambda: accounts.by_ids(tx, states.keys()), lambda: accounts.roles(tx, states.keys()))
    return _profiles(tx, found, states, roles, site)


def profile(tx: Tx, account: Account, site: Site) -> Profile:
    """Its profile."""
    ids = [account.id]
    states, roles = tx.together(lambda: accounts.states(tx, ids), lambda: accounts.roles(tx, ids))
    return _profiles(tx, {account.id: account}, states, roles, site)[account.id]


def _profiles(
    tx: Tx, found: dict[int, Account], states: dict[int, AccountState], roles: dict[int, str], site: Site
) -> dict[int, Profile]:
    tables = {id: fields_of(account) for id, account in found.items()}
    texts = [words for id, one in found.items() for words in (one.note, *(field.value for field in tables[id]))]
    named = mentions.named_in_profiles(tx, texts, site.domain, site.org_id)
    return {id: Profile(one, states[id], roles.get(id, ""), tables[id], named) for id, one in found.items()}


def fields_of(account: Account) -> list[Field]:
    """The profile's table as its owner typed it."""
    return _decode_fields(account.fields)
