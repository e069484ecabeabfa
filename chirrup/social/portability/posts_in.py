"""Posts from an archive of Mastodon, of this server or of Twitter: brought in by a job, at their dates.

First the posts are read from the file and kept as rows, oldest first, so that each comes after what it answers. Then
each is published in a transaction of its own, as in imports.py. Nobody is told, and timelines are not pushed to: they
are rebuilt when all is through. docs/decisions/0050-in-and-out.md
"""

import asyncio
import io
import os
import tempfile
from collections.abc import Collection, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from ...access import sites
from ...config import Settings
from ...errors import ChirrupError, Invalid, Unavailable, not_among
from ...events import PostsImported
from ...ids import bucket_of, made_at, ms_of
from ...ports import Engines, Tx
from ...store import accounts as account_rows
from ...store import imported_posts, jobs
from ...store import imports as rows
from ...store import media as media_rows
from ...store import posts as post_rows
from ...types import Author, Import, ImportRow, ImportStage, MediaState, Post, Visibility
from ...wording import N_
from .. import composing, files, images, in_rooms, languages, media, posts, text, uploads
from ..films import work as films
from . import imports, tars
from .archives import ZIP
from .imports import Due, RowFailed, Told
from .old_post import OldPost
from .old_posts import JSON_BYTES_MAX, OldArchive
from .tables import Owner
from .zips import Zip

BRING_IN = "bring in posts"  # a kind of job; the payload is imports.Due
KIND = "posts"  # of an import
BYTES_MAX = 100 * 1024 * 1024  # of a file that is sent by a form; the command takes larger ones
POSTS_MAX = 200_000
CHARS_MAX = 25_000  # of a text: other servers allow more than this one does
SUMMARY_CHARS_MAX = 500
FIRST_MS = 946_684_800_000  # the year 2000: no network of these is older
MOMENT_MS = 256  # within which an id for a date must be free: 16 in each
LOOK_MS = 16  # looked at in one query
STEP = 200
SPOOLED_BYTES = 1024 * 1024  # of a picture or film in memory; more is on the disk
FILM_S = 600.0  # until a film is ready; others may be before it
COLUMNS = ("Address", "Text")  # of as_cells()
AUDIENCES = ("", Visibility.PUBLIC, Visibility.FOLLOWERS)  # "": as it was there


class Where(msgspec.Struct, frozen=True):
    base_url: str  # of the site
    folder: Path  # for files without a name


async def begin(
    engines: Engines, account_id: int, file: BinaryIO, where: Where, *, audience: str, later_ms: int = 0
) -> Import:
    """Keep an archive, and have a job bring in its posts.

    audience: nothing gets a wider one; it must be chosen for an archive of Twitter, which does not say whether the
    account was protected. later_ms: the job begins after so long, because the caller begins at once.
    Raises Invalid: the file, audience, another one is not through yet.
    """
    if audience not in AUDIENCES:
        raise not_among("audience", AUDIENCES, audience)
    with tempfile.TemporaryFile(dir=where.folder) as unpacked:
        file = await asyncio.to_thread(_as_zip, file, unpacked)
        await asyncio.to_thread(_look_at, file, audience)
        return await _store(engines, account_id, file, audience, where.base_url, later_ms)


async def _store(
    engines: Engines, account_id: int, file: BinaryIO, audience: str, base_url: str, later_ms: int
) -> Import:
    id = await engines.db.write(_draw_id, account_id)
    key = images.new_key("zip", id)
    file.seek(0)
    await asyncio.to_thread(engines.blobs.put_file, key, file, ZIP)
    try:
        return await engines.db.write(_begin, account_id, id, key, audience, base_url, later_ms)
    except BaseException:
        await files.take_back(engines, [key])
        raise


def _as_zip(file: BinaryIO, unpacked: BinaryIO) -> BinaryIO:
    """The file, or unpacked, if that has become a copy of it. Raises Invalid; Unavailable: the disk is full."""
    file.seek(0)
    if file.read(len(tars.BEGIN)) != tars.BEGIN:
        return file
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    try:
        tars.copy(file, unpacked, JSON_BYTES_MAX + 2 * size_bytes)  # pictures do not become larger
    except OSError as error:
        raise Unavailable("There is no disk space for this archive now") from error
    return unpacked


