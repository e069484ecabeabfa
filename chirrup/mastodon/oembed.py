"""How other sites show a post: https://docs.joinmastodon.org/methods/oembed/ and https://oembed.com/"""

from html import escape

import msgspec

from ..http.entity import Entity
from ..http.route import ANYONE, Route
from ..social import embeds
from .call import Call

WIDTH, HEIGHT = 400, 360  # of a frame, where nothing else is asked for; the page in it can be scrolled
SIDE_MAX = 4096
CACHE_S = 86_400


class OEmbedQuery(msgspec.Struct, kw_only=True):
    url: str = ""
    maxwidth: int = WIDTH
    maxheight: int = 0


class OEmbed(Entity, kw_only=True):
    type: str
    version: str
    title: str
    author_name: str
    author_url: str
    provider_name: str
    provider_url: str
    cache_age: int
    html: str
    width: int
    height: int | None


async def show(call: Call, query: OEmbedQuery) -> OEmbed:
    """Without a script: the frame has its size from here."""
    site = call.site
    post, author = await call.read(embeds.by_url, query.url, site.base_url, site.org_id)
    url = call.render.post_url(author.username, post.id)
    width = min(max(query.maxwidth, 1), SIDE_MAX) if query.maxwidth else WIDTH
    height = min(query.maxheight, SIDE_MAX) if query.maxheight > 0 else 0
    return OEmbed(
        type="rich",
        version="1.0",
        title=f"New status by {author.username}",
        author_name=author.display_name or author.username,
        author_url=call.render.account_url(author.username),
        provider_name=site.domain,
        provider_url=f"{site.base_url}/",
        cache_age=CACHE_S,
        html=f'<iframe src="{escape(url)}/embed" class="mastodon-embed" style="max-width: 100%; border: 0" '
        f'width="{width}" height="{height or HEIGHT}" loading="lazy" allowfullscreen="allowfullscreen"></iframe>',
        width=width,
        height=height or None,
    )


ROUTES = [Route("GET", "/api/oembed", show, who=ANYONE)]
