"""One attempt to send one delivery: a job. When it fails, the next attempt is a job of its own, ten in 75 hours.

A receiver that takes longer than QUICK_S is slow from then on: its attempts are another kind of jobs, so however many
such there are, no other waits for them. One that cannot be reached is not tried again at once for each delivery.
"""

import random
import time
from collections.abc import Collection
from contextlib import suppress
from urllib.parse import urlsplit

import msgspec

from ...access import emails
from ...config import Settings
from ...errors import Refused, Unreachable
from ...ports import Engines, Fetched, Tx
from ...store import deliveries as rows
from ...store import hooks_out as hook_rows
from ...store import jobs
from ...times import DAY_MS
from ...types import Delivery, DeliveryState, HookOut
from .. import signatures
from . import body
from .kinds import ATTEMPTS, PAUSES_S

QUICK, SLOW = "hook_out", "hook_out_slow"  # kinds of jobs
QUICK_S, SLOW_S = 3.0, 15.0
ANSWER_BYTES = 64 * 1024  # of which are read
ANSWER_CHARS_KEPT, REQUEST_CHARS_KEPT = 1000, 8000
AWAY_MS_MAX = 600_000
AWAY_CODES = frozenset((429, 502, 503, 504))
JITTER = 0.25
GONE = 410
NOT_REACHED = "It was not reached, or gave no answer in time."  # the same for all reasons: nobody explores networks so
NOT_TRIED = "Not tried: shortly before, it could not be reached."
WHY_GONE = "Its receiver said that it is gone (410)."
WHY_FAILED = "Its receiver took nothing for three days."
WHY_OWNER = "Whoever made it may have no hooks any more."


class Attempt(msgspec.Struct, frozen=True):
    """The payload of a job."""

    org_id: int
    hook_id: int
    delivery_id: int
    number: int  # from 1 on
    again_ms: int = 0  # which time it is sent again; 0: the first


def enqueue(tx: Tx, hook: HookOut, one: Delivery, number: int, due_ms: int, again_ms: int = 0) -> None:
    """Have an attempt made at due_ms."""
    jobs.enqueue(
        tx,
        SLOW if hook.slow or number > 1 else QUICK,
        of=hook.id,
        key=f"{one.id} {again_ms} {number}",
        payload=Attempt(hook.org_id, hook.id, one.id, number, again_ms),
        due_ms=due_ms,
        destination=f"hook {hook.id}",
    )


class Ready(msgspec.Struct, frozen=True):
    hook: HookOut
    delivery: Delivery
    body: str
    at_s: int


async def send(engines: Engines, settings: Settings, attempt: Attempt, *, quick: bool) -> None:
    ready = await engines.db.write(_prepare, settings, attempt)
    if ready is None:
        return
    hook, began_s = ready.hook, time.monotonic()
    secrets = [engines.pusher.open(one) for one in _secrets(hook, 1000 * ready.at_s)]
    sent = ready.body.encode()
    id = f"msg_{ready.delivery.id}"
    headers = {
        "Content-Type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": str(ready.at_s),
        "webhook-signature": " ".join(signatures.sign(one, id, ready.at_s, sent) for one in secrets),
    }
    answer: Fetched | None = None
    with suppress(Refused, Unreachable):
        answer = await engines.outgoing.fetch(
            hook.url,
            method="POST",
            headers=headers,
            body=sent,
            redirects=0,
            bytes_max=ANSWER_BYTES,
            within_s=QUICK_S if quick else SLOW_S,
            named=settings.hook_hosts,
            share=f"hook {hook.id}",
        )
    took_ms = int(1000 * (time.monotonic() - began_s))
    await engines.db.write(_note, settings, attempt, ready, _Result.of(answer, took_ms))


def _secrets(hook: HookOut, now_ms: int) -> Collection[str]:
    return (hook.secret, hook.old_secret) if hook.old_secret and now_ms < hook.old_until_ms else (hook.secret,)


