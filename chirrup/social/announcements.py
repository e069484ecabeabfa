"""Announcements: made and ended by who runs the server (`chirrup announce`), read and reacted to by all its people.

Rows are in store/announcements.py. An organisation's are seen by its own people only.
"""

from collections.abc import Sequence

import msgspec
import regex

from ..access import visibility
from ..access.sites import Site
from ..errors import Invalid, NotFound, too_long
from ..events import AnnouncementEnded, AnnouncementPublished, AnnouncementReacted, Signal
from ..ids import ID_MAX, bucket_of, text_key
from ..ports import Tx
from ..store import accounts as account_rows
from ..store import announcements as rows
from ..store import jobs
from ..types import Announcement, Mention
from . import mentions, text
from .fresh import Fresh
from .shortcodes import EmojiSet

TEXT_CHARS_MAX = 5000
KEPT_MAX = 50  # of an organisation: apps get all of them in one answer
LINKS_MAX = 10  # to posts, of one announcement, that are shown with it
REACTIONS_MAX = 8  # different ones to an announcement; Mastodon's
DUE = "announcement"  # a kind of job; the payload is its id

# One emoji of Unicode: what people see as one character, and made only of what emoji are made of.
_PARTS = r"\p{Emoji_Presentation}\p{Extended_Pictographic}\p{Emoji_Modifier}"
_EMOJI = regex.compile(
    rf"[{_PARTS}\u200d\ufe0f\U000e0020-\U000e007f]*[{_PARTS}][{_PARTS}\u200d\ufe0f\U000e0020-\U000e007f]*"
    r"|[0-9#*]\ufe0f?\u20e3"
)
_POST = regex.compile(r"/@[A-Za-z0-9_]+/([0-9]{1,19})/?")
_ONE = regex.compile(r"\X")
_EMOJI_CHARS_MAX = 32


class Wanted(msgspec.Struct, frozen=True):
    """Times are UTC ms; 0: none."""

    text: str
    starts_ms: int = 0
    ends_ms: int = 0
    all_day: bool = False  # starts and ends are days: their first moments
    due_ms: int = 0  # publish it then


def announce(tx: Tx, org_id: int, wanted: Wanted) -> Announcement:
    """Publish an announcement, now or when it is due. Raises Invalid."""
    words = _checked(tx, wanted)
    if len(rows.of_org(tx, org_id)) >= KEPT_MAX:
        raise Invalid("announcements", "too_many", "are too many: end one of the {most} first", most=KEPT_MAX)
    later = wanted.due_ms > tx.now_ms
    one = Announcement(
        id=tx.new_id(bucket_of(org_id)),
        org_id=org_id,
        text=words,
        starts_ms=wanted.starts_ms,
        ends_ms=wanted.ends_ms,
        all_day=int(wanted.all_day and bool(wanted.starts_ms or wanted.ends_ms)),
        due_ms=wanted.due_ms if later else 0,
        published_ms=0 if later else tx.now_ms,
        changed_ms=tx.now_ms,
    )
    while not rows.insert(tx, one):  # another process drew the same id
        one = msgspec.structs.replace(one, id=tx.new_id(bucket_of(org_id)))
    for at_ms in {one.due_ms, one.over_ms} - {0}:
        jobs.enqueue(tx, DUE, of=one.id, key=f"{one.id} at {at_ms}", payload=one.id, due_ms=at_ms)
    if not later:
        tx.emit(AnnouncementPublished(one.id, org_id))
    return one


def _checked(tx: Tx, wanted: Wanted) -> str:
    words = text.clean(wanted.text)
    if not words:
        raise Invalid("text", "blank", "can't be blank")
    if (has := text.length(words)) > TEXT_CHARS_MAX:
        raise too_long("text", TEXT_CHARS_MAX, has)
    if wanted.starts_ms and wanted.ends_ms and wanted.ends_ms < wanted.starts_ms:
        raise Invalid("end", "order", "must not be before the start")
    over_ms = Announcement(0, 0, "", 0, wanted.ends_ms, int(wanted.all_day), 0, 0, 0).over_ms
    if over_ms and over_ms <= max(tx.now_ms, wanted.due_ms):
        raise Invalid("end", "past", "must be after the announcement is published")
    return words


