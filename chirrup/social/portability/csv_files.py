"""CSV files as Mastodon writes and reads them: https://docs.joinmastodon.org/user/moving/ (its exports show the rest).

Cells are texts here; what they stand for is in tables.py.
"""

import csv
import io
import re
from collections.abc import Collection, Iterable
from itertools import islice

import msgspec

from ...errors import Invalid
from .. import text

BYTES_MAX = 4 * 1024 * 1024  # of a file that is brought in
ROWS_MAX = 20_000  # Mastodon's
CELL_CHARS_MAX = 1000
PROBLEM = "Problem"  # a column in the list of rows that failed; what is brought in may have it


class Layout(msgspec.Struct, frozen=True):
    """How one kind of file looks."""

    file: str  # its name
    columns: tuple[str, ...]  # a row must have the first ones, up to `needed`
    needed: int = 1
    headed: bool = False  # its first line names the columns; when brought in, it may


def encoded(rows: Iterable[Iterable[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def decoded(data: bytes, layout: Layout, others: Collection[Layout]) -> list[list[str]]:
    """The rows, each with a cell for every column of layout ("": there is none), without the header and empty rows.

    others: all kinds of files, to tell which one this is if it is not of this kind. Raises Invalid ("table").
    """
    if len(data) > BYTES_MAX:
        raise Invalid("table", "too_large", "must have at most {most} MB", most=BYTES_MAX // 2**20)
    rows = _rows(_text(data))
    places = _places(rows[0], layout, others) if rows else None
    if places:
        rows = rows[1:]
    if not rows:
        raise Invalid("table", "blank", "has no rows")
    if len(rows) > ROWS_MAX:
        raise Invalid("table", "too_many", "must have at most {most} rows: divide it", most=ROWS_MAX)
    order = places or range(len(layout.columns))
    return [[row[at][:CELL_CHARS_MAX] if 0 <= at < len(row) else "" for at in order] for row in rows]


def _text(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Invalid(
            "table", "not_text", "must be a text in UTF-8; byte {place} is not", place=error.start + 1
        ) from error


def _rows(words: str) -> list[list[str]]:
    """At most ROWS_MAX and the header, and one more if there are more."""
    try:
        read = csv.reader(io.StringIO(words, newline=""), delimiter=_delimiter(words))
        lines = ([text.clean(cell, "table") for cell in row] for row in read)
        return list(islice((row for row in lines if any(row)), ROWS_MAX + 2))
    except csv.Error as error:
        raise Invalid("table", "not_csv", "cannot be read as CSV: {told}", told=str(error)) from error


def _delimiter(words: str) -> str:
    """What parts the cells: a comma, or what spreadsheets put instead, if the first line has no comma."""
    first = re.split(r"[\r\n]", words.lstrip(), maxsplit=1)[0]
    return next((one for one in ",;\t" if one in first), ",")


def _places(first: list[str], layout: Layout, others: Collection[Layout]) -> list[int] | None:
    """Where each column is, by the header; -1: nowhere. None: first is no header. Raises Invalid: of another kind."""
    names = [cell.casefold() for cell in first]
    known = {one.file: [column.casefold() for column in one.columns] for one in others}
    if not any(one.columns[one.needed - 1].casefold() in names for one in others):  # each kind has one that is no word
        return None
    own = known[layout.file]
    for name, cell in zip(names, first, strict=True):
        if name not in own and (fits := [file for file, columns in known.items() if name in columns]):
            raise Invalid(
                "table",
                "other_kind",
                "has a column {column!r}, so it looks like {other}, not like {file}",
                column=cell,
                other=" or ".join(fits),
                file=layout.file,
            )
    for name, column in zip(own, layout.columns[: layout.needed], strict=False):
        if name not in names:
            raise Invalid("table", "no_column", "must have a column {column!r}", column=column)
    return [names.index(name) if name in names else -1 for name in own]
