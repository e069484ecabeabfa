"""Effects of time, with a clock that the test moves."""

import asyncio

import pytest
from databases import Clock
from kit import people, settle, work_off

from chirrup.access.barred import IpBan
from chirrup.errors import Invalid, NotAllowed
from chirrup.ids import ID_MAX
from chirrup.ports import Engines
from chirrup.social import account_lists, accounts, bans, files, follows, images, media, notifications, polls, posts
from chirrup.store import bans as ban_rows
from chirrup.store import blocks_and_mutes, jobs, outbox
from chirrup.store import media as media_rows
from chirrup.store import polls as poll_rows
from chirrup.timelines import read
from chirrup.types import Draft, NotificationKind, PollDraft, Span
from chirrup.workers import timers

HOUR_MS = 3600 * 1000
SIZES = images.Meta(images.Size(1, 1, "1x1", 1.0), images.Size(1, 1, "1x1", 1.0))


@pytest.fixture
async def ann(engines: Engines) -> int:
    (ann,) = await people(engines.db, "ann")
    await settle(engines)
    return ann


async def upload(engines: Engines, owner: int) -> media.Media:
    file = images.File(b"picture", "image/png", "png")
    made = images.Processed(file, file, "hash", SIZES)
    one = await engines.db.write(media.add, owner, made, made.preview, media.Change())
    await files.store(engines.blobs, {one.key: made.original, one.preview_key: made.small})
    return one


async def polls_told(engines: Engines, account_id: int) -> list[int]:
    span = Span(before=ID_MAX)
    told = (await engines.db.read(notifications.page, account_id, span, [NotificationKind.POLL])).items
    return [one.post_id for one in told]


async def test_the_end_of_a_poll_is_told_once_to_author_and_voters(engines: Engines, clock: Clock, ann: int):
    bob, eve = await people(engines.db, "bob", "eve")
    post = await engines.db.write(posts.publish, ann, Draft(text="?", poll=PollDraft(["a", "b"], 300)))
    await engines.db.write(
        polls.vote, bob, (await engines.db.read(poll_rows.by_ids, [post.poll_id]))[post.poll_id], [0]
    )

    await settle(engines)

    clock.pass_ms(299_000)
    await work_off(engines)
    assert await engines.db.read(outbox.waiting) == 0

    clock.pass_ms(1_000)
    await work_off(engines)
    assert await engines.db.read(outbox.waiting) == 1
    await settle(engines)
    for end in (work_off, timers.end_polls):
        await end(engines)
    assert await engines.db.read(outbox.waiting) == 0
    assert [await polls_told(engines, one) for one in (ann, bob, eve)] == [[post.id], [post.id], []]


async def test_a_poll_that_an_edit_makes_longer_ends_when_its_row_says(engines: Engines, clock: Clock, ann: int):
    post = await engines.db.write(posts.publish, ann, Draft(text="?", poll=PollDraft(["a", "b"], 300)))
    await engines.db.write(posts.edit, ann, post.id, Draft(text="?", poll=PollDraft(["a", "b"], 600)))
    await settle(engines)

    clock.pass_ms(300_000)
    await work_off(engines)
    assert await engines.db.read(outbox.waiting) == 0

    clock.pass_ms(300_000)
    await work_off(engines)
    await settle(engines)
    assert await polls_told(engines, ann) == [post.id]
    assert await engines.db.read(jobs.page, 10) == []


async def test_what_a_version_before_jobs_has_made_ends_with_a_sweep(engines: Engines, clock: Clock, ann: int):
    (bob,) = await people(engines.db, "bob")
    await engines.db.write(follows.mute, ann, bob, for_s=60)
    post = await engines.db.write(posts.publish, ann, Draft(text="?", poll=PollDraft(["a", "b"], 300)))
    await engines.db.write(jobs.drop, [one.id for one in await engines.db.read(jobs.page, 10)])
    clock.pass_ms(300_000)

    for sweep in (timers.end_polls, timers.end_mutes):
        await sweep(engines)
    await settle(engines)

    assert await polls_told(engines, ann) == [post.id]
    assert not await engines.db.read(blocks_and_mutes.mutes_over, 10)


