"""Cards: what is shown of the page that a post links. Rows are in store/cards.py, pages are read by link_pages/.

A post is never kept waiting for its card. A page is asked for once for all posts of an organisation that link it.
docs/decisions/0056-cards.md.
"""

from collections.abc import Collection

import msgspec

from ..access.sites import Site, at
from ..config import Settings
from ..errors import NotFound
from ..events import PicturesReplaced, PostChanged, PostDeleted, PostEdited, Signal
from ..ids import ID_MAX, bucket_of_text
from ..ports import Engines, Tx
from ..store import accounts as account_rows
from ..store import cards as rows
from ..store import jobs, posts
from ..types import Account, Card, Link, Post, Span
from . import accounts, images, links, mentions, text
from . import files as stored_files
from .known import Known
from .link_pages import fetch
from .media_addresses import File, file_name

FETCH = "card"  # a kind of job; its payload is a Wanted, its key that of the link
FRESH_MS = 14 * 24 * 3600 * 1000  # then a page is asked again, when somebody posts it again
PAUSE_MS = 3600 * 1000  # before a page is asked again of which nothing could be shown
STEP = 100  # posts of one read


class Wanted(msgspec.Struct, frozen=True):
    """A page that is to be fetched."""

    org_id: int
    link: str
    url: str


# what follows from posts


def on_published(tx: Tx, post: Post) -> list[tuple[str, Signal]]:
    """Show the card of its link with the post; if there is none yet, have the page fetched."""
    if not post.link or post.card_id:
        return []
    before = rows.link(tx, post.link)
    if before and tx.now_ms - before.asked_ms < (FRESH_MS if before.card_id else PAUSE_MS):
        if before.card_id:
            show(tx, post.id, before.link, before.card_id)
        return []  # else it is being fetched, or nothing can be shown of it
    url = links.url_of(post)
    link = Link(post.link, post.org_id, url, tx.now_ms, 0)
    if url and rows.ask(tx, link, before_ms=before.asked_ms if before else 0):
        wanted = Wanted(post.org_id, post.link, url)
        of, to = bucket_of_text(post.link), links.host_of(url)
        jobs.enqueue(tx, FETCH, of=of, key=post.link, payload=wanted, destination=to)
    return []


def on_edited(tx: Tx, event: PostEdited) -> list[tuple[str, Signal]]:
    """As on_published(), for the link that the post has now."""
    _forget_unused(tx, event.left_link)
    post = posts.by_id(tx, event.post_id)
    return on_published(tx, post) if post else []


def on_deleted(tx: Tx, event: PostDeleted) -> list[tuple[str, Signal]]:
    _forget_unused(tx, event.link)
    return []


def _forget_unused(tx: Tx, link: str) -> None:
    """Delete what is known of a page that no post links any more: it may have been told to few people."""
    if link and rows.link(tx, link) and not posts.ids_with_link(tx, link, Span(ID_MAX, limit=1)):
        rows.delete_link(tx, link)
        if keys := rows.delete_of(tx, link):
            tx.emit(PicturesReplaced(bucket_of_text(link), keys))


# fetching


async def make(engines: Engines, wanted: Wanted, settings: Settings) -> None:
    """Fetch the page, and show its card with all posts that wait for it. Raises Unreachable, Unavailable."""
    site = await engines.db.read(_site, wanted.org_id, settings)
    if site is None:
        return
    try:
        if made := await fetch.fetch(engines.outgoing, wanted.url, site.domain):
            await _keep(engines, wanted, made, site)
    finally:  # an older card is better than none
        await _show_to_waiting(engines, wanted.link)


def _site(tx: Tx, org_id: int, settings: Settings) -> Site | None:
    """None: it has no cards."""
    if settings.link_cards == "never":
        return None
    try:
        site = at(tx, settings, org_id)
    except NotFound:
        return None
    return None if site.closed and settings.link_cards != "always" else site


