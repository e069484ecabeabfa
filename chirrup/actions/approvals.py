"""Approvals: a post with a poll, Approve or Reject, that certain people decide. Any client votes; each vote is signed.

It is approved when its quorum approves, and rejected when so many cannot approve any more; then the poll ends.
docs/decisions/0079-approvals.md
"""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from .. import events
from ..access import visibility
from ..access.fill import Filled
from ..access.fill import posts as posts_seen
from ..access.signing import Signer
from ..errors import Invalid, NotFound
from ..events import Signal
from ..ports import Tx
from ..social import audit, notifications, polls, posts
from ..social.posts import TEXT_CHARS_MAX
from ..store import accounts, jobs
from ..store import approvals as rows
from ..store import polls as poll_rows
from ..store import posts as post_rows
from ..types import Approval, ApprovalState, Decision, Draft, PollDraft, Span, Who
from . import decisions, who

TITLES = ("Approve", "Reject")
VOTERS_MOST = 1000
COUNT = "count votes"  # a kind of job; the payload is the post's id
Signals = list[tuple[str, Signal]]


class Question(msgspec.Struct, frozen=True):
    """What is to be decided. The poll of draft is made here."""

    draft: Draft
    who: tuple[Who, ...]
    quorum: int = 1
    open_for_s: int = 24 * 3600
    titles: tuple[str, str] = TITLES  # what the two choices are called


def ask(tx: Tx, author: int, question: Question, *, domain: str = "", chars_max: int = TEXT_CHARS_MAX) -> Approval:
    """Publish the question. Who is named decides, but for its author. Raises as posts.publish()."""
    poll = PollDraft(list(question.titles), question.open_for_s)
    draft = msgspec.structs.replace(question.draft, poll=poll)
    post = posts.publish(tx, author, draft, domain=domain, chars_max=chars_max)
    if known := rows.by_ids(tx, [post.id]).get(post.id):  # the same request again
        return known
    voters = who.who_see(tx, post, who.people(tx, question.who))
    if not 1 <= question.quorum <= len(voters):
        raise Invalid("quorum", "range", "must be 1 to as many as may see the post and vote: {has}", has=len(voters))
    if len(voters) > VOTERS_MOST:
        raise Invalid("who", "too_many", "must be at most {most} people, are {has}", most=VOTERS_MOST, has=len(voters))
    poll_rows.limit(tx, post.poll_id, voters)
    made = Approval(
        post_id=post.id,
        org_id=post.org_id,
        poll_id=post.poll_id,
        asked_by=author,
        quorum=question.quorum,
        until_ms=tx.now_ms + question.open_for_s * 1000,
        digest=decisions.digest_of(post),
        state=ApprovalState.OPEN,
        decided_ms=0,
    )
    rows.insert(tx, made)
    audit.note(tx, post.org_id, author, "ask for approval", "post", post.id)
    tx.emit(events.ApprovalAsked(author, post.id))
    return made


def on_voted(tx: Tx, event: events.PollVoted | events.PollEnded) -> Signals:
    """A job signs it, which has the key."""
    approval = rows.by_ids(tx, [event.post_id]).get(event.post_id)
    if approval and approval.state == ApprovalState.OPEN:
        voters = len(poll_rows.all_votes(tx, [approval.poll_id])[approval.poll_id])
        ended = isinstance(event, events.PollEnded)
        jobs.enqueue(tx, COUNT, of=event.post_id, key=f"{event.post_id} {voters} {ended}", payload=event.post_id)
    return []


def on_deleted(tx: Tx, event: events.PostDeleted) -> Signals:
    """Nobody decides on it any more."""
    approval = rows.locked(tx, event.post_id)
    if approval and approval.state == ApprovalState.OPEN and post_rows.by_id(tx, event.post_id) is None:
        _decide(tx, approval, ApprovalState.WITHDRAWN)
    return []


