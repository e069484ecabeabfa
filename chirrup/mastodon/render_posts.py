"""Posts, polls and media as Mastodon's entities, from social/shown.py.

The part of a post that is the same for everybody is encoded once and kept by the post's version. It begins the JSON
object of a status; what changes is appended as bytes, because encoding a struct for each post costs twice as much.
"""

from collections.abc import Collection, Iterable
from functools import lru_cache

import msgspec

from ..access.sites import Site
from ..access.visibility import Seen
from ..errors import NotFound
from ..ports import Tx
from ..social import collection_links, shown, text
from ..social import media as media_files
from ..social.matching import Match
from ..social.media_addresses import Addresses, audience_for_owner, audience_of
from ..social.polls import ShownPoll
from ..social.shortcodes import any_in
from ..social.shown import UNCOUNTED, UNFLAGGED, Details, Excerpt, Kept, Known, Shown
from ..times import iso, iso_or_none
from ..types import App, Media, MediaState, Post, PostCounts, PostFlags, PostVersion, QuotePolicy, QuoteState
from . import entities, render_collections
from .collection_entities import ShallowTag
from .kept_posts import FixedParts, KeptPost
from .render_accounts import UNSET, Json, encode
from .render_cards import NO_CARD, CardRenderer
from .render_filters import filter_result


class _Quoting(msgspec.Struct):
    quote: Json


