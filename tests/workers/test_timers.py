"""What time brings about, on a clock that the test moves."""

import asyncio

import pytest
from embedded import Clock, engines, settle, sign_up

from chirrup.errors import Invalid
from chirrup.events import PollEnded
from chirrup.ids import ID_MAX
from chirrup.social import images, media, notifications, polls, posts
from chirrup.store import media as media_rows
from chirrup.store import polls as poll_rows
from chirrup.types import Draft, NotificationKind, PollDraft, Span
from chirrup.workers import timers

HOUR_S = 3600
SIZES = images.Meta(images.Size(1, 1, "1x1", 1.0), images.Size(1, 1, "1x1", 1.0))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def town(tmp_path, clock):
    async with engines(tmp_path, clock) as made:
        yield made


@pytest.fixture
async def ann(town):
    return await town.db.write(sign_up, "ann")


async def upload(town, owner: int):
    file = images.File(b"picture", "image/png", "png")
    stored = media.store_files(town.blobs, images.Processed(file, file, "hash", SIZES))
    return await town.db.write(media.add, owner, stored, media.Change())


async def poll_ends(town) -> list[PollEnded]:
    await timers.end_polls(town)
    return [event for event in await settle(town) if isinstance(event, PollEnded)]


async def polls_told(town, account_id: int) -> list[int]:
    span = Span(before=ID_MAX)
    told = await town.db.read(notifications.page, account_id, span, [NotificationKind.POLL])
    return [one.post_id for one in told]


async def test_the_end_of_a_poll_is_told_once_to_author_and_voters(town, clock, ann):
    bob, eve = await town.db.write(sign_up, "bob"), await town.db.write(sign_up, "eve")
    post = await town.db.write(posts.publish, ann, Draft(text="?", poll=PollDraft(["a", "b"], 300)))
    await town.db.write(polls.vote, bob, (await town.db.read(poll_rows.by_ids, [post.poll_id]))[post.poll_id], [0])

    clock.pass_s(299)
    assert await poll_ends(town) == []

    clock.pass_s(2)
    assert await poll_ends(town) == [PollEnded(ann, post.id)]
    assert await poll_ends(town) == []
    assert [await polls_told(town, one) for one in (ann, bob, eve)] == [[post.id], [post.id], []]


async def test_uploads_that_no_post_took_are_gone_within_a_day_with_their_files(town, clock, ann):
    left, taken = await upload(town, ann), await upload(town, ann)
    await town.db.write(posts.publish, ann, Draft(text="look", media_ids=(taken.id,)))
    clock.pass_s(12 * HOUR_S)
    fresh = await upload(town, ann)

    clock.pass_s(11.5 * HOUR_S)
    await timers.remove_unattached_media(town)

    assert (await town.db.read(media_rows.by_ids, [left.id, taken.id, fresh.id])).keys() == {taken.id, fresh.id}
    assert [town.blobs.get(one.key) is None for one in (left, taken, fresh)] == [True, False, False]
    assert town.blobs.get(left.preview_key) is None


async def test_an_idempotency_key_is_honoured_for_a_day_then_forgotten(town, clock, ann):
    first = await town.db.write(posts.publish, ann, Draft(text="hello", idempotency_key="k"))

    clock.pass_s(24 * HOUR_S)
    await timers.forget_idempotency_keys(town)
    assert (await town.db.write(posts.publish, ann, Draft(text="hello", idempotency_key="k"))).id == first.id
    with pytest.raises(Invalid):
        await town.db.write(posts.publish, ann, Draft(text="other", idempotency_key="k"))

    clock.pass_s(2 * HOUR_S)
    await timers.forget_idempotency_keys(town)
    assert (await town.db.write(posts.publish, ann, Draft(text="other", idempotency_key="k"))).id != first.id


async def test_every_job_may_run_when_there_is_nothing_to_do(town):
    for job in timers.JOBS:
        await job.run(town)


async def test_timers_run_their_jobs_until_stopped(town, clock, ann):
    post = await town.db.write(posts.publish, ann, Draft(text="?", poll=PollDraft(["a", "b"], 300)))
    await settle(town)
    clock.pass_s(301)

    happened, loop = asyncio.Event(), asyncio.get_running_loop()
    town.db.on_commit = lambda: loop.call_soon_threadsafe(happened.set)

    running = timers.Timers(town)
    running.start()
    await happened.wait()
    await running.stop()

    assert await settle(town) == [PollEnded(ann, post.id)]
