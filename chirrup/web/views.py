"""Posts and people as templates show them. Always lists: forty posts cost the queries of one."""

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType

import msgspec
from markupsafe import Markup

from ..access import visibility
from ..access.visibility import Seen, for_search_engines
from ..errors import NotFound
from ..ids import ms_of
from ..ports import Tx
from ..social import text
from ..social.accounts import relationships
from ..social.media import Addresses, Meta
from ..store import accounts, media, polls, posts, reactions
from ..timelines.once import Excerpt
from ..types import (
    Account,
    Media,
    Mention,
    Poll,
    PollOption,
    Post,
    PostCounts,
    PostFlags,
    Relationship,
    Visibility,
)
from .pages import asset

FOLD_LINES = 15  # a text of more lines is folded, in lists
FOLDED_LINES = 10  # that are shown then
FOLD_CHARS = 1500  # so is one of more characters, where an operator allows it

_meta = msgspec.json.Decoder(Meta).decode


class PersonView(msgspec.Struct, frozen=True):
    id: int
    username: str
    name: str  # as they want to be called, else the username
    path: str
    avatar: str
    locked: bool = False
    bot: bool = False
    discoverable: bool = True  # search engines may keep the profile
    tie: Relationship | None = None  # how the viewer stands to them; None where it does not matter


class MediaView(msgspec.Struct, frozen=True):
    id: int
    url: str
    preview: str
    description: str
    width: int
    height: int
    moving: bool  # a film without sound, to be shown in a loop


class OptionView(msgspec.Struct, frozen=True):
    title: str
    percent: int | None  # None: not told before the end
    mine: bool


class PollView(msgspec.Struct, frozen=True):
    options: list[OptionView]
    multiple: bool
    voters: int
    ends_ms: int
    ended: bool
    open_to_me: bool  # the viewer may vote


class ReplyTo(msgspec.Struct, frozen=True):
    username: str
    path: str


class PostView(msgspec.Struct, frozen=True):
    key: int  # of the entry in a list: the boost's id for a boost
    id: int
    path: str
    author: PersonView
    boosters: list[PersonView]  # by whom it came here; none: it came by itself
    reply_to: ReplyTo | None
    visibility: str
    language: str
    summary: str
    said: str  # the text, or what stands for it, as one may quote it
    html: Markup
    fold: tuple[Markup, Markup] | None  # of a long text: what is shown in lists, and the rest
    sensitive: bool
    media: list[MediaView]
    poll: PollView | None
    created_ms: int
    edited_ms: int
    replies: int
    boosts: int
    favourites: int
    flags: PostFlags
    boostable: bool
    indexed: bool  # search engines may keep it, and the booster's saying it again
    alone: bool = False  # for those it mentions, and it mentions nobody: only its author sees it
    pinned: bool = False  # shown as pinned

    @property
    def from_id(self) -> int:
        """The account that brought it into a list: whoever boosted it last, or its author."""
        return (self.boosters or [self.author])[0].id


