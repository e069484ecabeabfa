"""Limits counted in Redis or Valkey, for all processes together.

A hit costs one command and counts by the server's clock. (The `limits` package needs three commands and 0.2 ms of CPU;
all else of a request takes 0.1.) For a loose limit, a process asks Redis once in a window and then reports its hits a
share at a time. With N processes at most N - 1 shares more than the limit get through: the process that heard from
Redis last knows all reported hits, and each other process has at most one share that it has not reported.

While Redis, or the Cluster's node of a key, is away, each process counts that key by itself.
"""

import time
import zlib

import msgspec

from ..redis.connection import pack
from ..redis.topology import open_topology
from .memory import CAPACITY, Allowance, MemoryLimits, allowance

RETRY_S = 5  # Retry-After of a strict limit while Redis is away
SHARE_PARTS, SHARE_MAX = 20, 100  # a share is a twentieth of the limit, at most so many hits

_HIT = """
local used = redis.call('INCRBY', KEYS[1], ARGV[1])
local left_ms = redis.call('PTTL', KEYS[1])
if left_ms < 0 then
    left_ms = tonumber(ARGV[2])
    redis.call('PEXPIRE', KEYS[1], left_ms)
end
return {used, left_ms}"""


class _Share(msgspec.Struct):
    """What this process knows of one count."""

    ends_at_s: float  # the window; monotonic
    known: int  # hits of all processes that Redis has counted
    untold: int = 0  # hits of this process that Redis does not know yet


class RedisLimits:
    """See ports.Limits."""

    def __init__(self, url: str) -> None:
        self._topology = open_topology(url)
        self._here = MemoryLimits()
        self._shares: dict[tuple[str, str], _Share] = {}

    async def hit(
        self, name: str, key: str, *, amount: int, per_s: int, cost: int = 1, strict: bool = False, loose: bool = False
    ) -> Allowance:
        if loose:
            return await self._hit_loosely((name, key), amount, per_s, cost)
        if found := await self._tell(name, key, cost, per_s):
            return allowance(amount, *found)
        if strict:
            return Allowance(False, 0, int(time.time()) + RETRY_S)
        return await self._here.hit(name, key, amount=amount, per_s=per_s, cost=cost)

    async def _hit_loosely(self, of: tuple[str, str], amount: int, per_s: int, cost: int) -> Allowance:
        share, now_s = self._shares.get(of), time.monotonic()
        if share is None or share.ends_at_s <= now_s:
            if found := await self._tell(*of, cost, per_s):
                return self._learned(of, amount, *found)
            return await self._here.hit(*of, amount=amount, per_s=per_s, cost=cost)
        share.untold += cost
        if share.untold > min(amount // SHARE_PARTS, SHARE_MAX):
            telling, share.untold = share.untold, 0
            share.known += telling
            if found := await self._tell(*of, telling, per_s):
                return self._learned(of, amount, *found)
            share.known, share.untold = share.known - telling, share.untold + telling
        return allowance(amount, share.known + share.untold, share.ends_at_s - now_s)

    def _learned(self, of: tuple[str, str], amount: int, used: int, left_s: float) -> Allowance:
        ends_at_s, share = time.monotonic() + left_s, self._shares.get(of)
        if share is None or share.ends_at_s + 1 < ends_at_s:  # a new window
            if len(self._shares) >= CAPACITY:
                self._shares.clear()  # each key is asked for again
            share = self._shares[of] = _Share(ends_at_s, used)
        share.known = max(share.known, used)  # another report may be under way
        return allowance(amount, share.known + share.untold, left_s)

    async def _tell(self, name: str, key: str, cost: int, per_s: int) -> tuple[int, float] | None:
        """(used with these, seconds until the window ends); None when Redis cannot be reached."""
        tags = self._topology.tags
        group = zlib.crc32(key.encode()) % len(tags)
        packed = pack("EVAL", _HIT, 1, f"chirrup:l:{tags[group]}{name}:{key}", cost, per_s * 1000)
        found = await self._topology.ask_each({group: (packed, 1)})
        if not found:
            return None
        [(used, left_ms)] = found[group]
        return used, left_ms / 1000

    async def close(self) -> None:
        await self._topology.close()
