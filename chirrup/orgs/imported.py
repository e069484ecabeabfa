"""An export of an organisation is brought into another server, with all its ids.

The file may be anybody's. So whatever a row names must be in the file too, or be nowhere on this server: nothing in it
can reach over the wall. All rows are written in one transaction, and the host is claimed in it: nobody sees half of it.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from .. import bundle
from ..access import sites
from ..errors import Invalid, SettingsError
from ..ids import BUCKETS, bucket_of, bucket_of_text
from ..ports import Blobs, Database, Tx
from ..social import audit, posts, search
from ..store import accounts as account_rows
from ..store import belonging, holds, jobs, orgs, tables
from ..store import posts as post_rows
from ..store.belonging import FILE_KEY, FILES, KEYED, ORG, TEXT, TEXTS_WITH_IDS, WAYS
from ..types import Org
from . import closing, organisations
from .export import ABOUT, FILE_TYPES, FORMAT, ID, JOBS, KINDS, MEDIA, ROWS, About, FileType, Job

AT_ONCE = 5000  # ids in one query
INDEXED_AT_ONCE = 500
LINE_BYTES_MAX = 64 * 1024 * 1024  # a group of SCIM with half a million members
ABOUT_BYTES_MAX = 1024 * 1024
_JSON_DEEP = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
SNOWFLAKE = 1 << 40  # smaller numbers count something: no server has drawn them as ids
HASH_MAX = (131_072, 10, 8)  # KiB, rounds, lanes: whose password is costlier to check has to set a new one
_HASH = re.compile(r"\$argon2id\$v=\d+\$m=(\d{1,9}),t=(\d{1,9}),p=(\d{1,9})\$[\w+/$]+", re.ASCII)
_MAY_BE_NULL = {("following", "languages"), ("followers", "languages")}

Line = dict[str, int | str | None]  # a row, by column


class Import:
    """Brings one in. file: a finished bundle. host: where it is to be reached. name: "": that of the file.

    own_host: of the server's own network. Raises SettingsError: the file is no export, or of a newer version.
    """

    def __init__(
        self, db: Database, blobs: Blobs, file: bundle.Reader, host: str, *, name: str = "", own_host: str = ""
    ) -> None:
        self._db, self._blobs, self._file = db, blobs, file
        self.about = _about(file)
        self._org = Org(self.about.org_id, name or self.about.name, "", organisations.checked_host(host, own_host), 0)
        self._prefix = belonging.prefix(self._org.id)
        self._ids: dict[str, set[int]] = {}  # table -> ids in the file
        self._named: set[int] = set()  # ids that rows name
        self._keys: set[str] = set()  # of files that rows name
        self._columns: dict[str, tuple[str, ...]] = {}

    def bring(self, told: bundle.Told = bundle.nobody) -> Org:
        """Check all of the file, then write it. It blocks, and can be done again after a kill. told: of bytes read.

        Raises SettingsError, Invalid (host, name): nothing was changed; files without a row are swept up.
        """
        self._file.check(told)
        self._db.write_now(self._check_place)
        for name in belonging.order():
            self._ids[name] = set()
            count = 0
            for line in self._lines(name):
                self._look_at(name, line)
                count += 1
            if count != (wanted := self.about.rows.get(name, 0)):
                raise SettingsError(
                    f"{self._file.at} is not whole: it has {count:,} rows of {name}, and {ABOUT} says {wanted:,}"
                )
        for job in self._jobs():
            self._look_at_job(job)
        self._db.write_now(self._check_wall)
        self._put_files()
        return self._db.write_now(self._write)

    # reading

    def _lines(self, name: str) -> Iterator[Line]:
        """The rows of a table, as they are to be here."""
        if f"{ROWS}/{name}.jsonl" not in self._file.sums:  # an older version had no such table
            return
        for line in _read(self._file, f"{ROWS}/{name}.jsonl", Line):
            if name == "orgs":
                line |= {"name": self._org.name, "host": self._org.host, "ended_ms": 0}
            if name == "users" and not _is_cheap(str(line.get("password_hash"))):
                line["password_hash"] = ""
            yield line

    def _jobs(self) -> Iterator[Job]:
        return (job for job in _read(self._file, JOBS, Job) if job.kind in KINDS)

    # checking

    def _check_place(self, tx: Tx) -> None:
        if there := orgs.by_id(tx, self._org.id):
            raise SettingsError(f"this organisation is here already, as {there.name} at {there.host}")
        organisations.check_name(tx, self._org.name)

    def _look_at(self, name: str, line: Line) -> None:
        """Raises SettingsError: a row that the schema does not know, or that is not the organisation's."""
        table = tables.every()[name]
        columns = self._columns.setdefault(name, tuple(line))
        if unknown := set(line) - set(table.columns):
            raise SettingsError(f"a newer version of Chirrup wrote this: nobody here knows {name}.{min(unknown)}")
        if tuple(line) != columns or not {*table.key, *self._needed(name)} <= set(columns):
            raise self._wrong(name, line, "has not the columns that it must have")
        for column, value in line.items():
            fits = isinstance(value, str) and "\0" not in value if column in table.texts else isinstance(value, int)
            if not fits and not (value is None and (name, column) in _MAY_BE_NULL):
                raise self._wrong(name, line, f"has a {column} of the wrong kind")
            if isinstance(value, int) and value.bit_length() > (31 if column in table.small else 63):
                raise self._wrong(name, line, f"has a {column} that is too large")
        if name == "orgs":
            self._look_at_settings(line)
        if not self._belongs(name, line):
            raise self._wrong(name, line, "is not this organisation's")
        if "id" in line and "id" not in table.texts:
            self._ids[name].add(_number(line["id"]))
        self._named.update(_number(line[column]) for column in line if column.endswith("_id"))
        for column in TEXTS_WITH_IDS.get(name, ()):
            self._named.update(map(int, ID.findall(str(line.get(column)))))
        for column in FILES.get(name, ()):
            self._keys.update(FILE_KEY.findall(str(line.get(column))))

    def _look_at_settings(self, line: Line) -> None:
        """They are read at each request to the organisation, and by timers of the whole server."""
        try:
            sites.chosen_of(msgspec.convert({"settings": ""} | line, Org).chosen)
        except _JSON_DEEP as error:
            raise self._wrong("orgs", line, f"has settings that cannot be read ({error})") from error

    def _look_at_job(self, job: Job) -> None:
        try:
            msgspec.json.decode(job.payload)
        except _JSON_DEEP as error:
            raise SettingsError(f"{self._file.at}: a job of {job.kind!r} cannot be read: {error}") from error
        self._named.update(map(int, ID.findall(job.payload)))

    @staticmethod
    def _needed(name: str) -> set[str]:
        column, holds = WAYS[name]
        return {column} if holds == ORG else {column, "bucket"}

    def _belongs(self, name: str, line: Line) -> bool:
        column, holds = WAYS[name]
        value, bucket = line[column], line.get("bucket", 0)
        if line.get("org_id", self._org.id) != self._org.id or not 0 <= _number(bucket) < BUCKETS:
            return False
        for keyed in (one for one in line if (name, one) in KEYED):
            if line[keyed] and not str(line[keyed]).startswith(self._prefix):
                return False
        if holds == ORG:
            return value == self._org.id
        if holds == TEXT:
            return str(value).startswith(self._prefix) and bucket == bucket_of_text(str(value))
        return value in self._ids[holds] and bucket == bucket_of(_number(value))

    def _check_wall(self, tx: Tx) -> None:
        """Raises SettingsError: an id is taken here, or a row names what is here and not in the file."""
        outside = {id for id in self._named.difference(*self._ids.values()) if id >= SNOWFLAKE}
        for table in tables.every().values():
            if "id" in table.texts or "id" not in table.key or "org_id" in table.key:
                continue
            own = self._ids.get(table.name, set())
            for some in _parts(own, AT_ONCE):
                if taken := belonging.ids_taken(tx, table.name, some):
                    raise SettingsError(f"the id {taken[0]} in {table.name} is taken here: nothing was brought in")
            for some in _parts(outside, AT_ONCE):
                if taken := belonging.ids_taken(tx, table.name, some):
                    raise SettingsError(
                        f"a row names {taken[0]}, which is not in the file, and is somebody else's here "
                        f"({table.name}): nothing was brought in"
                    )

    def _wrong(self, name: str, line: Line, why: str) -> SettingsError:
        key = ", ".join(str(line.get(column)) for column in tables.every()[name].key)
        return SettingsError(f"{self._file.at}: a row of {name} ({key[:200]}) {why}: nothing was brought in")

    # writing

    def _put_files(self) -> None:
        """Raises SettingsError: another file has that key here."""
        types = {one.key: one.content_type for one in _read(self._file, FILE_TYPES, FileType)}
        for key in types.keys() | self._keys:
            name, found = f"{MEDIA}/{key}", self._blobs.open(key)
            if found:
                with found[0] as data:
                    there = hashlib.file_digest(data, "sha256")  # pyright: ignore[reportArgumentType]
                    if self._file.sums.get(name) != there.hexdigest():
                        raise SettingsError(f"another file is called {key} here: nothing was brought in")
            elif name in self._file.sums:
                with self._file.open(name) as data:
                    try:
                        self._blobs.put_file(key, data, types[key])  # pyright: ignore[reportArgumentType]
                    except (KeyError, ValueError) as error:
                        raise SettingsError(f"{key} is no file that Chirrup has made") from error

    def _write(self, tx: Tx) -> Org:
        self._check_place(tx)
        for name in belonging.order():
            columns = self._columns.get(name, ())
            if columns:
                try:
                    tx.copy(name, columns, (tuple(line.values()) for line in self._lines(name)))
                except Invalid as error:
                    raise SettingsError(f"{self._file.at}: a {error.message}: nothing was brought in") from error
        organisations.claim(tx, self._org.host, self._org.id)
        for hold in holds.of_org(tx, self._org.id):
            holds.insert_subject(tx, hold)
        for job in self._jobs():
            payload = msgspec.Raw(job.payload.encode())
            jobs.enqueue(
                tx, job.kind, of=job.bucket, key=job.key, payload=payload, due_ms=job.due_ms, order=job.order_name
            )
        for some in _parts(sorted(self._ids["accounts"]), INDEXED_AT_ONCE):
            for account in account_rows.by_ids(tx, some).values():
                search.index(tx, account)
        for some in _parts(sorted(self._ids["posts"]), INDEXED_AT_ONCE):
            posts.index_all(tx, post_rows.by_ids(tx, some).values())
        if (org := orgs.by_id(tx, self._org.id)) and org.closing_ms:
            closing.forget(tx, org)
        audit.note(tx, self._org.id, 0, "import", "organisation", self._org.id, self._org.name)
        found = orgs.by_id(tx, self._org.id)
        assert found
        return found


