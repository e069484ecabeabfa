import asyncio

import pytest
from access_kit import agreed, ended, insert_person, passwords, redeem

from chirrup.access import links, logins, sessions, tokens
from chirrup.errors import Forbidden, Invalid, Limited, OAuthError, Unauthorised
from chirrup.events import AccessEnded
from chirrup.store import accounts

NEW = passwords.hash("a new secret")


@pytest.fixture
async def login(db, ann):
    return await db.read(logins.look_up, email="ann@town.example")


async def test_a_login_is_found_by_address_or_name(db, ann, login):
    assert login.account_id == ann
    assert login == await db.read(logins.look_up, username="ann") == await db.read(logins.of_account, ann)
    assert passwords.matches(login.password_hash, "secret of ann")


@pytest.mark.parametrize("name", ["", "nobody", "\x00", "ann\x00", "ANN@TOWN.EXAMPLE", "%"])
async def test_an_unknown_name_has_no_password(db, ann, name):
    login = await db.read(logins.look_up, email=name)
    assert login == await db.read(logins.look_up, username=name) == logins.Login()
    assert not passwords.matches(login.password_hash, "nobody has this password")


async def test_a_cookie_stands_for_the_login(db, ann, login):
    cookie = await db.write(logins.open_session, login, "Mozilla\x00")
    visit = await db.read(sessions.find, cookie)

    assert (visit.viewer.account_id, visit.viewer.app_id, visit.stale) == (ann, 0, False)
    assert {"read:statuses", "write:statuses"} <= visit.viewer.scopes
    [session] = await db.read(sessions.of_account, ann)
    assert (session.id, session.user_agent) == (visit.viewer.token_id, "Mozilla")
    assert cookie not in str(session)


async def test_every_login_gets_a_new_cookie_which_is_no_token(db, login):
    one, two = await db.write(logins.open_session, login), await db.write(logins.open_session, login)
    assert one != two
    with pytest.raises(Unauthorised):
        await db.read(tokens.find, one)


async def test_a_session_ends_thirty_days_after_the_last_visit(db, login, clock):
    cookie = await db.write(logins.open_session, login)

    clock.pass_ms(sessions.LIFE_MS - 1)
    assert (await db.read(sessions.find, cookie)).stale
    await db.write(sessions.extend, cookie)
    assert not (await db.read(sessions.find, cookie)).stale
    clock.pass_ms(sessions.LIFE_MS - 1)
    await db.read(sessions.find, cookie)
    clock.pass_ms(1)

    with pytest.raises(Unauthorised):
        await db.read(sessions.find, cookie)
    assert await db.read(sessions.of_account, login.account_id) == []
    assert await db.write(sessions.sweep) == 1


async def test_after_logging_out_the_cookie_is_dead(db, ann, login):
    bob = await db.write(insert_person, "bob")
    cookie = await db.write(logins.open_session, login)
    session_id = (await db.read(sessions.find, cookie)).viewer.token_id

    await db.write(sessions.end, bob, session_id)  # not bob's to end
    await db.read(sessions.find, cookie)
    await db.write(sessions.end, ann, session_id)
    await db.write(sessions.end, ann, session_id)

    with pytest.raises(Unauthorised):
        await db.read(sessions.find, cookie)
    assert await ended(db) == [AccessEnded(ann, [session_id])]


async def test_logging_out_everywhere_else(db, ann, login):
    here, there = await db.write(logins.open_session, login), await db.write(logins.open_session, login)
    here_id, there_id = [(await db.read(sessions.find, cookie)).viewer.token_id for cookie in (here, there)]

    await db.write(sessions.end_all, ann, keep=here_id)

    assert [session.id for session in await db.read(sessions.of_account, ann)] == [here_id]
    assert await ended(db) == [AccessEnded(ann, [there_id])]


async def test_a_login_that_staff_have_closed_opens_a_session_only_for_what_is_open_to_it(db, login):
    before = await db.write(logins.open_session, login)
    await db.write(accounts.set_standing, login.account_id, disabled=1)

    cookie = await db.write(logins.open_session, login)

    for one in (before, cookie):
        with pytest.raises(Limited):
            await db.read(sessions.find, one)
        assert (await db.read(lambda tx, one=one: sessions.find(tx, one, even_limited=True))).limited
    with pytest.raises(Limited):
        await db.write(logins.open_token, login, 1, "read")
    await db.write(accounts.set_standing, login.account_id, disabled=0)
    assert not (await db.read(sessions.find, cookie)).limited


@pytest.mark.parametrize("change", [{"confirmed_ms": 0}, {"approved": 0}])
async def test_a_login_that_may_not_act_gets_no_session_and_loses_those_it_has(db, login, change):
    cookie = await db.write(logins.open_session, login)
    await db.write(accounts.set_standing, login.account_id, **change)

    with pytest.raises(Forbidden):
        await db.write(logins.open_session, login)
    with pytest.raises(Forbidden):
        await db.write(logins.open_token, login, 1, "read")
    with pytest.raises(Forbidden):
        await db.read(sessions.find, cookie)


async def test_a_password_grant_is_a_token_for_the_login(db, ann, login, client):
    token, text = await db.write(logins.open_token, login, client.app.id, "read")
    assert token.account_id == (await db.read(tokens.find, text)).account_id == ann


