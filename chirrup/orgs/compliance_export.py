"""All that a search for COMPLIANCE finds, in one zip file: JSON lines, the media, and the SHA-256 sum of each file.

It is written while who asks waits, and nothing of it stays on the server.
"""

import asyncio
import os
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from .. import __version__
from ..bundle import Writer
from ..ports import Blobs, Engines
from ..times import iso, iso_or_none
from ..types import Media
from . import compliance
from .compliance import Found, Place, Wanted

POSTS, ABOUT, MEDIA = "posts.jsonl", "about.json", "media"
_JSON = msgspec.json.Encoder()


async def write(engines: Engines, org_id: int, actor_id: int, wanted: Wanted, folder: Path) -> tuple[BinaryIO, int]:
    """(an open file without a name, its size). Logged first. folder: for the file, which goes if this is killed.

    Raises as compliance.search(); OSError: the disk is full.
    """
    await compliance.log_look(engines.db, org_id, actor_id, wanted, "export")
    with ExitStack() as closing:
        file = closing.enter_context(tempfile.TemporaryFile(dir=folder))
        out = Writer(file)
        media, posts = dict[int, Media](), 0
        with out.file(POSTS, packed=True) as add:
            place: Place | None = Place()
            while place:
                answer = await engines.db.read_lagging(compliance.look, org_id, wanted, place)
                posts, place = posts + len(answer.found), answer.next
                media |= {one.id: one for found in answer.found for one in found.media}
                await asyncio.to_thread(_add_lines, add, answer.found)
        missing = [id for id, one in media.items() if not await asyncio.to_thread(_copy, engines.blobs, out, one)]
        about = {"chirrup": __version__, "wanted": str(wanted), "posts": posts, "media": len(media) - len(missing)}
        out.add(ABOUT, msgspec.json.format(_JSON.encode(about | {"missing_media": list(map(str, missing))})) + b"\n")
        await asyncio.to_thread(out.finish)
        closing.pop_all()
    return file, file.seek(0, os.SEEK_END)


def _add_lines(add: Callable[[bytes], None], found: list[Found]) -> None:
    for one in found:
        add(_JSON.encode(line(one)) + b"\n")


def _copy(blobs: Blobs, out: Writer, one: Media) -> bool:
    """False: the file is gone."""
    found = blobs.open(one.key) if one.key else None
    if found is None:
        return False
    with found[0] as data:
        out.copy(_name(one), data)
    return True


def _name(one: Media) -> str:
    return f"{MEDIA}/{one.id}.{one.key.rpartition('.')[2]}"


def line(one: Found) -> dict[str, Any]:
    """A post as a line of the file."""
    post = one.post
    return {
        "id": str(post.id),
        "author_id": str(post.author_id),
        "author": one.author.username,
        "created_at": iso(post.created_ms),
        "edited_at": iso_or_none(post.edited_ms),
        "deleted_at": iso_or_none(post.deleted_ms),
        "visibility": post.visibility,
        "room_id": str(post.audience_id) if post.audience_id else None,
        "reply_to_id": str(post.reply_to_id) if post.reply_to_id else None,
        "quote_of_id": str(post.quote_of_id) if post.quote_of_id else None,
        "summary": post.summary,
        "text": post.text,
        "mentions": [{"id": str(to.account_id), "username": to.username} for to in post.mentioned],
        "options": one.options,
        "media": [{"id": str(to.id), "file": _name(to), "description": to.description} for to in one.media],
        "versions": [
            {
                "at": iso(version.at_ms),
                "summary": version.summary,
                "text": version.text,
                "options": msgspec.json.decode(version.poll_options),
                "media_ids": list(map(str, version.media)),
            }
            for version in one.versions
        ],
    }
