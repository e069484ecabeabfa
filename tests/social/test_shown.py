"""The data for every edge: posts with counts, marks, polls, files and people, for one viewer."""

from kit import people

from chirrup.ports import Database, Tx
from chirrup.social import polls, posts, reactions, shown
from chirrup.social.shown import UNCOUNTED, UNFLAGGED, Known, Shown
from chirrup.types import Draft, PollDraft


async def test_a_page_has_what_is_shown_with_its_posts(db: Database):
    ann, bob = await people(db, "ann", "bob")
    asked = await db.write(posts.publish, ann, Draft(text="bread?", poll=PollDraft(["rye", "wheat"], 3600)))
    answer = await db.write(posts.publish, bob, Draft(text="rye", reply_to_id=asked.id))
    await db.write(reactions.favourite, bob, asked.id)
    boost = await db.write(reactions.boost, bob, asked.id)
    await db.write(polls.vote, bob, await db.read(polls.get, bob, asked.poll_id), [1])

    page = await db.read(shown.find, bob, [answer.id, boost.id], Known())

    assert [post.id for post in page.entries] == [answer.id, boost.id]
    assert [page.original(post).id for post in page.entries] == [answer.id, asked.id]
    count, flags, poll = page.counts[asked.id], page.flags[asked.id], page.polls[asked.poll_id]
    assert (count.replies, count.boosts, count.favourites) == (1, 1, 1)
    assert (flags.favourited, flags.boosted, flags.bookmarked) == (True, True, False)
    assert ([one.votes for one in poll.options], poll.chosen, poll.ended) == ([0, 1], [1], False)
    assert (page.counts.get(answer.id, UNCOUNTED).replies, page.flags.get(answer.id, UNFLAGGED).boosted) == (0, False)
    assert {id: one.username for id, one in page.details.authors.items()} == {ann: "ann", bob: "bob"}
    assert page.seen.parent_of(answer) == (asked.id, ann)


async def test_what_is_not_for_the_viewer_is_not_on_the_page(db: Database):
    ann, bob = await people(db, "ann", "bob")
    secret = await db.write(posts.publish, ann, Draft(text="hush", visibility="direct"))
    said = await db.write(posts.publish, ann, Draft(text="hello"))
    known = Known()
    assert len((await db.read(shown.find, ann, [secret.id, said.id], known)).entries) == 2

    for viewer in (bob, 0):
        page = await db.read(shown.find, viewer, [secret.id, said.id], known)
        assert [post.id for post in page.entries] == [said.id]
        assert secret.id not in page.seen.posts
        assert (await db.read(shown.find, viewer, [secret.id], known)).entries == []


async def test_files_and_authors_are_read_of_those_posts_only_that_an_edge_wants(db: Database):
    ann, bob = await people(db, "ann", "bob")
    first, second = [await db.write(posts.publish, one, Draft(text="hello")) for one in (ann, bob)]

    page = await db.read(
        shown.find,
        ann,
        [first.id, second.id],
        Known(),
        detailed=lambda found: [post for post in found if post.id == second.id],
    )

    assert len(page.entries) == 2
    assert page.details.authors.keys() == {bob}


async def test_a_boost_keeps_what_it_boosts_when_another_makes_it_known_meanwhile(db: Database):
    ann, bob = await people(db, "ann", "bob")
    said = await db.write(posts.publish, ann, Draft(text="hello"))
    boost = await db.write(reactions.boost, bob, said.id)
    known = Known()
    await db.read(shown.find, ann, [(await db.write(posts.publish, ann, Draft(text="other"))).id], known)

    def both(tx: Tx) -> Shown:
        """The second runs while the first waits for its first answer (on PostgreSQL; on SQLite nobody waits)."""
        first, _ = tx.together(
            lambda: shown.find(tx, ann, [boost.id], known), lambda: known.posts.keep(boost.id, boost)
        )
        return first

    page = await db.read(both)

    assert [page.original(post).id for post in page.entries] == [said.id]
