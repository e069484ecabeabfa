"""Collections: accounts that one account recommends to others."""

import msgspec

from ..ids import ms_of


class Collection(msgspec.Struct, frozen=True):
    """Columns of `collections`."""

    id: int
    account_id: int  # whose it is
    name: str
    description: str
    language: str  # "": not told
    tag: str  # as written, without "#"; "": none
    sensitive: int
    discoverable: int  # 1: it is shown on its owner's profile; 0: to whoever knows its address
    changed_ms: int  # its words; not who is in it

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)


class CollectionItem(msgspec.Struct, frozen=True):
    """An account in a collection. Columns of `collection_items`."""

    id: int
    collection_id: int
    account_id: int
    revoked_ms: int  # when the account took itself out, for good: nobody is shown it; 0: it did not

    @property
    def created_ms(self) -> int:
        return ms_of(self.id)
