"""Who quotes a post; for its author also taking a quote back, and who may quote it from now on."""

from typing import Any

import msgspec

from ....http.arguments import path_id
from ....ports import Tx
from ....social import posts, quotes
from ...call import Call, Go, Page
from ...problems import Problem
from ...views import PostView
from ..reading.home import next_page, span
from . import audience


class Whole(msgspec.Struct, frozen=True):
    post: PostView
    policy: str  # who may quote it; "": it is another's, or not for everybody, so that nobody may
    found: list[PostView]
    before: int  # of the next page


def _whole(tx: Tx, call: Call, id: int) -> Whole:
    """Raises NotFound: absent or hidden."""
    asked = span(call.query)
    post = call.views.one(tx, call.account_id, id)
    mine = post.author.id == call.account_id and post.visibility in audience.QUOTABLE
    page = quotes.page(tx, call.account_id, id, asked)
    return Whole(
        post,
        posts.own(tx, call.account_id, id).quote_policy if mine else "",
        call.views.shown(tx, call.account_id, page.items, context="public"),
        next_page(page, asked),
    )


async def index(call: Call, handle: str, id: str) -> Page:
    return await _page(call, path_id(id))


async def again(call: Call, problem: Problem, handle: str, id: str) -> Page:
    return await _page(call, path_id(id), problem)


async def _page(call: Call, id: int, problem: Problem | None = None) -> Page:
    whole = await call.read(_whole, call, id)
    values: dict[str, Any] = {
        "p": whole.post,
        "policy": whole.policy,
        "policies": audience.QUOTE_POLICIES,
        "mine": whole.post.author.id == call.account_id,
        "posts": whole.found,
        "before": whole.before,
        "problem": problem.message if problem else "",
        "notice": "Saved." if call.query.flag("saved") else "",
    }
    return Page("posts/quotes.html", values, status=problem.status if problem else 200)


async def change_policy(call: Call, handle: str, id: str) -> Go:
    """Quotes that there are stay."""
    await call.write(quotes.change_policy, call.account_id, path_id(id), call.form.text("quote_policy"))
    return Go(f"/@{handle}/{path_id(id)}/quotes?saved=1")


async def take_back_form(call: Call, handle: str, id: str) -> Page:
    """Asks before: a quote that is taken back does not come again. `?quote=` is the quoting post's id."""

    def operation(tx: Tx) -> tuple[PostView, PostView]:
        post = call.views.one(tx, call.account_id, posts.own(tx, call.account_id, path_id(id)).id)
        return post, call.views.one(tx, call.account_id, call.query.id("quote"))

    post, quote = await call.read(operation)
    return Page("posts/unquote.html", {"p": post, "quote": quote})


async def take_back(call: Call, handle: str, id: str) -> Go:
    await call.write(quotes.revoke, call.account_id, path_id(id), call.form.id("quote"))
    return Go(f"/@{handle}/{path_id(id)}/quotes?saved=1")
