"""Search in whatever the organisation's people said, for the role COMPLIANCE; what is found can be saved as a file."""

from typing import Any

from ....http.files import FilePart
from ....orgs import compliance, compliance_export
from ....orgs.compliance import Place, Wanted
from ....ports import Tx
from ...call import Call, Download, Page
from ...problems import Problem
from . import places
from .holds import date, subject

PATH = "/org/search"
EXPORT = f"{PATH}/export"
FIELDS = ("sought_words", "sought_account", "sought_room", "sought_since", "sought_until")


async def form(call: Call) -> Page:
    return _page(call, {})


async def again(call: Call, problem: Problem) -> Page:
    wrong = {"problem": problem.message, "problems": problem.fields}
    return _page(call, wrong, status=problem.status)


async def search(call: Call) -> Page:
    """Each page of what is found is a search of its own in the log of acts."""
    place = Place(call.form.id("next_author"), call.form.id("next_post")) if call.form.text("next_author") else None
    wanted = await _wanted(call)
    answer = await compliance.search(call.engines.db, call.site.org_id, call.account_id, wanted, place)
    return _page(call, {"answer": answer, "looked": True})


async def export(call: Call) -> Download:
    org_id, folder = call.site.org_id, call.settings.data
    file, size = await compliance_export.write(call.engines, org_id, call.account_id, await _wanted(call), folder)
    return Download("posts.zip", "application/zip", FilePart(file, 0, size))


async def _wanted(call: Call) -> Wanted:
    since_ms, until_ms = date(call, "sought_since"), date(call, "sought_until")
    names = {field: call.form.text(field).strip() for field in ("sought_account", "sought_room")}

    def found(tx: Tx) -> dict[str, int]:
        return {field: subject(tx, call, name, field) if name else 0 for field, name in names.items()}

    ids = await call.read(found)
    words = call.form.text("sought_words")
    return Wanted(words, ids["sought_account"], ids["sought_room"], since_ms, until_ms)


def _page(call: Call, values: dict[str, Any], status: int = 200) -> Page:
    shown = {
        "given": {name: call.form.text(name) for name in FIELDS},
        "answer": None,
        "problem": "",
        "problems": {},
        **values,
    }
    return places.page(call, "search.html", shown, status=status)
