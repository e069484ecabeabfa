"""Posts and accounts in the form that templates need, from social/shown.py."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType

import msgspec
from markupsafe import Markup

from ..access import visibility
from ..access.sites import Site
from ..access.visibility import for_search_engines
from ..errors import NotFound
from ..ids import ms_of
from ..ports import Tx
from ..social import media, shown, text
from ..social.images import NO_SIZE
from ..social.media import Meta
from ..social.media_addresses import Addresses, audience_for_owner, audience_of, emoji_path
from ..social.polls import ShownPoll
from ..social.shortcodes import any_in
from ..social.shown import UNCOUNTED, UNFLAGGED, Known, Shown
from ..timelines.once import Excerpt
from ..types import (
    Account,
    FilterAction,
    Media,
    MediaState,
    Mention,
    Post,
    PostFlags,
    QuoteState,
    Relationship,
    Visibility,
)
from . import cards
from .pages import asset

FOLD_LINES = 15  # a text with more lines is folded in lists
FOLDED_LINES = 10  # lines shown of a folded text
FOLD_CHARS = 1500  # a text with more characters is folded too; operators may allow such posts

NOT_SHOWN = {  # how it stands with a quote -> what is said instead of it
    QuoteState.REVOKED: "It quoted a post whose author has taken that back.",
    QuoteState.HIDDEN: "It quotes a post that is not for you to see.",
    QuoteState.DELETED: "It quotes a post that is gone.",
    QuoteState.BLOCKED: "It quotes somebody whom you block.",
    QuoteState.MUTED: "It quotes somebody whom you mute.",
}

_meta = msgspec.json.Decoder(Meta).decode


class PersonView(msgspec.Struct, frozen=True):
    id: int
    username: str
    name: str  # display name, else username
    path: str
    avatar: str
    locked: bool = False
    bot: bool = False
    discoverable: bool = True  # search engines may keep the profile
    tie: Relationship | None = None  # the viewer's relationship; None where it is not shown
    drawn: str = ""  # the name with its emoji; "": it has none
    room: bool = False


class MediaView(msgspec.Struct, frozen=True):
    id: int
    url: str  # "": it is processed still
    preview: str  # "": there is none
    description: str
    width: int
    height: int
    kind: str = "image"  # "gifv": a film without sound, shown in a loop; "video", "audio"


class OptionView(msgspec.Struct, frozen=True):
    title: str
    percent: int | None  # None: hidden until the end
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


class QuoteView(msgspec.Struct, frozen=True):
    """What a post quotes."""

    post: "PostView | None"  # None: it is not shown,
    note: str = ""  # which this says


class PostView(msgspec.Struct, frozen=True):
    key: int  # of the entry in a list: the boost's id for a boost
    id: int
    path: str
    author: PersonView
    boosters: list[PersonView]  # whose boosts brought it here; []: no boost
    reply_to: ReplyTo | None
    visibility: str
    language: str
    summary: str
    said: str  # the text, or its warning instead, for quoting
    html: Markup
    fold: tuple[Markup, Markup] | None  # of a long text: (what lists show, the rest)
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
    indexed: bool  # search engines may keep it, and its boost by this booster
    alone: bool = False  # a direct post without mentions: only its author sees it
    pinned: bool = False  # shown as pinned
    warned: tuple[str, ...] = ()  # titles of filters that show a warning instead of it
    blurred: tuple[str, ...] = ()  # and instead of its pictures
    drawn_summary: str = ""  # the warning with its emoji; "": it has none
    quote: QuoteView | None = None
    quotable: bool = False  # the viewer may quote it
    card: cards.CardView | None = None  # of the page that it links
    quotes: int = 0  # by how many posts it is quoted that everybody may see

    @property
    def from_id(self) -> int:
        """The account that brought it into a list: the last booster, or the author."""
        return (self.boosters or [self.author])[0].id


class Views:
    """One per process, for one site, on which @name@domain is a local account."""

    def __init__(self, site: Site, addresses: Addresses, known: Known | None = None) -> None:
        self.site = site
        self._addresses = addresses
        self.known = known or Known()

    def at(self, site: Site) -> "Views":
        """Views for another site, with the same caches."""
        return self if site is self.site else Views(site, self._addresses, self.known)

    def shown(
        self, tx: Tx, viewer_id: int, ids: Collection[int], excerpt: Excerpt | None = None, *, context: str = ""
    ) -> list[PostView]:
        """Those of ids that the viewer may see and does not filter out, in their order.

        excerpt: of a timeline that shows fewer. context: what filters call it (social/filters.py); "": none applies.
        """
        page = self.find(tx, viewer_id, ids, excerpt)
        return self.page(page, tx.now_ms, excerpt.together if excerpt else {}, context=context)

    def at_home(self, tx: Tx, viewer_id: int, ids: Collection[int], excerpt: Excerpt | None = None) -> list[PostView]:
        """The same of a home timeline."""
        return self.shown(tx, viewer_id, ids, excerpt, context="home")

    def find(self, tx: Tx, viewer_id: int, ids: Collection[int], excerpt: Excerpt | None = None) -> Shown:
        """The posts for shown(), before they become views."""
        page = shown.find(tx, viewer_id, ids, self.known, excerpt=excerpt)
        self.look(tx, _texts(page))
        return page

    def judged(self, tx: Tx, viewer_id: int, ids: Collection[int]) -> list[PostView]:
        """Those of ids that are still there, whoever they were for: what was reported, for staff and for its author."""
        page = shown.of(tx, visibility.as_staff(tx, viewer_id, ids, self.site.org_id), ids, self.known, {})
        self.look(tx, _texts(page))
        return self.page(page, tx.now_ms)

    def look(self, tx: Tx, texts: Iterable[str]) -> None:
        """Call it before texts are drawn: they are drawn with the emoji that were seen last."""
        if any_in(texts):
            self.known.emojis.of(tx, self.site.org_id)

    def one(self, tx: Tx, viewer_id: int, id: int) -> PostView:
        """Raises NotFound: absent or hidden."""
        if not (found := self.shown(tx, viewer_id, [id])):
            raise NotFound("post", id)
        return found[0]

    def page(
        self,
        page: Shown,
        now_ms: int,
        together: Mapping[int, list[int]] = MappingProxyType({}),
        *,
        context: str = "",
        besides: int = 0,
    ) -> list[PostView]:
        """The views of a page's entries, in order. together: entry -> other boosts that are shown with it.

        context: as in shown(), but for the post `besides`, which the viewer has asked for.
        """
        views: list[PostView] = []
        for entry in page.entries:
            acts = _acts(page, entry, context) if page.filtered and entry.id != besides else {}
            if FilterAction.HIDE not in acts:
                quote = self._quote(page, page.original(entry), now_ms, context)
                views.append(self._post(page, entry, together.get(entry.id, ()), now_ms, acts, quote))
        return views

    def _quote(self, page: Shown, post: Post, now_ms: int, context: str) -> QuoteView | None:
        """What post quotes, without what that quotes itself."""
        if not post.quote_of_id:
            return None
        state, quoted = page.seen.quote_of(post)
        if quoted is None or state in NOT_SHOWN:
            return QuoteView(None, NOT_SHOWN[state])
        acts = _acts(page, quoted, context) if page.filtered else {}
        if FilterAction.HIDE in acts:
            return QuoteView(None, "It quotes a post that you filter out.")
        return QuoteView(self._post(page, quoted, (), now_ms, acts))

    def _post(
        self,
        page: Shown,
        entry: Post,
        together: Collection[int],
        now_ms: int,
        acts: Mapping[str, list[str]],
        quote: QuoteView | None = None,
    ) -> PostView:
        seen, people = page.seen, page.details.authors
        post, author = page.original(entry), people[page.original(entry).author_id]
        count = page.counts.get(post.id, UNCOUNTED)
        parent_id, parent_author_id = seen.parent_of(post)
        parent = people.get(parent_author_id)
        poll = page.polls.get(post.poll_id)
        boosts = [entry, *(seen.posts[id] for id in together)] if entry.boost_of_id else []
        own = post.author_id == seen.viewer_id and not post.audience_id and post.visibility == Visibility.FOLLOWERS
        files = page.details.files
        audience = audience_of(self.site, post, seen.media_epoch_of(post))
        warned = tuple(acts.get(FilterAction.WARN, ()))
        said = f"Filtered: {', '.join(warned)}" if warned else post.summary or post.text or "A picture"
        return PostView(
            key=entry.id,
            id=post.id,
            path=f"/@{author.username}/{post.id}",
            author=self.person(author),
            boosters=[self.person(people[boost.author_id]) for boost in boosts],
            reply_to=ReplyTo(parent.username, f"/@{parent.username}/{parent_id}") if parent else None,
            visibility=post.visibility,
            language=post.language,
            summary=post.summary,
            said=said,
            html=self.html(post.text, post.mentioned),
            fold=self._fold(post),
            sensitive=seen.is_sensitive(post),
            media=[self._file(files[id], audience, now_ms) for id in post.media if id in files],
            poll=self._poll(poll, seen.viewer_id) if poll else None,
            created_ms=ms_of(post.id),
            edited_ms=post.edited_ms,
            replies=count.replies,
            boosts=count.boosts,
            favourites=count.favourites,
            flags=page.flags.get(post.id, UNFLAGGED),
            alone=post.visibility == Visibility.DIRECT and all(m.account_id == author.id for m in post.mentioned),
            boostable=(own or post.visibility in visibility.OPEN) and not seen.relations.is_guest,
            warned=warned,
            drawn_summary=self.drawn(post.summary),
            blurred=tuple(acts.get(FilterAction.BLUR, ())),
            quote=quote,
            card=cards.view(page.cards.get(post.card_id)),
            quotes=count.quotes,
            quotable=bool(seen.viewer_id) and seen.may_quote(post),
            indexed=for_search_engines(post, author)
            and (entry is post or for_search_engines(entry, people[entry.author_id])),
        )

    def _poll(self, shown: ShownPoll, viewer_id: int) -> PollView:
        poll, options = shown.poll, shown.options
        total = max(1, poll.voters if poll.multiple else sum(option.votes for option in options))
        return PollView(
            options=[
                OptionView(
                    self.drawn(one.title) or one.title,
                    None if shown.totals_hidden else round(100 * one.votes / total),
                    one.position in shown.chosen,
                )
                for one in options
            ],
            multiple=bool(poll.multiple),
            voters=poll.voters,
            ends_ms=poll.expires_ms,
            ended=shown.ended,
            open_to_me=bool(viewer_id) and not shown.ended and not shown.chosen and poll.author_id != viewer_id,
        )

    def uploads(
        self, tx: Tx, owner_id: int, ids: Collection[int], *, post_id: int = 0, draft_id: int = 0
    ) -> list[MediaView]:
        """Those of ids that are the owner's and that no post or draft shows, or only these, in their order."""
        found = media.own(tx, owner_id, ids, post_id=post_id, draft_id=draft_id)
        shown_by = {one.shown_by for one in found}
        audiences = {id: audience_for_owner(tx, self.site, owner_id, id) for id in shown_by}
        return [self._file(one, audiences[one.shown_by], tx.now_ms) for one in found]

    def _file(self, one: Media, audience: str, now_ms: int) -> MediaView:
        small = _meta(one.meta).small or NO_SIZE
        url, preview = (
            self._addresses.of_media(one, key, audience, now_ms) if key else ""
            for key in (one.key if one.state == MediaState.READY else "", one.preview_key)
        )
        return MediaView(one.id, url, preview, one.description, small.width, small.height, one.kind)

    def person(self, account: Account, tie: Relationship | None = None) -> PersonView:
        gone = bool(account.suspended_ms)
        name = (not gone and account.display_name) or account.username
        return PersonView(
            id=account.id,
            username=account.username,
            name=name,
            path=f"/@{account.username}",
            avatar=self.picture(account, account.avatar, "avatar.png"),
            locked=bool(account.locked),
            bot=bool(account.bot),
            discoverable=bool(account.discoverable) and not gone,
            tie=tie,
            drawn=self.drawn(name),
            room=account.is_room,
        )

    def picture(self, account: Account, key: str, otherwise: str) -> str:
        """The address of an avatar or header; otherwise: the static file for accounts without one."""
        if not key or account.suspended_ms:
            return asset(otherwise)
        return self._addresses.of_profile(account.id, key)

    def people(self, tx: Tx, viewer_id: int, ids: Collection[int]) -> list[PersonView]:
        """These accounts, in their order, with the viewer's relationships. The caller must have checked visibility."""
        found = shown.people(tx, viewer_id, ids)
        self.look(tx, (one.display_name for one, _ in found))
        return [self.person(one, tie) for one, tie in found]

    def html(self, words: str, named: Collection[Mention] = (), *, inline: bool = False) -> Markup:
        """A plain text as HTML. Links to this server have no host, so they work at every address of it.

        named: accounts that it mentions. inline: without paragraphs, for fields of profiles.
        """
        host = text.host_key(self.site.domain)
        links = {
            name.lower(): f"/@{one.username}" for one in named for name in (one.username, f"{one.username}@{host}")
        }
        return Markup(text.to_html(words, links, "", inline=inline, drawn=self._pictures(words)))

    def drawn(self, name: str) -> str:
        """A name or another line of text with its emoji; "": it has none."""
        pictures = self._pictures(name)
        return Markup(text.draw(name, pictures)) if pictures else ""

    def _pictures(self, words: str) -> dict[str, str]:
        """The emoji that a text shows, as HTML by shortcode, as they were seen last: look()."""
        if ":" not in words or not (known := self.known.emojis.last(self.site.org_id)):
            return {}
        return {
            one.shortcode: f'<img class="emoji" src="{emoji_path(one, one.key)}" alt=":{one.shortcode}:" '
            f'title=":{one.shortcode}:" draggable="false" loading="lazy">'
            for one in known.used_in([words])
        }

    def _fold(self, post: Post) -> tuple[Markup, Markup] | None:
        if post.text.count("\n") < FOLD_LINES and len(post.text) < FOLD_CHARS:
            return None
        first = "".join(post.text.splitlines(keepends=True)[:FOLDED_LINES])
        if len(first) > FOLD_CHARS:
            first = first[: first.rfind(" ", 0, FOLD_CHARS) + 1]  # links and names have no space in them
        rest = post.text[len(first) :].strip()
        return (self.html(first.rstrip(), post.mentioned), self.html(rest, post.mentioned)) if first and rest else None


def _acts(page: Shown, entry: Post, context: str) -> dict[str, list[str]]:
    """What filters for this context do with an entry: their titles by action. Nobody's own posts are filtered."""
    acts: dict[str, list[str]] = {}
    if page.seen.viewer_id not in (entry.author_id, page.original(entry).author_id):
        for match in page.filtered.get(entry.id, ()):
            if context in match.filter.places:
                acts.setdefault(match.filter.action, []).append(match.filter.title)
    return acts


def _texts(page: Shown) -> Iterator[str]:
    """Those of a page that may show emoji."""
    for post in (*page.seen.posts.values(), *page.seen.quoted.values()):
        yield from (post.text, post.summary)
    for author in page.details.authors.values():
        yield author.display_name
    for poll in page.polls.values():
        yield from (one.title for one in poll.options)
