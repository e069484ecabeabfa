"""What happens to an account is told by mail: to whom it is to be told, once, and to nobody else."""

import asyncio
import re
from typing import Any

import msgspec
import pytest
from kit import TOWN, person, work_off
from mail_server import read, text_of

from chirrup.access import emails, links, logins
from chirrup.access.passwords import Passwords
from chirrup.engines.mailer.memory import MemoryMailer
from chirrup.errors import Forbidden, Invalid, Refused, Unsent
from chirrup.mail import outbound
from chirrup.mail.outbound import Outbound
from chirrup.ports import Database, Engines, Mail
from chirrup.social import accounts, leaving, moderation, strikes
from chirrup.social.accounts import SignUp
from chirrup.store import accounts as rows
from chirrup.store import jobs, orgs
from chirrup.types import Org

PASSWORDS = Passwords(testing=True)
OLD, NEW = PASSWORDS.hash("old"), PASSWORDS.hash("new")


ACME = Org(7 << 12 | 9, "acme", "Acme", "social.acme.example", 0)


async def sign_up(db: Database, name: str, email: str, *, confirmed: bool = False, org_id: int = 0) -> int:
    wanted = SignUp(name, email, OLD, confirmed=confirmed, org_id=org_id)
    return (await db.write(accounts.create, wanted, tells_addresses=False)).id


async def want_change(db: Database, account_id: int, email: str) -> None:
    login = await db.read(logins.of_account, account_id)
    await db.write(emails.change_wanted, account_id, email, login.password_hash)


async def told(engines: Engines) -> list[tuple[str, str, str]]:
    """(to, subject, text) of the mails that are due."""
    mailer: Any = engines.mailer
    mailer.sent.clear()
    await work_off(engines)
    return [(mail.to, read(mail.data)["Subject"], text_of(read(mail.data))) for mail in mailer.sent]


async def only(engines: Engines) -> tuple[str, str, str]:
    (mail,) = await told(engines)
    return mail


def link_in(text: str, page: str, host: str = "town.example") -> str:
    (secret,) = re.findall(rf"^https://{re.escape(host)}/{page}/(\S+)$", text, re.MULTILINE)
    return secret


async def owner(db: Database, email: str, org_id: int = 0) -> int:
    return await db.read(emails.owner_id, email, org_id)


async def test_whoever_signs_up_is_asked_to_confirm_and_has_the_address_from_then_on(engines: Engines):
    db = engines.db
    ann = await sign_up(db, "ann", "Ann@Example.com")
    assert await owner(db, "ann@example.com") == 0

    to, subject, text = await only(engines)
    assert (to, subject) == ("Ann@Example.com", "Confirm your address for Town")
    assert "@ann" in text
    assert await db.write(links.confirm, link_in(text, "confirm")) == ann

    assert await owner(db, "ann@example.com") == ann
    assert (await db.read(rows.user, ann)).confirmed_ms
    assert await told(engines) == []


async def test_the_owner_of_a_taken_address_is_told_and_the_other_account_never_works(engines: Engines):
    db = engines.db
    ann = await db.write(person, "ann")
    eve = await sign_up(db, "eve", "ANN@example.com")

    to, subject, text = await only(engines)

    assert (to, subject) == ("ann@example.com", "You have an account at Town")
    assert "https://town.example/forgot" in text
    assert "/confirm/" not in text
    assert "@ann" in text
    assert "@eve" not in text
    assert await owner(db, "ann@example.com") == ann
    assert not (await db.read(rows.user, eve)).confirmed_ms


async def test_without_confirmation_an_account_works_at_once_and_the_owner_of_a_taken_address_is_told(engines: Engines):
    db = engines.db
    ann = await sign_up(db, "ann", "ann@example.com", confirmed=True)
    assert await told(engines) == []
    await sign_up(db, "eve", "ann@example.com", confirmed=True)

    assert (await only(engines))[:2] == ("ann@example.com", "You have an account at Town")
    assert await owner(db, "ann@example.com") == ann


