"""An organisation closes for good: announced, called off, held up, and then gone with all that it had."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from belongings import ACME, OTHER, fill, id_in
from client import Server, eventually
from databases import Clock
from kit import TOWN, person, settle, work_off
from mail_server import read
from visitor import logged_in
from walls import Site, organisation
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from chirrup.engines.mailer.memory import MemoryMailer
from chirrup.errors import Invalid, NotAllowed, NotFound
from chirrup.ids import bucket_of
from chirrup.orgs import closing, holds, organisations
from chirrup.ports import Database, Engines, Tx
from chirrup.social import announcements, audit
from chirrup.store import orgs, tables
from chirrup.store.belonging import ALSO, OF_ORG, WAYS
from chirrup.types import HoldScope, Span

DAY_MS = closing.DAY_MS
Rows = dict[str, list[Any]]


def fill_the_rest(tx: Tx, org_id: int) -> None:
    """A row in every table of the organisation's, also where none goes along with an export."""
    fill(tx, org_id)
    for name, column, parent in (*ALSO, *((name, "org_id", "orgs") for name in OF_ORG)):
        table = tables.every()[name]
        if name not in WAYS:
            line: dict[str, Any] = {one: str(org_id) if one in table.texts else 1 for one in table.columns}
            line |= {"bucket": bucket_of(org_id), column: id_in(org_id, parent)}
            line["id"] = f"{org_id} {parent}" if "id" in table.texts else id_in(org_id, name)
            tx.copy(name, table.columns, [tuple(line[one] for one in table.columns)])


def every_row(engines: Engines) -> Rows:
    with engines.db.snapshot() as read_rows:
        return {name: list(read_rows(table.rows)) for name, table in tables.every().items()}


def without(rows: Rows, *names: str) -> Rows:
    return {name: some for name, some in rows.items() if name not in names}


async def test_of_every_table_its_rows_are_deleted_and_those_of_its_neighbour_stay(engines: Engines):
    before_any = every_row(engines)
    engines.db.write_now(fill_the_rest, OTHER)
    neighbours = every_row(engines)
    assert {name for name, some in neighbours.items() if some == before_any[name]} <= {
        *("held", "outbox", "outbox_failed", "schema_version", "schema_steps", "loads", "workers", "lanes"),
        *("missed_pushes", "behind"),
    }, "fill_the_rest() forgets a table"
    engines.db.write_now(fill_the_rest, ACME)

    await closing.delete(engines, ACME)

    assert without(every_row(engines), "jobs", "outbox") == without(neighbours, "jobs", "outbox")
    await closing.delete(engines, ACME)  # again, which changes nothing
    await closing.delete(engines, OTHER)
    assert without(every_row(engines), "jobs", "outbox") == without(before_any, "jobs", "outbox")


class Dying:
    """The database of a worker that is killed at its nth write."""

    def __init__(self, db: Database, writes: int) -> None:
        self._db, self._left, self.read = db, writes, db.read

    async def write(self, operation: Callable[..., Any], *args: Any) -> Any:
        self._left -= 1
        if self._left < 0:
            raise Killed
        return await self._db.write(operation, *args)


class Killed(Exception):
    pass


async def test_a_worker_that_dies_at_any_write_is_followed_by_one_that_goes_on(engines: Engines):
    before_any = every_row(engines)
    for writes in (1, 2, 5, 12, 20, 40):
        engines.db.write_now(fill_the_rest, ACME)
        dying = msgspec.structs.replace(engines, db=Dying(engines.db, writes))

        with suppress(Killed):
            await closing.delete(dying, ACME)
        await closing.delete(engines, ACME)

        assert without(every_row(engines), "jobs", "outbox") == without(before_any, "jobs", "outbox")


class Company:
    """An organisation with an owner and a member, on a server with another one and a clock of the test's."""

    def __init__(self, engines: Engines, clock: Clock) -> None:
        self.engines, self.db, self.clock = engines, engines.db, clock

    async def build(self) -> "Company":
        self.acme = await self.db.write(organisations.create, "acme", "acme.example", title="Acme")
        self.owner, self.member = [await self.db.write(person, name, self.acme.id) for name in ("owner", "member")]
        return self

    async def announce(self, days: float, **more: Any) -> None:
        on_ms = self.clock.now_ms + int(days * DAY_MS)
        await self.db.write(closing.announce, TOWN, self.acme.id, self.owner, on_ms, **more)

    async def call_off(self) -> None:
        await self.db.write(closing.call_off, self.acme.id, self.owner)

    async def work(self) -> None:
        for _ in range(3):  # a job may enqueue others
            await settle(self.engines)
            await work_off(self.engines)

    async def mailed(self) -> list[tuple[str, str]]:
        """(to, subject) of the mails since the last look."""
        await self.work()
        mailer = self.engines.mailer
        assert isinstance(mailer, MemoryMailer)
        found = [(mail.to, read(mail.data)["Subject"]) for mail in mailer.sent]
        mailer.sent.clear()
        return sorted(found)

    async def told(self) -> list[str]:
        return [one.text for one in await self.db.read(announcements.shown, self.acme.id)]

    async def is_there(self) -> bool:
        return await self.db.read(orgs.id_by_host, "acme.example") == self.acme.id