class Views:
    """Made once per process. domain: of this server, so that @name@domain is one of ours."""

    def __init__(self, domain: str, addresses: Addresses) -> None:
        self._domain = domain
        self._addresses = addresses

    def shown(self, tx: Tx, viewer_id: int, ids: Collection[int], excerpt: Excerpt | None = None) -> list[PostView]:
        """Those of ids that the viewer may see, in their order. excerpt: of a timeline, that shows fewer."""
        if excerpt is None:
            return self.seen(tx, visibility.see_to_show(tx, viewer_id, ids), ids)
        seen = visibility.judge(tx, viewer_id, excerpt.beside(tx, visibility.find(tx, ids)))
        return self.seen(tx, seen, excerpt.shown(seen), excerpt.together)

    def one(self, tx: Tx, viewer_id: int, id: int) -> PostView:
        """Raises NotFound: absent or hidden."""
        found = self.shown(tx, viewer_id, [id])
        if not found:
            raise NotFound("post", id)
        return found[0]

    def seen(
        self, tx: Tx, seen: Seen, ids: Iterable[int], together: Mapping[int, list[int]] = MappingProxyType({})
    ) -> list[PostView]:
        """Posts that the oracle has let through already. together: further boosts that are shown as one with these."""
        entries = [post for id in ids if (post := seen.posts.get(id))]
        if not entries:
            return []
        plain = [post for post in seen.posts.values() if not post.boost_of_id]
        counts = posts.counts(tx, [post.id for post in plain])
        flags = reactions.flags(tx, seen.viewer_id, plain)
        files = media.by_ids(tx, {id for post in plain for id in post.media})
        votings = _polls(tx, seen.viewer_id, [post.poll_id for post in plain if post.poll_id])
        answered = {seen.parent_of(post)[1] for post in plain} - {0}
        people = accounts.by_ids(tx, seen.accounts.keys() | answered)

        def view(entry: Post) -> PostView:
            post = seen.posts[entry.boost_of_id] if entry.boost_of_id else entry
            count = counts.get(post.id) or PostCounts(post.id)
            author = people[post.author_id]
            parent_id, parent_author_id = seen.parent_of(post)
            parent = people.get(parent_author_id)
            followers_only = post.visibility == Visibility.FOLLOWERS and post.author_id != seen.viewer_id
            return PostView(
                key=entry.id,
                id=post.id,
                path=f"/@{author.username}/{post.id}",
                author=self.person(author),
                boosters=[
                    self.person(people[seen.posts[id].author_id])
                    for id in (entry.id, *together.get(entry.id, ()))
                    if entry.boost_of_id
                ],
                reply_to=ReplyTo(parent.username, f"/@{parent.username}/{parent_id}") if parent else None,
                visibility=post.visibility,
                language=post.language,
                summary=post.summary,
                said=post.summary or post.text or "A picture",
                html=self.html(post.text, post.mentioned),
                fold=self._fold(post),
                sensitive=bool(post.sensitive),
                media=[self._media(files[id], post, tx.now_ms) for id in post.media if id in files],
                poll=votings.get(post.poll_id),
                created_ms=ms_of(post.id),
                edited_ms=post.edited_ms,
                replies=count.replies,
                boosts=count.boosts,
                favourites=count.favourites,
                flags=flags.get(post.id) or PostFlags(),
                alone=post.visibility == Visibility.DIRECT and all(m.account_id == author.id for m in post.mentioned),
                boostable=post.visibility != Visibility.DIRECT and not followers_only,
                indexed=for_search_engines(post, author)
                and (entry is post or for_search_engines(entry, people[entry.author_id])),
            )

        return [view(entry) for entry in entries]

    def _media(self, one: Media, post: Post, now_ms: int) -> MediaView:
        private = post.visibility in (Visibility.FOLLOWERS, Visibility.DIRECT)
        return self._file(one, now_ms, private=private)

    def uploads(self, tx: Tx, owner_id: int, ids: Collection[int], *, post_id: int = 0) -> list[MediaView]:
        """Those of ids that are the owner's and wait for a post, or are post_id's, in their order."""
        found = media.by_ids(tx, ids)
        own = [one for id in ids if (one := found.get(id)) and one.owner_id == owner_id]
        return [self._file(one, tx.now_ms, private=True) for one in own if one.post_id <= 0 or one.post_id == post_id]

    def _file(self, one: Media, now_ms: int, *, private: bool) -> MediaView:
        small = _meta(one.meta).small
        return MediaView(
            id=one.id,
            url=self._addresses.of_media(one, one.key, private=private, now_ms=now_ms),
            moving=one.kind == "gifv",
            preview=self._addresses.of_media(one, one.preview_key, private=private, now_ms=now_ms),
            description=one.description,
            width=small.width,
            height=small.height,
        )

    def person(self, account: Account, tie: Relationship | None = None) -> PersonView:
        gone = bool(account.suspended_ms)
        return PersonView(
            id=account.id,
            username=account.username,
            name=(not gone and account.display_name) or account.username,
            path=f"/@{account.username}",
            avatar=self.picture(account, account.avatar, "avatar.png"),
            locked=bool(account.locked),
            bot=bool(account.bot),
            discoverable=bool(account.discoverable) and not gone,
            tie=tie,
        )

    def picture(self, account: Account, key: str, otherwise: str) -> str:
        """The address of an avatar or header; otherwise: the static file for those without."""
        if not key or account.suspended_ms:
            return asset(otherwise)
        return self._addresses.of_profile(account.id, key)

    def people(self, tx: Tx, viewer_id: int, ids: Collection[int]) -> list[PersonView]:
        """These people, in their order, with how the viewer stands to them. The caller has asked who may be listed."""
        found = accounts.by_ids(tx, ids)
        known = {tie.id: tie for tie in relationships(tx, viewer_id, ids)} if viewer_id else {}
        return [self.person(found[id], known.get(id)) for id in ids if id in found]

    def html(self, words: str, named: Collection[Mention] = (), *, inline: bool = False) -> Markup:
        """A plain text with its links, those to us without a host: pages are read at whatever address we have.

        named: whom it may mention. inline: the value of a line in a profile's table.
        """
        host = text.host_key(self._domain)
        links = {
            name.lower(): f"/@{one.username}" for one in named for name in (one.username, f"{one.username}@{host}")
        }
        return Markup(text.to_html(words, links, "", inline=inline))

    def _fold(self, post: Post) -> tuple[Markup, Markup] | None:
        if post.text.count("\n") < FOLD_LINES and len(post.text) < FOLD_CHARS:
            return None
        first = "".join(post.text.splitlines(keepends=True)[:FOLDED_LINES])
        if len(first) > FOLD_CHARS:
            first = first[: first.rfind(" ", 0, FOLD_CHARS) + 1]  # links and names have no space in them
        rest = post.text[len(first) :].strip()
        return (self.html(first.rstrip(), post.mentioned), self.html(rest, post.mentioned)) if first and rest else None


def _polls(tx: Tx, viewer_id: int, ids: Collection[int]) -> dict[int, PollView]:
    if not ids:
        return {}
    options = polls.options(tx, ids)
    votes = polls.votes_of(tx, viewer_id, ids) if viewer_id else {}
    return {
        id: _poll(poll, options[id], votes.get(id, []), viewer_id, tx.now_ms)
        for id, poll in polls.by_ids(tx, ids).items()
    }


def _poll(poll: Poll, options: list[PollOption], own: list[int], viewer_id: int, now_ms: int) -> PollView:
    ended = bool(poll.expires_ms) and poll.expires_ms <= now_ms
    hidden = bool(poll.hide_totals) and not ended
    total = max(1, poll.voters if poll.multiple else sum(option.votes for option in options))
    return PollView(
        options=[
            OptionView(one.title, None if hidden else round(100 * one.votes / total), one.position in own)
            for one in options
        ],
        multiple=bool(poll.multiple),
        voters=poll.voters,
        ends_ms=poll.expires_ms,
        ended=ended,
        open_to_me=bool(viewer_id) and not ended and not own and poll.author_id != viewer_id,
    )
