"""All events. Each is written to the outbox in the same transaction as the rows it announces.

workers/subscribers.py says who reacts to what. An event has ids, and values that are gone when it is handled (who
received a post that is now deleted), but no text. `of` is the actor's id: it gives the bucket, and events of one actor
are handled in order.
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
    left_link: str = ""  # which the post had before; "": it has the same


class PostSpreading(Event, frozen=True):
    """A post (kind "update"), its edit or its deletion still has to reach more readers than one step handles."""

    post_id: int
    kind: str
    cursor: tuple[int, int]  # timelines/fanout.py: where to continue


class PostDeleted(Event, frozen=True):
    post_id: int
    boost_of_id: int
    media_keys: list[str]
    link: str = ""


class BoostedDeleted(Event, frozen=True):
    """of: the author of a deleted post, whose boosts are deleted too."""

    post_id: int


class Unlocked(Event, frozen=True):
    """New follows of this account need no approval any more."""


class Followed(Event, frozen=True):
    target_id: int


class FollowChanged(Event, frozen=True):
    """The follower wants other posts of the target than before."""

    target_id: int


class FollowRequested(Event, frozen=True):
    target_id: int


class FollowAnswered(Event, frozen=True):
    """of: the account that accepted or rejected the request."""

    follower_id: int


class Unfollowed(Event, frozen=True):
    """A follow, or a follow request, has ended."""

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


class PostChanged(Event, frozen=True):
    """Nobody edited it, but what is shown of it is different: a quote was taken back, or others may quote it.

    of: its author, so that its stream events keep their order.
    """

    post_id: int


class PollEnded(Event, frozen=True):
    post_id: int


class AckAsked(Event, frozen=True):
    """of: the post's author. People are asked to acknowledge it, or reminded."""

    post_id: int
    round: int = 0
    after: int = 0  # the account up to which they have been told


class AckOver(Event, frozen=True):
    """of: the post's author. Nobody is reminded any more, and somebody has not acknowledged it."""

    post_id: int


class ApprovalAsked(Event, frozen=True):
    """of: the post's author. Certain people are asked to decide."""

    post_id: int


class PollVoted(Event, frozen=True):
    """of: the poll's author, so that its stream events keep their order."""

    post_id: int


class PostsImported(Event, frozen=True):
    """Posts of `of` came in at old dates, so the timelines that they belong to are stale."""

    after: int = 0  # a follow: those up to it are dealt with


class Collected(Event, frozen=True):
    """of: who recommends target in this collection."""

    collection_id: int
    target_id: int


class Uncollected(Event, frozen=True):
    """of: whose collection target is not in any more."""

    collection_id: int
    target_id: int


class CollectionChanged(Event, frozen=True):
    """Its words, not who is in it. of: whose it is."""

    collection_id: int


class ListChanged(Event, frozen=True):
    """Members or rules changed, so the list's cached timeline is stale."""

    list_id: int


class FiltersChanged(Event, frozen=True):
    """of: whose they are."""


class TagFollowsChanged(Event, frozen=True):
    """of: the follower, whose home is stale."""


class AccountChanged(Event, frozen=True):
    """Profile, suspension or deletion."""


class PicturesReplaced(Event, frozen=True):
    """Picture files that the profile, or the card of a link, does not show any more."""

    media_keys: list[str]


class NotificationsMerged(Event, frozen=True):
    """What was held back of accepted requests is among the notifications of this account."""


class SignedUp(Event, frozen=True):
    """An account was made by whoever wanted it. It may have to be let in, or its address to be confirmed."""


class BansChanged(Event, frozen=True):
    """Other IP addresses are let nowhere. of: the ban."""


class RulesChanged(Event, frozen=True):
    """Workers must read them again. of: the organisation."""


class Reported(Event, frozen=True):
    """of: who reports."""

    report_id: int


class Warned(Event, frozen=True):
    """of: whom staff gave a strike."""

    strike_id: int


class AnnouncementPublished(Event, frozen=True):
    """of: the announcement, as in the next two: they are ordered for each announcement."""

    org_id: int


class AnnouncementEnded(Event, frozen=True):
    org_id: int


class AnnouncementReacted(Event, frozen=True):
    """Somebody reacted with this emoji, or took that back."""

    org_id: int
    name: str


class AccessEnded(Event, frozen=True):
    """Tokens or sessions have ended: their open streams must close. token_ids: empty means all of the account's.

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
    | AckAsked
    | AckOver
    | ApprovalAsked
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
    | PostChanged
    | PollEnded
    | PollVoted
    | PostsImported
    | Collected
    | Uncollected
    | CollectionChanged
    | ListChanged
    | FiltersChanged
    | TagFollowsChanged
    | AccountChanged
    | PicturesReplaced
    | NotificationsMerged
    | AnnouncementPublished
    | AnnouncementEnded
    | AnnouncementReacted
    | AccessEnded
    | SignedUp
    | BansChanged
    | RulesChanged
    | Reported
    | Warned
)

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(ANY).decode


class _Kind(msgspec.Struct, array_like=True):
    name: Annotated[str, msgspec.Meta(pattern="^[A-Z][A-Za-z0-9]{,60}$")]
    of: int


_KINDS = {kind.__name__ for kind in get_args(ANY)}
_kind = msgspec.json.Decoder(_Kind).decode


def is_newer(body: str) -> bool:
    """Whether decode() failed because the event's kind is not in ANY: a newer version wrote it."""
    try:
        return _kind(body).name not in _KINDS
    except (msgspec.DecodeError, RecursionError):
        return False


class Signal(msgspec.Struct, frozen=True, array_like=True):
    """What the broker tells open streams: that there is something to read, never the content.

    kind: "update", "status.update", "delete", "notification", "conversation", "filters_changed", "announcement",
    "announcement.reaction", "announcement.delete" (Mastodon's names of stream events), or "end": the tokens of this
    account, or those in tokens, have ended.
    Channels: user:<account id>, notifications:<account id>, direct:<account id>, list:<list id>, hashtag:<tag>,
    public, announcements. A signal may come twice.
    """

    kind: str
    id: int  # of the post, notification, conversation or announcement; the version of the filters
    of: int  # the account that did it; of announcements, the organisation
    tokens: list[str] = []
    name: str = ""  # of a reaction to an announcement

    @property
    def packed(self) -> bytes:
        return encode(self)


unpack = msgspec.json.Decoder(Signal).decode
