"""What notifications somebody wants, and requests for those that are held back.

https://docs.joinmastodon.org/methods/notifications/#get-policy
"""

from collections.abc import Callable
from typing import Any

import msgspec

from ..errors import not_among
from ..http import paging
from ..http.forms import Id
from ..http.paging import Page, PageQuery
from ..http.route import Route
from ..ports import Tx
from ..social import notification_policies as policies
from ..types import Treatment
from .call import Call
from .entities import Empty
from .notification_entities import Merged, NotificationPolicy, NotificationRequest, PolicySummary, V1NotificationPolicy


class PolicyBody(msgspec.Struct, kw_only=True):
    for_not_following: str | None = None
    for_not_followers: str | None = None
    for_new_accounts: str | None = None
    for_private_mentions: str | None = None
    for_limited_accounts: str | None = None
    for_bots: str | None = None

    def change(self) -> policies.Change:
        """Raises Invalid."""
        asked = msgspec.structs.asdict(self)
        return policies.Change(**{name.removeprefix("for_"): _treatment(name, value) for name, value in asked.items()})


def _treatment(name: str, asked: str | None) -> Treatment | None:
    if asked is not None and asked not in set(Treatment):
        raise not_among(name, Treatment, asked)
    return None if asked is None else Treatment(asked)


async def show(call: Call) -> NotificationPolicy:
    return _policy(await call.read(policies.get, call.account_id))


async def change(call: Call, body: PolicyBody) -> NotificationPolicy:
    return _policy(await call.write(policies.change, call.account_id, body.change()))


def _policy(found: policies.Summary) -> NotificationPolicy:
    treatments = msgspec.structs.asdict(found.policy)
    return NotificationPolicy(**{f"for_{name}": value for name, value in treatments.items()}, summary=_summary(found))


def _summary(found: policies.Summary) -> PolicySummary:
    return PolicySummary(pending_requests_count=found.requests, pending_notifications_count=found.notifications)


class V1PolicyBody(msgspec.Struct, kw_only=True):
    filter_not_following: bool | None = None
    filter_not_followers: bool | None = None
    filter_new_accounts: bool | None = None
    filter_private_mentions: bool | None = None


async def show_v1(call: Call) -> V1NotificationPolicy:
    return _v1(await call.read(policies.get, call.account_id))


async def change_v1(call: Call, body: V1PolicyBody) -> V1NotificationPolicy:
    """As clients before Mastodon 4.3 do it: what is not accepted is held back."""
    wanted = {
        name.removeprefix("filter_"): Treatment.FILTER if value else Treatment.ACCEPT
        for name, value in msgspec.structs.asdict(body).items()
        if value is not None
    }
    return _v1(await call.write(policies.change, call.account_id, policies.Change(**wanted)))


def _v1(found: policies.Summary) -> V1NotificationPolicy:
    policy = found.policy
    return V1NotificationPolicy(
        filter_not_following=policy.not_following != Treatment.ACCEPT,
        filter_not_followers=policy.not_followers != Treatment.ACCEPT,
        filter_new_accounts=policy.new_accounts != Treatment.ACCEPT,
        filter_private_mentions=policy.private_mentions != Treatment.ACCEPT,
        summary=_summary(found),
    )


# requests


async def requests(call: Call, query: PageQuery) -> Page[NotificationRequest]:
    span = paging.span(query, default=40, most=80)

    def operation(tx: Tx) -> Page[Any]:
        found = policies.page(tx, call.account_id, span)
        return paging.filled(call.render.notification_requests(tx, call.account_id, found.items), found, span)

    return await call.read(operation)


async def request(call: Call, id: int) -> NotificationRequest:
    def operation(tx: Tx) -> NotificationRequest:
        found = policies.request(tx, call.account_id, id)
        return call.render.notification_requests(tx, call.account_id, [found])[0]

    return await call.read(operation)


async def accept(call: Call, id: int) -> Empty:
    return await _one(call, id, policies.accept)


async def dismiss(call: Call, id: int) -> Empty:
    return await _one(call, id, policies.dismiss)


async def _one(call: Call, id: int, act: Callable[[Tx, int, list[int]], None]) -> Empty:
    def operation(tx: Tx) -> None:
        act(tx, call.account_id, [policies.request(tx, call.account_id, id).id])

    await call.write(operation)
    return Empty()


class Ids(msgspec.Struct, kw_only=True):
    id: list[Id] = []  # those that are nobody's request are ignored


async def accept_many(call: Call, body: Ids) -> Empty:
    await call.write(policies.accept, call.account_id, body.id)
    return Empty()


async def dismiss_many(call: Call, body: Ids) -> Empty:
    await call.write(policies.dismiss, call.account_id, body.id)
    return Empty()


async def merged(call: Call) -> Merged:
    """Whether what accepted requests held is all among the notifications."""
    return Merged(merged=await call.read(policies.merged, call.account_id))


REQUESTS = "/api/v1/notifications/requests"
ROUTES = [
    Route("GET", "/api/v2/notifications/policy", show, "read:notifications"),
    Route("PATCH", "/api/v2/notifications/policy", change, "write:notifications"),
    Route("GET", "/api/v1/notifications/policy", show_v1, "read:notifications"),
    Route("PATCH", "/api/v1/notifications/policy", change_v1, "write:notifications"),
    Route("GET", REQUESTS, requests, "read:notifications"),
    Route("GET", f"{REQUESTS}/merged", merged, "read:notifications"),
    Route("POST", f"{REQUESTS}/accept", accept_many, "write:notifications"),
    Route("POST", f"{REQUESTS}/dismiss", dismiss_many, "write:notifications"),
    Route("GET", f"{REQUESTS}/{{id}}", request, "read:notifications"),
    Route("POST", f"{REQUESTS}/{{id}}/accept", accept, "write:notifications"),
    Route("POST", f"{REQUESTS}/{{id}}/dismiss", dismiss, "write:notifications"),
]
