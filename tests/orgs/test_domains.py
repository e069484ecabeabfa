"""Domains of an organisation: proved by a record in DNS, waited for when it is lost, of one organisation at a time."""

import msgspec
import pytest
from dns_server import dns_server
from kit import engines as engines_of_kit
from kit import work_off
from mail_server import read

from chirrup.access import domains as proof
from chirrup.access import emails
from chirrup.engines.mailer.memory import MemoryMailer
from chirrup.engines.resolver.system import SystemResolver
from chirrup.errors import Invalid, InvalidSignUp, NotFound, SettingsError, Unavailable
from chirrup.orgs import domains, organisations
from chirrup.ports import Engines, Tx
from chirrup.social import accounts, sign_up
from chirrup.social.accounts import SignUp
from chirrup.store import domains as rows
from chirrup.types import Domain, Role, User

engines = engines_of_kit
DAY_MS = domains.DAY_MS


class Names:
    """A resolver that knows the TXT records of a test."""

    def __init__(self) -> None:
        self.records: dict[str, list[str]] = {}
        self.is_away = False

    async def addresses(self, host: str, port: int) -> list[tuple[str, int]]:
        return []

    async def texts(self, name: str) -> list[str]:
        if self.is_away:
            raise Unavailable("DNS does not answer")
        return self.records.get(name, [])

    def close(self) -> None: ...


class Town:
    """Two organisations; acme has an owner and a member, both at acme.example."""

    def __init__(self, engines: Engines) -> None:
        self.names = Names()
        self.engines = msgspec.structs.replace(engines, resolver=self.names)
        self.db, self.acme, self.other = engines.db, 0, 0

    async def build(self) -> "Town":
        self.acme, self.other = [
            (await self.db.write(organisations.create, name, f"{name}.example")).id for name in ("acme", "other")
        ]
        for name, role in (("owner", Role.OWNER), ("member", Role.USER)):
            wanted = SignUp(name, f"{name}@acme.example", "-", role=role, org_id=self.acme)
            await self.db.write(accounts.create, wanted)
        return self

    async def claim(self, name: str = "acme.example", org_id: int = 0) -> Domain:
        return await self.db.write(domains.claim, org_id or self.acme, 0, name)

    async def check(self, org_id: int = 0, by: int = 1) -> Domain:
        return await domains.check(self.engines, org_id or self.acme, by, "acme.example")

    async def aged(self, days: float) -> None:
        """As if the record had been missing for so long."""

        def operation(tx: Tx) -> None:
            one = domains.get(tx, self.acme, "acme.example")
            rows.set_state(tx, msgspec.structs.replace(one, lost_ms=tx.now_ms - int(days * DAY_MS)))

        await self.db.write(operation)

    async def mailed(self) -> list[tuple[str, str]]:
        """(to, subject) of the mails since the last look."""
        for _ in range(2):  # a job may enqueue mails
            await work_off(self.engines)
        mailer = self.engines.mailer
        assert isinstance(mailer, MemoryMailer)
        found = [(mail.to.partition("@")[0], read(mail.data)["Subject"]) for mail in mailer.sent]
        mailer.sent.clear()
        return sorted(found)


@pytest.fixture
async def town(engines: Engines) -> Town:
    return await Town(engines).build()


async def test_a_domain_is_proved_by_its_record_and_its_people_are_told(town: Town):
    one = await town.claim(" ACME.example. ")
    assert (one.domain, one.record, (await town.claim()).token) == ("acme.example", "_chirrup.acme.example", one.token)
    assert not (await town.check()).verified_ms
    town.names.records[one.record] = ["v=spf1", "another"]
    assert not (await town.check()).verified_ms

    town.names.records[one.record] = ["v=spf1", f" {one.token} "]
    proved = await town.check()

    assert proved.verified_ms
    assert await town.mailed() == [("member", "acme.example belongs to acme")]
    member = await town.db.read(owner_of, "member@acme.example", town.acme)
    assert not await town.db.read(proof.has_say, town.acme, member), "14 days must pass"
    late = msgspec.structs.replace(member, confirmed_ms=proved.verified_ms + 1)
    assert await town.db.read(proof.has_say, town.acme, late)
    assert not await town.db.read(proof.has_say, town.other, late)


