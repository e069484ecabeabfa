"""Posts that wait for their date, on a clock that the test moves: published once, or a draft again with the reason."""

import asyncio

import pytest
from databases import Clock
from kit import people, settle, work_off
from workers.test_timers import upload

from chirrup.errors import Invalid, NotFound
from chirrup.ids import ID_MAX
from chirrup.ports import Engines, Tx
from chirrup.social import accounts, drafts, follows, media, posts
from chirrup.social.composing import MentionsUnexpected
from chirrup.social.drafts import DATED_A_DAY_MAX, DATED_MAX, LEAD_MS, Rules
from chirrup.store import accounts as account_rows
from chirrup.store import jobs
from chirrup.store import posts as post_rows
from chirrup.timelines import read
from chirrup.types import Draft, KeptDraft, PollDraft, Post, Span, Visibility
from chirrup.workers import timers

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
RULES = Rules("town.example")
ALL = Span(before=ID_MAX, limit=400)


@pytest.fixture
async def ann(engines: Engines) -> int:
    (ann,) = await people(engines.db, "ann")
    return ann


async def keep(engines: Engines, author: int, draft: Draft, due_ms: int = 0, **more: int) -> KeptDraft:
    return await engines.db.write(drafts.keep, author, draft, due_ms, rules=RULES, **more)


async def said(engines: Engines, author: int) -> list[Post]:
    """Oldest first."""
    ids = await engines.db.read(post_rows.ids_by_author, author, ALL)
    found = await engines.db.read(post_rows.by_ids, ids)
    return [found[id] for id in reversed(ids)]


async def dated(engines: Engines, author: int) -> list[KeptDraft]:
    return await engines.db.read(drafts.page, author, ALL, scheduled=True)


async def undated(engines: Engines, author: int) -> list[KeptDraft]:
    return await engines.db.read(drafts.page, author, ALL, scheduled=False)


async def come(engines: Engines, clock: Clock, ms: int) -> None:
    clock.pass_ms(ms)
    await work_off(engines)
    await settle(engines)


async def test_a_post_is_published_at_its_date_once_whatever_runs_twice(engines: Engines, clock: Clock, ann: int):
    (bob,) = await people(engines.db, "bob")
    await engines.db.write(follows.follow, bob, ann)
    one = await keep(engines, ann, Draft(text="later"), clock.now_ms + HOUR_MS)
    job = (await engines.db.read(jobs.page, 1))[0]

    await come(engines, clock, HOUR_MS - 1)
    assert await said(engines, ann) == []
    clock.pass_ms(1)
    await asyncio.gather(work_off(engines), work_off(engines))  # two workers
    due = drafts.Due(id=one.id, account_id=ann)
    await engines.db.write(drafts.publish_due, due)  # a worker that was killed before it wrote down that it had done it
    await settle(engines)

    (post,) = await said(engines, ann)
    assert (post.text, post.created_ms >= clock.now_ms) == ("later", True)
    assert await read.home(engines, bob, Span(before=ID_MAX)) == [post.id]
    assert (await dated(engines, ann), await undated(engines, ann)) == ([], [])
    assert job.due_ms == one.due_ms
    assert await engines.db.read(jobs.page, 10) == []


async def test_the_row_says_when_and_jobs_of_dates_before_do_nothing(engines: Engines, clock: Clock, ann: int):
    one = await keep(engines, ann, Draft(text="later"), clock.now_ms + HOUR_MS)
    await engines.db.write(drafts.move, ann, one.id, clock.now_ms + 3 * HOUR_MS, rules=RULES)
    await engines.db.write(drafts.move, ann, one.id, clock.now_ms + 2 * HOUR_MS, rules=RULES)

    await come(engines, clock, HOUR_MS)
    assert await said(engines, ann) == []
    await come(engines, clock, HOUR_MS)
    assert len(await said(engines, ann)) == 1
    await come(engines, clock, HOUR_MS)
    assert len(await said(engines, ann)) == 1


async def test_what_was_taken_back_is_not_published(engines: Engines, clock: Clock, ann: int):
    one = await keep(engines, ann, Draft(text="later"), clock.now_ms + HOUR_MS)
    await engines.db.write(drafts.delete, ann, one.id)

    await come(engines, clock, DAY_MS)

    assert await said(engines, ann) == []


async def test_what_can_no_longer_be_published_is_a_draft_with_the_reason(engines: Engines, clock: Clock, ann: int):
    (bob,) = await people(engines.db, "bob")
    picture = await upload(engines, ann)
    parent = await engines.db.write(posts.publish, bob, Draft(text="hello"))
    draft = Draft(text="well said", reply_to_id=parent.id, media_ids=(picture.id,))
    one = await keep(engines, ann, draft, clock.now_ms + HOUR_MS)
    await engines.db.write(posts.delete, bob, parent.id)

    await come(engines, clock, HOUR_MS)

    (left,) = await undated(engines, ann)
    assert (left.id, left.draft.text, left.problem) == (one.id, "well said", drafts.GONE["post"])
    assert (await dated(engines, ann), await said(engines, ann)) == ([], [])
    again = await keep(engines, ann, Draft(text="well said", media_ids=(picture.id,)), id=one.id)
    assert again.problem == ""
    post = await engines.db.write(drafts.publish, ann, one.id, rules=RULES)
    assert post.media == [picture.id]


async def test_a_suspended_account_finds_its_posts_among_the_drafts(engines: Engines, clock: Clock, ann: int):
    await keep(engines, ann, Draft(text="later"), clock.now_ms + HOUR_MS)
    await engines.db.write(accounts.suspend, ann)

    await come(engines, clock, HOUR_MS)

    (left,) = await undated(engines, ann)
    assert "could not post" in left.problem


