"""Finds rows with ids in the future, made by a clock that was far ahead, and moves them and all references to now.

An id contains its time and is later than all ids before it. So after a clock was a year ahead, everything is dated a
year ahead until that year is over. All future ids in every table move by the same spans, so they keep their order and
their buckets. Times beside them (`…_ms`) move too. Ends (`expires_ms`) stay, except those of polls, jobs
and posts that wait for their date.
"""

import re
from collections.abc import Callable, Iterable, Iterator

import msgspec

from ..ids import first_at, ms_of
from ..ports import Tx
from ..times import DAY_MS
from . import schema

AHEAD_MS = 60_000  # clocks of a network differ by less
GAP_MS = 3_600_000  # after so long without an id a new stretch begins; stretches are moved close to each other

_BIGINT = re.compile(r"\b(\w+) BIGINT\b")
_NUMBER = re.compile(r"\d{15,19}")
_DATES = {"expires_ms", "due_ms", "starts_ms", "ends_ms"}  # planned times
_NO_FACTS = {
    "loads",
    "workers",
    "lanes",
    "missed_pushes",
    "behind",
    "trends",
}  # made again when needed; leases are ended
_FIXED = {"audit", "audit_heads"}  # nobody changes the log: who reads it finds what was written
# Text columns that contain ids, and the condition for rows of the table that may contain future ones.
_TEXTS = {
    "posts": ("id", ("mentions", "media_ids")),
    "post_versions": ("post_id", ("media_ids",)),
    "thread_posts": ("post_id", ("audience",)),
    "drafts": ("id", ("body",)),
    "scim_resources": ("id", ("body",)),
    "conversations": ("last_post_id", ("participants",)),
    "notifications": ("id", ("sample",)),
    "trend_decisions": ("id", ("subject",)),
    "outbox": ("id", ("body",)),
    "outbox_failed": ("id", ("body",)),
    "jobs": ("id", ("key", "payload")),
}
_KEYS = {  # of files
    "media": ("key", "preview_key"),
    "accounts": ("avatar", "avatar_static", "header"),
    "archives": ("key",),
    "org_exports": ("key",),
    "emojis": ("key", "still_key"),
    "imports": ("file_key",),
}


class Stretch(msgspec.Struct, frozen=True):
    """Ids from `first` up to the next stretch, and how far they move back."""

    first: int
    back_ms: int


def stretches(tx: Tx) -> list[Stretch]:
    """The stretches of future ids, earliest first, with gaps of GAP_MS between them. The last id moves to now."""
    limit = first_at(tx.now_ms + AHEAD_MS)
    times = sorted({ms_of(id) for table, column in _ids() for id in _beyond(tx, table, column, limit)})
    firsts = [ms for before, ms in zip([0, *times], times, strict=False) if ms - before > GAP_MS]
    lasts = [times[times.index(ms) - 1] for ms in firsts[1:]] + times[-1:]
    found: list[Stretch] = []
    end = tx.now_ms - 1
    for first, last in zip(reversed(firsts), reversed(lasts), strict=True):
        found.append(Stretch(first_at(first), last - end))
        end -= last - first + 1
    return found[::-1]


def ids_from(tx: Tx, table: str, limit: int) -> list[int]:
    """Ids of the table's rows from limit on."""
    return list(_beyond(tx, table, "id", limit))


def rename_files(tx: Tx, limit: int, renamed: Callable[[str], str]) -> dict[str, str]:
    """Replace the file keys of rows with ids from limit on by renamed(key). Returns old key -> new key."""
    new: dict[str, str] = {}
    for table, columns in _KEYS.items():
        rows = tx.all(f"SELECT bucket, id, {', '.join(columns)} FROM {table} WHERE id >= :limit", limit=limit)
        new |= {key: renamed(key) for _, _, *keys in rows for key in keys if key}
        tx.many(
            f"UPDATE {table} SET {', '.join(f'{one} = :{one}' for one in columns)} WHERE bucket = :bucket AND id = :id",
            [
                {"bucket": bucket, "id": id} | {one: new.get(key, "") for one, key in zip(columns, keys, strict=True)}
                for bucket, id, *keys in rows
            ],
        )
    return new


def move(tx: Tx, parts: list[Stretch]) -> None:
    """Move every future id and time in all tables. The caller must rebuild the search index."""
    limit = parts[0].first
    _move_texts(tx, parts)
    for table, date in (("polls", "expires_ms"), ("jobs", "due_ms"), ("drafts", "due_ms")):
        tx.run(
            f"UPDATE {table} SET {date} = {date} - {_back('id', parts)} WHERE id >= :limit AND {date} > 0", limit=limit
        )
    for table, column in _ids():
        back = f"CAST({_back(column, parts)} AS BIGINT) * {first_at(1)}"
        tx.run(f"UPDATE {table} SET {column} = {column} - {back} WHERE {column} >= :limit", limit=limit)
    in_ms = [Stretch(ms_of(part.first), part.back_ms) for part in parts]
    for table, column in _times():
        tx.run(
            f"UPDATE {table} SET {column} = {column} - {_back(column, in_ms)} WHERE {column} > :limit",
            limit=tx.now_ms + AHEAD_MS,
        )
    for table in ("tag_days", "tag_day_accounts"):
        tx.run(f"DELETE FROM {table} WHERE day > :today", today=tx.now_ms // DAY_MS)


def moved(id: int, parts: Iterable[Stretch]) -> int:
    """The new id; the same if it is not in the future."""
    back_ms = 0
    for part in parts:
        if id >= part.first:
            back_ms = part.back_ms
    return id - first_at(back_ms)


def _back(column: str, parts: list[Stretch]) -> str:
    """SQL for how many ms the value of column moves back. Values before the first stretch move like it."""
    later = "".join(f" WHEN {column} >= {part.first} THEN {part.back_ms}" for part in reversed(parts[1:]))
    return f"(CASE{later} ELSE {parts[0].back_ms} END)" if later else str(parts[0].back_ms)


def _move_texts(tx: Tx, parts: list[Stretch]) -> None:
    for table, (key, columns) in _TEXTS.items():
        for column in columns:
            found = tx.all(f"SELECT bucket, {key}, {column} FROM {table} WHERE {key} >= :limit", limit=parts[0].first)
            changes = [
                {"bucket": bucket, "key": id, "old": text, "new": new}
                for bucket, id, text in found
                if (new := _NUMBER.sub(lambda number: str(moved(int(number[0]), parts)), text)) != text
            ]
            tx.many(
                f"UPDATE {table} SET {column} = :new WHERE bucket = :bucket AND {key} = :key AND {column} = :old",
                changes,
            )


def _beyond(tx: Tx, table: str, column: str, limit: int) -> Iterator[int]:
    for (id,) in tx.all(f"SELECT DISTINCT {column} FROM {table} WHERE {column} >= :limit", limit=limit):
        yield id


def _ids() -> Iterator[tuple[str, str]]:
    """(table, column) of every column that holds ids."""
    return ((table, column) for table, column in _columns() if column == "id" or column.endswith("_id"))


def _times() -> Iterator[tuple[str, str]]:
    """(table, column) of every column with the time of something that happened."""
    return ((table, column) for table, column in _columns() if column.endswith("_ms") and column not in _DATES)


def _columns() -> Iterator[tuple[str, str]]:
    for statement in schema.statements(""):
        table = schema.table_of(statement)
        if "INDEX" not in statement.split()[:3] and table not in _NO_FACTS | _FIXED:
            yield from ((table, column) for column in _BIGINT.findall(statement))
