"""What hooks hear of an event: a delivery for each, which a job sends. May be repeated: each fact has a key."""

from collections.abc import Collection

from ...access import visibility
from ...events import Followed, PostDeleted, PostEdited, PostPublished, Unfollowed
from ...ids import bucket_of
from ...ports import Engines, Tx
from ...store import accounts as account_rows
from ...store import deliveries as rows
from ...store import hooks_out as hook_rows
from ...store import posts as post_rows
from ...times import DAY_MS
from ...types import AccountKind, Delivery, DeliveryState, HookOut
from . import listening, sending
from .kinds import DELETED, EDITED, JOINED, LEFT, PUBLISHED

KEPT_MS = 30 * DAY_MS  # deliveries
STEP = 100  # hooks that are told in one transaction


async def on_published(engines: Engines, event: PostPublished) -> None:
    await _of_post(engines, event.post_id, PUBLISHED)


async def on_edited(engines: Engines, event: PostEdited) -> None:
    await _of_post(engines, event.post_id, EDITED)


async def on_deleted(engines: Engines, event: PostDeleted) -> None:
    """Only those that were told of it: to all others it never was."""
    heard = await listening.known(engines.db)
    if event.boost_of_id or not heard:
        return
    org_id = await engines.db.read(_org_of, event.of)
    hooks = heard.of_org(org_id, DELETED)
    if hooks:
        told = await engines.db.read(rows.told_of, org_id, event.post_id, hooks)
        await _tell(engines, org_id, told, DELETED, f"{event.post_id}", post_id=event.post_id)


async def on_followed(engines: Engines, event: Followed) -> None:
    await _of_member(engines, event.of, event.target_id, JOINED)


async def on_unfollowed(engines: Engines, event: Unfollowed) -> None:
    await _of_member(engines, event.of, event.target_id, LEFT)


async def _of_post(engines: Engines, post_id: int, kind: str) -> None:
    heard = await listening.known(engines.db)
    post = await engines.db.read(post_rows.by_id, post_id) if heard else None
    if heard is None or post is None or post.boost_of_id:
        return
    hooks = heard.hooks(post.org_id, post.audience_id, kind) if post.audience_id else []
    if post.visibility in visibility.OPEN:
        hooks += heard.hooks(post.org_id, 0, kind)
    key = str(post_id) if kind == PUBLISHED else f"{post_id} {post.edited_ms}"
    await _tell(engines, post.org_id, hooks, kind, key, post_id=post_id)


async def _of_member(engines: Engines, account_id: int, room_id: int, kind: str) -> None:
    heard = await listening.known(engines.db)
    if heard is None or not heard.is_room(room_id):
        return
    room = await engines.db.read(account_rows.by_id, room_id)
    if room and room.kind == AccountKind.ROOM:
        hooks = heard.hooks(room.org_id, room_id, kind)
        now_ms = await engines.db.read(_now)
        key = f"{account_id} {now_ms // 10_000}"  # coming and going again within some seconds is told once
        await _tell(engines, room.org_id, hooks, kind, key, account_id=account_id)


def _now(tx: Tx) -> int:
    return tx.now_ms


def _org_of(tx: Tx, account_id: int) -> int:
    account = account_rows.by_id(tx, account_id)
    return account.org_id if account else -1


async def _tell(
    engines: Engines,
    org_id: int,
    hooks: Collection[int],
    kind: str,
    key: str,
    *,
    post_id: int = 0,
    account_id: int = 0,
) -> None:
    ids = sorted(hooks)
    for n in range(0, len(ids), STEP):
        await engines.db.write(_insert, org_id, ids[n : n + STEP], kind, key, post_id, account_id)


def _insert(tx: Tx, org_id: int, ids: list[int], kind: str, key: str, post_id: int, account_id: int) -> None:
    there = {one.id: one for one in hook_rows.of_org(tx, org_id)}
    for id in ids:
        hook = there.get(id)
        if hook and not hook.off_ms:
            insert(tx, hook, kind, key, post_id=post_id, account_id=account_id)
            rows.forget_before(tx, org_id, id, tx.now_ms - KEPT_MS)


def insert(tx: Tx, hook: HookOut, kind: str, key: str, *, post_id: int = 0, account_id: int = 0) -> Delivery | None:
    """None: it is there already."""
    one = Delivery(
        org_id=hook.org_id,
        hook_id=hook.id,
        id=tx.new_id(bucket_of(hook.org_id)),
        kind=kind,
        key=f"{kind} {key}",
        post_id=post_id,
        account_id=account_id,
        state=DeliveryState.WAITING,
        attempts=0,
        code=0,
        request="",
        answer="",
        took_ms=0,
        at_ms=0,
        next_ms=tx.now_ms,
    )
    if not rows.insert(tx, one):
        return None
    sending.enqueue(tx, hook, one, 1, tx.now_ms)
    return one
