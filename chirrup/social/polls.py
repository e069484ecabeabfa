"""Polls: made with a post, one vote for each account, with an end. Rows are in store/polls.py."""

from collections.abc import Collection

import msgspec

from ..access import visibility
from ..errors import Invalid, NotFound
from ..events import PollEnded, PollVoted
from ..ids import bucket_of, ms_of
from ..ports import Tx
from ..store import jobs
from ..store import polls as rows
from ..store import posts as post_rows
from ..types import Poll, PollDraft, PollOption, Post
from . import text

OPTIONS_MAX = 4  # Mastodon's defaults, told to clients by GET /api/v2/instance
OPTION_CHARS_MAX = 50
EXPIRES_MIN_S = 300
EXPIRES_MAX_S = 2_629_746
ENDS = "poll ends"  # a kind of job; the payload is the poll's id


def create(tx: Tx, post: Post, draft: PollDraft) -> None:
    """The poll of a post that is being published, as post.poll_id. Raises Invalid."""
    titles = check(draft)
    rows.insert(
        tx,
        Poll(
            id=post.poll_id,
            post_id=post.id,
            author_id=post.author_id,
            expires_ms=tx.now_ms + draft.expires_in_s * 1000,
            multiple=int(draft.multiple),
            hide_totals=int(draft.hide_totals),
            voters=0,
            open_for_s=draft.expires_in_s,
        ),
        titles,
    )
    _will_end(tx, post.poll_id, tx.now_ms + draft.expires_in_s * 1000)


def _will_end(tx: Tx, poll_id: int, at_ms: int) -> None:
    """Enqueue the announcement of its end. If the end is changed, the job for the old one does nothing: see end()."""
    jobs.enqueue(tx, ENDS, of=poll_id, key=f"{poll_id} at {at_ms}", payload=poll_id, due_ms=at_ms)


def check(draft: PollDraft) -> list[str]:
    """The options, cleaned. Raises Invalid."""
    titles = [text.clean(title) for title in draft.options]
    if not 2 <= len(titles) <= OPTIONS_MAX:
        raise Invalid("poll", "options", "must have 2 to {most} options, has {has}", most=OPTIONS_MAX, has=len(titles))
    if not all(titles):
        raise Invalid("poll", "blank", "has an empty option: fill it in, or leave it out")
    if (longest := max(text.length(title) for title in titles)) > OPTION_CHARS_MAX:
        raise Invalid(
            "poll",
            "too_long",
            "options must have at most {most} characters, one has {has}",
            most=OPTION_CHARS_MAX,
            has=longest,
        )
    if len(set(titles)) != len(titles):
        raise Invalid("poll", "same", "has the same option twice: change one of them")
    if not EXPIRES_MIN_S <= draft.expires_in_s <= EXPIRES_MAX_S:
        raise Invalid(
            "poll",
            "time",
            "must be open for {least} to {most} seconds, asked are {asked}",
            least=EXPIRES_MIN_S,
            most=EXPIRES_MAX_S,
            asked=draft.expires_in_s,
        )
    return titles


def titles(tx: Tx, poll_id: int) -> list[str]:
    return [option.title for option in rows.options(tx, [poll_id])[poll_id]]


def as_draft(tx: Tx, poll_id: int) -> PollDraft:
    """The draft a poll was made from: change() with it changes nothing."""
    poll = rows.by_ids(tx, [poll_id])[poll_id]
    return PollDraft(titles(tx, poll_id), _open_for_s(poll), bool(poll.multiple), bool(poll.hide_totals))


def _open_for_s(poll: Poll) -> int:
    return poll.open_for_s or (poll.expires_ms - ms_of(poll.id)) // 1000


