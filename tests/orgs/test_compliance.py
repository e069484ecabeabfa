"""Search for the role COMPLIANCE: in all versions of all posts of the organisation, and each look is logged."""

import pytest
from databases import Clock
from kit import people, person

from chirrup.errors import Invalid, NotFound
from chirrup.ids import ID_MAX
from chirrup.orgs import compliance, holds
from chirrup.orgs.compliance import Wanted
from chirrup.ports import Engines
from chirrup.social import audit, posts
from chirrup.types import Draft, HoldScope, PollDraft, Span

BOSS = 77


async def words_of(engines: Engines, wanted: Wanted, *, org_id: int = 0) -> list[str]:
    """The texts of all answers together."""
    found, place = list[str](), None
    while True:
        answer = await compliance.search(engines.db, org_id, BOSS, wanted, place)
        assert len(answer.found) <= compliance.FOUND_MAX
        found += [one.post.text for one in answer.found]
        place = answer.next
        if place is None:
            return found


async def test_search_finds_every_version_and_what_is_held_and_nothing_elsewhere(engines: Engines, clock: Clock):
    ann, bob, eve = await people(engines.db, "ann", "bob", "eve")
    far = await engines.db.write(person, "far", 7 << 16)

    async def say(author: int, text: str, **more: str) -> int:
        clock.pass_ms(1000)
        return (await engines.db.write(posts.publish, author, Draft(text=text, **more))).id

    edited = await say(ann, "The PRICE is 7")
    await engines.db.write(posts.edit, ann, edited, Draft(text="nothing"))
    await say(ann, "@bob the price fell", visibility="direct")
    began_ms = clock.now_ms + 1
    await say(bob, "look", summary="price")
    await engines.db.write(posts.publish, bob, Draft(text="vote", poll=PollDraft(["price", "no"], 3600)))
    lost, held = await say(eve, "price lost"), await say(eve, "price held")
    await say(far, "price far away")
    await engines.db.write(posts.delete, eve, lost)
    await engines.db.write(holds.place, 0, BOSS, holds.Wanted(HoldScope.ACCOUNT, "case", eve))
    await engines.db.write(posts.delete, eve, held)

    everything = ["nothing", "@bob the price fell", "look", "vote", "price held"]
    assert sorted(await words_of(engines, Wanted("price"))) == sorted(everything)
    assert sorted(await words_of(engines, Wanted())) == sorted(everything)
    assert await words_of(engines, Wanted("is price 7")) == ["nothing"]
    assert await words_of(engines, Wanted("Price", account_id=ann)) == ["nothing", "@bob the price fell"]
    assert sorted(await words_of(engines, Wanted("price", from_ms=began_ms))) == ["look", "price held", "vote"]
    assert sorted(await words_of(engines, Wanted("price", until_ms=began_ms))) == ["@bob the price fell", "nothing"]
    assert await words_of(engines, Wanted("price"), org_id=7 << 16) == ["price far away"]
    for bad, error in ((Wanted(account_id=far), NotFound), (Wanted(from_ms=2, until_ms=1), Invalid)):
        with pytest.raises(error):
            await compliance.search(engines.db, 0, BOSS, bad)

    logged = [one for one in await engines.db.read(audit.page, 0, Span(ID_MAX, limit=99)) if one.action == "search"]
    assert len(logged) == 6
    assert {one.actor_id for one in logged} == {BOSS}
    assert (logged[2].words, logged[2].target_name) == (f"words=Price account_id={ann}", "ann")


async def test_however_many_posts_there_are_an_answer_has_an_end_and_a_next_one(
    engines: Engines, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    for name, few in (("AUTHORS", 2), ("READ", 3), ("SEEN_MAX", 4), ("FOUND_MAX", 2)):
        monkeypatch.setattr(compliance, name, few)
    authors = await people(engines.db, *(f"ann{n}" for n in range(5)))
    for n in range(4):
        for author in authors:
            clock.pass_ms(1)
            await engines.db.write(posts.publish, author, Draft(text=f"{n} by {author}"))

    expected = sorted(f"{n} by {author}" for n in range(4) for author in authors)
    assert sorted(await words_of(engines, Wanted())) == expected
    assert sorted(await words_of(engines, Wanted("2"))) == sorted(one for one in expected if "2" in one)
    assert sorted(await words_of(engines, Wanted(account_id=authors[2]))) == [f"{n} by {authors[2]}" for n in range(4)]
