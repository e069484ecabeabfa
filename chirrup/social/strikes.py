"""Strikes: what staff decided about an account, told to its owner, who may appeal once. Rows: store/strikes.py."""

from collections.abc import Collection

from ..errors import Invalid, NotAllowed, NotFound, too_long
from ..events import Warned
from ..ids import bucket_of
from ..ports import Tx
from ..store import strikes as rows
from ..types import Account, Report, Span, Strike
from . import audit, text

APPEAL_CHARS_MAX = 2000
APPEAL_FOR_MS = 20 * 24 * 3600 * 1000  # Mastodon's: so long after a strike one may appeal
TOLD = {  # the action of a strike -> (a title, what it means), as its owner is told
    "none": ("A warning about your account", "This is a warning; nothing else has changed."),
    "mark_posts_sensitive": (
        "Posts of yours are marked as sensitive",
        "Others see the pictures in these posts behind a warning now.",
    ),
    "delete_posts": ("Posts of yours are deleted", "They are gone for good, with their boosts and favourites."),
    "sensitive": ("Your posts are marked as sensitive", "Others see pictures and films of yours behind a warning now."),
    "silence": (
        "Your account is limited",
        "Only those who follow you meet your posts now, where nobody asks for them.",
    ),
    "disable": ("Your account is disabled", "You cannot use it now. What you have posted stays."),
    "suspend": (
        "Your account is suspended",
        "It is hidden with all that it said, and you cannot use it. After thirty days what it has is deleted.",
    ),
}


def give(tx: Tx, actor_id: int, target: Account, action: str, words: str, report: Report | None = None) -> Strike:
    """Write down what was decided, and have the owner told."""
    strike = Strike(
        id=tx.new_id(bucket_of(target.id)),
        org_id=target.org_id,
        target_id=target.id,
        actor_id=actor_id,
        action=action,
        words=words,
        report_id=report.id if report else 0,
        post_ids=report.post_ids if report else "[]",
        appeal="",
        appeal_state="",
        appealed_ms=0,
        decided_by_id=0,
        decided_ms=0,
    )
    rows.insert(tx, strike)
    tx.emit(Warned(target.id, strike.id))
    return strike


def by_ids(tx: Tx, ids: Collection[int]) -> dict[int, Strike]:
    """For who has asked whether the viewer may see them. One query."""
    return rows.by_ids(tx, ids)


def against(tx: Tx, account_id: int, span: Span) -> list[Strike]:
    """Against the account, newest first: for its owner, and for staff."""
    return rows.against(tx, account_id, span)


def own(tx: Tx, account_id: int, id: int) -> Strike:
    """Raises NotFound: none against this account."""
    strike = rows.by_ids(tx, [id]).get(id)
    if strike is None or strike.target_id != account_id:
        raise NotFound("strike", id)
    return strike


def can_be_appealed(strike: Strike, now_ms: int) -> bool:
    return not strike.appeal_state and now_ms <= strike.created_ms + APPEAL_FOR_MS


def appeal(tx: Tx, account_id: int, id: int, words: str) -> Strike:
    """Say something against a strike. Raises NotFound; Invalid: the words; NotAllowed: too late, or said already."""
    strike = own(tx, account_id, id)
    words = text.clean(words).strip()
    if len(words) > APPEAL_CHARS_MAX:
        raise too_long("text", APPEAL_CHARS_MAX, len(words))
    if not words:
        raise Invalid("text", "blank", "can't be blank")
    if not can_be_appealed(strike, tx.now_ms) or not rows.appeal(tx, id, words):
        raise NotAllowed("an appeal is made once, in the twenty days after the decision")
    return own(tx, account_id, id)


def appealed(tx: Tx, org_id: int, span: Span) -> list[Strike]:
    """Those of the organisation whose appeal waits for a decision, newest first."""
    return rows.appealed(tx, org_id, span)


def of_org(tx: Tx, org_id: int, id: int) -> Strike:
    """Raises NotFound: absent, or of another organisation."""
    strike = rows.by_ids(tx, [id]).get(id)
    if strike is None or strike.org_id != org_id:
        raise NotFound("strike", id)
    return strike


def decide(tx: Tx, actor_id: int, id: int, *, approved: bool, name: str, org_id: int = 0) -> Strike:
    """Answer an appeal. Who asks has undone what was decided, where it is approved: moderation.decide_appeal().

    Raises NotFound; NotAllowed: no appeal waits.
    """
    of_org(tx, org_id, id)
    if not rows.decide(tx, id, "approved" if approved else "rejected", actor_id):
        raise NotAllowed("no appeal against this strike waits for a decision")
    audit.note(tx, org_id, actor_id, "approve appeal" if approved else "reject appeal", "strike", id, name)
    return of_org(tx, org_id, id)
