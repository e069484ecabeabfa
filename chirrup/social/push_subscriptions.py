"""Apps that want notifications pushed. Rows are in store/push_subscriptions.py; what is pushed: push_messages.py.

https://docs.joinmastodon.org/methods/push/
"""

import base64
import binascii
import re
from collections.abc import Collection
from urllib.parse import urlsplit

import msgspec

from ..errors import Invalid, NotFound, not_among
from ..events import AccessEnded
from ..ids import bucket_of
from ..ports import Tx
from ..store import jobs
from ..store import push_subscriptions as rows
from ..types import Notification, NotificationKind, PushPolicy, PushSubscription

PUSH = "push"  # a kind of job; the payload is (recipient, notification, subscription)
ALERTS = tuple(kind for kind in NotificationKind if kind != NotificationKind.WARNING)  # what an app can ask for
SUBSCRIPTIONS_MAX = 50  # of an account: one notification makes no more requests to others
ENDPOINT_CHARS_MAX = 2048
SECRET_BYTES = 16  # RFC 8291, 3.2
_PRIME = 2**256 - 2**224 + 2**192 + 2**96 - 1  # of P-256: FIPS 186-4, D.1.2.3
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_HOST = re.compile(r"[A-Za-z0-9.-]+(:\d{1,5})?|\[[0-9A-Fa-f:.]+\](:\d{1,5})?")


class Wanted(msgspec.Struct, frozen=True):
    """As an app sends it."""

    endpoint: str
    key: str  # p256dh
    secret: str  # auth
    standard: bool = False
    alerts: Collection[str] = ()
    policy: str = PushPolicy.ALL


def subscribe(
    tx: Tx, account_id: int, token_id: str, wanted: Wanted, *, access_token: str, base_url: str
) -> PushSubscription:
    """The app's subscription, instead of the one that it had. Of more than SUBSCRIPTIONS_MAX the oldest end.

    access_token: sealed. base_url: of the site, for pictures in messages. Raises Invalid.
    """
    made = PushSubscription(
        id=tx.new_id(bucket_of(account_id)),
        account_id=account_id,
        token_id=token_id,
        endpoint=_endpoint(wanted.endpoint),
        key=_key(wanted.key),
        secret=_bytes("auth", wanted.secret, SECRET_BYTES),
        standard=int(wanted.standard),
        alerts=_alerts(wanted.alerts),
        policy=_policy(wanted.policy),
        access_token=access_token,
        base_url=base_url,
    )
    before = rows.of_account(tx, account_id)
    ending = {one.id for one in before if one.token_id == token_id} | {
        one.id for one in before[: -SUBSCRIPTIONS_MAX + 1]
    }
    for id in ending:
        rows.delete(tx, account_id, id)
    rows.insert(tx, made)
    return made


def get(tx: Tx, account_id: int, token_id: str) -> PushSubscription:
    """Raises NotFound: the app has none."""
    found = rows.of_token(tx, account_id, token_id)
    if found is None:
        raise NotFound("push subscription")
    return found


def change(
    tx: Tx, account_id: int, token_id: str, *, alerts: Collection[str] | None, policy: str | None
) -> PushSubscription:
    """None: as it is. Raises NotFound, Invalid."""
    found = get(tx, account_id, token_id)
    changed = msgspec.structs.replace(
        found,
        alerts=found.alerts if alerts is None else _alerts(alerts),
        policy=found.policy if policy is None else _policy(policy),
    )
    rows.change(tx, account_id, found.id, alerts=changed.alerts, policy=changed.policy)
    return changed


def unsubscribe(tx: Tx, account_id: int, token_id: str) -> None:
    """Harmless when there is none."""
    if found := rows.of_token(tx, account_id, token_id):
        rows.delete(tx, account_id, found.id)


def end(tx: Tx, account_id: int, id: int) -> None:
    """Its push service knows it no longer."""
    rows.delete(tx, account_id, id)


def on_access_ended(tx: Tx, event: AccessEnded) -> list[tuple[str, object]]:
    rows.delete_ended(tx, event.of)
    return []


def enqueue(tx: Tx, told: Notification) -> None:
    """Have a notification pushed to whichever of the recipient's apps want its kind."""
    for one in rows.of_account(tx, told.account_id):
        if told.kind in one.kinds and one.policy != PushPolicy.NONE:
            jobs.enqueue(
                tx,
                PUSH,
                of=told.account_id,
                key=f"{told.id} {one.id}",
                payload=(told.account_id, told.id, one.id),
                destination=urlsplit(one.endpoint).hostname or "",
            )


# what apps send


def _endpoint(url: str) -> str:
    """Whether it leads to a public address is seen when something is sent there."""
    parts = urlsplit(url) if url.isascii() and url.isprintable() and " " not in url else None
    if (
        parts is None
        or len(url) > ENDPOINT_CHARS_MAX
        or parts.scheme not in ("http", "https")
        or not _HOST.fullmatch(parts.netloc)
    ):
        raise Invalid("endpoint", "invalid", "must be the address of a push service, https://…")
    return url


def _key(text: str) -> str:
    """Raises Invalid: no point of the curve P-256."""
    data = decoded(_bytes("p256dh", text, 65))
    x, y = int.from_bytes(data[1:33]), int.from_bytes(data[33:])
    if data[0] != 4 or max(x, y) >= _PRIME or (y * y - (x * x * x - 3 * x + _B)) % _PRIME:
        raise Invalid("p256dh", "invalid", "must be a public key of the curve prime256v1, not compressed")
    return _b64(data)


def _bytes(field: str, text: str, length: int) -> str:
    """The same bytes in one spelling of base64."""
    bare = text.strip().rstrip("=").replace("+", "-").replace("/", "_")
    try:
        data = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != length:
        raise Invalid(field, "invalid", "must be {length} bytes in base64", length=length)
    return _b64(data)


def decoded(text: str) -> bytes:
    """The bytes of PushSubscription.key or .secret."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _alerts(asked: Collection[str]) -> str:
    return msgspec.json.encode([kind for kind in ALERTS if kind in set(asked)]).decode()


def _policy(asked: str) -> str:
    if asked not in set(PushPolicy):
        raise not_among("policy", PushPolicy, asked)
    return asked
