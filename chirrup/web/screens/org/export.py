"""The export of an organisation: who may read all of it has it made, and saves the file."""

import asyncio

from ....errors import NotFound
from ....http.arguments import path_id
from ....http.files import FilePart
from ....orgs import exports
from ...call import Call, Download, Go, Page
from ...problems import Problem
from . import places

PATH = "/org/export"


async def index(call: Call) -> Page:
    return await _page(call)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, problem)


async def _page(call: Call, problem: Problem | None = None) -> Page:
    found = await call.read(exports.listed, call.site.org_id)
    shown = {
        "exports": found,
        "running": any(not one.ready_ms for one in found),
        "kept_ms": exports.KEPT_MS,
        "own_id": call.account_id,
        "problem": problem.message if problem else "",
        "is_own": not call.site.org_id,
    }
    return places.page(call, "export.html", shown, status=problem.status if problem else 200)


async def ask(call: Call) -> Go:
    await call.write(exports.ask, call.site.org_id, call.account_id)
    return Go(PATH)


async def save(call: Call, id: str) -> Download:
    """For who asked for it. It is in the log. Raises NotFound."""
    one = await call.write(exports.save, call.site.org_id, call.account_id, path_id(id))
    found = await asyncio.to_thread(call.engines.blobs.open, one.key)
    if found is None:
        raise NotFound("export", id)
    file, size, media_type = found
    return Download(f"export-{call.site.mail_domain}-{one.id}.zip", media_type, FilePart(file, 0, size))
