"""Media: uploads of an account, before and after a post shows them, and the addresses of their files.

files.py stores and deletes the files.

A file's address names the row that owns it, so look-ups are cheap and viewers who may not see the post get nothing:
/media/files/<media id>/<name> for media of posts, /media/profiles/<account id>/<name> for avatars and headers,
/media/emojis/<emoji id>/<name> for emoji.
The address of a file that not everybody may see is signed and expires within 15 minutes; each time the post is shown,
it has a fresh address.
"""

from collections.abc import Collection
from typing import Any

import msgspec

from ..access import visibility
from ..access.signing import Signer
from ..errors import Invalid, NotFound, as_dict, from_dict, too_long
from ..ids import bucket_of, first_at
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import jobs
from ..store import media as rows
from ..store import posts as post_rows
from ..types import Emoji, Media, MediaState, Stranger
from . import holds, images, text

MAKE_FILM = "make a film"  # a kind of job; the payload is the id of the media
DESCRIPTION_CHARS_MAX = 1500  # Mastodon's; clients read ours from GET /api/v2/instance
UNATTACHED_MS_MAX = 23 * 3600 * 1000  # media that no post shows (any more) are removed after this, within a day
SLOT_MS = 600_000  # an address is the same for so long, so browsers need not fetch the file again
GRACE_MS = 300_000  # an address works for so long after that


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


# addresses


class Addresses:
    """Makes and reads the paths of files."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def of_profile(self, account_id: int, key: str) -> str:
        """The path of an account's avatar or header. Public, and works for as long as the account has it."""
        return profile_path(account_id, key)

    def of_media(self, one: Media, key: str, *, private: bool, now_ms: int) -> str:
        """The path of a file (key or preview_key) of one. private: works for 5 to 15 minutes."""
        path = f"/media/files/{one.id}/{file_name(key)}"
        if not private:
            return path
        until_s = ((now_ms // SLOT_MS + 1) * SLOT_MS + GRACE_MS) // 1000
        return f"{path}?until={until_s}&sign={self._signer.sign(f'{path}?{until_s}?{one.shown_by}')}"

    def is_signed(self, one: Media, path: str, until: str, sign: str, now_ms: int) -> bool:
        """Whether of_media() made this path, it has not expired, and one still belongs to the same post."""
        in_time = until.isascii() and until.isdigit() and len(until) < 16 and now_ms < int(until) * 1000
        return in_time and self._signer.fits(f"{path}?{until}?{one.shown_by}", sign)


def profile_path(account_id: int, key: str) -> str:
    return f"/media/profiles/{account_id}/{file_name(key)}"


def emoji_path(emoji: Emoji, key: str) -> str:
    """Of one of its files. Public, and works for as long as the organisation has it."""
    return f"/media/emojis/{emoji.id}/{file_name(key)}"


def file_name(key: str) -> str:
    """A blob key as one part of a path."""
    return key.replace("/", "")


def is_private(tx: Tx, one: Media) -> bool:
    """Whether there are people who may not see it."""
    return not (one.shown_by and visibility.see_open(tx, one.shown_by))


class File(msgspec.Struct, frozen=True):
    """The file of an address."""

    key: str
    private: bool
    indexed: bool  # search engines may keep it


def file(
    tx: Tx, addresses: Addresses, id: int, name: str, *, until: str, sign: str, org_id: int = 0, closed: bool = False
) -> File:
    """The file of an address made by of_media().

    org_id, closed: of the requested site. A closed site shows nothing without a signature.
    Raises NotFound: absent, another organisation's, deleted, its author suspended, or private and without a valid
    signature.
    """
    one = rows.by_id(tx, id)
    keys = (one.key if one.state == MediaState.READY else "", one.preview_key) if one else ()
    key = next((key for key in keys if file_name(key) == name), "")
    if not one or not key:
        raise NotFound("file", name)
    post = visibility.see_one(tx, Stranger(org_id), one.shown_by) if one.shown_by and not closed else None
    private = post is None
    if private and not addresses.is_signed(one, f"/media/files/{id}/{name}", until, sign, tx.now_ms):
        raise NotFound("file", name)
    if private and not _is_at(tx, one, org_id):
        raise NotFound("file", name)
    author = account_rows.by_id(tx, one.owner_id) if post else None
    indexed = post is not None and author is not None and visibility.for_search_engines(post, author)
    return File(key, private, indexed)


def _is_at(tx: Tx, one: Media, org_id: int) -> bool:
    """Whether it is of the organisation, and its author can see its post, if it has one."""
    if one.shown_by:
        post = visibility.see_one(tx, one.owner_id, one.shown_by)
        return post is not None and post.org_id == org_id
    owner = account_rows.by_id(tx, one.owner_id)
    return owner is not None and owner.org_id == org_id


def profile_file(tx: Tx, account_id: int, name: str, org_id: int = 0) -> File:
    """An avatar or header. Raises NotFound: the account has no such picture, is suspended, or of another site."""
    account = visibility.of_one_organisation(tx, Stranger(org_id), [account_id]).get(account_id)
    keys = (account.avatar, account.avatar_static, account.header) if account and not account.suspended_ms else ()
    for key in keys:
        if account and key and file_name(key) == name:
            return File(key, private=False, indexed=bool(account.discoverable))
    raise NotFound("file", name)
