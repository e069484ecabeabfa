"""One post: its thread, marks, votes and deletion."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec

from ....errors import Invalid, NotFound
from ....http.arguments import path_id
from ....ids import ID_MAX
from ....ports import Tx
from ....social import embeds, polls, posts, threads
from ....types import Post, Stranger
from ...call import Call, Go, Page
from ...pages import shorten
from ...views import PostView
from . import typed
from .typed import Typed

LAST_SAID_CHARS = 300  # of a post, in a preview on another site


class Card(msgspec.Struct, frozen=True):
    """A post's preview on other sites (OpenGraph)."""

    url: str
    title: str
    description: str
    image: str
    large: bool


class Thread(msgspec.Struct, frozen=True):
    above: list[PostView]
    post: PostView
    below: list[PostView]
    before: int  # `before` of the page with older replies; 0: there are none
    draft: Typed
    embeddable: bool  # other sites may show it in a frame


async def thread(call: Call, handle: str, id: str) -> Page | Go:
    found = await call.read(_thread, call, path_id(id))
    post = found.post
    if post.id != path_id(id) or post.author.username != handle:  # a boost, or another spelling of the name
        return Go(post.path)
    values: dict[str, Any] = {"above": found.above, "p": post, "below": found.below, "before": found.before}
    if call.query.flag("untold") and call.viewer_id == post.author.id:
        names = await call.read(posts.untold, call.account_id, post.id, domain=call.site.domain)
        told = ", ".join(f"@{name}" for name in names)
        values["notice"] = f"Not in the room, so not told of it: {told}" if told else ""
    oembed = _oembed(call, post) if found.embeddable else ""
    values |= {"draft": found.draft, "card": _card(call, post), "oembed": oembed}
    return Page("posts/thread.html", values, indexed=all(one.indexed for one in (*found.above, post, *found.below)))


async def embed(call: Call, handle: str, id: str) -> Page | Go:
    view, chosen = await call.read(_embed, call, path_id(id))
    if chosen != path_id(id) or view.author.username != handle:
        return Go(f"{view.path}/embed")
    return Page("posts/embed.html", {"p": view})


def _embed(tx: Tx, call: Call, id: int) -> tuple[PostView, int]:
    post, _ = embeds.get(tx, id, call.site.org_id)
    return call.views.one(tx, Stranger(call.site.org_id), post.id), post.id


def _thread(tx: Tx, call: Call, id: int) -> Thread:
    """Raises NotFound: absent or hidden."""
    viewer_id = call.viewer_id
    post = posts.get(tx, viewer_id, id)
    id = post.boost_of_id or post.id
    found = threads.page(tx, viewer_id, id, call.query.id("before", ID_MAX))
    above, below = found.above, found.below
    thread = call.views.find(tx, viewer_id, [*above, id, *below])
    views = {view.key: view for view in call.views.page(thread, tx.now_ms, context="thread", besides=id)}
    if id not in views:
        raise NotFound("post", id)
    draft = typed.empty(tx, viewer_id) if viewer_id else Typed()
    return Thread(
        [views[one] for one in above if one in views],
        views[id],
        [views[one] for one in below if one in views],
        found.before,
        msgspec.structs.replace(
            draft, text=_addressed(thread.seen.posts[id], views[id], call), **_warned(views[id])
        ).answering(views[id].visibility),
        embeds.may(thread.seen.posts[id], thread.details.authors[thread.seen.posts[id].author_id]),
    )


def _oembed(call: Call, post: PostView) -> str:
    base = call.site.base_url
    return f"{base}/api/oembed?url={quote(base + post.path, safe='')}"


def _addressed(post: Post, view: PostView, call: Call) -> str:
    """The mentions that a reply begins with: the author and the accounts it mentions, without the viewer."""
    me = call.me.username if call.me else ""
    names = dict.fromkeys([view.author.username, *(one.username for one in post.mentioned)])
    return "".join(f"@{name} " for name in names if name != me)


def _warned(view: PostView) -> dict[str, Any]:
    """A reply begins with the parent's warning, because it is probably about the same."""
    return {"summary": view.summary, "sensitive": view.sensitive} if view.summary else {}


def _card(call: Call, post: PostView) -> Card | None:
    """Only for posts that search engines may keep. A warning replaces the text."""
    if not post.indexed:
        return None
    base = call.site.base_url
    picture = next((one for one in post.media if one.preview), None) if not post.sensitive else None
    return Card(
        url=base + post.path,
        title=f"{post.author.name} (@{post.author.username})",
        description=shorten(post.said, LAST_SAID_CHARS),
        image=base + (picture.preview if picture else post.author.avatar),
        large=bool(picture),
    )


def react(operation: Callable[[Tx, int, int], Post]) -> Callable[..., Awaitable[Page | Go]]:
    """A handler for operation(tx, account, post). htmx gets the new row of buttons, a browser the page."""

    async def handler(call: Call, handle: str, id: str) -> Page | Go:
        post = await call.write(operation, call.account_id, path_id(id))
        try:
            view = await call.read(call.views.one, call.account_id, post.boost_of_id or post.id)
        except NotFound:  # the viewer took back a mark of a post that it can no longer see
            if call.is_htmx:
                return Page("notice.html", {"message": "It is taken back. The post is not shown to you any more."})
            return Go("/home")
        return _piece(call, "posts/acts.html", view) if call.is_htmx else Go(call.return_to(f"/@{handle}/{id}"))

    handler.__name__ = operation.__name__
    return handler


async def vote(call: Call, handle: str, id: str) -> Page | Go:
    chosen = [
        int(choice) for choice in call.form.texts("choice") if choice.isascii() and choice.isdigit() and len(choice) < 5
    ][:10]
    await call.write(_vote, call.account_id, path_id(id), chosen)
    if not call.is_htmx:
        return Go(call.return_to(f"/@{handle}/{id}"))
    return _piece(call, "posts/poll.html", await call.read(call.views.one, call.account_id, path_id(id)))


def _piece(call: Call, template: str, view: PostView) -> Page:
    """A part of the post, for the page that requested it: in a list, a boost has the entry's key."""
    view = msgspec.structs.replace(view, key=call.form.id("of") or view.key)
    return Page(template, {"p": view, "here": call.return_to(view.path).partition("#")[0]})


def _vote(tx: Tx, account_id: int, id: int, chosen: list[int]) -> None:
    poll = polls.get(tx, account_id, posts.get(tx, account_id, id).poll_id)
    if not chosen:
        raise Invalid("choices", "blank", "Choose an answer first.")
    polls.vote(tx, account_id, poll, chosen)


async def delete_form(call: Call, handle: str, id: str) -> Page:
    await call.read(posts.own, call.account_id, path_id(id))
    return Page("posts/delete.html", {"p": await call.read(call.views.one, call.account_id, path_id(id))})


async def delete(call: Call, handle: str, id: str) -> Go:
    await call.write(posts.delete, call.account_id, path_id(id))
    return Go(f"/@{handle}")