async def test_posts_of_an_account_that_is_gone_are_gone(engines: Engines, clock: Clock, ann: int):
    await keep(engines, ann, Draft(text="later"), clock.now_ms + HOUR_MS)
    await engines.db.write(lambda tx: tx.run("DELETE FROM users WHERE account_id = :ann", ann=ann))

    await come(engines, clock, HOUR_MS)

    assert (await dated(engines, ann), await undated(engines, ann), await said(engines, ann)) == ([], [], [])


async def test_who_will_see_it_is_settled_with_the_date(engines: Engines, clock: Clock, ann: int):
    def default(tx: Tx, visibility: str) -> None:
        account_rows.set_defaults(tx, ann, visibility=visibility, sensitive=0, language="")

    await engines.db.write(default, Visibility.FOLLOWERS)
    await keep(engines, ann, Draft(text="later"), clock.now_ms + HOUR_MS)
    await engines.db.write(default, Visibility.PUBLIC)

    await come(engines, clock, HOUR_MS)

    assert [post.visibility for post in await said(engines, ann)] == [Visibility.FOLLOWERS]


@pytest.mark.parametrize(
    "draft",
    [
        Draft(text=""),
        Draft(text="x" * 501),
        Draft(text="x", media_ids=(4096 * 77,)),
        Draft(text="x", poll=PollDraft(["a"], 300)),
        Draft(text="x", poll=PollDraft(["a", "b"], 299)),
        Draft(text="x", reply_to_id=4096 * 77),
        Draft(text="x", visibility="nowhere"),
        Draft(text="@bob", allowed_mentions=()),
        Draft(text=" ".join(f"#t{n}" for n in range(61))),
    ],
)
async def test_what_cannot_be_posted_is_refused_when_it_is_given_a_date(
    engines: Engines, clock: Clock, ann: int, draft: Draft
):
    await people(engines.db, "bob")

    with pytest.raises((Invalid, NotFound, MentionsUnexpected)):
        await keep(engines, ann, draft, clock.now_ms + HOUR_MS)

    assert await dated(engines, ann) == []


async def test_the_date_must_be_ahead_and_there_is_room_for_so_many(engines: Engines, clock: Clock, ann: int):
    draft, day = Draft(text="later"), (clock.now_ms // DAY_MS + 1) * DAY_MS
    for due_ms in (1, clock.now_ms, clock.now_ms + LEAD_MS - 1):
        with pytest.raises(Invalid, match="minutes ahead"):
            await keep(engines, ann, draft, due_ms)
    last = await keep(engines, ann, draft, clock.now_ms + LEAD_MS)
    for n in range(DATED_A_DAY_MAX):
        last = await keep(engines, ann, draft, day + n)
    with pytest.raises(Invalid, match="limit of 25 scheduled posts"):
        await keep(engines, ann, draft, day + DAY_MS - 1)
    await engines.db.write(drafts.move, ann, last.id, day + DAY_MS - 1, rules=RULES)

    def fill(tx: Tx) -> None:
        for n in range(DATED_MAX - DATED_A_DAY_MAX - 1):
            drafts.keep(tx, ann, draft, day + (1 + n // 20) * DAY_MS, rules=RULES)

    await engines.db.write(fill)
    with pytest.raises(Invalid, match="limit of 300 scheduled posts"):
        await keep(engines, ann, draft, day + 300 * DAY_MS)
    await keep(engines, ann, draft)  # a draft


async def test_media_belong_to_what_waits_for_as_long_as_it_waits(engines: Engines, clock: Clock, ann: int):
    mine, other = await upload(engines, ann), await upload(engines, ann)
    one = await keep(engines, ann, Draft(text="look", media_ids=(mine.id, other.id)), clock.now_ms + 9 * DAY_MS)
    with pytest.raises(Invalid):
        await engines.db.write(posts.publish, ann, Draft(text="mine", media_ids=(mine.id,)))
    with pytest.raises(Invalid):
        await keep(engines, ann, Draft(text="mine", media_ids=(mine.id,)))
    with pytest.raises(Invalid):
        await engines.db.write(media.remove, ann, mine.id)
    clock.pass_ms(5 * DAY_MS)
    await timers.remove_unattached_media(engines)

    await keep(engines, ann, Draft(text="look", media_ids=(mine.id,)), clock.now_ms + DAY_MS, id=one.id)
    assert (await engines.db.read(media.get, ann, other.id)).draft_id == 0  # free for a day
    await timers.remove_unattached_media(engines)
    await come(engines, clock, DAY_MS)
    await timers.remove_unattached_media(engines)

    (post,) = await said(engines, ann)
    assert post.media == [mine.id]
    assert (await engines.db.read(media.get, ann, mine.id)).shown_by == post.id
    with pytest.raises(NotFound):
        await engines.db.read(media.get, ann, other.id)


async def test_media_of_a_deleted_post_are_kept_by_a_draft(engines: Engines, clock: Clock, ann: int):
    picture = await upload(engines, ann)
    post = await engines.db.write(posts.publish, ann, Draft(text="lok", media_ids=(picture.id,)))
    await engines.db.write(posts.delete, ann, post.id, keep_media=True)
    one = await keep(engines, ann, Draft(text="look", media_ids=(picture.id,)))
    clock.pass_ms(9 * DAY_MS)
    await timers.remove_unattached_media(engines)

    assert (await engines.db.write(drafts.publish, ann, one.id, rules=RULES)).media == [picture.id]