async def test_a_login_checked_against_an_old_password_opens_nothing(db, login):
    await db.write(logins.set_password, login.account_id, NEW)

    with pytest.raises(Unauthorised):
        await db.write(logins.open_session, login)
    with pytest.raises(Unauthorised):
        await db.write(logins.open_token, login, 1, "read")
    with pytest.raises(Unauthorised):
        await db.write(logins.change_password, login, NEW)
    with pytest.raises(Unauthorised):
        await db.write(logins.open_session, logins.Login())


async def test_a_login_renews_a_hash_that_has_become_too_cheap(db, login):
    renewed = await db.write(logins.rehash, login, NEW)
    await db.write(logins.open_session, renewed)

    assert (await db.read(logins.of_account, login.account_id)).password_hash == NEW


async def test_a_new_password_ends_all_that_was_open_but_the_session_that_set_it(db, ann, login, client):
    here, there = await db.write(logins.open_session, login), await db.write(logins.open_session, login)
    token, text = await db.write(tokens.issue, ann, client.app.id, "read")
    code = await agreed(db, ann, client)
    link = await db.write(links.ask_reset, "ann@town.example")
    here_id, there_id = [(await db.read(sessions.find, cookie)).viewer.token_id for cookie in (here, there)]

    await db.write(logins.change_password, login, NEW, keep=here_id)

    assert (await db.read(sessions.find, here)).viewer.account_id == ann
    for find, secret in ((sessions.find, there), (tokens.find, text)):
        with pytest.raises(Unauthorised):
            await db.read(find, secret)
    assert isinstance(await redeem(db, client, code), OAuthError)
    assert await db.read(links.find, link.secret, links.RESET) is None
    [event] = await ended(db)
    assert set(event.token_ids) == {token.id, there_id}


async def test_a_reset_by_mail_sets_the_password_once_and_ends_everything(db, ann, login, client):
    cookie = await db.write(logins.open_session, login)
    link = await db.write(links.ask_reset, "ann@town.example")
    assert (link.account_id, link.email) == (ann, "ann@town.example")
    assert await db.read(links.find, link.secret, links.RESET) == link

    assert await db.write(logins.reset_password, link.secret, NEW) == ann

    assert (await db.read(logins.of_account, ann)).password_hash == NEW
    with pytest.raises(Unauthorised):
        await db.read(sessions.find, cookie)
    with pytest.raises(Invalid):
        await db.write(logins.reset_password, link.secret, NEW)
    assert await ended(db) == [AccessEnded(ann, [])]


async def test_of_two_followers_of_a_link_one_gets_through(db, ann):
    link = await db.write(links.ask_reset, "ann@town.example")
    outcomes = await asyncio.gather(
        *(db.write(links.follow, link.secret, links.RESET) for _ in range(2)), return_exceptions=True
    )
    assert sorted(isinstance(outcome, Invalid) for outcome in outcomes) == [False, True]


async def test_nobody_with_that_address_gets_no_link(db, ann):
    assert await db.write(links.ask_reset, "eve@town.example") is None
    assert await db.write(links.ask_reset, "\x00") is None


async def test_a_link_dies_with_time_with_a_newer_one_and_with_the_address(db, ann, clock):
    old = await db.write(links.ask_reset, "ann@town.example")
    new = await db.write(links.ask_reset, "ann@town.example")
    assert await db.read(links.find, old.secret, links.RESET) is None
    assert await db.read(links.find, new.secret, links.CONFIRM) is None  # it is for something else

    user = await db.read(accounts.user, ann)
    change = "UPDATE users SET email = :email WHERE bucket = :bucket AND account_id = :account"
    await db.write(lambda tx: tx.run(change, email="new@town.example", bucket=ann & 4095, account=ann))
    assert await db.read(links.find, new.secret, links.RESET) is None
    await db.write(lambda tx: tx.run(change, email=user.email, bucket=ann & 4095, account=ann))
    assert await db.read(links.find, new.secret, links.RESET) == new

    clock.pass_ms(links.LIFE_MS[links.RESET])
    with pytest.raises(Invalid):
        await db.write(logins.reset_password, new.secret, NEW)
    assert await db.write(sessions.sweep) == 1


async def test_an_address_is_confirmed_by_link(db, client):
    eve = await db.write(insert_person, "eve", confirmed_ms=0)
    link = await db.write(links.ask_confirmation, eve)

    assert await db.write(links.confirm, link.secret) == eve

    assert (await db.read(accounts.user, eve)).confirmed_ms
    assert await db.write(links.ask_confirmation, eve) is None
    with pytest.raises(Invalid):
        await db.write(links.confirm, link.secret)


def test_a_form_fits_only_the_session_it_was_made_for():
    cookie, other = sessions.visitor(), sessions.visitor()
    sessions.check_csrf(cookie, sessions.csrf_token(cookie))
    for session, sent in [(cookie, sessions.csrf_token(other)), (cookie, ""), (cookie, "é\ud800"), ("", "")]:
        with pytest.raises(Forbidden):
            sessions.check_csrf(session, sent)
    with pytest.raises(Forbidden):
        sessions.check_csrf("", sessions.csrf_token(""))
