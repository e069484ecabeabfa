"""What could not be pushed, on record until it is made up for (timelines/missed_pushes.py).

A row for each part of the timelines in which something is missing, and one for all open streams together.
All in bucket 0: there are few, and mostly none.
"""

from collections.abc import Collection, Mapping

from ..ports import Tx

TIMELINES, STREAMS = "timelines", "streams"
OLD = "old"  # noted in the table `behind` by a program of before: see adopt()

Part = tuple[str, int]  # kind, number; streams have no parts, so theirs is 0
ALL_STREAMS: Part = STREAMS, 0


def note(tx: Tx, parts: Collection[Part]) -> None:
    """Something is missing in each of parts."""
    tx.many(
        """INSERT INTO missed_pushes (bucket, kind, part, times) VALUES (0, :kind, :part, 1)
           ON CONFLICT (bucket, kind, part) DO UPDATE SET times = missed_pushes.times + 1""",
        [{"kind": kind, "part": part} for kind, part in sorted(parts)],
    )


def noted(tx: Tx) -> dict[Part, int]:
    """How often each part was noted that is not made up for."""
    rows = tx.all(
        """SELECT kind, part, times FROM missed_pushes WHERE bucket = 0
           UNION ALL SELECT 'old', part, times FROM behind WHERE bucket = 0"""
    )
    return {(kind, part): times for kind, part, times in rows}


def made_up_for(tx: Tx, known: Mapping[Part, int]) -> None:
    """These parts lack nothing; those noted once more since they were read may."""
    tx.many(
        "DELETE FROM missed_pushes WHERE bucket = 0 AND kind = :kind AND part = :part AND times = :times",
        [{"kind": kind, "part": part, "times": times} for (kind, part), times in known.items()],
    )


def adopt(tx: Tx, known: Mapping[Part, int]) -> None:
    """Note what a program of before has noted, where 1048576 stood for streams. The next release needs this no more."""
    old = {part: times for (kind, part), times in known.items() if kind == OLD}
    note(tx, [ALL_STREAMS if part == 1 << 20 else (TIMELINES, part) for part in old])
    tx.many(
        "DELETE FROM behind WHERE bucket = 0 AND part = :part AND times = :times",
        [{"part": part, "times": times} for part, times in old.items()],
    )
