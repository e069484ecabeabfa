"""Accounts as Mastodon's entities.

An account is encoded once and cached by its version. The version is read from the database each time, so processes need
not invalidate anything.
"""

from collections.abc import Collection, Iterable
from copy import copy
from typing import Any, Self

import msgspec

from ..access.roles import MASTODONS, Rank
from ..access.sites import Site
from ..errors import NotFound
from ..ports import Tx
from ..social import shown, text
from ..social.collections import COLLECTIONS_MAX
from ..social.media_addresses import Addresses, emoji_path
from ..social.shortcodes import EmojiSet, any_in
from ..social.shown import Kept, Known, Profile
from ..times import day
from ..types import Account, AccountKind, AccountState, Emoji, Presentation
from . import entities
from .collection_entities import FeatureApproval

Json = Any  # an encoded entity: msgspec.Raw

SITES_MAX = 1000  # with a renderer kept for each
encode = msgspec.json.Encoder().encode
UNSET = msgspec.UNSET
# The same for all viewers, so that an account is encoded once: what is said is what holds for whom it does not block.
_FEATURED = FeatureApproval(automatic=["public"], manual=[], current_user="automatic")
_NOT_FEATURED = FeatureApproval(automatic=[], manual=[], current_user="denied")


class AccountRenderer:
    """Functions over a transaction, for db.read."""

    def __init__(self, site: Site, addresses: Addresses, known: Known | None = None) -> None:
        self.site = site
        self.base_url = site.base_url
        self.known = known or Known()
        self._addresses = addresses
        # The last: the version of the emoji that it shows; None: it has no shortcodes.
        self._accounts = Kept[tuple[AccountState, entities.Account, msgspec.Raw, int | None]]()
        self._elsewhere: dict[int, Self] = {}  # by organisation

    def at(self, site: Site) -> Self:
        """A renderer for another site with the same caches: a post or account is shown at one site only."""
        if site is self.site:
            return self
        other = self._elsewhere.get(site.org_id)
        if other is None or other.site is not site:
            other = copy(self)
            other.site, other.base_url = site, site.base_url
            if len(self._elsewhere) >= SITES_MAX:
                self._elsewhere.clear()
            self._elsewhere[site.org_id] = other
        return other

    def accounts(self, tx: Tx, ids: Collection[int]) -> list[Json]:
        """Those of ids that exist at this site, in their order; none that waits to be let in."""
        states = self._states(tx, ids)
        parts = self._account_parts(tx, {id: one for id, one in states.items() if not one.pending})
        return [parts[id] for id in ids if id in parts]

    def account(self, tx: Tx, id: int) -> Json:
        """Raises NotFound."""
        found = self.accounts(tx, [id])
        if not found:
            raise NotFound("account", id)
        return found[0]

    def accounts_by_id(self, tx: Tx, ids: Collection[int]) -> dict[int, Json]:
        """The caller knows that they may be shown."""
        return self._account_parts(tx, self._states(tx, ids))

    def _states(self, tx: Tx, ids: Collection[int]) -> dict[int, AccountState]:
        return {id: one for id, one in shown.states(tx, ids).items() if one.org_id == self.site.org_id}

    def _account_parts(self, tx: Tx, states: dict[int, AccountState]) -> dict[int, Json]:
        parts: dict[int, Json] = {}
        for id, state in states.items():
            if kept := self._accounts.get(id):
                before, entity, part, drawn = kept
                if drawn is not None and drawn != self._drawn(tx):
                    continue
                if before == state:
                    parts[id] = part
                elif (before.changed_ms, before.suspended_ms) == (state.changed_ms, state.suspended_ms):
                    parts[id] = self._keep_account(state, msgspec.structs.replace(entity, **_counts(state)), drawn)
        if missing := states.keys() - parts.keys():
            profiles = shown.profiles(tx, {id: states[id] for id in missing}, self.site)
            led_to = self._led_to(tx, profiles.values())
            for id, profile in profiles.items():
                entity = self.account_entity(tx, profile)
                if target_id := profile.account.moved_to_id:
                    moved = None if profile.account.suspended_ms else led_to.get(target_id)
                    parts[id] = msgspec.Raw(encode(msgspec.structs.replace(entity, moved=moved)))
                    continue  # not kept: the other may change
                drawn = self._drawn(tx) if any_in(_texts(profile)) else None
                parts[id] = self._keep_account(states[id], entity, drawn)
        return parts

    def _led_to(self, tx: Tx, profiles: Iterable[Profile]) -> dict[int, entities.Account]:
        """Those whom accounts that have moved lead to. No query where none has."""
        ids = {one.account.moved_to_id for one in profiles} - {0}
        found = shown.profiles(tx, self._states(tx, ids), self.site) if ids else {}
        return {id: self.account_entity(tx, one) for id, one in found.items()}

    def _keep_account(self, state: AccountState, entity: entities.Account, drawn: int | None) -> Json:
        part = msgspec.Raw(encode(entity))
        self._accounts.keep(state.id, (state, entity, part, drawn))
        return part

    def _drawn(self, tx: Tx) -> int:
        """The version of the emoji that are shown at this site now."""
        return self.emoji_set(tx).version

    def emoji_set(self, tx: Tx) -> EmojiSet:
        return self.known.emojis.of(tx, self.site.org_id)

    def emojis_in(self, tx: Tx, texts: Collection[str]) -> list[entities.CustomEmoji]:
        """Those that the texts show. No query where they have no shortcodes."""
        if not any_in(texts):
            return []
        return self.emojis(self.emoji_set(tx).used_in(texts))

    def emojis(self, found: Iterable[Emoji]) -> list[entities.CustomEmoji]:
        return [
            entities.CustomEmoji(
                shortcode=one.shortcode,
                url=self.base_url + emoji_path(one, one.key),
                static_url=self.base_url + emoji_path(one, one.still_key),
                visible_in_picker=bool(one.listed),
                category=one.category or None,
            )
            for one in found
        ]

    def account_entity(self, tx: Tx, profile: Profile) -> entities.Account:
        """A suspended account shows only its name."""
        account = profile.account
        gone = bool(account.suspended_ms)
        url = self.account_url(account.acct)
        avatar = self._picture(account, account.avatar, "avatar.png")
        header = self._picture(account, account.header, "header.png")
        still = self._picture(account, account.avatar_static or account.avatar, "avatar.png")
        shown_as = Presentation() if gone else profile.presentation
        named = {one.username.lower(): self.account_url(one.username) for one in profile.named}
        return entities.Account(
            id=str(account.id),
            username=account.username,
            acct=account.acct,
            display_name="" if gone else account.display_name,
            locked=bool(account.locked),
            bot=bool(account.bot),
            discoverable=bool(account.discoverable),
            indexable=bool(account.indexable),
            group=account.kind == AccountKind.ROOM,
            created_at=day(account.created_ms) + "T00:00:00.000Z",
            note="" if gone else text.to_html(account.note, named, self.base_url),
            url=url,
            uri=account.uri or url,
            avatar=avatar,
            avatar_static=still,
            avatar_description=shown_as.avatar_description,
            header=header,
            header_static=header,
            header_description=shown_as.header_description,
            hide_collections=bool(account.hide_network),
            show_media=shown_as.show_media,
            show_media_replies=shown_as.show_media_replies,
            show_featured=shown_as.show_featured,
            noindex=not account.discoverable,
            emojis=self.emojis_in(tx, _texts(profile)),
            roles=_badges(self.site.roles.rank(profile.role)),
            fields=[]
            if gone
            else [
                entities.AccountField(name=one.name, value=text.to_html(one.value, named, self.base_url, inline=True))
                for one in profile.fields
            ],
            feature_approval=_FEATURED if account.is_recommended and not gone else _NOT_FEATURED,
            suspended=True if gone else UNSET,
            limited=True if account.silenced_ms else UNSET,
            **_counts(profile.state),
        )

    def _picture(self, account: Account, key: str, otherwise: str) -> str:
        if not key or account.suspended_ms:
            return f"{self.base_url}/static/{otherwise}"
        return self.picture_url(account, key)

    # addresses

    def picture_url(self, account: Account, key: str) -> str:
        return self.base_url + self._addresses.of_profile(account.id, key)

    def account_url(self, username: str) -> str:
        return f"{self.base_url}/@{username}"

    def post_url(self, username: str, id: int) -> str:
        return f"{self.base_url}/@{username}/{id}"

    def tag_url(self, name: str) -> str:
        return text.tag_url(name, self.base_url)


def _texts(profile: Profile) -> list[str]:
    """Those of the profile that show emoji."""
    account = profile.account
    if account.suspended_ms:
        return []
    return [account.display_name, account.note, *(text for one in profile.fields for text in (one.name, one.value))]


def role_entity(rank: Rank) -> entities.RoleEntity:
    return entities.RoleEntity(
        id=str(rank.id),
        name=rank.name,
        permissions=str(int(rank.permissions & MASTODONS)),
        highlighted=rank.highlighted,
        collection_limit=COLLECTIONS_MAX,
    )


def _badges(rank: Rank) -> list[entities.AccountRole]:
    """What of a role everybody may see."""
    return [entities.AccountRole(id=str(rank.id), name=rank.name)] if rank.highlighted else []


def _counts(state: AccountState) -> dict[str, Any]:
    """The part of an account that changes with every post and follow."""
    gone = bool(state.suspended_ms)
    return {
        "followers_count": 0 if gone else state.followers,
        "following_count": 0 if gone else state.followees,
        "statuses_count": 0 if gone else state.posts,
        "last_status_at": day(state.last_post_ms) if state.last_post_ms and not gone else None,
    }
