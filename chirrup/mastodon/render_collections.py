"""Collections as Mastodon's entities, from social/collections.py."""

from html import escape

from ..social.collections import Item, Whole
from ..times import iso
from ..types import CollectionItem as ItemRow
from . import collection_entities as entities
from .render_accounts import AccountRenderer


def collection(render: AccountRenderer, one: Whole) -> entities.Collection:
    """It counts those of its items that the viewer is shown: another number would tell that somebody is hidden."""
    row = one.collection
    url = f"{render.base_url}/collections/{row.id}"
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
