"""Which room a post is in, for whom that makes it, and who hears of it. access/visibility.py says who sees it.

A mention of a room puts the post there, whatever else was asked for. A reply is where its parent is. In a closed room
(a locked account) a post is for its members only, and only they hear of it: others who are named in it are not among
its mentions, so no client shows their names as links.
"""

from collections.abc import Sequence

from ..errors import Invalid
from ..ids import ID_MAX
from ..ports import Tx
from ..store import accounts, follows, mail_prefs, room_mails, rooms
from ..types import Account, AccountKind, Author, MailMode, Mention, Post, Span, Visibility
from ..wording import N_


def chosen(
    tx: Tx, author: int, named: Sequence[Account], parent: Post | None, quoted: Post | None, wanted: Visibility
) -> Account | None:
    """The room that a post is in which mentions named, answers parent and quotes quoted. No query where there is none.

    A direct reply that mentions no room is in none: it is said aside. Raises Invalid: several rooms; one that author is
    not in any more; an archived one.
    """
    mentioned = {one.id: one for one in named if one.kind == AccountKind.ROOM}
    came_from = {0}
    if parent and (mentioned or wanted != Visibility.DIRECT):
        came_from.add(parent.audience_id)
    if quoted and quoted.visibility == Visibility.FOLLOWERS:
        came_from.add(quoted.audience_id)
    ids = mentioned.keys() | came_from - {0}
    if len(ids) > 1:
        why = N_("is in one room at most, and would be in {has}: mention one, and answer where you were asked")
        raise Invalid("text", "rooms", why, has=len(ids))
    if not ids:
        return None
    (id,) = ids
    room = mentioned.get(id) or accounts.by_id(tx, id)
    if room is None or room.suspended_ms or (room.locked and id not in mentioned and not follows.get(tx, author, id)):
        raise _left()
    if rooms.is_archived(tx, id):
        raise Invalid("text", "archived", "is in a room that is closed for good: it can be read, not written in")
    return room


def check_guest(tx: Tx, author: Author | None, room: Account | None, audience: Visibility) -> None:
    """Raises Invalid: the author is a guest, who writes in the rooms that it is in, or aside to those it sees there."""
    if author is None or not author.is_guest or (room is None and audience == Visibility.DIRECT):
        return
    if room is None or not follows.get(tx, author.account_id, room.id):
        why = N_("must mention a room that you are in, such as @lounge: guests write there, or directly to those in it")
        raise Invalid("text", "rooms_only", why)


def check_edit(tx: Tx, post: Post) -> None:
    """Raises Invalid: the author is not in its room any more, or is a guest, and others would be told of the edit."""
    room = accounts.by_id(tx, post.audience_id) if post.audience_id else None
    if room and room.locked and not follows.get(tx, post.author_id, room.id):
        raise _left()
    if not room or not room.locked:
        check_guest(tx, accounts.author(tx, post.author_id), room, Visibility(post.visibility))


def _left() -> Invalid:
    return Invalid("text", "left", "would be in a room that you are not in any more")


def visibility_in(room: Account, wanted: Visibility) -> Visibility:
    """For whom a post in this room is: in an open one as wanted, but the room is more than one person."""
    return Visibility.FOLLOWERS if room.locked or wanted == Visibility.DIRECT else wanted


def told(tx: Tx, room: Account | None, audience: Visibility, author: int, named: Sequence[Account]) -> list[Mention]:
    """The mentions of a post. The room is always among them, so that who answers in any client mentions it, too."""
    found = {one.id: Mention(one.id, one.username) for one in named}
    if room is None:
        return list(found.values())
    others = found.keys() - {room.id, author}
    if others and audience == Visibility.FOLLOWERS:
        for id in others - follows.followers_among(tx, room.id, others):
            del found[id]
    return list(({room.id: Mention(room.id, room.username)} | found).values())


def edited(tx: Tx, post: Post, named: Sequence[Account]) -> list[Mention]:
    """told() for a new text of post, which stays where it is. Raises Invalid: it mentions another room."""
    if any(one.kind == AccountKind.ROOM and one.id != post.audience_id for one in named):
        raise Invalid("text", "moved", "cannot be moved into another room by an edit: write it there anew")
    room = accounts.by_id(tx, post.audience_id) if post.audience_id else None
    return told(tx, room, Visibility(post.visibility), post.author_id, named)


def not_told(post: Post, named: Sequence[Account]) -> list[Account]:
    """Those of named, whom the text of post names, who do not hear of it."""
    heard = {one.account_id for one in post.mentioned} | {post.author_id}
    return [one for one in named if one.id not in heard]


# who is in a room: a member is a follower, so these two are called with each follow (follows.py)

ROOMS_MAX = 500  # that one account is in
MEMBERS_MAX = 20_000


def enter(tx: Tx, account_id: int, room_id: int) -> None:
    """Raises Invalid: it is in ROOMS_MAX rooms already, or the room is full."""
    entered = rooms.of_member(tx, account_id)
    if len(entered) >= ROOMS_MAX and room_id not in entered:
        raise Invalid(
            "room", "too_many", "is one too many: you can be in {most} rooms; leave one first", most=ROOMS_MAX
        )
    states = accounts.states(tx, [room_id])
    if room_id in states and states[room_id].followers >= MEMBERS_MAX:
        raise Invalid("room", "full", "is full: {most} people are in it", most=MEMBERS_MAX)
    rooms.enter(tx, room_id, account_id)
    if mail_prefs.of(tx, account_id).mode in (MailMode.ROOMS, MailMode.ALL):
        room_mails.add(tx, account_id, [room_id])


def leave(tx: Tx, account_id: int, room_id: int) -> None:
    """Called when it does not follow the room any more. Who manages the room does so no more."""
    rooms.leave(tx, room_id, account_id)
    room_mails.remove(tx, account_id, [room_id])
    hand_on(tx, account_id, room_id)


def hand_on(tx: Tx, account_id: int, room_id: int) -> None:
    """It does not manage the room any more. If nobody else does, who has been in it longest does now."""
    roles = rooms.roles(tx, room_id)
    if not (role := roles.pop(account_id, "")):
        return
    rooms.set_role(tx, room_id, account_id, "")
    if not roles:
        oldest = follows.followers(tx, room_id, Span(before=ID_MAX, limit=2, oldest=True))
        if others := [one for _, one in reversed(oldest) if one != account_id]:
            rooms.set_role(tx, room_id, others[0], role)