def change(tx: Tx, post: Post, draft: PollDraft | None) -> tuple[int, bool]:
    """(poll id of a post that is being edited, 0 for none; whether the poll has changed). Raises Invalid.

    Other options, or another "multiple", delete all votes; the id stays. After that, or with another duration, the
    duration counts from now.
    """
    poll = rows.by_ids(tx, [post.poll_id]).get(post.poll_id) if post.poll_id else None
    if draft is None:
        if poll and poll.limited:
            raise Invalid("poll", "limited", "The question cannot be changed while people decide on it: ask anew")
        if poll:
            delete(tx, poll.id)
        return 0, bool(poll)
    if poll is None:
        id = tx.new_id(bucket_of(post.author_id))
        create(tx, msgspec.structs.replace(post, poll_id=id), draft)
        return id, True

    before = titles(tx, poll.id)
    wanted = check(draft)
    anew = wanted != before or draft.multiple != bool(poll.multiple)
    moved = anew or draft.expires_in_s != _open_for_s(poll)
    if not moved and draft.hide_totals == bool(poll.hide_totals):
        return poll.id, False
    if poll.limited:
        raise Invalid("poll", "limited", "The question cannot be changed while people decide on it: ask anew")
    ends_ms = tx.now_ms + draft.expires_in_s * 1000 if moved else poll.expires_ms
    if moved:
        _will_end(tx, poll.id, ends_ms)
    rows.update(
        tx,
        msgspec.structs.replace(
            poll,
            expires_ms=ends_ms,
            multiple=int(draft.multiple),
            hide_totals=int(draft.hide_totals),
            open_for_s=draft.expires_in_s if moved else poll.open_for_s,
        ),
    )
    if anew:
        rows.begin_anew(tx, poll.id, wanted)
    return poll.id, True


def end_now(tx: Tx, poll_id: int) -> None:
    """Its end is announced like any other."""
    rows.end_at(tx, poll_id, tx.now_ms)
    _will_end(tx, poll_id, tx.now_ms)


def delete(tx: Tx, poll_id: int) -> None:
    rows.delete(tx, poll_id)


class ShownPoll(msgspec.Struct, frozen=True):
    """A poll as a viewer sees it."""

    poll: Poll
    options: list[PollOption]
    chosen: list[int]  # positions of the viewer's votes
    ended: bool
    totals_hidden: bool  # until it has ended


def shown(tx: Tx, viewer_id: int, ids: Collection[int]) -> dict[int, ShownPoll]:
    """poll id -> poll. The caller must have asked the oracle about their posts. Three queries, whatever len(ids)."""
    found, options, votes = tx.together(
        lambda: rows.by_ids(tx, ids),
        lambda: rows.options(tx, ids),
        lambda: rows.votes_of(tx, viewer_id, ids) if viewer_id else {},
    )

    def one(poll: Poll) -> ShownPoll:
        ended = bool(poll.expires_ms) and poll.expires_ms <= tx.now_ms
        return ShownPoll(poll, options[poll.id], votes.get(poll.id, []), ended, bool(poll.hide_totals) and not ended)

    return {id: one(poll) for id, poll in found.items()}


def get(tx: Tx, viewer_id: int, id: int) -> Poll:
    """Raises NotFound: absent, or its post hidden from viewer_id."""
    poll = rows.by_ids(tx, [id]).get(id)
    if poll is None or not visibility.see_one(tx, viewer_id, poll.post_id):
        raise NotFound("poll", id)
    return poll


def vote(tx: Tx, voter: int, poll: Poll, choices: list[int]) -> None:
    """Count voter's choices (positions) in a poll from get(). Raises Invalid."""
    now = rows.add_voter(tx, poll.id)  # an edit may have changed it since
    if now is None:
        raise NotFound("poll", poll.id)
    poll, options = now, rows.options(tx, [poll.id])[poll.id]
    chosen = sorted(set(choices))
    if poll.expires_ms and poll.expires_ms <= tx.now_ms:
        raise Invalid("poll", "ended", "The poll has already ended")
    if poll.author_id == voter:
        raise Invalid("poll", "own", "You cannot vote in your own polls")
    if poll.limited and not rows.may_vote(tx, poll.id, voter):
        raise Invalid("poll", "limited", "Only the people who are asked vote on this")
    if not chosen or not all(0 <= position < len(options) for position in chosen):
        raise Invalid("choices", "unknown", "The chosen vote option does not exist")
    if (len(chosen) > 1 and not poll.multiple) or rows.votes_of(tx, voter, [poll.id]):
        raise Invalid("poll", "voted", "You have already voted on this poll")
    rows.vote(tx, poll.id, voter, chosen)
    post_rows.touch(tx, poll.post_id)
    tx.emit(PollVoted(poll.author_id, poll.post_id))


def due(tx: Tx, limit: int) -> list[int]:
    """Polls that have ended and whose end has not been announced."""
    return [poll.id for poll in rows.due(tx, limit)]


def end(tx: Tx, poll_id: int) -> None:
    """Announce the end of a poll, once, if it has ended."""
    poll = rows.by_ids(tx, [poll_id]).get(poll_id)
    if poll and 0 < poll.expires_ms <= tx.now_ms and rows.mark_ended(tx, poll.id):
        tx.emit(PollEnded(poll.author_id, poll.post_id))
