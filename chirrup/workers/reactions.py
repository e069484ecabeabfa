"""Reactions: what one is, and how those to an event are carried out. The table of them is subscribers.py.

Those that write share one transaction. If it fails, each gets its own, so that one that fails takes no other with it.
What failed is tried again alone, as a job: try_again() enqueues it.
"""

import asyncio
import inspect
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

import msgspec

from .. import events, logs
from ..errors import Unavailable
from ..events import Event, Signal
from ..ports import Engines, Tx
from ..store import follows, jobs, posts
from ..types import Post

FIRST_PAUSE_MS = 500  # the others are in kinds.py
LONGEST_S = 30.0  # for one reaction: what takes longer goes on as a job, and holds up its actor no more
Signals = list[tuple[str, Signal]]  # channel, what is told there


class Published(NamedTuple):
    """What `when` is asked about: looked up once for all reactions to the post."""

    post: Post
    watchers: Collection[int]  # those who want to be told of whatever its author says


class Reaction(msgspec.Struct, frozen=True):
    """What follows from an event. It may run twice, and after reactions to later events.

    do: either it writes, do(tx, event), and returns the signals to send once that is committed; or it is async,
    do(engines, event), and returns the event that stands for what is left, where one turn did not do all.
    of_post: do(tx, post) instead, with the event's post; it is left out once the post is gone.
    when: whether a post that was published concerns it. None: it is always asked.
    """

    to: type[Event]
    do: Callable[..., Any]
    of_post: bool = False
    when: Callable[[Published], object] | None = None

    @property
    def name(self) -> str:
        """Stands in jobs, which another version may run."""
        return f"{self.to.__name__}: {self.do.__module__.rpartition('.')[2]}.{self.do.__name__}"


class Failure(NamedTuple):
    reaction: Reaction
    error: Exception


class Reactions(msgspec.Struct, frozen=True):
    """Those to one kind of event."""

    writing: tuple[Reaction, ...]
    further: tuple[Reaction, ...]
    looks: bool  # some say when they are concerned

    @property
    def by_name(self) -> dict[str, Reaction]:
        return {one.name: one for one in (*self.writing, *self.further)}

    @classmethod
    def of(cls, reactions: Iterable[Reaction]) -> "Reactions":
        every = tuple(reactions)
        further = tuple(one for one in every if inspect.iscoroutinefunction(one.do))
        return cls(tuple(one for one in every if one not in further), further, any(one.when for one in every))

    async def react(self, engines: Engines, event: Any) -> tuple[Event | None, list[Failure]]:
        """(what is left to do, what failed)."""
        writing, further, rest, failures = self.writing, self.further, None, list[Failure]()
        if self.looks:  # a look is read together with many others', a write is alone
            writing, further = await engines.db.read(self._concerned, event)
        if writing:
            try:
                await _write(engines, writing, event)
            except Unavailable as error:  # for each of them alone, too
                failures = [Failure(one, error) for one in writing]
            except Exception as error:
                failures = [Failure(writing[0], error)] if len(writing) == 1 else await _each(engines, writing, event)
        for one in further:
            try:
                async with asyncio.timeout(LONGEST_S):
                    rest = await one.do(engines, event) or rest
            except Exception as error:
                failures.append(Failure(one, error))
        return rest, failures

    def _concerned(self, tx: Tx, event: events.PostPublished) -> tuple[tuple[Reaction, ...], tuple[Reaction, ...]]:
        """Of writing and of further. Most posts concern nobody beyond whoever reads them."""
        post, watchers = tx.together(
            lambda: posts.by_id(tx, event.post_id), lambda: follows.notified_followers(tx, event.of)
        )
        published = post and Published(post, watchers)
        writing, further = (
            tuple(one for one in some if one.when is None or (published and _concerns(one.when, published)))
            for some in (self.writing, self.further)
        )
        return writing, further


def _concerns(when: Callable[[Published], object], published: Published) -> object:
    """Where it cannot say, do() is to find out: so it fails alone."""
    try:
        return when(published)
    except Exception as error:
        logs.failed("a reaction cannot say whether a post concerns it", error)
        return True


async def _each(engines: Engines, reactions: Iterable[Reaction], event: Any) -> list[Failure]:
    """Those that fail."""
    failures: list[Failure] = []
    for one in reactions:
        try:
            await _write(engines, [one], event)
        except Exception as error:
            failures.append(Failure(one, error))
    return failures


async def _write(engines: Engines, reactions: Collection[Reaction], event: Any) -> None:
    for channel, signal in await engines.db.write(_written, reactions, event):
        await engines.broker.publish([channel], signal.packed)


def _written(tx: Tx, reactions: Collection[Reaction], event: Any) -> Signals:
    told: Signals = []
    post = posts.by_id(tx, event.post_id) if any(one.of_post for one in reactions) else None
    for one in reactions:
        if not one.of_post:
            told += one.do(tx, event)
        elif post:
            told += one.do(tx, post)
    return told


async def alone(engines: Engines, reaction: Reaction, event: Event) -> Event | None:
    """What is left to do."""
    if inspect.iscoroutinefunction(reaction.do):
        return await reaction.do(engines, event)
    return await _write(engines, [reaction], event)


class Again(msgspec.Struct, frozen=True):
    """The payload of a job: a reaction that failed."""

    reaction: str
    event: str  # as the outbox has it


def try_again(tx: Tx, event_id: int, event: Event, failures: Collection[Failure]) -> None:
    """Have what failed tried again, each alone. event_id: of its row in the outbox."""
    body = events.encode(event).decode()
    for reaction, _ in failures:
        jobs.enqueue(
            tx,
            jobs.REACTION,
            of=event_id,
            key=f"{event_id} {reaction.name}",
            payload=Again(reaction.name, body),
            due_ms=tx.now_ms + FIRST_PAUSE_MS,
        )
