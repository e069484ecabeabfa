"""Timelines in Redis or Valkey: a list for each, one key, in groups that a Cluster spreads (engines/redis/topology.py).

    chirrup:tl:<group>:<epoch>:<kind>:<owner> = a first element, then pushed ids; the newest is on the right. The first
    is
        -<floor><id><id>…  warm: every id above floor is in the list. Older ids are packed into this element, oldest
        first
        ?<random>          being rebuilt: warm() replaces this element, if it is still there
    chirrup:tl:<group> = the epoch: Connection.identity of the node, a dot, a random part

An id and a floor have 8 bytes, most significant first. RPUSHX appends only where the list exists, and appending on the
right moves nothing in Redis. It returns the length; only long lists are packed, because one packed element is read in a
tenth of the time of 400.

An id that a list missed would be missing for ever, so no list is repaired. A list belongs to an epoch. A restart, a
promotion, a move to another node and forget() begin a new epoch, and its lists are rebuilt from the database. Every
command is followed by a read of the epoch; where that is another one, the result is dropped and the command repeated.
docs/decisions/0013-redis-failover.md lists all cases. A list expires after AGE_S in any case. With maxmemory-policy
allkeys-lru or volatile-lru, the least recently read lists go first.
"""

import secrets
import sys
from array import array
from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

from ...errors import MissedPush
from ..redis.connection import Away, pack, pack_each
from ..redis.topology import open_topology
from .window import LENGTH, SLACK, window

AGE_S = 4 * 3600  # after this a list is rebuilt, however often it is read
REBUILD_S = 60  # a rebuild not done by then is given up
TURNS_MAX = 10  # epochs within one call; after that the server counts as unusable

_BEGIN = """
local first = redis.call('LINDEX', KEYS[1], 0)
if first and string.sub(first, 1, 1) == '-' then return false end
if not first then
    redis.call('RPUSH', KEYS[1], ARGV[1])
    first = ARGV[1]
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return first"""

_WARM = """
if redis.call('LINDEX', KEYS[1], 0) ~= ARGV[1] then return end
redis.call('LSET', KEYS[1], 0, ARGV[3])
redis.call('EXPIRE', KEYS[1], ARGV[2])"""

# Keeps ARGV[1] ids. Cuts by position, so an id that is cut off may be newer than one that stays: the floor becomes the
# newest id that was cut off. Ids are compared in halves, because numbers in Lua have 53 bits.
_COMPACT = """
local pushed = redis.call('LRANGE', KEYS[1], 0, -1)
local first = table.remove(pushed, 1)
if not first then return end
if string.sub(first, 1, 1) ~= '-' then  -- a rebuild that takes too long
    if #pushed > tonumber(ARGV[1]) then redis.call('DEL', KEYS[1]) end
    return
end
local ids = string.sub(first, 10) .. table.concat(pushed)
local floor = string.sub(first, 2, 9)
local high, low = struct.unpack('>I4I4', floor)
local cut = math.max(0, #ids - 8 * ARGV[1])
for at = 1, cut, 8 do
    local h, l = struct.unpack('>I4I4', ids, at)
    if h > high or (h == high and l > low) then
        high, low, floor = h, l, string.sub(ids, at, at + 7)
    end
end
redis.call('LSET', KEYS[1], 0, '-' .. floor .. string.sub(ids, cut + 1))
redis.call('LTRIM', KEYS[1], 0, 0)"""

# The current epoch: the stored one where it begins with ARGV[2], else ARGV[1], which is stored.
_EPOCH = """
local now = redis.call('GET', KEYS[1])
if ARGV[2] ~= '' and now and string.sub(now, 1, #ARGV[2]) == ARGV[2] then return now end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]"""

Commands = Callable[[str, Sequence[int]], bytes]  # of (what the keys begin with, owners), one for each of them


