"""The logo of an organisation: on its pages, and as what apps show of it."""

from ..access.sites import Site
from ..config import Settings
from ..errors import Invalid, NotFound
from ..ports import Engines
from ..social import files as stored_files
from ..social import image_child, images, uploads
from ..social.media_addresses import File, file_name
from . import settings as settings_of

BYTES_MAX = 2 * 1024 * 1024


async def put(engines: Engines, settings: Settings, site: Site, by: int, data: bytes) -> None:
    """Instead of the one it has. Raises Invalid ("logo"): no picture that can be read; Unavailable."""
    try:
        uploads.check_size(len(data), BYTES_MAX)
        made = await image_child.isolated(images.logo, data)
    except Invalid as error:
        raise error.of("logo") from error
    key = images.new_key(made.extension, site.org_id)
    try:
        await stored_files.store(engines.blobs, {key: made})
        await engines.db.write(settings_of.change, settings, site.org_id, by, {"logo": key})
    except BaseException:
        await stored_files.take_back(engines, [key])
        raise
    await _forget(engines, site)


async def remove(engines: Engines, settings: Settings, site: Site, by: int) -> None:
    """Harmless where there is none."""
    await engines.db.write(settings_of.change, settings, site.org_id, by, {"logo": ""})
    await _forget(engines, site)


async def _forget(engines: Engines, site: Site) -> None:
    if site.settings.logo:
        await stored_files.take_back(engines, [site.settings.logo])


def path(site: Site) -> str:
    """Its address at the site; "": there is none."""
    key = site.settings.logo
    return f"/media/sites/{site.org_id}/{file_name(key)}" if key else ""


def file(site: Site, id: int, name: str) -> File:
    """The file of an address. Raises NotFound: absent, or another organisation's."""
    key = site.settings.logo
    if id != site.org_id or not key or file_name(key) != name:
        raise NotFound("file", name)
    return File(key, private=False, indexed=False)
