"""An account whose owner uses another from now on."""

import msgspec

from ..ids import ms_of


class Move(msgspec.Struct, frozen=True):
    """Of the followers of one account to another. Columns of `moves`."""

    account_id: int
    id: int
    target_id: int
    followers: int  # how many there were when it began
    done: int  # of those: how many have been looked at
    after_id: int  # the follow that was looked at last
    ended_ms: int  # 0: it goes on

    @property
    def began_ms(self) -> int:
        return ms_of(self.id)