class RedisTimelines:
    """See ports.Timelines. While Redis is away every timeline is cold. Parts are groups."""

    def __init__(self, url: str, *, length: int = LENGTH, slack: int = SLACK) -> None:
        self._topology = open_topology(url, on_up=self._settle)
        self._length, self._slack = length, slack
        self._keys = [f"chirrup:tl:{tag}" for tag in self._topology.tags]
        self._ask_epoch = [pack("GET", key) for key in self._keys]
        self._epochs = [b""] * len(self._keys)
        self._changed: set[int] = set()  # groups that this process wrote to in their current epoch

    async def page(
        self, kind: str, owner: int, *, before: int, after: int, limit: int, oldest: bool = False
    ) -> list[int] | None:
        try:
            [(_, [found])] = await self._tell([owner], lambda keys, _: pack("LRANGE", f"{keys}{kind}:{owner}", 0, -1))
        except MissedPush:
            return None
        if not found or not found[0].startswith(b"-"):
            return None
        packed, *pushed = found
        floor = int.from_bytes(packed[1:9])
        ids = sorted(_ids(b"".join([packed[9:], *pushed])))
        if bisect_right(ids, floor) > self._length // 2:  # an id of a clock that was ahead was cut off
            with suppress(MissedPush):
                await self.drop(kind, [owner])
        return window(ids, floor, before=before, after=after, limit=limit, oldest=oldest)

    async def begin_rebuild(self, kind: str, owner: int) -> object | None:
        key, mark = "", f"?{secrets.token_hex(8)}"

        def begin(keys: str, _: object) -> bytes:
            nonlocal key
            key = f"{keys}{kind}:{owner}"
            return pack("EVAL", _BEGIN, 1, key, mark, REBUILD_S)

        try:
            [(_, [begun])] = await self._tell([owner], begin)
        except MissedPush:
            return None
        return begun and (key, begun)

    async def warm(self, kind: str, owner: int, rebuild: object, ids: Sequence[int], *, complete: bool) -> None:
        if not isinstance(rebuild, tuple) or not (ids or complete):
            return
        key, mark = rebuild
        kept = ids[: self._length]
        floor = 0 if complete and kept == ids else kept[-1] - 1
        value = b"-" + _packed([floor, *reversed(kept)])
        asked = pack("EVAL", _WARM, 1, key, mark, AGE_S, value), 1
        await self._topology.ask_each({owner % len(self._keys): asked})  # where this fails the timeline stays cold

    async def push(self, kind: str, owners: Collection[int], id: int) -> int:
        if not owners:
            return 0
        value = _packed([id])

        def push_all(keys: str, owners: Sequence[int]) -> bytes:
            return pack_each("RPUSHX", [f"{keys}{kind}:{owner}" for owner in owners], value)

        took, longest = 0, self._slack + 1
        long: list[int] = []
        for some, lengths in await self._tell(owners, push_all, changes=True):
            took += len(lengths) - lengths.count(0)
            if max(lengths) > longest:
                long += [owner for owner, length in zip(some, lengths, strict=True) if length > longest]
        if long:
            await self._tell(long, lambda keys, some: self._compact(f"{keys}{kind}:", some))
        return took

    def _compact(self, name: str, owners: Sequence[int]) -> bytes:
        return b"".join([pack("EVAL", _COMPACT, 1, f"{name}{owner}", self._length) for owner in owners])

    async def drop(self, kind: str, owners: Collection[int]) -> None:
        def drop_all(keys: str, owners: Sequence[int]) -> bytes:
            return b"".join([pack("UNLINK", f"{keys}{kind}:{owner}") for owner in owners])

        if owners:
            await self._tell(owners, drop_all, changes=True)

    async def forget(self, parts: Collection[int]) -> None:
        # parts noted under other settings do not exist here
        groups = [group for group in parts if group < len(self._keys)]
        await self._topology.ready()  # this may be the first command of the process
        reached = await self._turn(groups, afresh=True)
        self._changed |= reached  # the repair counts for this epoch only
        if missed := set(groups) - reached:
            raise MissedPush(missed)

    async def close(self) -> None:
        await self._topology.close()

    async def _tell(
        self, owners: Collection[int], commands: Commands, *, changes: bool = False
    ) -> list[tuple[Sequence[int], list[Any]]]:
        """For each group of owners: (its owners, the replies to their commands).

        Raises MissedPush, after all other groups are done, with the groups that may not have executed them.
        """
        shares = self._shares(owners)
        left, missed, done = list(shares), set[int](), list[tuple[Sequence[int], list[Any]]]()
        if unknown := [group for group in left if not self._epochs[group]]:
            await self._topology.ready()
            missed |= set(unknown) - await self._turn(unknown)
            left = [group for group in left if group not in missed]
        for _ in range(TURNS_MAX):
            meant = [self._epochs[group] for group in left]
            wanted = {
                group: (
                    commands(f"{self._keys[group]}:{epoch.decode()}:", shares[group]) + self._ask_epoch[group],
                    len(shares[group]) + 1,
                )
                for group, epoch in zip(left, meant, strict=True)
            }
            found = await self._topology.ask_each(wanted)
            turned: list[int] = []
            for group, epoch in zip(left, meant, strict=True):
                if (replies := found.get(group)) is None:
                    missed.add(group)
                elif replies.pop() == epoch and epoch.startswith(self._topology.identity(group)):
                    done.append((shares[group], replies))
                    if changes:
                        self._changed.add(group)
                else:
                    turned.append(group)
            left = turned
            if not left:
                break
            missed |= set(left) - (known := await self._turn(left))
            left = list(known)
        if missed or left:
            raise MissedPush(missed.union(left))
        return done

    def _shares(self, owners: Collection[int]) -> dict[int, Sequence[int]]:
        if len(self._keys) == 1:
            return {0: owners if isinstance(owners, list) else list(owners)}
        shares: dict[int, list[int]] = {}
        mask = len(self._keys) - 1
        for owner in owners:  # the group comes from the low bits of the bucket
            group = owner & mask
            if group in shares:
                shares[group].append(owner)
            else:
                shares[group] = [owner]
        return shares  # pyright: ignore[reportReturnType]  # a list is a Sequence; dict is invariant

    async def _turn(self, groups: Collection[int], *, afresh: bool = False) -> set[int]:
        """Read the epoch of each group, or begin a new one (always where afresh). Returns the groups in reach.

        A new epoch also begins where this process wrote in an epoch of another node: that node may have been an old
        primary, after other processes had rebuilt their lists on the new one.
        """
        wanted: dict[int, tuple[bytes, int]] = {}
        for group, holder in (await self._topology.holders(groups)).items():
            elsewhere = group in self._changed and not self._epochs[group].startswith(holder)
            fresh = b"%s.%s" % (holder, secrets.token_hex(4).encode())
            keep = b"" if afresh or elsewhere else holder
            wanted[group] = pack("EVAL", _EPOCH, 1, self._keys[group], fresh, keep), 1
        found = await self._topology.ask_each(wanted)
        for group, [epoch] in found.items():
            self._epochs[group] = epoch
            self._changed.discard(group)
        return set(found)

    async def _settle(self, groups: Collection[int]) -> None:
        """A new connection serves these groups, perhaps on another node."""
        others = [
            group
            for group in self._changed.intersection(groups)
            if not self._epochs[group].startswith(self._topology.identity(group))
        ]
        if set(others) - await self._turn(others):
            raise Away("lost again")


def _ids(packed: bytes) -> "array[int]":
    ids = array("q", packed)
    if sys.byteorder == "little":
        ids.byteswap()
    return ids


def _packed(ids: Sequence[int]) -> bytes:
    return b"".join([id.to_bytes(8) for id in ids])
