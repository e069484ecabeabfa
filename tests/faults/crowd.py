"""Clients that post, boost, favourite, follow and delete at random over HTTP, and a journal of acknowledged requests.

When the server dies, or refuses, each keeps the one request with an unknown outcome and sends it again. The check is
that of Jepsen's "set" test: exactly the acknowledged requests have an effect, no more and no less.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable
from random import Random
from typing import Any, NamedTuple

import aiohttp
from client import Person
from databases import open_database
from engines import eventually
from faults.ledger import LONG, Line

from chirrup.ports import Database
from chirrup.store import jobs, missed_pushes, outbox
from chirrup.timelines.once import NEAR
from chirrup.workers.subscribers import DROP_STALE

V1 = "/api/v1"
DRAINED_S = 30  # the leases of a dead worker end after 10
HANDS = 2  # clients of one person, in parallel
PATIENCE = aiohttp.ClientTimeout(total=30)  # for one answer
THINK_S = 0 if LONG else 0.04  # between two requests of a client: other tests run beside the short form
PAUSE_S = 0.02  # before a refused or unanswered request is sent again
BACK_S = 30  # within this all clients are served again


class Request(NamedTuple):
    who: Person
    method: str
    path: str
    learn: Callable[[dict[str, Any]], None]  # writes the acknowledged outcome into the journal
    body: dict[str, Any] = {}
    key: str = ""


class Crowd:
    def __init__(self, people: Collection[Person], random: Random, line: Line | None = None) -> None:
        """line: counts the events."""
        self.people = list(people)
        self.line = line or Line("")
        self.refused = 0  # with 503, or not answered
        self.posts: dict[str, tuple[Person, str]] = {}  # id -> author, text
        self.keys: dict[str, tuple[Request, str]] = {}  # Idempotency-Key -> the request, the id it made
        self.boosts: dict[tuple[str, str], str] = {}  # account, post -> id of the boost
        self.favourites: set[tuple[str, str]] = set()  # account, post
        self.follows: set[tuple[str, str]] = set()  # follower, followee
        self.mentions: list[tuple[str, str, str]] = []  # of whom, by whom, in which post
        self.deleted: set[str] = set()
        self._doomed: dict[str, list[str]] = {person.id: [] for person in people}  # its author may delete these
        self._random = random
        self._unknown: dict[tuple[str, int], Request] = {}
        self._served_at_s = 0.0

    # acting

    async def act(self, kill: Callable[[], None], after_s: float) -> None:
        """All clients send requests until kill(), which is called after_s from now, ends the server."""
        asyncio.get_running_loop().call_later(after_s, kill)
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            await asyncio.gather(
                *(self._busy(session, person, hand) for person in self.people for hand in range(HANDS))
            )

    async def live_through(self, trouble: Awaitable[None]) -> None:
        """All clients send requests until trouble is over and each was served again after it."""
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            busy = [
                asyncio.ensure_future(self._undaunted(session, person, hand))
                for person in self.people
                for hand in range(HANDS)
            ]
            try:
                await trouble
                over_s = time.monotonic()

                async def served() -> bool:
                    for one in busy:
                        if one.done():
                            one.result()
                    return self._served_at_s > over_s

                await eventually(served, within_s=BACK_S)
                self.line.recovery_s.append(self._served_at_s - over_s)
            finally:
                for one in busy:
                    one.cancel()
                await asyncio.gather(*busy, return_exceptions=True)

    async def retry(self) -> None:
        """Send the requests again that were under way when the server died."""
        async with aiohttp.ClientSession(timeout=PATIENCE) as session:
            unknown, self._unknown = self._unknown, {}
            for request in unknown.values():
                while not await self._send(session, request):  # noqa: ASYNC110 (nothing here could set an event)
                    await asyncio.sleep(PAUSE_S)

    async def _busy(self, session: aiohttp.ClientSession, who: Person, hand: int) -> None:
        while True:
            try:
                assert await self._send_next(session, who, hand), "refused, where nothing is wrong"
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
                return

    async def _undaunted(self, session: aiohttp.ClientSession, who: Person, hand: int) -> None:
        while True:
            try:
                served = await self._send_next(session, who, hand)
            except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError):
                served = False
            if served:
                self._served_at_s = max(self._served_at_s, time.monotonic())
            else:
                self.refused += 1
                await asyncio.sleep(PAUSE_S)

    async def _send_next(self, session: aiohttp.ClientSession, who: Person, hand: int) -> bool:
        request = self._unknown.get((who.id, hand)) or self._choose(who, hand)
        self._unknown[who.id, hand] = request
        if await self._send(session, request):
            del self._unknown[who.id, hand]
            await asyncio.sleep(THINK_S)
            return True
        return False

    async def _send(self, session: aiohttp.ClientSession, request: Request) -> bool:
        """True: it was acknowledged; False: it was refused for now."""
        headers = {"Authorization": f"Bearer {request.who.token}"} | (
            {"Idempotency-Key": request.key} if request.key else {}
        )
        url = request.who.server.url + request.path
        async with session.request(request.method, url, json=request.body or None, headers=headers) as response:
            text = await response.text()
            if response.status == 503:
                assert int(response.headers["Retry-After"]) >= 1, text
                return False
            gone = response.status == 404 and request.method == "DELETE"  # an earlier attempt has deleted it
            assert response.status == 200 or gone, (response.status, text, request)
            request.learn(await response.json())
            self.line.acknowledged += 1
            return True

    def _choose(self, who: Person, hand: int) -> Request:
        random, dice = self._random, self._random.random()
        if not self.posts or dice < 0.5:
            return self._post(who)
        if dice < 0.6:
            return Request(who, "GET", f"{V1}/timelines/home", _in_order)
        if dice < 0.7 and hand == 0:  # so that one pair's follows and unfollows have an order
            return self._tie(who, random.choice([other for other in self.people if other is not who]))
        if dice < 0.75 and self._doomed[who.id]:
            id = self._doomed[who.id].pop()
            return Request(who, "DELETE", f"{V1}/statuses/{id}", lambda _: self.deleted.add(id))
        id = random.choice(list(self.posts))
        if dice < 0.85:
            return Request(
                who,
                "POST",
                f"{V1}/statuses/{id}/reblog",
                lambda said: self._once(self.boosts, (who.id, id), said["id"]),
            )
        return Request(who, "POST", f"{V1}/statuses/{id}/favourite", lambda _: self.favourites.add((who.id, id)))

    def _post(self, who: Person) -> Request:
        key = self._random.randbytes(8).hex()
        doomed, mentioned = self._random.random() < 0.1, self._random.random() < 0.2
        other = self._random.choice([other for other in self.people if other is not who])
        text = f"post {key}" + (f" @{other.name}" if mentioned and not doomed else "")

        def learn(said: dict[str, Any]) -> None:
            self._once(self.keys, key, (request, said["id"]))
            self.line.posts += 1
            if doomed:
                self._doomed[who.id].append(said["id"])
                return
            self.posts[said["id"]] = (who, text)
            if mentioned:
                self.mentions.append((other.id, who.id, said["id"]))

        request = Request(who, "POST", f"{V1}/statuses", learn, {"status": text}, key)
        return request

    def _tie(self, who: Person, other: Person) -> Request:
        pair = (who.id, other.id)
        word, change = ("unfollow", self.follows.discard) if pair in self.follows else ("follow", self.follows.add)
        return Request(who, "POST", f"{V1}/accounts/{other.id}/{word}", lambda _: change(pair))

    def _once(self, known: dict[Any, Any], key: Any, value: Any) -> None:
        assert known.setdefault(key, value) == value, f"{key} is {known[key]} and {value}"

    # checking

    async def check(self, database_url: str) -> None:
        """Once all events are acted on, exactly the acknowledged data can be read."""
        print(f"{self.line.acknowledged} requests acknowledged, {len(self.keys)} of them posts; {self.refused} refused")
        db = open_database(database_url)
        await eventually(lambda: _is_drained(db), DRAINED_S)
        assert await db.read(outbox.failed) == 0
        assert await db.read(jobs.page, 10, state="set_aside") == []
        db.close()
        self.check_posts()
        for _ in range(2):  # from the database where nobody looked before, then from the cache
            self.check_homes()
        self.check_counts()
        self.check_notifications()

    def check_posts(self) -> None:
        """Every acknowledged post and boost exists, nothing else does, and each key has made one post."""
        for person in self.people:
            said = [post["id"] for post in person.walk(f"{V1}/accounts/{person.id}/statuses", limit=40)]
            wanted = self._by(person.id)
            lost, doubled = wanted - set(said), Counter(said) - Counter(wanted)
            self.line.lost += len(lost)
            self.line.doubled += doubled.total()
            assert (lost, doubled) == (set(), Counter()), person.name
        for request, id in self._random.sample(list(self.keys.values()), min(40, len(self.keys))):
            if id in self.posts:
                again = request.who.call(
                    "POST", request.path, json=request.body, headers={"Idempotency-Key": request.key}
                )
                assert (again.status_code, again.json()["id"]) == (200, id)

    def check_counts(self) -> None:
        favourites = Counter(post for _, post in self.favourites)
        boosts = Counter(post for _, post in self.boosts)
        known = list(self.posts)
        for first in range(0, len(known), 40):
            query = {"id[]": known[first : first + 40]}
            for post in self.people[0].get(f"{V1}/statuses", **query).json():
                assert (post["favourites_count"], post["reblogs_count"]) == (favourites[post["id"]], boosts[post["id"]])
        for person in self.people:
            account = person.get(f"{V1}/accounts/{person.id}").json()
            assert account["statuses_count"] == len(self._by(person.id))
            assert account["followers_count"] == sum(followee == person.id for _, followee in self.follows)
            assert account["following_count"] == sum(follower == person.id for follower, _ in self.follows)

    def check_homes(self) -> None:
        """All posts and boosts by followees, and one's own, each post once, newest first: timelines/once.py.

        A deleted post may or may not count among the NEAR entries below a boost, so near that end both are right.
        """
        shows = {boost: post for (_, post), boost in self.boosts.items()}
        gone = {id: request.who.id for request, id in self.keys.values() if id in self.deleted}
        for person in self.people:
            read = {followee for follower, followee in self.follows if follower == person.id} | {person.id}
            there = {id for account in read for id in self._by(account)}
            near, nearer = (
                _boosted_again([*there, *uncounted], shows)
                for uncounted in ((), [id for id, author in gone.items() if author in read])
            )
            ids = [post["id"] for post in person.walk(f"{V1}/timelines/home", limit=40)]
            assert ids == sorted(set(ids), key=int, reverse=True), person.name
            assert (there - near - set(ids), set(ids) - (there - nearer)) == (set(), set()), person.name

    def check_notifications(self) -> None:
        expected = {person.id: Counter[tuple[str, str, str]]() for person in self.people}
        for follower, followee in self.follows:
            expected[followee]["follow", follower, ""] += 1
        for kind, pairs in (("favourite", self.favourites), ("reblog", self.boosts)):
            for by, post in pairs:
                if (author := self.posts[post][0].id) != by:
                    expected[author][kind, by, post] += 1
        for mentioned, by, post in self.mentions:
            expected[mentioned]["mention", by, post] += 1
        for person in self.people:
            told = Counter(
                (one["type"], one["account"]["id"], (one.get("status") or {"id": ""})["id"])
                for one in person.walk(f"{V1}/notifications", limit=80)
            )
            wanted = expected[person.id]
            assert (told - wanted, wanted - told) == (Counter(), Counter()), f"{person.name} ({person.id})"

    def _by(self, account_id: str) -> set[str]:
        """The account's posts and boosts."""
        said = {id for request, id in self.keys.values() if request.who.id == account_id}
        boosted = {id for (account, _), id in self.boosts.items() if account == account_id}
        return said - self.deleted | boosted


def _boosted_again(ids: Iterable[str], shows: dict[str, str]) -> set[str]:
    """The boosts whose post is among the NEAR entries below them. shows: boost -> post."""
    line = sorted(ids, key=int, reverse=True)
    shown = [shows.get(id, id) for id in line]
    return {id for at, id in enumerate(line) if shown[at] in shown[at + 1 : at + 1 + NEAR]}


async def _is_drained(db: Database) -> bool:
    waiting = [outbox.waiting, missed_pushes.noted, jobs.oldest_event]
    drops = await db.read(jobs.page, 1, kind=DROP_STALE)
    return not (drops or any([await db.read(one) for one in waiting]))


def _in_order(page: Any) -> None:
    ids = [int(post["id"]) for post in page]
    assert ids == sorted(set(ids), reverse=True), ids
