"""Cards as Mastodon's entities, from social/cards.py."""

from collections.abc import Collection, Iterable
from html import escape

import msgspec

from ..ports import Tx
from ..social import cards
from ..social.cards import ShownCard
from ..social.trends import ShownLink
from ..times import DAY_MS, iso_or_none
from ..types import Account, LinkedPage, TagUse
from . import card_entities as entities
from .render_accounts import AccountRenderer, Json, encode

NO_CARD = b'"card":null,'
PLAYER = (480, 270)  # where a page does not say how large its player is


class CardRenderer(AccountRenderer):
    """Functions over a transaction, for db.read."""

    def cards(self, tx: Tx, found: dict[int, ShownCard], viewer_id: int) -> dict[int, bytes]:
        """`"card":{…},` by id."""
        people = self._people(tx, found.values())
        return {id: b'"card":%b,' % encode(self.card(one, people, viewer_id)) for id, one in found.items()}

    def card(self, shown: ShownCard, people: dict[int, Json], viewer_id: int) -> entities.PreviewCard:
        """people: the accounts that found is by."""
        card, page, author = shown.card, shown.card.told, shown.author
        image = self.base_url + cards.image_path(card) if card.image_key else None
        unwilling = bool(viewer_id) and shown.unwilling_id == viewer_id
        is_video = page.kind == "video"
        return entities.PreviewCard(
            url=card.url,
            title=page.title,
            description=page.description,
            language=page.language or None,
            type=page.kind,
            author_name=page.author_name,
            author_url=page.author_url,
            provider_name=page.provider_name,
            provider_url=page.provider_url,
            html=_frame(page) if is_video else "",
            width=_size(page)[0] if is_video else card.image_width,
            height=_size(page)[1] if is_video else card.image_height,
            image=image,
            image_description=page.image_description,
            embed_url=(image or "") if page.kind == "photo" else "",
            blurhash=card.blurhash or None,
            published_at=iso_or_none(page.published_ms),
            authors=self._authors(page, author, people),
            missing_attribution=True if unwilling else None,
        )

    def trending_links(self, tx: Tx, found: Collection[ShownLink], viewer_id: int) -> list[entities.TrendingLink]:
        people = self._people(tx, [one.card for one in found])
        return [
            entities.TrendingLink(
                **msgspec.structs.asdict(self.card(one.card, people, viewer_id)), history=history(one.history)
            )
            for one in found
        ]

    def _people(self, tx: Tx, found: Iterable[ShownCard]) -> dict[int, Json]:
        named = {one.author.id for one in found if one.author}
        return self.accounts_by_id(tx, named) if named else {}

    def _authors(
        self, page: LinkedPage, author: Account | None, people: dict[int, Json]
    ) -> list[entities.PreviewCardAuthor]:
        if author and (account := people.get(author.id)):
            name, url = author.display_name or author.username, self.account_url(author.acct)
            return [entities.PreviewCardAuthor(name=name, url=url, account=account)]
        if page.author_name or page.author_url:
            return [entities.PreviewCardAuthor(name=page.author_name, url=page.author_url, account=None)]
        return []


def history(uses: Collection[TagUse]) -> list[entities.TagHistory]:
    return [
        entities.TagHistory(day=str(one.day * DAY_MS // 1000), uses=str(one.uses), accounts=str(one.accounts))
        for one in uses
    ]


def _size(page: LinkedPage) -> tuple[int, int]:
    return (page.width, page.height) if page.width and page.height else PLAYER


def _frame(page: LinkedPage) -> str:
    """Made anew of the address alone. It may run its own scripts, in a place of its own."""
    width, height = _size(page)
    return (
        f'<iframe src="{escape(page.player_url)}" width="{width}" height="{height}" frameborder="0"'
        ' sandbox="allow-scripts allow-same-origin allow-popups allow-presentation" allowfullscreen></iframe>'
    )
