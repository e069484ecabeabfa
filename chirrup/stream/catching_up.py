"""Sends a reader the events that it missed: it was away, or the broker lost signals. A few events at a time."""

import asyncio
from collections import deque
from typing import ParamSpec, TypeVar

from ..ids import ID_MAX
from ..mastodon.call import Services
from ..ports import Operation
from ..timelines.position import KEPT_MAX, Position, place_of
from ..timelines.watermark import Watermark
from . import events, resume
from .events import Event
from .protocols import TOO_SLOW
from .reader import Subscription, recall
from .resume import Page
from .streams import Stream

P = ParamSpec("P")
T = TypeVar("T")

# missed events that one reader is sent; beyond them it gets a `gap` event, which says from where to read
MISSED_MAX = 4_000
STEP = 20  # events that are read and sent together
STEP_S = 30.0  # within which the reader must take one step
READS = 8  # database reads at the same time, for all readers that catch up


class CatchingUp:
    def __init__(self, services: Services, watermark: Watermark, filtering: set[int]) -> None:
        """filtering: the accounts that may have filters."""
        self._services, self._watermark, self._filtering = services, watermark, filtering
        self._reading = asyncio.Semaphore(READS)

    async def catch_up(self, subscription: Subscription) -> None:
        """Send what the database has beyond the subscription's position. New events wait until then, and follow.

        A reader that is too slow is cut off. A second call while one runs makes that one start again at its end.
        """
        subscription.again = True
        if subscription.catching_up.locked():
            return
        async with subscription.catching_up:
            while subscription.again and not subscription.is_over:
                subscription.again = False
                subscription.hold()
                await self._send_missed(subscription)
                while (waiting := subscription.next_waiting(STEP)) and not subscription.is_over:
                    for event in waiting:
                        subscription.take(event, now=True)
                    await self._taken(subscription)

    async def tell_of_gap(self, subscription: Subscription, after: int) -> None:
        """Send a `gap` event instead of what was missed: the reader must read the timeline beyond the id `after`.

        after: 0 where the reader's old position is not known.
        """
        now = place_of(await self._watermark.now())
        subscription.position = Position(max(now, subscription.position.floor))
        subscription.write(Event("gap", 0, {}), str(after))

    async def _send_missed(self, subscription: Subscription) -> None:
        position, stream = subscription.position, subscription.stream
        acted_on = place_of(await self._watermark.now())
        pages = await self._settle(stream, position)
        sent = position.known
        subscription.had.update(sent)
        await self._send(subscription, await self._read(resume.changes, stream, sent), 0)
        after, missed_count = _before(position.floor), 0
        while not subscription.is_over:
            page = pages.popleft() if pages else await self._read(resume.page, stream, after)
            missed = [
                one for place, one in page.found.items() if place not in position and place not in subscription.had
            ]
            missed_count += len(missed)
            if missed_count <= MISSED_MAX:
                await self._send(subscription, missed, acted_on)
            if missed_count > MISSED_MAX or page.cut:
                return await self.tell_of_gap(subscription, after)
            if page.up_to == ID_MAX:
                return
            after = page.up_to

    async def _settle(self, stream: Stream, position: Position) -> deque[Page]:
        """Find out which events between floor and low were sent. Returns the pages read for it, from the floor on."""
        pages, after, up_to = deque[Page](), _before(position.floor), position.low >> 1
        if position.is_settled:
            return pages
        while after < up_to and sum(len(page.found) for page in pages) < MISSED_MAX + KEPT_MAX:
            pages.append(page := await self._read(resume.page, stream, after))
            if page.cut:
                break
            after = page.up_to
        belonging = [place for page in pages for place in page.found] if after >= up_to else []
        position.settle(belonging, await self._read(resume.deleted, stream, _before(position.floor), up_to + 1))
        return pages

    async def _send(self, subscription: Subscription, missed: list[tuple[str, int]], acted_on: int) -> None:
        """missed: in order. acted_on: every event up to this place that belongs before them is known."""
        viewer_id = subscription.viewer_id
        for at in range(0, len(missed), STEP):
            if subscription.is_over:
                return
            some, reader = missed[at : at + STEP], subscription.reader
            filtering = self._filtering & {viewer_id}
            guests = {viewer_id} if reader.viewer.is_guest else set[int]()
            render = self._services.render
            found = await self._read(events.of_missed, render, reader.site, viewer_id, filtering, guests, some)
            for event in found:
                if text := event.texts.get(viewer_id):
                    await recall(self._services.engines, event, [subscription])
                    event.acted_on = min(acted_on, event.place)
                    subscription.write(event, text)
                    subscription.had.add(event.place)
            await self._taken(subscription)

    async def _taken(self, subscription: Subscription) -> None:
        """Returns once the reader has taken what was written, or has been cut off."""
        reader = subscription.reader
        if reader.sender:
            try:
                async with asyncio.timeout(STEP_S):
                    await reader.sender.drained()
            except TimeoutError:
                reader.cut(TOO_SLOW, "reads too slowly")

    async def _read(self, operation: Operation[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._reading:
            return await self._services.engines.db.read(operation, *args, **kwargs)


def _before(place: int) -> int:
    """The id to read after, so that the item at place is found too."""
    return (place >> 1) - 1