async def test_of_several_who_sign_up_with_one_address_the_first_to_confirm_has_it(engines: Engines):
    """Nobody can keep an address from its owner by being there first."""
    db = engines.db
    eve, ann = [await sign_up(db, name, "ann@example.com") for name in ("eve", "ann")]
    texts = {name: text for _, _, text in await told(engines) for name in ("eve", "ann") if f"@{name}," in text}

    assert await db.write(links.confirm, link_in(texts["ann"], "confirm")) == ann
    with pytest.raises(Invalid, match="another account"):
        await db.write(links.confirm, link_in(texts["eve"], "confirm"))

    assert await owner(db, "ann@example.com") == ann
    assert not (await db.read(rows.user, eve)).confirmed_ms


async def test_a_wrong_address_can_be_put_right_before_it_is_confirmed(engines: Engines):
    db = engines.db
    ann = await sign_up(db, "ann", "anm@example.com")
    stray = link_in((await only(engines))[2], "confirm")

    await db.write(emails.ask_again, ann, " ann@example.com ")

    to, _, text = await only(engines)
    assert to == "ann@example.com"
    with pytest.raises(Invalid):
        await db.write(links.confirm, stray)
    await db.write(links.confirm, link_in(text, "confirm"))
    with pytest.raises(Forbidden):
        await db.write(emails.ask_again, ann, "other@example.com")


async def test_an_address_that_was_put_right_before_its_mail_was_sent_gets_none(engines: Engines):
    ann = await sign_up(engines.db, "ann", "anm@example.com")
    await engines.db.write(emails.ask_again, ann, "ann@example.com")

    assert [to for to, _, _ in await told(engines)] == ["ann@example.com"]


async def test_what_is_written_down_is_the_same_whoever_has_the_address_and_whatever_waits(engines: Engines):
    """To write nothing, because a mail is waiting already, would take less time: an answer tells by that, too."""
    db, mailer = engines.db, engines.mailer
    assert isinstance(mailer, MemoryMailer)
    await db.write(person, "ann")
    mailer.away = "connection refused"
    for name in ("ann", "nobody"):
        for _ in range(2):
            before = {job.id for job in await db.read(jobs.page, 10)}
            await db.write(emails.forgotten, f"{name}@example.com")
            assert len({job.id for job in await db.read(jobs.page, 10)} - before) == 1
            await work_off(engines)


async def test_a_forgotten_password_is_set_by_a_link_and_its_owner_told(engines: Engines):
    db = engines.db
    ann = await db.write(person, "ann")
    await db.write(emails.forgotten, " ANN@example.com")

    to, subject, text = await only(engines)
    assert (to, subject) == ("ann@example.com", "A new password for @ann")
    assert await db.write(logins.reset_password, link_in(text, "reset"), NEW) == ann

    assert (await only(engines))[:2] == ("ann@example.com", "Your password was changed")
    assert (await db.read(rows.user, ann)).password_hash == NEW


async def test_nobody_gets_a_mail_for_an_address_that_nobody_has(engines: Engines):
    db = engines.db
    await sign_up(db, "eve", "eve@example.com")
    await told(engines)
    for email in ("nobody@example.com", "eve@example.com", "\x00", "", "é\u2028@x", "a" * 5000):
        await db.write(emails.forgotten, email)

    assert await told(engines) == []


async def test_a_mail_goes_to_the_address_as_it_was_confirmed_not_as_somebody_writes_it(engines: Engines):
    """Letters that are folded into one another lead to the account, and must not lead its mail elsewhere."""
    db = engines.db
    await sign_up(db, "ann", "anna.strass@example.com", confirmed=True)
    await told(engines)

    await db.write(emails.forgotten, "anna.straß@example.com")

    assert [to for to, _, _ in await told(engines)] == ["anna.strass@example.com"]


async def test_every_change_of_a_password_is_told(engines: Engines):
    db = engines.db
    ann = await db.write(person, "ann")
    await db.write(logins.set_password, ann, OLD)
    assert [subject for _, subject, _ in await told(engines)] == ["Your password was changed"]

    await db.write(logins.change_password, await db.read(logins.of_account, ann), NEW)
    assert [subject for _, subject, _ in await told(engines)] == ["Your password was changed"]


@pytest.mark.parametrize("what", outbound.ACCESS)
async def test_what_changes_how_one_logs_in_is_told_to_the_confirmed_address_only(engines: Engines, what: str):
    db = engines.db
    ann, eve = await db.write(person, "ann"), await sign_up(db, "eve", "eve@example.com")
    await told(engines)

    for account_id in (ann, eve):
        await db.write(emails.access_changed, account_id, what)

    to, subject, text = await only(engines)
    assert (to, subject) == ("ann@example.com", outbound.ACCESS[what][0])
    assert text.startswith("@ann at ") and "https://town.example/forgot" in text


