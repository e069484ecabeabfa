"""`chirrup import`: bring in, for an account, files that its owner has from elsewhere."""

from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

from cyclopts import Parameter

from ..errors import SettingsError
from .common import COMMON, Common, console

Kind = Literal["posts", "following", "lists", "blocked", "muted", "domains", "bookmarks"]


def import_(
    kind: Kind,
    name: str,
    file: Path,
    *,
    replace: Annotated[bool, Parameter(help="Take away what is not in the file (not for posts).")] = False,
    audience: Annotated[
        Literal["", "public", "private"],
        Parameter(help="Of posts: none gets a wider one. An archive of Twitter needs it; private: for followers only."),
    ] = "",
    common: Common = COMMON,
) -> None:
    """Bring in FILE for account NAME: a CSV file, or with `posts` the archive of Mastodon, Chirrup or Twitter (.zip or
    .tar.gz).

    What was brought in before does not come twice. Stopped or killed, the same import is finished by the server.
    """
    import asyncio

    settings = common.settings()
    try:
        with file.open("rb") as opened:
            asyncio.run(_bring(settings, kind, name, opened, replace=replace, audience=audience))
    except OSError as error:
        raise SettingsError(f"cannot read {file}: {error}") from error


async def _bring(settings: Any, kind: Kind, name: str, file: BinaryIO, *, replace: bool, audience: str) -> None:
    import asyncio

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from .. import folder
    from ..access import sites
    from ..app import close_engines, open_engines
    from ..social.media import MAKE_FILM
    from ..social.portability import csv_files, imports, posts_in
    from ..store import accounts as rows
    from ..store import imports as import_rows
    from ..store.outbox_partitions import ALL
    from ..types import Import
    from ..workers.jobs import Jobs
    from ..workers.kinds import kinds
    from .user import find

    folder.expect_database(settings)
    engines = open_engines(settings)
    db = engines.db
    try:
        account = db.write_now(rows.by_id, find(db, name))
        assert account
        base_url = db.write_now(sites.of_account, settings, account).base_url
        if kind == "posts":
            where = posts_in.Where(base_url, settings.data)
            one = await posts_in.begin(engines, account.id, file, where, audience=audience, later_ms=imports.LATER_MS)
        else:
            found = await asyncio.to_thread(imports.rows_of, kind, file.read(csv_files.BYTES_MAX + 1))
            one = await db.write(
                imports.begin,
                account.id,
                kind,
                found,
                replaces=replace,
                base_url=base_url,
                later_ms=imports.LATER_MS,
            )
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(kind, total=one.total or None)

            def told(now: Import) -> None:
                progress.update(task, total=now.total, completed=now.done)

            due = imports.Due(one.id, base_url)
            if kind == "posts":
                films = Jobs(engines, {MAKE_FILM: kinds(settings)[MAKE_FILM]}, lambda: ALL)
                films.start()  # there may be no server that makes them
                await posts_in.bring_in(engines, due, await db.read(posts_in.rules_for, settings, due), told)
                await films.stop()
            else:
                await imports.bring_in(engines, due, told)
        _tell(await db.read(import_rows.by_id, one.id), await db.read(imports.failures, account.id, one.id, 0))
    finally:
        await close_engines(engines)


def _tell(one: Any, failures: list[Any]) -> None:
    if one.problem:
        raise SettingsError(f"it was not brought in: {one.problem}")
    console.print(f"{one.done - one.failed:,} of {one.total:,} were brought in.")
    for row in failures[:20]:
        console.print(f"{row.position}: {row.problem}", markup=False, highlight=False)
    if one.failed > 20:
        console.print(f"… and {one.failed - 20:,} more; the settings page has them all.")
