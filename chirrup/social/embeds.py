"""Posts that other web sites may show in a frame: open ones, of accounts that want to be found."""

from ..access.visibility import OPEN
from ..errors import NotFound
from ..ports import Tx
from ..store import accounts as account_rows
from ..types import Account, Post, Stranger
from . import posts, search


def may(post: Post, author: Account) -> bool:
    """Whether other sites may show the post."""
    return post.visibility in OPEN and bool(author.discoverable and author.indexable)


def get(tx: Tx, id: int, org_id: int) -> tuple[Post, Account]:
    """The post and its author; behind a boost, what that boosts. Raises NotFound: absent, hidden, not wanted there."""
    post = posts.original(tx, Stranger(org_id), id)
    author = account_rows.by_id(tx, post.author_id)
    if author is None or not may(post, author):
        raise NotFound("post", id)
    return post, author


def by_url(tx: Tx, url: str, base_url: str, org_id: int) -> tuple[Post, Account]:
    """get() by its address at base_url."""
    _, id = search.named_by(tx, Stranger(org_id), url.removesuffix("/embed"), base_url, org_id)
    if not id:
        raise NotFound("post", url[:100])
    return get(tx, id, org_id)
