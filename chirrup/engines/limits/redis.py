"""Limits counted in Redis or Valkey, for all processes together.

One command a hit, by the server's clock. (The `limits` package takes three, and 0.2 ms of CPU, where all else about a
request takes 0.1.) While Redis is away each process counts for itself.
"""

import time

from ..redis_link import Away, Link, pack
from .memory import Allowance, MemoryLimits, allowance

RETRY_S = 5  # what a strict limit tells to wait while Redis is away

_HIT = """
local used = redis.call('INCRBY', KEYS[1], ARGV[1])
local left_ms = redis.call('PTTL', KEYS[1])
if left_ms < 0 then
    left_ms = tonumber(ARGV[2])
    redis.call('PEXPIRE', KEYS[1], left_ms)
end
return {used, left_ms}"""


class RedisLimits:
    """See ports.Limits."""

    def __init__(self, url: str) -> None:
        self._link = Link(url)
        self._here = MemoryLimits()

    async def hit(
        self, name: str, key: str, *, amount: int, per_s: int, cost: int = 1, strict: bool = False
    ) -> Allowance:
        try:
            packed = pack("EVAL", _HIT, 1, f"chirrup:l:{name}:{key}", cost, per_s * 1000)
            [(used, left_ms)] = await self._link.ask(packed, 1)
        except Away:
            if strict:
                return Allowance(False, 0, int(time.time()) + RETRY_S)
            return await self._here.hit(name, key, amount=amount, per_s=per_s, cost=cost)
        return allowance(amount, used, left_ms / 1000)

    async def close(self) -> None:
        await self._link.close()
