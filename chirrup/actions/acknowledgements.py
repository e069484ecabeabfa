"""Posts that must be acknowledged: who is asked, who has, reminders, and who is asked next.

Whoever is asked is fixed when they are asked. To favourite the post is to acknowledge it, for good. What a plain client
shows is the content warning, and a notification with each reminder. docs/decisions/0078-acknowledgements.md
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from .. import events
from ..access import visibility
from ..access.fill import Filled, fill
from ..access.fill import posts as posts_seen
from ..access.roles import Permission
from ..errors import Invalid, NotAllowed, NotFound
from ..events import Signal
from ..ports import Tx
from ..social import audit, notifications, polls, posts, staff
from ..store import accounts, chains, jobs, reactions
from ..store import acks as rows
from ..store import posts as post_rows
from ..store import rooms as room_rows
from ..types import Ack, AckRequest, AckState, Draft, Enough, Post, Span, Who
from . import who

DUE = "acknowledgement due"  # a kind of job; the payload is Due
REMINDERS = 3  # where there is no chain
STEP = 100  # accounts that are told in one transaction
MINUTES_MOST = 30 * 24 * 60
WARNING = "Please acknowledge: star this"
FAVOURITE = "favourite"

Signals = list[tuple[str, Signal]]


class Due(msgspec.Struct, frozen=True):
    post_id: int
    round: int


class Asking(msgspec.Struct, frozen=True):
    """What somebody asks for."""

    who: tuple[Who, ...]
    within_minutes: int = 24 * 60
    enough: str = Enough.ALL
    chain_id: int = 0


def ask(tx: Tx, by: int, post_id: int, wanted: Asking, *, as_rule: bool = False) -> AckRequest:
    """Ask people to acknowledge a post: its author; or a rule, in the name of `by`, who sees it.

    Raises NotFound; Invalid: nobody who is named may see it, or it asks already; NotAllowed: not theirs to ask.
    """
    post = visibility.see_one(tx, by, post_id)
    if post is None or post.boost_of_id or (post.author_id != by and not as_rule):
        raise NotFound("post", post_id)
    if not 1 <= wanted.within_minutes <= MINUTES_MOST:
        raise Invalid("within_minutes", "range", "must be 1 to {most}", most=MINUTES_MOST)
    if wanted.enough not in list(Enough):
        raise Invalid("enough", "unknown", "must be all or one")
    chain = chains.by_id(tx, wanted.chain_id) if wanted.chain_id else None
    if wanted.chain_id and (chain is None or chain.org_id != post.org_id):
        raise NotFound("chain", wanted.chain_id)
    if not as_rule:
        _check_may(tx, by, post, wanted)
    asked = who.who_see(tx, post, who.people(tx, wanted.who))
    if not asked:
        raise Invalid("who", "nobody", "must name at least one other person who may see the post")
    within_ms = wanted.within_minutes * 60_000
    made = AckRequest(
        post_id=post_id,
        org_id=post.org_id,
        asked_by=by,
        enough=wanted.enough,
        within_ms=within_ms,
        chain_id=wanted.chain_id,
        rounds=0,
        due_ms=tx.now_ms + within_ms,
        state=AckState.OPEN,
        asked_ms=tx.now_ms,
    )
    if not rows.insert_request(tx, made):
        raise Invalid("post", "asked", "asks to be acknowledged already")
    rows.add(tx, post_id, asked, tx.now_ms)
    _put_warning(tx, post)
    _will_be_due(tx, made)
    tx.emit(events.AckAsked(post.author_id, post_id))
    if by != post.author_id or not _is_small(wanted):
        audit.note(tx, post.org_id, by, "ask to acknowledge", "post", post_id)
    return made


def _check_may(tx: Tx, by: int, post: Post, wanted: Asking) -> None:
    """Raises NotAllowed. Everybody may ask whom the post mentions, a manager the room, and who announces anybody."""
    if staff.may(tx, post.org_id, by, Permission.MANAGE_ANNOUNCEMENTS):
        return
    if wanted.chain_id:
        raise NotAllowed("only those who make announcements ask by a chain")
    mentioned = {one.account_id for one in post.mentioned}
    managed = room_rows.roles_of(tx, by, [one.id for one in wanted.who if one.kind == "room"])
    for one in wanted.who:
        if not (one.id in mentioned if one.kind == "account" else one.kind == "room" and one.id in managed):
            raise NotAllowed("ask those whom the post mentions, or the room that you manage; others ask who announces")


def _is_small(wanted: Asking) -> bool:
    return all(one.kind == "account" for one in wanted.who)


def _put_warning(tx: Tx, post: Post) -> None:
    """In the post's content warning, which every client shows. Its author's own words stay behind it."""
    summary = f"{WARNING}. {post.summary}" if post.summary else WARNING
    draft = Draft(
        text=post.text,
        summary=summary,
        sensitive=bool(post.sensitive),
        media_ids=tuple(post.media),
        poll=polls.as_draft(tx, post.poll_id) if post.poll_id else None,
    )
    posts.edit(tx, post.author_id, post.id, draft, chars_max=len(post.text) + len(summary) + 1)


def _will_be_due(tx: Tx, request: AckRequest) -> None:
    """If the request moves on meanwhile, the job does nothing: see come_due()."""
    due = Due(request.post_id, request.rounds)
    key = f"{request.post_id} {request.rounds}"
    jobs.enqueue(tx, DUE, of=request.post_id, key=key, payload=due, due_ms=request.due_ms)


def come_due(tx: Tx, due: Due) -> None:
    """Remind those who are asked, and ask who is next."""
    request, post = rows.request_of(tx, due.post_id, in_turn=True), post_rows.by_id(tx, due.post_id)
    if request is None or request.state != AckState.OPEN or request.rounds != due.round:
        return
    if post is None:
        rows.set_progress(tx, msgspec.structs.replace(request, state=AckState.OVER, due_ms=0))
        return
    chain = chains.by_id(tx, request.chain_id) if request.chain_id else None
    steps = chain.all_steps if chain else []
    rounds = request.rounds + 1
    last = len(steps) * (1 + chain.repeats) if chain and steps else REMINDERS
    if rounds > last:
        rows.set_progress(tx, msgspec.structs.replace(request, state=AckState.OVER, due_ms=0))
        tx.emit(events.AckOver(post.author_id, post.id))
        return
    pause_ms = request.within_ms
    if steps:
        step = steps[(rounds - 1) % len(steps)]
        rows.add(tx, post.id, who.who_see(tx, post, who.people(tx, step.who)), tx.now_ms)
        pause_ms = step.minutes * 60_000
    request = msgspec.structs.replace(request, rounds=rounds, due_ms=tx.now_ms + pause_ms)
    rows.set_progress(tx, request)
    _will_be_due(tx, request)
    tx.emit(events.AckAsked(post.author_id, post.id, rounds))


def on_asked(tx: Tx, event: events.AckAsked) -> Signals:
    """Tell a step of those who have not acknowledged it; the others come with the next event."""
    request, post = rows.request_of(tx, event.post_id), post_rows.by_id(tx, event.post_id)
    if request is None or post is None or request.state != AckState.OPEN:
        return []
    told: Signals = []
    missing = rows.missing(tx, post.id, event.after, STEP)
    for id in missing:
        rows.wait_for(tx, id, post.id)
        told += notifications.remind(tx, id, post)
    if len(missing) == STEP:
        tx.emit(msgspec.structs.replace(event, after=missing[-1]))
    return told


def on_over(tx: Tx, event: events.AckOver) -> Signals:
    """Who asked is told that it is over and somebody is missing."""
    request, post = rows.request_of(tx, event.post_id), post_rows.by_id(tx, event.post_id)
    return notifications.remind(tx, request.asked_by, post) if request and post else []


def on_favourited(tx: Tx, event: events.Favourited) -> Signals:
    acknowledge(tx, event.of, event.post_id, FAVOURITE)
    return []


def acknowledge(tx: Tx, account_id: int, post_id: int, via: str) -> bool:
    """It stays acknowledged, whatever the account does later. via: how. False: not asked, or done already."""
    if not rows.acknowledge(tx, post_id, account_id, tx.now_ms, via):
        return False
    rows.waited_for(tx, account_id, post_id)
    request = rows.request_of(tx, post_id, in_turn=True)
    if request is None or request.state != AckState.OPEN:
        return True
    if request.enough == Enough.ONE or not rows.missing(tx, post_id, 0, 1):
        rows.set_progress(tx, msgspec.structs.replace(request, state=AckState.DONE, due_ms=0))
    return True


# shown


class Report(NamedTuple):
    request: AckRequest
    asked: list[Ack]  # in the order in which they were asked
    names: dict[int, str]  # of those who are still there


def report(tx: Tx, viewer_id: int, post_id: int) -> Report:
    """Who has acknowledged it and who has not: for its author, who asked, and who announces. Raises NotFound."""
    request, post = rows.request_of(tx, post_id), visibility.see_one(tx, viewer_id, post_id)
    if request is None or post is None:
        raise NotFound("post", post_id)
    knows = viewer_id in (post.author_id, request.asked_by)
    if not knows and not staff.may(tx, request.org_id, viewer_id, Permission.MANAGE_ANNOUNCEMENTS):
        raise NotFound("post", post_id)
    asked = _with_newest(tx, post_id, rows.of_post(tx, post_id))
    found = accounts.by_ids(tx, {one.account_id for one in asked})
    return Report(request, asked, {id: one.username for id, one in found.items()})


def _with_newest(tx: Tx, post_id: int, asked: list[Ack]) -> list[Ack]:
    """What was favourited just now counts, though its event has not been handled."""
    missing = {one.account_id for one in asked if not one.acked_ms}
    late = reactions.favouriters_among(tx, post_id, missing) if missing else set[int]()
    return [
        msgspec.structs.replace(one, acked_ms=tx.now_ms, via=FAVOURITE) if one.account_id in late else one
        for one in asked
    ]


def progress(tx: Tx, post_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """post -> (how many are asked, how many have acknowledged it). The caller has asked the oracle about the posts."""
    return rows.progress(tx, post_ids)


def requests(tx: Tx, post_ids: Collection[int]) -> dict[int, AckRequest]:
    """post -> its request. The caller has asked the oracle about the posts."""
    return rows.requests_of(tx, post_ids)


def asked_by(tx: Tx, viewer_id: int, span: Span) -> Filled[int]:
    """The posts with which the viewer asks, newest first; of others, too, for who announces."""
    account = accounts.by_id(tx, viewer_id)
    if account is None:
        return Filled([])
    everybody = staff.may(tx, account.org_id, viewer_id, Permission.MANAGE_ANNOUNCEMENTS)
    asker = 0 if everybody else viewer_id
    return posts_seen(tx, viewer_id, span, lambda part: rows.page_of_org(tx, account.org_id, part, asked_by=asker))


def waiting(tx: Tx, viewer_id: int, span: Span) -> Filled[int]:
    """The posts that wait for the viewer to acknowledge them, newest first."""

    def left(ids: Sequence[int]) -> list[int]:
        seen = visibility.see(tx, viewer_id, ids).posts
        done = reactions.flags(tx, viewer_id, list(seen.values()))
        open_ = rows.requests_of(tx, ids)
        return [
            id
            for id in ids
            if id in seen and id in open_ and open_[id].state != AckState.DONE
            if not (id in done and done[id].favourited)
        ]

    return fill(span, lambda part: rows.waiting(tx, viewer_id, part), left, key=int)
