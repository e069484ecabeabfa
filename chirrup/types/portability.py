"""What accounts bring in from elsewhere, and take out."""

from enum import StrEnum

import msgspec

from ..ids import ms_of
from .lists import json_strings


class ImportStage(StrEnum):
    """What is done with an import.

    READING: its rows are taken out of the file. REPLACING: what stands here and is not in the file is taken away.
    """

    READING = "reading"
    REPLACING = "replacing"
    ADDING = "adding"
    ENDED = "ended"


class Import(msgspec.Struct, frozen=True):
    """A file that an account brings in, row by row. Columns of `imports`."""

    id: int
    account_id: int
    kind: str  # a key of social/portability/tables.TABLES, or "posts"
    stage: str  # an ImportStage
    total: int  # rows in the file
    done: int  # rows that were tried
    failed: int  # of them
    ended_ms: int
    problem: str  # why it ended before all rows were tried
    file_key: str = ""  # blob key of an archive with posts
    audience: str = ""  # its posts get no wider one; "": as they had

    @property
    def began_ms(self) -> int:
        return ms_of(self.id)


class ImportRow(msgspec.Struct, frozen=True):
    """A row that waits, or (problem) has failed. Columns of `import_rows`; a row that is done is deleted."""

    position: int  # in the file, from 1
    data: str  # JSON: the list of its cells, or a post (old_posts.py)
    problem: str

    @property
    def cells(self) -> list[str]:
        return json_strings(self.data)


class Archive(msgspec.Struct, frozen=True):
    """A file with all that an account has posted. Columns of `archives`."""

    id: int
    account_id: int
    key: str  # blob key; "" until it is ready
    size_bytes: int
    posts: int  # written so far
    ready_ms: int

    @property
    def asked_ms(self) -> int:
        return ms_of(self.id)


class OrgExport(msgspec.Struct, frozen=True):
    """A file with all that an organisation has. Columns of `org_exports`."""

    id: int
    org_id: int
    account_id: int  # who asked for it, and may save it
    key: str  # blob key; "" until it is ready
    size_bytes: int
    written: int  # rows so far
    files: int
    ready_ms: int

    @property
    def asked_ms(self) -> int:
        return ms_of(self.id)
