"""Exports that people ask for in the browser or over the API: a job makes the file, who asked for it saves it.

For whoever may read all that was said (COMPLIANCE). It is in the log who asked, and who saved it when.
"""

import asyncio
import os
import tempfile
import time
from pathlib import Path

from ..errors import Invalid, NotAllowed, NotFound
from ..ids import bucket_of
from ..ports import Engines, Tx
from ..social import audit, images
from ..store import jobs, orgs
from ..store import org_exports as rows
from ..times import DAY_MS
from ..types import OrgExport
from .export import Export

MAKE = "export an organisation"  # a kind of job; the payload is the id
DELETE = "delete an export"  # the same
KEPT_MS = 7 * DAY_MS  # from when it is ready
LISTED = 20
ZIP = "application/zip"
# The thread that writes leaves the interpreter to everybody else for as long as it has had it: a millisecond or two.
TURN_S = 0.001
TOLD_S = 1.0  # between two notes of how far it is


def ask(tx: Tx, org_id: int, account_id: int) -> OrgExport:
    """Have a job make one, without passwords.

    Raises NotAllowed: of the server's own network. Invalid: one is being made.
    """
    org = orgs.by_id(tx, org_id) if org_id else None
    if org is None:
        raise NotAllowed("whoever runs the server copies its own network: chirrup backup")
    orgs.lock(tx, org_id)  # of two who ask at once, one is told
    if any(not one.ready_ms and one.asked_ms > tx.now_ms - DAY_MS for one in rows.of_org(tx, org_id, LISTED)):
        raise Invalid("export", "too_soon", "One is being made; wait until it is ready")
    one = OrgExport(tx.new_id(bucket_of(org_id)), org_id, account_id, "", 0, 0, 0, 0)
    rows.insert(tx, one)
    jobs.enqueue(tx, MAKE, of=one.id, key=str(one.id), payload=one.id)
    audit.note(tx, org_id, account_id, "export", "organisation", org_id, org.name)
    return one


def listed(tx: Tx, org_id: int) -> list[OrgExport]:
    """The newest first."""
    return rows.of_org(tx, org_id, LISTED)


def get(tx: Tx, org_id: int, id: int) -> OrgExport:
    """Raises NotFound: absent, or another organisation's."""
    one = rows.by_id(tx, id)
    if one is None or one.org_id != org_id:
        raise NotFound("export", id)
    return one


def save(tx: Tx, org_id: int, account_id: int, id: int) -> OrgExport:
    """One to be saved by who asked for it, which is noted. Raises NotFound: not ready, or another's."""
    one = get(tx, org_id, id)
    org = orgs.by_id(tx, org_id)
    if one.account_id != account_id or not one.ready_ms or org is None:
        raise NotFound("export", id)
    audit.note(tx, org_id, account_id, "save export", "organisation", org_id, org.name)
    return one


# the jobs


async def make(engines: Engines, id: int, folder: Path) -> None:
    """Make the file and store it. folder: for the unfinished file, which has no name and goes if this is killed.

    Raises OSError: the disk is full; Unavailable: the storage of files is away.
    """
    one = await engines.db.read(rows.by_id, id)
    org = await engines.db.read(orgs.by_id, one.org_id) if one else None
    if one is None or org is None or one.ready_ms:
        return
    key = images.new_key("zip", id)
    with tempfile.TemporaryFile(dir=folder) as file:
        turns = _Turns()
        export = Export(engines.db, engines.blobs, org, file, told=turns)
        writing = asyncio.ensure_future(asyncio.to_thread(export.write))
        try:
            while not (await asyncio.wait([writing], timeout=TOLD_S))[0]:
                await engines.db.write(rows.set_written, id, export.written)
        finally:  # this may have been cancelled, and the thread needs the file
            turns.over = not writing.done()
            await asyncio.wait([writing])
        about = writing.result()
        size_bytes = file.seek(0, os.SEEK_END)
        file.seek(0)
        await asyncio.to_thread(engines.blobs.put_file, key, file, ZIP)
    written = sum(about.rows.values())
    if not await engines.db.write(_ready, id, key, size_bytes, written, about.files):
        await asyncio.to_thread(engines.blobs.delete, key)


def _ready(tx: Tx, id: int, key: str, size_bytes: int, written: int, files: int) -> bool:
    if not rows.set_ready(tx, id, key, size_bytes=size_bytes, written=written, files=files):
        return False
    jobs.enqueue(tx, DELETE, of=id, key=str(id), payload=id, due_ms=tx.now_ms + KEPT_MS)
    return True


async def delete(engines: Engines, id: int) -> None:
    """Delete it with its file. Harmless when repeated."""
    if one := await engines.db.read(rows.by_id, id):
        if one.key:
            await asyncio.to_thread(engines.blobs.delete, one.key)
        await engines.db.write(rows.delete, id)


class _Over(Exception):
    """Nobody wants it any more."""


class _Turns:
    """Told of each row; sleeps as long as was worked since."""

    def __init__(self) -> None:
        self.over = False
        self._began_s = time.monotonic()

    def __call__(self, size_bytes: int) -> None:
        if self.over:
            raise _Over
        worked_s = time.monotonic() - self._began_s
        if worked_s >= TURN_S:
            time.sleep(worked_s)
            self._began_s = time.monotonic()
