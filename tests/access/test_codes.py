import asyncio

import pytest
from access_kit import CHALLENGE, URI, VERIFIER, agreed, ended, redeem

from chirrup.access import apps, codes, redirects, secret, sessions, tokens
from chirrup.errors import OAuthError, Unauthorised
from chirrup.events import AccessEnded
from chirrup.ids import bucket_of


def refused(outcome) -> str:
    assert isinstance(outcome, OAuthError)
    return outcome.error


async def test_a_code_becomes_a_token_of_the_one_who_agreed(db, ann, client):
    code = await agreed(db, ann, client, scope="write:statuses")
    token, text = await redeem(db, client, code)

    viewer = await db.read(tokens.find, text)
    assert (viewer.account_id, viewer.app_id, viewer.scopes) == (ann, client.app.id, {"write:statuses"})
    assert (token.scopes, viewer.token_id) == ("write:statuses", token.id)
    assert secret.locate(text)[0] == secret.locate(code)[0] == bucket_of(ann)


async def test_a_code_works_once_and_a_second_use_ends_the_token(db, ann, client):
    code = await agreed(db, ann, client)
    token, text = await redeem(db, client, code)

    assert refused(await redeem(db, client, code)) == "invalid_grant"
    with pytest.raises(Unauthorised):
        await db.read(tokens.find, text)
    assert await ended(db) == [AccessEnded(ann, [token.id])]


async def test_of_many_uses_at_once_at_most_one_gets_a_token(db, ann, client):
    code = await agreed(db, ann, client)
    outcomes = await asyncio.gather(*(redeem(db, client, code) for _ in range(10)))
    assert sum(not isinstance(outcome, OAuthError) for outcome in outcomes) == 1


@pytest.mark.parametrize(
    ("bound", "sent"),
    [(True, ""), (True, VERIFIER + "x"), (True, "x"), (True, "é" * 50), (True, CHALLENGE), (False, VERIFIER)],
)
async def test_a_verifier_that_does_not_fit_burns_the_code(db, ann, client, bound, sent):
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"} if bound else {}
    code = await agreed(db, ann, client, **pkce)

    assert refused(await redeem(db, client, code, verifier=sent)) == "invalid_grant"
    assert refused(await redeem(db, client, code, verifier=VERIFIER if bound else "")) == "invalid_grant"


@pytest.mark.parametrize("uri", ["", "https://app.example/", URI + "/", redirects.OUT_OF_BAND])
async def test_another_redirect_uri_is_refused(db, ann, client, uri):
    assert refused(await redeem(db, client, await agreed(db, ann, client), redirect_uri=uri)) == "invalid_grant"


async def test_another_client_is_refused_and_neither_uses_the_code_up_nor_ends_its_token(db, ann, client):
    app, other_secret = await db.write(apps.register, "Other", URI)
    other = await db.read(apps.identify, app.client_id, other_secret)
    code = await agreed(db, ann, client)

    assert refused(await redeem(db, other, code)) == "invalid_grant"
    _, text = await redeem(db, client, code)
    assert refused(await redeem(db, other, code)) == "invalid_grant"
    assert (await db.read(tokens.find, text)).account_id == ann


async def test_a_code_lives_ten_minutes(db, ann, client, clock):
    early, late = await agreed(db, ann, client), await agreed(db, ann, client)

    clock.pass_ms(10 * 60_000 - 1)
    assert not isinstance(await redeem(db, client, early), OAuthError)
    clock.pass_ms(1)
    assert refused(await redeem(db, client, late)) == "invalid_grant"


@pytest.mark.parametrize("code", ["", "x", "000" + "a" * 43, "fff\x00", "zzz" + "a" * 43, "+1f" + "a" * 43, "é" * 46])
async def test_what_is_no_code_is_refused(db, client, code):
    assert refused(await redeem(db, client, code)) == "invalid_grant"


async def test_who_sends_no_secret_must_have_used_pkce(db, ann, client):
    unproven = await db.read(apps.identify, client.app.client_id)
    bare = await agreed(db, ann, client)
    bound = await agreed(db, ann, client, code_challenge=CHALLENGE, code_challenge_method="S256")

    assert refused(await redeem(db, unproven, bare)) == "invalid_client"
    token, _ = await redeem(db, unproven, bound, verifier=VERIFIER)
    assert token.account_id == ann


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_id": "a" * 43}, "invalid_client"),
        ({"redirect_uri": "https://evil.example/"}, "invalid_request"),
        ({"redirect_uri": ""}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": ""}, "unsupported_response_type"),
        ({"scope": "write"}, "invalid_scope"),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": CHALLENGE}, "invalid_request"),
        ({"code_challenge": "short", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge_method": "S256"}, "invalid_request"),
    ],
)
async def test_a_request_that_is_not_right_gets_no_code(db, ann, client, changes, error):
    with pytest.raises(OAuthError) as refusal:
        await agreed(db, ann, client, **changes)
    assert refusal.value.error == error


async def test_an_app_without_a_secret_must_use_pkce(db, ann):
    app, _ = await db.write(apps.register, "Page", URI, public=True)
    page = await db.read(apps.identify, app.client_id)

    with pytest.raises(OAuthError) as refusal:
        await agreed(db, ann, page)
    assert refusal.value.error == "invalid_request"
    code = await agreed(db, ann, page, code_challenge=CHALLENGE, code_challenge_method="S256")
    assert not isinstance(await redeem(db, page, code, verifier=VERIFIER), OAuthError)


async def test_old_codes_are_swept_once_nobody_can_replay_them(db, ann, client, clock):
    code = await agreed(db, ann, client)
    _, text = await redeem(db, client, code)

    clock.pass_ms(codes.LIFE_MS + 1)
    assert await db.write(sessions.sweep) == 0
    clock.pass_ms(codes.REPLAY_MS)
    assert await db.write(sessions.sweep) == 1
    assert refused(await redeem(db, client, code)) == "invalid_grant"
    assert (await db.read(tokens.find, text)).account_id == ann
