"""A database that counts its queries, so that tests can check what an operation costs."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from chirrup.ports import Database, Search, Tx

STATEMENTS = ("all", "one", "by_ids", "run", "changed", "many", "copy")


class CountingTx:
    """A transaction that counts every query and statement, also those of together() and of search."""

    def __init__(self, tx: Tx, asked: Counter[str]) -> None:
        self._tx, self._asked = tx, asked
        self.search = _CountingSearch(tx.search, asked)

    def __getattr__(self, name: str) -> Any:
        if name in STATEMENTS:
            self._asked[name] += 1
        return getattr(self._tx, name)


class _CountingSearch:
    def __init__(self, search: Search, asked: Counter[str]) -> None:
        self._search, self._asked = search, asked

    def __getattr__(self, name: str) -> Any:
        self._asked[f"search.{name}"] += 1
        return getattr(self._search, name)


class CountingDatabase:
    """db, for Engines. `asked`: kind of query -> how often; `asked.total()`: all of them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.asked: Counter[str] = Counter()

    async def read(self, operation: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return await self._db.read(self._counted(operation), *args, **kwargs)

    async def write(self, operation: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return await self._db.write(self._counted(operation), *args, **kwargs)

    def _counted(self, operation: Callable[..., Any]) -> Callable[..., Any]:
        def counted(tx: Tx, *args: Any, **kwargs: Any) -> Any:
            asked = Counter[str]()
            result = operation(CountingTx(tx, asked), *args, **kwargs)
            self.asked.update(asked)  # not of what was stopped because it took long, and begun again elsewhere
            return result

        return counted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)
