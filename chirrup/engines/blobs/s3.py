"""Blobs in a bucket of Amazon S3, or of any storage that speaks its protocol: docs/operate/objects.md."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Protocol, cast

import obstore
from obstore.exceptions import BaseError
from obstore.store import S3Store

from ...errors import SettingsError, Unavailable
from ...wording import N_
from . import keys

PIECE_BYTES = 256 * 1024  # read ahead of a client at least
PART_BYTES = 8 * 1024 * 1024  # sent in one request; larger files are sent in parts, and exist when all have arrived
PARTS_AT_ONCE = 2  # in memory
CONNECT_S, STILL_S, RETRY_S = 5, 20, 15
FAILED = (BaseError, FileNotFoundError)  # the latter: there is no such bucket
WORDS = N_("The storage of files is away; try again later")


class Bucket(Protocol):
    """The settings of it, as config.Settings has them."""

    @property
    def blobs(self) -> str: ...
    @property
    def s3_endpoint(self) -> str: ...
    @property
    def s3_region(self) -> str: ...
    @property
    def s3_key(self) -> str: ...
    @property
    def s3_secret(self) -> str: ...


class S3Blobs:
    """Implements ports.Blobs. Any number of processes may share a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        """Raises SettingsError, but not if the storage does not answer."""
        name, _, folder = bucket.blobs.removeprefix("s3://").strip("/").partition("/")
        config: Any = {
            "region": bucket.s3_region,
            "access_key_id": bucket.s3_key,
            "secret_access_key": bucket.s3_secret,
            "disable_bulk_delete": True,  # not every storage has it, and we delete one by one
        }
        if bucket.s3_endpoint:
            config["endpoint"] = bucket.s3_endpoint
        try:
            self._store = S3Store(
                name,
                prefix=folder or None,
                config=config,
                client_options={
                    "allow_http": bucket.s3_endpoint.startswith("http:"),
                    "connect_timeout": timedelta(seconds=CONNECT_S),
                    "read_timeout": timedelta(seconds=STILL_S),
                    "timeout": timedelta(hours=1),
                },
                retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=RETRY_S)},
            )
        except (BaseError, ValueError) as error:
            raise SettingsError(f"the bucket {bucket.blobs[:80]!r} cannot be used: {error}") from error

    def put(self, key: str, data: bytes, content_type: str) -> None:
        """Raises Unavailable (away, full, forbidden), ValueError for a key or type never made by us."""
        self._put(key, data, content_type)

    def put_file(self, key: str, file: BinaryIO, content_type: str) -> None:
        """As put()."""
        self._put(key, file, content_type)

    def _put(self, key: str, data: bytes | BinaryIO, content_type: str) -> None:
        keys.check(key, content_type)
        try:
            obstore.put(
                self._store,
                key,
                data,
                attributes={"Content-Type": content_type},
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )
        except FAILED as error:
            raise Unavailable("The file could not be stored; try again later") from error

    def get(self, key: str) -> tuple[bytes, str] | None:
        found = self.open(key)
        if found is None:
            return None
        with found[0] as file:
            return file.read(), found[2]

    def open(self, key: str) -> tuple[BinaryIO, int, str] | None:
        if not keys.type_of(key):
            return None
        try:
            file = _Object(self._store, key)
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise Unavailable(WORDS) from error
        return cast(BinaryIO, file), file.size_bytes, keys.type_of(key)

    def delete(self, key: str) -> None:
        if not keys.type_of(key):
            return
        try:
            obstore.delete(self._store, key)
        except FileNotFoundError:
            pass
        except BaseError as error:
            raise Unavailable(WORDS) from error

    def old(self, folder: str, older_s: int) -> list[str]:
        before = datetime.now(UTC) - timedelta(seconds=older_s)
        try:
            found = [one for some in obstore.list(self._store, folder) for one in some]
        except FAILED as error:
            raise Unavailable(WORDS) from error
        return [one["path"] for one in found if one["last_modified"] < before and keys.type_of(one["path"])]


class _Object(io.RawIOBase):
    """An object of the bucket, read while it is sent: one request for all of it, and one more after each seek."""

    def __init__(self, store: S3Store, key: str) -> None:
        self._store, self._key = store, key
        first = obstore.get(store, key)
        self.size_bytes = first.meta["size"]
        self._pieces: Iterator[bytes] | None = iter(first.stream(PIECE_BYTES))
        self._left = memoryview(b"")
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size_bytes}[whence]
        if at != self._at:
            self._at, self._pieces, self._left = at, None, memoryview(b"")
        return at

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._at >= self.size_bytes:
            return 0
        try:
            if not self._left:
                self._left = self._next()
        except FAILED as error:
            raise OSError(f"{self._key} could not be read on: {error}") from error
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        self._at += size
        return size

    def _next(self) -> memoryview:
        if self._pieces is None:
            rest = obstore.get(self._store, self._key, options={"range": {"offset": self._at}})
            self._pieces = iter(rest.stream(PIECE_BYTES))
        piece = next(self._pieces, b"")
        if not piece:
            raise OSError(f"{self._key} has ended at {self._at} of {self.size_bytes} bytes")
        return memoryview(piece)

    def close(self) -> None:
        self._pieces, self._left = None, memoryview(b"")
        super().close()
