"""Links to collections in posts, which are shown with them."""

from collections.abc import Collection as Many

from ..ports import Tx
from ..store import blocks_and_mutes
from ..store import collections as rows
from . import text

PATH = "/collections/"  # before the id in its address
LINKS_MAX = 5  # in one post, that are shown with it


def linked_in(words: str, base_url: str = "") -> tuple[int, ...]:
    """The ids of those that a text has the address of, at this site; "": at any. At most LINKS_MAX."""
    if PATH not in words:
        return ()
    found = [link.value.rpartition(PATH) for link in text.extract(words).urls]
    ids = [id for site, _, id in found if site == (base_url or site) and id.isascii() and id.isdigit() and len(id) < 19]
    return tuple(dict.fromkeys(map(int, ids)))[:LINKS_MAX]


def told_apart(tx: Tx, ids: Many[int], viewers: Many[int]) -> set[int]:
    """Those of viewers to whom one of these collections may look otherwise than to somebody without a login."""
    found = rows.by_ids(tx, ids)
    people = {one.account_id for one in (*found.values(), *rows.items(tx, found.keys()))}
    return (people & set(viewers)) | blocks_and_mutes.concerned(tx, people, viewers)
