"""Subscriptions to push messages. https://docs.joinmastodon.org/methods/push/"""

import msgspec

from ..http.route import Route
from ..social import push_subscriptions as push
from ..types import PushSubscription
from .call import Call
from .entities import Empty
from .notification_entities import WebPushAlerts, WebPushSubscription


class Keys(msgspec.Struct, kw_only=True):
    p256dh: str
    auth: str


class Subscription(msgspec.Struct, kw_only=True):
    endpoint: str
    keys: Keys
    standard: bool = False


class Data(msgspec.Struct, kw_only=True):
    alerts: dict[str, bool] | None = None  # by type; unknown ones are ignored
    policy: str | None = None

    @property
    def asked(self) -> list[str] | None:
        return None if self.alerts is None else [kind for kind, wanted in self.alerts.items() if wanted]


class NewSubscription(msgspec.Struct, kw_only=True):
    subscription: Subscription
    data: Data = msgspec.field(default_factory=Data)


class ChangedSubscription(msgspec.Struct, kw_only=True):
    data: Data = msgspec.field(default_factory=Data)
    policy: str | None = None  # documented here, and in data where one subscribes


async def create(call: Call, body: NewSubscription) -> WebPushSubscription:
    asked, pusher = body.subscription, call.engines.pusher
    wanted = push.Wanted(
        asked.endpoint,
        asked.keys.p256dh,
        asked.keys.auth,
        asked.standard,
        body.data.asked or (),
        body.data.policy or push.PushPolicy.ALL,
    )
    made = await call.write(
        push.subscribe,
        call.account_id,
        call.viewer.token_id,
        wanted,
        access_token=pusher.seal(call.token),
        base_url=call.site.base_url,
    )
    return _entity(call, made)


async def show(call: Call) -> WebPushSubscription:
    return _entity(call, await call.read(push.get, call.account_id, call.viewer.token_id))


async def change(call: Call, body: ChangedSubscription) -> WebPushSubscription:
    changed = await call.write(
        push.change,
        call.account_id,
        call.viewer.token_id,
        alerts=body.data.asked,
        policy=body.data.policy or body.policy,
    )
    return _entity(call, changed)


async def remove(call: Call) -> Empty:
    await call.write(push.unsubscribe, call.account_id, call.viewer.token_id)
    return Empty()


def _entity(call: Call, one: PushSubscription) -> WebPushSubscription:
    return WebPushSubscription(
        id=str(one.id),
        endpoint=one.endpoint,
        standard=bool(one.standard),
        alerts=msgspec.convert({str(kind): kind in one.kinds for kind in push.ALERTS}, WebPushAlerts),
        policy=one.policy,
        server_key=call.engines.pusher.public_key,
    )


PATH = "/api/v1/push/subscription"
ROUTES = [
    Route("POST", PATH, create, "push"),
    Route("GET", PATH, show, "push"),
    Route("PUT", PATH, change, "push"),
    Route("DELETE", PATH, remove, "push"),
]
