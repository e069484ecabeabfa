"""Settings: take out what is one's own, bring in what one has from elsewhere, and see how far that has come."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

import msgspec

from ....errors import Invalid, NotFound
from ....http.arguments import path_id
from ....http.files import FilePart
from ....ports import Tx
from ....social.portability import archives, csv_files, imports, posts_in, tables
from ....social.portability.tables import Owner
from ....types import Import, ImportStage, Visibility
from ...call import Call, Download, Go, Page
from ...problems import Problem

IMPORT_PATH = "/settings/data/imports/{id}"
STEP = 1000  # rows that are read at once
CSV = "text/csv; charset=utf-8"
KINDS = {
    "following": "Whom I follow",
    "lists": "Lists",
    "blocked": "Whom I block",
    "muted": "Whom I mute",
    "domains": "Domains I block",
    "bookmarks": "Bookmarks",
}
NAMES = {**KINDS, posts_in.KIND: "Posts"}
STAGES = {
    ImportStage.READING: "reading",
    ImportStage.REPLACING: "taking away",
    ImportStage.ADDING: "running",
    ImportStage.ENDED: "through",
}
ARCHIVE_BYTES_MAX = posts_in.BYTES_MAX
AUDIENCES = [
    ("", "Who could see them there"),
    (Visibility.PUBLIC, "Who could see them there; from Twitter: everybody"),
    (Visibility.FOLLOWERS, "My followers at most: the account was protected"),
]


class ImportView(msgspec.Struct, frozen=True):
    id: int
    name: str
    stage: str
    total: int
    done: int
    failed: int
    ended: bool
    problem: str
    began_ms: int


async def show(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def again_for_archive(call: Call, problem: Problem) -> Page:
    return await _page(call, archive_problem=problem)


async def again_for_posts(call: Call, problem: Problem) -> Page:
    return await _page(call, posts_problem=problem)


async def _page(
    call: Call,
    problem: Problem | None = None,
    archive_problem: Problem | None = None,
    posts_problem: Problem | None = None,
) -> Page:
    archive, owned = await call.read(_read, call.account_id)
    shown, refused = [_view(one) for one in owned], problem or archive_problem or posts_problem
    values: dict[str, Any] = {
        "files": [(tables.TABLES[kind].layout.file, words) for kind, words in KINDS.items()],
        "kinds": list(KINDS.items()),
        "kind": call.form.text("kind"),
        "replaces": call.form.flag("replaces"),
        "imports": shown,
        "archive": archive,
        "megabytes": f"{archive.newest.size_bytes / 2**20:,.1f} MB" if archive.newest else "",
        "running": any(not one.ended for one in shown),
        "audiences": AUDIENCES,
        "audience": call.form.text("audience"),
        "posts_problem": posts_problem.message if posts_problem else "",
        "archive_megabytes": ARCHIVE_BYTES_MAX // 2**20,
        "rows_max": csv_files.ROWS_MAX,
        "problem": problem.message if problem else "",
        "archive_problem": archive_problem.message if archive_problem else "",
        "notice": "" if refused else "It has begun." if call.query.flag("begun") else "",
    }
    return Page("settings/data.html", values, status=refused.status if refused else 200)


def _read(tx: Tx, account_id: int) -> tuple[archives.State, list[Import]]:
    return archives.state(tx, account_id), imports.owned(tx, account_id)


def _view(one: Import) -> ImportView:
    return ImportView(
        id=one.id,
        name=NAMES[one.kind],
        stage=STAGES[ImportStage(one.stage)],
        total=one.total,
        done=one.done,
        failed=one.failed,
        ended=bool(one.ended_ms),
        problem=one.problem,
        began_ms=one.began_ms,
    )


async def bring_in(call: Call) -> Go:
    kind = call.form.text("kind")
    if call.form.oversized:
        raise Invalid("table", "too_large", "must have at most {most} MB", most=csv_files.BYTES_MAX // 2**20)
    table = call.form.file("table")
    if table is None:
        raise Invalid("table", "blank", "Choose a file")
    data = table.read(csv_files.BYTES_MAX, "table")
    found = await asyncio.to_thread(imports.rows_of, kind, data)
    replaces = call.form.flag("replaces")
    await call.write(imports.begin, call.account_id, kind, found, replaces=replaces, base_url=call.site.base_url)
    return Go("/settings/data?begun=1")


async def bring_in_posts(call: Call) -> Go:
    file = call.form.file("archive")
    if call.form.oversized:
        raise Invalid("archive", "too_large", "must have at most {most} MB", most=ARCHIVE_BYTES_MAX // 2**20)
    if file is None:
        raise Invalid("archive", "blank", "Choose a file")
    audience = call.form.text("audience")
    where = posts_in.Where(call.site.base_url, call.settings.data)
    await posts_in.begin(call.engines, call.account_id, file.file, where, audience=audience)
    return Go("/settings/data?begun=1")


async def delete(call: Call, id: str) -> Go:
    await call.write(imports.delete, call.account_id, path_id(id))
    return Go("/settings/data")


async def ask_for_archive(call: Call) -> Go:
    await call.write(archives.ask, call.account_id, base_url=call.site.base_url)
    return Go("/settings/data?begun=1")


async def archive(call: Call, id: str) -> Download:
    """Raises NotFound."""
    one = await call.read(archives.get, call.account_id, path_id(id))
    found = await asyncio.to_thread(call.engines.blobs.open, one.key)
    if found is None:
        raise NotFound("archive", id)
    file, size, media_type = found
    name = f"archive-{call.site.mail_domain}-{one.id}.zip"
    return Download(name, media_type, FilePart(file, 0, size))


async def take_out(call: Call, name: str) -> Download:
    """Raises NotFound."""
    kind = next((kind for kind in KINDS if tables.TABLES[kind].layout.file == name), "")
    if not kind:
        raise NotFound("file", name)
    return Download(name, CSV, _table(call, kind))


async def _table(call: Call, kind: str) -> AsyncGenerator[bytes]:
    owner = Owner(call.account_id, call.site.base_url, call.site.org_id)
    layout, after = tables.TABLES[kind].layout, 0
    yield csv_files.encoded([layout.columns] if layout.headed else [])
    while True:
        rows, after = await call.read(tables.out, kind, owner, after, STEP)
        yield csv_files.encoded(rows)
        if not after:
            return


async def failed(call: Call, id: str) -> Download:
    """The rows that failed, as they can be put right and brought in again. Raises NotFound."""
    one = await call.read(imports.get, call.account_id, path_id(id))
    return Download(f"{one.kind}-failed.csv", CSV, _failures(call, one))


async def _failures(call: Call, one: Import) -> AsyncGenerator[bytes]:
    after = 0
    columns = posts_in.COLUMNS if one.kind == posts_in.KIND else tables.TABLES[one.kind].layout.columns
    yield csv_files.encoded([[*columns, csv_files.PROBLEM]])
    while True:
        rows, after = await call.read(_failed, call.account_id, one, after)
        yield csv_files.encoded(rows)
        if not after:
            return


def _failed(tx: Tx, account_id: int, one: Import, after: int) -> tuple[Sequence[Sequence[str]], int]:
    found = imports.failures(tx, account_id, one.id, after)
    cells = [posts_in.as_cells(row) if one.kind == posts_in.KIND else row.cells for row in found]
    rows = [[*some, row.problem] for some, row in zip(cells, found, strict=True)]
    return rows, found[-1].position if found else 0
