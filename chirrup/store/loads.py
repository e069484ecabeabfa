"""The progress of what fills a database, written in the transaction of each part: it continues after a kill."""

import msgspec

from ..ports import Tx

LOAD, MOVED_IN, MOVED_AWAY = 1, 2, 3  # ids: `chirrup load`; a town that is moved to this database; or was, to another


class Load(msgspec.Struct, frozen=True):
    plan: str  # JSON: what is loaded; of a move, from where or to where, and what of it is done
    began_ms: int  # ids and times of the loaded rows are counted from here
    step: int  # steps that are done
    done: int  # of the current step
    finished: int


_COLUMNS = ", ".join(Load.__struct_fields__)


def get(tx: Tx, id: int = LOAD) -> Load | None:
    """That of this database; there is at most one of each."""
    row = tx.one(f"SELECT {_COLUMNS} FROM loads WHERE id = :id", id=id)
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


def note(tx: Tx, id: int, plan: str, *, done: int = 0, finished: bool = False) -> None:
    """How far it is now."""
    tx.run(
        """INSERT INTO loads (id, plan, began_ms, step, done, finished) VALUES (:id, :plan, :now, 0, :done, :finished)
           ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, done = excluded.done, finished = excluded.finished""",
        id=id,
        plan=plan,
        now=tx.now_ms,
        done=done,
        finished=int(finished),
    )


def obstacle(tx: Tx) -> str:
    """Why no server may start on this database; "": nothing speaks against it."""
    if (here := get(tx, MOVED_IN)) and not here.finished:
        return "a town is being moved into this database and that is not finished: run the same `chirrup move` again"
    if away := get(tx, MOVED_AWAY):
        return f"this town was moved to {msgspec.json.decode(away.plan)}: start there, where all is that is new"
    return ""
