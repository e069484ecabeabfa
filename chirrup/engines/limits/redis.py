"""Limits counted in Redis or Valkey, for all processes together.

One command a hit, by the server's clock. (The `limits` package takes three, and 0.2 ms of CPU, where all else about a
request takes 0.1.) While Redis is away, or a Cluster's node with a key, each process counts that key for itself.
"""

import time
import zlib

from ..redis_link import pack
from ..redis_nodes import open_nodes
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
        self._nodes = open_nodes(url)
        self._here = MemoryLimits()

    async def hit(
        self, name: str, key: str, *, amount: int, per_s: int, cost: int = 1, strict: bool = False
    ) -> Allowance:
        tags = self._nodes.tags
        group = zlib.crc32(key.encode()) % len(tags)
        packed = pack("EVAL", _HIT, 1, f"chirrup:l:{tags[group]}{name}:{key}", cost, per_s * 1000)
        found = await self._nodes.ask_each({group: (packed, 1)})
        if not found:
            if strict:
                return Allowance(False, 0, int(time.time()) + RETRY_S)
            return await self._here.hit(name, key, amount=amount, per_s=per_s, cost=cost)
        [(used, left_ms)] = found[group]
        return allowance(amount, used, left_ms / 1000)

    async def close(self) -> None:
        await self._nodes.close()
