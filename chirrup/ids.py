"""Ids that sort by time and know their shard: a Mastodon snowflake that ends in a bucket.

    id = unix_ms << 16 | sequence (4 bits, starts at random) << 12 | bucket (12 bits)

Why: docs/decisions/0001-ids-and-buckets.md. The widths can never change.
"""

import secrets
import threading
import zlib

BUCKETS = 4096
ID_MAX = 2**63 - 1  # the largest signed 64-bit integer: every id is before it
_SEQUENCES = 16


def bucket_of(id: int) -> int:
    """The shard an id lives on, 0..4095."""
    return id & (BUCKETS - 1)


def bucket_of_text(normal_form: str) -> int:
    """The shard of a name, address or tag. Pass the normal form: equal names must give the same shard."""
    return zlib.crc32(normal_form.encode()) & (BUCKETS - 1)


BETWEEN = "\u00a0"  # a space that names, tags, words and addresses cannot contain


def text_key(org_id: int, normal_form: str) -> str:
    """The key of a text that is unique within one organisation: the organisation's id, then the text.

    The key of the server's own network (0) is the text alone, so older rows stay valid. All others begin with BETWEEN,
    so none of them begins like a text: who looks for "1" finds nothing of organisation 117.
    """
    if BETWEEN in normal_form:
        normal_form = normal_form.replace(BETWEEN, " ")
    return f"{BETWEEN}{org_id}{BETWEEN}{normal_form}" if org_id else normal_form


def random_bucket() -> int:
    """The bucket for a new account, which never changes."""
    return secrets.randbelow(BUCKETS)


def ms_of(id: int) -> int:
    """When the id was made, ms since 1970 UTC."""
    return id >> 16


def next_ms(id: int) -> int:
    """The first millisecond of which every id is greater."""
    return (id >> 16) + 1


def made_at(ms: int, sequence: int, bucket: int) -> int:
    """The id with these parts. For loaders, which choose the times."""
    return ms << 16 | sequence << 12 | bucket


def first_at(ms: int) -> int:
    """The smallest id of that millisecond."""
    return ms << 16


class IdSource:
    """Draws ids that always rise within a process, whatever the clock does.

    Two processes may draw the same id. Then the insert of one fails on the primary key, and it draws again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms = 0
        self._used: dict[int, int] = {}  # bucket -> last sequence used in this millisecond

    def draw_after(self, id: int) -> None:
        with self._lock:
            if ms_of(id) >= self._ms:
                self._ms, self._used = next_ms(id), {}

    def draw(self, bucket: int, now_ms: int) -> int:
        """A new id in bucket, greater than every id drawn before."""
        with self._lock:
            if now_ms > self._ms:
                self._ms, self._used = now_ms, {}
            sequence = self._used.get(bucket, -1) + 1 or secrets.randbelow(_SEQUENCES // 2)
            if sequence >= _SEQUENCES:
                self._ms, self._used, sequence = self._ms + 1, {}, 0
            self._used[bucket] = sequence
            return made_at(self._ms, sequence, bucket)
