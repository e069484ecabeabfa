"""Mails that nobody has shown to be from whom they say: staff let them in or refuse them.

Who a mail is from and what it is about is shown, not what it says: it may answer what was said aside.
"""

from ..access.roles import Permission
from ..http import paging
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.paging import Page, PageQuery
from ..http.route import ADMIN, Route
from ..ids import ms_of
from ..social import mails_in
from ..times import iso
from ..types import MailIn


class HeldMail(Entity, kw_only=True):
    """account_id: in whose name it would be posted. sender: the address that it says it is from."""

    id: Id
    account_id: Id
    state: str  # held, let_in, refused
    sender: str
    subject: str
    reason: str
    created_at: str


def _shown(one: MailIn) -> HeldMail:
    return HeldMail(
        id=str(one.id),
        account_id=str(one.account_id),
        state=one.verdict,
        sender=one.sender,
        subject=one.subject,
        reason=one.why,
        created_at=iso(ms_of(one.id)),
    )


async def index(call: Call, query: PageQuery) -> Page[HeldMail]:
    """Those that wait, the newest first. They are kept for 30 days."""
    span = paging.span(query, default=40, most=200)
    found = await call.read(mails_in.held, call.site.org_id, span)
    return paging.page([_shown(one) for one in found], [one.id for one in found], span)


async def let_in(call: Call, id: int) -> HeldMail:
    """It is posted, in a moment, as if it had been shown to be from the account. It is in the log."""
    return await _decide(call, id, let_in=True)


async def refuse(call: Call, id: int) -> HeldMail:
    """It is deleted, and nobody is told. It is in the log."""
    return await _decide(call, id, let_in=False)


async def _decide(call: Call, id: int, *, let_in: bool) -> HeldMail:
    return _shown(await call.write(mails_in.decide, call.site.org_id, id, call.account_id, let_in=let_in))


PATH = "/api/chirrup/v1/mail/held"
READ, WRITE = "admin:read", "admin:write"
ROUTES = [
    Route("GET", PATH, index, READ, ADMIN, Permission.MANAGE_REPORTS),
    Route("POST", f"{PATH}/{{id}}/let_in", let_in, WRITE, ADMIN, Permission.MANAGE_REPORTS),
    Route("POST", f"{PATH}/{{id}}/refuse", refuse, WRITE, ADMIN, Permission.MANAGE_REPORTS),
]