def _prepare(tx: Tx, settings: Settings, attempt: Attempt) -> Ready | None:
    """None: nothing is to be sent (now)."""
    hook = hook_rows.by_id(tx, attempt.org_id, attempt.hook_id)
    one = rows.by_id(tx, attempt.org_id, attempt.delivery_id)
    if hook is None or one is None or one.state != DeliveryState.WAITING or one.attempts >= attempt.number:
        return None
    if hook.off_ms:
        return _drop(tx, one, "The hook is off.")
    try:
        made = body.make(tx, settings, hook, one)
    except body.OwnerGone:
        switch_off(tx, hook, WHY_OWNER)
        return _drop(tx, one, WHY_OWNER)
    if made is None:
        return _drop(tx, one, "Whoever made the hook may not see it any more.")
    if attempt.number < ATTEMPTS and hook.away_until_ms > tx.now_ms:
        _later(tx, hook, one, attempt, _Result(0, NOT_TRIED, 0, tried=False), made)
        return None
    return Ready(hook, one, made, tx.now_ms // 1000)


def _drop(tx: Tx, one: Delivery, why: str) -> None:
    dropped = msgspec.structs.replace(one, state=DeliveryState.DROPPED, answer=why, next_ms=0, request="")
    rows.update(tx, dropped)


class _Result(msgspec.Struct, frozen=True):
    code: int  # 0: there was no answer
    answer: str
    took_ms: int
    tried: bool = True
    away: bool = False  # it can take nothing now, whatever it is
    wait_ms: int = 0  # it asks not to be called before that

    @classmethod
    def of(cls, answer: Fetched | None, took_ms: int) -> "_Result":
        if answer is None:
            return cls(0, NOT_REACHED, took_ms, away=True)
        told = answer.body[: 4 * ANSWER_CHARS_KEPT].decode("utf-8", "replace").replace("\0", "\ufffd")
        wait = answer.headers.get("retry-after", "")
        wait_ms = min(1000 * int(wait), DAY_MS) if wait.isascii() and wait.isdigit() and len(wait) < 8 else 0
        away = answer.status in AWAY_CODES
        return cls(answer.status, told[:ANSWER_CHARS_KEPT], took_ms, away=away, wait_ms=wait_ms)

    @property
    def ok(self) -> bool:
        return 200 <= self.code < 300


def _note(tx: Tx, settings: Settings, attempt: Attempt, ready: Ready, result: _Result) -> None:
    hook = hook_rows.by_id(tx, attempt.org_id, attempt.hook_id)
    one = rows.by_id(tx, attempt.org_id, attempt.delivery_id)
    if hook is None or one is None or one.attempts >= attempt.number or one.state != DeliveryState.WAITING:
        return
    if result.ok:
        done = _told(tx, one, attempt, result, ready.body)
        rows.update(tx, msgspec.structs.replace(done, state=DeliveryState.DELIVERED, next_ms=0))
        slow = int(result.took_ms > 1000 * QUICK_S)
        hook_rows.set_health(tx, hook.org_id, hook.id, slow=slow, away_until_ms=0, ok_ms=tx.now_ms)
    elif result.code == GONE:
        _give_up(tx, _told(tx, one, attempt, result, ready.body))
        switch_off(tx, hook, WHY_GONE)
    else:
        _later(tx, hook, one, attempt, result, ready.body)


def _told(tx: Tx, one: Delivery, attempt: Attempt, result: _Result, sent: str) -> Delivery:
    return msgspec.structs.replace(
        one,
        attempts=attempt.number,
        code=result.code,
        request=sent[:REQUEST_CHARS_KEPT],
        answer=result.answer,
        took_ms=result.took_ms,
        at_ms=tx.now_ms,
    )


def _give_up(tx: Tx, one: Delivery) -> None:
    rows.update(tx, msgspec.structs.replace(one, state=DeliveryState.FAILED, next_ms=0))


def _later(tx: Tx, hook: HookOut, one: Delivery, attempt: Attempt, result: _Result, sent: str) -> None:
    """It failed: the next attempt, or the end."""
    told = _told(tx, one, attempt, result, sent)
    if attempt.number >= ATTEMPTS:
        _give_up(tx, told)
        if hook.ok_ms < one.id >> 16:
            switch_off(tx, hook, WHY_FAILED)
        return
    pause_ms = int(1000 * PAUSES_S[attempt.number - 1] * (1 + JITTER * random.random()))
    next_ms = max(tx.now_ms + max(pause_ms, result.wait_ms), 0 if result.tried else hook.away_until_ms)
    rows.update(tx, msgspec.structs.replace(told, next_ms=next_ms))
    slow = int(bool(hook.slow) or result.took_ms > 1000 * QUICK_S - 500)
    if result.tried:
        away_ms = min(next_ms, tx.now_ms + AWAY_MS_MAX) if result.away else 0
        hook_rows.set_health(tx, hook.org_id, hook.id, slow=slow, away_until_ms=away_ms, ok_ms=0)
    enqueue(tx, msgspec.structs.replace(hook, slow=slow), told, attempt.number + 1, next_ms, attempt.again_ms)


def switch_off(tx: Tx, hook: HookOut, why: str) -> None:
    """Nothing is sent any more until its owner switches it on; who that is, is told by mail."""
    hook_rows.update(tx, msgspec.structs.replace(hook, off_ms=tx.now_ms, off_why=why))
    host = urlsplit(hook.url).hostname or ""
    emails.about_organisation(tx, hook.owner_id, emails.HOOK_OFF, f"{hook.name} ({host})")
