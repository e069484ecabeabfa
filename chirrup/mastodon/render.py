"""Our posts and accounts as Mastodon's entities. Always lists: forty posts cost the queries of one.

The part of a post or account that is the same for everybody is encoded once and kept by its version, which is read
from the database each time: nothing has to be invalidated, in no number of processes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from ..access import visibility
from ..access.visibility import Seen
from ..config import Settings
from ..errors import NotFound
from ..ids import ms_of
from ..ports import Tx
from ..social import media as media_files
from ..social import mentions, tags, text
from ..social.media import SLOT_MS, Addresses
from ..store import accounts, media, polls, posts, reactions
from ..store import apps as app_rows
from ..timelines.once import Excerpt
from ..times import day, iso, iso_or_none
from ..types import (
    Account,
    AccountState,
    Conversation,
    FeaturedTag,
    Field,
    Media,
    Notification,
    Poll,
    Post,
    PostCounts,
    PostFlags,
    PostVersion,
    Role,
    Visibility,
)
from . import entities

KEPT = 20_000  # renderings of each kind kept in memory
UNCOUNTED = PostCounts(0)
UNFLAGGED = PostFlags()
_encode = msgspec.json.Encoder().encode
_ids = msgspec.json.Decoder(list[int]).decode
_decode_fields = msgspec.json.Decoder(list[Field]).decode
_UNSET = msgspec.UNSET

Named = Mapping[str, str]  # addresses of profiles by username in lower case
Json = Any  # an entity, ready encoded: msgspec.Raw


class Renderer:
    """Functions over a transaction, to be given to db.read. One per process: it holds the kept renderings."""

    def __init__(self, settings: Settings, addresses: Addresses) -> None:
        self.base_url = settings.base_url
        self._domain = settings.domain
        self._addresses = addresses
        self._known: dict[int, Post] = {}
        self._posts: dict[int, tuple[tuple[int, int], bytes]] = {}
        self._accounts: dict[int, tuple[AccountState, entities.Account, msgspec.Raw]] = {}
        self._apps: dict[int, entities.StatusApplication | None] = {0: None}

    # posts

    def statuses(self, tx: Tx, viewer_id: int, ids: Collection[int], excerpt: Excerpt | None = None) -> list[Json]:
        """Those of ids that the viewer may see, in their order. excerpt: of a timeline, that shows fewer."""
        parts = self.statuses_by_id(tx, viewer_id, ids, excerpt)
        return [parts[id] for id in ids if id in parts]

    def status(self, tx: Tx, viewer_id: int, id: int) -> Json:
        """Raises NotFound: absent or hidden."""
        found = self.statuses(tx, viewer_id, [id])
        if not found:
            raise NotFound("post", id)
        return found[0]

    def statuses_by_id(
        self, tx: Tx, viewer_id: int, ids: Collection[int], excerpt: Excerpt | None = None
    ) -> dict[int, Json]:
        """The same by their ids. What is shown with them is asked for beside the question who may see them."""
        found = visibility.find(tx, ids, self._known)
        if not found.posts:
            return {}
        if excerpt:
            found = excerpt.beside(tx, found)
        for read in found:
            for id, post in read.items():
                if self._known.get(id) is not post:
                    _keep(self._known, id, post)
        seen, *parts = tx.together(
            lambda: visibility.judge(tx, viewer_id, found), *self._questions(tx, viewer_id, found.posts.values())
        )
        shown = excerpt.shown(seen) if excerpt else [id for id in ids if id in seen.posts]
        return dict(zip(shown, self._whole(tx, seen, shown, *parts), strict=True))

    def seen(self, tx: Tx, seen: Seen, ids: Iterable[int]) -> list[Json]:
        """Posts that the oracle has let through already."""
        if not seen.posts:
            return []
        return self._whole(tx, seen, ids, *tx.together(*self._questions(tx, seen.viewer_id, seen.posts.values())))

    def _questions(self, tx: Tx, viewer_id: int, found: Collection[Post]) -> list[Callable[[], Any]]:
        """What _whole() is to be given of found."""
        plain = [post for post in found if not post.boost_of_id]
        return [
            lambda: posts.counts(tx, [post.id for post in plain]),
            lambda: reactions.flags(tx, viewer_id, plain),
            lambda: self._fixed_parts(tx, found),
            lambda: self._polls(tx, viewer_id, plain),
        ]

    def _whole(
        self,
        tx: Tx,
        seen: Seen,
        ids: Iterable[int],
        counts: dict[int, PostCounts],
        flags: dict[int, PostFlags],
        fixed: dict[int, bytes],
        voting: dict[int, entities.Poll],
    ) -> list[Json]:
        authors = self._account_parts(tx, seen.accounts)
        known = bool(seen.viewer_id)

        def parents(post: Post) -> tuple[str | None, str | None]:
            id, author_id = seen.parent_of(post)
            return (str(id), str(author_id)) if id else (None, None)

        def whole(post: Post, original: Post, reblog: Json = None) -> Json:
            count = counts.get(original.id, UNCOUNTED)
            flag = flags.get(original.id, UNFLAGGED)
            parent_id, parent_author_id = parents(post) if post.reply_to_id else (_UNSET, _UNSET)
            live = _encode(
                entities.StatusLive(
                    in_reply_to_id=parent_id,
                    in_reply_to_account_id=parent_author_id,
                    account=authors[post.author_id],
                    replies_count=count.replies,
                    reblogs_count=count.boosts,
                    favourites_count=count.favourites,
                    favourited=flag.favourited if known else _UNSET,
                    reblogged=flag.boosted if known else _UNSET,
                    bookmarked=flag.bookmarked if known else _UNSET,
                    muted=flag.muted if known else _UNSET,
                    pinned=flag.pinned if post.author_id == seen.viewer_id and not post.boost_of_id else _UNSET,
                    poll=voting.get(post.poll_id),
                    reblog=reblog,
                )
            )
            return msgspec.Raw(fixed[post.id] + live[1:])

        shown: list[Json] = []
        for post in filter(None, map(seen.posts.get, ids)):
            if post.boost_of_id:
                original = seen.posts[post.boost_of_id]
                shown.append(whole(post, original, whole(original, original)))
            else:
                shown.append(whole(post, post))
        return shown

    def _fixed_parts(self, tx: Tx, found: Collection[Post]) -> dict[int, bytes]:
        """`{…,` by post id: to be followed by the live part without its brace."""
        parts: dict[int, bytes] = {}
        missing: list[Post] = []
        slot = tx.now_ms // SLOT_MS  # addresses of media that not everybody may see end after a while
        for post in found:
            version = (post.changed_ms, slot if _is_private(post) else 0)
            kept = self._posts.get(post.id)
            if kept and kept[0] == version:
                parts[post.id] = kept[1]
            else:
                missing.append(post)
        if missing:
            files = media.by_ids(tx, {id for post in missing for id in post.media})
            self._load_apps(tx, {post.app_id for post in missing})
            authors = accounts.by_ids(
                tx, {p.author_id for p in missing} | {p.author_id for p in found if p.boost_of_id}
            )
            for post in missing:
                parts[post.id] = _encode(self._fixed(post, authors, files, tx.now_ms))[:-1] + b","
                version = (post.changed_ms, slot if _is_private(post) else 0)
                _keep(self._posts, post.id, (version, parts[post.id]))
        return parts

    def _fixed(
        self, post: Post, authors: dict[int, Account], files: dict[int, Media], now_ms: int
    ) -> entities.StatusFixed:
        url = self.post_url(authors[post.author_id].username, post.id)
        mentioned = post.mentioned
        return entities.StatusFixed(
            id=str(post.id),
            created_at=iso(post.created_ms),
            edited_at=iso_or_none(post.edited_ms),
            sensitive=bool(post.sensitive),
            spoiler_text=post.summary,
            visibility=post.visibility,
            language=post.language or None,
            uri=url,
            url=url,
            content=self.html(post) if post.text else "",
            media_attachments=[
                self._media(files[id], private=_is_private(post), now_ms=now_ms) for id in post.media if id in files
            ],
            mentions=[
                entities.StatusMention(
                    id=str(one.account_id), username=one.username, url=self.account_url(one.username), acct=one.username
                )
                for one in mentioned
            ],
            tags=[entities.StatusTag(name=name.lower(), url=self.tag_url(name)) for name in post.tag_names],
            emojis=[],
            application=self._apps.get(post.app_id),
            card=None,
            in_reply_to_id=_UNSET if post.reply_to_id else None,
            in_reply_to_account_id=_UNSET if post.reply_to_id else None,
        )

    def html(self, post: Post | PostVersion) -> str:
        mentioned = post.mentioned if isinstance(post, Post) else []
        links = {one.username.lower(): self.account_url(one.username) for one in mentioned}
        return text.to_html(post.text, links, self.base_url)

    def _load_apps(self, tx: Tx, ids: set[int]) -> None:
        missing = ids - self._apps.keys()
        if missing:
            found = app_rows.by_ids(tx, missing)
            self._apps |= {
                id: entities.StatusApplication(name=app.name, website=app.website or None) for id, app in found.items()
            }

    def edits(self, tx: Tx, viewer_id: int, versions: list[PostVersion]) -> list[entities.StatusEdit]:
        """A post's history, oldest first, as posts.history gave it."""
        post = visibility.see_one(tx, viewer_id, versions[0].post_id)
        if post is None:
            raise NotFound("post", versions[0].post_id)
        author = self.accounts(tx, [post.author_id])[0]
        decode = msgspec.json.decode
        files = media.by_ids(tx, {id for version in versions for id in version.media})
        edits: list[entities.StatusEdit] = []
        for version in versions:
            titles = decode(version.poll_options, type=list[str])
            links = {one.username.lower(): self.account_url(one.username) for one in post.mentioned}
            edits.append(
                entities.StatusEdit(
                    content=text.to_html(version.text, links, self.base_url),
                    spoiler_text=version.summary,
                    sensitive=bool(version.sensitive),
                    created_at=iso(version.at_ms),
                    account=author,
                    poll=entities.StatusEditPoll(options=[entities.StatusEditPollOption(title=t) for t in titles])
                    if titles
                    else _UNSET,
                    media_attachments=[
                        self._media(_as_of(version, files[id]), private=_is_private(post), now_ms=tx.now_ms)
                        for id in version.media
                        if id in files
                    ],
                    emojis=[],
                )
            )
        return edits

    def conversations(self, tx: Tx, viewer_id: int, found: Collection[Conversation]) -> list[entities.Conversation]:
        """The viewer's own, in their order."""
        others = {one.id: _ids(one.participants) for one in found}
        people = self.accounts_by_id(tx, {id for ids in others.values() for id in ids})
        shown = self.statuses_by_id(tx, viewer_id, [one.last_post_id for one in found])
        return [
            entities.Conversation(
                id=str(one.id),
                unread=bool(one.unread),
                accounts=[people[id] for id in others[one.id] if id in people],
                last_status=shown.get(one.last_post_id),
            )
            for one in found
        ]

    # hashtags

    def tag(self, one: tags.Shown, *, known: bool = True) -> entities.Tag:
        """known: somebody in particular looks."""
        return entities.Tag(
            id=str(one.id),
            name=one.name,
            url=self.tag_url(one.name),
            history=[
                entities.TagHistory(
                    day=str(use.day * tags.DAY_MS // 1000), uses=str(use.uses), accounts=str(use.accounts)
                )
                for use in one.history
            ],
            following=one.following if known else _UNSET,
            featuring=one.featuring if known else _UNSET,
        )

    def featured_tag(self, one: FeaturedTag, username: str) -> entities.FeaturedTag:
        return entities.FeaturedTag(
            id=str(one.id),
            name=one.name,
            url=f"{self.account_url(username)}/tagged/{quote(one.tag, safe='')}",
            statuses_count=one.posts,
            last_status_at=iso_or_none(one.last_post_ms),
        )

    # what is told

    def notifications(self, tx: Tx, viewer_id: int, told: Collection[Notification]) -> list[entities.Notification]:
        """In their order; the caller has asked social/notifications.py which ones the viewer may see."""
        by_whom = self.accounts_by_id(tx, {one.from_id for one in told})
        about = self.statuses_by_id(tx, viewer_id, {one.post_id for one in told if one.post_id})
        return [
            entities.Notification(
                id=str(one.id),
                type=one.kind,
                created_at=iso(ms_of(one.id)),
                group_key=f"ungrouped-{one.id}",
                account=by_whom[one.from_id],
                status=about[one.post_id] if one.post_id else _UNSET,
            )
            for one in told
        ]

    # media and polls

    def media(self, tx: Tx, one: Media) -> entities.MediaAttachment:
        """For its owner."""
        return self._media(one, private=media_files.is_private(tx, one), now_ms=tx.now_ms)

    def own_media(self, tx: Tx, ids: Collection[int]) -> list[entities.MediaAttachment]:
        """For their owner, in their order."""
        found = media.by_ids(tx, ids)
        return [self.media(tx, found[id]) for id in ids if id in found]

    def _media(self, one: Media, *, private: bool, now_ms: int) -> entities.MediaAttachment:
        url, preview_url = (
            self.base_url + self._addresses.of_media(one, key, private=private, now_ms=now_ms)
            for key in (one.key, one.preview_key)
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

    def _polls(self, tx: Tx, viewer_id: int, found: Collection[Post]) -> dict[int, entities.Poll]:
        ids = [post.poll_id for post in found if post.poll_id]
        return self.polls(tx, viewer_id, ids) if ids else {}

    def polls(self, tx: Tx, viewer_id: int, ids: Collection[int]) -> dict[int, entities.Poll]:
        """By poll id; the caller has asked the oracle for their posts."""
        options, votes = polls.options(tx, ids), polls.votes_of(tx, viewer_id, ids) if viewer_id else {}
        return {
            id: self._poll(tx, poll, options[id], votes.get(id, []), viewer_id)
            for id, poll in polls.by_ids(tx, ids).items()
        }

    def _poll(self, tx: Tx, poll: Poll, options: list[Any], own: list[int], viewer_id: int) -> entities.Poll:
        expired = bool(poll.expires_ms) and poll.expires_ms <= tx.now_ms
        hidden = bool(poll.hide_totals) and not expired
        return entities.Poll(
            id=str(poll.id),
            expires_at=iso_or_none(poll.expires_ms),
            expired=expired,
            multiple=bool(poll.multiple),
            votes_count=sum(option.votes for option in options),
            voters_count=poll.voters if poll.multiple else None,
            voted=bool(own) or poll.author_id == viewer_id if viewer_id else _UNSET,
            own_votes=own if viewer_id else _UNSET,
            options=[entities.PollOption(title=o.title, votes_count=None if hidden else o.votes) for o in options],
            emojis=[],
        )

    # accounts

    def accounts(self, tx: Tx, ids: Collection[int]) -> list[Json]:
        """Those of ids that exist, in their order."""
        parts = self.accounts_by_id(tx, ids)
        return [parts[id] for id in ids if id in parts]

    def account(self, tx: Tx, id: int) -> Json:
        """Raises NotFound."""
        found = self.accounts(tx, [id])
        if not found:
            raise NotFound("account", id)
        return found[0]

    def accounts_by_id(self, tx: Tx, ids: Collection[int]) -> dict[int, Json]:
        return self._account_parts(tx, accounts.states(tx, ids))

    def _account_parts(self, tx: Tx, states: dict[int, AccountState]) -> dict[int, Json]:
        parts: dict[int, Json] = {}
        for id, state in states.items():
            if kept := self._accounts.get(id):
                before, entity, part = kept
                if before == state:
                    parts[id] = part
                elif (before.changed_ms, before.suspended_ms) == (state.changed_ms, state.suspended_ms):
                    parts[id] = self._keep_account(state, msgspec.structs.replace(entity, **_counts(state)))
        missing = states.keys() - parts.keys()
        if not missing:
            return parts
        found, roles = tx.together(lambda: accounts.by_ids(tx, missing), lambda: accounts.roles(tx, missing))
        named = self.named(tx, found.values())
        for id, account in found.items():
            entity = self.account_entity(account, states[id], roles.get(id, ""), named)
            parts[id] = self._keep_account(states[id], entity)
        return parts

    def _keep_account(self, state: AccountState, entity: entities.Account) -> Json:
        part = msgspec.Raw(_encode(entity))
        _keep(self._accounts, state.id, (state, entity, part))
        return part

    def named(self, tx: Tx, profiles: Collection[Account]) -> Named:
        """Whom these profiles mention."""
        texts = [words for one in profiles for words in (one.note, *(f.value for f in _decode_fields(one.fields)))]
        found = mentions.named_in_profiles(tx, texts, self._domain)
        return {one.username.lower(): self.account_url(one.username) for one in found}

    def account_entity(self, account: Account, state: AccountState, role: str, named: Named) -> entities.Account:
        """A suspended account shows its name and nothing else."""
        gone = bool(account.suspended_ms)
        url = self.account_url(account.username)
        avatar = self._picture(account, account.avatar, "avatar.png")
        header = self._picture(account, account.header, "header.png")
        still = self._picture(account, account.avatar_static or account.avatar, "avatar.png")
        return entities.Account(
            id=str(account.id),
            username=account.username,
            acct=account.username,
            display_name="" if gone else account.display_name,
            locked=bool(account.locked),
            bot=bool(account.bot),
            discoverable=bool(account.discoverable),
            indexable=bool(account.indexable),
            group=False,
            created_at=day(account.created_ms) + "T00:00:00.000Z",
            note="" if gone else text.to_html(account.note, named, self.base_url),
            url=url,
            uri=url,
            avatar=avatar,
            avatar_static=still,
            header=header,
            header_static=header,
            hide_collections=bool(account.hide_network),
            noindex=not account.discoverable,
            emojis=[],
            roles=[role_entity(role)] if role else [],
            fields=[] if gone else self.fields(account, named),
            suspended=True if gone else _UNSET,
            **_counts(state),
        )

    def _picture(self, account: Account, key: str, otherwise: str) -> str:
        if not key or account.suspended_ms:
            return f"{self.base_url}/static/{otherwise}"
        return self.base_url + self._addresses.of_profile(account.id, key)

    def fields(self, account: Account, named: Named | None) -> list[entities.AccountField]:
        """The profile's table; named None: as its owner typed it."""
        return [
            entities.AccountField(
                name=one.name,
                value=one.value if named is None else text.to_html(one.value, named, self.base_url, inline=True),
            )
            for one in _decode_fields(account.fields)
        ]

    # addresses

    def account_url(self, username: str) -> str:
        return f"{self.base_url}/@{username}"

    def post_url(self, username: str, id: int) -> str:
        return f"{self.base_url}/@{username}/{id}"

    def tag_url(self, name: str) -> str:
        return text.tag_url(name, self.base_url)


PERMISSIONS = {Role.USER: "0", Role.ADMIN: "1"}  # Mastodon's bit 0x1: may do everything


def role_entity(role: str) -> entities.RoleEntity:
    if role == Role.ADMIN:
        return entities.RoleEntity(id="3", name="Admin", permissions=PERMISSIONS[Role.ADMIN], highlighted=True)
    return entities.RoleEntity(id="-99", name="", permissions=PERMISSIONS[Role.USER])


def _counts(state: AccountState) -> dict[str, Any]:
    """The part of an account that changes with every post and follow."""
    gone = bool(state.suspended_ms)
    return {
        "followers_count": 0 if gone else state.followers,
        "following_count": 0 if gone else state.followees,
        "statuses_count": 0 if gone else state.posts,
        "last_status_at": day(state.last_post_ms) if state.last_post_ms and not gone else None,
    }


def _as_of(version: PostVersion, one: Media) -> Media:
    return msgspec.structs.replace(one, description=version.described.get(one.id, one.description))


def _is_private(post: Post) -> bool:
    return post.media_ids != "[]" and post.visibility in (Visibility.FOLLOWERS, Visibility.DIRECT)


def _keep(kept: dict[int, Any], id: int, value: Any) -> None:
    if len(kept) >= KEPT:
        for oldest in list(kept)[: KEPT // 10]:
            kept.pop(oldest, None)
    kept[id] = value
