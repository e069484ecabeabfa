"""Makes events from signals. A post is read once for all listeners and rendered once for all who see it the same way.

All functions take a transaction. Each event passes access/visibility.py at the moment it is sent.
"""

from collections.abc import Collection, Iterable

import msgspec

from ..access import visibility
from ..access.visibility import Seen
from ..errors import NotFound
from ..events import Signal
from ..mastodon.render import Renderer
from ..ports import Tx
from ..social import notifications
from ..store import accounts, blocks_and_mutes, conversations, posts, reactions
from ..store.blocks_and_mutes import Relations
from ..timelines.position import place_of
from ..types import AccountState, Post

_encode = msgspec.json.Encoder().encode


class Ask(msgspec.Struct, frozen=True):
    """A signal and the accounts that might be sent it (0: a reader who is not logged in)."""

    signal: Signal
    viewers: set[int]
    strangers: set[int]  # those of viewers for whom blocks and mutes have not been applied yet


class Event:
    """Something to send. place: its position in a stream (timelines/position.py); 0 when it has none.

    acted_on: everything that belongs into any stream up to this place was sent before.
    """

    shows = 0  # of an update: the id of the post; of a boost: the id of the boosted post

    def __init__(
        self, kind: str, id: int, texts: dict[int, str], *, place: int = 0, media: bool = False, answers: bool = False
    ) -> None:
        self.kind, self.id, self.place, self.acted_on = kind, id, place, 0
        self.texts = texts  # payload by viewer; a viewer without one is sent nothing
        self.has_media, self.answers_another = media, answers
        self._bytes: dict[tuple[str, str], bytes] = {}

    def frame(self, label: str, text: str) -> bytes:
        """The event as a WebSocket frame. label: the JSON of the stream's label."""
        made = self._bytes.get((label, text))
        if made is None:
            body = b'{"stream":%b,"event":"%b","payload":%b}' % (label.encode(), self.kind.encode(), _encode(text))
            made = self._bytes[label, text] = frame(body)
        return made

    def lines(self, text: str) -> bytes:
        """The lines of a server-sent event, up to the value of `id`."""
        made = self._bytes.get(("", text))
        if made is None:
            made = self._bytes["", text] = f"event: {self.kind}\ndata: {text}\nid: ".encode()
        return made


def frame(text: bytes) -> bytes:
    """text in one unmasked WebSocket frame (RFC 6455, 5.2)."""
    size = len(text)
    if size < 126:
        return b"\x81%c%b" % (size, text)
    if size < 65536:
        return b"\x81\x7e%b%b" % (size.to_bytes(2), text)
    return b"\x81\x7f%b%b" % (size.to_bytes(8), text)


def of_signals(tx: Tx, render: Renderer, asks: Collection[Ask]) -> list[Event | None]:
    """The event of each of asks, in their order. None: nobody is sent anything."""
    found = posts.by_ids(tx, {ask.signal.id for ask in asks if ask.signal.kind in ("update", "status.update")})
    found |= posts.by_ids(tx, {post.boost_of_id for post in found.values()} - {0})
    found |= posts.by_ids(tx, {post.reply_to_id for post in found.values()} - found.keys() - {0})
    gone = [posts.tombstone(tx, ask.signal.id) for ask in asks if ask.signal.kind == "delete"]
    tombstones = {post.id: post for post in gone if post}
    authors = accounts.states(tx, {post.author_id for post in (*found.values(), *tombstones.values())})

    def event(ask: Ask) -> Event | None:
        signal = ask.signal
        if signal.kind == "delete":
            return _deletion(tx, ask, tombstones.get(signal.id), authors)
        if signal.kind in ("notification", "conversation"):
            (viewer_id,) = ask.viewers  # such a channel belongs to one account
            make = _notification if signal.kind == "notification" else _conversation
            return make(tx, render, viewer_id, signal.id)
        post = found.get(signal.id)
        return _post(tx, render, ask, post, found, authors) if post else None

    return [event(ask) for ask in asks]


