"""Full text in SQLite: FTS5. What people type is words, never FTS5 syntax."""

import regex

from ...ports import Tx

_WORDS = regex.compile(r"[\p{L}\p{N}_]+")


class SqliteFts:
    """See ports.Search."""

    def create(self, tx: Tx) -> None:
        tx.run("""CREATE VIRTUAL TABLE IF NOT EXISTS post_words
                  USING fts5(text, author, tokenize = 'unicode61 remove_diacritics 2',
                             content = '', contentless_delete = 1)""")
        tx.run("""CREATE VIRTUAL TABLE IF NOT EXISTS account_words
                  USING fts5(username, display_name, tokenize = "unicode61 remove_diacritics 2 tokenchars '_'",
                             prefix = '1 2 3', content = '', contentless_delete = 1)""")

    def index_post(self, tx: Tx, post_id: int, author_id: int, text: str) -> None:
        self.remove_post(tx, post_id)
        tx.run(
            "INSERT INTO post_words (rowid, text, author) VALUES (:id, :text, :author)",
            id=post_id,
            text=text,
            author=f"a{author_id}",
        )

    def remove_post(self, tx: Tx, post_id: int) -> None:
        tx.run("DELETE FROM post_words WHERE rowid = :id", id=post_id)

    def find_posts(self, tx: Tx, words: str, *, author_id: int, before: int, limit: int) -> list[int]:
        asked = _query("text", words, prefix=False)
        if not asked:
            return []
        if author_id:
            asked += f" AND author : a{author_id}"
        rows = tx.all(
            """SELECT rowid FROM post_words WHERE post_words MATCH :asked AND rowid < :before
               ORDER BY rowid DESC LIMIT :limit""",
            asked=asked,
            before=before,
            limit=limit,
        )
        return [id for (id,) in rows]

    def index_account(self, tx: Tx, account_id: int, username: str, display_name: str) -> None:
        self.remove_account(tx, account_id)
        tx.run(
            "INSERT INTO account_words (rowid, username, display_name) VALUES (:id, :username, :display_name)",
            id=account_id,
            username=username,
            display_name=display_name,
        )

    def remove_account(self, tx: Tx, account_id: int) -> None:
        tx.run("DELETE FROM account_words WHERE rowid = :id", id=account_id)

    def find_accounts(self, tx: Tx, words: str, *, limit: int, offset: int = 0) -> list[int]:
        asked = _query("{username display_name}", words, prefix=True)
        if not asked:
            return []
        rows = tx.all(
            """SELECT rowid FROM account_words WHERE account_words MATCH :asked
               ORDER BY bm25(account_words, 10, 1), rowid LIMIT :limit OFFSET :offset""",
            asked=asked,
            limit=limit,
            offset=offset,
        )
        return [id for (id,) in rows]


def _query(column: str, words: str, *, prefix: bool) -> str:
    """The words as quoted FTS5 strings, all of them wanted; "" when there is none."""
    return " AND ".join(f'{column} : "{word}"{" *" if prefix else ""}' for word in _WORDS.findall(words)[:20])
