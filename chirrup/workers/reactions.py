"""Reactions to an event, and how they are run. subscribers.py has the table of them.

Reactions that write share one transaction. If it fails, each gets its own, so one failure does not undo the others.
A reaction that failed is tried again alone, as a job: try_again() enqueues it.
"""

import inspect
from collections.abc import Callable, Collection, Iterable
from typing import Any, NamedTuple

import msgspec

from .. import events, logs
from ..errors import Unavailable
from ..events import Event, Signal
from ..ports import Database, Engines, Tx
from ..store import follows, jobs, posts
from ..types import Post
from ..waiting import AtMost

FIRST_PAUSE_MS = 500  # the others are in kinds.py
at_most = AtMost(30.0)  # for one reaction; a longer one is tried again as a job: the actor's next events go on
Signals = list[tuple[str, Signal]]  # (channel, signal)


class Published(NamedTuple):
    """The argument of `when`, read once for all reactions to the post."""

    post: Post
    watchers: Collection[int]  # followers that want a notification of every post of the author
    db: Database  # by which is known what this process keeps in memory


class Reaction(msgspec.Struct, frozen=True):
    """What follows from an event. It may run twice, and after reactions to later events.

    do: either do(tx, event), which writes and returns the signals to send after the commit; or async do(engines,
    event), which returns an event for the rest, if one turn did not do all.
    of_post: call do(tx, post) instead, with the event's post; not called if the post is deleted.
    when: whether a new post needs this reaction. None: every post does.
    """

    to: type[Event]
    do: Callable[..., Any]
    of_post: bool = False
    when: Callable[[Published], object] | None = None

    @property
    def name(self) -> str:
        """Part of jobs' payloads, which another version may run."""
        return f"{self.to.__name__}: {self.do.__module__.rpartition('.')[2]}.{self.do.__name__}"


class Failure(NamedTuple):
    reaction: Reaction
    error: Exception


class Reactions(msgspec.Struct, frozen=True):
    """The reactions to one kind of event."""

    writing: tuple[Reaction, ...]
    further: tuple[Reaction, ...]
    asking: tuple[Reaction, ...]  # those with a `when`
    always: tuple[tuple[Reaction, ...], tuple[Reaction, ...]]  # of writing, of further: those without

    @property
    def by_name(self) -> dict[str, Reaction]:
        return {one.name: one for one in (*self.writing, *self.further)}

    @classmethod
    def of(cls, reactions: Iterable[Reaction]) -> "Reactions":
        every = tuple(reactions)
        further = tuple(one for one in every if inspect.iscoroutinefunction(one.do))
        writing = tuple(one for one in every if one not in further)
        always = tuple(one for one in writing if not one.when), tuple(one for one in further if not one.when)
        return cls(writing, further, tuple(one for one in every if one.when), always)

    async def react(self, engines: Engines, event: Any) -> tuple[Event | None, list[Failure]]:
        """(an event for the rest or None, the reactions that failed)."""
        writing, further, rest, failures = self.writing, self.further, None, list[Failure]()
        if self.asking:  # a read shares its round trip with others, a write does not
            writing, further = await engines.db.read(self._concerned, event, engines.db)
        if writing:
            try:
                await _write(engines, writing, event)
            except Unavailable as error:  # each alone would fail too
                failures = [Failure(one, error) for one in writing]
            except Exception as error:
                failures = [Failure(writing[0], error)] if len(writing) == 1 else await _each(engines, writing, event)
        for one in further:
            try:
                with at_most:
                    rest = await one.do(engines, event) or rest
            except Exception as error:
                failures.append(Failure(one, error))
        return rest, failures

    def _concerned(
        self, tx: Tx, event: events.PostPublished, db: Database
    ) -> tuple[tuple[Reaction, ...], tuple[Reaction, ...]]:
        """Those of writing and of further that the post needs. Most posts need only the delivery."""
        post, watchers = tx.together(
            lambda: posts.by_id(tx, event.post_id), lambda: follows.notified_followers(tx, event.of)
        )
        published = post and Published(post, watchers, db)
        wanted = [one for one in self.asking if published and _concerns(one, published)]
        if not wanted:
            return self.always
        writing, further = (
            tuple(one for one in some if one.when is None or one in wanted) for some in (self.writing, self.further)
        )
        return writing, further


def _concerns(reaction: Reaction, published: Published) -> object:
    """If `when` raises, returns True: then do() runs, and fails alone."""
    assert reaction.when
    try:
        return reaction.when(published)
    except Exception as error:
        logs.failed("a reaction cannot say whether a post concerns it", error)
        return True


async def _each(engines: Engines, reactions: Iterable[Reaction], event: Any) -> list[Failure]:
    """Run each alone. Returns those that failed."""
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
    signals: Signals = []
    post = posts.by_id(tx, event.post_id) if any(one.of_post for one in reactions) else None
    for one in reactions:
        if not one.of_post:
            signals += one.do(tx, event)
        elif post:
            signals += one.do(tx, post)
    return signals


async def alone(engines: Engines, reaction: Reaction, event: Event) -> Event | None:
    """Run one reaction. Returns an event for the rest, or None."""
    if inspect.iscoroutinefunction(reaction.do):
        return await reaction.do(engines, event)
    return await _write(engines, [reaction], event)


class Again(msgspec.Struct, frozen=True):
    """The payload of a job that tries a failed reaction again."""

    reaction: str
    event: str  # as the outbox has it


def try_again(tx: Tx, event_id: int, event: Event, failures: Collection[Failure]) -> None:
    """Enqueue a job for each failed reaction. event_id: of its row in the outbox."""
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