async def test_whoever_has_left_is_told_though_the_address_is_deleted_by_then(engines: Engines):
    ann = await engines.db.write(person, "ann")
    await engines.db.write(leaving.leave, ann)

    assert (await only(engines))[:2] == ("ann@example.com", "Your account is deleted")
    assert await owner(engines.db, "ann@example.com") == 0


async def test_an_address_is_changed_by_the_new_one_and_told_to_the_old_one(engines: Engines):
    db = engines.db
    ann = await db.write(person, "ann")
    await want_change(db, ann, "new@example.com")
    to, _, text = await only(engines)
    assert to == "new@example.com"
    assert await owner(db, "ann@example.com") == ann
    await db.write(emails.forgotten, "ann@example.com")
    reset = link_in((await only(engines))[2], "reset")

    assert await db.write(links.confirm, link_in(text, "confirm")) == ann

    to, subject, text = await only(engines)
    assert (to, subject) == ("ann@example.com", "Your address was changed")
    assert "new@example.com" not in text
    assert (await owner(db, "ann@example.com"), await owner(db, "new@example.com")) == (0, ann)
    with pytest.raises(Invalid):  # it went to an address that is not the account's any more
        await db.write(logins.reset_password, reset, NEW)


async def test_an_address_that_is_anothers_by_the_time_is_not_taken_over(engines: Engines):
    db = engines.db
    ann = await db.write(person, "ann")
    await want_change(db, ann, "new@example.com")
    link = link_in((await only(engines))[2], "confirm")
    bob = await sign_up(db, "bob", "new@example.com", confirmed=True)

    with pytest.raises(Invalid, match="another account"):
        await db.write(links.confirm, link)

    assert await owner(db, "new@example.com") == bob
    assert (await db.read(rows.user, ann)).email == "ann@example.com"


async def test_whoever_wants_anothers_address_has_its_owner_told_instead(engines: Engines):
    db = engines.db
    ann, _ = await db.write(person, "ann"), await db.write(person, "bob")
    await want_change(db, ann, "Bob@example.com")

    to, subject, text = await only(engines)

    assert (to, subject) == ("bob@example.com", "You have an account at Town")
    assert "@ann" not in text


async def test_a_new_password_ends_a_change_of_the_address_that_somebody_else_began(engines: Engines):
    db = engines.db
    ann = await db.write(person, "ann")
    await want_change(db, ann, "thief@example.com")
    link = link_in((await only(engines))[2], "confirm")

    await db.write(logins.set_password, ann, NEW)

    with pytest.raises(Invalid):
        await db.write(links.confirm, link)


async def test_so_it_does_when_the_mail_with_the_link_was_still_waiting(engines: Engines):
    db, mailer = engines.db, engines.mailer
    assert isinstance(mailer, MemoryMailer)
    ann = await db.write(person, "ann")
    mailer.away = "connection refused"
    await want_change(db, ann, "thief@example.com")
    await work_off(engines)
    await db.write(logins.set_password, ann, NEW)

    mailer.away = ""
    await db.write(jobs.retry, [job.id for job in await db.read(jobs.page, 10)])

    assert [(to, subject) for to, subject, _ in await told(engines)] == [
        ("ann@example.com", "Your password was changed")
    ]
    await want_change(db, ann, "thief@example.com")
    assert (await only(engines))[0] == "thief@example.com"


async def test_links_are_for_one_thing_each(engines: Engines):
    db = engines.db
    await sign_up(db, "ann", "ann@example.com")
    confirm = link_in((await only(engines))[2], "confirm")
    with pytest.raises(Invalid):
        await db.write(logins.reset_password, confirm, NEW)
    await db.write(links.confirm, confirm)
    await db.write(emails.forgotten, "ann@example.com")
    reset = link_in((await only(engines))[2], "reset")

    with pytest.raises(Invalid):
        await db.write(links.confirm, reset)