def _look_at(file: BinaryIO, audience: str) -> None:
    if OldArchive(Zip(file)).is_of_twitter and not audience:
        why = N_("must be chosen: an archive of Twitter does not say whether the account was protected")
        raise Invalid("audience", "blank", why)


def _draw_id(tx: Tx, account_id: int) -> int:
    return tx.new_id(bucket_of(account_id))


def _begin(tx: Tx, account_id: int, id: int, key: str, audience: str, base_url: str, later_ms: int) -> Import:
    imports.check_alone(tx, account_id, KIND)
    one = Import(id, account_id, KIND, ImportStage.READING, 0, 0, 0, 0, "", file_key=key, audience=audience)
    rows.insert(tx, one)
    due_ms = tx.now_ms + later_ms
    jobs.enqueue(tx, BRING_IN, of=account_id, key=str(id), payload=Due(id, base_url), due_ms=due_ms)
    return one


# the job


def rules_for(tx: Tx, settings: Settings, due: Due) -> uploads.Rules:
    """How large its pictures and films may be: as its account's site has it."""
    one = rows.by_id(tx, due.id)
    account = account_rows.by_id(tx, one.account_id) if one else None
    return uploads.rules(settings, sites.at(tx, settings, account.org_id if account else 0))


async def bring_in(engines: Engines, due: Due, rules: uploads.Rules, told: Told = lambda _: None) -> None:
    """Read the archive, and bring in all that is left of it. rules: for its media. told: is called after each."""
    one = await engines.db.read(rows.by_id, due.id)
    if one is None or one.stage == ImportStage.ENDED:
        return
    found = await asyncio.to_thread(engines.blobs.open, one.file_key)
    if found is None:
        await engines.db.write(_stop, due.id, "its file is gone")
        return
    with io.BufferedReader(found[0]) as file:  # type: ignore[arg-type]  # an unbuffered file is one
        try:
            archive = await asyncio.to_thread(lambda: OldArchive(Zip(file)))
            if one.stage == ImportStage.READING:
                await _read(engines, archive, due)
        except Invalid as error:
            await engines.db.write(_stop, due.id, error.message)
        else:
            while now := await _next(engines, archive, due, rules):
                told(now)
    await asyncio.to_thread(engines.blobs.delete, one.file_key)


async def _read(engines: Engines, archive: OldArchive, due: Due) -> None:
    """Keep all posts as rows. Killed, it begins anew, and finds the same."""
    places = await asyncio.to_thread(_places, archive)
    posts, at = archive.posts(), 0
    while some := await asyncio.to_thread(_some, posts):
        kept = [
            ImportRow(places[at + n], msgspec.json.encode(post).decode(), post.problem) for n, post in enumerate(some)
        ]
        if not await engines.db.write(_keep, due.id, kept):
            return
        at += len(some)
    await engines.db.write(_is_read, due.id, at)


def _some(posts: Iterator[OldPost]) -> list[OldPost]:
    return list(islice(posts, STEP))


def _places(archive: OldArchive) -> list[int]:
    """Which row each post becomes, in the order of the file: by date, the oldest is 1. Raises Invalid."""
    dates: list[tuple[int, int, int]] = []
    for n, post in enumerate(archive.posts()):
        if n >= POSTS_MAX:
            raise Invalid("archive", "too_many", "must have at most {most} posts", most=POSTS_MAX)
        id = post.source.removeprefix("twitter:")
        dates.append((post.published_ms, int(id) if archive.is_of_twitter and id.isdecimal() else n, n))
    if not dates:
        raise Invalid("archive", "blank", "has no posts")
    places = [0] * len(dates)
    for place, (_, _, n) in enumerate(sorted(dates), 1):
        places[n] = place
    return places


def _keep(tx: Tx, id: int, kept: Collection[ImportRow]) -> bool:
    """False: it was stopped meanwhile, or another worker has read it."""
    one = rows.by_id(tx, id, in_turn=True)
    if one is None or one.stage != ImportStage.READING:
        return False
    rows.insert_rows(tx, id, kept)
    return True


def _is_read(tx: Tx, id: int, total: int) -> None:
    one = rows.by_id(tx, id, in_turn=True)
    if one and one.stage == ImportStage.READING:
        rows.update(tx, msgspec.structs.replace(one, stage=ImportStage.ADDING, total=total))


