"""`chirrup emoji`: pictures that people write as :shortcode:."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Annotated, Any

import cyclopts
from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from ..errors import Invalid, NotFound, SettingsError
from ..ports import Engines
from .common import COMMON, Common, console, opened_database, org_at

commands = cyclopts.App(
    name="emoji",
    help="""Add, list and remove emoji: pictures that people write as :shortcode:.

    Each organisation has its own: name it by --host. Without that they are the server's own network's. What is changed
    is seen everywhere within a second.""",
)

Host = Annotated[str, Parameter(help="The organisation at this host.")]
Category = Annotated[str, Parameter(help="The heading in pickers.")]
Unlisted = Annotated[bool, Parameter(help="Pickers do not offer it; who knows it can write it.")]
Replace = Annotated[bool, Parameter(help="Take the place of one with the same shortcode.")]


@commands.command
def add(
    shortcode: str,
    picture: Path,
    *,
    category: Category = "",
    unlisted: Unlisted = False,
    replace: Replace = False,
    host: Host = "",
    common: Common = COMMON,
) -> None:
    """Add an emoji: PICTURE is shown where :SHORTCODE: is written. PNG, GIF, WebP, JPEG; at most 256 KB."""
    from ..social import emojis

    wanted = emojis.Wanted(shortcode.strip(":"), category, not unlisted, replace)
    data = _read(picture)

    async def work(engines: Engines, org_id: int) -> None:
        await emojis.add(engines, org_id, data, wanted)

    _run(common, host, work)
    console.print(f":{wanted.shortcode}: is there.", highlight=False, emoji=False)


@commands.command(name="list")
def list_(*, host: Host = "", common: Common = COMMON) -> None:
    """List all emoji, by shortcode."""
    from ..social import emojis

    table = Table("shortcode", "category", "state")
    with opened_database(common.settings()) as db:
        for one in db.write_now(emojis.every, org_at(db, host)):
            state = [
                word for word, holds in (("unlisted", not one.listed), ("moves", one.key != one.still_key)) if holds
            ]
            table.add_row(one.shortcode, escape(one.category), ", ".join(state))
    console.print(table)


@commands.command
def remove(shortcode: str, *, host: Host = "", common: Common = COMMON) -> None:
    """Remove an emoji. Texts then show :SHORTCODE: as it was typed."""
    from ..social import emojis

    name = shortcode.strip(":")

    async def work(engines: Engines, org_id: int) -> None:
        try:
            await emojis.remove(engines, org_id, name)
        except NotFound as error:
            raise SettingsError(f"there is no emoji {name!r}; `chirrup emoji list` shows those there are") from error

    _run(common, host, work)
    console.print(f":{name}: is removed.", highlight=False, emoji=False)


@commands.command(name="import")
def import_(
    folder: Path,
    *,
    category: Category = "",
    prefix: Annotated[str, Parameter(help="Put before each name.")] = "",
    unlisted: Unlisted = False,
    replace: Replace = False,
    host: Host = "",
    common: Common = COMMON,
) -> None:
    """Add every picture of a folder or of a .tar or .tar.gz archive. The file's name becomes the shortcode."""
    from ..social import emojis

    async def work(engines: Engines, org_id: int) -> None:
        added = 0
        for name, data in _pictures(folder):
            wanted = emojis.Wanted(prefix + name.rsplit(".", 1)[0], category, not unlisted, replace)
            try:
                await emojis.add(engines, org_id, data, wanted)
            except Invalid as error:
                console.print(f"{name}: {error.message}", highlight=False, markup=False, emoji=False, soft_wrap=True)
            else:
                added += 1
        console.print(f"{added} added.", highlight=False)

    _run(common, host, work)


def _pictures(source: Path) -> Iterator[tuple[str, bytes]]:
    """(name of the file, its first bytes: one more than is allowed). Raises SettingsError."""
    import tarfile

    from ..social.emojis import BYTES_MAX

    try:
        if source.is_dir():
            for file in sorted(source.iterdir()):
                if file.is_file() and not file.name.startswith("."):
                    yield file.name, _read(file)
            return
        with tarfile.open(source) as archive:
            for member in archive:
                name = member.name.rsplit("/", 1)[-1]
                if member.isfile() and not name.startswith(".") and (content := archive.extractfile(member)):
                    yield name, content.read(BYTES_MAX + 1)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise SettingsError(f"expected a folder of pictures or a .tar archive at {source}: {error}") from error


def _read(file: Path) -> bytes:
    """At most one byte more than is allowed. Raises SettingsError."""
    from ..social.emojis import BYTES_MAX

    try:
        with file.open("rb") as opened:
            return opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise SettingsError(f"cannot read the picture: {error}") from error


def _run(common: Common, host: str, work: Callable[[Engines, int], Coroutine[Any, Any, None]]) -> None:
    """work(engines, organisation at host)."""
    from .. import folder
    from ..app import close_engines, open_engines

    settings = common.settings()
    folder.expect_database(settings)
    engines = open_engines(settings)

    async def run() -> None:
        try:
            await work(engines, org_at(engines.db, host))
        finally:
            await close_engines(engines)

    asyncio.run(run())