class PostRenderer(CardRenderer):
    """Functions over a transaction, for db.read."""

    def __init__(self, site: Site, addresses: Addresses, known: Known | None = None) -> None:
        super().__init__(site, addresses, known)
        self._posts = Kept[KeptPost]()

    def statuses(self, tx: Tx, viewer_id: int, ids: Collection[int], excerpt: Excerpt | None = None) -> list[Json]:
        """Those of ids that the viewer may see, in their order. excerpt: of a timeline that shows fewer."""
        fixed = self._kept(tx)
        page = shown.find(tx, viewer_id, ids, self.known, excerpt=excerpt, detailed=fixed.find)
        return self._rendered(tx, page, fixed)

    def status(self, tx: Tx, viewer_id: int, id: int) -> Json:
        """Raises NotFound: absent or hidden."""
        found = self.statuses(tx, viewer_id, [id])
        if not found:
            raise NotFound("post", id)
        return found[0]

    def statuses_by_id(self, tx: Tx, viewer_id: int, ids: Collection[int]) -> dict[int, Json]:
        """Those of ids that the viewer may see."""
        fixed = self._kept(tx)
        page = shown.find(tx, viewer_id, ids, self.known, detailed=fixed.find)
        return dict(zip([post.id for post in page.entries], self._rendered(tx, page, fixed), strict=True))

    def seen(self, tx: Tx, seen: Seen, ids: Iterable[int], matches: dict[int, list[Match]]) -> list[Json]:
        """As statuses(), for posts that the oracle has allowed already, and for all to whom they look alike.

        matches: as in Shown.filtered.
        """
        fixed = self._kept(tx)
        page = shown.of(tx, seen, ids, self.known, matches, detailed=fixed.find)
        return self._rendered(tx, page, fixed, to_one=False)

    def _kept(self, tx: Tx) -> FixedParts:
        return FixedParts(self._posts, tx.now_ms, lambda: self._drawn(tx), self.site)

    def _make(self, tx: Tx, fixed: FixedParts, page: Shown) -> None:
        """The parts that are missing, and those with addresses of media that have ended."""
        self._make_each(tx, fixed, fixed.missing, page.details, page.seen)
        if ended := fixed.ended(page.seen):
            self._make_each(tx, fixed, ended, shown.details(tx, ended, self.known), page.seen)

    def _make_each(self, tx: Tx, fixed: FixedParts, missing: Collection[Post], details: Details, seen: Seen) -> None:
        for post in missing:
            drawn = self._drawn(tx) if any_in((post.text, post.summary)) else None
            linked = collection_links.linked_in(post.text, self.base_url)
            epoch = seen.media_epoch_of(post)
            fixed.keep(post, encode(self._fixed(tx, post, details, epoch))[:-1] + b",", drawn, linked, epoch)

    def _rendered(self, tx: Tx, page: Shown, fixed: FixedParts, *, to_one: bool = True) -> list[Json]:
        """to_one: to the viewer alone, who is told what only they are to know of a card."""
        seen = page.seen
        self._make(tx, fixed, page)
        authors = self._account_parts(tx, seen.accounts)
        voting = {id: encode(self.poll(tx, one, seen.viewer_id)) for id, one in page.polls.items()}
        cards = self.cards(tx, page.cards, seen.viewer_id if to_one else 0) if page.cards else {}
        known = bool(seen.viewer_id)
        linked = render_collections.tagged(tx, self, seen.viewer_id, fixed.linked) if fixed.linked else {}

        def whole(
            post: Post, original: Post, matches: Collection[Match], reblog: bytes = b"null", quote: bytes = b"null"
        ) -> bytes:
            count = page.counts.get(original.id, UNCOUNTED)
            flag = page.flags.get(original.id, UNFLAGGED)
            pinned = flag.pinned if post.author_id == seen.viewer_id and not post.boost_of_id else None
            counted = _counted(count, flag, pinned, known=known)
            approval = original.quote_policy, seen.may_quote(original)
            said = _SENSITIVE if seen.is_sensitive(post) else _NOT_SENSITIVE
            if post.plain and not matches and not linked:
                return b"".join((fixed.parts[post.id], said, authors[post.author_id], counted, _ENDS[known][approval]))
            told = _filtered(matches) if known else b""
            return b"".join(
                (
                    fixed.parts[post.id],
                    cards.get(post.card_id, NO_CARD) if post.card_id else b"",
                    linked.get(post.id, b"") if linked else b"",
                    self._quoting(post, seen) if post.quote_of_id else b"",
                    _parent(*seen.parent_of(post)) if post.reply_to_id else b"",
                    said,
                    authors[post.author_id],
                    counted,
                    _end(APPROVALS[approval], told, voting.get(post.poll_id, b"null"), quote, reblog),
                )
            )

        def quote_of(post: Post) -> bytes:
            if not post.quote_of_id:
                return b"null"
            state, quoted = seen.quote_of(post)
            if quoted is None:
                return b'{"state":"%b","quoted_status":null}' % state.encode()
            status = whole(quoted, quoted, page.filtered.get(quoted.id, ()), quote=_shallow(seen, quoted))
            return b'{"state":"%b","quoted_status":%b}' % (state.encode(), status)

        found: list[Json] = []
        for post in page.entries:
            matches = page.filtered.get(post.id, ())
            if post.boost_of_id:
                original = page.original(post)
                boosted = whole(original, original, matches, quote=quote_of(original))
                found.append(msgspec.Raw(whole(post, original, matches, boosted)))
            else:
                quote = quote_of(post) if post.quote_of_id else b"null"
                found.append(msgspec.Raw(whole(post, post, matches, quote=quote)))
        return found

    def _quoting(self, post: Post, seen: Seen) -> bytes:
        """The text of a post that quotes another, with a link to that for programs that know no quotes."""
        return b'"content":%b,' % encode(self._with_link(post, seen))

    def _with_link(self, post: Post, seen: Seen) -> str:
        html = self._html(post.text, post) if post.text else ""
        _, quoted = seen.quote_of(post)
        author = self._accounts.get(quoted.author_id) if quoted else None
        if quoted is None or author is None:
            return html
        url = self.post_url(author[1].username, quoted.id)
        if url in post.text:
            return html
        return f'<p class="quote-inline">RE: <a href="{url}">{url.split("://", 1)[1]}</a></p>{html}'

    def _fixed(self, tx: Tx, post: Post, details: Details, media_epoch: int) -> entities.StatusFixed:
        url = self.post_url(details.authors[post.author_id].username, post.id)
        return entities.StatusFixed(
            id=str(post.id),
            created_at=iso(post.created_ms),
            edited_at=iso_or_none(post.edited_ms),
            spoiler_text=post.summary,
            visibility=post.visibility,
            language=post.language or None,
            uri=url,
            url=url,
            content=UNSET if post.quote_of_id else self._html(post.text, post) if post.text else "",
            media_attachments=self._attached(post, post.media, details.files, media_epoch, tx.now_ms),
            mentions=[
                entities.StatusMention(
                    id=str(one.account_id), username=one.username, url=self.account_url(one.username), acct=one.username
                )
                for one in post.mentioned
            ],
            tags=[ShallowTag(name=name.lower(), url=self.tag_url(name)) for name in post.tag_names],
            emojis=self.emojis_in(tx, (post.text, post.summary)),
            application=_application(details.apps.get(post.app_id)),
            card=UNSET if post.card_id else None,
            tagged_collections=UNSET if collection_links.linked_in(post.text, self.base_url) else [],
            in_reply_to_id=UNSET if post.reply_to_id else None,
            in_reply_to_account_id=UNSET if post.reply_to_id else None,
        )

    def _html(self, words: str, post: Post) -> str:
        """words: the text of the post, or of an earlier version."""
        links = {one.username.lower(): self.account_url(one.username) for one in post.mentioned}
        return text.to_html(words, links, self.base_url)

    def edits(self, tx: Tx, viewer_id: int, id: int) -> list[entities.StatusEdit]:
        """A post's history, oldest first. Raises NotFound."""
        found = shown.history(tx, viewer_id, id)
        post = found.post
        author = self.accounts(tx, [post.author_id])[0]
        quoting = msgspec.json.decode(self.status(tx, viewer_id, id), type=_Quoting) if post.quote_of_id else None
        edits: list[entities.StatusEdit] = []
        for version in found.versions:
            titles = msgspec.json.decode(version.poll_options, type=list[str])
            files = {id: _as_of(version, one) for id, one in found.files.items()}
            edits.append(
                entities.StatusEdit(
                    content=self._html(version.text, post),
                    spoiler_text=version.summary,
                    sensitive=bool(version.sensitive),
                    created_at=iso(version.at_ms),
                    account=author,
                    poll=entities.StatusEditPoll(options=[entities.StatusEditPollOption(title=t) for t in titles])
                    if titles
                    else UNSET,
                    media_attachments=self._attached(
                        post, version.media, files, found.seen.media_epoch_of(post), tx.now_ms
                    ),
                    emojis=self.emojis_in(tx, (version.text, version.summary, *titles)),
                    quote=quoting.quote if quoting else UNSET,  # an edit keeps it
                )
            )
        return edits

    # media and polls

    def media(self, tx: Tx, one: Media) -> entities.MediaAttachment:
        """The attachment for its owner."""
        audience = audience_for_owner(tx, self.site, one.owner_id, one.shown_by)
        return self._media(one, audience, tx.now_ms)

    def own_media(self, tx: Tx, owner_id: int, ids: Collection[int]) -> list[entities.MediaAttachment]:
        """Those of ids that are the owner's and that no post shows, in their order."""
        return [self.media(tx, one) for one in media_files.own(tx, owner_id, ids)]

    def kept_media(self, tx: Tx, ids: Collection[int]) -> dict[int, entities.MediaAttachment]:
        """What belongs to drafts, for their author. One query."""
        found = media_files.by_ids(tx, ids)
        return {id: self._media(one, audience_of(self.site, None), tx.now_ms) for id, one in found.items()}

    def _attached(
        self, post: Post, ids: Collection[int], files: dict[int, Media], media_epoch: int, now_ms: int
    ) -> list[entities.MediaAttachment]:
        audience = audience_of(self.site, post, media_epoch)
        return [self._media(files[id], audience, now_ms) for id in ids if id in files]

    def _media(self, one: Media, audience: str, now_ms: int) -> entities.MediaAttachment:
        url, preview_url = (
            self.base_url + self._addresses.of_media(one, key, audience, now_ms) if key else None
            for key in (one.key if one.state == MediaState.READY else "", one.preview_key)
        )
        return entities.MediaAttachment(
            id=str(one.id),
            type=one.kind,
            url=url,
            preview_url=preview_url,
            remote_url=None,
            preview_remote_url=None,
            text_url=None,
            meta=msgspec.Raw(one.meta.encode()),
            description=one.description or None,
            blurhash=one.blurhash or None,
        )

    def poll(self, tx: Tx, shown: ShownPoll, viewer_id: int) -> entities.Poll:
        poll = shown.poll
        return entities.Poll(
            id=str(poll.id),
            expires_at=iso_or_none(poll.expires_ms),
            expired=shown.ended,
            multiple=bool(poll.multiple),
            votes_count=sum(option.votes for option in shown.options),
            voters_count=poll.voters if poll.multiple else None,
            voted=bool(shown.chosen) or poll.author_id == viewer_id if viewer_id else UNSET,
            own_votes=shown.chosen if viewer_id else UNSET,
            options=[
                entities.PollOption(title=one.title, votes_count=None if shown.totals_hidden else one.votes)
                for one in shown.options
            ],
            emojis=self.emojis_in(tx, [one.title for one in shown.options]),
        )


