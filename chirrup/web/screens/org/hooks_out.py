"""Pages below /org: one hook by which another program hears what happens here, and what was sent to it."""

import json
from typing import Any

import msgspec

from ....actions.hooks_out import kinds, listening, manage
from ....actions.hooks_out.manage import Wanted
from ....http.arguments import path_id
from ....ids import ID_MAX
from ....ports import Tx
from ....types import Delivery, DeliveryState, HookOut, Span
from ...call import Call, Go, Page
from ...problems import Problem
from ..reading.home import next_before, span
from . import hooks
from .places import page

NEW = "/org/hooks/out"
ONE = f"{NEW}/{{id}}"
REPLAY = f"{ONE}/deliveries/{{delivery}}/replay"
LISTED = 20
STATES = {
    DeliveryState.WAITING: ("waiting", "accent"),
    DeliveryState.DELIVERED: ("delivered", "good"),
    DeliveryState.FAILED: ("failed", "bad"),
    DeliveryState.DROPPED: ("not sent", "warn"),
}


class _Shown(msgspec.Struct, frozen=True):
    hook: HookOut
    is_own: bool
    rooms: list[tuple[str, str]]
    sent: list[Delivery]


async def create(call: Call) -> Page:
    """The page with the secret, which is shown once."""
    given = (call.site.org_id, call.account_id, _wanted(call), call.engines.pusher.seal)
    _, secret = await call.write(manage.create, *given)
    await listening.tell(call.engines.broker)
    return await hooks.listed(call, made_secret=secret)


def _wanted(call: Call) -> Wanted:
    form = call.form
    return Wanted(
        name=form.text("hook_name"),
        url=form.text("url"),
        events=[one for one in form.texts("event") if one],
        room_id=form.id("room"),
    )


def _show(tx: Tx, call: Call, id: int, asked: Span) -> _Shown:
    hook = manage.get(tx, call.site.org_id, id)
    is_own = hook.owner_id == call.account_id
    sent = manage.deliveries(tx, call.site.org_id, call.account_id, id, asked) if is_own else []
    there = hooks.list_rooms(tx, call)
    if hook.room_id and str(hook.room_id) not in dict(there):
        there.append((str(hook.room_id), "A room that you are not in"))
    return _Shown(hook, is_own, there, sent)


async def show(call: Call, id: str) -> Page:
    return await _page(call, path_id(id))


async def again(call: Call, problem: Problem, id: str) -> Page:
    return await _page(call, path_id(id), problem)


async def _page(call: Call, id: int, problem: Problem | None = None, **told: Any) -> Page:
    asked = span(call.query, limit=LISTED)
    found = await call.read(_show, call, id, asked)
    hook, form = found.hook, call.form if problem and call.form.text("hook_name") else None
    on = form.texts("event") if form else hook.wanted
    values: dict[str, Any] = {
        "hook": hook,
        "is_own": found.is_own,
        "rooms": [("", "What everybody here may see"), *found.rooms],
        "kinds": [(name, words, name in on) for name, words in kinds.KINDS.items()],
        "given": {
            "hook_name": form.text("hook_name") if form else hook.name,
            "url": form.text("url") if form else hook.url,
            "room": form.text("room") if form else str(hook.room_id or ""),
        },
        "sent": [(one, STATES[DeliveryState(one.state)], _pretty(one.request)) for one in found.sent],
        "before": next_before([one.id for one in found.sent], asked),
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
        "made_secret": "",
        **told,
    }
    return page(call, "hook_out.html", values, status=problem.status if problem else 200)


def _pretty(request: str) -> str:
    try:
        return json.dumps(json.loads(request), indent=2, ensure_ascii=False)
    except ValueError:  # none, or cut
        return request


async def save(call: Call, id: str) -> Go:
    await call.write(manage.change, call.site.org_id, call.account_id, path_id(id), _wanted(call))
    await listening.tell(call.engines.broker)
    return Go(f"{NEW}/{path_id(id)}?saved=1")


async def switch(call: Call, id: str) -> Go:
    wanted = Wanted(off=call.form.text("to") == "off")
    await call.write(manage.change, call.site.org_id, call.account_id, path_id(id), wanted)
    await listening.tell(call.engines.broker)
    return Go(f"{NEW}/{path_id(id)}?saved=1")


async def renew(call: Call, id: str) -> Page:
    """The page with the new secret, which is shown once."""
    given = (call.site.org_id, call.account_id, path_id(id), call.engines.pusher.seal)
    _, secret = await call.write(manage.renew_secret, *given)
    return await _page(call, path_id(id), made_secret=secret)


async def test(call: Call, id: str) -> Go:
    await call.write(manage.test, call.site.org_id, call.account_id, path_id(id))
    return Go(f"{NEW}/{path_id(id)}?saved=1")


async def replay(call: Call, id: str, delivery: str) -> Go:
    await call.write(manage.replay, call.site.org_id, call.account_id, path_id(delivery))
    return Go(f"{NEW}/{path_id(id)}?saved=1")


async def replay_failed(call: Call, id: str) -> Go:
    """All that did not arrive, of the thirty days for which they are kept."""
    given = (call.site.org_id, call.account_id, path_id(id), 0, ID_MAX >> 16)
    await call.write(manage.replay_range, *given, only_failed=True)
    return Go(f"{NEW}/{path_id(id)}?saved=1")


async def end(call: Call, id: str) -> Go:
    await call.write(manage.end, call.site.org_id, call.account_id, path_id(id))
    await listening.tell(call.engines.broker)
    return Go(f"{hooks.PATH}?saved=1")
