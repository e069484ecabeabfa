"""Any number of edits: each is accepted, and the history keeps the first version and the newest ones."""

from kit import people

from chirrup.ids import ID_MAX, bucket_of
from chirrup.ports import Database, Tx
from chirrup.social import posts
from chirrup.store import media as media_rows
from chirrup.store import posts as post_rows
from chirrup.store import tags as tag_rows
from chirrup.types import Draft, Media, Span

EDITS = posts.VERSIONS_KEPT + 30
EVERYTHING = Span(before=ID_MAX, limit=100)


def upload(tx: Tx, owner: int) -> int:
    media = Media(tx.new_id(bucket_of(owner)), owner, 0, "image", "x/y", f"key{tx.new_id(0)}", "", "", "{}", "", 1)
    media_rows.insert(tx, media)
    return media.id


async def test_the_history_keeps_the_first_state_and_the_newest(db: Database, clock):
    (ann,) = await people(db, "ann")
    post = await db.write(posts.publish, ann, Draft(text="n0 #tag0"))
    for n in range(1, EDITS + 1):
        clock.pass_ms(1)
        await db.write(posts.edit, ann, post.id, Draft(text=f"n{n} #tag{n}"))

    kept = [version.text.split()[0] for version in await db.read(posts.history, ann, post.id)]
    assert kept == ["n0", *(f"n{n}" for n in range(EDITS - posts.VERSIONS_KEPT, EDITS + 1))]


async def test_an_edited_post_is_under_the_tags_it_has_now_at_once(db: Database, clock):
    (ann,) = await people(db, "ann")
    post = await db.write(posts.publish, ann, Draft(text="#one #two"))

    async def found() -> list[str]:
        return [
            tag for tag in ("one", "two", "three") if await db.read(tag_rows.posts_with, tag, EVERYTHING) == [post.id]
        ]

    assert await found() == ["one", "two"]
    for text, expected in [("#two #three", ["two", "three"]), ("#THREE", ["three"]), ("none", []), ("#one", ["one"])]:
        clock.pass_ms(1)
        await db.write(posts.edit, ann, post.id, Draft(text=text))
        assert await found() == expected


async def test_media_of_states_that_the_history_lost_go_with_the_post(db: Database, clock):
    (ann,) = await people(db, "ann")
    uploads = [await db.write(upload, ann) for _ in range(3)]
    post = await db.write(posts.publish, ann, Draft(text="with", media_ids=(uploads[0],)))
    for n in range(posts.VERSIONS_KEPT + 5):
        clock.pass_ms(1)
        await db.write(posts.edit, ann, post.id, Draft(text=f"{n}", media_ids=(uploads[min(n + 1, 2)],)))

    await db.write(posts.delete, ann, post.id)

    assert await db.read(media_rows.by_ids, uploads) == {}


async def test_what_staff_mark_as_sensitive_keeps_what_its_author_has_done_meanwhile(db: Database):
    """They have read the posts before; on PostgreSQL others write in between."""
    (ann,) = await people(db, "ann")
    edited, deleted = [await db.write(posts.publish, ann, Draft(text="as it was")) for _ in range(2)]
    await db.write(posts.edit, ann, edited.id, Draft(text="as it is"))
    await db.write(posts.delete, ann, deleted.id)

    for post in (edited, deleted):
        await db.write(posts.mark_sensitive, post)

    shown = await db.read(posts.get, ann, edited.id)
    assert (shown.text, shown.sensitive) == ("as it is", 1)
    for changed in (edited, deleted):
        assert await db.write(post_rows.update, changed) == (changed is edited)  # what is deleted is not written again