def end(tx: Tx, org_id: int, id: int) -> None:
    """Nobody is shown it any more. Raises NotFound: absent, or another organisation's."""
    one = rows.by_id(tx, id)
    if one is None or one.org_id != org_id:
        raise NotFound("announcement", id)
    _end(tx, one)


def _end(tx: Tx, one: Announcement) -> None:
    if rows.delete(tx, one.id) and one.published_ms:
        tx.emit(AnnouncementEnded(one.id, one.org_id))


def come_due(tx: Tx, id: int) -> None:
    """Publish it, or end it, if its time has come."""
    one = rows.by_id(tx, id)
    if one is None:
        return
    if 0 < one.over_ms <= tx.now_ms:
        _end(tx, one)
    elif one.due_ms <= tx.now_ms and rows.publish(tx, id):
        tx.emit(AnnouncementPublished(id, one.org_id))


def every(tx: Tx, org_id: int) -> list[Announcement]:
    """All of the organisation's, the first made first, published or not."""
    return rows.of_org(tx, org_id)


def shown(tx: Tx, org_id: int) -> list[Announcement]:
    """Those that the organisation's people are shown now, by when they begin or were published."""
    found = [one for one in rows.of_org(tx, org_id) if one.is_shown(tx.now_ms)]
    return sorted(found, key=lambda one: (one.starts_ms or one.published_ms, one.id))


def kept() -> Fresh[list[Announcement]]:
    """every(), for pages that are read all the time."""
    return Fresh(lambda tx, org_id, before: rows.of_org(tx, org_id))


def get(tx: Tx, org_id: int, id: int, *, in_turn: bool = False) -> Announcement:
    """Raises NotFound: absent, not shown now, or another organisation's. in_turn: locked until the transaction ends."""
    one = rows.by_id(tx, id, in_turn=in_turn)
    if one is None or one.org_id != org_id or not one.is_shown(tx.now_ms):
        raise NotFound("announcement", id)
    return one


def dismiss(tx: Tx, org_id: int, account_id: int, id: int) -> None:
    """The account has read it. Raises NotFound."""
    rows.mark_read(tx, get(tx, org_id, id).id, account_id)


# reactions


def react(tx: Tx, org_id: int, account_id: int, id: int, name: str, emojis: EmojiSet) -> None:
    """Harmless when repeated. Raises NotFound; Invalid: no emoji, or too many different ones."""
    get(tx, org_id, id, in_turn=True)
    if name not in emojis.by_shortcode and not is_emoji(name):
        raise Invalid("name", "unknown", "Name is not a recognized emoji")
    there = {one.name for one in rows.counts(tx, org_id, [id])}
    if name not in there and len(there) >= REACTIONS_MAX:
        raise Invalid("base", "too_many", "Limit of different reactions reached")
    if rows.react(tx, id, account_id, name):
        rows.count(tx, id, name, 1)
        tx.emit(AnnouncementReacted(id, org_id, name))


def take_back(tx: Tx, org_id: int, account_id: int, id: int, name: str) -> None:
    """Harmless when repeated. Raises NotFound; Invalid: no emoji."""
    get(tx, org_id, id, in_turn=True)
    _take_back(tx, org_id, account_id, id, name)


def _take_back(tx: Tx, org_id: int, account_id: int, id: int, name: str) -> None:
    if rows.take_back(tx, id, account_id, name):
        rows.count(tx, id, name, -1)
        rows.forget_unused(tx, id, name)
        tx.emit(AnnouncementReacted(id, org_id, name))


