"""Missed pushes, on record until they are made up for (timelines/missed_pushes.py).

One row for each part of the timelines with a missed push, and one for all open streams together. All rows are in bucket
0: there are few, and usually none.
"""

from collections.abc import Collection, Mapping

from ..ports import Tx

TIMELINES, STREAMS = "timelines", "streams"
OLD = "old"  # recorded by an older program in the table `behind`: see adopt()

Part = tuple[str, int]  # (kind, number); the number of streams, which have no parts, is 0
ALL_STREAMS: Part = STREAMS, 0


def note(tx: Tx, parts: Collection[Part]) -> None:
    """Record a missed push for each of parts."""
    tx.many(
        """INSERT INTO missed_pushes (bucket, kind, part, times) VALUES (0, :kind, :part, 1)
           ON CONFLICT (bucket, kind, part) DO UPDATE SET times = missed_pushes.times + 1""",
        [{"kind": kind, "part": part} for kind, part in sorted(parts)],
    )


def noted(tx: Tx) -> dict[Part, int]:
    """part -> how often it was recorded, for all that are not made up for."""
    rows = tx.all(
        """SELECT kind, part, times FROM missed_pushes WHERE bucket = 0
           UNION ALL SELECT 'old', part, times FROM behind WHERE bucket = 0"""
    )
    return {(kind, part): times for kind, part, times in rows}


def made_up_for(tx: Tx, known: Mapping[Part, int]) -> None:
    """Delete the records of these parts, except those recorded again since known was read."""
    tx.many(
        "DELETE FROM missed_pushes WHERE bucket = 0 AND kind = :kind AND part = :part AND times = :times",
        [{"kind": kind, "part": part, "times": times} for (kind, part), times in known.items()],
    )


def adopt(tx: Tx, known: Mapping[Part, int]) -> None:
    """Copy an older program's records, where 1048576 means streams. The next release does not need this."""
    old = {part: times for (kind, part), times in known.items() if kind == OLD}
    note(tx, [ALL_STREAMS if part == 1 << 20 else (TIMELINES, part) for part in old])
    tx.many(
        "DELETE FROM behind WHERE bucket = 0 AND part = :part AND times = :times",
        [{"part": part, "times": times} for part, times in old.items()],
    )