async def test_uploads_that_no_post_took_are_gone_within_a_day_with_their_files(
    engines: Engines, clock: Clock, ann: int
):
    left, taken = await upload(engines, ann), await upload(engines, ann)
    await engines.db.write(posts.publish, ann, Draft(text="look", media_ids=(taken.id,)))
    clock.pass_ms(12 * HOUR_MS)
    fresh = await upload(engines, ann)

    clock.pass_ms(23 * HOUR_MS // 2)
    await timers.remove_unattached_media(engines)

    assert (await engines.db.read(media_rows.by_ids, [left.id, taken.id, fresh.id])).keys() == {taken.id, fresh.id}
    assert [engines.blobs.get(one.key) is None for one in (left, taken, fresh)] == [True, False, False]
    assert engines.blobs.get(left.preview_key) is None


async def test_media_of_a_deleted_post_are_gone_within_a_day_unless_another_takes_them(
    engines: Engines, clock: Clock, ann: int
):
    left, taken = await upload(engines, ann), await upload(engines, ann)
    post = await engines.db.write(posts.publish, ann, Draft(text="lok", media_ids=(left.id, taken.id)))
    clock.pass_ms(100 * HOUR_MS)
    await engines.db.write(posts.delete, ann, post.id, keep_media=True)
    await timers.remove_unattached_media(engines)
    await engines.db.write(posts.publish, ann, Draft(text="look", media_ids=(taken.id,)))
    assert left.id in await engines.db.read(media_rows.by_ids, [left.id])

    clock.pass_ms(24 * HOUR_MS)
    await timers.remove_unattached_media(engines)

    assert (await engines.db.read(media_rows.by_ids, [left.id, taken.id])).keys() == {taken.id}
    assert [engines.blobs.get(one.key) is None for one in (left, taken)] == [True, False]


async def test_media_that_a_program_of_before_has_released_are_taken_or_gone_within_a_day(
    engines: Engines, clock: Clock, ann: int
):
    left, taken = await upload(engines, ann), await upload(engines, ann)
    post = await engines.db.write(posts.publish, ann, Draft(text="lok", media_ids=(left.id, taken.id)))
    await engines.db.write(posts.delete, ann, post.id, keep_media=True)
    await engines.db.write(lambda tx: tx.run("UPDATE media SET post_id = -post_id, released_ms = 0"))
    clock.pass_ms(100 * HOUR_MS)

    await timers.remove_unattached_media(engines)
    await engines.db.write(posts.publish, ann, Draft(text="look", media_ids=(taken.id,)))
    assert left.id in await engines.db.read(media_rows.by_ids, [left.id])
    clock.pass_ms(25 * HOUR_MS)
    await timers.remove_unattached_media(engines)

    assert (await engines.db.read(media_rows.by_ids, [left.id, taken.id])).keys() == {taken.id}


async def test_an_idempotency_key_is_honoured_for_a_day_then_forgotten(engines: Engines, clock: Clock, ann: int):
    first = await engines.db.write(posts.publish, ann, Draft(text="hello", idempotency_key="k"))

    clock.pass_ms(24 * HOUR_MS)
    await timers.forget_idempotency_keys(engines)
    assert (await engines.db.write(posts.publish, ann, Draft(text="hello", idempotency_key="k"))).id == first.id
    with pytest.raises(Invalid):
        await engines.db.write(posts.publish, ann, Draft(text="other", idempotency_key="k"))

    clock.pass_ms(2 * HOUR_MS)
    await timers.forget_idempotency_keys(engines)
    assert (await engines.db.write(posts.publish, ann, Draft(text="other", idempotency_key="k"))).id != first.id


async def test_every_sweep_may_run_when_there_is_nothing_to_do(engines: Engines):
    for sweep in timers.SWEEPS:
        await sweep.run(engines)


async def test_timers_run_their_sweeps_until_stopped(engines: Engines, clock: Clock, ann: int):
    post = await engines.db.write(posts.publish, ann, Draft(text="?", poll=PollDraft(["a", "b"], 300)))
    await settle(engines)
    clock.pass_ms(301_000)

    happened, loop = asyncio.Event(), asyncio.get_running_loop()
    engines.db.on_commit = lambda _: loop.call_soon_threadsafe(happened.set)

    running = timers.Timers(engines)
    running.start()
    await happened.wait()
    await running.stop()

    await settle(engines)
    assert await polls_told(engines, ann) == [post.id]


async def test_what_was_said_while_a_mute_ran_comes_home_when_it_is_over(engines: Engines, clock: Clock, ann: int):
    bob, eve = await people(engines.db, "bob", "eve")
    for other in (bob, eve):
        await engines.db.write(follows.follow, ann, other)
        await engines.db.write(follows.mute, ann, other, for_s=60)
    await settle(engines)
    post = await engines.db.write(posts.publish, bob, Draft(text="meanwhile"))
    await engines.db.write(follows.mute, ann, eve, for_s=600)
    await settle(engines)
    assert await read.home(engines, ann, Span(before=ID_MAX)) == []

    clock.pass_ms(61_000)
    for _ in range(2):
        await work_off(engines)
    await settle(engines)

    assert await read.home(engines, ann, Span(before=ID_MAX)) == [post.id]
    standing = await engines.db.read(account_lists.relationships, ann, [bob, eve])
    assert [one.muting for one in standing] == [False, True]


async def test_from_where_people_came_is_forgotten(engines: Engines, clock: Clock, ann: int):
    write, read_ = engines.db.write, engines.db.read
    old = await write(accounts.create, accounts.SignUp("old", "old@example.com", "-", ip="192.0.2.1"))
    clock.pass_ms(bans.IPS_KEPT_MS - 9 * 24 * HOUR_MS)
    new = await write(accounts.create, accounts.SignUp("new", "new@example.com", "-", ip="192.0.2.1"))
    spam = await write(bans.block_email_domain, ann, 0, "spam.example")
    await write(bans.count_try, 0, "x@spam.example", "192.0.2.1")
    blocked = IpBan("sign_up_block")
    await write(bans.block_ip, ann, 0, "192.0.2.0/24", blocked, expires_in_s=24 * 3600)
    stays = await write(bans.block_ip, ann, 0, "198.51.100.0/24", blocked)
    for ip in ("192.0.2.1", "198.51.100.1"):
        with pytest.raises(NotAllowed):
            await write(bans.check_sign_up, 0, "eve@example.com", ip)
    clock.pass_ms(10 * 24 * HOUR_MS)
    assert not await write(bans.check_sign_up, 0, "eve@example.com", "192.0.2.1")

    await timers.forget_addresses(engines)

    assert (await read_(accounts.user, old.id)).sign_up_ip == ""
    assert (await read_(accounts.user, new.id)).sign_up_ip == "192.0.2.1"
    assert await read_(bans.page, 0, bans.Kind.IP, Span(before=ID_MAX)) == [stays]
    assert await read_(bans.page, 0, bans.Kind.EMAIL_DOMAIN, Span(before=ID_MAX)) == [spam]
    assert await read_(ban_rows.tries, [spam.id], 0) == {}
