"""Tell those who look after the site of an account, and of a post of its."""

import msgspec

from ....errors import Invalid, NotFound
from ....ports import Tx
from ....social import reports
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from ...views import PersonView, PostView
from .profiles import find

CATEGORIES = {
    "spam": ("It is spam", "Advertising, or the same again and again."),
    "legal": ("It is against the law", "Here, or where this site stands."),
    "violation": ("It breaks the rules", "Which of them, you say below."),
    "other": ("Something else", "Say what it is."),
}


class Subject(msgspec.Struct, frozen=True):
    person: PersonView
    posts: list[PostView]  # at most one, which is the person's


def _subject(tx: Tx, call: Call, handle: str, post_ids: list[int]) -> Subject:
    """Raises NotFound: no such account, or the viewer's own."""
    account = find(tx, call, handle)
    if account.id == call.account_id:
        raise NotFound("account", account.id)
    posts = [one for one in call.views.shown(tx, call.account_id, post_ids[:1]) if one.author.id == account.id]
    return Subject(call.views.people(tx, call.account_id, [account.id])[0], posts)


async def form(call: Call, handle: str) -> Page:
    """`?post=` is the id of a post that it is about."""
    return await _page(call, handle, call.query)


async def again(call: Call, problem: Problem, handle: str) -> Page:
    return await _page(call, handle, call.form, problem)


async def _page(call: Call, handle: str, given: Fields, problem: Problem | None = None) -> Page:
    subject = await call.read(_subject, call, handle, given.ids("post"))
    categories = [(name, *words) for name, words in CATEGORIES.items() if name != "violation" or call.site.rules]
    values = {
        "one": subject.person,
        "posts": subject.posts,
        "categories": categories,
        "category": given.text("category") or "spam",
        "rules": [(str(rule.id), rule.text) for rule in call.site.rules],
        "broken": given.texts("rule"),
        "words": given.text("text"),
        "problem": problem.message if problem else "",
    }
    return Page("people/report.html", values, status=problem.status if problem else 200)


async def file(call: Call, handle: str) -> Go:
    form = call.form
    category, broken = form.text("category"), form.ids("rule")  # with a rule it is a violation, whatever else it is
    if category == "violation" and not broken:
        raise Invalid("rule_ids", "blank", "Choose the rule that it breaks.")

    def operation(tx: Tx) -> None:
        subject = _subject(tx, call, handle, form.ids("post"))
        reports.file(
            tx,
            call.account_id,
            subject.person.id,
            comment=form.text("text"),
            category=category,
            post_ids=[one.id for one in subject.posts],
            rule_ids=broken,
            rules=[one.id for one in call.site.rules],
        )

    await call.write(operation)
    return Go(f"/@{handle}?reported=1")
