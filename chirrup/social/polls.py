"""Polls: made with a post, voted on once, closed by time. Rows are in store/polls.py."""

import msgspec

from ..access import visibility
from ..errors import Invalid, NotFound
from ..events import PollEnded, PollVoted
from ..ids import bucket_of
from ..ports import Tx
from ..store import polls as rows
from ..store import posts as post_rows
from ..types import Poll, PollDraft, Post
from . import text

OPTIONS_MAX = 4  # Mastodon's defaults, told to clients by GET /api/v2/instance
OPTION_CHARS_MAX = 50
EXPIRES_MIN_S = 300
EXPIRES_MAX_S = 2_629_746


def create(tx: Tx, post: Post, draft: PollDraft) -> None:
    """The poll of a post that is being published, as post.poll_id. Raises Invalid."""
    titles = _checked(draft)
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
        ),
        titles,
    )


def _checked(draft: PollDraft) -> list[str]:
    titles = [text.clean(title) for title in draft.options]
    if not 2 <= len(titles) <= OPTIONS_MAX:
        raise Invalid("poll", f"must have 2 to {OPTIONS_MAX} options, has {len(titles)}")
    if not all(titles):
        raise Invalid("poll", "has an empty option")
    if (longest := max(text.length(title) for title in titles)) > OPTION_CHARS_MAX:
        raise Invalid("poll", f"options must have at most {OPTION_CHARS_MAX} characters, one has {longest}")
    if len(set(titles)) != len(titles):
        raise Invalid("poll", "has the same option twice")
    if not EXPIRES_MIN_S <= draft.expires_in_s <= EXPIRES_MAX_S:
        raise Invalid(
            "poll", f"must be open for {EXPIRES_MIN_S} to {EXPIRES_MAX_S} seconds, asked are {draft.expires_in_s}"
        )
    return titles


def titles(tx: Tx, poll_id: int) -> list[str]:
    return [option.title for option in rows.options(tx, [poll_id])[poll_id]]


def change(tx: Tx, post: Post, draft: PollDraft | None) -> int:
    """The poll of an edited post: kept when the options are the same, else begun anew without votes. Its id, or 0."""
    if draft is None:
        if post.poll_id:
            delete(tx, post.poll_id)
        return 0
    if post.poll_id and titles(tx, post.poll_id) == _checked(draft):
        return post.poll_id
    if post.poll_id:
        delete(tx, post.poll_id)
    id = tx.new_id(bucket_of(post.author_id))
    create(tx, _with_poll(post, id), draft)
    return id


def _with_poll(post: Post, poll_id: int) -> Post:
    return msgspec.structs.replace(post, poll_id=poll_id)


def delete(tx: Tx, poll_id: int) -> None:
    rows.delete(tx, poll_id)


def get(tx: Tx, viewer_id: int, id: int) -> Poll:
    """Raises NotFound: absent, or its post hidden from viewer_id."""
    poll = rows.by_ids(tx, [id]).get(id)
    if poll is None or not visibility.see_one(tx, viewer_id, poll.post_id):
        raise NotFound("poll", id)
    return poll


def vote(tx: Tx, voter: int, poll: Poll, choices: list[int]) -> None:
    """Count voter's choices (positions) in a poll that get() gave.

    Raises Invalid in the words that Mastodon's clients compare.
    """
    options = rows.options(tx, [poll.id])[poll.id]
    chosen = sorted(set(choices))
    if poll.expires_ms and poll.expires_ms <= tx.now_ms:
        raise Invalid("poll", "has ended", message="Validation failed: The poll has already ended")
    if poll.author_id == voter:
        raise Invalid("poll", "is your own", message="Validation failed: You cannot vote in your own polls")
    if not chosen or not all(0 <= position < len(options) for position in chosen):
        raise Invalid(
            "choices", "must be of the poll", message="Validation failed: The chosen vote option does not exist"
        )
    rows.add_voter(tx, poll.id)
    if (len(chosen) > 1 and not poll.multiple) or rows.votes_of(tx, voter, [poll.id]):
        raise Invalid("poll", "was voted on", message="Validation failed: You have already voted on this poll")
    rows.vote(tx, poll.id, voter, chosen)
    post_rows.touch(tx, poll.post_id)
    tx.emit(PollVoted(poll.author_id, poll.post_id))


def due(tx: Tx, limit: int) -> list[Poll]:
    """Polls whose time is over and whose end has not been announced."""
    return rows.due(tx, limit)


def end(tx: Tx, poll: Poll) -> None:
    """Announce the end of a poll that is due, once."""
    if rows.mark_ended(tx, poll.id):
        tx.emit(PollEnded(poll.author_id, poll.post_id))