def _post(
    tx: Tx, render: Renderer, ask: Ask, post: Post, found: dict[int, Post], authors: dict[int, AccountState]
) -> Event | None:
    viewers = visibility.viewers_among(tx, post, found, authors, ask.viewers)
    original = found[post.boost_of_id] if viewers and post.boost_of_id else post
    viewers -= blocks_and_mutes.averse_to(tx, post, original, ask.strangers & viewers)
    if not viewers:
        return None
    kind = ask.signal.kind
    parent = found.get(original.reply_to_id)
    texts = _wordings(tx, render, post, original, parent, authors, viewers, is_new=kind == "update")
    answers = post.reply_to_author_id not in (0, post.author_id)
    place = place_of(post.id) if kind == "update" else 0
    event = Event(kind, post.id, texts, place=place, media=bool(original.media), answers=answers)
    event.shows = original.id if place else 0
    return event


def _wordings(
    tx: Tx,
    render: Renderer,
    post: Post,
    original: Post,
    parent: Post | None,
    authors: dict[int, AccountState],
    viewers: set[int],
    *,
    is_new: bool,
) -> dict[int, str]:
    """The post's JSON by viewer. It is rendered once for all who see it the same way."""
    # A new post has no favourites or boosts yet, so deeds() is needed only for boosts and replies.
    did = reactions.deeds(tx, original, viewers) if not is_new or post.boost_of_id or post.reply_to_id else {}
    see_parent = visibility.viewers_among(tx, parent, {}, authors, viewers) if parent else frozenset[int]()
    alike: dict[object, set[int]] = {}
    apart = ({0, post.author_id, original.author_id} | did.keys()) & viewers
    for viewer_id in apart:
        is_author = viewer_id in (0, post.author_id, original.author_id)
        key = (viewer_id if is_author else did[viewer_id], viewer_id in see_parent)
        alike.setdefault(key, set()).add(viewer_id)
    alike[True], alike[False] = (viewers - apart) & see_parent, (viewers - apart) - see_parent
    shown = {one.id: one for one in (post, original)}
    own = {one.author_id: authors[one.author_id] for one in shown.values()}
    texts: dict[int, str] = {}
    for group in alike.values():
        for viewer_id in tuple(group)[:1]:
            parents = frozenset([parent.id]) if parent and viewer_id in see_parent else frozenset[int]()
            seen = Seen(viewer_id, shown, own, Relations(viewer_id), parents)
            texts |= dict.fromkeys(group, bytes(render.seen(tx, seen, [post.id])[0]).decode())
    return texts


def _deletion(tx: Tx, ask: Ask, gone: Post | None, authors: dict[int, AccountState]) -> Event | None:
    """Goes to all who could see the post. For a boost, the boosted post may be gone too; it does not count here."""
    if gone is None:
        return None
    alone = msgspec.structs.replace(gone, boost_of_id=0)
    viewers = visibility.viewers_among(tx, alone, {}, authors, ask.viewers)
    viewers -= blocks_and_mutes.averse_to(tx, gone, None, ask.strangers & viewers)
    return Event("delete", gone.id, dict.fromkeys(viewers, str(gone.id)))


def _notification(tx: Tx, render: Renderer, viewer_id: int, id: int) -> Event | None:
    try:
        told = notifications.get(tx, viewer_id, id)
    except NotFound:
        return None
    text = _encode(render.notifications(tx, viewer_id, [told])[0]).decode()
    return Event("notification", id, {viewer_id: text}, place=place_of(id, notification=True))


def _conversation(tx: Tx, render: Renderer, viewer_id: int, id: int) -> Event | None:
    found = conversations.by_ids(tx, viewer_id, [id]).get(id)
    if found is None or visibility.see_one(tx, viewer_id, found.last_post_id) is None:
        return None
    text = _encode(render.conversations(tx, viewer_id, [found])[0]).decode()
    return Event("conversation", id, {viewer_id: text}, place=place_of(found.last_post_id))


def of_missed(tx: Tx, render: Renderer, viewer_id: int, missed: Iterable[tuple[str, int]]) -> list[Event]:
    """Events for one viewer who was away. missed: (kind, id) of what there is to send."""
    asks = [Ask(Signal(kind, id, 0), {viewer_id}, set()) for kind, id in missed]
    return [event for event in of_signals(tx, render, asks) if event]