async def test_a_domain_is_of_one_organisation_at_a_time(town: Town):
    mine, theirs = await town.claim(), await town.claim(org_id=town.other)
    assert mine.token != theirs.token
    town.names.records[mine.record] = [mine.token, theirs.token]
    await town.check()

    with pytest.raises(Invalid, match="another organisation's"):
        await town.check(town.other)
    await town.db.write(domains.remove, town.acme, 0, "acme.example")
    assert (await town.check(town.other)).verified_ms
    assert await town.db.read(domains.every, town.acme) == []
    with pytest.raises(NotFound):
        await town.check()


async def test_a_lost_record_is_waited_for_and_nobody_is_thrown_out(town: Town):
    one = await town.claim()
    town.names.records[one.record] = [one.token]
    await town.check()
    await town.mailed()
    town.names.records.clear()

    lost = await town.check(by=0)
    assert (bool(lost.lost_ms), bool(lost.verified_ms)) == (True, True)
    assert await town.mailed() == [("owner", "DNS does not show acme.example as yours any more")]
    for days, told in ((1.1, 0), (7.1, 1), (13.1, 1), (13.9, 1)):
        await town.aged(days)
        assert (await town.check(by=0)).verified_ms, days
        assert len(await town.mailed()) == told, days
    town.names.is_away = True
    with pytest.raises(Unavailable):
        await town.check(by=0)
    town.names.is_away = False
    town.names.records[one.record] = [one.token]
    assert not (await town.check(by=0)).lost_ms
    town.names.records.clear()
    await town.check(by=0)
    await town.mailed()
    await town.aged(14.1)
    assert not (await town.check(by=0)).verified_ms
    assert await town.mailed() == [("owner", "acme.example is no longer proved to be yours")]
    assert (await town.db.read(owner_of, "member@acme.example", town.acme)).confirmed_ms


async def test_who_signs_up_by_domain_has_an_address_of_it_and_shows_it(town: Town):
    one = await town.claim()
    town.names.records[one.record] = [one.token]

    def sign_up_as(tx: Tx, email: str) -> int:
        wanted = SignUp("new", email, "-", confirmed=False, org_id=town.acme)
        return sign_up._create(tx, wanted, lambda _, user: user.account_id, sign_up._of_domain)  # pyright: ignore

    for email in ("new@acme.example", "new@elsewhere.example", "new@sub.acme.example", "new@acme.example.evil.example"):
        with pytest.raises(InvalidSignUp, match="this organisation"):
            await town.db.write(sign_up_as, email)
    await town.check()
    made = await town.db.write(sign_up_as, "new@ACME.example")
    with pytest.raises(Invalid, match="this organisation"):
        await town.db.write(sign_up.confirm_again, made, "new@elsewhere.example")
    await town.db.write(sign_up.confirm_again, made, "newer@acme.example")


def owner_of(tx: Tx, email: str, org_id: int) -> User:
    return accounts.user(tx, emails.owner_id(tx, email, org_id))


async def test_bad_names_are_refused(town: Town):
    for name in ("", "acme", "acme.example:8080", "192.0.2.1", "a b.example", "x" * 254, "-.example"):
        with pytest.raises(Invalid):
            await town.claim(name)


async def test_txt_records_are_asked_of_a_dns_server():
    with dns_server() as server:
        server.say(**{"_chirrup.acme.example": "chirrup-1"})
        resolver = SystemResolver(server.address)

        assert await resolver.texts("_chirrup.acme.example") == ["chirrup-1"]
        for name in ("nobody.example", "x" * 64 + ".example", "a..example", "é.example"):
            assert await resolver.texts(name) == []
        server.kill()
        with pytest.raises(Unavailable):
            await SystemResolver(server.address).texts("_chirrup.acme.example")
    for wrong in ("dns.example", "127.0.0.1:x", "127.0.0.1:99999"):
        with pytest.raises(SettingsError, match="must be the address"):
            SystemResolver(wrong)