def _parent(id: int, author_id: int) -> bytes:
    """Zeros where the viewer may not see what the post replies to."""
    return b'"in_reply_to_id":"%d","in_reply_to_account_id":"%d",' % (id, author_id) if id else _NO_PARENT


def _counted(count: PostCounts, flag: PostFlags, pinned: bool | None, *, known: bool) -> bytes:
    """Counters, and for somebody who is logged in their marks."""
    if count is UNCOUNTED and flag is UNFLAGGED and pinned is None:  # most posts of the last hours
        return _UNTOUCHED[known]
    counts = _counts(count.replies, count.boosts, count.favourites, count.quotes)
    marks = _marks(flag.favourited, flag.boosted, flag.bookmarked, flag.muted, pinned) if known else b""
    return counts + marks


_SENSITIVE, _NOT_SENSITIVE = b'"sensitive":true,"account":', b'"sensitive":false,"account":'
_NO_PARENT = b'"in_reply_to_id":null,"in_reply_to_account_id":null,'


@lru_cache(10_000)
def _counts(replies: int, boosts: int, favourites: int, quotes: int) -> bytes:
    return b',"replies_count":%d,"reblogs_count":%d,"favourites_count":%d,"quotes_count":%d,' % (
        *(replies, boosts, favourites),
        quotes,
    )


