"""What is shown of the page that a post links."""

import msgspec


class Link(msgspec.Struct, frozen=True):
    """A page that posts of an organisation link. Columns of `links`."""

    link: str  # its key: social/links.py
    org_id: int
    url: str
    asked_ms: int  # when the page was asked for last
    card_id: int  # the newest; 0: none yet, or nothing can be shown of it


class LinkedPage(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a page says of itself. All texts are plain, all addresses begin with http:// or https://; "": not said."""

    url: str  # where it is, after redirects
    title: str
    description: str = ""
    kind: str = "link"  # "photo", "video"
    author_name: str = ""
    author_url: str = ""
    creator: str = ""  # the handle of the account that the page names as its author
    provider_name: str = ""
    provider_url: str = ""
    player_url: str = ""  # of a video: what an <iframe> shows
    width: int = 0  # of the player
    height: int = 0
    image_url: str = ""
    image_description: str = ""
    language: str = ""
    published_ms: int = 0


class Card(msgspec.Struct, frozen=True):
    """What is shown of a page. It never changes: a page that is asked again gets another. Columns of `cards`."""

    id: int
    org_id: int
    link: str
    url: str  # as posts link it
    page: str  # JSON of LinkedPage
    author_id: int  # the account that the page names as its author, whether that wants it or not; 0: none here
    image_key: str  # blob key; "": it has no picture
    image_width: int
    image_height: int
    blurhash: str

    @property
    def told(self) -> LinkedPage:
        return _page(self.page)


_page = msgspec.json.Decoder(LinkedPage).decode
