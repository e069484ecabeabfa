"""Emoji of an organisation: added and removed by who runs the server (`chirrup emoji`), drawn in texts: shortcodes.py.

Rows are in store/emojis.py.
"""

import msgspec

from ..errors import Invalid, NotFound, too_long
from ..ids import bucket_of
from ..ports import Engines, Tx
from ..store import emojis as rows
from ..types import Emoji
from ..wording import N_
from . import files as stored_files
from . import image_child, images, text, uploads
from .media_addresses import File, file_name
from .shortcodes import CHARS_MAX, CHARS_MIN, NAME

BYTES_MAX = 256 * 1024  # Mastodon's
EMOJIS_MAX = 2000  # of an organisation: clients get all of them in one answer, which stays below 1 MB
CATEGORY_CHARS_MAX = 64


class Wanted(msgspec.Struct, frozen=True):
    shortcode: str
    category: str = ""
    listed: bool = True  # pickers offer it
    replace: bool = False  # the one with this shortcode, if there is one


async def add(engines: Engines, org_id: int, data: bytes, wanted: Wanted) -> Emoji:
    """A new emoji, made from the pixels of data.

    Raises Invalid (shortcode, category, file; too many), Unavailable (too busy, or the disk is full).
    """
    wanted = _checked(wanted)
    uploads.check_size(len(data), BYTES_MAX)
    made = await image_child.isolated(images.emoji, data)
    id = await engines.db.write(_new_id, org_id)
    key = images.new_key(made.image.extension, id)
    still_key = key if made.still == made.image else images.new_key(made.still.extension, id)
    emoji = Emoji(id, org_id, wanted.shortcode, wanted.category, int(wanted.listed), key, still_key)
    files = {still_key: made.still, key: made.image}
    try:
        await stored_files.store(engines.blobs, files)
        before = await engines.db.write(_insert, emoji, replace=wanted.replace)
    except BaseException:
        await stored_files.take_back(engines, files)
        raise
    if before:
        await stored_files.take_back(engines, [before.key, before.still_key])
    return emoji


async def remove(engines: Engines, org_id: int, shortcode: str) -> None:
    """Texts show the shortcode again. Raises NotFound."""
    gone = await engines.db.write(_delete, org_id, shortcode)
    await stored_files.take_back(engines, [gone.key, gone.still_key])


def every(tx: Tx, org_id: int) -> list[Emoji]:
    """All of the organisation's, in the order of their shortcodes."""
    return rows.of_org(tx, org_id)


def file(tx: Tx, id: int, name: str, org_id: int) -> File:
    """The file of an address. Raises NotFound: absent, or another organisation's."""
    emoji = rows.by_ids(tx, [id]).get(id)
    for key in (emoji.key, emoji.still_key) if emoji and emoji.org_id == org_id else ():
        if file_name(key) == name:
            return File(key, private=False, indexed=False)
    raise NotFound("file", name)


def _checked(wanted: Wanted) -> Wanted:
    if not NAME.fullmatch(wanted.shortcode):
        why = N_("must be {least} to {most} letters a to z, digits and underscores; got {got!r}")
        raise Invalid("shortcode", "invalid", why, least=CHARS_MIN, most=CHARS_MAX, got=wanted.shortcode[:80])
    category = text.clean(wanted.category, "category").replace("\n", " ")
    if len(category) > CATEGORY_CHARS_MAX:
        raise too_long("category", CATEGORY_CHARS_MAX, len(category))
    return msgspec.structs.replace(wanted, category=category)


def _new_id(tx: Tx, org_id: int) -> int:
    return tx.new_id(bucket_of(org_id))


def _insert(tx: Tx, emoji: Emoji, *, replace: bool) -> Emoji | None:
    """Returns the emoji that it replaces. Raises Invalid."""
    rows.set_version(tx, emoji.org_id, tx.new_id(bucket_of(emoji.org_id)))
    there = {one.shortcode: one for one in rows.of_org(tx, emoji.org_id)}
    before = there.get(emoji.shortcode)
    if before and not replace:
        raise Invalid("shortcode", "taken", "is taken: there is an emoji :{got}:", got=emoji.shortcode)
    if len(there) >= EMOJIS_MAX and not before:
        raise Invalid("emojis", "too_many", "are too many: there can be {most}", most=EMOJIS_MAX)
    if before:
        rows.delete(tx, before.id)
    if not rows.insert(tx, emoji):
        raise Invalid("shortcode", "taken", "could not be added now: try again")
    return before


def _delete(tx: Tx, org_id: int, shortcode: str) -> Emoji:
    rows.set_version(tx, org_id, tx.new_id(bucket_of(org_id)))
    for one in rows.of_org(tx, org_id):
        if one.shortcode == shortcode:
            rows.delete(tx, one.id)
            return one
    raise NotFound("emoji", shortcode)
