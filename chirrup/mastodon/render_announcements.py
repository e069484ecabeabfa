"""Announcements as Mastodon's entities, from social/announcements.py."""

from collections.abc import Sequence
from typing import Any

from ..ports import Tx
from ..social import announcements, text
from ..social.shortcodes import EMPTY, EmojiSet
from ..times import day, iso
from ..types import Announcement, Stranger
from . import announcement_entities as entities
from .collection_entities import ShallowTag
from .entities import StatusMention
from .render import Renderer
from .render_accounts import UNSET, Json


def announcements_of(
    tx: Tx, render: Renderer, viewer_id: int, found: Sequence[Announcement]
) -> list[entities.Announcement]:
    """In their order. viewer_id 0: what streams tell everybody."""
    viewer = viewer_id or Stranger(render.site.org_id)
    whole = announcements.whole(tx, viewer, found, render.site)
    linked = {id for one in whole for id in one.post_ids}
    posts = render.statuses_by_id(tx, viewer, linked) if linked else {}
    emojis = render.emoji_set(tx) if any(one.reactions for one in whole) else EMPTY
    return [_announcement(tx, render, one, posts, emojis, known=bool(viewer_id)) for one in whole]


def reaction_count(tx: Tx, render: Renderer, id: int, name: str) -> entities.ReactionCount | None:
    """None: it is a shortcode of what is no emoji any more."""
    found = _pictured(render, name, render.emoji_set(tx))
    if found is None:
        return None
    count = announcements.count_of(tx, render.site.org_id, id, name)
    return entities.ReactionCount(name=name, count=count, announcement_id=str(id), **found)


def _announcement(
    tx: Tx, render: Renderer, whole: announcements.Whole, posts: dict[int, Json], emojis: EmojiSet, *, known: bool
) -> entities.Announcement:
    one = whole.announcement
    links = {who.username.lower(): render.account_url(who.username) for who in whole.named}
    reactions = [(reaction, _pictured(render, reaction.name, emojis)) for reaction in whole.reactions]
    return entities.Announcement(
        id=str(one.id),
        content=text.to_html(one.text, links, render.base_url),
        starts_at=_time(one.starts_ms, all_day=bool(one.all_day)),
        ends_at=_time(one.ends_ms, all_day=bool(one.all_day)),
        all_day=bool(one.all_day),
        published_at=iso(one.published_ms),
        updated_at=iso(one.changed_ms),
        read=whole.read if known else UNSET,
        mentions=[
            StatusMention(
                id=str(who.account_id), username=who.username, url=render.account_url(who.username), acct=who.username
            )
            for who in whole.named
        ],
        statuses=[posts[id] for id in whole.post_ids if id in posts],
        tags=[ShallowTag(name=tag.lower(), url=render.tag_url(tag)) for tag in whole.tags],
        emojis=render.emojis_in(tx, [one.text]),
        reactions=[
            entities.Reaction(
                name=reaction.name, count=reaction.accounts, me=reaction.mine if known else UNSET, **addresses
            )
            for reaction, addresses in reactions
            if addresses is not None
        ],
    )


def _time(ms: int, *, all_day: bool) -> str | None:
    if not ms:
        return None
    return f"{day(ms)}T00:00:00.000Z" if all_day else iso(ms)


def _pictured(render: Renderer, name: str, emojis: EmojiSet) -> dict[str, Any] | None:
    """The addresses of an emoji of the organisation's; {}: it is one of Unicode; None: it is none any more."""
    if announcements.is_emoji(name):
        return {}
    if emoji := emojis.by_shortcode.get(name):
        (entity,) = render.emojis([emoji])
        return {"url": entity.url, "static_url": entity.static_url}
    return None
