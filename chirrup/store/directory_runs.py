"""Readings of directories: what each found, and what waits for somebody's yes."""

from ..ids import bucket_of
from ..ports import Tx
from ..types.directory import DirectoryRun

COLUMNS = ", ".join(DirectoryRun.__struct_fields__)
_VALUES = ", ".join(f":{name}" for name in DirectoryRun.__struct_fields__)


def insert(tx: Tx, run: DirectoryRun) -> bool:
    """False when the id is taken: draw another."""
    return 1 == tx.changed(
        f"""INSERT INTO directory_runs (bucket, {COLUMNS}) VALUES (:bucket, {_VALUES})
            ON CONFLICT (id, bucket) DO NOTHING""",
        bucket=bucket_of(run.id),
        **{name: getattr(run, name) for name in DirectoryRun.__struct_fields__},
    )


def by_id(tx: Tx, id: int) -> DirectoryRun | None:
    row = tx.one(
        f"SELECT {COLUMNS} FROM directory_runs WHERE bucket = :bucket AND id = :id", bucket=bucket_of(id), id=id
    )
    return DirectoryRun(*row) if row else None


def newest(tx: Tx, org_id: int, limit: int) -> list[DirectoryRun]:
    rows = tx.all(
        f"""SELECT {COLUMNS} FROM directory_runs WHERE bucket = :bucket AND org_id = :org
            ORDER BY id DESC LIMIT :limit""",
        bucket=bucket_of(org_id),
        org=org_id,
        limit=limit,
    )
    return [DirectoryRun(*row) for row in rows]


def decide(tx: Tx, id: int, *, before: str, state: str, by_id: int) -> bool:
    """False when it is not in the state `before` any more."""
    return 1 == tx.changed(
        """UPDATE directory_runs SET state = :state, decided_by_id = :by
           WHERE bucket = :bucket AND id = :id AND state = :before""",
        state=state,
        by=by_id,
        bucket=bucket_of(id),
        id=id,
        before=before,
    )


def read_again(tx: Tx, id: int, *, people: int, members: int) -> None:
    """The same was found now."""
    tx.run(
        """UPDATE directory_runs SET read_ms = :now, people = :people, members = :members
           WHERE bucket = :bucket AND id = :id""",
        now=tx.now_ms,
        people=people,
        members=members,
        bucket=bucket_of(id),
        id=id,
    )


def forget(tx: Tx, org_id: int, *, before: int) -> int:
    """Delete those of an organisation with ids below `before`. How many."""
    return tx.changed(
        "DELETE FROM directory_runs WHERE bucket = :bucket AND org_id = :org AND id < :before",
        bucket=bucket_of(org_id),
        org=org_id,
        before=before,
    )
