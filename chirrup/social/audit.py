"""The log of all that staff did: who, what, to whom, why, when. Written in the transaction of the act."""

from ..ports import Tx
from ..store import moderation as rows
from ..types import ModerationEntry, Span


def note(tx: Tx, org_id: int, actor_id: int, action: str, kind: str, id: int, name: str = "", words: str = "") -> None:
    """actor_id 0: a command. action: a verb. kind, id, name: of what it was done to. words: why."""
    rows.log(
        tx,
        org_id=org_id,
        actor_id=actor_id,
        action=action,
        target_kind=kind,
        target_id=id,
        target_name=name,
        words=words,
    )


def about(tx: Tx, account_id: int, limit: int) -> list[ModerationEntry]:
    """The last that was done to the account, newest first."""
    return rows.log_of(tx, account_id, limit)


def page(tx: Tx, org_id: int, span: Span) -> list[ModerationEntry]:
    """Newest first."""
    return rows.log_page(tx, org_id, span)
