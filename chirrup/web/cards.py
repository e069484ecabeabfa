"""Cards of links in the form that templates need, from social/cards.py."""

from urllib.parse import urlsplit

import msgspec

from ..social import cards, urls
from ..social.cards import ShownCard


class CardView(msgspec.Struct, frozen=True):
    url: str
    host: str  # as a reader should see it
    title: str
    description: str
    language: str
    provider: str
    image: str  # a path of this site; "": there is none
    image_description: str
    width: int
    height: int
    author: str  # "": it says nothing of one
    author_path: str  # of their profile here; "": they have none, or did not say that it may be named


def view(shown: ShownCard | None) -> CardView | None:
    if shown is None:
        return None
    card, page, author = shown.card, shown.card.told, shown.author
    return CardView(
        url=card.url,
        host=urls.shown_host(urlsplit(card.url).netloc),
        title=page.title,
        description=page.description,
        language=page.language,
        provider=page.provider_name,
        image=cards.image_path(card) if card.image_key else "",
        image_description=page.image_description,
        width=card.image_width,
        height=card.image_height,
        author=(author.display_name or author.username) if author else page.author_name,
        author_path=f"/@{author.username}" if author else "",
    )
