"""Announcements above the home of those who have not dismissed them: what they say, and reactions to them."""

from typing import Any

import msgspec
from markupsafe import Markup

from ....http.arguments import path_id
from ....ports import Tx
from ....social import announcements
from ...call import Call, Go, Page
from ...problems import Problem
from ...views import Views

SHOWN_MAX = 3  # at once; the next one when one is dismissed
OFFERED = ("👍", "❤️", "🎉", "😄", "😮", "😢")  # to react with; any other can be typed


class ReactionView(msgspec.Struct, frozen=True):
    name: str
    drawn: str  # an emoji of the site as a picture; "": it is a character
    accounts: int
    mine: bool


class AnnouncementView(msgspec.Struct, frozen=True):
    id: int
    html: Markup
    starts_ms: int  # 0: it says nothing of that
    ends_ms: int
    all_day: bool  # both are days
    reactions: list[ReactionView]

    @property
    def offered(self) -> list[str]:
        """What nobody has reacted with yet; nothing where no other one may be added."""
        there = {one.name for one in self.reactions}
        return [] if len(there) >= announcements.REACTIONS_MAX else [one for one in OFFERED if one not in there]


def unread(tx: Tx, views: Views, viewer_id: int) -> list[AnnouncementView]:
    """The newest first. No query where there are none, but for a look now and then."""
    every = views.known.announcements.of(tx, views.site.org_id)
    found = [one for one in reversed(every) if one.is_shown(tx.now_ms)]
    whole = announcements.whole(tx, viewer_id, found, views.site)
    return [_view(tx, views, one) for one in whole if not one.read][:SHOWN_MAX]


def _view(tx: Tx, views: Views, one: announcements.Whole) -> AnnouncementView:
    names = [f":{reaction.name}:" for reaction in one.reactions]
    views.look(tx, (one.announcement.text, *names))
    return AnnouncementView(
        id=one.announcement.id,
        html=views.html(one.announcement.text, one.named),
        starts_ms=one.announcement.starts_ms,
        ends_ms=one.announcement.ends_ms,
        all_day=bool(one.announcement.all_day),
        reactions=[
            ReactionView(it.name, views.drawn(name), it.accounts, it.mine)
            for it, name in zip(one.reactions, names, strict=True)
        ],
    )


async def dismiss(call: Call, id: str) -> Go:
    """It is read."""
    await call.write(announcements.dismiss, call.site.org_id, call.account_id, path_id(id))
    return Go("/home")


async def react(call: Call, id: str) -> Go:
    """With the emoji of a button, or one that was typed: as a character, or :shortcode: of one of the site's."""
    name = (call.form.text("name") or call.form.text("emoji")).strip().strip(":")

    def operation(tx: Tx) -> None:
        emojis = call.views.known.emojis.of(tx, call.site.org_id)
        announcements.react(tx, call.site.org_id, call.account_id, path_id(id), name, emojis)

    await call.write(operation)
    return Go(f"/home#announcement{path_id(id)}")


async def take_back(call: Call, id: str) -> Go:
    name = call.form.text("name")
    await call.write(announcements.take_back, call.site.org_id, call.account_id, path_id(id), name)
    return Go(f"/home#announcement{path_id(id)}")


async def again(call: Call, problem: Problem, id: str) -> Page:
    """The announcement alone, with what was typed."""

    def operation(tx: Tx) -> AnnouncementView:
        one = announcements.get(tx, call.site.org_id, path_id(id))
        return _view(tx, call.views, announcements.whole(tx, call.account_id, [one], call.site)[0])

    values: dict[str, Any] = {"one": await call.read(operation), "typed": call.form.text("emoji")}
    return Page("reading/announcement.html", values | {"problem": problem.message}, status=problem.status)
