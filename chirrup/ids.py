"""Ids that sort by time and know their shard: a Mastodon snowflake that ends in a bucket.

    id = unix_ms << 16 | sequence (4 bits, starts at random) << 12 | bucket (12 bits)

Why: docs/decisions/0001-ids-and-buckets.md. The widths can never change.
"""

import secrets
import threading
import zlib

BUCKETS = 4096
ID_MAX = 2**63 - 1  # the largest signed 64-bit integer: "before this" is everything
_SEQUENCES = 16


def bucket_of(id: int) -> int:
    """The shard an id lives on, 0..4095."""
    return id & (BUCKETS - 1)


def bucket_of_text(normal_form: str) -> int:
    """The shard of a name, e-mail or tag. Give the normal form: equal things must hash alike."""
    return zlib.crc32(normal_form.encode()) & (BUCKETS - 1)


BETWEEN = "\u00a0"  # stands in no name, tag, word or address: it is a space that no letter, digit or sign is


def text_key(org_id: int, normal_form: str) -> str:
    """normal_form as what is unique in one organisation is kept: the organisation is the beginning of the text.

    Of the server's own network (0) it is the text alone, so all of before stands as it stood.
    """
    if BETWEEN in normal_form:
        normal_form = normal_form.replace(BETWEEN, " ")
    return f"{org_id}{BETWEEN}{normal_form}" if org_id else normal_form


def random_bucket() -> int:
    """A bucket for a new account, which keeps it for life."""
    return secrets.randbelow(BUCKETS)


def ms_of(id: int) -> int:
    """When the id was made, ms since 1970 UTC."""
    return id >> 16


def made_at(ms: int, sequence: int, bucket: int) -> int:
    """The id with these parts: for loaders, which choose their times."""
    return ms << 16 | sequence << 12 | bucket


def first_at(ms: int) -> int:
    """The smallest id of that millisecond."""
    return ms << 16


class IdSource:
    """Draws ids that rise for as long as the process lives, whatever the clock does.

    Two processes may draw the same id; the primary key decides and the loser draws again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms = 0
        self._used: dict[int, int] = {}  # bucket -> last sequence used in this millisecond

    def draw_after(self, id: int) -> None:
        with self._lock:
            if ms_of(id) >= self._ms:
                self._ms, self._used = ms_of(id) + 1, {}

    def draw(self, bucket: int, now_ms: int) -> int:
        """A fresh id in bucket, later than every id drawn before."""
        with self._lock:
            if now_ms > self._ms:
                self._ms, self._used = now_ms, {}
            sequence = self._used.get(bucket, -1) + 1 or secrets.randbelow(_SEQUENCES // 2)
            if sequence >= _SEQUENCES:
                self._ms, self._used, sequence = self._ms + 1, {}, 0
            self._used[bucket] = sequence
            return made_at(self._ms, sequence, bucket)
