"""All rows of an organisation that has ended are deleted, some at a time. Which are whose: belonging.py.

Nearly all hang on an account or a post, and are found from there. The rest has no index by organisation: each of these
tables is read once, in the order of its key.
"""

from collections import defaultdict
from collections.abc import Callable, Collection
from functools import cache

from ..events import PicturesReplaced
from ..ids import bucket_of
from ..ports import Row, Tx
from . import tables
from .belonging import ACCOUNT, ALSO, FILE_KEY, FILES, OF_ORG, ORG, OTHER_FILES, TEXT, WAYS, WITHOUT_INDEX, prefix

STEP = 500  # rows that one transaction deletes, or a few more
READ = 5000  # rows that are looked through together

# Tables that are read: those whose rows others hang on before the others, and the accounts, which tell whose the rest
# is, at the end.
_OWN = {name for name, _, holds in ALSO if holds == ACCOUNT}
_ROOTS = [name for name, (_, holds) in WAYS.items() if holds in (ORG, TEXT) and name not in _OWN | {"orgs", ACCOUNT}]
READ_THROUGH = (*sorted(WITHOUT_INDEX), *_ROOTS, *OF_ORG, ACCOUNT)


class Owner:
    """Whose rows are meant. accounts: all of its accounts."""

    def __init__(self, org_id: int, accounts: Collection[int]) -> None:
        self.org_id, self._prefix, self._accounts = org_id, prefix(org_id), frozenset(accounts)

    def column(self, name: str) -> str:
        return WAYS[name][0] if name in WAYS else "org_id"

    def has(self, name: str) -> Callable[[object], bool]:
        """Whether the value in column() is of a row of the organisation's."""
        holds = WAYS[name][1] if name in WAYS else ORG
        if holds == ORG:
            return lambda value: value == self.org_id
        return (lambda value: str(value).startswith(self._prefix)) if holds == TEXT else self._accounts.__contains__


@cache
def children(parent: str) -> list[tuple[str, str]]:
    """(table, column) of what hangs on rows of this table, in their bucket."""
    named = [(name, column) for name, (column, holds) in WAYS.items() if holds == parent and name not in WITHOUT_INDEX]
    return named + [(name, column) for name, column, holds in ALSO if holds == parent]


@cache
def _columns(name: str) -> tuple[str, ...]:
    """The key, and what has keys of files."""
    return tuple(dict.fromkeys((*tables.every()[name].key, *_with_files(name))))


def _with_files(name: str) -> tuple[str, ...]:
    return FILES.get(name, OTHER_FILES.get(name, ()))


def clear(tx: Tx, parent: str, bucket: int, ids: Collection[int]) -> bool:
    """Delete some of what hangs on these rows of parent, the deepest first. True: nothing is left."""
    count = 0
    for name, column in children(parent):
        found = tx.all(
            f"""SELECT {", ".join(_columns(name))} FROM {name}
                WHERE bucket = :bucket AND {tx.sql.is_in(column, "ids")} LIMIT :limit""",
            bucket=bucket,
            ids=ids,
            limit=STEP,
        )
        if found and children(name) and not clear(tx, name, bucket, ids_of(name, found)):
            return False
        delete(tx, name, found)
        count += len(found)
        if count >= STEP:
            return False
    return True


def ids_of(name: str, rows: Collection[Row]) -> list[int]:
    at = _columns(name).index("id")
    return [row[at] for row in rows]


def by_bucket(name: str, rows: Collection[Row]) -> dict[int, list[int]]:
    """The ids of rows that others hang on."""
    found = defaultdict[int, list[int]](list)
    for id in ids_of(name, rows):
        found[bucket_of(id)].append(id)
    return found


def delete(tx: Tx, name: str, rows: Collection[Row]) -> None:
    """rows: with _columns(). Their files go soon afterwards."""
    columns, key = _columns(name), tables.every()[name].key
    tx.many(
        f"DELETE FROM {name} WHERE {' AND '.join(f'{column} = :{column}' for column in key)}",
        [dict(zip(key, row, strict=False)) for row in rows],
    )
    for id in ids_of(name, rows) if name in ("posts", ACCOUNT) else ():
        tx.search.remove_post(tx, id) if name == "posts" else tx.search.remove_account(tx, id)
    places = [columns.index(column) for column in _with_files(name)]
    if keys := [key for row in rows for place in places for key in FILE_KEY.findall(row[place])]:
        tx.emit(PicturesReplaced(0, keys))


def first(name: str) -> Row:
    """Where read() begins."""
    table = tables.every()[name]
    return tuple("" if column in table.texts else -(1 << 63) for column in table.key)


def read(tx: Tx, name: str, owner: Owner, after: Row) -> tuple[list[Row], Row | None]:
    """(the organisation's among the next READ rows, for delete(); where to go on, None: these were the last)."""
    key, columns = tables.every()[name].key, _columns(name)
    found = tx.all(
        f"""SELECT {owner.column(name)}, {", ".join(columns)} FROM {name}
            WHERE ({", ".join(key)}) > ({", ".join(f":{column}" for column in key)})
            ORDER BY {", ".join(key)} LIMIT :limit""",
        limit=READ,
        **dict(zip(key, after, strict=True)),
    )
    is_its = owner.has(name)
    own = [row[1:] for row in found if is_its(row[0])]
    return own, found[-1][1 : len(key) + 1] if len(found) == READ else None
