"""What a block of a domain is about, once there are accounts of other servers."""

import msgspec
from kit import people, person

from chirrup.ports import Database, Tx
from chirrup.social import account_lists, accounts, blocked_domains, follows
from chirrup.store import accounts as rows


def remote(tx: Tx, name: str, host: str) -> int:
    """An account of another server, as federation would make it."""
    one = accounts.blank(person(tx, name), name, name, tx.now_ms)
    made = msgspec.structs.replace(one, id=tx.new_id(7), host=host)
    assert rows.insert(tx, made)
    return made.id


async def test_accounts_at_a_blocked_domain_are_told_as_such(db: Database):
    ann, bob = await people(db, "ann", "bob")
    far = await db.write(remote, "far", "far.example")
    farther = await db.write(remote, "farther", "farther.example")
    for one in (bob, far):
        await db.write(follows.follow, ann, one)
    await db.write(blocked_domains.block, ann, "Far.example", "town.example")

    told = await db.read(account_lists.relationships, ann, [bob, far, farther])
    lost = await db.read(blocked_domains.preview, ann, "far.example")

    assert [one.domain_blocking for one in told] == [False, True, False]
    assert (lost.followees, lost.followers) == (1, 0)
    assert not any(one.domain_blocking for one in await db.read(account_lists.relationships, bob, [far]))
    await db.write(blocked_domains.unblock, ann, "far.example")
    assert not (await db.read(account_lists.relationships, ann, [far]))[0].domain_blocking
