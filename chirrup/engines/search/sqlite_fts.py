"""Full text in SQLite: FTS5, which keeps the words that words.py finds. What people type is never FTS5 syntax."""

from collections.abc import Collection, Iterable, Mapping

from ...ports import Tx
from ...words import Phrase, asked, words


class SqliteFts:
    """See ports.Search."""

    tables: Mapping[str, str] = {}  # no machine but this one has them

    def create(self, tx: Tx) -> None:
        # every character beyond ASCII belongs to a word: what is no word is gone before
        tx.run("""CREATE VIRTUAL TABLE IF NOT EXISTS post_words
                  USING fts5(text, author, tokenize = "ascii tokenchars '_'", content = '', contentless_delete = 1)""")
        tx.run("""CREATE VIRTUAL TABLE IF NOT EXISTS account_words
                  USING fts5(username, display_name, tokenize = "ascii tokenchars '_'", prefix = '1 2 3',
                             content = '', contentless_delete = 1)""")

    def index_post(self, tx: Tx, post_id: int, author_id: int, text: str, *, org_id: int = 0) -> None:
        tx.run(
            "INSERT INTO post_words (rowid, text, author) VALUES (:id, :text, :author)",
            id=post_id,
            text=" ".join(words(text, org_id)),
            author=str(author_id),
        )

    def index_posts(self, tx: Tx, posts: Iterable[tuple[int, int, str, int]]) -> None:
        for id, author_id, text, org_id in posts:
            self.index_post(tx, id, author_id, text, org_id=org_id)

    def remove_post(self, tx: Tx, post_id: int) -> None:
        tx.run("DELETE FROM post_words WHERE rowid = :id", id=post_id)

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
        rows = tx.all(
            """SELECT rowid FROM post_words WHERE post_words MATCH :asked AND rowid < :before
               ORDER BY rowid DESC LIMIT :limit""",
            asked=_all("text", wanted) + (f' AND author : "{author_id}"' if author_id else ""),
            before=before,
            limit=limit,
        )
        return [id for (id,) in rows]

    def posts_with_any(self, tx: Tx, phrases: Collection[str], ids: Collection[int], *, org_id: int = 0) -> set[int]:
        unwanted = asked("", phrases, org_id=org_id)
        if not unwanted:
            return set()
        rows = tx.all(
            "SELECT rowid FROM post_words WHERE post_words MATCH :asked AND +rowid IN carray(:ids) AND rowid >= :low",
            asked=f"text : ({' OR '.join(_phrases(unwanted))})",
            ids=ids,
            low=min(ids, default=0),
        )
        return {id for (id,) in rows}

    def index_account(self, tx: Tx, account_id: int, username: str, display_name: str, *, org_id: int = 0) -> None:
        self.remove_account(tx, account_id)
        tx.run(
            "INSERT INTO account_words (rowid, username, display_name) VALUES (:id, :username, :display_name)",
            id=account_id,
            username=" ".join(words(username, org_id)),
            display_name=" ".join(words(f"{display_name} {username.replace('_', ' ')}", org_id)),
        )

    def remove_account(self, tx: Tx, account_id: int) -> None:
        tx.run("DELETE FROM account_words WHERE rowid = :id", id=account_id)

    def find_accounts(self, tx: Tx, words: str, *, limit: int, offset: int = 0, org_id: int = 0) -> list[int]:
        wanted = asked(words, org_id=org_id)
        if not wanted:
            return []
        rows = tx.all(
            """SELECT rowid FROM account_words WHERE account_words MATCH :asked
               ORDER BY rowid IN (SELECT rowid FROM account_words WHERE account_words MATCH :named) DESC,
                        rowid IN (SELECT rowid FROM account_words WHERE account_words MATCH :begun) DESC, rowid
               LIMIT :limit OFFSET :offset""",
            asked=_all("{username display_name}", wanted, "*"),
            named=f"username : ({' OR '.join(_phrases(wanted))})",
            begun=f"username : ({' OR '.join(_phrases(wanted, '*'))})",
            limit=limit,
            offset=offset,
        )
        return [id for (id,) in rows]


def _all(column: str, wanted: list[Phrase], star: str = "") -> str:
    return f"{column} : ({' AND '.join(_phrases(wanted, star))})"


def _phrases(wanted: list[Phrase], star: str = "") -> list[str]:
    """FTS5's strings. star "*": their last words may go on."""
    return [f'"{" ".join(phrase)}"{star}' for phrase in wanted]
