"""Parts of the timelines in which something is missing, on record until it is made up for (timelines/missed_pushes.py).

Open streams, all together, are one more.

All in bucket 0: there are few, and mostly none.
"""

from collections.abc import Collection, Mapping

from ..ports import Tx

STREAMS = 1 << 20  # more than timelines have parts


def note(tx: Tx, parts: Collection[int]) -> None:
    """Something is missing in each of parts."""
    tx.many(
        """INSERT INTO behind (bucket, part, times) VALUES (0, :part, 1)
           ON CONFLICT (bucket, part) DO UPDATE SET times = behind.times + 1""",
        [{"part": part} for part in sorted(parts)],
    )


def noted(tx: Tx) -> dict[int, int]:
    """Part -> how often it was noted, of those not made up for."""
    return {row[0]: row[1] for row in tx.all("SELECT part, times FROM behind WHERE bucket = 0")}


def made_up_for(tx: Tx, known: Mapping[int, int]) -> None:
    """These parts lack nothing; those noted once more since they were read may."""
    tx.many(
        "DELETE FROM behind WHERE bucket = 0 AND part = :part AND times = :times",
        [{"part": part, "times": times} for part, times in known.items()],
    )
