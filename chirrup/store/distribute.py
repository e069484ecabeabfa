"""Distributes the tables over the nodes of a database with the Citus extension. Why and how: docs/operate/citus.md.

All tables with a bucket are co-located: rows of one bucket are on one node, so an operation in one bucket needs one
node only. Reference tables have a full copy on every node.
"""

from typing import NamedTuple

from ..errors import SettingsError
from ..ports import Database, Tx
from . import schema

SHARDS = 32  # of each table: more cost every search, fewer cannot be spread over many nodes (docs/operate/citus.md)
_FIRST = "accounts"  # all other tables are co-located with this one


class Spread(NamedTuple):
    tables: list[str]  # distributed by this call
    workers: int  # nodes with data, without the coordinator


def distribute(db: Database, *, shards: int = SHARDS) -> Spread:
    """Distribute the tables that are not distributed yet, with their rows. Each is locked while its rows move.

    Raises SettingsError: no Citus in this database. It may be stopped and run again.
    """
    if not db.write_now(_has_citus):
        raise SettingsError(
            "this database has no Citus: run CREATE EXTENSION citus in it, on every node, then this command again "
            "(docs/operate/citus.md)"
        )
    registry = db.write_now(lambda tx: {**schema.TABLES, **tx.search.tables})
    names = [_FIRST, *(name for name in registry if name != _FIRST)]
    spread = [name for name in names if db.write_now(_spread, name, registry[name] == "reference", shards)]
    return Spread(spread, db.write_now(_workers))


def local(tx: Tx) -> list[str]:
    """Tables made after the database was distributed, which are on the coordinator only. [] without Citus."""
    if not _has_citus(tx) or not _is_spread(tx, _FIRST):
        return []
    return [name for name in {**schema.TABLES, **tx.search.tables} if not _is_spread(tx, name)]


def _has_citus(tx: Tx) -> bool:
    return ("citus",) in tx.all(tx.sql.extensions)


def _is_spread(tx: Tx, table: str) -> bool:
    return tx.one("SELECT 1 FROM pg_dist_partition WHERE logicalrelid = CAST(:table AS REGCLASS)", table=table) == (1,)


def _workers(tx: Tx) -> int:
    row = tx.one("SELECT COUNT(*) FROM pg_dist_node WHERE noderole = 'primary' AND groupid > 0 AND shouldhaveshards")
    return row[0] if row else 0


def _spread(tx: Tx, table: str, reference: bool, shards: int) -> bool:
    """True when it was not distributed before."""
    if _is_spread(tx, table):
        return False
    if reference:
        tx.one("SELECT create_reference_table(CAST(:table AS REGCLASS))", table=table)
    elif table == _FIRST:
        tx.one(
            "SELECT create_distributed_table(CAST(:table AS REGCLASS), 'bucket', 'hash', 'none', CAST(:n AS INTEGER))",
            table=table,
            n=shards,
        )
    else:
        tx.one(
            "SELECT create_distributed_table(CAST(:table AS REGCLASS), 'bucket', 'hash', CAST(:beside AS TEXT))",
            table=table,
            beside=_FIRST,
        )
    return True
