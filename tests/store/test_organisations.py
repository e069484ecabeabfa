"""What an account says and does belongs to its organisation; keys that are texts tell organisations apart."""

import pytest
from kit import person

from chirrup.events import AccountChanged
from chirrup.ids import BETWEEN, text_key
from chirrup.social import posts, reactions, search
from chirrup.store import accounts as account_rows
from chirrup.store import posts as rows
from chirrup.types import Draft

ACME = 77 << 28


async def test_an_account_its_user_its_posts_and_boosts_are_of_one_organisation(db):
    ann, bob = [await db.write(person, name, org_id=ACME) for name in ("ann", "bob")]
    post = await db.write(posts.publish, ann, Draft(text="hello"))
    boost = await db.write(reactions.boost, bob, post.id)

    state, user = await db.read(lambda tx: (account_rows.states(tx, [ann])[ann], account_rows.user(tx, ann)))
    found = await db.read(rows.by_ids, [post.id, boost.id])

    assert (state.org_id, user.org_id) == (ACME, ACME)
    assert {one.org_id for one in found.values()} == {ACME}


@pytest.mark.parametrize("text", ["ann", "ann@acme.example", f"{BETWEEN}{ACME}{BETWEEN}ann", "", "пример"])
def test_a_text_of_one_organisation_is_never_that_of_another(text):
    keys = [text_key(org_id, text) for org_id in (0, 7, 77, ACME)]

    assert len(set(keys)) == 4
    assert BETWEEN not in keys[0]
    assert text_key(0, f"{BETWEEN}7{BETWEEN}{text}") != text_key(7, text)


async def test_what_is_looked_up_by_how_it_begins_is_of_one_organisation(db):
    """A number, too, which is what organisations are."""
    ids = {org_id: await db.write(person, "ann", org_id=org_id) for org_id in (0, 7, 77, ACME)}
    for org_id, id in ids.items():
        await db.write(posts.publish, id, Draft(text=f"#{org_id}th"))
        await db.write(lambda tx, id=id: search.on_account_changed(tx, AccountChanged(id)))

    def found(tx, org_id, start):
        names = {tag.name for tag in search.find_tags(tx, start, limit=9, org_id=org_id)}
        return names, tx.search.find_accounts(tx, start, limit=9, org_id=org_id)

    for org_id, id in ids.items():
        assert await db.read(found, org_id, "an") == (set(), [id])
        assert await db.read(found, org_id, f"{org_id}"[0]) == ({f"{org_id}th"}, [])
