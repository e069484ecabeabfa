"""Media: uploads of an account, before and after a post shows them.

files.py stores and deletes the files; media_addresses.py makes and reads their addresses.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from ..errors import Invalid, NotFound, as_dict, from_dict, too_long
from ..ids import bucket_of, first_at
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import jobs
from ..store import media as rows
from ..store import posts as post_rows
from ..types import Media, MediaState
from . import holds, images, text

MAKE_FILM = "make a film"  # a kind of job; the payload is the id of the media
DESCRIPTION_CHARS_MAX = 1500  # Mastodon's; clients read ours from GET /api/v2/instance
UNATTACHED_MS_MAX = 23 * 3600 * 1000  # media that no post shows (any more) are removed after this, within a day


class Focus(msgspec.Struct, frozen=True):
    """The point that previews should show, from -1 (left, bottom) to 1."""

    x: float
    y: float


class Meta(images.Meta, frozen=True, omit_defaults=True):
    focus: Focus | None = None


class Change(msgspec.Struct, frozen=True):
    """None: no change."""

    description: str | None = None
    focus: str | None = None  # "x,y"


class Film(msgspec.Struct, frozen=True):
    """What a film or a sound has become, its files stored already. preview_key: "" for a sound."""

    kind: str
    content_type: str
    key: str
    preview_key: str
    blurhash: str
    meta: images.Meta
    size_bytes: int


class Preview(msgspec.Struct, frozen=True):
    """A new preview, its file stored already."""

    key: str
    blurhash: str
    size: images.Size


def check(wanted: Change) -> None:
    """Raises Invalid: description too long, focus unreadable."""
    _described(Meta(), wanted)


def add(tx: Tx, owner_id: int, made: images.Processed, preview: images.Preview, wanted: Change) -> Media:
    """A new upload of owner_id's; the caller must store its files next. preview: made.preview, or a thumbnail.

    Raises as check().
    """
    figures: dict[str, Any] = msgspec.structs.asdict(made.meta) | {"small": preview.size}
    meta, description = _described(Meta(**figures), wanted)
    one = Media(
        id=0,
        owner_id=owner_id,
        post_id=0,
        kind="gifv" if made.original.content_type.startswith("video/") else "image",
        content_type=made.original.content_type,
        key=made.original.extension,
        preview_key=preview.file.extension,
        blurhash=preview.blurhash,
        meta=_json(meta),
        description=description or "",
        size_bytes=len(made.original.data) + len(preview.file.data),
    )
    return _insert(tx, one)


def _insert(tx: Tx, one: Media) -> Media:
    """With a new id, and new keys for the extensions in its key and preview_key."""
    while True:
        id = tx.new_id(bucket_of(one.owner_id))
        key = images.new_key(one.key, id)
        preview_key = images.new_key(one.preview_key, id) if one.preview_key else ""
        new = msgspec.structs.replace(one, id=id, key=key, preview_key=preview_key)
        if rows.insert(tx, new):
            return new


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


# films and sound: films/work.py


def add_film(
    tx: Tx, owner_id: int, kind: str, size_bytes: int, preview: images.Preview | None, wanted: Change
) -> Media:
    """A film or sound that was uploaded; the caller must store its file next, and then call begin_film().

    kind: as it will be told. preview: of the uploader's own. Raises as check().
    """
    meta, description = _described(Meta(small=preview.size if preview else None), wanted)
    one = Media(
        id=0,
        owner_id=owner_id,
        post_id=0,
        kind=kind,
        content_type="application/octet-stream",
        key="upload",
        preview_key=preview.file.extension if preview else "",
        blurhash=preview.blurhash if preview else "",
        meta=_json(meta),
        description=description or "",
        size_bytes=size_bytes,
        state=MediaState.PROCESSING,
    )
    return _insert(tx, one)


def begin_film(tx: Tx, id: int) -> Media:
    """Have it written anew, now that its file is stored. Raises NotFound: it was deleted meanwhile."""
    one = rows.by_id(tx, id)
    if one is None:
        raise NotFound("media", id)
    jobs.enqueue(tx, MAKE_FILM, of=id, key=str(id), payload=id)
    return one


def finish_film(tx: Tx, id: int, film: Film) -> None:
    """It can be shown. Does nothing if it was deleted, or finished by another process."""
    if one := _processing(tx, id):
        before = msgspec.json.decode(one.meta, type=Meta)
        figures: dict[str, Any] = msgspec.structs.asdict(film.meta)
        small = before.small or film.meta.small
        meta = msgspec.structs.replace(Meta(**figures), small=small, focus=before.focus)
        after = msgspec.structs.replace(
            one,
            kind=film.kind,
            content_type=film.content_type,
            key=film.key,
            preview_key=one.preview_key or film.preview_key,
            blurhash=one.blurhash or film.blurhash,
            meta=_json(meta),
            size_bytes=film.size_bytes,
            state=MediaState.READY,
        )
        rows.end_processing(tx, after)


def fail_film(tx: Tx, id: int, error: Invalid) -> None:
    """It cannot be shown. error: why, in words for its owner."""
    if one := _processing(tx, id):
        failed = msgspec.structs.replace(one, key="", state=MediaState.FAILED, problem=_json(as_dict(error)))
        rows.end_processing(tx, failed)


def _processing(tx: Tx, id: int) -> Media | None:
    """The row, if it is processed still. Changes of its owner wait until this transaction ends."""
    if one := rows.by_id(tx, id):
        account_rows.user(tx, one.owner_id, in_turn=True)
        one = rows.by_id(tx, id)
    return one if one and one.state == MediaState.PROCESSING else None


def problem_of(one: Media) -> Invalid | None:
    """Why it cannot be shown; None: it can, or will."""
    return from_dict(msgspec.json.decode(one.problem)) if one.state == MediaState.FAILED else None


def get(tx: Tx, owner_id: int, id: int) -> Media:
    """Raises NotFound: absent, or another account's."""
    one = rows.by_id(tx, id)
    if one is None or one.owner_id != owner_id or one.state == MediaState.HELD:
        raise NotFound("media", id)
    return one


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Media]:
    """Those that exist, for who has asked whose they are. One query."""
    return rows.by_ids(tx, ids)


