"""Which mails follow from what happens: jobs, written with what they follow from. mail/told.py makes and sends them.

Whether a mail is still wanted then, and may be read, is asked when it is sent.
"""

from collections.abc import Collection

import msgspec

from ..access.emails import DESTINATION
from ..events import Signal
from ..ports import Tx
from ..store import jobs, posts, room_mails
from ..store import mail_prefs as rows
from ..types import MailMode, Notification, NotificationKind, Post
from . import mail_prefs

TOLD, ROOM = "mail_told", "mail_room"  # kinds of jobs: one mail for one account; a post for who wants all of its room
AWAY_MS = 10 * 60_000  # whoever reads here within this time needs no mail
TOGETHER_MAX = 100  # posts in one mail; the others are in the next
STEP = 200  # accounts that get their job in one transaction
_MENTIONS = frozenset(
    (NotificationKind.MENTION, NotificationKind.QUOTE, NotificationKind.POLL, NotificationKind.FOLLOW_REQUEST)
)
KINDS = {  # favourites and boosts are in digests only: nobody has to answer them
    MailMode.NONE: frozenset[NotificationKind](),
    MailMode.MENTIONS: _MENTIONS,
    MailMode.ROOMS: _MENTIONS,
    MailMode.ALL: _MENTIONS | {NotificationKind.POST, NotificationKind.FOLLOW},
}


class Told(msgspec.Struct, frozen=True):
    """The payload of TOLD. Those of one account and one thread that wait are sent as one mail."""

    account_id: int
    told_id: int = 0  # the notification; 0: none, it is for who wants every post of the room
    post_id: int = 0  # 0: it is about no post
    root_id: int = 0  # the thread that it goes on; 0: none

    @property
    def joins(self) -> tuple[int, int]:
        """The same for what goes into one mail."""
        return self.root_id, 0 if self.root_id else self.post_id


class InRoom(msgspec.Struct, frozen=True):
    """The payload of ROOM."""

    post_id: int


def notified(tx: Tx, told: Notification, post: Post | None, chosen: str | None = None) -> None:
    """There is a new notification. chosen: the account's mode, if the caller has it; it costs a query if not."""
    chosen = rows.of(tx, told.account_id).mode if chosen is None else chosen
    mode = mail_prefs.mode_of(chosen)
    if told.kind not in KINDS[mode]:
        return
    at_once = mode in mail_prefs.EVERY_ROOM_POST  # their mail program is where they read
    of_poll = told.kind == NotificationKind.POLL
    key = str(post.id) if post and not of_poll else f"told {told.id}"
    wanted = Told(told.account_id, told.id, told.about_post_id, post.root_id if post and not of_poll else 0)
    _enqueue(tx, wanted, key, due_ms=0 if at_once else tx.now_ms + AWAY_MS)


def on_published(tx: Tx, post: Post) -> list[tuple[str, Signal]]:
    """A post in a room."""
    if room_mails.readers(tx, post.audience_id, after=0, limit=1):
        jobs.enqueue(tx, ROOM, of=post.id, key=str(post.id), payload=InRoom(post.id))
    return []


def spread(tx: Tx, post_id: int, after: int) -> int:
    """The jobs of the next STEP who want every post of the room. Go on after the id returned; 0: that was all."""
    post = posts.by_id(tx, post_id)
    if post is None:
        return 0
    readers = room_mails.readers(tx, post.audience_id, after=after, limit=STEP)
    for account_id in readers:
        if account_id != post.author_id:
            _enqueue(tx, Told(account_id, 0, post.id, post.root_id), str(post.id), due_ms=0)
    return readers[-1] if len(readers) == STEP else 0


def _enqueue(tx: Tx, wanted: Told, key: str, *, due_ms: int) -> None:
    of = wanted.account_id
    jobs.enqueue(
        tx,
        TOLD,
        of=of,
        key=f"{of} {key}",
        payload=wanted,
        due_ms=due_ms,
        destination=DESTINATION,
        order=str(of),
    )


def waiting(tx: Tx, wanted: Told) -> dict[int, Told]:
    """Other mails to the account that wait and go into the same one: of the same thread, or about no post. By job."""
    found = jobs.in_order(tx, TOLD, of=wanted.account_id, order=str(wanted.account_id), limit=TOGETHER_MAX)
    others = {job.id: msgspec.json.decode(job.payload, type=Told) for job in found}
    return {id: one for id, one in others.items() if one.joins == wanted.joins}


def done(tx: Tx, ids: Collection[int]) -> None:
    """These waiting jobs went along with another one."""
    jobs.drop(tx, list(ids))
