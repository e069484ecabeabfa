"""Filter a post from its menu: the post itself, or words, into a filter that there is or a new one."""

import msgspec

from ....errors import Invalid
from ....ports import Tx
from ....social import filters
from ....social.filters import CONTEXTS, FilterChange, KeywordChange
from ....types import FilterAction
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from ...views import PostView
from .filters import ACTIONS

PATH = "/settings/filters/post"
NEW = "new"


class Subject(msgspec.Struct, frozen=True):
    post: PostView
    filters: list[tuple[str, str]]  # (id, title)


async def form(call: Call) -> Page:
    """`?post=` is the post's id."""
    return await _page(call, call.query)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, call.form, problem)


async def _page(call: Call, given: Fields, problem: Problem | None = None) -> Page:
    def operation(tx: Tx) -> Subject:
        """Raises NotFound: the post is absent or hidden."""
        post = call.views.one(tx, call.account_id, given.id("post"))
        owned = [(str(one.filter.id), one.filter.title) for one in filters.owned(tx, call.account_id)]
        return Subject(post, owned)

    subject = await call.read(operation)
    values = {
        "p": subject.post,
        "filters": subject.filters,
        "chosen": given.text("filter") or (subject.filters[0][0] if subject.filters else NEW),
        "itself": given.flag("itself") if problem else True,
        "whole": given.text("whole"),
        "name": given.text("title"),
        "actions": ACTIONS,
        "action": given.text("filter_action") or FilterAction.WARN,
        "return_to": call.return_to(""),
        "problem": problem.message if problem else "",
    }
    return Page("settings/filtering.html", values, status=problem.status if problem else 200)


async def add(call: Call) -> Go:
    await call.write(_add, call.account_id, call.form)
    return Go(call.return_to("/settings/filters?saved=1"))


def _add(tx: Tx, account_id: int, form: Fields) -> None:
    """Raises NotFound: the filter, or the post; Invalid, InvalidFields."""
    words = [KeywordChange(keyword=line) for one in form.text("whole").splitlines() if (line := one.strip())]
    if not words and not form.flag("itself"):
        raise Invalid("whole", "blank", "Choose the post, or type a word that you do not want to read.")
    if form.text("filter") == NEW:
        change = FilterChange(form.text("title"), CONTEXTS, form.text("filter_action"), keywords=words)
        one = filters.create(tx, account_id, change)
    else:
        one = filters.get(tx, account_id, form.id("filter"))
        known = {there.keyword for there in one.keywords if there.whole_word}
        if more := [word for word in words if word.keyword not in known]:
            filters.change(tx, account_id, one.filter.id, FilterChange(keywords=more))
    post_id = form.id("post")
    if form.flag("itself") and all(there.post_id != post_id for there in one.posts):
        filters.add_post(tx, account_id, one.filter.id, post_id)
