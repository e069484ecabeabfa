"""Feeds of what is said here, as Atom (RFC 4287) and RSS 2.0: of an account, a hashtag, and a room for its members.

The first two hold what everybody may see. A room's address is signed for one member, and dead when the member has left
it, or has ended their addresses (access/mail_addresses.py: one epoch for both). docs/feeds.md.
"""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree as xml

import msgspec

from ..access import visibility
from ..access.signing import Signer
from ..access.sites import Site
from ..errors import NotFound
from ..ids import ID_MAX
from ..ports import Tx
from ..social import accounts
from ..social.text import to_html
from ..store import accounts as account_rows
from ..store import mail_prefs, rooms
from ..timelines import pull
from ..times import iso
from ..types import Account, AccountKind, Post, Span, Visibility

ENTRIES = 40
TITLE_CHARS = 80
ATOM, RSS = "atom", "rss"
TYPES = {ATOM: "application/atom+xml; charset=utf-8", RSS: "application/rss+xml; charset=utf-8"}


class Entry(msgspec.Struct, frozen=True):
    url: str
    title: str
    html: str
    author: str
    created_ms: int
    changed_ms: int
    tags: list[str]


class Feed(msgspec.Struct, frozen=True):
    title: str
    about: str
    url: str  # of the page
    path: str  # of the feed itself, without the name of its form
    entries: list[Entry]


# what is in one


def of_account(tx: Tx, site: Site, viewer: int, username: str) -> Feed:
    """What the account says to everybody and the viewer may see, without replies. Raises NotFound."""
    account = accounts.by_acct(tx, username, site.domain, site.org_id, viewer_id=viewer)
    span = Span(ID_MAX, limit=ENTRIES)
    found = pull.account(tx, viewer, account.id, span, exclude_replies=True, exclude_boosts=True)
    title = f"{account.display_name or account.username} (@{account.username}@{site.domain})"
    path = f"/@{account.username}"
    entries = _entries(tx, site, viewer, found.items, {Visibility.PUBLIC})
    return Feed(title, account.note, site.base_url + path, f"{path}/feed", entries)


def of_tag(tx: Tx, site: Site, viewer: int, name: str) -> Feed:
    """Public posts that the viewer may see."""
    found = pull.hashtag(tx, viewer, name, Span(ID_MAX, limit=ENTRIES), org_id=site.org_id)
    path = f"/tags/{name}"
    entries = _entries(tx, site, viewer, found.items, {Visibility.PUBLIC})
    return Feed(f"#{name}", f"#{name} – {site.title}", site.base_url + path, f"{path}/feed", entries)


def room_path(tx: Tx, signer: Signer, org_id: int, account_id: int, room_id: int) -> str:
    """The address of the room's feed for this member, without the name of its form. Raises NotFound: no member."""
    if room_id not in rooms.of_member(tx, account_id):
        raise NotFound("room", room_id)
    return f"/feeds/{room_id}/{account_id}/{signer.sign(_named(tx, org_id, account_id, room_id))}"


def of_room(tx: Tx, site: Site, signer: Signer, room_id: int, account_id: int, signature: str) -> Feed:
    """What the member reads in the room. Raises NotFound: the address was never one, or is dead."""
    signed = _named(tx, site.org_id, account_id, room_id)
    if not signer.fits(signed, signature) or not _may_read(tx, site.org_id, account_id):
        raise NotFound("feed", room_id)
    room = account_rows.by_id(tx, room_id)
    if room is None or room.kind != AccountKind.ROOM or room.suspended_ms:
        raise NotFound("feed", room_id)
    found = pull.room(tx, account_id, room_id, Span(ID_MAX, limit=ENTRIES))
    path = f"/feeds/{room_id}/{account_id}/{signature}"
    entries = _entries(tx, site, account_id, found.items, set(Visibility))
    title = f"{room.display_name or room.username} – {site.title}"
    return Feed(title, room.note, f"{site.base_url}/@{room.username}", f"{path}/feed", entries)


def _named(tx: Tx, org_id: int, account_id: int, room_id: int) -> str:
    """What is signed."""
    return f"feed {org_id} {room_id} {account_id} {mail_prefs.of(tx, account_id).epoch}"


