"""Filters with their keywords and posts: all of one account together, for they are few and looked at together."""

from collections.abc import Collection, Iterable

from ..ids import bucket_of
from ..ports import Tx
from ..types import Filter, FilterKeyword, FilterPost

_FILTER = ", ".join(Filter.__struct_fields__)
_KEYWORD = ", ".join(FilterKeyword.__struct_fields__)
_POST = ", ".join(FilterPost.__struct_fields__)


def of_account(tx: Tx, account_id: int) -> list[Filter]:
    """The first made first."""
    rows = tx.all(
        f"SELECT {_FILTER} FROM filters WHERE bucket = :bucket AND account_id = :account ORDER BY id",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [Filter(*row) for row in rows]


def keywords(tx: Tx, account_id: int) -> list[FilterKeyword]:
    """Those of all its filters, the first added first."""
    rows = tx.all(
        f"SELECT {_KEYWORD} FROM filter_keywords WHERE bucket = :bucket AND account_id = :account ORDER BY id",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [FilterKeyword(*row) for row in rows]


def posts(tx: Tx, account_id: int) -> list[FilterPost]:
    """Those of all its filters, the first added first."""
    rows = tx.all(
        f"SELECT {_POST} FROM filter_posts WHERE bucket = :bucket AND account_id = :account ORDER BY id",
        bucket=bucket_of(account_id),
        account=account_id,
    )
    return [FilterPost(*row) for row in rows]


def insert(tx: Tx, made: Filter) -> None:
    tx.run(
        """INSERT INTO filters (bucket, account_id, id, title, contexts, action, expires_ms)
           VALUES (:bucket, :account, :id, :title, :contexts, :action, :expires)""",
        id=made.id,
        **_values(made),
    )


def update(tx: Tx, changed: Filter) -> None:
    tx.run(
        """UPDATE filters SET title = :title, contexts = :contexts, action = :action, expires_ms = :expires
           WHERE bucket = :bucket AND account_id = :account AND id = :id""",
        id=changed.id,
        **_values(changed),
    )


def _values(one: Filter) -> dict[str, object]:
    return {
        "bucket": bucket_of(one.account_id),
        "account": one.account_id,
        "title": one.title,
        "contexts": one.contexts,
        "action": one.action,
        "expires": one.expires_ms,
    }


def delete(tx: Tx, account_id: int, id: int) -> None:
    """With all that is in it."""
    delete_all_keywords(tx, account_id, id)
    delete_all_posts(tx, account_id, id)
    tx.run(
        "DELETE FROM filters WHERE bucket = :bucket AND account_id = :account AND id = :id",
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
    )


def delete_all_keywords(tx: Tx, account_id: int, filter_id: int) -> None:
    tx.run(
        "DELETE FROM filter_keywords WHERE bucket = :bucket AND account_id = :account AND filter_id = :filter",
        bucket=bucket_of(account_id),
        account=account_id,
        filter=filter_id,
    )


def delete_all_posts(tx: Tx, account_id: int, filter_id: int) -> None:
    tx.run(
        "DELETE FROM filter_posts WHERE bucket = :bucket AND account_id = :account AND filter_id = :filter",
        bucket=bucket_of(account_id),
        account=account_id,
        filter=filter_id,
    )


def insert_keywords(tx: Tx, made: Iterable[FilterKeyword]) -> None:
    tx.many(
        """INSERT INTO filter_keywords (bucket, account_id, id, filter_id, keyword, whole_word)
           VALUES (:bucket, :account, :id, :filter, :keyword, :whole)""",
        [{**_of_keyword(one), "filter": one.filter_id} for one in made],
    )


def update_keywords(tx: Tx, changed: Iterable[FilterKeyword]) -> None:
    tx.many(
        """UPDATE filter_keywords SET keyword = :keyword, whole_word = :whole
           WHERE bucket = :bucket AND account_id = :account AND id = :id""",
        [_of_keyword(one) for one in changed],
    )


def _of_keyword(one: FilterKeyword) -> dict[str, object]:
    return {
        "bucket": bucket_of(one.account_id),
        "account": one.account_id,
        "id": one.id,
        "keyword": one.keyword,
        "whole": one.whole_word,
    }


def delete_keywords(tx: Tx, account_id: int, ids: Collection[int]) -> None:
    tx.run(
        f"""DELETE FROM filter_keywords
            WHERE bucket = :bucket AND account_id = :account AND {tx.sql.is_in("id", "ids")}""",
        bucket=bucket_of(account_id),
        account=account_id,
        ids=ids,
    )


def insert_post(tx: Tx, made: FilterPost) -> None:
    tx.run(
        """INSERT INTO filter_posts (bucket, account_id, id, filter_id, post_id)
           VALUES (:bucket, :account, :id, :filter, :post)""",
        bucket=bucket_of(made.account_id),
        account=made.account_id,
        id=made.id,
        filter=made.filter_id,
        post=made.post_id,
    )


def delete_post(tx: Tx, account_id: int, id: int) -> None:
    """id: of the row, not of the post."""
    tx.run(
        "DELETE FROM filter_posts WHERE bucket = :bucket AND account_id = :account AND id = :id",
        bucket=bucket_of(account_id),
        account=account_id,
        id=id,
    )


# what tells readers that they have changed: a column of the account, which is read with every page for its owner


def set_version(tx: Tx, account_id: int, version: int) -> None:
    """0: there are none."""
    tx.run(
        "UPDATE accounts SET filters_version = :version WHERE bucket = :bucket AND id = :id",
        version=version,
        bucket=bucket_of(account_id),
        id=account_id,
    )


def versions(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    """By account, of those among ids that have filters."""
    found = tx.by_ids(f"SELECT id, filters_version FROM accounts WHERE {tx.sql.ids_in('id', 'ids')}", _version, ids)
    return {id: version for id, version in found.items() if version}


def _version(_: int, version: int) -> int:
    return version
