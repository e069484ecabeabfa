"""Everything that can have happened. Each is written to the outbox with the rows it announces.

Who reacts to what: workers/subscribers.py. An event carries ids and the little that is gone once it is handled
(who received a post that is now deleted), never text. `of` is the actor's id: its bucket, and events of one
actor are handled in order.
"""

from typing import Annotated, get_args

import msgspec


class Event(msgspec.Struct, frozen=True, tag_field="type", array_like=True):
    of: int


class PostPublished(Event, frozen=True):
    post_id: int
    reply_to_id: int = 0
    reply_to_author_id: int = 0


class PostEdited(Event, frozen=True):
    post_id: int


class PostSpreading(Event, frozen=True):
    """A post (kind "update"), its edit or its deletion is on its way to more readers than one turn takes."""

    post_id: int
    kind: str
    place: tuple[int, int]  # timelines/fanout.py: where to go on


class PostDeleted(Event, frozen=True):
    post_id: int
    boost_of_id: int
    media_keys: list[str]


class BoostedDeleted(Event, frozen=True):
    """of: the author of a post that is gone; its boosts go with it."""

    post_id: int


class Unlocked(Event, frozen=True):
    """Whoever follows needs no approval any more."""


class Followed(Event, frozen=True):
    target_id: int


class FollowChanged(Event, frozen=True):
    """Which of the target's posts the follower wants."""

    target_id: int


class FollowRequested(Event, frozen=True):
    target_id: int


class FollowAnswered(Event, frozen=True):
    """of: who was asked, and accepted or rejected."""

    follower_id: int


class Unfollowed(Event, frozen=True):
    """A follow, or a request to, has ended."""

    target_id: int


class Blocked(Event, frozen=True):
    target_id: int


class Muted(Event, frozen=True):
    target_id: int


class Favourited(Event, frozen=True):
    post_id: int


class Unfavourited(Event, frozen=True):
    post_id: int


class Unboosted(Event, frozen=True):
    post_id: int  # the original


class PollEnded(Event, frozen=True):
    post_id: int


class PollVoted(Event, frozen=True):
    """of: the poll's author, so that its stream events keep order."""

    post_id: int


class ListChanged(Event, frozen=True):
    """Members or rules changed: the cached timeline of the list is stale."""

    list_id: int


class TagFollowsChanged(Event, frozen=True):
    """of: the follower; home is stale."""


class AccountChanged(Event, frozen=True):
    """Profile, suspension or deletion."""


class PicturesReplaced(Event, frozen=True):
    """Files of a profile that are shown no more."""

    media_keys: list[str]


class AccessEnded(Event, frozen=True):
    """Tokens or sessions are dead: their open streams must close. token_ids: empty means all of the account's.

    of: the account; for an app's own token, which has none, the app.
    """

    token_ids: list[str]


ANY = (
    PostPublished
    | PostEdited
    | PostSpreading
    | PostDeleted
    | BoostedDeleted
    | Unlocked
    | Followed
    | FollowChanged
    | FollowRequested
    | FollowAnswered
    | Unfollowed
    | Blocked
    | Muted
    | Favourited
    | Unfavourited
    | Unboosted
    | PollEnded
    | PollVoted
    | ListChanged
    | TagFollowsChanged
    | AccountChanged
    | PicturesReplaced
    | AccessEnded
)

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(ANY).decode


class _Kind(msgspec.Struct, array_like=True):
    name: Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Za-z0-9]{,60}$")]
    of: int


_KINDS = {kind.__name__ for kind in get_args(ANY)}
_kind = msgspec.json.Decoder(_Kind).decode


def is_newer(body: str) -> bool:
    """What decode() cannot read is an event of a kind that is not among ANY: a newer version's."""
    try:
        return _kind(body).name not in _KINDS
    except (msgspec.DecodeError, RecursionError):
        return False


class Signal(msgspec.Struct, frozen=True, array_like=True):
    """What open streams are told over the broker: that something is there to be read, never its content.

    kind: "update", "status.update", "delete", "notification", "conversation" (Mastodon's names of stream events),
    or "end": the tokens of this account, or those in tokens, are dead.
    Channels: user:<account id>, notifications:<account id>, direct:<account id>, list:<list id>, hashtag:<tag>,
    public. A signal may come twice.
    """

    kind: str
    id: int  # of the post, notification or conversation
    of: int  # the account that did it
    tokens: list[str] = []

    @property
    def packed(self) -> bytes:
        return encode(self)


unpack = msgspec.json.Decoder(Signal).decode
