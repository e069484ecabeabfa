"""Notifications pushed to apps: what comes at a push service, and what becomes of it when that refuses or is away."""

import json
from collections.abc import AsyncIterator

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from databases import Clock
from engines import pusher
from kit import people, settle, work_off
from push_service import App, PushService, claims, unb64

from chirrup.access import tokens
from chirrup.errors import NotFound
from chirrup.ports import Engines
from chirrup.social import accounts, follows, notifications, posts, push_subscriptions, reactions
from chirrup.social.push_messages import KEPT_MS
from chirrup.social.push_subscriptions import ALERTS, Wanted
from chirrup.store import apps as app_rows
from chirrup.store import jobs
from chirrup.store.jobs import State
from chirrup.types import App as Client
from chirrup.types import Draft, PushSubscription, Visibility
from chirrup.workers.jobs import JITTER
from chirrup.workers.kinds import PUSH

SECRET = "0" * 46


@pytest.fixture
async def service() -> AsyncIterator[PushService]:
    service = PushService()
    await service.start()
    yield service
    await service.stop()


@pytest.fixture
def pushing(engines: Engines, service: PushService) -> Engines:
    out = service.outgoing()
    return msgspec.structs.replace(engines, outgoing=out, pusher=pusher(out))


async def subscribe(engines: Engines, account_id: int, app: App, **more: object) -> PushSubscription:
    """With a token of its own."""
    options = {"standard": True, "alerts": ALERTS, **more}
    wanted = Wanted(app.subscription()["endpoint"], app.key, app.secret, **options)  # type: ignore[arg-type]
    client = Client(1, "id", "", "App", "", "", "read push", 0)
    if not await engines.db.read(app_rows.by_ids, [1]):
        await engines.db.write(app_rows.insert, client)
    token, text = await engines.db.write(tokens.issue, account_id, 1, "read push")
    sealed = engines.pusher.seal(text)
    made = await engines.db.write(
        push_subscriptions.subscribe,
        account_id,
        token.id,
        wanted,
        access_token=sealed,
        base_url="https://town.example",
    )
    assert engines.pusher.open(sealed) == text and text not in str(made)
    return made


async def act(engines: Engines) -> None:
    """All that follows is done, as far as it is due."""
    await settle(engines)
    await work_off(engines)


def told(app: App, service: PushService) -> list[dict[str, str]]:
    return [json.loads(app.read(one.headers, one.body)) for one in service.requests]


async def waiting(engines: Engines) -> list[jobs.Job]:
    return [one for one in await engines.db.read(jobs.page, 1000) if one.kind == push_subscriptions.PUSH]


