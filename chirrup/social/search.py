"""What can be searched: posts one may see, accounts, hashtags. The words are kept by engines/search."""

from .. import events
from ..events import Signal
from ..ports import Tx
from ..store import accounts, posts


def on_published(tx: Tx, event: events.PostPublished | events.PostEdited) -> list[tuple[str, Signal]]:
    post = posts.by_id(tx, event.post_id)
    if post and not post.boost_of_id:
        tx.search.index_post(tx, post.id, post.author_id, f"{post.summary}\n{post.text}")
    return []


def on_deleted(tx: Tx, event: events.PostDeleted) -> list[tuple[str, Signal]]:
    tx.search.remove_post(tx, event.post_id)
    return []


def on_account_changed(tx: Tx, event: events.AccountChanged) -> list[tuple[str, Signal]]:
    account = accounts.by_id(tx, event.of)
    if account and not account.suspended_ms:
        tx.search.index_account(tx, account.id, account.username, account.display_name)
    else:
        tx.search.remove_account(tx, event.of)
    return []
