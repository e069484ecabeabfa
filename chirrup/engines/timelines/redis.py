"""Timelines in Redis or Valkey: a list of ids for each, one key, in groups that a Cluster spreads (redis_nodes.py).

    chirrup:t:<group>:<epoch>:<kind>:<owner> = id, id, … (as pushed, left is newest), then one of
        -<floor>    warm: every id above floor is here
        ?<random>   being rebuilt: warm() puts what it found in its place, if it is still there
    chirrup:t:<group> = the epoch: who holds the group (Link.identity), a dot, and something random

LPUSHX pushes only where there is a list. It answers with the length, and only lists that grew too long are cut.

What is missing from a list would stay missing, so lists are left behind, never mended: they are of an epoch, and that
is over when the server was started anew, or promoted, or is another one, and when forget() says so. Every command is
followed by one that reads the epoch; where it is not the one that was meant, nothing is believed, and it is done again.
docs/decisions/0013-redis-failover.md goes through all that can happen. Lists end when AGE_S old in any case. Set
maxmemory-policy to allkeys-lru or volatile-lru: then the least recently read go first.
"""

import secrets
from bisect import bisect_right
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from typing import Any

import msgspec

from ...errors import Behind
from ..redis_link import Away, pack
from ..redis_nodes import open_nodes
from .window import LENGTH, SLACK, in_order, window

AGE_S = 4 * 3600  # then a list is rebuilt, read or not
REBUILD_S = 60  # a rebuild not done by then is given up
TURNS_MAX = 10  # of an epoch in the time of one call; more are a server that does not know what it is

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

# The epoch in force: what is there when it begins with ARGV[2], else a new one, ARGV[1].
_EPOCH = """
local now = redis.call('GET', KEYS[1])
if ARGV[2] ~= '' and now and string.sub(now, 1, #ARGV[2]) == ARGV[2] then return now end
redis.call('SET', KEYS[1], ARGV[1])
return ARGV[1]"""

_numbers = msgspec.json.Decoder(list[int]).decode  # half the time of int() for each

Commands = Callable[[str, Sequence[int]], bytes]  # of (what the keys begin with, owners), one for each of them


