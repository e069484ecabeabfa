"""Whole tables: their columns and keys, read from the schema, and statements over all their rows."""

import re
from functools import cache
from hashlib import blake2b

import msgspec

from ..ports import Row, Tx
from . import schema

_COLUMN = re.compile(r"\b(\w+) (BIGINT|INTEGER|SMALLINT|TEXT)\b")
_KEY = re.compile(r"PRIMARY KEY \(([^)]*)\)")
_JSON = msgspec.json.Encoder()


class Table(msgspec.Struct, frozen=True):
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    texts: frozenset[str]  # those of the columns that hold texts; the others hold numbers
    small: frozenset[str]  # those that hold numbers below 2^31; others hold any below 2^63

    @property
    def rows(self) -> str:
        """The query for all of them, in the order of the key."""
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {', '.join(self.key)}"

    @property
    def count(self) -> str:
        return f"SELECT COUNT(*) FROM {self.name}"


@cache
def every() -> dict[str, Table]:
    """All tables of schema/ by name; not those that say what steps of the schema are done, nor a search index."""
    found: dict[str, Table] = {}
    for statement in schema.statements(""):
        if "INDEX" not in statement.split()[:3]:
            key = _KEY.search(statement)
            assert key
            name, columns = schema.table_of(statement), _COLUMN.findall(statement)
            texts = frozenset(column for column, kind in columns if kind == "TEXT")
            small = frozenset(column for column, kind in columns if kind in ("INTEGER", "SMALLINT"))
            names = tuple(column for column, _ in columns)
            found[name] = Table(name, names, tuple(key[1].split(", ")), texts, small)
    return found


def empty(tx: Tx, name: str) -> None:
    tx.run(f"DELETE FROM {name}")


class Tally(msgspec.Struct):
    """How many rows, and the sum of a hash of each: the same in whatever order they come."""

    rows: int = 0
    sum: int = 0

    def add(self, row: Row) -> None:
        self.rows += 1
        digest = blake2b(_JSON.encode(row), digest_size=8).digest()
        self.sum = (self.sum + int.from_bytes(digest, "big")) % 2**63