def _stop(tx: Tx, id: int, problem: str) -> None:
    one = rows.by_id(tx, id, in_turn=True)
    if one and one.stage != ImportStage.ENDED:
        imports.end(tx, one, problem)


async def _next(engines: Engines, archive: OldArchive, due: Due, rules: uploads.Rules) -> Import | None:
    """Bring in the next post. None: there is none."""
    found = await engines.db.read(_look, due.id)
    if found is None:
        await engines.db.write(_through, due.id)
        return None
    one, row, is_known = found
    old = msgspec.json.decode(row.data, type=OldPost)
    try:
        if row.problem:
            raise RowFailed(row.position, row.problem)
        shown, lacks = ([], "") if is_known else await _media(engines, archive, one.account_id, old, rules)
        return await engines.db.write(_bring, due, row.position, old, shown, lacks)
    except RowFailed as error:
        return await engines.db.write(imports.fail, due.id, error)


def _look(tx: Tx, id: int) -> tuple[Import, ImportRow, bool] | None:
    """(the import, its next row, whether that was brought in before)."""
    one = rows.by_id(tx, id)
    if one is None or one.stage != ImportStage.ADDING:
        return None
    left = rows.rows(tx, id, after=one.done, limit=1)
    if not left:
        return None
    source = msgspec.json.decode(left[0].data, type=OldPost).source
    return one, left[0], source in imported_posts.among(tx, one.account_id, [source])


async def _media(
    engines: Engines, archive: OldArchive, owner_id: int, old: OldPost, rules: uploads.Rules
) -> tuple[list[int], str]:
    """(ids of its media, uploaded; what it lacks of them). What no post takes is deleted later, as all uploads."""
    made: list[int] = []
    lacks: list[str] = []
    for n, one in enumerate(old.media, 1):
        if n > composing.MEDIA_MAX:
            lacks.append(f"it has {len(old.media)} pictures, and can show {composing.MEDIA_MAX}")
            break
        try:
            if not one.file:
                raise Invalid("file", "absent", "is not in the archive")
            wanted = media.Change(one.description[: media.DESCRIPTION_CHARS_MAX], one.focus)
            made.append(await _upload(engines, archive, owner_id, one.file, wanted, rules))
        except Invalid as error:
            lacks.append(f"picture {n} {error.why}")
    return made, "; ".join(lacks)


async def _upload(
    engines: Engines, archive: OldArchive, owner_id: int, name: str, wanted: media.Change, rules: uploads.Rules
) -> int:
    """The id of a new upload. Raises Invalid."""
    with tempfile.SpooledTemporaryFile(SPOOLED_BYTES, dir=str(rules.data)) as file:
        await asyncio.to_thread(archive.zip.copy, name, file, max(rules.bytes_max, rules.film_bytes_max))
        file.seek(0)
        one = await uploads.add(engines, owner_id, file, wanted, rules)
    if one.state == MediaState.PROCESSING:
        one = await films.ready(engines, owner_id, one.id, FILM_S)
    if one.state == MediaState.PROCESSING:
        raise Invalid("file", "late", "is a film or a sound that was not ready in time")
    if one.state != MediaState.READY:
        raise Invalid("file", "failed", "is a film or a sound that cannot be read")
    return one.id


def _bring(tx: Tx, due: Due, position: int, old: OldPost, media_ids: list[int], lacks: str) -> Import | None:
    """Publish one post at its date. Raises RowFailed."""
    one, owner = imports.at_work(tx, due)
    if one is None or owner is None or one.done >= position:
        return one
    user = account_rows.author(tx, owner.account_id)
    known = imported_posts.among(tx, owner.account_id, [old.source, old.reply_to])
    if old.source not in known:
        try:
            post = _own(tx, owner, old.source) or _publish(tx, owner, user, old, one, known, media_ids)
        except Unavailable:
            raise
        except ChirrupError as error:
            raise RowFailed(position, error.message) from error
        imported_posts.insert(tx, owner.account_id, old.source, post.id)
    if lacks:
        rows.set_problem(tx, one.id, position, f"it was brought in, but {lacks}")
    else:
        rows.delete_row(tx, one.id, position)
    return imports.go_on(tx, one, position, failed=int(bool(lacks)))