class RedisTimelines:
    """See ports.Timelines. While Redis is away every timeline is cold. Parts are groups."""

    def __init__(self, url: str, *, length: int = LENGTH, slack: int = SLACK) -> None:
        self._nodes = open_nodes(url, on_up=self._settle)
        self._length, self._longest = length, length + slack
        self._keys = [f"chirrup:t:{tag}" for tag in self._nodes.tags]
        self._ask_epoch = [pack("GET", key) for key in self._keys]
        self._epochs = [b""] * len(self._keys)
        self._changed: set[int] = set()  # groups in which this process changed something, in that epoch

    async def page(
        self, kind: str, owner: int, *, before: int, after: int, limit: int, oldest: bool = False
    ) -> list[int] | None:
        try:
            [(_, [found])] = await self._tell([owner], lambda keys, _: pack("LRANGE", f"{keys}{kind}:{owner}", 0, -1))
        except Behind:
            return None
        if not found or not found[-1].startswith(b"-"):
            return None
        floor = -int(found.pop())
        ids = in_order(_numbers(b"[" + b",".join(found[::-1]) + b"]"))
        if bisect_right(ids, floor) > self._length // 2:  # an id from a clock ahead of time was cut off
            with suppress(Behind):
                await self.drop(kind, [owner])
        page = window(ids, floor, before=before, after=after, limit=limit, oldest=oldest)
        return None if page is None else list(page)

    async def begin_rebuild(self, kind: str, owner: int) -> object | None:
        key, mark = "", f"?{secrets.token_hex(8)}"

        def begin(keys: str, _: object) -> bytes:
            nonlocal key
            key = f"{keys}{kind}:{owner}"
            return pack("EVAL", _BEGIN, 1, key, mark, REBUILD_S)

        try:
            [(_, [begun])] = await self._tell([owner], begin)
        except Behind:
            return None
        return begun and (key, begun)

    async def warm(self, kind: str, owner: int, rebuild: object, ids: Sequence[int], *, complete: bool) -> None:
        if not isinstance(rebuild, tuple) or not (ids or complete):
            return
        key, mark = rebuild
        kept = ids[: self._length]
        floor = 0 if complete and kept == ids else kept[-1] - 1
        packed = pack("EVAL", _WARM, 1, key, mark, AGE_S, *kept, f"-{floor}")
        await self._nodes.ask_each({owner % len(self._keys): (packed, 1)})  # if that fails it stays cold

    async def push(self, kind: str, owners: Collection[int], id: int) -> int:
        if not owners:
            return 0
        value = str(id)
        tail = f"\r\n${len(value)}\r\n{value}\r\n"

        def push_all(keys: str, owners: Sequence[int]) -> bytes:
            name = f"{keys}{kind}:"
            size = len(name)
            head = "*3\r\n$6\r\nLPUSHX\r\n$"  # by hand: packing costs more than all the rest
            return "".join([f"{head}{size + len(o)}\r\n{name}{o}{tail}" for o in map(str, owners)]).encode()

        took, longest = 0, self._longest + 1
        long: list[int] = []
        for some, lengths in await self._tell(owners, push_all, changes=True):
            took += len(lengths) - lengths.count(0)
            if max(lengths) > longest:
                long += [owner for owner, length in zip(some, lengths, strict=True) if length > longest]
        if long:
            await self._tell(long, lambda keys, some: self._shorten(f"{keys}{kind}:", some))
        return took

    def _shorten(self, name: str, owners: Sequence[int]) -> bytes:
        return b"".join([pack("EVAL", _SHORTEN, 1, f"{name}{owner}", self._length) for owner in owners])

    async def drop(self, kind: str, owners: Collection[int]) -> None:
        def drop_all(keys: str, owners: Sequence[int]) -> bytes:
            return b"".join([pack("UNLINK", f"{keys}{kind}:{owner}") for owner in owners])

        if owners:
            await self._tell(owners, drop_all, changes=True)

    async def forget(self, parts: Collection[int]) -> None:
        groups = [group for group in parts if group < len(self._keys)]  # of other settings perhaps: nothing is there
        reached = await self._turn(groups, afresh=True)
        self._changed |= reached  # what was missed is made up for in this epoch, not in one of a holder before
        if missed := set(groups) - reached:
            raise Behind(missed)

    async def close(self) -> None:
        await self._nodes.close()

    async def _tell(
        self, owners: Collection[int], commands: Commands, *, changes: bool = False
    ) -> list[tuple[Sequence[int], list[Any]]]:
        """For each group of owners: (who is in it, the replies to what commands made for them).

        Raises Behind when all else is done, with the groups that may not have taken it.
        """
        shares = self._shares(owners)
        left, missed, done = list(shares), set[int](), list[tuple[Sequence[int], list[Any]]]()
        if unknown := [group for group in left if not self._epochs[group]]:
            await self._nodes.ready()
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
            found = await self._nodes.ask_each(wanted)
            turned: list[int] = []
            for group, epoch in zip(left, meant, strict=True):
                if (replies := found.get(group)) is None:
                    missed.add(group)
                elif replies.pop() == epoch and epoch.startswith(self._nodes.identity(group)):
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
            raise Behind(missed.union(left))
        return done

    def _shares(self, owners: Collection[int]) -> dict[int, Sequence[int]]:
        if len(self._keys) == 1:
            return {0: owners if isinstance(owners, list) else list(owners)}
        shares: dict[int, list[int]] = {}
        mask = len(self._keys) - 1
        for owner in owners:  # by its bucket's low bits
            group = owner & mask
            if group in shares:
                shares[group].append(owner)
            else:
                shares[group] = [owner]
        return shares  # pyright: ignore[reportReturnType]  # a list is a Sequence; dict is invariant

    async def _turn(self, groups: Collection[int], *, afresh: bool = False) -> set[int]:
        """Learn the epoch of each group or begin one, in any case when afresh. Which groups were in reach.

        Where this process changed something in an epoch of another holder, one is begun too: that may have been an old
        primary, which knew nothing of the new one, after others had rebuilt their lists there.
        """
        wanted: dict[int, tuple[bytes, int]] = {}
        for group, holder in (await self._nodes.holders(groups)).items():
            elsewhere = group in self._changed and not self._epochs[group].startswith(holder)
            fresh = b"%s.%s" % (holder, secrets.token_hex(4).encode())
            keep = b"" if afresh or elsewhere else holder
            wanted[group] = pack("EVAL", _EPOCH, 1, self._keys[group], fresh, keep), 1
        found = await self._nodes.ask_each(wanted)
        for group, [epoch] in found.items():
            self._epochs[group] = epoch
            self._changed.discard(group)
        return set(found)

    async def _settle(self, groups: Collection[int]) -> None:
        """These are held by a new connection, and may be by another holder than before."""
        others = [
            group
            for group in self._changed.intersection(groups)
            if not self._epochs[group].startswith(self._nodes.identity(group))
        ]
        if set(others) - await self._turn(others):
            raise Away("lost again")
