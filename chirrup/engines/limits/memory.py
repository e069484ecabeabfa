"""Limits counted in this process, by the `limits` package."""

import msgspec
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter


class Allowance(msgspec.Struct, frozen=True):
    """See ports.Allowance."""

    allowed: bool
    remaining: int
    resets_at_s: int


class MemoryLimits:
    """See ports.Limits."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def hit(self, name: str, key: str, *, amount: int, per_s: int, cost: int = 1) -> Allowance:
        item = RateLimitItemPerSecond(amount, per_s, namespace=name)
        allowed = self._limiter.hit(item, key, cost=cost)
        window = self._limiter.get_window_stats(item, key)
        return Allowance(allowed, window.remaining, int(window.reset_time) + 1)
