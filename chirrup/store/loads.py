"""The progress of a bulk load. It is written in the transaction of each chunk, so a load continues after a kill."""

import msgspec

from ..ports import Tx


class Load(msgspec.Struct, frozen=True):
    plan: str  # JSON: what is loaded
    began_ms: int  # ids and times of the loaded rows are counted from here
    step: int  # steps that are done
    done: int  # of the current step
    finished: int


_COLUMNS = ", ".join(Load.__struct_fields__)


def get(tx: Tx) -> Load | None:
    """The load of this database; there is at most one."""
    row = tx.one(f"SELECT {_COLUMNS} FROM loads WHERE id = 1")
    return Load(*row) if row else None


def begin(tx: Tx, plan: str) -> Load:
    for table in ("following", "followers"):
        tx.run(tx.sql.packed(table))
    tx.run(
        "INSERT INTO loads (id, plan, began_ms, step, done, finished) VALUES (1, :plan, :now, 0, 0, 0)",
        plan=plan,
        now=tx.now_ms,
    )
    return Load(plan, tx.now_ms, 0, 0, 0)


def advance(tx: Tx, step: int, done: int) -> None:
    tx.run("UPDATE loads SET step = :step, done = :done WHERE id = 1", step=step, done=done)


def finish(tx: Tx) -> None:
    tx.run("UPDATE loads SET finished = 1 WHERE id = 1")
    tx.run(tx.sql.measure)
