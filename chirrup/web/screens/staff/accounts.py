"""Staff: the accounts of the site, one of them, what is done with it, and those who wait to be let in."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import msgspec

from ....access import addresses
from ....access.roles import Permission
from ....errors import NotAllowed
from ....http.arguments import path_id
from ....ids import ID_MAX
from ....ports import Tx
from ....social import audit, moderation, reports, strikes
from ....social.moderation import Decision, Person, Wanted
from ....types import Report, Span
from ...call import Call, Go, Page
from ...forms import Fields
from ...problems import Problem
from ...views import PersonView
from ..reading.home import next_before, span
from ..settings.strikes import StrikeView, view
from .log import EntryView, entries
from .places import choices, places

PATH, ONE, SIGN_UPS = "/admin/accounts", "/admin/accounts/{id}", "/admin/sign-ups"
LISTED = 40
HISTORY = 20
STATES = {  # of moderation.STATUSES -> (words, kind of pill)
    "pending": ("waits to be let in", "warn"),
    "disabled": ("login closed", "bad"),
    "silenced": ("limited", "warn"),
    "suspended": ("suspended", "bad"),
    "sensitized": ("pictures behind a warning", "warn"),
}
CHOICES = [("", "Any"), ("active", "Active"), *((name, STATES[name][0].capitalize()) for name in STATES)]
UNDO = {  # of moderation.UNDOING, by the state that it ends
    "disabled": ("enable", "Open the login again"),
    "silenced": ("unsilence", "Limit it no longer"),
    "sensitized": ("unsensitive", "Show its pictures again"),
    "suspended": ("unsuspend", "Bring it back"),
}
TYPED = ("username", "display_name", "email", "ip")


class AccountView(msgspec.Struct, frozen=True):
    person: PersonView
    role: str  # its name; "": none
    email: str
    confirmed: bool
    states: list[str]  # of STATES
    created_ms: int
    ip: str
    reason: str
    gone: bool  # what it had is deleted

    @property
    def path(self) -> str:
        return f"{PATH}/{self.person.id}"

    @property
    def pills(self) -> list[tuple[str, str]]:
        return [("deleted", "bad")] if self.gone else [STATES[one] for one in self.states]

    @property
    def undoing(self) -> list[tuple[str, str]]:
        return [] if self.gone else [UNDO[one] for one in self.states if one in UNDO]


def _view(call: Call, one: Person) -> AccountView:
    account, user = one
    states = {
        "pending": not user.approved,
        "disabled": user.disabled,
        "silenced": account.silenced_ms,
        "suspended": account.suspended_ms,
        "sensitized": account.sensitized_ms,
    }
    return AccountView(
        person=call.views.person(account),
        role=call.site.roles.rank(user.role).name,
        email=user.email,
        confirmed=bool(user.confirmed_ms),
        states=[name for name, on in states.items() if on],
        created_ms=account.created_ms,
        ip=user.sign_up_ip,
        reason=user.sign_up_reason,
        gone=bool(user.gone_ms),
    )


def _views(tx: Tx, call: Call, found: list[Person]) -> list[AccountView]:
    call.views.look(tx, (account.display_name for account, _ in found))
    return [_view(call, one) for one in found]


async def index(call: Call) -> Page:
    asked, query = span(call.query, limit=LISTED), call.query
    status = query.text("status") if query.text("status") in dict(CHOICES) else ""
    ranks = call.site.roles.ranks
    role = query.text("role") if query.text("role") in ranks else ""
    typed = {name: query.text(name).strip()[:200] for name in TYPED}
    ip = addresses.known(typed["ip"])
    nobody = bool(typed["ip"]) and not ip
    wanted = Wanted([status] if status else [], [role] if role else None, **(typed | {"ip": ip}))

    def operation(tx: Tx) -> tuple[list[AccountView], int]:
        found = [] if nobody else moderation.find(tx, wanted, asked, call.site.org_id)
        return _views(tx, call, found), next_before([account.id for account, _ in found], asked)

    shown, before = await call.read(operation)
    chosen = {name: value for name, value in {"status": status, "role": role, **typed}.items() if value}
    values = {
        "places": places(call),
        "accounts": shown,
        "before": before,
        "asked": f"{urlencode(chosen)}&" if chosen else "",
        "chosen": chosen,
        "choices": CHOICES,
        "roles": [("", "Any"), *((name, rank.name) for name, rank in ranks.items() if name)],
    }
    return Page("staff/accounts.html", values)


async def sign_ups(call: Call) -> Page:
    asked = span(call.query, limit=LISTED)

    def operation(tx: Tx) -> tuple[list[AccountView], int]:
        found = moderation.find(tx, Wanted(["pending"]), asked, call.site.org_id)
        return _views(tx, call, found), next_before([account.id for account, _ in found], asked)

    shown, before = await call.read(operation)
    notice = "Done." if call.query.flag("done") else ""
    return Page("staff/sign_ups.html", {"places": places(call), "accounts": shown, "before": before, "notice": notice})


class Whole(msgspec.Struct, frozen=True):
    one: AccountView
    strikes: list[StrikeView]
    reports: list[Report]  # that are open
    log: list[EntryView]


def _whole(tx: Tx, call: Call, id: int) -> Whole:
    found = moderation.get(tx, id, call.site.org_id)
    return Whole(
        _views(tx, call, [found])[0],
        [view(one, tx.now_ms) for one in strikes.against(tx, id, Span(ID_MAX, limit=HISTORY))],
        reports.page(tx, call.site.org_id, Span(ID_MAX, limit=HISTORY), target_id=id),
        entries(tx, call, audit.about(tx, call.site.org_id, id, HISTORY)),
    )


async def show(call: Call, id: str) -> Page:
    found = await call.read(_whole, call, path_id(id))
    values = {
        **{name: getattr(found, name) for name in Whole.__struct_fields__},
        "places": places(call),
        "may_act": await call.read(_may_act, call, path_id(id)),
        "may_delete": call.may(Permission.DELETE_USER_DATA),
        "notice": "Done." if call.query.flag("done") else "",
    }
    return Page("staff/account.html", values)


def _may_act(tx: Tx, call: Call, id: int) -> bool:
    _, user = moderation.get(tx, id, call.site.org_id)
    return moderation.stands_above(call.site.roles, call.viewer.role, call.account_id, user)


# what is done


def _to_act_on(tx: Tx, call: Call, id: int) -> AccountView:
    """Raises NotFound, NotAllowed."""
    if not _may_act(tx, call, id):
        raise NotAllowed("this is you, or somebody whose role is not below yours")
    return _views(tx, call, [moderation.get(tx, id, call.site.org_id)])[0]


async def act_form(call: Call, id: str) -> Page:
    """`?report=` is the id of the report that it follows from."""
    return await _act_page(call, path_id(id), call.query)


async def act_again(call: Call, problem: Problem, id: str) -> Page:
    return await _act_page(call, path_id(id), call.form, problem)


async def _act_page(call: Call, id: int, given: Fields, problem: Problem | None = None) -> Page:
    chosen = given.text("type")
    values: dict[str, Any] = {
        "one": await call.read(_to_act_on, call, id),
        "report": given.id("report"),
        "chosen": chosen if chosen in moderation.ACTIONS else "none",
        "words": given.text("text"),
        "mail": given.flag("mail") if problem else True,
        "actions": choices(moderation.ACTIONS),
        "problem": problem.message if problem else "",
    }
    return Page("staff/act.html", values, status=problem.status if problem else 200)


async def act(call: Call, id: str) -> Go:
    form = call.form
    decision = Decision(form.text("type"), form.text("text"), form.id("report"), mail=form.flag("mail"))
    await call.write(moderation.act, call.account_id, path_id(id), decision, org_id=call.site.org_id)
    call.services.auth.forget()
    back = f"/admin/reports/{decision.report_id}" if decision.report_id else f"{PATH}/{path_id(id)}"
    return Go(f"{back}?done=1")


def undo(verb: str, *, back: str = "") -> Callable[..., Awaitable[Go]]:
    """A handler for one of moderation.UNDOING. back: where it leads then, if not to the account."""

    async def handler(call: Call, id: str) -> Go:
        words = call.form.text("text")
        await call.write(moderation.undo, call.account_id, path_id(id), verb, words, org_id=call.site.org_id)
        call.services.auth.forget()
        return Go(f"{back or f'{PATH}/{path_id(id)}'}?done=1")

    handler.__name__ = verb
    return handler


class Sure(msgspec.Struct, frozen=True):
    """A page that asks before something that cannot be undone, and then does it."""

    verb: str  # of moderation.UNDOING
    do: Callable[..., Awaitable[Go]]
    title: str
    says: str
    button: str

    async def form(self, call: Call, id: str) -> Page:
        return await self._page(call, path_id(id))

    async def again(self, call: Call, problem: Problem, id: str) -> Page:
        return await self._page(call, path_id(id), problem)

    async def _page(self, call: Call, id: int, problem: Problem | None = None) -> Page:
        one = await call.read(_to_act_on, call, id)
        values = {"one": one, "sure": self, "words": call.form.text("text")}
        values["problem"] = problem.message if problem else ""
        return Page("staff/sure.html", values, status=problem.status if problem else 200)


REJECT = Sure(
    "reject",
    undo("reject", back=SIGN_UPS),
    "Turn this sign-up away?",
    "Nothing is left of it: the name and the address are free again. Nobody is told.",
    "Turn it away",
)
DELETE = Sure(
    "delete",
    undo("delete"),
    "Delete what this account has?",
    "All that it said and had is deleted now, without waiting for the end of the thirty days. "
    "Nobody can bring it back. The name stays taken.",
    "Delete it for good",
)