async def test_mails_wait_while_the_server_is_away_and_have_links_that_work_then(engines: Engines):
    db, mailer = engines.db, engines.mailer
    assert isinstance(mailer, MemoryMailer)
    ann = await db.write(person, "ann")
    mailer.away = "connection refused"
    await db.write(emails.forgotten, "ann@example.com")
    await db.write(logins.set_password, ann, OLD)
    assert await told(engines) == []
    waiting = await db.read(jobs.page, 10)
    assert {job.state for job in waiting} == {"waiting"}
    assert "connection refused" in {job.answer for job in waiting}

    mailer.away = ""
    await db.write(jobs.retry, [job.id for job in waiting])

    found = await told(engines)
    assert sorted(subject for _, subject, _ in found) == ["A new password for @ann", "Your password was changed"]
    reset = next(text for _, subject, text in found if subject.startswith("A new"))
    await db.write(logins.reset_password, link_in(reset, "reset"), NEW)


class Saying(MemoryMailer):
    """Says this of each mail."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def send(self, mail: Mail) -> None:
        raise self.error


@pytest.mark.parametrize(("error", "left"), [(Refused("no such user"), 0), (Unsent("greylisted"), 1)])
async def test_a_mail_that_is_refused_is_given_up_and_one_for_later_is_kept(
    engines: Engines, error: Exception, left: int
):
    await engines.db.write(person, "ann")
    await engines.db.write(emails.forgotten, "ann@example.com")

    await work_off(msgspec.structs.replace(engines, mailer=Saying(error)))

    assert len(await engines.db.read(jobs.page, 10)) == left


async def test_a_mail_that_is_sent_again_is_another_one_and_its_link_the_one_that_works(engines: Engines):
    """Mail programs show one of two mails with the same id: that must not be the one with the dead link."""
    db, mailer = engines.db, engines.mailer
    assert isinstance(mailer, MemoryMailer)
    await sign_up(db, "ann", "ann@example.com")
    (job,) = await db.read(jobs.page, 10)
    wanted = msgspec.json.decode(job.payload, type=emails.Wanted)
    for attempt in (1, 2):  # killed after it was sent, before that was written down
        await Outbound(TOWN).send(engines, job.kind, f"{job.id}-{attempt}", wanted)

    first, second = mailer.sent
    assert read(first.data)["Message-ID"] != read(second.data)["Message-ID"]
    with pytest.raises(Invalid):
        await db.write(links.confirm, link_in(text_of(read(first.data)), "confirm"))
    await db.write(links.confirm, link_in(text_of(read(second.data)), "confirm"))


async def test_mails_are_from_the_site_of_the_organisation_that_the_account_belongs_to(engines: Engines):
    db, mailer = engines.db, engines.mailer
    assert isinstance(mailer, MemoryMailer)
    assert await db.write(orgs.insert, ACME)
    ann = await sign_up(db, "ann", "ann@example.com", org_id=ACME.id)
    await told(engines)
    confirm = link_in(text_of(read(mailer.sent[0].data)), "confirm", ACME.host)
    await db.write(links.confirm, confirm, ACME.id)
    await db.write(emails.forgotten, "ann@example.com", ACME.id)
    await db.write(logins.set_password, ann, NEW)
    await want_change(db, ann, "new@example.com")
    await sign_up(db, "eve", "ann@example.com", org_id=ACME.id)
    await work_off(engines)

    assert len(mailer.sent) == 5
    for mail in mailer.sent:
        seen = read(mail.data)
        assert str(seen["From"]) == "Acme <no-reply@social.acme.example>"
        assert "https://social.acme.example/" in text_of(seen)
        assert "Acme" in seen["Subject"] + text_of(seen)
        assert b"town" not in mail.data.lower()


async def test_an_address_is_anothers_in_another_organisation(engines: Engines):
    db = engines.db
    assert await db.write(orgs.insert, ACME)
    ours = await sign_up(db, "ann", "ann@example.com")
    theirs = await sign_up(db, "eve", "Ann@example.com", org_id=ACME.id)
    sent = {subject: text for _, subject, text in await told(engines)}
    assert sent.keys() == {"Confirm your address for Town", "Confirm your address for Acme"}
    await db.write(links.confirm, link_in(sent["Confirm your address for Town"], "confirm"))
    await db.write(links.confirm, link_in(sent["Confirm your address for Acme"], "confirm", ACME.host), ACME.id)
    assert (await owner(db, "ann@example.com"), await owner(db, "ann@example.com", ACME.id)) == (ours, theirs)

    for org_id, name in ((0, "ann"), (ACME.id, "eve")):
        await db.write(emails.forgotten, "ann@example.com", org_id)
        assert (await only(engines))[1] == f"A new password for @{name}"

    bob = await sign_up(db, "bob", "bob@example.com", confirmed=True)
    await told(engines)
    await want_change(db, theirs, "bob@example.com")
    change = link_in((await only(engines))[2], "confirm", ACME.host)
    await db.write(links.confirm, change, ACME.id)
    assert (await owner(db, "bob@example.com"), await owner(db, "bob@example.com", ACME.id)) == (bob, theirs)
    assert (await owner(db, "ann@example.com"), await owner(db, "ann@example.com", ACME.id)) == (ours, 0)


async def test_a_link_is_dead_at_the_site_of_another_organisation(engines: Engines):
    db = engines.db
    assert await db.write(orgs.insert, ACME)
    for org_id, elsewhere, host in ((0, ACME.id, "town.example"), (ACME.id, 0, ACME.host)):
        account_id = await sign_up(db, "ann", "ann@example.com", org_id=org_id)
        confirm = link_in((await only(engines))[2], "confirm", host)
        assert await db.read(links.find, confirm, links.CONFIRM, org_id=elsewhere) is None
        with pytest.raises(Invalid):
            await db.write(links.confirm, confirm, elsewhere)
        assert await db.write(links.confirm, confirm, org_id) == account_id
        await db.write(emails.forgotten, "ann@example.com", org_id)
        reset = link_in((await only(engines))[2], "reset", host)
        with pytest.raises(Invalid):
            await db.write(logins.reset_password, reset, NEW, elsewhere)
        assert await db.write(logins.reset_password, reset, NEW, org_id) == account_id
        await told(engines)


ROUNDS = 40


async def test_of_links_that_are_made_at_once_one_works(engines: Engines):
    db = engines.db
    ann = await db.write(person, "ann")
    for _ in range(ROUNDS):
        made = await asyncio.gather(*[db.write(links.ask_reset, "ann@example.com") for _ in range(4)])
        alive = [await db.read(links.find, link.secret, links.RESET) for link in made if link]
        assert len([link for link in alive if link]) == 1
    assert ann


async def test_of_several_who_follow_a_link_at_once_one_does(engines: Engines):
    db = engines.db
    await db.write(person, "ann")
    for _ in range(ROUNDS):
        link = await db.write(links.ask_reset, "ann@example.com")
        assert link
        tries = [db.write(logins.reset_password, link.secret, f"{n}") for n in range(4)]
        came = await asyncio.gather(*tries, return_exceptions=True)
        assert sorted(type(one).__name__ for one in came) == ["Invalid"] * 3 + ["int"]
        assert (await db.read(rows.user, link.account_id)).password_hash == str([*map(type, came)].index(int))


async def test_an_address_that_is_put_right_while_another_is_confirmed_is_not_taken_for_confirmed(engines: Engines):
    db = engines.db
    for n in range(ROUNDS):
        ann = await sign_up(db, f"ann{n}", f"first{n}@example.com")
        link = await db.write(links.ask_confirmation, ann)
        assert link
        await asyncio.gather(
            db.write(links.confirm, link.secret),
            db.write(emails.ask_again, ann, f"second{n}@example.com"),
            return_exceptions=True,
        )
        user = await db.read(rows.user, ann)
        assert user.email == f"{'first' if user.confirmed_ms else 'second'}{n}@example.com"
        assert await owner(db, user.email) == (ann if user.confirmed_ms else 0)


@pytest.mark.parametrize("action", moderation.ACTIONS)
async def test_what_staff_decide_is_told_by_mail_where_they_ask_for_it(engines: Engines, action: str):
    ann = await engines.db.write(person, "ann")
    await engines.db.write(moderation.act, 0, ann, moderation.Decision("none"))
    decision = moderation.Decision(action, "be kind", mail=True)
    await engines.db.write(moderation.act, 0, ann, decision)

    to, subject, text = await only(engines)

    assert (to, subject) == ("ann@example.com", strikes.TOLD[action][0])
    assert "be kind" in text
