"""Posts that people must acknowledge, who is asked next, and decisions."""

from enum import StrEnum

import msgspec


class Enough(StrEnum):
    """Whose acknowledgement ends a request: of all who are asked; of the first."""

    ALL = "all"
    ONE = "one"


class AckState(StrEnum):
    OPEN = "open"
    DONE = "done"
    OVER = "over"  # nobody is reminded any more; who acknowledges later is still noted


class AckRequest(msgspec.Struct, frozen=True):
    """Columns of `ack_requests`."""

    post_id: int
    org_id: int
    asked_by: int  # 0: nobody of the organisation any more
    enough: str  # Enough
    within_ms: int  # pause until the first reminder, and between reminders where there is no chain
    chain_id: int  # 0: the same people are reminded
    rounds: int  # reminders and steps so far
    due_ms: int  # of the next; 0: none
    state: str
    asked_ms: int


class Ack(msgspec.Struct, frozen=True):
    """Columns of `acks`: somebody who is asked."""

    post_id: int
    account_id: int
    asked_ms: int
    acked_ms: int  # 0: not yet
    via: str  # favourite, mail, …; "": not yet


class Who(msgspec.Struct, frozen=True):
    """Somebody who is asked: a person, the members of a room, or who has duty by a rotation."""

    kind: str  # account, room, rotation
    id: int


class Step(msgspec.Struct, frozen=True):
    """Of a chain: who is asked next, so many minutes after the step before."""

    who: tuple[Who, ...]
    minutes: int


class Chain(msgspec.Struct, frozen=True):
    """Columns of `chains`."""

    id: int
    org_id: int
    name: str
    steps: str  # JSON list of Step
    repeats: int  # how often it begins anew after its last step

    @property
    def all_steps(self) -> list[Step]:
        return _steps(self.steps)


_steps = msgspec.json.Decoder(list[Step]).decode


class Rotation(msgspec.Struct, frozen=True):
    """Columns of `rotations`: one person has duty each week, in turn."""

    id: int
    org_id: int
    name: str
    people: str  # JSON list of account ids, in the order of their weeks
    zone: str  # IANA's name of the time zone
    from_ms: int  # when the first of them began; the turn comes each week at that local time

    @property
    def members(self) -> list[int]:
        return _ids(self.people)


_ids = msgspec.json.Decoder(list[int]).decode


class ApprovalState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"  # too few voted in time
    WITHDRAWN = "withdrawn"  # its post was deleted


class Approval(msgspec.Struct, frozen=True):
    """Columns of `approvals`: a question with a poll that certain people decide."""

    post_id: int
    org_id: int
    poll_id: int
    asked_by: int
    quorum: int  # so many have to approve
    until_ms: int
    digest: str  # SHA-256 of what is decided on, hex
    state: str
    decided_ms: int


class Decision(msgspec.Struct, frozen=True):
    """Columns of `decisions`: one vote, signed."""

    post_id: int
    number: int  # from 1 on
    account_id: int
    name: str  # the account's, when it decided
    choice: str  # approve, reject
    at_ms: int
    before: str  # SHA-256 of the decision before, hex; "" for the first
    signature: str  # Ed25519, base64
