"""What other programs tell an organisation, and what it tells them: hooks."""

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
