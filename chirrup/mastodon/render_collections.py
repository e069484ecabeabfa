"""Collections as Mastodon's entities, from social/collections.py."""

from collections.abc import Collection as Many
from collections.abc import Mapping
from html import escape

import msgspec

from ..ports import Tx
from ..social import collection_links, collections
from ..social.collections import Item, Whole
from ..social.push_messages import WORDS
from ..times import iso
from ..types import CollectionItem as ItemRow
from ..types import NotificationKind, Stranger
from . import collection_entities as entities
from .render_accounts import AccountRenderer, Json, encode


def by_ids(tx: Tx, render: AccountRenderer, viewer_id: int, ids: Many[int]) -> dict[int, entities.Collection]:
    """Those of ids that the viewer may see."""
    found = collections.seen(tx, viewer_id, ids)
    return {one.collection.id: collection(render, one) for one in collections.whole(tx, viewer_id, found.values())}


def tagged(tx: Tx, render: AccountRenderer, viewer_id: int, linked: Mapping[int, Many[int]]) -> dict[int, bytes]:
    """By post: its field with those of the collections that it links to which the viewer may see."""
    shown = by_ids(tx, render, viewer_id or Stranger(render.site.org_id), {id for ids in linked.values() for id in ids})
    return {
        post_id: b'"tagged_collections":%b,' % encode([shown[id] for id in ids if id in shown])
        for post_id, ids in linked.items()
    }


def collection(render: AccountRenderer, one: Whole) -> entities.Collection:
    """It counts those of its items that the viewer is shown: another number would tell that somebody is hidden."""
    row = one.collection
    url = f"{render.base_url}{collection_links.PATH}{row.id}"
    return entities.Collection(
        id=str(row.id),
        account_id=str(row.account_id),
        uri=url,
        url=url,
        name=row.name,
        description=escape(row.description, quote=False),
        language=row.language or None,
        local=True,
        sensitive=bool(row.sensitive),
        discoverable=bool(row.discoverable),
        tag=entities.ShallowTag(name=row.tag, url=render.tag_url(row.tag)) if row.tag else None,
        created_at=iso(row.created_ms),
        updated_at=iso(row.changed_ms),
        item_count=len(one.items),
        items=[_item(item) for item in one.items],
    )


def _item(one: Item) -> entities.CollectionItem:
    return item(one.item, wanted=one.wanted)


def item(row: ItemRow, *, wanted: bool = True) -> entities.CollectionItem:
    """wanted: the account wants to be found. If not, it is as one that was not asked yet."""
    return entities.CollectionItem(
        id=str(row.id),
        account_id=str(row.account_id),
        state="accepted" if wanted else "pending",
        created_at=iso(row.created_ms),
    )


class _Named(msgspec.Struct):
    username: str
    display_name: str


_named = msgspec.json.Decoder(_Named).decode


def in_words(kind: str, account: Json, about: entities.Collection) -> entities.NotificationFallback:
    """account: who did it."""
    who = _named(account)
    return entities.NotificationFallback(
        title=WORDS[NotificationKind(kind)].format(name=escape(who.display_name or who.username)),
        summary=escape(about.name),
        details=f'<p><a href="{about.url}">{escape(about.name)}</a></p>',
    )