@lru_cache(100)
def _marks(favourited: bool, boosted: bool, bookmarked: bool, muted: bool, pinned: bool | None) -> bytes:
    """pinned: None unless the post is the viewer's own."""
    marks = entities.StatusMarks(
        favourited=favourited,
        reblogged=boosted,
        bookmarked=bookmarked,
        muted=muted,
        pinned=UNSET if pinned is None else pinned,
    )
    return encode(marks)[1:-1] + b","


_UNTOUCHED = [_counts(0, 0, 0, 0), _counts(0, 0, 0, 0) + _marks(False, False, False, False, None)]


def _filtered(matches: Collection[Match]) -> bytes:
    return b'"filtered":%b,' % encode([filter_result(one) for one in matches]) if matches else b'"filtered":[],'


def _shallow(seen: Seen, post: Post) -> bytes:
    """What a quoted post quotes itself: only named."""
    if not post.quote_of_id:
        return b"null"
    state, quoted = seen.quote_of(post)
    id = b'"%d"' % quoted.id if quoted and state == QuoteState.ACCEPTED else b"null"
    return b'{"state":"%b","quoted_status_id":%b}' % (state.encode(), id)


def _approval(policy: str, *, may: bool) -> bytes:
    automatic = [str(policy)] if policy in (QuotePolicy.PUBLIC, QuotePolicy.FOLLOWERS) else []
    current_user = "automatic" if may else "denied"
    approval = entities.QuoteApproval(automatic=automatic, manual=[], current_user=current_user)
    return b'"quote_approval":%b,' % encode(approval)


# By policy, and whether the viewer may quote the post.
APPROVALS = {(policy, may): _approval(policy, may=may) for policy in ("", *QuotePolicy) for may in (False, True)}


def _end(
    approval: bytes, filtered: bytes, poll: bytes = b"null", quote: bytes = b"null", reblog: bytes = b"null"
) -> bytes:
    return b'%b%b"poll":%b,"quote":%b,"reblog":%b}' % (filtered, approval, poll, quote, reblog)


# By whether somebody is logged in: of posts with nothing but words and files.
_ENDS = [
    {key: _end(approval, _filtered(()) if known else b"") for key, approval in APPROVALS.items()}
    for known in (False, True)
]


def _application(app: App | None) -> entities.StatusApplication | None:
    return entities.StatusApplication(name=app.name, website=app.website or None) if app else None


def _as_of(version: PostVersion, one: Media) -> Media:
    return msgspec.structs.replace(one, description=version.described.get(one.id, one.description))
