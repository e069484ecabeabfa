"""Runs due jobs: all kinds in parallel, each with its own limit of jobs at once and of tries.

Each worker runs the jobs of the partitions it holds (outbox_partitions.py), so one worker runs all jobs to one
destination. It makes one attempt at a time there until one succeeds. If an attempt cannot reach it, the destination is
away until that job's next try, ten minutes at most. Jobs that become due meanwhile fail with the same answer, without
an attempt.
A job whose worker died is run again when its lease ends, one of each kind at a time: if it kills its worker again, few
other jobs are lost with it. Like every job, it is set aside after its last try.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from .. import logs, metrics, traces
from ..errors import Later, Refused, Unavailable, Unreachable
from ..ports import Engines, Tx
from ..store import jobs
from ..store.jobs import Due, Job, Outcome, State
from ..waiting import happens
from .destinations import Destinations

SWEEP_S = 0.5  # between two looks for due jobs
LOOK = 256  # jobs of one kind that are read together
BEAT_S = jobs.LEASE_MS / 3000
STOP_S = 10.0  # for running jobs, when the worker stops
JITTER = 0.25  # a pause is longer by up to this part of it
AWAY_MS = 8_000  # until the next try, if the database or the broker was away
DIED = "the worker that ran it died, or was killed at that moment, again and again"


class Kind(msgspec.Struct, frozen=True):
    """How jobs of one kind are done; kinds.py has a line for each.

    do(engines, job, payload) may run again with the same job, so it must be harmless when repeated. It raises
    Unreachable (the destination is away), Refused (set the job aside at once), Later (not now), or any other error (try
    it again).
    """

    do: Callable[[Engines, Job, Any], Awaitable[None]]
    pauses_s: tuple[float, ...]  # after each failed try, until the next one; after the last try the job is set aside
    payload: Any = dict[str, Any]  # the type of do()'s payload
    at_once: int = 4  # in one worker
    per_destination: int = 2  # of them, to one host
    longest_s: float = 60.0  # a try that takes longer is cancelled
    missed: bool = True  # False: nobody needs one that failed for good, so it is deleted, not set aside

    @property
    def tries(self) -> int:
        return len(self.pauses_s) + 1


class _Plan(msgspec.Struct):
    """What the next transaction will write."""

    done: list[int]
    failed: list[Outcome]
    put_off: list[tuple[int, int]] = []  # (id, pause in ms)
    take: list[Due] = []


class Jobs:
    """Runs jobs of these kinds from start() to stop(). held: returns the partitions whose jobs it may run now."""

    def __init__(self, engines: Engines, kinds: Mapping[str, Kind], held: Callable[[], Collection[int]]) -> None:
        self._engines, self._kinds, self._held = engines, kinds, held
        self._destinations = Destinations()
        self._leased: dict[int, asyncio.Task[None]] = {}  # leased jobs whose result is not written yet
        self._running: Counter[str] = Counter()  # by kind
        self._suspects: dict[str, int] = {}  # kind -> the job of a dead worker that is run again
        self._done: list[int] = []  # results that will be written next, like _failed
        self._failed: list[Outcome] = []
        self._woken = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [asyncio.ensure_future(self._take_turns()), asyncio.ensure_future(self._keep())]

    async def stop(self) -> None:
        """Wait for running jobs, STOP_S at most. Then give back the leases of the others."""
        self._stopping = True
        self._woken.set()
        turns, keeping = self._tasks
        await turns
        if self._leased:
            await asyncio.wait(self._leased.values(), timeout=STOP_S)
        for task in self._leased.values():
            task.cancel()
        keeping.cancel()
        with suppress(Exception):  # if this fails, the leases expire
            await self._engines.db.write(_leave, _Plan(self._done, self._failed), list(self._leased))

    async def work_off(self) -> None:
        """Run all due jobs and wait for them. For tests."""
        while await self._turn() or self._leased:
            if running := [task for task in self._leased.values() if not task.done()]:
                await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)

    async def _take_turns(self) -> None:
        while not self._stopping:
            await happens(self._woken, SWEEP_S)
            self._woken.clear()
            try:
                while not self._stopping and await self._turn():
                    pass
            except Exception as error:  # the database is away: jobs wait there, results wait here
                logs.failed("jobs not readable, trying again", error)
                await asyncio.sleep(SWEEP_S)

    async def _keep(self) -> None:
        """Renew the leases of running jobs."""
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                if self._leased:
                    await self._engines.db.write(jobs.extend, list(self._leased))
            except Exception as error:  # the database is away: jobs whose lease expires are run again
                logs.failed("jobs not kept, trying again", error)

    async def _turn(self) -> bool:
        """Write the results of jobs, and begin others. True: there may be more that can begin at once."""
        asked = [name for name, kind in self._kinds.items() if self._running[name] < kind.at_once]
        now_ms, seen = await self._engines.db.read(_look, asked, self._held())
        plan = _Plan(self._done, self._failed)
        self._done, self._failed = [], []
        more = False
        for name, due in seen.items():
            if self._sort(plan, name, due, now_ms) and len(due) == LOOK:
                more = True
        taken: list[Job] = []
        known = [*plan.done, *(one.id for one in plan.failed)]
        try:
            if known or plan.put_off or plan.take:
                taken = await self._engines.db.write(_write_down, plan)
        except BaseException:
            self._done, self._failed = plan.done + self._done, plan.failed + self._failed
            raise
        finally:
            suspects = {one.id for one in plan.take if one.state == State.RUNNING}
            got = {job.id for job in taken}
            for one in plan.take:
                if one.id not in got:
                    self._destinations.ended(one.destination)
        for id in known:
            self._leased.pop(id, None)
        for job in taken:
            self._begin(job, suspect=job.id in suspects)
        return more or bool(known)  # the next job of an order may be due now

    def _sort(self, plan: _Plan, name: str, due: list[Due], now_ms: int) -> bool:
        """Decide for each of due and add it to plan. True: something was added, and there is room for more."""
        kind, room, before = self._kinds[name], self._kinds[name].at_once - self._running[name], _size(plan)
        suspect = name in self._suspects
        for one in due:
            if one.id in self._leased or (one.state == State.RUNNING and suspect):
                continue
            if one.attempts >= kind.tries:
                gone = Outcome(one.id, one.attempts, one.attempts, State.SET_ASIDE, 0, DIED)
                _note(plan.done, plan.failed, kind, gone)
            elif away := self._destinations.away(one.destination, now_ms):
                outcome = self._outcome(kind, one.id, one.attempts, one.attempts + 1, away.answer)
                outcome = msgspec.structs.replace(outcome, pause_ms=max(outcome.pause_ms, away.until_ms - now_ms))
                _note(plan.done, plan.failed, kind, outcome)
            elif not self._destinations.has_room(one.destination, kind.per_destination):
                if len(due) == LOOK:  # jobs to other hosts may be after it
                    pause_ms = self._destinations.pause_ms(one.destination, kind.per_destination, now_ms)
                    plan.put_off.append((one.id, pause_ms))
            elif room:
                room -= 1
                suspect |= one.state == State.RUNNING
                self._destinations.began(one.destination)
                plan.take.append(one)
        return room > 0 and _size(plan) > before

    def _begin(self, job: Job, *, suspect: bool) -> None:
        self._running[job.kind] += 1
        if suspect:
            self._suspects[job.kind] = job.id
        self._leased[job.id] = asyncio.ensure_future(self._run(job))

    async def _run(self, job: Job) -> None:
        kind, began_s = self._kinds[job.kind], time.perf_counter()
        try:
            with traces.span(f"job {job.kind}"):
                async with asyncio.timeout(kind.longest_s):
                    await kind.do(self._engines, job, _payload(kind, job))
            self._done.append(job.id)
            self._destinations.answered(job.destination, 1000 * (time.perf_counter() - began_s))
            metrics.jobs[job.kind].add(time.perf_counter() - began_s)
        except Exception as error:
            self._came_to_nothing(kind, job, error, 1000 * (time.perf_counter() - began_s))
        finally:
            self._running[job.kind] -= 1
            self._destinations.ended(job.destination)
            if self._suspects.get(job.kind) == job.id:
                del self._suspects[job.kind]
            self._woken.set()

    def _came_to_nothing(self, kind: Kind, job: Job, error: Exception, took_ms: float) -> None:
        if isinstance(error, Later):
            self._failed.append(
                Outcome(job.id, job.attempts, job.attempts - 1, State.WAITING, error.pause_ms, error.message)
            )
            return
        metrics.jobs_failed[job.kind] += 1
        answer = _words(error, kind.longest_s)
        outcome = self._outcome(kind, job.id, job.attempts, job.attempts, answer)
        if isinstance(error, Unavailable):  # not the job's fault
            pause_ms = self._jittered(max(AWAY_MS, took_ms))  # what takes long is done half of the time at most
            outcome = Outcome(job.id, job.attempts, job.attempts - 1, State.WAITING, pause_ms, answer)
        elif isinstance(error, Refused):
            outcome = msgspec.structs.replace(outcome, state=State.SET_ASIDE)
            self._destinations.answered(job.destination, took_ms)
        elif isinstance(error, Unreachable):
            now_ms = job.due_ms - jobs.LEASE_MS + int(took_ms)  # by the database's clock
            self._destinations.is_away(job.destination, now_ms, outcome.pause_ms or AWAY_MS, answer)
        _note(self._done, self._failed, kind, outcome)
        if not isinstance(error, Unreachable | Refused):
            logs.failed("job failed", error, job=job.id, kind=job.kind, attempts=job.attempts)

    def _outcome(self, kind: Kind, id: int, begun: int, attempts: int, answer: str) -> Outcome:
        """The outcome of a failed attempt, by the kind's pauses."""
        if attempts >= kind.tries:
            return Outcome(id, begun, attempts, State.SET_ASIDE, 0, answer)
        return Outcome(id, begun, attempts, State.WAITING, self._jittered(1000 * kind.pauses_s[attempts - 1]), answer)

    def _jittered(self, pause_ms: float) -> int:
        return int(pause_ms * (1 + JITTER * random.random()))


