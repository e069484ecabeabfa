"""What an organisation keeps on record, and for how long: the log of acts."""

import hashlib

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
