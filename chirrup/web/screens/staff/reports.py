"""Staff: the queue of reports, one report, and what is done with the posts in it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from ....access.roles import Permission
from ....http.arguments import path_id
from ....ids import ID_MAX
from ....ports import Tx
from ....social import collections, moderation, reports, strikes
from ....social.moderation import Decision
from ....types import Collection, Report, Span
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from ...views import PersonView, PostView
from ..reading.home import next_before, span
from ..settings.strikes import StrikeView, view
from .places import choices, people, places

PATH, ONE = "/admin/reports", "/admin/reports/{id}"
LISTED = 40
HISTORY = 10  # strikes beside a report
LISTS = {"open": "Open", "mine": "Mine", "resolved": "Resolved"}
CATEGORIES = {"spam": "Spam", "legal": "Against the law", "violation": "Breaks the rules", "other": "Something else"}
NOTHING = {
    "open": "No report waits for an answer.",
    "mine": "You have taken no report on yourself.",
    "resolved": "No report has been resolved yet.",
}


class ReportView(msgspec.Struct, frozen=True):
    """People are None where they are gone without a trace."""

    id: int
    by: PersonView | None
    about: PersonView | None
    category: str
    rules: list[str]
    comment: str
    posts: int
    created_ms: int
    assigned: PersonView | None
    resolved_ms: int
    resolved_by: PersonView | None


def _views(tx: Tx, call: Call, found: list[Report]) -> list[ReportView]:
    ids = {id for one in found for id in (one.account_id, one.target_id, one.assigned_id, one.resolved_by_id)}
    known, rules = people(tx, call, ids), {one.id: one.text for one in call.site.rules}
    return [
        ReportView(
            id=one.id,
            by=known.get(one.account_id),
            about=known.get(one.target_id),
            category=CATEGORIES[one.category],
            rules=[rules.get(id, f"rule {id}, which is gone") for id in one.rules],
            comment=one.comment,
            posts=len(one.posts),
            created_ms=one.created_ms,
            assigned=known.get(one.assigned_id),
            resolved_ms=one.resolved_ms,
            resolved_by=known.get(one.resolved_by_id),
        )
        for one in found
    ]


async def queue(call: Call) -> Page:
    asked, which = span(call.query, limit=LISTED), call.query.text("show")
    which = which if which in LISTS else "open"

    def operation(tx: Tx) -> tuple[list[ReportView], int]:
        mine = call.account_id if which == "mine" else 0
        found = reports.page(tx, call.site.org_id, asked, resolved=which == "resolved", assigned_id=mine)
        return _views(tx, call, found), next_before([one.id for one in found], asked)

    shown, before = await call.read(operation)
    values = {
        "places": places(call),
        "lists": [(f"{PATH}?show={name}" if name != "open" else PATH, words) for name, words in LISTS.items()],
        "list": f"{PATH}?show={which}" if which != "open" else PATH,
        "reports": shown,
        "before": before,
        "asked": f"show={which}&" if which != "open" else "",
        "nothing": NOTHING[which],
    }
    return Page("staff/reports.html", values)


class Whole(msgspec.Struct, frozen=True):
    report: ReportView
    posts: list[PostView]  # those that are still there
    collections: list[Collection]  # likewise
    history: list[StrikeView]


async def show(call: Call, id: str) -> Page:
    found = await call.read(_whole, call, path_id(id))
    values = {
        **{name: getattr(found, name) for name in Whole.__struct_fields__},
        "places": places(call),
        "mine": found.report.assigned is not None and found.report.assigned.id == call.account_id,
        "may_act": call.may(Permission.MANAGE_USERS),
        "notice": "Done." if call.query.flag("done") else "",
    }
    return Page("staff/report.html", values)


def _whole(tx: Tx, call: Call, id: int) -> Whole:
    report = reports.get(tx, call.site.org_id, id)
    history = strikes.against(tx, report.target_id, Span(ID_MAX, limit=HISTORY))
    return Whole(
        _views(tx, call, [report])[0],
        call.views.judged(tx, call.account_id, report.posts),
        collections.for_staff(tx, call.site.org_id, report.collections) if report.collections else [],
        [view(one, tx.now_ms) for one in history],
    )


def change(operation: Callable[[Tx, int, int, int], object]) -> Callable[..., Awaitable[Go]]:
    """A handler for operation(tx, actor, report, organisation)."""

    async def handler(call: Call, id: str) -> Go:
        await call.write(operation, call.account_id, path_id(id), call.site.org_id)
        return Go(f"{PATH}/{path_id(id)}")

    return handler


def take(tx: Tx, actor_id: int, id: int, org_id: int) -> None:
    reports.assign(tx, actor_id, id, actor_id, org_id)


def leave(tx: Tx, actor_id: int, id: int, org_id: int) -> None:
    reports.assign(tx, actor_id, id, 0, org_id)


# the posts of a report


async def posts_form(call: Call, id: str) -> Page:
    return await _posts_page(call, path_id(id))


async def posts_again(call: Call, problem: Problem, id: str) -> Page:
    return await _posts_page(call, path_id(id), call.form, problem)


async def _posts_page(call: Call, id: int, sent: Fields | None = None, problem: Problem | None = None) -> Page:
    found = await call.read(_whole, call, id)
    chosen = {post.id for post in found.posts}
    values: dict[str, Any] = {
        "report": found.report,
        "posts": found.posts,
        "chosen": chosen & set(sent.ids("post")) if sent else chosen,
        "words": sent.text("text") if sent else "",
        "mail": sent.flag("mail") if sent else True,
        "actions": choices(moderation.POST_ACTIONS),
        "problem": problem.message if problem else "",
    }
    return Page("staff/posts.html", values, status=problem.status if problem else 200)


async def act_on_posts(call: Call, id: str) -> Go:
    form = call.form
    decision = Decision(form.text("type"), form.text("text"), path_id(id), mail=form.flag("mail"))
    await call.write(moderation.act_on_posts, call.account_id, form.ids("post"), decision, org_id=call.site.org_id)
    return Go(f"{PATH}/{path_id(id)}?done=1")
