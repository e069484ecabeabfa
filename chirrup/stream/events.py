"""Makes events from signals. A post is read once for all listeners and rendered once for all who see it the same way.

All functions take a transaction. Each event passes access/visibility.py at the moment it is sent.
"""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from ..access import visibility
from ..access.sites import Site
from ..access.visibility import Seen
from ..actions.matcher import Signs
from ..errors import NotFound
from ..events import Signal
from ..mastodon.render import Renderer
from ..mastodon.render_announcements import announcements_of, reaction_count
from ..ports import Tx
from ..social import announcements, conversations, filtered, notifications, shown_to_many
from ..social.matching import Match
from ..social.shown_to_many import Read
from ..timelines.position import place_of
from .streams import ANNOUNCEMENTS

_encode = msgspec.json.Encoder().encode
# The payload of what has none: server-sent events have it so in Mastodon, and messages on a WebSocket leave it out.
NO_PAYLOAD = "undefined"


class Ask(msgspec.Struct, frozen=True):
    """A signal and the accounts that might be sent it (0: a reader who is not logged in)."""

    signal: Signal
    viewers: set[int]
    strangers: set[int]  # those of viewers for whom blocks and mutes have not been applied yet
    filtering: set[int]  # those of viewers who may have filters
    site: Site  # at which all of them listen
    guests: set[int] = set()  # those of viewers who are guests
    tracked: bool = False  # one of them looks for words


class Event:
    """Something to send. place: its position in a stream (timelines/position.py); 0 when it has none.

    acted_on: everything that belongs into any stream up to this place was sent before.
    """

    signs: Signs | None = None  # of an update: what tracks find it by
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
            payload = b"" if text == NO_PAYLOAD else b',"payload":%b' % _encode(text)
            body = b'{"stream":%b,"event":"%b"%b}' % (label.encode(), self.kind.encode(), payload)
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
    read = shown_to_many.read(
        tx,
        {ask.signal.id for ask in asks if ask.signal.kind in ("update", "status.update")},
        {ask.signal.id for ask in asks if ask.signal.kind == "delete"},
    )
    versions = filtered.versions(tx, {id for ask in asks for id in ask.filtering})

    def event(ask: Ask) -> Event | None:
        signal = ask.signal
        if signal.kind == "delete":
            told = shown_to_many.told_of_deletion(
                tx, read, signal.id, ask.viewers, ask.strangers, ask.site.org_id, ask.guests
            )
            return Event("delete", signal.id, dict.fromkeys(told, str(signal.id))) if told else None
        if signal.kind == "notifications_merged":
            return Event(signal.kind, signal.id, dict.fromkeys(ask.viewers, "1"))  # clients ignore what it holds
        if signal.kind in ("notification", "conversation"):
            (viewer_id,) = ask.viewers  # such a channel belongs to one account
            make = _notification if signal.kind == "notification" else _conversation
            return make(tx, render.at(ask.site), viewer_id, signal.id)
        if signal.kind in ANNOUNCEMENTS:
            return _announcement(tx, render.at(ask.site), ask)
        if signal.kind == "filters_changed":
            return Event("filters_changed", 0, dict.fromkeys(ask.viewers, NO_PAYLOAD))
        return _post(tx, render.at(ask.site), read, ask, versions)

    return [event(ask) for ask in asks]


def _post(tx: Tx, render: Renderer, read: Read, ask: Ask, versions: Mapping[int, int]) -> Event | None:
    """It is rendered once for all who see it the same way, and for each whose filters it matches.

    versions: of filters, by viewer who has any.
    """
    kind = ask.signal.kind
    shown = shown_to_many.show(
        tx, read, ask.signal.id, ask.viewers, ask.strangers, ask.site.org_id, ask.guests, is_new=kind == "update"
    )
    if shown is None:
        return None
    post, original = shown.post, shown.original
    texts: dict[int, str] = {}
    matches: dict[int, dict[int, list[Match]]] = {}
    if filtering := {id: versions[id] for id in ask.filtering & versions.keys()}:
        quoted = {one.id: one for _, seen in shown.alike for one in seen.quoted.values()}
        entries = [(post, original), *((one, one) for one in quoted.values())]
        matches = filtered.for_many(tx, filtering, entries, render.known)
    for viewers, seen in shown.alike:
        texts |= dict.fromkeys(viewers, _text(tx, render, seen, post.id, {}))
        for viewer_id in viewers & matches.keys():
            texts[viewer_id] = _text(tx, render, seen, post.id, matches[viewer_id])
    answers = post.reply_to_author_id not in (0, post.author_id)
    place = place_of(post.id) if kind == "update" else 0
    event = Event(kind, post.id, texts, place=place, media=bool(original.media), answers=answers)
    event.shows = original.id if place else 0
    event.signs = Signs(original) if ask.tracked and place else None
    return event


def _text(tx: Tx, render: Renderer, seen: Seen, post_id: int, matches: dict[int, list[Match]]) -> str:
    return bytes(render.seen(tx, seen, [post_id], matches)[0]).decode()


def _announcement(tx: Tx, render: Renderer, ask: Ask) -> Event | None:
    signal = ask.signal
    if signal.kind == "announcement.delete":
        return Event(signal.kind, signal.id, dict.fromkeys(ask.viewers, str(signal.id)))
    try:
        one = announcements.get(tx, ask.site.org_id, signal.id)
    except NotFound:
        return None
    if signal.kind == "announcement.reaction":
        found = reaction_count(tx, render, signal.id, signal.name)
    else:
        (found,) = announcements_of(tx, render, 0, [one])
    return Event(signal.kind, signal.id, dict.fromkeys(ask.viewers, _encode(found).decode())) if found else None


def _notification(tx: Tx, render: Renderer, viewer_id: int, id: int) -> Event | None:
    try:
        told = notifications.get(tx, viewer_id, id)
    except NotFound:
        return None
    text = _encode(render.notifications(tx, viewer_id, [told])[0]).decode()
    return Event("notification", id, {viewer_id: text}, place=place_of(id, notification=True))


def _conversation(tx: Tx, render: Renderer, viewer_id: int, id: int) -> Event | None:
    try:
        found = conversations.get(tx, viewer_id, id)
    except NotFound:
        return None
    if visibility.see_one(tx, viewer_id, found.last_post_id) is None:
        return None
    text = _encode(render.conversations(tx, viewer_id, [found])[0]).decode()
    return Event("conversation", id, {viewer_id: text}, place=place_of(found.last_post_id))


def of_missed(
    tx: Tx,
    render: Renderer,
    site: Site,
    viewer_id: int,
    filtering: set[int],
    guests: set[int],
    missed: Iterable[tuple[str, int]],
) -> list[Event]:
    """Events for one viewer at site who was away. missed: (kind, id) of what there is to send; the rest as in Ask."""
    asks = [Ask(Signal(kind, id, 0), {viewer_id}, set(), filtering, site, guests) for kind, id in missed]
    return [event for event in of_signals(tx, render, asks) if event]