def own(tx: Tx, owner_id: int, ids: Collection[int], *, post_id: int = 0, draft_id: int = 0) -> list[Media]:
    """Those of ids that are the owner's and that no post or draft has, or only post_id or draft_id, in their order."""
    found = rows.by_ids(tx, ids)
    mine = [one for id in ids if (one := found.get(id)) and one.owner_id == owner_id]
    return [one for one in mine if one.shown_by in (0, post_id) and one.draft_id in (0, draft_id)]


def change(
    tx: Tx, owner_id: int, id: int, wanted: Change, *, post_id: int = 0, preview: Preview | None = None
) -> Media:
    """The changed media. post_id: it must be this post's. Raises NotFound, and as check()."""
    account_rows.user(tx, owner_id, in_turn=True)  # beside finish_film()
    before = get(tx, owner_id, id)
    if post_id not in (0, before.shown_by):
        raise NotFound("media", id)
    meta, description = _described(msgspec.json.decode(before.meta, type=Meta), wanted)
    after = before
    if preview:
        meta = msgspec.structs.replace(meta, small=preview.size)
        after = msgspec.structs.replace(after, preview_key=preview.key, blurhash=preview.blurhash)
    if description is not None:
        after = msgspec.structs.replace(after, description=description)
    after = msgspec.structs.replace(after, meta=_json(meta))
    if after != before:
        rows.update(tx, after)
        if before.shown_by:
            post_rows.touch(tx, before.shown_by)
    return after


def _described(meta: Meta, wanted: Change) -> tuple[Meta, str | None]:
    """(meta with the focus, the description) that wanted asks for."""
    if wanted.focus is not None:
        meta = msgspec.structs.replace(meta, focus=_focus(wanted.focus))
    return meta, None if wanted.description is None else _description(wanted.description)


def _description(raw: str) -> str:
    words = text.clean(raw, "description")
    if len(words) > DESCRIPTION_CHARS_MAX:
        raise too_long("description", DESCRIPTION_CHARS_MAX, len(words))
    return words


def _focus(given: str) -> Focus | None:
    if not given.strip():
        return None
    try:
        x, y = (float(part) for part in given.split(","))
    except ValueError:
        x = y = 2.0
    if not (-1 <= x <= 1 and -1 <= y <= 1):
        raise Invalid(
            "focus", "invalid", "must be two numbers from -1 to 1 like 0.5,-0.25; got {got!r}", got=given[:40]
        )
    return Focus(x, y)


def remove(tx: Tx, owner_id: int, id: int) -> Media:
    """Delete an upload. The caller must delete its files once this is committed.

    Raises NotFound; Invalid: a post shows it, or a draft has it.
    """
    one = get(tx, owner_id, id)
    if not rows.delete_unattached(tx, id):
        raise Invalid("media", "shown", "is in a post or a draft")
    return one


def remove_unattached(tx: Tx, limit: int = 100) -> list[Media]:
    """Delete uploads that no post has shown in time. The caller must delete the files once this is committed."""
    rows.adopt_released(tx)
    since_ms = tx.now_ms - UNATTACHED_MS_MAX
    old = rows.unattached(tx, before_id=first_at(since_ms), limit=limit)
    old += rows.released(tx, before_ms=since_ms, limit=limit)
    return [one for one in holds.take_back(tx, old) if rows.delete_unattached(tx, one.id)]
