"""For how long an organisation keeps what is said: days for each class, and how deleting the rest went."""

from ....errors import Invalid
from ....orgs import retention
from ....ports import Tx
from ....types import Retention, RetentionClass, RetentionRun
from ...call import Call, Go, Page
from ...problems import Problem
from . import places

PATH = "/org/retention"
CLASSES = [
    (RetentionClass.POSTS, "Posts", "All but direct ones, with their earlier versions and media."),
    (RetentionClass.DIRECT, "Direct posts", "What is said to those it mentions alone."),
    (RetentionClass.MEDIA, "Pictures, films and sound", "The words of their posts stay."),
]


async def form(call: Call) -> Page:
    rules, run = await call.read(_chosen, call.site.org_id)
    return _page(call, {f"days_{one.kind}": str(one.days) for one in rules if not one.room_id}, run)


async def again(call: Call, problem: Problem) -> Page:
    _, run = await call.read(_chosen, call.site.org_id)
    return _page(call, {f"days_{kind}": call.form.text(f"days_{kind}") for kind, _, _ in CLASSES}, run, problem)


async def save(call: Call) -> Go:
    wanted = {kind: _days(call, f"days_{kind}") for kind, _, _ in CLASSES}

    def operation(tx: Tx) -> None:
        before = {one.kind: one.days for one in retention.rules(tx, call.site.org_id) if not one.room_id}
        for kind, days in wanted.items():
            if days != before.get(kind, 0):
                retention.choose(tx, call.site.org_id, call.account_id, kind, days)

    await call.write(operation)
    return Go(f"{PATH}?saved=1")


def _chosen(tx: Tx, org_id: int) -> tuple[list[Retention], RetentionRun | None]:
    return retention.rules(tx, org_id), retention.last_run(tx, org_id)


def _days(call: Call, field: str) -> int:
    """0: the field is empty. Raises Invalid."""
    digits = call.form.text(field).strip()
    if digits and not (digits.isascii() and digits.isdigit() and 0 < int(digits[:9]) <= retention.DAYS_MAX):
        raise Invalid(
            field,
            "invalid",
            "must be empty, or a number of days from 1 to {most}; got {got!r}",
            most=retention.DAYS_MAX,
            got=digits[:20],
        )
    return int(digits or 0)


def _page(call: Call, days: dict[str, str], run: RetentionRun | None, problem: Problem | None = None) -> Page:
    shown = {
        "classes": CLASSES,
        "days": days,
        "run": run,
        "problem": problem.message if problem else "",
        "problems": problem.fields if problem else {},
        "notice": "Saved." if call.query.flag("saved") and not problem else "",
    }
    return places.page(call, "retention.html", shown, status=problem.status if problem else 200)