def test_the_apps_side_reads_the_example_of_the_rfc():
    """RFC 8291, 5 and appendix A: what is proved here by reading is read rightly."""
    number = int.from_bytes(unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"))
    app = App(ec.derive_private_key(number, ec.SECP256R1()), unb64("BTBZMqHH6r4Tts7J_aSIgg"))
    body = (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBr"
        "u3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )

    assert app.key == "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    assert app.read({"content-encoding": "aes128gcm"}, unb64(body)) == b"When I grow up, I want to be a watermelon"


@pytest.mark.parametrize("standard", [True, False], ids=["RFC 8291", "its draft"])
async def test_an_app_reads_what_is_pushed_with_its_own_key(pushing: Engines, service: PushService, standard: bool):
    ann, bob = await people(pushing.db, "ann", "bob")
    app = App()
    await subscribe(pushing, ann, app, standard=standard)

    await pushing.db.write(posts.publish, bob, Draft(text="@ann hello\nthere"))
    await act(pushing)

    (request,) = service.requests
    (message,) = told(app, service)
    assert message.keys() == {
        *("access_token", "preferred_locale", "notification_id", "notification_type", "icon", "title", "body")
    }
    assert (message["title"], message["body"]) == ("bob mentioned you", "@ann hello there")
    assert (message["notification_type"], message["preferred_locale"]) == ("mention", "en")
    assert message["icon"] == "https://town.example/static/avatar.png"
    assert len(message["access_token"]) == 46
    said = claims(request.headers, pushing.pusher.public_key)
    assert (said["aud"], said["sub"]) == ("http://push.example", "mailto:mayor@town.example")
    assert request.headers["ttl"] == str(KEPT_MS // 1000)
    assert request.headers["content-type"] == "application/octet-stream"
    assert await waiting(pushing) == []


async def test_only_what_an_app_wants_is_pushed(pushing: Engines, service: PushService):
    ann, bob, carla = await people(pushing.db, "ann", "bob", "carla")
    app = App()
    await subscribe(pushing, ann, app, alerts=["favourite", "mention"], policy="followed")
    await subscribe(pushing, ann, App(), policy="none")
    await pushing.db.write(follows.follow, ann, bob)
    post = (await pushing.db.write(posts.publish, ann, Draft(text="mine"))).id

    for who in (bob, carla):
        await pushing.db.write(reactions.favourite, who, post)
        await pushing.db.write(reactions.boost, who, post)
    await act(pushing)

    assert [(one["notification_type"], one["title"]) for one in told(app, service)] == [
        ("favourite", "bob favourited your post")
    ]


HIDING = ("edited away", "deleted", "blocked", "muted", "suspended", "dismissed")


@pytest.mark.parametrize("how", HIDING)
async def test_what_is_hidden_by_the_time_it_is_sent_is_not_sent(pushing: Engines, service: PushService, how: str):
    ann, bob = await people(pushing.db, "ann", "bob")
    await subscribe(pushing, ann, App())
    post = await pushing.db.write(posts.publish, bob, Draft(text="@ann secret", visibility=Visibility.DIRECT))
    await settle(pushing)
    assert len(await waiting(pushing)) == 1

    if how == "edited away":
        await pushing.db.write(posts.edit, bob, post.id, Draft(text="secret"))
    elif how == "deleted":
        await pushing.db.write(posts.delete, bob, post.id)
    elif how == "blocked":
        await pushing.db.write(follows.block, ann, bob)
    elif how == "muted":
        await pushing.db.write(follows.mute, ann, bob)
    elif how == "suspended":
        await pushing.db.write(accounts.suspend, bob)
    else:
        await pushing.db.write(notifications.clear, ann)
    await work_off(pushing)

    assert service.requests == []
    assert await waiting(pushing) == []


async def test_a_subscription_ends_with_its_token(pushing: Engines, service: PushService):
    ann, bob = await people(pushing.db, "ann", "bob")
    made = await subscribe(pushing, ann, App())
    await pushing.db.write(posts.publish, bob, Draft(text="@ann hello"))
    await settle(pushing)

    await pushing.db.write(tokens.end, ann, 1, made.token_id)
    await work_off(pushing)  # at once, before anybody acts on the event
    await act(pushing)

    assert service.requests == []
    with pytest.raises(NotFound):
        await pushing.db.read(push_subscriptions.get, ann, made.token_id)


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_the_service_knows_no_longer_ends(
    pushing: Engines, service: PushService, status: int
):
    ann, bob = await people(pushing.db, "ann", "bob")
    made = await subscribe(pushing, ann, App())
    service.answers = [status]

    for _ in range(2):
        await pushing.db.write(posts.publish, bob, Draft(text="@ann hello"))
        await act(pushing)

    assert len(service.requests) == 1
    assert await waiting(pushing) == []
    with pytest.raises(NotFound):
        await pushing.db.read(push_subscriptions.get, ann, made.token_id)


@pytest.mark.parametrize("status", [400, 401, 403, 413, 301])
async def test_what_the_service_does_not_take_is_set_aside(pushing: Engines, service: PushService, status: int):
    ann, bob = await people(pushing.db, "ann", "bob")
    app = App()
    await subscribe(pushing, ann, app)
    service.answers = [status]

    for _ in range(2):
        await pushing.db.write(posts.publish, bob, Draft(text="@ann hello"))
        await act(pushing)

    (aside,) = await waiting(pushing)
    assert (aside.state, aside.answer.startswith(f"the push service answered {status}")) == (State.SET_ASIDE, True)
    assert len(service.requests) == 2  # the next one is tried


@pytest.mark.parametrize("status", [0, 429, 500, 503])
async def test_a_service_that_is_away_is_asked_again_and_each_message_comes_once(
    pushing: Engines, service: PushService, clock: Clock, status: int
):
    """status 0: nothing listens there."""
    ann, bob = await people(pushing.db, "ann", "bob")
    app = App()
    await subscribe(pushing, ann, app)
    if status:
        service.answers = [status] * 2
    else:
        await service.stop()
    for number in range(20):
        await pushing.db.write(posts.publish, bob, Draft(text=f"@ann {number}"))
    await act(pushing)
    assert len(service.requests) <= 1  # one finds out for all
    assert len(await waiting(pushing)) == 20

    for pause_s in PUSH.pauses_s[:3]:
        clock.pass_ms(int(1000 * pause_s * (1 + JITTER)) + 1000)
        await work_off(pushing)
    if not status:
        await service.start()
    for pause_s in PUSH.pauses_s[3:5]:
        clock.pass_ms(int(1000 * pause_s * (1 + JITTER)) + 1000)
        await work_off(pushing)

    taken = service.requests[2:] if status else service.requests
    assert sorted(json.loads(app.read(one.headers, one.body))["body"] for one in taken) == sorted(
        f"@ann {number}" for number in range(20)
    )
    assert await waiting(pushing) == []


async def test_what_could_not_be_sent_for_days_is_no_news(pushing: Engines, service: PushService, clock: Clock):
    ann, bob = await people(pushing.db, "ann", "bob")
    await subscribe(pushing, ann, App())
    await service.stop()
    await pushing.db.write(posts.publish, bob, Draft(text="@ann hello"))
    await act(pushing)

    clock.pass_ms(KEPT_MS + 1)
    await service.start()
    await act(pushing)

    assert service.requests == []
    assert await waiting(pushing) == []