async def test_it_is_announced_called_off_held_up_and_then_gone(engines: Engines, clock: Clock):
    acme = await Company(engines, clock).build()
    db = engines.db
    for days, more in ((13.9, {}), (367, {}), (-1, {"least_ms": 0}), (20, {"words": "x" * 501})):
        with pytest.raises(Invalid):
            await acme.announce(days, **more)
    with pytest.raises(NotAllowed):
        await db.write(closing.announce, TOWN, 0, 0, clock.now_ms + 20 * DAY_MS)
    with pytest.raises(Invalid):
        await acme.call_off()

    await acme.announce(15, words="We go to the new house.")

    (said,) = await acme.told()
    assert "Acme closes for good on 2027-01-30" in said and said.endswith("We go to the new house.")
    subject = "Acme closes on 2027-01-30"
    assert await acme.mailed() == [("member@example.com", subject), ("owner@example.com", subject)]
    with pytest.raises(Invalid, match="already"):
        await acme.announce(20)

    clock.pass_ms(14 * DAY_MS)
    await acme.call_off()
    clock.pass_ms(2 * DAY_MS)
    await acme.work()

    assert await acme.told() == [] and await acme.is_there()
    assert {subject for _, subject in await acme.mailed()} == {"Acme does not close"}

    await acme.announce(0, least_ms=0)
    hold = await db.write(holds.place, acme.acme.id, acme.owner, holds.Wanted(HoldScope.ALL, "a case"))
    await acme.work()
    assert await acme.is_there()
    assert [one.id for one in (await db.read(closing.state, acme.acme.id)).waits_for] == [hold.id]
    await db.write(holds.end, acme.acme.id, acme.owner, hold.id)
    clock.pass_ms(closing.AGAIN_MS + 1)
    await acme.work()
    assert not await acme.is_there()
    with pytest.raises(NotFound):
        await acme.call_off()
    with pytest.raises(NotFound):
        await db.read(organisations.named, "acme")
    clock.pass_ms(closing.QUIET_MS + 1)
    await acme.work()

    rows = every_row(engines)
    assert rows["accounts"] == rows["posts"] == rows["orgs"] == rows["audit"] == rows["announcements"] == []
    again = await db.write(organisations.create, "acme", "acme.example")
    assert again.id != acme.acme.id and await db.read(audit.page, again.id, Span(2**62, limit=9)) == []


@pytest.mark.slow
def test_nothing_of_it_is_found_afterwards_and_its_neighbour_notices_nothing(tmp_path: Path):
    with Server(tmp_path / "data") as town:
        ann, acme = town.person(), Site(organisation(town))
        said = ann.say("the neighbour's words")
        boss, path, page = acme.admin, "/api/chirrup/v1/org/closing", "/org/closing"
        host = acme.server.url.removeprefix("http://")
        assert boss.get(path).status_code == 403  # an administrator is no owner
        town.command("user", "role", f"{boss.name}@{host}", "owner")
        eventually(lambda: boss.get(path).ok)
        assert boss.get(path).json() == {"closes_at": None, "holds": 0}
        for wrong in ({"on": "soon"}, {"on": "2026-01-01"}, {"on": "4000-01-01"}, {"host": "other.example"}):
            assert boss.post(path, **({"on": "2027-01-31", "host": host} | wrong)).status_code == 422, wrong
        browser = logged_in(acme.server, boss)
        typed = {"closing_day": "2020-01-01", "closing_words": "We move.", "closing_host": host}
        refused = browser.post(page, csrf_from=page, **typed)
        assert refused.status_code == 422 and "We move." in refused.text and "must be from" in refused.text
        day = datetime.now(UTC) + timedelta(days=30)
        typed["closing_day"] = day.strftime("%Y-%m-%d")
        assert browser.post(page, csrf_from=page, **typed).ok
        assert boss.get(path).json()["closes_at"] == f"{typed['closing_day']}T00:00:00.000Z"
        assert "closes for good" in logged_in(acme.server, acme.bob).get("/home").text
        assert "We move." in acme.bob.get("/api/v1/announcements").text
        assert browser.post(f"{page}/off", csrf_from=page).ok
        assert boss.get(path).json()["closes_at"] is None
        assert boss.call("DELETE", path).status_code == 422
        org_id = town.do(lambda engines: engines.db.read(orgs.id_by_host, host))
        stream = f"ws://{host}/api/v1/streaming?stream=user&access_token={acme.bob.token}"

        with connect(stream) as open_stream:
            assert "closes on" in town.command("org", "delete", "acme", "--days", "0")
            with pytest.raises(ConnectionClosed):
                while True:
                    open_stream.recv(timeout=10)
        eventually(lambda: acme.bob.get("/api/v1/timelines/home").status_code == 401)
        assert "being deleted" in town.command("org", "list")
        town.do(lambda engines: closing.delete(engines, org_id))

        rows = str(town.do(_all))
        assert acme.word not in rows and said["id"] in rows
        assert ann.get(f"/api/v1/statuses/{said['id']}").json()["content"] == said["content"]
        eventually(lambda: not any(acme.files["files"] in str(file) for file in town.data.rglob("*")))
        town.command("org", "create", "acme", "--host", host)
        eventually(lambda: acme.server.anyone().get("/api/v1/timelines/public").json() == [])


async def _all(engines: Engines) -> Rows:
    """The text of all rows, but for what is to be done."""
    return without(every_row(engines), "jobs", "outbox")