async def _keep(engines: Engines, wanted: Wanted, made: fetch.Made, site: Site) -> None:
    card = await engines.db.write(_draw, wanted, made)
    files = {card.image_key: made.image.file} if made.image else {}
    try:
        await stored_files.store(engines.blobs, files)
        kept = await engines.db.write(_insert, card, made.page.creator, site)
    except BaseException:
        await stored_files.take_back(engines, files)
        raise
    if not kept:
        await stored_files.take_back(engines, files)


def _draw(tx: Tx, wanted: Wanted, made: fetch.Made) -> Card:
    id = tx.new_id(bucket_of_text(wanted.link))
    image = made.image
    return Card(
        id=id,
        org_id=wanted.org_id,
        link=wanted.link,
        url=wanted.url,
        page=msgspec.json.encode(made.page).decode(),
        author_id=0,
        image_key=images.new_key(image.file.extension, id) if image else "",
        image_width=image.size.width if image else 0,
        image_height=image.size.height if image else 0,
        blurhash=image.blurhash if image else "",
    )


def _insert(tx: Tx, card: Card, creator: str, site: Site) -> bool:
    """False: no post links it any more."""
    found = text.extract(f"@{creator.removeprefix('@')}").mentions if creator else ()
    named = mentions.named(tx, found, site.domain, site.org_id)
    if named:
        card = msgspec.structs.replace(card, author_id=named[0].account_id)
    if not rows.link(tx, card.link) or not rows.insert(tx, card):
        return False
    rows.choose(tx, card.link, card.id)
    return True


async def _show_to_waiting(engines: Engines, link: str) -> None:
    """Every post with this link that has no card."""
    found = await engines.db.read(rows.links, [link])
    card_id, after = found[link].card_id if link in found else 0, 0
    while card_id:
        span = Span(ID_MAX, after=after, limit=STEP, oldest=True)
        waiting = await engines.db.read(posts.ids_with_link, link, span, without_card=True)
        for id in waiting:
            await engines.db.write(show, id, link, card_id)
        if len(waiting) < STEP:
            return
        after = waiting[-1]


def show(tx: Tx, post_id: int, link: str, card_id: int) -> None:
    """The post has a card from now on. Harmless when repeated."""
    if posts.set_card(tx, post_id, link, card_id):
        author_id = posts.authors(tx, [post_id])[post_id]
        tx.emit(PostChanged(author_id, post_id))


# reading


class ShownCard(msgspec.Struct, frozen=True):
    card: Card
    author: Account | None = None  # whom the page names, and who wants it to
    unwilling_id: int = 0  # whom it names, and who did not say that it may


def find(tx: Tx, ids: Collection[int], known: Known) -> dict[int, ShownCard]:
    """By id. Cards never change, so those that were read before are not read again; accounts that they name are."""
    found = {id: card for id in ids if (card := known.cards.get(id))}
    if missing := set(ids) - found.keys():
        read = rows.by_ids(tx, missing)
        for id, card in read.items():
            known.cards.keep(id, card)
        found |= read
    named = {card.author_id for card in found.values()} - {0}
    people = account_rows.by_ids(tx, named) if named else {}
    return {id: _attributed(card, people.get(card.author_id)) for id, card in found.items()}


def _attributed(card: Card, author: Account | None) -> ShownCard:
    if author is None or author.suspended_ms:
        return ShownCard(card)
    host = links.host_of(links.normal(card.told.url))
    allowed = accounts.presentation_of(author).attribution_domains
    if any(host == one or host.endswith(f".{one}") for one in allowed):
        return ShownCard(card, author)
    return ShownCard(card, unwilling_id=author.id)


def image_path(card: Card) -> str:
    """Of its picture. Works for as long as there is the card."""
    return f"/media/cards/{card.id}/{file_name(card.image_key)}"


def file(tx: Tx, id: int, name: str, org_id: int) -> File:
    """The file of an address. Raises NotFound: absent, or another organisation's."""
    card = rows.by_ids(tx, [id]).get(id)
    if card and card.image_key and card.org_id == org_id and file_name(card.image_key) == name:
        return File(card.image_key, private=False, indexed=False)
    raise NotFound("file", name)