def _about(file: bundle.Reader) -> About:
    if ABOUT not in file.sums or f"{ROWS}/orgs.jsonl" not in file.sums:
        raise SettingsError(f"{file.at} is no export of an organisation: it has no {ABOUT}")
    with file.open(ABOUT) as opened:
        try:
            about = msgspec.json.decode(opened.read(ABOUT_BYTES_MAX), type=About)
        except _JSON_DEEP as error:
            raise SettingsError(f"{file.at} is no export of an organisation: {error}") from error
    if about.format != FORMAT or about.org_id < SNOWFLAKE:
        raise SettingsError(f"{file.at} has the format {about.format}, and {FORMAT} is known here: use a newer version")
    if unknown := about.rows.keys() - WAYS.keys():
        raise SettingsError(f"a newer version of Chirrup wrote this: nobody here knows the table {min(unknown)}")
    return about


def _read(file: bundle.Reader, name: str, kind: Any) -> Iterator[Any]:
    if name not in file.sums:
        return
    decode = msgspec.json.Decoder(kind).decode
    with file.open(name) as lines:
        for number, line in enumerate(iter(lambda: lines.readline(LINE_BYTES_MAX + 1), b""), 1):
            if len(line) > LINE_BYTES_MAX:
                raise SettingsError(f"{file.at}: {name}, line {number} is longer than any that Chirrup writes")
            try:
                yield decode(line)
            except _JSON_DEEP as error:
                raise SettingsError(f"{file.at}: {name}, line {number} cannot be read: {error}") from error


def _parts(ids: Iterable[int], size: int) -> Iterator[list[int]]:
    rest = iter(ids)
    return iter(lambda: list(islice(rest, size)), [])


def _number(value: int | str | None) -> int:
    return value if isinstance(value, int) else 0


def _is_cheap(password_hash: str) -> bool:
    """Whether it is a hash, and one that costs no more to check than ours may."""
    found = _HASH.fullmatch(password_hash)
    return bool(found) and all(int(one) <= most for one, most in zip(found.groups(), HASH_MAX, strict=True))
