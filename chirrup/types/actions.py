"""What other programs tell an organisation, and what it tells them: hooks."""

from enum import StrEnum

import msgspec

from ..ids import ms_of


class HookIn(msgspec.Struct, frozen=True):
    """Where another program says something here, by a bot. Columns of `hooks_in`, but for the hash of its token."""

    org_id: int
    id: int
    name: str  # for people
    format: str  # of actions/hooks_in/formats.py; "auto": guessed from each payload
    mapping: str  # JSON of actions/hooks_in/generic.Mapping; "": none
    secret: str  # what the sender signs with, sealed; "": it signs nothing
    room_id: int  # 0: into the bot's own timeline
    visibility: str  # of what it says, where the room is not closed
    bot_id: int
    by_id: int  # who made it; 0: a command
    created_ms: int
    used_ms: int  # when something last came; 0: never
    off_ms: int  # since when nothing is taken; 0: it is on


class HookPayload(msgspec.Struct, frozen=True):
    """What came to a hook. Columns of `hook_payloads`."""

    org_id: int
    hook_id: int
    id: int
    headers: str  # JSON of those that formats look at
    body: str  # as it came; "": larger than is kept
    size_bytes: int
    outcome: str  # what became of it, in words
    post_id: int  # the first that was made of it; 0: none

    @property
    def at_ms(self) -> int:
        return ms_of(self.id)

    @property
    def heads(self) -> dict[str, str]:
        return _heads(self.headers)


_heads = msgspec.json.Decoder(dict[str, str]).decode


class HookOut(msgspec.Struct, frozen=True):
    """A program that hears what happens here. Columns of `hooks_out`."""

    org_id: int
    id: int
    name: str  # for people
    url: str
    events: str  # names of hooks_out/kinds.py, with spaces between
    room_id: int  # 0: what everybody here may see
    owner_id: int  # it hears what this account may see
    secret: str  # sealed, as the one of before: that signs, too, until old_until_ms
    old_secret: str
    old_until_ms: int
    off_ms: int  # since when nothing is sent; 0: it is on
    off_why: str  # in words, where nobody has switched it off
    slow: int  # 1: its receiver takes long, so nothing waits for it
    away_until_ms: int  # its receiver was not reached; not tried again before that
    ok_ms: int  # when it last took something
    created_ms: int

    @property
    def wanted(self) -> list[str]:
        return self.events.split()


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"  # ten times
    DROPPED = "dropped"  # nobody may see it any more, or the hook is off


class Delivery(msgspec.Struct, frozen=True):
    """One thing that a receiver is told. Columns of `deliveries`."""

    org_id: int
    hook_id: int
    id: int
    kind: str  # the event: "post.published" and so on
    key: str  # one for each fact
    post_id: int  # 0: it is about no post
    account_id: int  # 0: about nobody
    state: str  # a DeliveryState
    attempts: int
    code: int  # the status of the last answer; 0: none came
    request: str  # the body that was sent last
    answer: str  # the beginning of what came back, or why nothing did
    took_ms: int
    at_ms: int  # of the last attempt
    next_ms: int  # when it is tried next; 0: not any more
