"""Timelines in Redis or Valkey: a list of ids for each, one key, so that a Cluster can spread them.

    chirrup:t:<server id>:<epoch>:<kind>:<owner> = id, id, … (as pushed, left is newest), then one of
        -<floor>    warm: every id above floor is here
        ?<random>   being rebuilt: warm() puts what it found in its place, if it is still there

LPUSHX pushes only where there is a list. It answers with the length, and only lists that grew too long are cut.

What is missing from a list would stay missing, so lists are left behind, never mended: a server that was started anew
(with an old snapshot perhaps) has another id, and a process that could not push or drop begins another epoch, for
everybody, as soon as it is connected again. What even that misses (the process died first) ends when the list is
AGE_S old. Set maxmemory-policy to allkeys-lru or volatile-lru: then the least recently read go first.
"""

import secrets
from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from ..redis_link import Away, Link, pack
from .window import LENGTH, SLACK, in_order, window

AGE_S = 4 * 3600  # then a list is rebuilt, read or not
REBUILD_S = 60  # a rebuild not done by then is given up

_BEGIN = """
local last = redis.call('LINDEX', KEYS[1], -1)
if last and string.sub(last, 1, 1) == '-' then return false end
if not last then
    redis.call('RPUSH', KEYS[1], ARGV[1])
    last = ARGV[1]
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return last"""

_WARM = """
if redis.call('LINDEX', KEYS[1], -1) ~= ARGV[1] then return end
redis.call('RPOP', KEYS[1])
redis.call('RPUSH', KEYS[1], unpack(ARGV, 3))
redis.call('EXPIRE', KEYS[1], ARGV[2])"""

# Cuts by place, so what is cut off may be newer than something kept: the floor rises to the newest of it. Ids are
# compared as text: numbers in Lua have 53 bits.
_SHORTEN = """
local cut = redis.call('LRANGE', KEYS[1], ARGV[1], -1)
local last = table.remove(cut)
if not last then return end
if string.sub(last, 1, 1) ~= '-' then return redis.call('DEL', KEYS[1]) end
local floor = string.sub(last, 2)
for _, id in ipairs(cut) do
    if #id > #floor or (#id == #floor and id > floor) then floor = id end
end
redis.call('LTRIM', KEYS[1], 0, ARGV[1] - 1)
redis.call('RPUSH', KEYS[1], '-' .. floor)"""

_numbers = msgspec.json.Decoder(list[int]).decode  # half the time of int() for each


class RedisTimelines:
    """See ports.Timelines. While Redis is away every timeline is cold."""

    def __init__(self, url: str, *, length: int = LENGTH, slack: int = SLACK) -> None:
        self._link = Link(url, on_up=self._settle)
        self._length, self._longest = length, length + slack
        self._epoch = ""
        self._owes = False  # something could not be pushed or dropped: all lists may lack it

    async def page(
        self, kind: str, owner: int, *, before: int, after: int, limit: int, oldest: bool = False
    ) -> list[int] | None:
        try:
            [found] = await self._ask(lambda prefix: pack("LRANGE", f"{prefix}{kind}:{owner}", 0, -1), 1)
        except Away:
            return None
        if not found or not found[-1].startswith(b"-"):
            return None
        floor = -int(found.pop())
        ids = in_order(_numbers(b"[" + b",".join(found[::-1]) + b"]"))
        if bisect_right(ids, floor) > self._length // 2:  # an id from a clock ahead of time was cut off
            await self.drop(kind, [owner])
        page = window(ids, floor, before=before, after=after, limit=limit, oldest=oldest)
        return None if page is None else list(page)

    async def begin_rebuild(self, kind: str, owner: int) -> object | None:
        key, mark = "", f"?{secrets.token_hex(8)}"

        def begin(prefix: str) -> bytes:
            nonlocal key
            key = f"{prefix}{kind}:{owner}"
            return pack("EVAL", _BEGIN, 1, key, mark, REBUILD_S)

        try:
            [begun] = await self._ask(begin, 1)
        except Away:
            return None
        return begun and (key, begun)

    async def warm(self, kind: str, owner: int, rebuild: object, ids: Sequence[int], *, complete: bool) -> None:
        if not isinstance(rebuild, tuple) or not (ids or complete):
            return
        key, mark = rebuild
        kept = ids[: self._length]
        floor = 0 if complete and kept == ids else kept[-1] - 1
        with suppress(Away):  # it stays cold
            await self._link.ask(pack("EVAL", _WARM, 1, key, mark, AGE_S, *kept, f"-{floor}"), 1)

    async def push(self, kind: str, owners: Collection[int], id: int) -> int:
        if not owners:
            return 0
        value = str(id)
        tail = f"\r\n${len(value)}\r\n{value}\r\n"

        def push_all(prefix: str) -> bytes:
            name = f"{prefix}{kind}:"
            size = len(name)
            head = "*3\r\n$6\r\nLPUSHX\r\n$"  # by hand: packing costs more than all the rest
            return "".join([f"{head}{size + len(o)}\r\n{name}{o}{tail}" for o in map(str, owners)]).encode()

        try:
            lengths = await self._ask(push_all, len(owners))
            if max(lengths) > self._longest + 1:
                long = [owner for owner, length in zip(owners, lengths, strict=True) if length > self._longest + 1]
                await self._ask(lambda prefix: self._shorten(prefix, kind, long), len(long))
        except Away:
            self._owes = True
            return 0
        return len(lengths) - lengths.count(0)

    def _shorten(self, prefix: str, kind: str, owners: list[int]) -> bytes:
        return b"".join(pack("EVAL", _SHORTEN, 1, f"{prefix}{kind}:{owner}", self._length) for owner in owners)

    async def drop(self, kind: str, owners: Collection[int]) -> None:
        def drop_all(prefix: str) -> bytes:
            return b"".join(pack("UNLINK", f"{prefix}{kind}:{owner}") for owner in owners)

        try:
            await self._ask(drop_all, len(owners))
        except Away:
            self._owes = True

    async def close(self) -> None:
        await self._link.close()

    async def _ask(self, commands: Callable[[str], bytes], count: int) -> list[Any]:
        """The count replies to commands(prefix of the keys), asked again when it is another epoch by now."""
        await self._link.ready()
        while True:
            epoch = self._epoch
            prefix = f"chirrup:t:{self._link.server_id}:"
            packed = commands(f"{prefix}{epoch}:") + pack("GET", f"{prefix}epoch")
            *replies, now = await self._link.ask(packed, count + 1)
            self._epoch = (now or b"").decode()
            if self._epoch == epoch:
                return replies

    async def _settle(self) -> None:
        """Begin a new epoch when one is owed. The key outlives every list of the epoch before."""
        if self._owes:
            epoch = secrets.token_hex(4)
            key = f"chirrup:t:{self._link.server_id}:epoch"
            await self._link.ask(pack("SET", key, epoch, "EX", 2 * AGE_S), 1)
            self._epoch, self._owes = epoch, False
