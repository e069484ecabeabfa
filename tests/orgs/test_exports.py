"""An export that somebody asks for: made by a job, saved by who asked, deleted after a week; it is in the log."""

from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import msgspec
import pytest
from client import Server, eventually
from databases import Clock
from kit import TOWN, person, work_off
from visitor import logged_in
from walls import organisation

from chirrup.errors import Invalid, NotAllowed, NotFound
from chirrup.orgs import exports, organisations
from chirrup.ports import Engines
from chirrup.social import audit, files, staff
from chirrup.types import Role, Span
from chirrup.workers.kinds import kinds


async def test_one_is_made_and_saved_by_who_asked_for_it_and_deleted_after_a_week(
    engines: Engines, clock: Clock, tmp_path: Path
):
    db, known = engines.db, kinds(msgspec.structs.replace(TOWN, data=tmp_path))
    acme = (await db.write(organisations.create, "acme", "acme.example")).id
    ann, bob = await db.write(person, "ann", acme), await db.write(person, "bob", acme)
    with pytest.raises(NotAllowed):
        await db.write(exports.ask, 0, await db.write(person, "eve"))
    one = await db.write(exports.ask, acme, ann)
    with pytest.raises(Invalid):
        await db.write(exports.ask, acme, bob)
    with pytest.raises(NotFound):
        await db.write(exports.save, acme, ann, one.id)

    await work_off(engines, known)

    made = await db.write(exports.save, acme, ann, one.id)
    assert made.written >= 2 and made.files == 0
    found = engines.blobs.get(made.key)
    assert found and len(found[0]) == made.size_bytes and found[1] == "application/zip"
    with ZipFile(BytesIO(found[0])) as zipped:
        assert b'"username":"ann"' in zipped.read("rows/accounts.jsonl")
        assert b"eve" not in zipped.read("rows/accounts.jsonl")
    for org_id, who in ((acme, bob), (0, ann)):
        with pytest.raises(NotFound):
            await db.write(exports.save, org_id, who, one.id)
    assert await db.read(files.named, [made.key]) == {made.key}
    await exports.make(engines, one.id, Path("/nowhere"))  # again, which changes nothing
    acts = [entry.action for entry in await db.read(audit.page, acme, Span(2**62, limit=9))]
    assert acts == ["save export", "export"]

    clock.pass_ms(exports.KEPT_MS + 1)
    await work_off(engines, known)

    assert engines.blobs.get(made.key) is None
    assert await db.read(exports.listed, acme) == []
    assert await db.write(exports.ask, acme, bob)


@pytest.mark.slow
def test_in_the_browser_and_over_the_api_it_is_for_who_may_read_all(tmp_path: Path):
    with Server(tmp_path / "data") as town:
        acme = organisation(town)
        boss, ann = acme.admin(), acme.admin()
        acme.do(lambda engines: engines.db.write(staff.give_role, int(boss.id), Role.OWNER))
        path, page = "/api/chirrup/v1/org/exports", "/org/export"
        browser = logged_in(acme, ann)
        assert [one.get(path).status_code for one in (boss, ann, acme.anyone())] == [403, 403, 401]
        assert browser.get(page).status_code in (403, 404)

        assert boss.patch(f"/api/chirrup/v1/org/members/{ann.id}", compliance=True).ok
        eventually(lambda: ann.get(path).ok, within_s=3)
        assert browser.send(page, {"csrf": browser.csrf(page)}).ok

        (made,) = eventually(lambda: [one for one in ann.get(path).json() if one["state"] == "ready"])
        assert ann.get(f"{path}/{made['id']}").json() == made
        assert (made["account_id"], made["url"]) == (ann.id, f"{acme.url}{page}/{made['id']}")
        assert "Save" in browser.get(page).text
        with ZipFile(BytesIO(browser.get(f"{page}/{made['id']}").content)) as zipped:
            assert ann.name.encode() in zipped.read("rows/accounts.jsonl")
        again = ann.post(path)
        assert (again.status_code, again.json()["state"]) == (200, "waiting")
        assert ann.post(path).status_code in (200, 422)  # the second may be made already
        assert browser.get(f"{page}/1").status_code == 404
        assert boss.get(f"{path}/{made['id']}").status_code == 403
