"""What an organisation keeps on record, and for how long: the log of acts, holds, retention."""

import hashlib
from enum import StrEnum

import msgspec


class AuditEntry(msgspec.Struct, frozen=True):
    """One act of staff or of a command, as it is logged. Columns of `audit`."""

    org_id: int
    id: int  # 1, 2, 3 … in its organisation: a gap is an entry that is missing
    at_ms: int
    actor_id: int  # 0: a command
    action: str  # a verb
    target_kind: str  # "account", "report", "strike", "settings", or a kind of bans …
    target_id: int
    target_name: str  # what people call it
    words: str  # why, or what is different
    hash_before: str  # of the entry before; "" in the first one
    hash: str = ""  # digest() of all the others; "": not made yet

    def digest(self) -> str:
        """SHA-256, hexadecimal, of the values above as a JSON list: anybody can make it again."""
        values = [getattr(self, name) for name in self.__struct_fields__ if name != "hash"]
        return hashlib.sha256(msgspec.json.encode(values)).hexdigest()


class AuditHead(msgspec.Struct, frozen=True):
    """The newest entry of an organisation's log. Columns of `audit_heads`."""

    id: int = 0  # 0: the log is empty
    hash: str = ""


class HoldScope(StrEnum):
    """Whose posts a hold is about."""

    ACCOUNT = "account"  # one account's
    ROOM = "room"  # those in one room
    ALL = "all"  # the organisation's


class Hold(msgspec.Struct, frozen=True):
    """Posts that nothing deletes for good, whatever their authors or staff do. Columns of `holds`."""

    org_id: int
    id: int
    scope: str  # of HoldScope
    subject_id: int  # the account, the room, or the organisation
    from_ms: int  # of posts from then on; 0: from the first one
    until_ms: int  # and before then; 0: there is no end
    reason: str
    actor_id: int


class RetentionClass(StrEnum):
    """What a rule of retention is about."""

    POSTS = "posts"  # all but direct ones, with their versions and media
    DIRECT = "direct"  # direct posts, likewise
    MEDIA = "media"  # of posts of all kinds, which stay


class Retention(msgspec.Struct, frozen=True):
    """What is older is deleted. Columns of `retention`."""

    org_id: int
    room_id: int  # 0: everywhere that has no rule of its own
    kind: str  # of RetentionClass; the column is called class
    days: int


class RetentionRun(msgspec.Struct, frozen=True):
    """The newest time that old posts were deleted. Columns of `retention_runs`."""

    org_id: int
    at_ms: int
    purged: int  # posts, and posts that have lost their media
    problem: str  # why it stopped; "": it did not