def _may_read(tx: Tx, org_id: int, account_id: int) -> bool:
    account, user = account_rows.by_id(tx, account_id), account_rows.user(tx, account_id)
    if account is None or user is None or account.org_id != org_id or account.suspended_ms or account.pending:
        return False
    return not (user.gone_ms or user.deactivated_ms or user.disabled)


def _entries(tx: Tx, site: Site, viewer_id: int, ids: list[int], audience: set[Visibility]) -> list[Entry]:
    seen = visibility.see(tx, viewer_id, ids).posts
    posts = [post for id in ids if (post := seen.get(id)) and not post.boost_of_id and post.visibility in audience]
    authors = account_rows.by_ids(tx, {post.author_id for post in posts})
    return [_entry(site, post, authors[post.author_id]) for post in posts if post.author_id in authors]


def _entry(site: Site, post: Post, author: Account) -> Entry:
    """Behind a content warning stands the warning alone: the page has the rest."""
    mentions = {one.username.lower(): f"{site.base_url}/@{one.username}" for one in post.mentioned}
    words = post.summary or post.text
    line = " ".join(words.split())
    return Entry(
        url=f"{site.base_url}/@{author.username}/{post.id}",
        title=line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1].rstrip()}…",
        html=to_html(words, {} if post.summary else mentions, site.base_url),
        author=f"@{author.username}@{site.domain}",
        created_ms=post.created_ms,
        changed_ms=post.edited_ms or post.created_ms,
        tags=post.tag_names,
    )


# how it is written


def written(feed: Feed, base_url: str, form: str) -> bytes:
    made = _atom(feed, base_url) if form == ATOM else _rss(feed, base_url)
    return xml.tostring(made, encoding="utf-8", xml_declaration=True)


def etag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _put(parent: xml.Element, name: str, text: str = "", **attributes: str) -> xml.Element:
    one = xml.SubElement(parent, name, attributes)
    one.text = text or None
    return one


def _atom(feed: Feed, base_url: str) -> xml.Element:
    top = xml.Element("feed", xmlns="http://www.w3.org/2005/Atom")
    _put(top, "id", feed.url)
    _put(top, "title", feed.title)
    if feed.about:
        _put(top, "subtitle", feed.about)
    _put(top, "updated", iso(max((one.changed_ms for one in feed.entries), default=0)))
    _put(top, "link", rel="alternate", type="text/html", href=feed.url)
    _put(top, "link", rel="self", type="application/atom+xml", href=f"{base_url}{feed.path}.atom")
    _put(top, "generator", "Chirrup")
    for one in feed.entries:
        entry = _put(top, "entry")
        _put(entry, "id", one.url)
        _put(entry, "title", one.title)
        _put(entry, "published", iso(one.created_ms))
        _put(entry, "updated", iso(one.changed_ms))
        _put(entry, "link", rel="alternate", type="text/html", href=one.url)
        _put(_put(entry, "author"), "name", one.author)
        for tag in one.tags:
            _put(entry, "category", term=tag)
        _put(entry, "content", one.html, type="html")
    return top


def _rss(feed: Feed, base_url: str) -> xml.Element:
    xml.register_namespace("atom", "http://www.w3.org/2005/Atom")
    top = xml.Element("rss", version="2.0")
    channel = _put(top, "channel")
    _put(channel, "title", feed.title)
    _put(channel, "link", feed.url)
    _put(channel, "description", feed.about or feed.title)
    itself = "{http://www.w3.org/2005/Atom}link"
    _put(channel, itself, rel="self", type="application/rss+xml", href=f"{base_url}{feed.path}.rss")
    _put(channel, "generator", "Chirrup")
    for one in feed.entries:
        item = _put(channel, "item")
        _put(item, "title", one.title)
        _put(item, "link", one.url)
        _put(item, "guid", one.url, isPermaLink="true")
        _put(item, "pubDate", format_datetime(datetime.fromtimestamp(one.created_ms // 1000, UTC), usegmt=True))
        for tag in one.tags:
            _put(item, "category", tag)
        _put(item, "description", one.html)
    return top
