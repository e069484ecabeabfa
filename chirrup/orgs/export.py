"""The export of an organisation: all of its rows, a file of JSON lines for each table, its media, and their sums.

orgs/imported.py brings it into another server. What goes along, and what does not: store/belonging.py.
"""

import re
import shutil
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from .. import __version__, bundle, durable
from ..errors import SettingsError
from ..ports import Blobs, Database
from ..social import (
    accounts,
    announcements,
    annual_reports,
    audit,
    drafts,
    follows,
    moving,
    notification_policies,
    polls,
)
from ..store import belonging, tables
from ..store.belonging import BLANK, FILE_KEY, FILES, LEFT_OUT, PASSWORDS
from ..types import Org

FORMAT = 1
ABOUT, ROWS, JOBS, FILE_TYPES, MEDIA = "about.json", "rows", "jobs.jsonl", "files.jsonl", "media"
# Jobs with a date, or of many steps, which change only the database: those that name something of the organisation's.
KINDS = (drafts.PUBLISH, polls.ENDS, announcements.DUE, follows.MUTE_ENDS, accounts.DELETION, moving.FOLLOWERS)
KINDS += (annual_reports.COUNT, notification_policies.MERGE)
NAMED = ("accounts", "drafts", "polls", "announcements")  # tables whose ids jobs name
SECRETS = {"client_secret", "bind_password"}  # of Oidc, of Ldap
ID = re.compile(r"\b\d{15,19}\b")
_JSON = msgspec.json.Encoder()


class FileType(msgspec.Struct, frozen=True):
    key: str
    content_type: str


class Job(msgspec.Struct, frozen=True):
    bucket: int
    kind: str
    key: str
    payload: str
    order_name: str
    due_ms: int


class About(msgspec.Struct, frozen=True):
    format: int
    chirrup: str  # the version
    org_id: int
    name: str
    title: str
    host: str
    rows: dict[str, int]  # table -> how many
    jobs: int
    files: int
    left_out: dict[str, str]  # table -> why


class Export:
    """Writes one. to: as bundle.Writer. passwords: their hashes too. told: of bytes written."""

    def __init__(
        self,
        db: Database,
        blobs: Blobs,
        org: Org,
        to: Path | BinaryIO,
        *,
        passwords: bool = False,
        told: bundle.Told = bundle.nobody,
    ) -> None:
        self._db, self._blobs, self._org, self._passwords = db, blobs, org, passwords
        self._out = bundle.Writer(to, told)
        self._files: dict[str, None] = {}  # keys, each once
        self._named: set[int] = set()
        self.written = 0  # rows so far

    def write(self) -> About:
        """All as it is at one moment, while the server runs. It blocks. A file that is deleted meanwhile is missing."""
        with self._db.snapshot() as self._read:
            counts = {name: self._table(name) for name in belonging.order()}
            jobs = self._jobs()
        files = [found for key in self._files if (found := self._file(key))]
        self._out.add(FILE_TYPES, b"".join(_JSON.encode(one) + b"\n" for one in files))
        org = self._org
        about = About(FORMAT, __version__, org.id, org.name, org.title, org.host, counts, jobs, len(files), LEFT_OUT)
        self._out.add(ABOUT, msgspec.json.format(_JSON.encode(about)) + b"\n")
        self._out.finish()
        return about

    def _table(self, name: str) -> int:
        columns, count = tables.every()[name].columns, 0
        blanks = BLANK if self._passwords else BLANK | PASSWORDS
        blank = {column: value for (of, column), value in blanks.items() if of == name}
        query = belonging.rows(name, self._db.sql)
        with self._out.file(f"{ROWS}/{name}.jsonl", packed=True) as write:
            for row in self._read(query, org=self._org.id, prefix=belonging.prefix(self._org.id)):
                line: dict[str, Any] = dict(zip(columns, row, strict=True)) | blank
                for column in FILES.get(name, ()):
                    self._files |= dict.fromkeys(FILE_KEY.findall(line[column]))
                if name == "orgs":
                    line["settings"] = _without_secrets(line["settings"])
                if name in NAMED:
                    self._named.add(line["id"])
                write(_JSON.encode(line) + b"\n")
                count += 1
                self.written += 1
        return count

    def _jobs(self) -> int:
        count = 0
        with self._out.file(JOBS, packed=True) as write:
            for row in self._read(belonging.jobs(self._db.sql), kinds=list(KINDS)):
                job = Job(*row)
                if self._named.intersection(map(int, ID.findall(job.payload))):
                    write(_JSON.encode(job) + b"\n")
                    count += 1
        return count

    def _file(self, key: str) -> FileType | None:
        found = self._blobs.open(key)
        if found is None:
            return None
        data, _, content_type = found
        with data:
            self._out.copy(f"{MEDIA}/{key}", data)
        return FileType(key, content_type)


def _without_secrets(settings: str) -> str:
    """An organisation's settings without what its provider and its directory know it by: OrgSettings.oidc and .ldap."""
    chosen = msgspec.json.decode(settings) if settings else {}
    for one in chosen.values():
        if isinstance(one, dict):
            one.update(dict.fromkeys(SECRETS & one.keys(), ""))
    return _JSON.encode(chosen).decode() if chosen else ""


def write_file(
    db: Database, blobs: Blobs, org: Org, to: Path, *, passwords: bool = False, told: bundle.Told = bundle.nobody
) -> About:
    """Write an export to the new folder `to`, or the new file if its name ends in .zip. It is audited.

    Killed, it leaves `….unfinished`, which the next one replaces. Raises SettingsError: it exists.
    """
    if to.exists():
        raise SettingsError(f"{to} exists: name a new folder or file, so that nothing is lost")
    with bundle.disk_errors(f"cannot write {to}"):
        to.parent.mkdir(parents=True, exist_ok=True)
        unfinished = to.with_name(f"{to.name}.unfinished")
        if unfinished.is_dir():
            shutil.rmtree(unfinished)
        unfinished.unlink(missing_ok=True)
        with unfinished.open("xb") if to.suffix == ".zip" else nullcontext(unfinished) as out:
            about = Export(db, blobs, org, out, passwords=passwords, told=told).write()
        db.write_now(audit.note, org.id, 0, "export", "organisation", org.id, org.name, "with passwords" * passwords)
        unfinished.rename(to)
        durable.sync(to.parent)
    return about