def _note(done: list[int], failed: list[Outcome], kind: Kind, outcome: Outcome) -> None:
    if outcome.state == State.SET_ASIDE and not kind.missed:
        done.append(outcome.id)
    else:
        failed.append(outcome)


def _size(plan: _Plan) -> int:
    return len(plan.done) + len(plan.failed) + len(plan.put_off) + len(plan.take)


def _payload(kind: Kind, job: Job) -> Any:
    """Raises Refused."""
    try:
        return msgspec.json.decode(job.payload, type=kind.payload)
    except msgspec.DecodeError as error:
        raise Refused(f"its payload cannot be read by this version of Chirrup: {error}") from error


def _words(error: Exception, longest_s: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no end after {longest_s:g} s"
    return getattr(error, "message", "") or repr(error)


def _look(tx: Tx, kinds: list[str], partitions: Collection[int]) -> tuple[int, dict[str, list[Due]]]:
    """(the database's time, kind -> due jobs)."""
    if not kinds or not partitions or not jobs.any_due(tx, kinds):
        return tx.now_ms, {}
    found = tx.together(*(lambda kind=kind: jobs.due(tx, kind, partitions, LOOK) for kind in kinds))
    return tx.now_ms, dict(zip(kinds, found, strict=True))


def _write_down(tx: Tx, plan: _Plan) -> list[Job]:
    """Write the plan. Returns the jobs that were leased."""
    if plan.done:
        jobs.finish(tx, plan.done)
    if plan.failed:
        jobs.fail(tx, plan.failed)
    if plan.put_off:
        jobs.put_off(tx, plan.put_off)
    return jobs.take(tx, [one.id for one in plan.take]) if plan.take else []


def _leave(tx: Tx, plan: _Plan, in_hand: list[int]) -> None:
    _write_down(tx, plan)
    jobs.give_back(tx, in_hand)
