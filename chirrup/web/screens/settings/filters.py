"""Settings: filters, each with its words a line, for one knows what one wants to add and remove in a list."""

from collections.abc import Collection
from typing import Any

import msgspec

from ....errors import NotFound, not_among
from ....http.arguments import path_id
from ....ports import Tx
from ....social import filters
from ....social.filters import FilterChange, KeywordChange, Whole
from ....types import FilterAction, FilterKeyword
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from ...views import PostView

PLACES = [
    ("home", "Home and lists"),
    ("notifications", "Alerts"),
    ("public", "Everyone, hashtags and search"),
    ("thread", "Threads"),
    ("account", "Profiles"),
]
ACTIONS = [
    (FilterAction.WARN, "A warning that I can open"),
    (FilterAction.BLUR, "A warning instead of pictures alone"),
    (FilterAction.HIDE, "Nothing at all"),
]
AS_IT_IS, FOR_EVER = "as it is", "for ever"
LASTS = [
    (FOR_EVER, "Until I delete it"),
    ("1800", "30 minutes from now"),
    ("3600", "1 hour from now"),
    ("21600", "6 hours from now"),
    ("86400", "1 day from now"),
    ("604800", "1 week from now"),
    ("2592000", "30 days from now"),
]
UNTIL = (AS_IT_IS, "As it is now")
EDIT_PATH = "/settings/filters/{id}"


class FilterForm(msgspec.Struct, frozen=True):
    title: str = ""
    places: list[str] = []
    action: str = FilterAction.WARN
    lasts: str = FOR_EVER
    whole: str = ""  # keywords, one a line
    part: str = ""

    def to_change(self, keywords: Collection[FilterKeyword] = ()) -> FilterChange:
        """keywords: that there are. Raises Invalid: an end that the form does not offer."""
        lasts_s = msgspec.UNSET if self.lasts == AS_IT_IS else None
        if self.lasts not in (AS_IT_IS, FOR_EVER):
            known = [value for value, _ in LASTS]
            if self.lasts not in known:
                raise not_among("expires_in", known, self.lasts)
            lasts_s = int(self.lasts)
        return FilterChange(self.title, self.places, self.action, lasts_s, self._changes(keywords))

    def _changes(self, keywords: Collection[FilterKeyword]) -> list[KeywordChange]:
        wanted = {(line, True): None for line in _lines(self.whole)} | {
            (line, False): None for line in _lines(self.part)
        }
        there = {(one.keyword, bool(one.whole_word)) for one in keywords}
        removed = [one.id for one in keywords if (one.keyword, bool(one.whole_word)) not in wanted]
        added = [KeywordChange(keyword=line, whole_word=whole) for line, whole in wanted if (line, whole) not in there]
        return [*(KeywordChange(id, remove=True) for id in removed), *added]


def _lines(words: str) -> list[str]:
    return [line.strip() for line in words.splitlines() if line.strip()]


def _sent(form: Fields) -> FilterForm:
    return FilterForm(
        form.text("title"),
        form.texts("context"),
        form.text("filter_action"),
        form.text("lasts"),
        form.text("whole"),
        form.text("part"),
    )


def _stored(one: Whole) -> FilterForm:
    return FilterForm(
        one.filter.title,
        one.filter.places,
        one.filter.action,
        AS_IT_IS if one.filter.expires_ms else FOR_EVER,
        "\n".join(word.keyword for word in one.keywords if word.whole_word),
        "\n".join(word.keyword for word in one.keywords if not word.whole_word),
    )


class FilterView(msgspec.Struct, frozen=True):
    id: int
    title: str
    action: str
    places: list[str]
    words: int
    posts: int
    ends_ms: int
    ended: bool


async def index(call: Call) -> Page:
    values = {"filters": await call.read(_index, call.account_id), "notice": _saved(call)}
    return Page("settings/filters.html", values)


def _index(tx: Tx, account_id: int) -> list[FilterView]:
    places, actions = dict(PLACES), dict(ACTIONS)
    return [
        FilterView(
            id=one.filter.id,
            title=one.filter.title,
            action=actions[FilterAction(one.filter.action)],
            places=[places[name] for name in one.filter.places],
            words=len(one.keywords),
            posts=len(one.posts),
            ends_ms=one.filter.expires_ms,
            ended=0 < one.filter.expires_ms <= tx.now_ms,
        )
        for one in filters.owned(tx, account_id)
    ]


def _saved(call: Call) -> str:
    return "Saved." if call.query.flag("saved") else ""


async def new_form(call: Call) -> Page:
    return _page(FilterForm(places=["home", "notifications"]))


async def create(call: Call) -> Go:
    await call.write(filters.create, call.account_id, _sent(call.form).to_change())
    return Go("/settings/filters?saved=1")


async def new_again(call: Call, problem: Problem) -> Page:
    return _page(_sent(call.form), problem=problem)


async def edit_form(call: Call, id: str) -> Page:
    one, posts = await call.read(_with_posts, call, path_id(id))
    return _page(_stored(one), one, posts)


async def save(call: Call, id: str) -> Go:
    await call.write(_save, call.account_id, path_id(id), _sent(call.form), call.form.ids("drop"))
    return Go("/settings/filters?saved=1")


def _save(tx: Tx, account_id: int, id: int, form: FilterForm, dropped: Collection[int]) -> None:
    one = filters.get(tx, account_id, id)
    filters.change(tx, account_id, id, form.to_change(one.keywords))
    for post_id in dropped:
        filters.remove_post(tx, account_id, post_id)


async def edit_again(call: Call, problem: Problem, id: str) -> Page:
    """What was typed for a filter that has been deleted meanwhile makes a new one."""
    try:
        one, posts = await call.read(_with_posts, call, path_id(id))
    except NotFound:
        return await new_again(call, problem)
    return _page(_sent(call.form), one, posts, problem)


def _with_posts(tx: Tx, call: Call, id: int) -> tuple[Whole, list[tuple[int, PostView]]]:
    """With the posts in it that can still be seen, by their ids in the filter."""
    one = filters.get(tx, call.account_id, id)
    views = {view.key: view for view in call.views.shown(tx, call.account_id, [post.post_id for post in one.posts])}
    return one, [(post.id, views[post.post_id]) for post in one.posts if post.post_id in views]


def _page(
    form: FilterForm,
    one: Whole | None = None,
    posts: Collection[tuple[int, PostView]] = (),
    problem: Problem | None = None,
) -> Page:
    values: dict[str, Any] = {
        "form": form,
        "action": EDIT_PATH.format(id=one.filter.id) if one else "/settings/filters/new",
        "is_new": one is None,
        "ends_ms": one.filter.expires_ms if one else 0,
        "posts": posts,
        "places": PLACES,
        "actions": ACTIONS,
        "lasts": [UNTIL, *LASTS] if one and one.filter.expires_ms else LASTS,
        "problem": problem.message if problem else "",
    }
    return Page("settings/filter.html", values, status=problem.status if problem else 200)


async def delete(call: Call, id: str) -> Go:
    await call.write(filters.delete, call.account_id, path_id(id))
    return Go("/settings/filters?saved=1")
