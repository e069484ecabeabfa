import pytest
from access_kit import URI, agreed, ended, insert_person, redeem

from chirrup.access import apps, logins, tokens
from chirrup.errors import Forbidden, OAuthError, Unauthorised
from chirrup.events import AccessEnded
from chirrup.store import accounts


async def test_a_token_says_who_asks_and_what_they_may(db, client):
    boss = await db.write(insert_person, "boss", role="admin")
    token, text = await db.write(tokens.issue, boss, client.app.id, "read:statuses push")

    viewer = await db.read(tokens.find, text)
    assert (viewer.account_id, viewer.role, viewer.app_id) == (boss, "admin", client.app.id)
    assert viewer.scopes == {"read:statuses", "push"}
    assert viewer.token_id == token.id
    assert text not in str(token)


async def test_an_apps_own_token_is_nobodys(db, client):
    _, text = await db.write(tokens.issue_to_app, client, "read")

    viewer = await db.read(tokens.find, text)
    assert (viewer.account_id, viewer.app_id) == (0, client.app.id)


async def test_only_an_app_that_sends_its_secret_gets_its_own_token(db, client):
    unproven = await db.read(apps.identify, client.app.client_id)
    with pytest.raises(OAuthError) as refusal:
        await db.write(tokens.issue_to_app, unproven, "read")
    assert refusal.value.error == "invalid_client"
    with pytest.raises(OAuthError) as refusal:
        await db.write(tokens.issue_to_app, client, "push")
    assert refusal.value.error == "invalid_scope"


@pytest.mark.parametrize("text", ["", "x", "000" + "a" * 43, "\x00" * 46, "a" * 10_000, " 12" + "a" * 43, "\ud800"])
async def test_what_is_no_token_is_unauthorised(db, text):
    with pytest.raises(Unauthorised):
        await db.read(tokens.find, text)


async def test_a_token_is_not_found_by_its_stored_hash(db, ann, client):
    token, _ = await db.write(tokens.issue, ann, client.app.id, "read")
    with pytest.raises(Unauthorised):
        await db.read(tokens.find, token.id)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"confirmed_ms": 0}, "Your login is missing a confirmed e-mail address"),
        ({"approved": 0}, "Your login is currently pending approval"),
        ({"disabled": 1}, "Your login is currently disabled"),
    ],
)
async def test_a_login_that_may_not_act_is_told_why(db, client, change, words):
    eve = await db.write(insert_person, "eve", **change)
    _, text = await db.write(tokens.issue, eve, client.app.id, "read")

    with pytest.raises(Forbidden, match=words):
        await db.read(tokens.find, text)
    if "confirmed_ms" in change:
        assert (await db.read(tokens.find, text, even_unconfirmed=True)).account_id == eve
    else:
        with pytest.raises(Forbidden, match=words):
            await db.read(tokens.find, text, even_unconfirmed=True)


async def test_a_suspended_account_may_not_act(db, ann, client):
    _, text = await db.write(tokens.issue, ann, client.app.id, "read")
    await db.write(accounts.set_limits, ann, suspended_ms=1, changed_ms=1)

    with pytest.raises(Forbidden, match="disabled"):
        await db.read(tokens.find, text)


async def test_a_revoked_token_is_unauthorised_and_revoking_it_again_is_fine(db, ann, client):
    token, text = await db.write(tokens.issue, ann, client.app.id, "read")

    await db.write(tokens.revoke, client, text)
    await db.write(tokens.revoke, client, text)
    await db.write(tokens.revoke, client, "never a token")

    with pytest.raises(Unauthorised):
        await db.read(tokens.find, text)
    assert await ended(db) == [AccessEnded(ann, [token.id])]


async def test_an_apps_own_token_can_be_revoked(db, client):
    token, text = await db.write(tokens.issue_to_app, client)

    await db.write(tokens.revoke, client, text)

    with pytest.raises(Unauthorised):
        await db.read(tokens.find, text)
    assert await ended(db) == [AccessEnded(client.app.id, [token.id])]


async def test_another_apps_token_cannot_be_revoked(db, ann, client):
    _, text = await db.write(tokens.issue, ann, client.app.id, "read")
    app, secret = await db.write(apps.register, "Other", URI)
    other = await db.read(apps.identify, app.client_id, secret)

    with pytest.raises(OAuthError) as refusal:
        await db.write(tokens.revoke, other, text)
    assert refusal.value.error == "unauthorized_client"
    assert (await db.read(tokens.find, text)).account_id == ann


async def test_revoking_all_keeps_the_one_named_and_other_peoples(db, ann, client):
    bob = await db.write(insert_person, "bob")
    gone, gone_text = await db.write(tokens.issue, ann, client.app.id, "read")
    kept, kept_text = await db.write(tokens.issue, ann, client.app.id, "read")
    _, bobs_text = await db.write(tokens.issue, bob, client.app.id, "read")
    code = await agreed(db, ann, client)

    await db.write(logins.end_all_access, ann, keep=kept.id)
    await db.write(logins.end_all_access, ann, keep=kept.id)

    with pytest.raises(Unauthorised):
        await db.read(tokens.find, gone_text)
    assert (await db.read(tokens.find, kept_text)).account_id == ann
    assert (await db.read(tokens.find, bobs_text)).account_id == bob
    assert isinstance(await redeem(db, client, code), OAuthError)
    assert await ended(db) == [AccessEnded(ann, [gone.id])]  # once: an empty list would mean all


async def test_an_app_can_be_sent_away(db, ann, client, clock):
    other, _ = await db.write(apps.register, "Other", URI)
    first, _ = await db.write(tokens.issue, ann, client.app.id, "read")
    clock.pass_ms(1)
    stays, _ = await db.write(tokens.issue, ann, other.id, "read")
    code = await agreed(db, ann, client)
    assert await db.read(tokens.of_account, ann) == [stays, first]

    await db.write(tokens.revoke_app, ann, client.app.id)

    assert await db.read(tokens.of_account, ann) == [stays]
    assert isinstance(await redeem(db, client, code), OAuthError)
    assert await ended(db) == [AccessEnded(ann, [first.id])]
