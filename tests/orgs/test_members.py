"""Members come, stop being members, and come back."""

import pytest
from kit import people

from chirrup.access import apps, links, logins, sessions, tokens
from chirrup.errors import Forbidden, InvalidSignUp, Unauthorised
from chirrup.events import AccessEnded
from chirrup.orgs import members, organisations
from chirrup.orgs.members import Joining
from chirrup.ports import Database
from chirrup.social import accounts, posts, staff
from chirrup.store import outbox
from chirrup.types import Draft

URN = "urn:ietf:wg:oauth:2.0:oob"


async def test_who_joins_is_an_account_of_the_organisation(db: Database):
    acme = (await db.write(organisations.create, "acme", "social.acme.example")).id
    joining = Joining("ann", "ann@acme.example", display_name="Ann", role="moderator")

    made = await db.write(members.join, acme, joining)

    account, user = await db.read(lambda tx: staff.person(tx, made.id))
    assert (account.org_id, account.username, account.display_name) == (acme, "ann", "Ann")
    assert (user.org_id, user.role, user.email, bool(user.confirmed_ms)) == (
        acme,
        "moderator",
        "ann@acme.example",
        True,
    )
    for again in (joining, Joining("ann2", "ann@acme.example"), Joining("ann", "ann2@acme.example"), Joining("", "x")):
        with pytest.raises(InvalidSignUp):
            await db.write(members.join, acme, again)


async def test_deactivating_ends_all_access_and_keeps_what_was_said(db: Database):
    (ann,) = await people(db, "ann")
    app, _ = await db.write(apps.register, "App", URN, "read")
    _, token = await db.write(tokens.issue, ann, app.id, "read")
    cookie = await db.write(sessions.start, ann)
    said = (await db.write(posts.publish, ann, Draft(text="I was here"))).id
    link = await db.write(links.ask_reset, "ann@example.com")
    assert link
    await db.write(outbox.lease, 100)

    for _ in range(2):  # may be repeated
        await db.write(members.deactivate, ann)

    ended = [each.event for each in await db.write(outbox.lease, 100)]
    assert [one for one in ended if isinstance(one, AccessEnded)] == [AccessEnded(ann, [])]
    with pytest.raises(Unauthorised):
        await db.read(tokens.find, token)
    with pytest.raises(Unauthorised):
        await db.read(sessions.find, cookie)
    assert await db.read(lambda tx: links.find(tx, link.secret, links.RESET)) is None
    with pytest.raises(Forbidden, match="deactivated"):
        await db.write(logins.open_session, await db.read(logins.of_account, ann))
    assert await db.write(links.ask_reset, "ann@example.com") is None
    assert (await db.read(posts.get, ann, said)).text == "I was here"
    assert (await db.read(accounts.get, ann, ann)).username == "ann"

    await db.write(members.reactivate, ann)
    await db.write(members.reactivate, ann)
    assert await db.write(logins.open_session, await db.read(logins.of_account, ann))
    with pytest.raises(Unauthorised):
        await db.read(tokens.find, token)


async def test_a_login_that_was_under_way_opens_nothing(db: Database):
    (ann,) = await people(db, "ann")
    app, _ = await db.write(apps.register, "App", URN, "read")
    await db.write(members.deactivate, ann)

    _, token = await db.write(tokens.issue, ann, app.id, "read")
    cookie = await db.write(sessions.start, ann)

    with pytest.raises(Forbidden):
        await db.read(tokens.find, token)
    for even_limited in (False, True):
        with pytest.raises(Forbidden):
            await db.read(sessions.find, cookie, even_limited=even_limited)
