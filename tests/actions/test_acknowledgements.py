"""Who is reminded, who is asked next, who has duty; and decisions that nobody can change unseen."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from databases import Clock
from kit import people, settle, work_off

from chirrup.access.signing import Signer
from chirrup.actions import acknowledgements, approvals, chains, decisions, rotations
from chirrup.actions.acknowledgements import Asking
from chirrup.actions.approvals import Question
from chirrup.actions.rotations import RotationChange
from chirrup.errors import Invalid
from chirrup.ids import ID_MAX
from chirrup.ports import Engines, Tx
from chirrup.social import notifications as told
from chirrup.social import polls, posts, reactions
from chirrup.store import acks
from chirrup.types import (
    AckState,
    ApprovalState,
    Draft,
    Enough,
    NotificationKind,
    Rotation,
    Span,
    Step,
    Visibility,
    Who,
)

MINUTE_MS = 60_000
PAGE = Span(before=ID_MAX, limit=40)


def asked(tx: Tx, post_id: int) -> list[int]:
    return [one.account_id for one in acks.of_post(tx, post_id)]


async def news(engines: Engines, account_id: int) -> list[int]:
    found = await engines.db.read(told.page, account_id, PAGE, [NotificationKind.POST])
    return [one.id for one in found.items]


async def test_a_chain_asks_the_next_until_somebody_acknowledges(engines: Engines, clock: Clock):
    boss, bob, eve, max_ = await people(engines.db, "boss", "bob", "eve", "max")

    def ask(tx: Tx) -> int:
        post = posts.publish(tx, boss, Draft(text="@bob the mill stands still"))
        steps = [Step((Who("account", eve),), 10), Step((Who("account", max_),), 10)]
        chain = chains.create(tx, 0, 0, "nights", steps, 1)
        wanted = Asking((Who("account", bob),), 5, Enough.ONE, chain.id)
        acknowledgements.ask(tx, boss, post.id, wanted, as_rule=True)
        return post.id

    id = await engines.db.write(ask)
    await settle(engines)
    first = await news(engines, bob)
    assert len(first) == 1
    assert await engines.db.read(asked, id) == [bob]
    for minutes, expected in ((4, [bob]), (2, [bob, eve]), (9, [bob, eve]), (2, [bob, eve, max_])):
        clock.pass_ms(minutes * MINUTE_MS)
        await work_off(engines)
        await settle(engines)
        assert await engines.db.read(asked, id) == expected
    assert len(await news(engines, max_)) == 1
    assert await news(engines, bob) != first  # reminded anew, by one notification
    assert len(await news(engines, bob)) == 1

    await engines.db.write(reactions.favourite, eve, id)
    await settle(engines)
    request = await engines.db.read(acks.request_of, id)
    assert request.state == AckState.DONE
    clock.pass_ms(60 * MINUTE_MS)
    await work_off(engines)
    await settle(engines)
    assert (await engines.db.read(acks.request_of, id)).rounds == request.rounds


async def test_reminders_end_and_who_asked_is_told_that_somebody_is_missing(engines: Engines, clock: Clock):
    boss, bob, eve = await people(engines.db, "boss", "bob", "eve")
    post = await engines.db.write(posts.publish, boss, Draft(text="@bob @eve", visibility=Visibility.DIRECT))
    wanted = Asking((Who("account", bob), Who("account", eve)), 60)
    await engines.db.write(acknowledgements.ask, boss, post.id, wanted)
    for _ in range(5):
        clock.pass_ms(61 * MINUTE_MS)
        await settle(engines)
        await work_off(engines)
    await settle(engines)
    request = await engines.db.read(acks.request_of, post.id)
    assert (request.state, request.rounds) == (AckState.OVER, acknowledgements.REMINDERS)
    assert len(await news(engines, boss)) == 1
    await engines.db.write(acknowledgements.acknowledge, bob, post.id, "mail")  # late is better than never
    report = await engines.db.read(acknowledgements.report, boss, post.id)
    assert {one.account_id: one.via for one in report.asked} == {bob: "mail", eve: ""}


async def test_what_is_hidden_is_neither_asked_for_nor_waits(engines: Engines):
    boss, bob, eve = await people(engines.db, "boss", "bob", "eve")
    post = await engines.db.write(posts.publish, boss, Draft(text="@bob", visibility=Visibility.DIRECT))
    both = Asking((Who("account", bob), Who("account", eve)), 60)
    await engines.db.write(acknowledgements.ask, boss, post.id, both, as_rule=True)
    await settle(engines)
    assert await engines.db.read(asked, post.id) == [bob]
    assert (await engines.db.read(acknowledgements.waiting, bob, PAGE)).items == [post.id]
    await engines.db.write(posts.delete, boss, post.id)
    assert (await engines.db.read(acknowledgements.waiting, bob, PAGE)).items == []


@pytest.mark.parametrize(("zone", "days", "expected"), [("Europe/Berlin", 7, 1), ("UTC", 7, 1), ("UTC", 6, 0)])
def test_the_turn_comes_each_week_at_the_same_hour(zone: str, days: int, expected: int):
    began = datetime(2026, 3, 23, 9, tzinfo=ZoneInfo(zone))  # the clocks change on the 29th
    later = began.replace(day=23 + days)
    rotation = Rotation(1, 0, "oncall", "[5,6]", zone, int(began.timestamp() * 1000))
    now_ms = int(later.timestamp() * 1000)
    assert rotations.on_duty(rotation, now_ms) == [5, 6][expected]
    assert rotations.on_duty(rotation, now_ms - 1) == 5
    assert rotations.on_duty(rotation, rotation.from_ms - 1) == 0
    assert rotations.on_duty(msgspec.structs.replace(rotation, people="[]"), now_ms) == 0


async def test_a_rotation_asks_who_has_duty_then(engines: Engines, clock: Clock):
    boss, bob, eve = await people(engines.db, "boss", "bob", "eve")
    duty = await engines.db.write(rotations.create, 0, 0, "oncall", RotationChange((bob, eve), "UTC"))
    clock.pass_ms(8 * 24 * 60 * MINUTE_MS)
    post = await engines.db.write(posts.publish, boss, Draft(text="the mill"))
    wanted = Asking((Who("rotation", duty.id),), 60)
    await engines.db.write(acknowledgements.ask, boss, post.id, wanted, as_rule=True)
    assert await engines.db.read(asked, post.id) == [eve]


async def test_an_approval_that_few_vote_on_expires_and_its_decisions_cannot_be_changed(engines: Engines, clock: Clock):
    boss, bob, eve = await people(engines.db, "boss", "bob", "eve")
    who = (Who("account", bob), Who("account", eve))
    made = await engines.db.write(approvals.ask, boss, Question(Draft(text="a van"), who, 2, 3600))

    def vote(tx: Tx, voter: int, position: int) -> None:
        polls.vote(tx, voter, polls.get(tx, voter, made.poll_id), [position])

    await engines.db.write(vote, bob, 0)
    await settle(engines)
    await work_off(engines)
    shown = await engines.db.read(approvals.get, eve, made.post_id)
    assert (shown.approval.state, len(shown.decisions)) == (ApprovalState.OPEN, 1)
    clock.pass_ms(2 * 3600 * 1000)
    await work_off(engines)
    await settle(engines)
    await work_off(engines)
    shown = await engines.db.read(approvals.get, eve, made.post_id)
    assert shown.approval.state == ApprovalState.EXPIRED
    gone = await engines.db.write(approvals.ask, boss, Question(Draft(text="two vans"), who, 2, 3600))
    await engines.db.write(posts.delete, boss, gone.post_id)
    await settle(engines)

    def state(tx: Tx) -> str:
        from chirrup.store import approvals as rows

        return rows.by_ids(tx, [gone.post_id])[gone.post_id].state

    assert await engines.db.read(state) == ApprovalState.WITHDRAWN


def test_a_changed_decision_is_found():
    signer, digest = Signer(b"secret"), "00" * 32
    one = decisions.Decision(7, 1, 5, "bob", "approve", 1000, "", "")
    first = decisions.sign(signer, 3, one, digest)
    after = decisions.Decision(7, 2, 6, "eve", "reject", 2000, decisions.hash_of(first, digest), "")
    second = decisions.sign(signer, 3, after, digest)
    public = decisions.public_key(signer, 3)
    decisions.verify(public, digest, [first, second])
    for wrong, words in (
        ([msgspec.structs.replace(first, choice="reject"), second], "1 was changed"),
        ([msgspec.structs.replace(first, at_ms=999), second], "1 was changed"),
        ([first, msgspec.structs.replace(second, account_id=5)], "2 was changed"),
        ([second], "1 is missing"),
        ([first, msgspec.structs.replace(first, number=2)], "2 does not go on"),
        ([msgspec.structs.replace(first, signature="?"), second], "1 was changed"),
    ):
        with pytest.raises(Invalid, match=words):
            decisions.verify(public, digest, wrong)
    with pytest.raises(Invalid, match="1 was changed"):
        decisions.verify(decisions.public_key(signer, 4), digest, [first])
    with pytest.raises(Invalid, match="1 was changed"):
        decisions.verify(public, "11" * 32, [first])
    with pytest.raises(Invalid, match="base64"):
        decisions.verify("?", digest, [])
