"""The page that a fresh server's link leads to: its first owner, its title, what kind of place it is."""

from ....access import sessions
from ....errors import InvalidFields
from ....orgs import first_run
from ....orgs.first_run import FirstOwner
from ....ports import Tx
from ....types import User
from ...call import Call, Go, Page
from ...problems import Problem

PATH = "/first/{secret}"
KINDS = [
    ("town", "A town", "Everybody may read, and whoever wants to signs up."),
    ("company", "A company", "Nothing is shown without a login, and people come by invitation."),
    ("me", "Just me", "Everybody may read; nobody else signs up."),
]


async def form(call: Call, secret: str) -> Page:
    await call.read(first_run.check, secret, call.site.org_id)
    return _page(call, secret)


async def again(call: Call, problem: Problem, secret: str) -> Page:
    await call.read(first_run.check, secret, call.site.org_id)
    return _page(call, secret, problem)


async def begin(call: Call, secret: str) -> Go:
    user_agent = call.headers.get("user-agent", "")
    kind, title, username, email, password = (
        call.form.text(name) for name in ("kind", "site_title", "username", "email", "password")
    )

    def enter(tx: Tx, user: User) -> tuple[int, str]:
        return user.account_id, sessions.start(tx, user.account_id, user_agent)

    wanted = FirstOwner(kind, title, username.strip().removeprefix("@"), email, "")
    try:
        account_id, cookie = await first_run.begin(call, call.passwords, secret, wanted, password, enter)
    except InvalidFields as error:
        raise InvalidFields(
            [one.of("site_title") if one.field == "title" else one for one in error.problems]
        ) from error
    call.remember_browser(account_id)
    await call.services.sites.renewed(call.site)
    return Go("/org", cookie=cookie)


def _page(call: Call, secret: str, problem: Problem | None = None) -> Page:
    wrong = dict(problem.fields) if problem else {}
    values = {
        "action": first_run.path(secret),
        "kinds": KINDS,
        "kind": call.form.text("kind") or ("company" if call.site.closed else "town"),
        "given": {name: call.form.text(name) for name in ("site_title", "username", "email")},
        "problems": wrong,
        "problem": problem.message if problem and (not wrong or "kind" in wrong) else "",
    }
    return Page("org/first.html", values, status=problem.status if problem else 200)
