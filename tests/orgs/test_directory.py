"""A directory is read: who is gone, who is back, what groups give; and nothing happens where that is doubtful."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import servers
from kit import TOWN, person, work_off
from ldap_server import GROUPS, Slapd, dn_of
from ldap_server import person as entry
from mail_server import read as read_mail

from chirrup.access import logins, sessions
from chirrup.engines.directory.plugs import Plugs
from chirrup.errors import Forbidden, NotAllowed, NotFound
from chirrup.ids import ID_MAX
from chirrup.orgs import rooms
from chirrup.orgs.directory import entering, reading
from chirrup.ports import Engines
from chirrup.social import audit, staff
from chirrup.store import accounts as account_rows
from chirrup.store import domains, follows, jobs
from chirrup.types import Domain, Role, Span
from chirrup.types.directory import DirectoryRun, Ldap, Oidc, Person
from chirrup.workers import timers
from chirrup.workers.kinds import kinds

pytestmark = pytest.mark.slow
NAMES = [f"u{n}" for n in range(20)]


@pytest.fixture(scope="module")
def slapd(slapd_path: Path) -> Iterator[Slapd]:
    with servers.running(Slapd) as one:
        one.stop()
        one.load("\n".join(entry(name) for name in NAMES))
        one.start()
        one.add_group("staff", *NAMES)
        one.add_group("bosses", "u1")
        yield one


class Acme:
    """The organisation whose people are in the directory, and an owner who is not."""

    def __init__(self, engines: Engines, slapd: Slapd) -> None:
        outgoing, resolver = engines.outgoing, engines.outgoing._resolver  # type: ignore[attr-defined]
        plugs = Plugs(outgoing, resolver, slapd.hosts, engines.pusher.open)
        self.engines, self.slapd = msgspec.structs.replace(engines, directories=plugs), slapd
        self.settings = Ldap(**slapd.settings, filter=f"(memberOf=cn=staff,{GROUPS})", roles={"bosses": "moderator"})
        self.ids: dict[str, int] = {}

    async def begin(self) -> None:
        self.slapd.set_members("staff", [dn_of(name) for name in NAMES])
        self.slapd.set_members("bosses", [dn_of("u1")])
        self.owner = await self.engines.db.write(person, "owner")
        await self.engines.db.write(staff.give_role, self.owner, Role.OWNER)
        for one in await self.engines.directories.directory(self.settings).everybody():
            self.ids[one.username] = await self.enter(one)

    async def enter(self, one: Person) -> int:
        return await self.engines.db.write(entering.enter, 0, one, self.settings, proves_addresses=True)

    async def read(self) -> DirectoryRun:
        return await reading.read(self.engines, 0, self.settings)

    async def inactive(self) -> set[str]:
        users = await self.engines.db.read(account_rows.users, list(self.ids.values()))
        return {name for name, id in self.ids.items() if users[id].deactivated_ms}

    def keep(self, *gone: str) -> None:
        self.slapd.set_members("staff", [dn_of(name) for name in NAMES if name not in gone])

    async def role(self, name: str) -> str:
        return (await self.engines.db.read(account_rows.user, self.ids[name])).role


@pytest.fixture
async def acme(engines: Engines, slapd: Slapd) -> Acme:
    made = Acme(engines, slapd)
    await made.begin()
    return made


async def test_who_is_gone_is_deactivated_and_many_only_when_an_owner_says_so(acme: Acme):
    db, mailer = acme.engines.db, acme.engines.mailer
    first = await acme.read()
    assert (first.state, first.people, first.members, first.gone) == ("done", 20, 20, 0)
    assert (await acme.read()).id == first.id  # the same again is noted there

    acme.keep("u8", "u9")  # a tenth
    done = await acme.read()
    assert (done.state, done.gone) == ("done", 2)
    assert await acme.inactive() == {"u8", "u9"}
    with pytest.raises(Forbidden):
        await db.write(logins.open_for, acme.ids["u9"])

    lost = {"u8", "u9", "u2", "u3", "u4"}  # now three of eighteen
    acme.keep(*lost)
    asked = await acme.read()
    assert (asked.state, asked.gone, asked.members) == ("waits", 3, 18)
    assert (await acme.read()).id == asked.id
    assert await acme.inactive() == {"u8", "u9"}
    await work_off(acme.engines)
    (mail,) = mailer.sent  # type: ignore[attr-defined]
    assert mail.to == "owner@example.com"
    assert read_mail(mail.data)["Subject"] == "Many people are missing in the directory of Town"

    with pytest.raises(NotAllowed):
        await db.write(reading.decide, 0, asked.id, approved=True, by=acme.ids["u1"])
    with pytest.raises(NotFound):
        await db.write(reading.decide, 7, asked.id, approved=True)
    await db.write(reading.decide, 0, asked.id, approved=False, by=acme.owner)
    assert (await acme.read()).state == "refused"
    with pytest.raises(NotAllowed):
        await db.write(reading.decide, 0, asked.id, approved=True, by=acme.owner)
    acme.keep(*lost, "u5")
    asked = await acme.read()
    assert (asked.state, asked.gone) == ("waits", 4)
    await db.write(reading.decide, 0, asked.id, approved=True, by=acme.owner)
    found = await reading.look(acme.engines, 0, acme.settings)
    await db.write(reading._leave, found.gone[0])  # a worker that dies in the middle
    own = msgspec.structs.replace(TOWN, ldap=acme.settings)
    await work_off(acme.engines, kinds(own))
    assert await acme.inactive() == lost | {"u5"}
    did = [one.action for one in await db.read(audit.page, 0, Span(ID_MAX, limit=100))]
    assert did.count("deactivate") == 6 and {"ask about directory", "approve directory"} <= set(did)

    acme.keep()  # all are back
    assert (await acme.read()).back == 6
    assert await acme.inactive() == set()


async def test_groups_give_and_take_roles_but_not_those_that_people_gave(acme: Acme):
    assert (await acme.role("u1"), await acme.role("u2")) == ("moderator", "")
    await acme.engines.db.write(staff.give_role, acme.ids["u3"], Role.ADMIN)

    acme.slapd.set_members("bosses", [dn_of("u2"), dn_of("u3")])
    await acme.read()

    assert [await acme.role(name) for name in ("u1", "u2", "u3")] == ["", "moderator", "admin"]


async def test_groups_lead_into_rooms_and_out_of_them_again(acme: Acme):
    db = acme.engines.db
    room = await db.write(rooms.create, 0, acme.owner, "bosses_room", rooms.RoomChange(closed=True))
    acme.settings = msgspec.structs.replace(acme.settings, rooms={"bosses": "bosses_room", "staff": "nowhere"})
    members = lambda: db.read(lambda tx: {name for name, id in acme.ids.items() if follows.get(tx, id, room.id)})  # noqa: E731
    await db.write(rooms.add_member, room.id, acme.ids["u5"])  # by hand

    await acme.read()
    assert await members() == {"u1", "u5"}
    acme.slapd.set_members("bosses", [dn_of("u2")])
    await acme.read()
    assert await members() == {"u2", "u5"}
    before = await acme.read()
    assert (await acme.read()).id == before.id


async def test_nothing_happens_while_it_is_away_or_tells_only_a_part(acme: Acme):
    acme.slapd.stop()
    try:
        away = await acme.read()
        assert away.state == "failed" and "127.0.0.1" in away.words
        assert (await acme.read()).id == away.id
    finally:
        acme.slapd.start()
    for wrong in ({"filter": "(uid=nobody)"}, {"bind_password": "wrong"}, {"key": "description"}):
        settings = msgspec.structs.replace(acme.settings, **wrong)
        assert (await reading.read(acme.engines, 0, settings)).state == "failed"
    assert await acme.inactive() == set()


async def test_it_is_read_every_quarter_of_an_hour(acme: Acme):
    own = msgspec.structs.replace(TOWN, ldap=acme.settings)
    due = lambda: acme.engines.db.read(jobs.page, kind=reading.READ, state="", limit=9)  # noqa: E731

    await timers.read_directories(own, acme.engines)
    await timers.read_directories(own, acme.engines)
    assert len(await due()) == 1
    await work_off(acme.engines, kinds(own))
    await timers.read_directories(own, acme.engines)
    assert await due() == []
    assert [run.state for run in await acme.engines.db.read(reading.newest, 0, 9)] == ["done"]


async def test_a_person_is_another_one_in_another_organisation_and_for_another_directory(acme: Acme):
    ann = Person("https://login.acme.example", "1", username="ann")
    mapping = Oidc(issuer=ann.issuer, client_id="x")
    enter = lambda org_id, one: acme.engines.db.write(entering.enter, org_id, one, mapping, proves_addresses=True)  # noqa: E731

    ids = [await enter(0, ann), await enter(7, ann), await enter(0, msgspec.structs.replace(ann, issuer="https://x"))]

    assert len(set(ids)) == 3
    assert await enter(0, ann) == ids[0]


@pytest.mark.parametrize("proves_addresses", [True, False])
async def test_an_address_joins_only_what_is_proved_to_be_the_same_person(engines: Engines, proves_addresses: bool):
    db, mapping = engines.db, Oidc(issuer="https://login.acme.example", client_id="x")
    boss = await db.write(person, "boss")  # boss@example.com
    cookie = await db.write(sessions.start, boss)
    numbers = iter(range(9))

    def named(verified: bool) -> Person:
        email = "Boss@Example.com"
        return Person(mapping.issuer, f"{next(numbers)}", username="b", email=email, email_verified=verified)

    async def enter(one: Person) -> int:
        return await db.write(entering.enter, 0, one, mapping, proves_addresses=proves_addresses)

    assert await enter(named(True)) != boss  # nobody has proved the domain
    await db.write(domains.insert, Domain("example.com", 0, "token", 0, verified_ms=1))
    assert await enter(named(False)) != boss
    wanted = named(True)
    assert await enter(wanted) == boss
    assert await enter(wanted) == boss
    assert await enter(named(True)) != boss  # it is somebody there already

    user = await db.read(account_rows.user, boss)
    assert bool(user.password_hash) == proves_addresses  # else whoever signed up with it may be somebody else
    assert bool(await db.read(sessions.of_account, boss)) == proves_addresses and cookie