def forget(tx: Tx, account_id: int) -> int:
    """Delete its reactions to announcements of its organisation, and which it has read. How many there were."""
    account = account_rows.by_id(tx, account_id)
    org_id = account.org_id if account else 0
    ids = [one.id for one in rows.of_org(tx, org_id)]
    if not ids:
        return 0
    reactions = rows.reactions_of(tx, org_id, ids, account_id)
    for id, name in reactions:
        _take_back(tx, org_id, account_id, id, name)
    read = rows.read_by(tx, org_id, ids, account_id)
    rows.forget_read(tx, org_id, ids, account_id)
    return len(reactions) + len(read)


def is_emoji(name: str) -> bool:
    return len(name) <= _EMOJI_CHARS_MAX and bool(_EMOJI.fullmatch(name) and _ONE.fullmatch(name))


# all that is shown of them


class Reaction(msgspec.Struct, frozen=True):
    name: str
    accounts: int
    mine: bool


class Whole(msgspec.Struct, frozen=True):
    """An announcement with all that is shown with it."""

    announcement: Announcement
    read: bool
    reactions: list[Reaction]
    named: list[Mention]  # accounts that it mentions
    tags: list[str]  # as written
    post_ids: list[int]  # of posts that it links and the viewer may see


def whole(tx: Tx, viewer_id: int, found: Sequence[Announcement], site: Site) -> list[Whole]:
    """In their order. Three queries, and those of one text for all that they mention and link."""
    if not found:
        return []
    ids, org_id = [one.id for one in found], site.org_id
    counts, mine, read = tx.together(
        lambda: rows.counts(tx, org_id, ids),
        lambda: rows.reactions_of(tx, org_id, ids, viewer_id),
        lambda: rows.read_by(tx, org_id, ids, viewer_id),
    )
    named = mentions.named_in_profiles(tx, [one.text for one in found], site.domain, org_id)
    texts = {one.id: text.extract(one.text) for one in found}
    linked = {one.id: _linked(texts[one.id].urls, site) for one in found}
    seen = (
        visibility.see(tx, viewer_id, {id for ids in linked.values() for id in ids}).posts
        if any(linked.values())
        else {}
    )
    return [
        Whole(
            one,
            one.id in read,
            [
                Reaction(count.name, count.accounts, (one.id, count.name) in mine)
                for count in counts
                if count.announcement_id == one.id
            ],
            [who for who in named if text.username_key(who.username) in _names(texts[one.id])],
            list({text.hashtag_key(tag.value): tag.value for tag in texts[one.id].hashtags}.values()),
            [id for id in linked[one.id] if id in seen],
        )
        for one in found
    ]


def _names(found: text.Extracted) -> set[str]:
    return {text.username_key(one.value) for one in found.mentions}


def _linked(links: Sequence[text.Entity], site: Site) -> list[int]:
    """The ids in addresses of posts at this site."""
    found = [_POST.fullmatch(link.value.removeprefix(site.base_url)) for link in links[:LINKS_MAX]]
    return list(dict.fromkeys(min(int(match[1]), ID_MAX) for match in found if match))


# what open streams are told


def channel(org_id: int) -> str:
    """The broker's, for all people of the organisation."""
    return text_key(org_id, "announcements")


def on_published(tx: Tx, event: AnnouncementPublished) -> list[tuple[str, Signal]]:
    return [(channel(event.org_id), Signal("announcement", event.of, event.org_id))]


def on_ended(tx: Tx, event: AnnouncementEnded) -> list[tuple[str, Signal]]:
    return [(channel(event.org_id), Signal("announcement.delete", event.of, event.org_id))]


def on_reacted(tx: Tx, event: AnnouncementReacted) -> list[tuple[str, Signal]]:
    return [(channel(event.org_id), Signal("announcement.reaction", event.of, event.org_id, name=event.name))]


def count_of(tx: Tx, org_id: int, id: int, name: str) -> int:
    """How many reacted with it."""
    return next((one.accounts for one in rows.counts(tx, org_id, [id]) if one.name == name), 0)
