"""All open streams of this process. A signal is read and rendered once, then written to all its readers.

Signals are handled in the order of arrival, in batches, so readers get them in that order.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import msgspec

from .. import logs
from ..access import limits, tokens
from ..access.sites import Site
from ..errors import ChirrupError, TooMany, Unauthorised
from ..events import Signal, unpack
from ..mastodon.call import Services
from ..ports import Tx
from ..timelines.position import Position, place_of
from ..timelines.watermark import LOOK_S, Watermark
from ..types import Viewer
from ..waiting import happens
from . import events
from .catching_up import CatchingUp
from .channels import Channel, Channels
from .events import Ask
from .protocols import POLICY, TRY_LATER
from .reader import Pack, Reader, Subscription, recall
from .streams import Stream

BATCH = 1000  # channels handled together: keeps each read and each round of writes short
RETRY_AFTER_S = 30
AGAIN_S = 1.0  # pause after a failure
SITES_S = 2.0  # between two looks at what organisations with open streams allow
CHECK_S = 60.0  # how often the token of every open stream is looked up: a broker may lose the signal of its end
STEP = 20  # tokens that are looked up together
# a mark in _heard, followed by an id: all signals up to that id have been heard before the mark
_ACTED_ON = b"acted on:"
_END = Signal("end", 0, 0).packed[:6]


class Hub:
    def __init__(self, services: Services) -> None:
        self.services = services
        self._channels = Channels()
        self._readers: set[Reader] = set()
        self._open: Counter[tuple[str, object]] = Counter()  # open connections by account and by address
        self._heard: dict[bytes, list[str]] = {}  # message -> the channels it came on, in order of arrival
        self._woken, self._gap = asyncio.Event(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._watermark = Watermark(services.engines)
        self._acted_on = 0  # a place: everything up to it has been passed on
        self._filtering = set[int]()  # those accounts with open streams that may have filters
        self._guests = set[int]()  # those of them who are guests
        self._catching_up = CatchingUp(services, self._watermark, self._filtering)

    async def start(self) -> None:
        broker = self.services.engines.broker
        self._channels.listening = await broker.listen([], self._hear, on_gap=self._note_gap)
        for work in (self._pass_on(), self._look_after(), self._watch(), self._watch_sites()):
            self._spawn(work)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await self._channels.listening.stop()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._readers)

    @property
    def blind(self) -> bool:
        """Whether signals of other processes do not arrive at the moment."""
        return self.services.engines.broker.blind

    # readers come and go

    async def enter(self, token: str, ip: str, site: Site) -> Reader:
        """A new connection. The caller must call leave() at the end. token "": a reader who is not logged in.

        Counts as a request, which limits how often a client reconnects. A refused token counts for the address.
        Raises Unauthorised, Forbidden (the token or its account may not read), TooMany.
        """
        settings = self.services.settings
        count, most = self.services.engines.limits, settings.request_limit
        try:
            viewer = await self.services.auth.by_token(token, site.org_id) if token else Viewer(org_id=site.org_id)
        except ChirrupError:
            await limits.check_request(count, most, ip=ip)
            raise
        if site.closed and not viewer.account_id:
            raise Unauthorised("This site shows nothing without a login")
        reader = Reader(viewer, token, ip, site)
        await limits.check_request(count, most, ip=ip, account_id=viewer.account_id)
        reader.began = place_of(await self._watermark.now())
        if viewer.account_id and self._open["account", viewer.account_id] >= settings.streams_per_account:
            raise TooMany("This account has too many streams open: close some", RETRY_AFTER_S)
        if self._open["ip", reader.ip] >= settings.streams_per_ip:
            raise TooMany("Too many streams are open from your address: close some", RETRY_AFTER_S)
        self._readers.add(reader)
        self._open.update(_counts(reader))
        if viewer.is_guest:
            self._guests.add(viewer.account_id)
        if token:
            try:
                await self._channels.join(_control(reader), reader)
                # auth may be a second old. From here on the end of the token would be heard, so one more look is
                # enough.
                self._note_filters(await self.services.engines.db.read(tokens.find, token, site.org_id))
            except BaseException:
                await self.leave(reader)
                raise
        return reader

    async def leave(self, reader: Reader) -> None:
        if reader in self._readers:
            self._readers.discard(reader)
            for key in _counts(reader):
                self._open[key] -= 1
                if not self._open[key]:
                    del self._open[key]
            if not self._open["account", reader.viewer.account_id]:
                self._filtering.discard(reader.viewer.account_id)
                self._guests.discard(reader.viewer.account_id)
            for subscription in reader.subscriptions.values():
                await self._part(subscription)
            await self._channels.part(_control(reader), reader)

    async def subscribe(
        self, reader: Reader, stream: Stream, pack: Pack, position: Position | None = None
    ) -> Subscription:
        """Subscribe the reader. Events wait in the subscription until release() or catch_up()."""
        position = position or Position(max(reader.began, self._acted_on))
        subscription = Subscription(reader, stream, pack, position)
        reader.subscriptions[stream.key] = subscription
        await self._channels.join(stream.channel, subscription)
        await self._channels.join(stream.everybody, subscription)
        return subscription

    async def unsubscribe(self, reader: Reader, name: str, argument: str) -> None:
        subscription = reader.subscriptions.pop((name, argument), None)
        if subscription:
            await self._part(subscription)

    async def _part(self, subscription: Subscription) -> None:
        for name in (subscription.stream.channel, subscription.stream.everybody):
            await self._channels.part(name, subscription)

    async def catch_up(self, subscription: Subscription) -> None:
        """See catching_up.py. The reader must be open."""
        await self._catching_up.catch_up(subscription)

    async def tell_of_gap(self, subscription: Subscription) -> None:
        """For a reader whose old position is not known."""
        await self._catching_up.tell_of_gap(subscription, 0)

    # signals

    def _hear(self, name: str, message: bytes) -> None:
        if not message.startswith(_END):
            self._heard.setdefault(message, []).append(name)
            self._woken.set()
        elif channel := self._channels.get(name):
            ended = unpack(message).tokens
            for reader in tuple(channel.readers):
                if not ended or reader.viewer.token_id in ended:
                    reader.cut(POLICY, "this access has ended")

    async def _pass_on(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._heard:
                batch = self._batch()
                try:
                    await self._tell(batch)
                except Exception as error:  # database away, or a bug: readers must notice that they miss something
                    logs.failed("signals not passed on", error, signals=len(batch))
                    for subscription in {one for _, channels in batch for c in channels for one in c.subscriptions}:
                        subscription.reader.cut(TRY_LATER, "something went wrong: come again in a moment")
                await asyncio.sleep(0)  # lets the written data go out before the next batch

    def _batch(self) -> list[tuple[Signal, list[Channel]]]:
        """The oldest signals, each with its channels; without signals that were passed on before."""
        batch: list[tuple[Signal, list[Channel]]] = []
        room = BATCH
        while self._heard and room > 0:
            message, names = next(iter(self._heard.items()))
            if message.startswith(_ACTED_ON):
                if batch:
                    break
                self._acted_on = max(self._acted_on, place_of(int(message.removeprefix(_ACTED_ON))))
                del self._heard[message]
                continue
            if len(names) > room:
                self._heard[message] = names[room:]
            else:
                del self._heard[message]
            signal, channels = unpack(message), self._channels.among(names[:room])
            if signal.kind == "filters_changed" and channels:
                self._filtering.add(signal.of) if signal.id else self._filtering.discard(signal.of)
            room -= len(names)
            if late := [channel for channel in channels if channel.is_late(signal)]:
                update = msgspec.structs.replace(signal, kind="update")
                batch.append((update, [channel for channel in late if channel.is_new(update)]))
                channels = [channel for channel in channels if channel not in late]
            batch.append((signal, [channel for channel in channels if channel.is_new(signal)]))
        return batch

    async def _tell(self, batch: list[tuple[Signal, list[Channel]]]) -> None:
        asked: list[tuple[Ask, list[Channel]]] = []
        for signal, channels in batch:
            wanting = [one for c in channels for one in c.subscriptions if signal.kind in one.kinds]
            if wanting:
                strangers = {one.viewer_id for one in wanting if one.is_public}
                site = wanting[0].reader.site  # channels are one organisation's
                viewers = {one.viewer_id for one in wanting}
                filtering = self._filtering & viewers if self._filtering else set[int]()
                guests = self._guests & viewers if self._guests else set[int]()
                tracked = any(one.stream.sought for one in wanting)
                asked.append((Ask(signal, viewers, strangers, filtering, site, guests, tracked), channels))
        if not asked:
            return
        asks = [ask for ask, _ in asked]
        found = await self.services.engines.db.read(events.of_signals, self.services.render, asks)
        for event, (_, channels) in zip(found, asked, strict=True):
            if event:
                event.acted_on = self._acted_on
                await recall(self.services.engines, event, [one for at in channels for one in at.subscriptions])
                for channel in channels:
                    for subscription in channel.subscriptions:
                        subscription.take(event)

    # what the broker may lose

    def _note_gap(self) -> None:
        self._watermark.forget()
        self._gap.set()

    async def _watch(self) -> None:
        """Put marks between the signals. All up to a mark's id was heard before it; positions depend on that."""
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                if self._readers and (acted_on := await self._watermark.look()):
                    self._heard[_ACTED_ON + b"%d" % acted_on] = []
                    self._woken.set()
            except Exception as error:  # without a mark, positions keep naming single events
                logs.failed("not known what has been acted on, looking again", error)

    async def _look_after(self) -> None:
        """After a gap, and every CHECK_S: close streams whose tokens have ended, and look who has filters. After a gap:
        send what was missed.
        """
        while True:
            after_gap = await happens(self._gap, CHECK_S)
            self._gap.clear()
            try:
                await self._end_barred()
            except Exception as error:
                logs.failed("streams not looked after, trying again", error)
                self._gap.set() if after_gap else None
                await asyncio.sleep(AGAIN_S)
            else:
                if after_gap:  # in the background: it takes as long as the slowest reader
                    self._spawn(self._heal())

    async def _heal(self) -> None:
        """Catch all readers up at the same time, so that nobody waits for a slow one."""
        for reader in self._readers:
            if reader.sender is None:  # not open yet: nothing can be sent to it
                reader.cut(TRY_LATER, "come again in a moment")
        outcomes = await asyncio.gather(*map(self._heal_one, self._readers), return_exceptions=True)
        if errors := [outcome for outcome in outcomes if outcome]:
            logs.failed("streams not caught up, trying again", errors[0], readers=len(errors))
            await asyncio.sleep(AGAIN_S)
            self._gap.set()

    async def _heal_one(self, reader: Reader) -> None:
        """Catch up one stream after the other: all together could exceed what may wait for one reader."""
        subscriptions = list(reader.subscriptions.values())
        for subscription in subscriptions:
            subscription.hold()
        for subscription in subscriptions:
            await self.catch_up(subscription)

    async def _end_barred(self) -> None:
        held = [reader for reader in self._readers if reader.token]
        for at in range(0, len(held), STEP):
            some = held[at : at + STEP]
            found = await self.services.engines.db.read(
                _viewers, {(reader.token, reader.site.org_id) for reader in some}
            )
            for reader in some:
                if viewer := found.get(reader.token):
                    self._note_filters(viewer)
                else:
                    reader.cut(POLICY, "this access has ended")

    async def _watch_sites(self) -> None:
        """A command, or another process, may change what an organisation allows: no signal comes from there."""
        while True:
            await asyncio.sleep(SITES_S)
            try:
                await self._end_outside()
            except Exception as error:
                logs.failed("not known what sites allow, looking again", error)

    async def _end_outside(self) -> None:
        """Close streams of sites that are no more, that have closed to strangers, or that refuse the address."""
        now = await self.services.sites.now({reader.site.org_id for reader in self._readers})
        for reader in tuple(self._readers):
            site = now.get(reader.site.org_id)
            if site is None:
                reader.cut(POLICY, "this site is no more")
            elif not site.lets_in(reader.address):
                reader.cut(POLICY, "this site may not be used from your address")
            elif site.closed and not reader.viewer.account_id:
                reader.cut(POLICY, "this site shows nothing without a login")

    def _note_filters(self, viewer: Viewer) -> None:
        if viewer.has_filters:
            self._filtering.add(viewer.account_id)


def _viewers(tx: Tx, secrets: set[tuple[str, int]]) -> dict[str, Viewer]:
    """By secret, of those with their organisations whose tokens may be used (still)."""
    found: dict[str, Viewer] = {}
    for secret, org_id in secrets:
        with suppress(ChirrupError):
            found[secret] = tokens.find(tx, secret, org_id)
    return found


def _control(reader: Reader) -> str:
    """The channel that reports the end of the reader's access. An app's own token has no account."""
    return f"user:{reader.viewer.account_id or reader.viewer.app_id}"


def _counts(reader: Reader) -> list[tuple[str, object]]:
    return [("account", reader.viewer.account_id), ("ip", reader.ip)]
