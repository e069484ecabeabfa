"""Approvals: a question that certain people decide. The answer is a post with a poll, on which any client votes."""

import msgspec

from ..actions import approvals, decisions, who
from ..actions.approvals import Shown
from ..errors import Invalid
from ..http.call import Call
from ..http.entity import Entity, Id
from ..http.forms import Id as IdIn
from ..http.paging import Page, PageQuery, filled
from ..http.paging import span as span_of
from ..http.route import Route
from ..ports import Tx
from ..times import iso, iso_or_none
from ..types import Decision, Draft

MOST = 80


class SignedDecision(Entity, kw_only=True):
    """signature: base64, Ed25519, of the JSON of post, digest, number, by, name, choice, at, before, in this order and
    without spaces (docs/processes.md). at: ms since 1970."""

    number: int
    by: Id
    name: str
    choice: str
    at: int
    before: str
    signature: str


class OwnApproval(Entity, kw_only=True):
    """id: of the post. state: open, approved, rejected, expired, withdrawn. approve, reject: votes so far.

    digest: SHA-256 of what is decided on. public_key: base64 of the organisation's Ed25519 key.
    """

    id: Id
    poll_id: Id
    state: str
    quorum: int
    voters: list[Id]
    approve: int
    reject: int
    expires_at: str
    decided_at: str | None
    digest: str
    public_key: str
    decisions: list[SignedDecision]


def _entity(call: Call, found: Shown) -> OwnApproval:
    one = found.approval
    return OwnApproval(
        id=str(one.post_id),
        poll_id=str(one.poll_id),
        state=one.state,
        quorum=one.quorum,
        voters=[str(id) for id in sorted(found.voters)],
        approve=found.approve,
        reject=found.reject,
        expires_at=iso(one.until_ms),
        decided_at=iso_or_none(one.decided_ms),
        digest=one.digest,
        public_key=decisions.public_key(call.services.signer, one.org_id),
        decisions=[_decision(each) for each in found.decisions],
    )


def _decision(one: Decision) -> SignedDecision:
    return SignedDecision(
        number=one.number,
        by=str(one.account_id),
        name=one.name,
        choice=one.choice,
        at=one.at_ms,
        before=one.before,
        signature=one.signature,
    )


def as_decisions(one: OwnApproval) -> list[Decision]:
    """As they are stored, to be verified."""
    return [
        Decision(
            post_id=int(one.id),
            number=each.number,
            account_id=int(each.by),
            name=each.name,
            choice=each.choice,
            at_ms=each.at,
            before=each.before,
            signature=each.signature,
        )
        for each in one.decisions
    ]


class NewApproval(msgspec.Struct, kw_only=True):
    """who: @names. expires_in: seconds."""

    status: str = ""
    spoiler_text: str = ""
    visibility: str = ""
    language: str = ""
    in_reply_to_id: IdIn | None = None
    who: list[str] = []
    quorum: int = 1
    expires_in: int = 24 * 3600
    choices: list[str] = msgspec.field(default_factory=lambda: list(approvals.TITLES))


async def create(call: Call, body: NewApproval) -> OwnApproval:
    if len(body.choices) != 2:
        raise Invalid("choices", "count", "must be two: what approves, and what rejects")
    draft = Draft(
        text=body.status,
        summary=body.spoiler_text,
        visibility=body.visibility,
        language=body.language,
        reply_to_id=body.in_reply_to_id or 0,
        app_id=call.viewer.app_id,
        idempotency_key=call.headers.get("idempotency-key", "")[:255],
    )

    def operation(tx: Tx) -> int:
        asked = tuple(who.named(tx, call.site.org_id, call.account_id, body.who))
        titles = (body.choices[0], body.choices[1])
        question = approvals.Question(draft, asked, body.quorum, body.expires_in, titles)
        made = approvals.ask(tx, call.account_id, question, domain=call.site.domain, chars_max=call.site.post_chars_max)
        return made.post_id

    return await show(call, await call.write(operation))


async def show(call: Call, id: int) -> OwnApproval:
    """For whoever may see the post."""
    return _entity(call, await call.read(approvals.get, call.account_id, id))


async def show_many(call: Call, query: PageQuery) -> Page[OwnApproval]:
    """Those that the caller may see, newest first."""
    span = span_of(query, default=40, most=MOST)

    def operation(tx: Tx) -> Page[OwnApproval]:
        found = approvals.page(tx, call.account_id, call.site.org_id, span)
        return filled([_entity(call, one) for one in approvals.shown(tx, found.items)], found, span)

    return await call.read(operation)


PATH = "/api/chirrup/v1/approvals"
ROUTES = [
    Route("GET", PATH, show_many, "read:statuses"),
    Route("POST", PATH, create, "write:statuses"),
    Route("GET", f"{PATH}/{{id}}", show, "read:statuses"),
]
