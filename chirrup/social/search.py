"""Finding accounts and hashtags; posts are found by timelines/pull.py. The words are kept by engines/search."""

import re
from contextlib import suppress

from .. import events
from ..access import visibility
from ..errors import NotFound
from ..events import Signal
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts, follows
from ..store import tags as tag_rows
from ..types import Tag
from . import tags
from .accounts import by_acct
from .text import hashtag_key

CHARS_MAX = 500  # of a question; what is beyond is not read
DEEPEST = 1000  # how many results one can page through
FOLLOWEES_TRIED = 2000  # accounts looked through for those that are followed


def find_accounts(
    tx: Tx, viewer_id: int, asked: str, domain: str, *, limit: int, offset: int = 0, followed: bool = False
) -> list[int]:
    """Whoever has just this handle first, then those whose names have words that begin like these.

    Suspended accounts are not found, those that viewer_id blocks are. followed: only accounts viewer_id follows.
    """
    if asked.startswith("#"):
        return []
    name, _, host = asked.removeprefix("@").partition("@")
    if host and host.casefold() != domain.casefold():
        return []
    found = tx.search.find_accounts(tx, name, limit=FOLLOWEES_TRIED if followed else offset + limit)
    with suppress(NotFound):
        found = [by_acct(tx, name, domain).id, *found]
    found = list(dict.fromkeys(found))
    if followed:
        among = follows.among(tx, viewer_id, found)
        found = [id for id in found if id in among]
    else:
        found = found[: offset + limit]
    there = accounts.by_ids(tx, found)
    return [id for id in found if id in there and not there[id].suspended_ms][offset : offset + limit]


def find_tags(tx: Tx, asked: str, *, limit: int, offset: int = 0) -> list[Tag]:
    """Hashtags that begin like asked, with or without its sign, in the order of their names."""
    start = hashtag_key(asked.removeprefix("#"))
    if not start or not tags.name_of(f"{start}x"):
        return []
    return tag_rows.beginning(tx, start, limit=limit, offset=offset)


def author_asked(tx: Tx, viewer_id: int, asked: str, domain: str) -> tuple[str, int]:
    """(the words to look for, whose posts alone) of a question with `from:me` or `from:name`; 0: anybody's.

    Raises NotFound: from: somebody who is not here.
    """
    words = [word for word in asked.split() if not word.startswith("from:")]
    names = [word.removeprefix("from:") for word in asked.split() if word.startswith("from:")]
    ids = {viewer_id if name == "me" else by_acct(tx, name, domain).id for name in names}
    if len(ids) > 1:
        raise NotFound("author", asked[:40])
    return " ".join(words), min(ids, default=0)


_ADDRESS = re.compile(r"/@([A-Za-z0-9_]{1,30})(?:/([0-9]{1,19}))?/?")


def named_by(tx: Tx, viewer_id: int, address: str, base_url: str) -> tuple[int, int]:
    """(account id, post id) that an address of this server names; one of them is 0, both for any other text.

    A post only where viewer_id may see it: else its address is a text like any other.
    """
    match = _ADDRESS.fullmatch(address.removeprefix(base_url)) if address.startswith(base_url) else None
    if not match:
        return 0, 0
    with suppress(NotFound):
        account = by_acct(tx, match[1], "")
        if not match[2]:
            return account.id, 0
        post = visibility.see_one(tx, viewer_id, min(int(match[2]), ID_MAX))
        return (0, post.id) if post and post.author_id == account.id else (0, 0)
    return 0, 0


# what is kept to be found


def on_account_changed(tx: Tx, event: events.AccountChanged) -> list[tuple[str, Signal]]:
    account = accounts.by_id(tx, event.of)
    if account and not account.suspended_ms:
        tx.search.index_account(tx, account.id, account.username, account.display_name)
    else:
        tx.search.remove_account(tx, event.of)
    return []
