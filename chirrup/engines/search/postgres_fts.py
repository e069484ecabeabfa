"""Full text in PostgreSQL: tsvector and GIN, which keep the words that words.py finds.

Vectors and questions are put together here, so that neither the server's dictionaries nor its parser have a say.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from ...ids import bucket_of
from ...ports import Tx
from ...words import Phrase, asked, words

# As in store/schema/: what the bucket of each table is taken from.
TABLES = {"post_words": "post_id", "account_words": "account_id"}


INSERT_POST = "INSERT INTO post_words (post_id, bucket, words) VALUES (:id, :bucket, CAST(:words AS TSVECTOR))"


class PostgresFts:
    """See ports.Search."""

    tables: Mapping[str, str] = TABLES

    def create(self, tx: Tx) -> None:
        if ("post_words",) in tx.all(tx.sql.relations):  # else its indexes' making would wait for all who write
            return
        tx.run("""CREATE TABLE IF NOT EXISTS post_words (
                    post_id BIGINT NOT NULL, bucket INTEGER NOT NULL, words TSVECTOR NOT NULL,
                    PRIMARY KEY (post_id, bucket))""")
        tx.run("CREATE INDEX IF NOT EXISTS post_words_words ON post_words USING GIN (words)")
        tx.run("""CREATE TABLE IF NOT EXISTS account_words (
                    account_id BIGINT NOT NULL, bucket INTEGER NOT NULL, words TSVECTOR NOT NULL,
                    PRIMARY KEY (account_id, bucket))""")
        tx.run("CREATE INDEX IF NOT EXISTS account_words_words ON account_words USING GIN (words)")

    def index_post(self, tx: Tx, post_id: int, author_id: int, text: str, *, org_id: int = 0) -> None:
        tx.run(INSERT_POST, **_post(post_id, author_id, text, org_id))

    def index_posts(self, tx: Tx, posts: Iterable[tuple[int, int, str, int]]) -> None:
        tx.many(INSERT_POST, [_post(*one) for one in posts])

    def remove_post(self, tx: Tx, post_id: int) -> None:
        tx.run("DELETE FROM post_words WHERE bucket = :bucket AND post_id = :id", bucket=bucket_of(post_id), id=post_id)

    def find_posts(
        self,
        tx: Tx,
        words: str,
        *,
        phrases: Collection[str] = (),
        author_id: int,
        before: int,
        limit: int,
        org_id: int = 0,
    ) -> list[int]:
        wanted = asked(words, phrases, org_id=org_id)
        if not wanted:
            return []
        if author_id:
            rows = tx.all(
                """SELECT post_id FROM post_words WHERE bucket = :bucket AND words @@ CAST(:asked AS TSQUERY)
                     AND post_id < :before ORDER BY post_id DESC LIMIT :limit""",
                bucket=bucket_of(author_id),
                asked=f"{_author(author_id)} & {_all(wanted)}",
                before=before,
                limit=limit,
            )
        else:
            rows = tx.all(
                """SELECT post_id FROM post_words WHERE words @@ CAST(:asked AS TSQUERY) AND post_id < :before
                   ORDER BY post_id DESC LIMIT :limit""",
                asked=_all(wanted),
                before=before,
                limit=limit,
            )
        return [id for (id,) in rows]

    def posts_with_any(self, tx: Tx, phrases: Collection[str], ids: Collection[int], *, org_id: int = 0) -> set[int]:
        unwanted = asked("", phrases, org_id=org_id)
        if not unwanted:
            return set()
        rows = tx.all(
            f"""SELECT post_id FROM post_words
                WHERE {tx.sql.ids_in("post_id", "ids")} AND words @@ CAST(:asked AS TSQUERY)""",
            ids=ids,
            asked=" | ".join(_phrases(unwanted)),
        )
        return {id for (id,) in rows}

    def index_account(self, tx: Tx, account_id: int, username: str, display_name: str, *, org_id: int = 0) -> None:
        name, others = words(username, org_id), words(f"{display_name} {username.replace('_', ' ')}", org_id)
        tx.run(
            """INSERT INTO account_words (account_id, bucket, words) VALUES (:id, :bucket, CAST(:words AS TSVECTOR))
               ON CONFLICT (account_id, bucket) DO UPDATE SET words = excluded.words""",
            id=account_id,
            bucket=bucket_of(account_id),
            words=f"{_vector(name, 'A')} {_vector(others, after=len(name) + 1)}",
        )

    def remove_account(self, tx: Tx, account_id: int) -> None:
        tx.run(
            "DELETE FROM account_words WHERE bucket = :bucket AND account_id = :id",
            bucket=bucket_of(account_id),
            id=account_id,
        )

    def find_accounts(self, tx: Tx, words: str, *, limit: int, offset: int = 0, org_id: int = 0) -> list[int]:
        wanted = asked(words, org_id=org_id)
        if not wanted:
            return []
        rows = tx.all(
            """SELECT account_id FROM account_words WHERE words @@ CAST(:asked AS TSQUERY)
               ORDER BY words @@ CAST(:named AS TSQUERY) DESC, words @@ CAST(:begun AS TSQUERY) DESC, account_id
               LIMIT :limit OFFSET :offset""",
            asked=_all(wanted, ":*"),
            named=" | ".join(_phrases(wanted, ":A")),
            begun=" | ".join(_phrases(wanted, ":*A")),
            limit=limit,
            offset=offset,
        )
        return [id for (id,) in rows]


def _post(id: int, author_id: int, text: str, org_id: int) -> dict[str, Any]:
    """The values of INSERT_POST."""
    return {"id": id, "bucket": bucket_of(id), "words": f"{_vector(words(text, org_id))} {_author(author_id)}"}


def _vector(found: list[str], weight: str = "", *, after: int = 0) -> str:
    """The words with their places, as a tsvector is written: letters and digits only, nothing to escape."""
    return " ".join(f"'{word}':{place}{weight}" for place, word in enumerate(found, after + 1))


def _author(id: int) -> str:
    """Stands in the vector beside the words: no word begins like this."""
    return f"'@{id}'"


def _all(wanted: list[Phrase], end: str = "") -> str:
    return " & ".join(_phrases(wanted, end))


def _phrases(wanted: list[Phrase], end: str = "") -> list[str]:
    """As a tsquery is written. end: of their last words; ":*" lets them go on, ":A" asks for user names."""
    return [
        "(" + " <-> ".join([*(f"'{word}'" for word in phrase[:-1]), f"'{phrase[-1]}'{end}"]) + ")" for phrase in wanted
    ]
