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


class Alerts(msgspec.Struct, kw_only=True):
    """Those of WebPushAlerts; others are ignored, whatever they are."""

    mention: bool = False
    status: bool = False
    reblog: bool = False
    follow: bool = False
    follow_request: bool = False
    favourite: bool = False
    poll: bool = False
    update: bool = False
    quote: bool = False
    quoted_update: bool = False
    sign_up: bool = msgspec.field(default=False, name="admin.sign_up")
    report: bool = msgspec.field(default=False, name="admin.report")


class Data(msgspec.Struct, kw_only=True):
    alerts: Alerts | None = None
    policy: str | None = None


class ChangedSubscription(msgspec.Struct, kw_only=True):
    data: Data = msgspec.field(default_factory=Data)
    policy: str | None = None  # documented here for changes, in data for new ones: clients send both for both

    @property
    def asked(self) -> list[str] | None:
        """The alerts that are wanted, by type. None: nothing is said about them."""
        alerts = self.data.alerts
        return None if alerts is None else [kind for kind, wanted in msgspec.to_builtins(alerts).items() if wanted]


class NewSubscription(ChangedSubscription, kw_only=True):
    subscription: Subscription


async def create(call: Call, body: NewSubscription) -> WebPushSubscription:
    asked, pusher = body.subscription, call.engines.pusher
    wanted = push.Wanted(
        asked.endpoint,
        asked.keys.p256dh,
        asked.keys.auth,
        asked.standard,
        body.asked or (),
        body.data.policy or body.policy or push.PushPolicy.ALL,
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
        alerts=body.asked,
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