def on_asked(tx: Tx, event: events.ApprovalAsked) -> Signals:
    """Who may vote is told of the post."""
    approval, post = rows.by_ids(tx, [event.post_id]).get(event.post_id), post_rows.by_id(tx, event.post_id)
    if approval is None or post is None:
        return []
    voters = poll_rows.who_may_vote(tx, [approval.poll_id])[approval.poll_id]
    voters -= {one.account_id for one in post.mentioned}  # who are told of that
    return [signal for id in sorted(voters) for signal in notifications.remind(tx, id, post)]


def count(tx: Tx, post_id: int, signer: Signer) -> None:
    """Sign the votes that are not signed yet, and decide where they suffice, or the time is over. It may run twice."""
    approval = rows.locked(tx, post_id)
    if approval is None or approval.state != ApprovalState.OPEN:
        return
    signed = rows.decisions(tx, [post_id])[post_id]
    signed += _sign_new(tx, approval, signed, signer)
    voted = Counter(one.choice for one in signed)
    left = len(poll_rows.who_may_vote(tx, [approval.poll_id])[approval.poll_id]) - len(signed)
    if voted[decisions.APPROVE] >= approval.quorum:
        _decide(tx, approval, ApprovalState.APPROVED)
    elif voted[decisions.APPROVE] + left < approval.quorum:
        _decide(tx, approval, ApprovalState.REJECTED)
    elif approval.until_ms <= tx.now_ms:
        _decide(tx, approval, ApprovalState.EXPIRED)


def _sign_new(tx: Tx, approval: Approval, signed: list[Decision], signer: Signer) -> list[Decision]:
    known = {one.account_id for one in signed}
    votes = [one for one in poll_rows.all_votes(tx, [approval.poll_id])[approval.poll_id] if one[0] not in known]
    names = accounts.by_ids(tx, [id for id, _ in votes])
    made: list[Decision] = []
    before = decisions.hash_of(signed[-1], approval.digest) if signed else ""
    for id, position in votes:
        one = Decision(
            post_id=approval.post_id,
            number=len(signed) + len(made) + 1,
            account_id=id,
            name=names[id].username if id in names else "",
            choice=decisions.CHOICES[position],
            at_ms=tx.now_ms,
            before=before,
            signature="",
        )
        made.append(decisions.sign(signer, approval.org_id, one, approval.digest))
        rows.add_decision(tx, made[-1])
        before = decisions.hash_of(made[-1], approval.digest)
    return made


def _decide(tx: Tx, approval: Approval, state: ApprovalState) -> None:
    rows.decide(tx, approval.post_id, state, tx.now_ms)
    if state in (ApprovalState.APPROVED, ApprovalState.REJECTED):
        polls.end_now(tx, approval.poll_id)
    audit.note(tx, approval.org_id, approval.asked_by, state, "post", approval.post_id)


# shown


class Shown(NamedTuple):
    approval: Approval
    voters: set[int]
    approve: int  # votes so far; those of this moment are not signed yet
    reject: int
    decisions: list[Decision]


def get(tx: Tx, viewer_id: int, post_id: int) -> Shown:
    """For whoever may see the post. Raises NotFound."""
    found = shown(tx, [post_id]) if visibility.see_one(tx, viewer_id, post_id) else []
    if not found:
        raise NotFound("approval", post_id)
    return found[0]


def shown(tx: Tx, post_ids: Sequence[int]) -> list[Shown]:
    """The caller has asked the oracle about the posts. Four queries, whatever len(post_ids)."""
    found = rows.by_ids(tx, post_ids)
    polls = [one.poll_id for one in found.values()]
    votes, voters, signed = tx.together(
        lambda: poll_rows.all_votes(tx, polls),
        lambda: poll_rows.who_may_vote(tx, polls),
        lambda: rows.decisions(tx, list(found)),
    )

    def one(approval: Approval) -> Shown:
        voted = Counter(position for _, position in votes[approval.poll_id])
        return Shown(approval, voters[approval.poll_id], voted[0], voted[1], signed[approval.post_id])

    return [one(found[id]) for id in post_ids if id in found]


def page(tx: Tx, viewer_id: int, org_id: int, span: Span) -> Filled[int]:
    """The posts with an approval that the viewer may see, newest first."""
    return posts_seen(tx, viewer_id, span, lambda part: rows.page_of_org(tx, org_id, part))
