"""The page that an invitation leads to, and the sign-up there."""

from ....access import limits, sessions
from ....errors import Invalid
from ....orgs import invitations
from ....ports import Tx
from ....social.sign_up import Wanted
from ....types import Account, AccountKind, Invite, User
from ...call import Call, Go, Page
from ...problems import Problem
from . import mailed

PATH = "/invite"


def _look(tx: Tx, secret: str, org_id: int) -> tuple[Invite, Account | None] | None:
    found = invitations.find(tx, secret, org_id)
    return (found, invitations.inviter(tx, found)) if found else None


async def form(call: Call, secret: str) -> Page:
    return await _page(call, secret)


async def again(call: Call, problem: Problem) -> Page:
    return await _page(call, call.form.text("secret"), problem)


async def _page(call: Call, secret: str, problem: Problem | None = None) -> Page:
    """Only dead ones are counted, as links in mails."""
    await call.throttle(limits.FOLLOW_LINK)
    found = await call.read(_look, secret, call.site.org_id)
    if found is None:
        said = ["It was used, withdrawn, or its time is over. Ask whoever sent it for a new one."]
        values = {"title": "This invitation no longer works", "said": said, "next": ("/", "Back")}
        return Page("entry/said.html", values, status=404)
    await call.give_back(limits.FOLLOW_LINK)
    invite, by = found
    wrong = problem.fields if problem else {}
    values = {
        "secret": secret,
        "by": by.username if by else "",
        "guest": invite.kind == AccountKind.GUEST,
        "known_email": invite.email,
        "given": {name: call.form.text(name) for name in ("username", "email")},
        "problems": wrong,
        "problem": problem.message if problem and not wrong else "",
    }
    return Page("entry/invited.html", values, status=problem.status if problem else 200)


async def accept(call: Call) -> Page | Go:
    secret, user_agent = call.form.text("secret"), call.headers.get("user-agent", "")
    username, email, password = (call.form.text(name) for name in ("username", "email", "password"))
    wanted = Wanted(username.strip().removeprefix("@"), email, password)

    def enter(tx: Tx, user: User) -> tuple[User, str]:
        return user, sessions.start(tx, user.account_id, user_agent) if user.confirmed_ms else ""

    try:
        user, cookie = await invitations.accept(call, call.passwords, wanted, secret, enter)
    except Invalid as error:
        if error.field == "invite_code":
            return await _page(call, secret)
        raise
    if not cookie:
        return mailed.unconfirmed(call, user)
    call.remember_browser(user.account_id)
    return Go("/home", cookie=cookie)