def _own(tx: Tx, owner: Owner, address: str) -> Post | None:
    """The owner's post at this address of this site, if it is still here."""
    _, _, id = address.removeprefix(f"{owner.base_url}/@").partition("/")
    if not address.startswith(f"{owner.base_url}/@") or not (id.isascii() and id.isdecimal() and len(id) < 19):
        return None
    post = post_rows.by_id(tx, int(id))
    return post if post and post.author_id == owner.account_id else None


def _publish(
    tx: Tx,
    owner: Owner,
    user: Author | None,
    old: OldPost,
    one: Import,
    known: dict[str, int],
    media_ids: list[int],
) -> Post:
    """Write the post. It mentions nobody: names in it are of other servers, where others have them."""
    words, summary = text.clean(old.text), text.clean(old.summary)
    _check(tx, old, words, summary, media_ids)
    parent = post_rows.by_id(tx, known[old.reply_to]) if old.reply_to in known else _own(tx, owner, old.reply_to)
    found = text.extract(words)
    id = _free_id(tx, owner.account_id, old.published_ms, parent.id if parent else 0)
    audience = composing.narrower(old.visibility, one.audience or old.visibility)
    in_rooms.check_guest(tx, user, None, audience)
    post = Post(
        id=id,
        author_id=owner.account_id,
        boost_of_id=0,
        reply_to_id=parent.id if parent else 0,
        reply_to_author_id=parent.author_id if parent else 0,
        root_id=parent.root_id if parent else id,
        visibility=audience,
        text=words,
        summary=summary,
        sensitive=int(old.sensitive or bool(summary)),
        language=languages.code_of(old.language),
        app_id=0,
        mentions="[]",
        tags=composing.tag_names(found),
        media_ids=composing.as_json(media_ids) if media_ids else "[]",
        poll_id=0,
        changed_ms=tx.now_ms,
        edited_ms=0,
        deleted_ms=0,
        org_id=owner.org_id,
        quote_policy=composing.policy(user.quote_policy if user else "", audience),
    )
    posts.write(tx, post)
    if media_ids and len(media_rows.attach(tx, owner.account_id, media_ids, id)) != len(media_ids):
        raise Unavailable("its pictures were deleted meanwhile")  # it is tried again, with new ones
    return post


def _check(tx: Tx, old: OldPost, words: str, summary: str, media_ids: Collection[int]) -> None:
    """Raises Invalid."""
    if not words and not media_ids:
        raise Invalid("post", "blank", "Has no words, and no pictures that could be read")
    for what, most in ((words, CHARS_MAX), (summary, SUMMARY_CHARS_MAX)):
        if len(what) > most:
            raise Invalid("post", "too_long", "Has a text or a warning of more than {most} characters", most=most)
    if old.published_ms >= tx.now_ms:
        raise Invalid("post", "too_new", "Is dated in the future")
    if old.published_ms < FIRST_MS:
        raise Invalid("post", "too_old", "Is dated before the year 2000")


def _free_id(tx: Tx, author: int, at_ms: int, after: int) -> int:
    """An id of that moment, or soon after it, that no post has, later than `after`. Raises Invalid: there is none."""
    bucket, first_ms = bucket_of(author), max(at_ms, ms_of(after))
    for ms in range(first_ms, first_ms + MOMENT_MS, LOOK_MS):
        looked_at = [made_at(ms + n // 16, n % 16, bucket) for n in range(16 * LOOK_MS)]
        ids = [id for id in looked_at if id > after]
        taken = post_rows.authors(tx, ids)
        if free := [id for id in ids if id not in taken]:
            return free[0]
    raise Invalid("post", "too_many", "Has the date of very many others")


def _through(tx: Tx, id: int) -> None:
    one = rows.by_id(tx, id, in_turn=True)
    if one and one.stage == ImportStage.ADDING and one.done >= one.total:
        imports.end(tx, one)
        tx.emit(PostsImported(one.account_id))


def as_cells(row: ImportRow) -> list[str]:
    """What a person recognises the post by."""
    old: Any = msgspec.json.decode(row.data, type=OldPost)
    return [old.source, old.text[:200]]
