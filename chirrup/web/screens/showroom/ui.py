"""Every part of the kit in all its states, on one page in both themes: for developers and for tests.

Only demo and test servers have it (Settings.demo, Settings.testing). Its people and posts are invented here.
"""

import time
from typing import Any

import msgspec
from markupsafe import Markup

from ....types import PostFlags, Relationship
from ...call import Call, Page
from ...cards import CardView
from ...kit.charts import Series
from ...pages import asset
from ...views import MediaView, OptionView, PersonView, PollView, PostView, ReplyTo
from ..posts import typed

_MINUTE_MS, _DAY_MS = 60_000, 86_400_000
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


async def show(call: Call) -> Page:
    now_ms = int(time.time() * 1000)
    values = {
        "title": "The kit",
        "me": _person(1, "ann", "Ann Baker"),
        "parts": [_parts(theme, n * 1000, now_ms) for n, theme in enumerate(("light", "dark"))],
    }
    return Page("showroom/ui.html", values)


def _parts(theme: str, first_id: int, now_ms: int) -> dict[str, Any]:
    """The parts in one theme. first_id: ids start there, because both themes are on one page."""
    posts = _posts(first_id, now_ms)
    return {
        "theme": theme,
        "people": _people(first_id),
        "profile": {"path": "/@bob", "counts": {"posts": 1204, "followees": 86, "followers": 1}},
        "posts": posts,
        "alone": msgspec.structs.replace(posts[1], key=first_id + 200),
        "drafts": _drafts(first_id),
        "labels": list(_DAYS),
        "bars": [Series("posts", [12, 18, 9, 24, 31, 16, 7]), Series("replies", [4, 9, 6, 14, 12, 8, 3])],
        "lines": [Series("reads", [1200, 1900, 1650, 2400, 2100, 900, 780])],
        "columns": [("name", "Member", False), ("role", "Role", False), ("posts", "Posts", True)],
        "rows": [
            {"name": "Ann Baker", "role": "owner", "posts": "1,204"},
            {"name": "Carla Núñez", "role": "member", "posts": "86"},
            {"name": "Dev", "role": "guest", "posts": "3"},
        ],
        "events": [
            ("plus", "", "Ann asked for an approval", now_ms - 3 * _DAY_MS, ""),
            ("clock", "warn", "Nobody answered within ten minutes; Bob was asked", now_ms - 2 * _DAY_MS, "step 2"),
            ("check", "good", "Bob approved", now_ms - _DAY_MS, "by mail"),
        ],
    }


def _person(id: int, username: str, name: str, **more: Any) -> PersonView:
    return PersonView(id, username, name, f"/@{username}", more.pop("avatar", asset("avatar.png")), **more)


def _people(first_id: int) -> list[PersonView]:
    def tie(**how: bool) -> Relationship:
        return Relationship(**{"id": 0} | how)  # pyright: ignore[reportArgumentType]

    return [
        _person(first_id + 2, "bob", "Bob", tie=tie()),
        _person(first_id + 3, "carla", "Carla Núñez", tie=tie(following=True), avatar=asset("icon.svg")),
        _person(first_id + 4, "farid", "فريد", tie=tie(followed_by=True)),
        _person(first_id + 5, "goro", "ゴロー", tie=tie(requested=True)),
        _person(first_id + 6, "news", "A name that is so long that it has to be broken somewhere", tie=tie(), bot=True),
        _person(first_id + 7, "dev", "Dev", tie=tie(blocking=True)),
    ]


def _posts(first_id: int, now_ms: int) -> list[PostView]:
    people = _people(first_id)
    picture = MediaView(1, asset("header.png"), asset("header.png"), "Green hills", 900, 300)
    says = "What the bakers of the town say about the new oven, and who pays for it."
    url, title = "https://news.example/bread", "Bread at six, every day"
    image = asset("header.png")
    card = CardView(
        url, "news.example", title, says, "en", "The News", image, "Green hills", 640, 213, "Ann", author_path="/@ann"
    )
    plain = msgspec.structs.replace(card, image="", description="", author="A. Writer", author_path="")
    polls = [
        PollView([OptionView("Tea", None, False), OptionView("Coffee", None, False)], False, 0, 0, False, True),
        PollView([OptionView("Tea", 62, True), OptionView("Coffee", 38, False)], False, 21, now_ms, True, False),
    ]
    samples: list[dict[str, Any]] = [
        {"html": _text("A post as most are: a line or two, with a <a href='/tags/hashtag'>#hashtag</a>.")},
        {
            "html": _text("Favourited, boosted, bookmarked, for followers alone, and edited."),
            "flags": PostFlags(favourited=True, boosted=True, bookmarked=True),
            "visibility": "private",
            "edited_ms": now_ms,
            "favourites": 1234,
            "boosts": 56,
            "replies": 7,
        },
        {"html": _text("Boosted by three, an answer."), "boosters": people[1:4], "reply_to": ReplyTo("bob", "/@bob/1")},
        {"html": _text("Behind a warning."), "summary": "Gardening, strong language from the slugs"},
        {"html": _text("With one picture."), "media": [picture]},
        {"html": _text("With three."), "media": [picture] * 3},
        {"html": _text("With pictures that not everybody wants to see."), "media": [picture] * 2, "sensitive": True},
        {"html": _text("Filtered, with a warning."), "warned": ("Birds", "Weather")},
        {"html": _text("With a picture that a filter takes away."), "media": [picture], "blurred": ("Hills",)},
        {"html": _text("With a link."), "card": card},
        {"html": _text("With a link to a page without a picture."), "card": plain},
        {"html": _text("To vote on."), "poll": polls[0]},
        {"html": _text("With a poll that has ended."), "poll": polls[1], "author": people[4]},
        {"html": _text("Pinned, long."), "fold": (_text("Pinned, long."), _text("The rest of it.")), "pinned": True},
    ]
    first_id, step_ms = first_id + 100, 47 * _MINUTE_MS
    return [_post(first_id + n, people[n % 4], now_ms - n * step_ms, one) for n, one in enumerate(samples)]


def _text(html: str) -> Markup:
    return Markup(f"<p>{html}</p>")


def _post(id: int, author: PersonView, created_ms: int, more: dict[str, Any]) -> PostView:
    fields: dict[str, Any] = {
        "key": id,
        "id": id,
        "path": f"/@{author.username}/{id}",
        "author": author,
        "boosters": [],
        "reply_to": None,
        "visibility": "public",
        "language": "en",
        "summary": "",
        "said": "",
        "fold": None,
        "sensitive": False,
        "media": [],
        "poll": None,
        "created_ms": created_ms,
        "edited_ms": 0,
        "replies": 0,
        "boosts": 0,
        "favourites": 0,
        "flags": PostFlags(),
        "boostable": True,
        "indexed": False,
    }
    return PostView(**fields | more)


def _drafts(first_id: int) -> list[typed.Typed]:
    uploaded = MediaView(first_id + 1, asset("header.png"), asset("header.png"), "Green hills", 900, 300)
    return [
        typed.Typed(key="x"),
        typed.Typed(
            key="x",
            text="Bread at six",
            summary="Gluten",
            options=["Rye", "Wheat"],
            pictures=[uploaded],
            visibility="private",
            problem="The poll must have an end. Nothing was sent yet.",
        ),
    ]
